"""Disks that are full, read-only or damaged: a clear error, and what was acknowledged stays."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.errors import StoreUnavailable
from steelyard.records import Metric, Store
from steelyard.store import open_store

NOBODY = 65534


def in_a_child(work: Callable[[], None], *, as_nobody: bool = False) -> None:
    """Run ``work`` in a fork of its own, so that its limits and its user end with it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if as_nobody and os.geteuid() == 0:
                os.setgroups([])
                os.setegid(NOBODY)
                os.seteuid(NOBODY)  # root would be let through every permission
            work()
            code = 0
        except BaseException:
            os.write(write, traceback.format_exc().encode()[-4000:])
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        told = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that any user can reach."""
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    made = tmp_path / "store"
    made.mkdir()
    return made


def give_to_nobody(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def test_a_folder_that_is_read_only_is_told_by_name(folder: Path) -> None:
    give_to_nobody(folder)
    folder.chmod(0o555)

    def work() -> None:
        for place in (folder, folder / "deeper"):
            with pytest.raises(StoreUnavailable, match=str(folder)):
                open_store(place)

    in_a_child(work, as_nobody=True)
    assert list(folder.iterdir()) == []


def test_a_store_that_became_read_only_is_read_on_but_not_written(folder: Path) -> None:
    store = open_store(folder)
    run_id = store.runs.create("0", run_name="before").info.run_id
    store.artifacts.put(run_id, "a", b"kept")
    store.close()
    give_to_nobody(folder)
    (folder / "steelyard.db").chmod(0o444)
    (folder / "artifacts" / "incoming").chmod(0o555)

    def work() -> None:
        opened = open_store(folder)
        assert opened.runs.get(run_id).info.run_name == "before"
        assert opened.artifacts.read(run_id, "a") == b"kept"
        with pytest.raises(StoreUnavailable, match=r"steelyard\.db .*read-only"):
            opened.runs.log_batch(run_id, metrics=[Metric("m", 1.0)])
        with pytest.raises(StoreUnavailable, match=r"incoming.* cannot be written"):
            opened.artifacts.put(run_id, "b", b"new")

    in_a_child(work, as_nobody=True)


def _fill(store: Store, run_id: str, journal: Path) -> None:
    """Write until it fails; one letter in the journal for each batch that was acknowledged."""
    with journal.open("w") as acknowledged:
        for step in range(10_000):
            tags = {f"t{step}": "x" * 2000}
            store.runs.log_batch(run_id, metrics=[Metric("m", 1.0, 0, step)], tags=tags)
            acknowledged.write("a")
            acknowledged.flush()


def test_a_full_disk_is_told_and_everything_acknowledged_is_there(folder: Path) -> None:
    """The limit on file sizes (RLIMIT_FSIZE) makes real writes fail half-way, as a full disk does, for any user."""
    store = open_store(folder)
    run_id = store.runs.create("0").info.run_id
    store.close()
    journal = folder / "acknowledged"

    def work() -> None:
        opened = open_store(folder)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
        with pytest.raises(StoreUnavailable, match=str(folder)):
            _fill(opened, run_id, journal)
        with pytest.raises(StoreUnavailable, match="full"):
            opened.artifacts.put(run_id, "big", b"x" * 5_000_000)

    in_a_child(work)
    opened = open_store(folder)
    data = opened.runs.get(run_id).data
    assert 50 < len(journal.read_text()) <= len(data.tags) < 10_000
    assert len(opened.runs.metric_history(run_id, "m")) == len(data.tags)
    assert list(opened.artifacts.walk(run_id)) == []
    assert [f for f in (folder / "artifacts").rglob("*") if f.is_file()] == []
    opened.runs.log_batch(run_id, tags={"after": "1"})
    opened.close()
    connection = sqlite3.connect(folder / "steelyard.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "open"])
def test_an_artifact_whose_write_fails_leaves_neither_row_nor_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """The kernel's answers that no limit can bring about are put in by hand."""
    store = open_store(folder)
    run_id = store.runs.create("0").info.run_id

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call if call == "fsync" else "fdopen", fail)
        with pytest.raises(StoreUnavailable, match=str(folder)):
            store.artifacts.put(run_id, "a", b"content")
    assert list(store.artifacts.walk(run_id)) == []
    assert [f for f in (folder / "artifacts").rglob("*") if f.is_file()] == []
    store.artifacts.put(run_id, "a", b"content")
    store.close()


def test_a_file_that_is_no_database_is_told_and_not_overwritten(folder: Path) -> None:
    file = folder / "notes.db"
    file.write_bytes(b"dear diary " * 1000)
    with pytest.raises(StoreUnavailable, match=r"notes\.db is not a SQLite database"):
        open_store(file)
    assert file.read_bytes() == b"dear diary " * 1000


def test_a_damaged_database_is_told(folder: Path) -> None:
    store = open_store(folder)
    run_id = store.runs.create("0").info.run_id
    for step in range(300):
        store.runs.log_batch(run_id, tags={f"t{step}": "x" * 500}, durable=False)
    store.close()
    file = folder / "steelyard.db"
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    file.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"steelyard\.db is damaged.*backup"):
        open_store(folder).runs.get(run_id)


def test_a_lock_that_never_goes_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.store.sql import dialect

    monkeypatch.setattr(dialect, "_BUSY_SECONDS", 0)
    store = open_store(folder)
    run_id = store.runs.create("0").info.run_id
    holder = sqlite3.connect(folder / "steelyard.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    for write in (lambda: store.runs.log_batch(run_id, tags={"k": "v"}), lambda: store.runs.create("0")):
        with pytest.raises(StoreUnavailable, match=r"steelyard\.db is locked"):
            write()
    assert store.runs.get(run_id).data.tags == {}
    holder.execute("ROLLBACK")
    holder.close()
    store.runs.log_batch(run_id, tags={"k": "v"})
    store.close()
