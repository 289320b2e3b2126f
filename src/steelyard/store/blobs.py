"""Contents on disk, named by their SHA-256: written beside, synced, then renamed into place, so never half there."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from steelyard.errors import InvalidArgument, StoreUnavailable

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Draft:
    """Content that is on disk under a temporary name."""

    file: Path
    sha256: str
    size: int


class Blobs:
    """A folder of contents.

    Args:
        root: made on first use, for this user alone (0700).
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def draft(self, content: bytes | BinaryIO | Path) -> Iterator[Draft]:
        """Write content under a temporary name that is gone when this block ends."""
        with self._explained():
            folder = self._folder("incoming")
            handle, name = tempfile.mkstemp(dir=folder)
            file = Path(name)
            try:
                with os.fdopen(handle, "wb") as target:
                    sha256, size = _copy(content, target)
                    target.flush()
                    os.fsync(target.fileno())
                yield Draft(file, sha256, size)
            finally:
                file.unlink(missing_ok=True)

    def keep(self, draft: Draft) -> None:
        """Put a draft into its place; nothing happens if the same content is there."""
        with self._explained():
            place = self.path(draft.sha256)
            if self._whole(place, draft.size):
                return
            self._folder(*place.relative_to(self._root).parts[:-1])
            draft.file.chmod(0o400)
            draft.file.replace(place)
            _sync_folder(place.parent)

    def path(self, sha256: str) -> Path:
        """Return where content with this digest lies or would lie."""
        return self._root / "blobs" / sha256[:2] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Open content for reading; a link in its place is refused."""
        with self._explained():
            return os.fdopen(os.open(self.path(sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def read(self, sha256: str) -> bytes:
        """Return content, checked against its digest."""
        with self.open(sha256) as file, self._explained():
            content = file.read()
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
        msg = f"The artifact content {self.path(sha256)} is damaged: its digest has changed. Restore it from a backup."
        raise StoreUnavailable(msg)

    def drop(self, sha256: str) -> None:
        """Remove content, if it is there."""
        with self._explained():
            self.path(sha256).unlink(missing_ok=True)

    def _whole(self, place: Path, size: int) -> bool:
        try:
            found = place.lstat()
        except FileNotFoundError:
            return False
        return found.st_size == size and not place.is_symlink()

    def _folder(self, *names: str) -> Path:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = self._root
        for name in names:
            folder /= name
            folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, StoreUnavailable | InvalidArgument):
                raise
            raise _explain(error, self._root) from error


def _copy(content: bytes | BinaryIO | Path, target: BinaryIO) -> tuple[str, int]:
    if isinstance(content, Path):
        with open_source(content) as source:
            return _copy_stream(source, target)
    if isinstance(content, (bytes, bytearray, memoryview)):
        target.write(content)
        return hashlib.sha256(content).hexdigest(), len(content)
    return _copy_stream(content, target)


def _copy_stream(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        if not isinstance(chunk, bytes):
            msg = "The artifact's content is a text stream. Open it in binary mode ('rb'), or give bytes."
            raise InvalidArgument(msg)
        digest.update(chunk)
        size += len(chunk)
        target.write(chunk)
    return digest.hexdigest(), size


def open_source(path: Path) -> BinaryIO:
    """Open a file whose content is to be kept, or say why it cannot be."""
    if path.is_dir():
        msg = f"{path} is a folder. Log its files one by one (log_artifacts does)."
        raise InvalidArgument(msg)
    try:
        return path.open("rb")
    except OSError as error:
        msg = f"The file {path} cannot be read ({error.strerror}). Check its name and its permissions."
        raise InvalidArgument(msg) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explain(error: OSError, root: Path) -> StoreUnavailable:
    where = error.filename or root
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        free = shutil.disk_usage(root).free if root.exists() else 0
        return StoreUnavailable(
            f"The disk of {root} is full ({free:,} bytes free). Free some space; nothing was kept by halves."
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreUnavailable(
            f"{where} cannot be written or read by this user ({error.strerror}). Change its permissions."
        )
    if error.errno == errno.ENOENT:
        return StoreUnavailable(f"{where} is missing. Was the artifact folder {root} moved or cleaned? Bring it back.")
    if error.errno == errno.ELOOP:
        return StoreUnavailable(f"{where} is a symbolic link, which is never followed. Someone has changed {root}.")
    return StoreUnavailable(f"{where} cannot be used: {error.strerror or error}. Check the disk of {root}.")
