"""What an acknowledgement means: a durable write has reached the disk, and all soft writes before it too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from back_ends import AT_HAND

from steelyard.records import Metric, Store
from steelyard.store import open_store

POINT = [Metric("m", 1.0, 1, 1)]


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A SQLite store, and the files that Python has synced for it."""
    synced: list[str] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    store = open_store(tmp_path / "store")
    yield store, synced
    store.close()


def test_a_durable_write_that_changes_nothing_still_brings_soft_writes_to_disk(traced) -> None:
    store, synced = traced
    run_id = store.runs.create("0").info.run_id
    store.runs.log_batch(run_id, metrics=POINT, durable=False)
    assert synced == []
    store.runs.log_batch(run_id, metrics=POINT, durable=True)  # the same point: SQLite has nothing to commit
    assert synced == ["steelyard.db-wal"]


def test_so_does_any_other_durable_call_that_changes_nothing(traced) -> None:
    store, synced = traced
    run_id = store.runs.create("0").info.run_id
    store.runs.log_batch(run_id, metrics=POINT, durable=False)
    store.runs.update(run_id)
    assert synced == ["steelyard.db-wal"]


def test_a_soft_write_of_another_process_is_confirmed_too(traced) -> None:
    store, synced = traced
    run_id = store.runs.create("0").info.run_id
    other = open_store(store.url)
    other.runs.log_batch(run_id, metrics=POINT, durable=False)
    store.runs.log_batch(run_id, metrics=POINT)
    assert synced == ["steelyard.db-wal"]
    other.close()


def test_the_writer_waits_for_the_disk_unless_told_otherwise(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    run_id = store.runs.create("0").info.run_id

    def synchronous() -> int:
        return store._database._writer.exec_driver_sql("PRAGMA synchronous").scalar()

    assert synchronous() == 2, "FULL"
    store._database._writer.rollback()
    store.runs.log_batch(run_id, metrics=POINT, durable=False)
    assert synchronous() == 1, "NORMAL"
    store._database._writer.rollback()
    store.runs.log_batch(run_id, tags={"k": "v"})
    assert synchronous() == 2, "FULL again"
    store._database._writer.rollback()
    store.close()


@pytest.mark.postgres
def test_postgres_flushes_its_log_for_a_durable_write_after_a_soft_one(postgres_database: str, tmp_path: Path) -> None:
    store = open_store(f"{postgres_database}&artifacts={tmp_path}")
    run_id = store.runs.create("0").info.run_id
    store.runs.log_batch(run_id, params={"C": "1"}, durable=False)
    written = _ask(store, "SELECT pg_current_wal_insert_lsn()")
    assert not _ask(store, f"SELECT pg_current_wal_flush_lsn() >= '{written}'::pg_lsn"), "a soft write does not wait"
    store.runs.log_batch(run_id, params={"C": "1"})  # the same param: PostgreSQL has nothing to commit
    assert _ask(store, f"SELECT pg_current_wal_flush_lsn() >= '{written}'::pg_lsn"), "the log is on disk up to there"
    store.close()


def _ask(store: Store, question: str):
    with store._database.read() as connection:
        return connection.exec_driver_sql(question).scalar()


@AT_HAND
def test_a_blob_is_on_disk_before_its_row(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, seen = store.artifacts._blobs, []
    keep = type(blobs).keep

    def watched(self, draft) -> None:
        keep(self, draft)
        seen.append((self.path(draft.sha256).read_bytes(), [i.path for i in store.artifacts.walk(run_id)]))

    monkeypatch.setattr(type(blobs), "keep", watched)
    store.artifacts.put(run_id, "a", b"first the blob")
    assert seen == [(b"first the blob", [])]
