"""Where a run comes from: the user, the script and the commit, as tags that MLflow's users know."""

from __future__ import annotations

import getpass
import re
import sys
from pathlib import Path

USER = "mlflow.user"
SOURCE_NAME = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
GIT_COMMIT = "mlflow.source.git.commit"
RUN_NAME = "mlflow.runName"
PARENT_RUN = "mlflow.parentRunId"
NOTE = "mlflow.note.content"

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def user_name() -> str:
    """Return the name of the user this process runs as, or ``unknown`` where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def origin_tags() -> dict[str, str]:
    """Return the tags that tell who ran what. Arguments of the script are left out: they may hold secrets."""
    source = script_name()
    tags = {USER: user_name(), SOURCE_NAME: source, SOURCE_TYPE: "LOCAL"}
    commit = git_commit(Path(source).parent if source else Path())
    if commit:
        tags[GIT_COMMIT] = commit
    return tags


def script_name() -> str:
    """Return the script that is running, without any user name or password in it."""
    script = sys.argv[0] if sys.argv and sys.argv[0] not in ("", "-c", "-m") else sys.executable
    return _CREDENTIALS.sub("***@", script or "")[:1000]


def git_commit(folder: Path) -> str | None:
    """Return the commit that is checked out around a folder, read from git's own files; None without one."""
    try:
        git = _git_folder(folder.resolve())
        return _head(git) if git else None
    except OSError:  # no right to read it: the tag is a courtesy, not a duty
        return None


def _git_folder(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_dir():
            return git
        if git.is_file():  # a worktree or a submodule points to its folder
            pointer = git.read_text(encoding="utf-8", errors="replace").strip()
            target = place / pointer.removeprefix("gitdir:").strip()
            return target if target.is_dir() else None
    return None


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
    if not head.startswith("ref:"):
        return head if _COMMIT.fullmatch(head) else None
    ref = head.removeprefix("ref:").strip()
    shared = git
    if (git / "commondir").is_file():
        shared = git / (git / "commondir").read_text(encoding="utf-8").strip()
    for place in (git, shared):
        loose = place / ref
        if loose.is_file():
            commit = loose.read_text(encoding="utf-8", errors="replace").strip()
            return commit if _COMMIT.fullmatch(commit) else None
    packed = shared / "packed-refs"
    if not packed.is_file():
        return None
    for line in packed.read_text(encoding="utf-8", errors="replace").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref and _COMMIT.fullmatch(commit):
            return commit
    return None
