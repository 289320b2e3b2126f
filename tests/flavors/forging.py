"""Model files as an attacker would make them, from real ones."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from steelyard.flavors.manifest import FILES, MANIFEST, describe, write_manifest


def rewrite(content: bytes, change: Callable[[dict[str, Any]], object], extra: dict[str, bytes] | None = None) -> bytes:
    """Return a skops file with its schema changed in place, and with further or other members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != "schema.json" and name not in (extra or {}):
                new.writestr(name, old.read(name))
        schema = json.loads(old.read("schema.json"))
        change(schema)
        new.writestr("schema.json", json.dumps(schema))
        for name, member in (extra or {}).items():
            new.writestr(name, member)
    return out.getvalue()


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Return every node of a schema."""
    found, waiting = [], [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                found.append(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def folder_with(folder: Path, content: bytes, how: Any = "skops") -> Path:
    """Write a model's folder whose description agrees with the bytes, as an attacker can."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = describe(content, model=object(), how=how, signature=None, has_input_example=False, metadata=None)
    (folder / FILES[how]).write_bytes(content)
    (folder / MANIFEST).write_bytes(write_manifest(manifest))
    return folder
