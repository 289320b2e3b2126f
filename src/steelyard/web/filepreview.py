"""Previews of files that anyone may have logged: nothing of them is ever interpreted as a page."""

from __future__ import annotations

import csv
import io
import json

from steelyard.records import ArtifactInfo, Store
from steelyard.web.contexts.artifacts import Preview

_MOST_BYTES = 4_000_000
_MOST_TEXT = 200_000
_MOST_ROWS = 200
_MOST_CELLS = 60
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def preview_file(store: Store, run_id: str, found: ArtifactInfo) -> Preview:
    """Return what can be shown of a file."""
    name = found.path.lower()
    if name.endswith(".vl.json"):
        return Preview(kind="chart")
    if name.endswith(_IMAGES):
        return Preview(kind="image")
    if (found.file_size or 0) > _MOST_BYTES:
        return Preview(kind="none", why_none="It is too large to preview. Download it instead.")
    text = _text(store.artifacts.read(run_id, found.path))
    if text is None:
        return Preview(kind="none", why_none="It is not text. Download it instead.")
    if name.endswith((".csv", ".tsv")):
        return _table(text, "\t" if name.endswith(".tsv") else ",")
    if name.endswith(".json"):
        text = _indented(text)
    return Preview(kind="text", text=text[:_MOST_TEXT], cut=len(text) > _MOST_TEXT)


def _text(content: bytes) -> str | None:
    if b"\0" in content[:8192]:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):  # shown as it is
        return text


def _table(text: str, delimiter: str) -> Preview:
    try:
        lines = [
            line[:_MOST_CELLS]
            for line, _ in zip(csv.reader(io.StringIO(text), delimiter=delimiter), range(_MOST_ROWS + 2), strict=False)
        ]
    except csv.Error:
        return Preview(kind="text", text=text[:_MOST_TEXT], cut=len(text) > _MOST_TEXT)
    if not lines:
        return Preview(kind="none", why_none="The file is empty.")
    return Preview(
        kind="table",
        header=tuple(lines[0]),
        rows=tuple(tuple(line) for line in lines[1 : _MOST_ROWS + 1]),
        cut=len(lines) > _MOST_ROWS + 1,
    )
