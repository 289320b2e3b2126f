"""Contents of artifacts that were loaded from servers: by digest, for this user alone, of bounded size."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
import weakref
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from steelyard.errors import StoreUnavailable
from steelyard.store.blobs import Blobs
from steelyard.store.remote.connections import Lost

_MOST_BYTES = 4 << 30
_SPARED_SECONDS = 3_600.0  # what was handed out lately may be about to be opened


class ContentCache:
    """A folder of contents: ``STEELYARD_CACHE``, else ``steelyard`` in the user's folder for caches.

    Args:
        most_bytes: what was not used for longest goes when there is more.
    """

    def __init__(self, *, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes

    def find(self, sha256: str, *, size: int = -1) -> Path | None:
        """Return where content with a digest (and a size) lies, if it is here."""
        place = self._blobs.path(sha256)
        try:
            found = place.lstat() if sha256 else None
        except FileNotFoundError:
            return None
        if found is None or not stat.S_ISREG(found.st_mode) or size not in (-1, found.st_size):
            return None
        return place

    def touch(self, sha256: str) -> Path:
        """Return where content lies that is here, and count it as used."""
        place = self._blobs.path(sha256)
        os.utime(place)
        return place

    def keep(self, content: BinaryIO, sha256: str) -> Path:
        """Keep content and return where it lies.

        Raises:
            Lost: it is not the content of this digest.
        """
        with self._blobs.draft(content) as draft:
            if draft.sha256 != sha256:
                raise Lost("it arrives damaged, or is damaged there")
            self._blobs.keep(draft)
        self._shrink()
        return self._blobs.path(sha256)

    @cached_property
    def _blobs(self) -> Blobs:
        root = _chosen_folder()
        if not _is_private(root):
            root = Path(tempfile.mkdtemp(prefix="steelyard-"))
            weakref.finalize(self, _remove, root, os.getpid())
        return Blobs(root)

    def _shrink(self) -> None:
        """Remove what was not used for longest until the rest has its place."""
        files = []
        for file in self._blobs.path("00").parent.parent.glob("*/*"):
            try:
                found = file.lstat()
            except FileNotFoundError:  # another process was faster
                continue
            files.append((found.st_mtime, found.st_size, file))
        size, spared = sum(file[1] for file in files), time.time() - _SPARED_SECONDS
        for used, bytes_, file in sorted(files):
            if size <= self._most or used > spared:
                return
            file.unlink(missing_ok=True)
            size -= bytes_


def _remove(root: Path, pid: int) -> None:
    if pid == os.getpid():  # a fork leaves it to its parent
        shutil.rmtree(root, ignore_errors=True)


def _chosen_folder() -> Path:
    told = os.environ.get("STEELYARD_CACHE")
    if told:
        return Path(told).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return Path(home).absolute() / "steelyard" if home else Path.home() / ".cache" / "steelyard"
    except RuntimeError as error:
        raise StoreUnavailable("This user has no home folder. Set STEELYARD_CACHE to a folder for caches.") from error


def _is_private(root: Path) -> bool:
    """Make the folder if need be; whether it belongs to this user, who alone can write to it."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = root.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode) or not os.access(root, os.W_OK):
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
