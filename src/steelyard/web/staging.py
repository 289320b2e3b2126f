"""Files that were uploaded to be looked at before they are imported: kept for an hour, under names nobody guesses."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from steelyard.errors import InvalidArgument, NotFound

MAX_UPLOAD = 100_000_000
_MOST = 20  # files at a time; the oldest gives way
_KEPT = 3600.0  # seconds
_TOKEN = re.compile(r"[0-9a-f]{32}")
_SUFFIXES = re.compile(r"\.(csv|tsv|jsonl|ndjson|json|parquet|pq|yaml|yml)$")  # nothing that inflates without a bound


@dataclass(frozen=True, slots=True)
class StagedFile:
    """An uploaded file: what it is called on the sender's machine, and where it waits here."""

    token: str
    name: str
    path: Path


class Staging:
    """The uploaded files of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None

    def keep(self, name: str, content: IO[bytes]) -> StagedFile:
        """Keep a file.

        Raises:
            InvalidArgument: its name has none of the endings that can be read, or it is too large.
        """
        found = _SUFFIXES.search(name.lower())
        if found is None:
            raise InvalidArgument(
                f"{name[:80]!r} cannot be read: files are CSV (.csv, .tsv), JSONL (.jsonl, .ndjson), JSON (.json), "
                "Parquet (.parquet) or YAML (.yaml), not compressed."
            )
        token = secrets.token_hex(16)
        shown = re.sub(r"[^\w .()-]", "_", Path(name.replace("\\", "/")).name)[-80:]
        with self._lock:
            folder = self._tidied()
            place = folder / token
            place.mkdir()
        path = place / f"upload{found[0]}"
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        (place / "name.txt").write_text(shown, encoding="utf-8")
        return StagedFile(token, shown, path)

    def get(self, token: str) -> StagedFile:
        """Return a file that waits.

        Raises:
            NotFound: it was imported, or has waited too long.
        """
        place = self._folder / token if self._folder and _TOKEN.fullmatch(token) else None
        path = next(place.glob("upload.*"), None) if place and place.is_dir() else None
        if place is None or path is None:
            raise NotFound("The file no longer waits here (they are kept for an hour). Choose it again.")
        return StagedFile(token, (place / "name.txt").read_text(encoding="utf-8"), path)

    def remove(self, token: str) -> None:
        """Let a file go."""
        if self._folder and _TOKEN.fullmatch(token):
            shutil.rmtree(self._folder / token, ignore_errors=True)

    def close(self) -> None:
        """Let all files go."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _tidied(self) -> Path:
        if self._folder is None or not self._folder.is_dir():
            self._folder = Path(tempfile.mkdtemp(prefix="steelyard-uploads-"))
        waiting = sorted(self._folder.iterdir(), key=lambda place: place.stat().st_mtime)
        too_many = waiting[: max(len(waiting) - _MOST + 1, 0)]
        old = [place for place in waiting if place.stat().st_mtime < time.time() - _KEPT]
        for place in {*too_many, *old}:
            shutil.rmtree(place, ignore_errors=True)
        return self._folder
