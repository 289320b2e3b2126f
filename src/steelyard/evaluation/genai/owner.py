"""Who fills a ledger, and whether they still live: an evaluation is taken over only from the dead."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

SILENT = 120.0  # seconds without a commit after which an owner on another machine counts as gone


def this_process() -> str:
    """Return a name for this process that no other process has had on any machine since its start."""
    pid = os.getpid()
    return f"{platform.node()}:{_boot()}:{pid}:{_begun(pid)}"


def is_gone(owner: str, *, heartbeat: int) -> bool:
    """Whether a ledger's owner has died.

    Args:
        owner: as :func:`this_process` named it.
        heartbeat: milliseconds since 1970 when it last wrote.
    """
    machine, _, rest = owner.partition(":")
    boot, _, process = rest.partition(":")
    if machine != platform.node():
        return time.time() - heartbeat / 1000 > SILENT
    if boot != _boot():
        return True  # this machine was started again since
    pid, _, begun = process.partition(":")
    if not pid.isdigit():
        return True
    if int(pid) == os.getpid():
        return False
    return _begun(int(pid)) != begun or not _exists(int(pid))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _boot() -> str:
    return _read(Path("/proc/sys/kernel/random/boot_id")).strip()[:8]


def _begun(pid: int) -> str:
    """Return when a process began, in ticks since the machine did; empty where the system does not say."""
    after_name = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return after_name[19] if len(after_name) > 19 else ""


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
