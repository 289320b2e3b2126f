"""Files in which traces wait for a store that is away.

One folder for each store, for its user alone. A file is there whole or not at all, carries a digest, and is delivered
under a lock, so that of two processes one delivers it. (Where a system has no such locks both may: a store that is
given a trace twice has it once.)
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import socket
import stat
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import InvalidArgument, SteelyardError, UnreadableFile

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"\d+-\d+-\d+-\d+-[A-Za-z0-9._]+\.(?:traces|losses)")  # when, process, file, traces, machine
_MAGIC = b"steelyard spool 1\n"
TRACES, LOSSES = ".traces", ".losses"
_DEFAULT_MB = 512.0
_COUNT_AGAIN = 10.0  # seconds after which the files of other processes are counted again
_MOST_DAMAGED = 20  # files that are kept for people to look at
_STALE = 3600.0  # seconds after which an unfinished file is nobody's

_numbers = itertools.count()
_locked: set[int] = set()  # descriptors of the files that this process is delivering


class SpoolFull(SteelyardError):
    """No more may wait on this disk."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that this process is delivering."""

    path: Path
    lines: tuple[str, ...]
    descriptor: int

    def done(self) -> None:
        """Remove the file: what it held is in the store."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave the file for another time."""
        _locked.discard(self.descriptor)
        if fcntl is not None:  # said aloud: a child made by a fork may hold the same descriptor
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        os.close(self.descriptor)


class Busy(Exception):
    """Another process is delivering this file."""


class Spool:
    """The files that wait for one store.

    Args:
        address: the store's, without its password.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        root = spool_folder()
        self.folder = None if root is None else root / hashlib.sha256(address.encode()).hexdigest()[:24]
        self._used, self._counted_at = 0, -_COUNT_AGAIN

    def save(self, lines: Sequence[str], suffix: str = TRACES) -> str:
        """Write a file, on disk when this returns, and return its name.

        Raises:
            SpoolFull: as much waits as may, or this user has no place for it.
            OSError: the disk refuses.
        """
        if self.folder is None:
            raise SpoolFull("there is no folder to keep them in; STEELYARD_SPOOL names one")
        body = zlib.compress("\n".join(lines).encode(), 1)
        data = _MAGIC + hashlib.sha256(body).digest() + body
        self._reserve(len(data))
        self._make_folder(self.folder)
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers)}-{len(lines)}-{host()}{suffix}"
        path, unfinished = self.folder / name, self.folder / f".{name}"
        try:
            _write(unfinished, data)
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)
        self._used += len(data)
        return name

    def waiting(self, suffix: str = TRACES) -> list[str]:
        """Return the names of the files that wait, the oldest first."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(
            path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name) and path.suffix == suffix
        )

    def has(self, name: str) -> bool:
        """Return whether a file still waits."""
        return self.folder is not None and (self.folder / name).exists()

    def claim(self, name: str) -> Claim | None:
        """Take a file to deliver it; None if it is gone.

        Raises:
            Busy: another process has taken it.
            UnreadableFile: it is damaged; it has been set aside.
        """
        assert self.folder is not None  # noqa: S101 - there would be no file
        path = self.folder / name
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return None
        _locked.add(descriptor)
        claim = Claim(path, (), descriptor)
        try:
            if not _lock(descriptor, path):
                claim.release()
                return None
            with os.fdopen(os.dup(descriptor), "rb") as file:
                lines = _read(file.read(), path)
        except UnreadableFile:
            self._set_aside(path)
            claim.release()
            raise
        except BaseException:
            claim.release()
            raise
        return Claim(path, lines, descriptor)

    def _reserve(self, size: int) -> None:
        limit = spool_limit()
        if time.monotonic() - self._counted_at >= _COUNT_AGAIN or self._used + size > limit:
            self._used, self._counted_at = self._count(), time.monotonic()
        if self._used + size > limit:
            raise SpoolFull(f"what may wait on disk, {limit / 2**20:g} MB (STEELYARD_SPOOL_MAX_MB), is used up")

    def _count(self) -> int:
        """Return how many bytes wait, for whatever store, and remove what a dead process left unfinished."""
        assert self.folder is not None  # noqa: S101 - asked before
        total = 0
        for path in self.folder.parent.glob("*/*"):
            try:
                found = path.stat()
                if path.name[0] == "." and time.time() - found.st_mtime > _STALE:
                    path.unlink()
                    continue
            except FileNotFoundError:  # delivered meanwhile
                continue
            total += found.st_size
        return total

    def _make_folder(self, folder: Path) -> None:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and (os.name == "nt" or not found.st_mode & 0o077)
        if not private or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
            raise SpoolFull(f"{folder} is not a folder of this user alone")
        note = folder / "store.txt"
        if not note.exists():
            note.write_text(f"{self.address}\n", encoding="utf-8", errors="replace")

    def _set_aside(self, path: Path) -> None:
        path.rename(path.with_suffix(".damaged"))
        for old in sorted(path.parent.glob("*.damaged"))[:-_MOST_DAMAGED]:
            old.unlink(missing_ok=True)


def spool_folder() -> Path | None:
    """Return ``STEELYARD_SPOOL``, else this user's folder for such things; None for a user without a home."""
    told = os.environ.get("STEELYARD_SPOOL")
    if told:
        return Path(told).absolute()
    state = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(state) if state else Path.home() / ".local" / "state") / "steelyard" / "spool"
    except RuntimeError:
        return None


def spool_limit() -> float:
    """Return how many bytes may wait for all stores together: ``STEELYARD_SPOOL_MAX_MB``, or 512 MB.

    Raises:
        InvalidArgument: the setting is not a number of megabytes.
    """
    told = os.environ.get("STEELYARD_SPOOL_MAX_MB") or _DEFAULT_MB
    try:
        limit = float(told) * 2**20
    except ValueError:
        limit = -1.0
    if not limit >= 0:
        raise InvalidArgument(f"STEELYARD_SPOOL_MAX_MB is a number of megabytes, not {told!r}.")
    return limit


def host() -> str:
    """Return this machine's name in letters that a file's name may have."""
    return re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:60] or "_"


def count_in(name: str) -> int:
    """Return how many lines a file was written with."""
    return int(name.split("-")[3])


def source_of(name: str) -> str:
    """Return whose a file was, as ``host:pid``."""
    _, pid, _, _, machine = name.split("-", 4)
    return f"{machine.rpartition('.')[0]}:{pid}"


def leave_to_parent() -> None:
    """Let go, in a child made by a fork, of the files that its parent is delivering."""
    while _locked:
        os.close(_locked.pop())


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> bool:
    """Return whether the file is still there, now that nobody else delivers it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy from None
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _read(data: bytes, path: Path) -> tuple[str, ...]:
    start = len(_MAGIC) + hashlib.sha256().digest_size
    body = data[start:]
    if data[:start] != _MAGIC + hashlib.sha256(body).digest():
        raise UnreadableFile(f"{path.name} is damaged: it is not what was written.")
    return tuple(zlib.decompress(body).decode().split("\n"))
