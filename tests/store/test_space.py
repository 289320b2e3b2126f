"""Space: what traces take is told honestly, and what deleted ones took goes back to the disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from traces_made import span, trace, trace_id

from steelyard.errors import NotFound
from steelyard.records import Store
from steelyard.store import open_store
from steelyard.store.sql import space


def fill(store: Store, n: int, *, first: int = 1, size: int = 3000) -> None:
    store.traces.put([trace(i, span(i, 1, inputs={"text": "x" * size})) for i in range(first, first + n)])


def test_the_size_is_that_of_the_content(store: Store) -> None:
    assert store.upkeep.size("0").bytes == 0
    fill(store, 20, size=3000)
    size = store.upkeep.size("0")
    assert (size.traces, size.spans) == (20, 20)
    assert 20 * 3000 < size.bytes < 20 * 3600
    with pytest.raises(NotFound):
        store.upkeep.size("42")


def test_characters_of_several_bytes_count_as_several(store: Store) -> None:
    store.traces.put([trace(1, span(1, 1, inputs="é" * 1000))])
    assert store.upkeep.size("0").bytes > 2000


def test_many_traces_are_told_from_a_sample(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 300, size=1000)
    exact = store.upkeep.size("0")
    monkeypatch.setattr(space, "_ALL_UP_TO", 100)
    monkeypatch.setattr(space, "_SAMPLE", 60)
    size = store.upkeep.size("0")
    assert size.traces == 300
    assert size.spans == 300
    assert abs(size.bytes - exact.bytes) < 0.02 * exact.bytes


def test_what_was_deleted_goes_back_to_the_disk_in_small_steps(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with open_store(f"sqlite:///{file}") as store:
        fill(store, 400, size=9000)
        while store.upkeep.backlog():
            store.upkeep.work(5)
        store.upkeep.compact()
        before = file.stat().st_size
        store.traces.delete([trace_id(i) for i in range(1, 391)])
        freed = 0
        while report := store.upkeep.work(5):
            freed += report.freed_bytes
            if not report.freed_bytes:
                break
        store.close()  # the last one to leave brings the log into the file
        assert freed > before // 2
        assert file.stat().st_size < before // 2


def test_compacting_gives_everything_back_and_keeps_what_is_there(store: Store) -> None:
    fill(store, 300, size=9000)
    while store.upkeep.backlog():
        store.upkeep.work(5)
    store.upkeep.compact()
    store.traces.delete([trace_id(i) for i in range(1, 291)])
    assert store.upkeep.compact() > 100 * 1000
    assert store.upkeep.size("0").traces == 10
    assert store.upkeep.compact() < 100_000


def test_an_old_file_gives_back_by_itself_once_it_was_compacted(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as old:
        old.execute("PRAGMA auto_vacuum=NONE")
        old.execute("CREATE TABLE something (x)")
    old.close()
    with open_store(f"sqlite:///{file}") as store:
        assert store.upkeep.work().freed_bytes == 0
        store.upkeep.compact()
    with sqlite3.connect(file) as compacted:
        assert compacted.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    compacted.close()


def test_the_log_stays_short_though_there_is_always_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "_SMALL_LOG", 1 << 20)
    monkeypatch.setattr(space, "_LARGE_LOG", 4 << 20)
    file, log = tmp_path / "store.db", tmp_path / "store.db-wal"
    with open_store(f"sqlite:///{file}") as store:
        readers = [sqlite3.connect(file, isolation_level=None) for _ in range(2)]
        largest = 0
        for turn in range(24):
            fill(store, 40, first=turn * 40 + 1, size=12000)
            # One begins before the other ends: there is no moment without a reader.
            readers[turn % 2].execute("BEGIN")
            readers[turn % 2].execute("SELECT count(*) FROM traces").fetchall()
            if readers[1 - turn % 2].in_transaction:
                readers[1 - turn % 2].execute("COMMIT")
            if turn % 2:
                readers[turn % 2].execute("COMMIT")
            store.upkeep.work(0.01)
            largest = max(largest, log.stat().st_size)
        for reader in readers:
            reader.close()
        assert largest < 10 << 20
