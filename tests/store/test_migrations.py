"""From no tables, or older ones, to this version's; a newer version's are left alone."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from steelyard.errors import StoreTooNew
from steelyard.store import open_store
from steelyard.store.sql import migrations, schema
from steelyard.store.sql.migrations import MIGRATIONS, Migration

NEXT = MIGRATIONS[-1].number + 1


def execute(url: str, statement: str) -> list:
    store = open_store(url)
    with store._database.write() as connection:
        result = connection.execute(text(statement))
        rows = list(result) if result.returns_rows else []
    store.close()
    return rows


def test_the_numbers_count_up_from_one() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_an_empty_database_gets_every_table_and_says_so(empty_url: str) -> None:
    store = open_store(empty_url)
    with store._database.read() as connection:
        assert set(inspect(connection).get_table_names()) >= set(schema.metadata.tables)
        assert connection.execute(text("SELECT number FROM steelyard_migrations")).scalars().all() == [
            migration.number for migration in MIGRATIONS
        ]
    store.close()


def test_opening_again_changes_nothing(empty_url: str) -> None:
    before = execute(empty_url, "SELECT * FROM steelyard_migrations")
    assert execute(empty_url, "SELECT * FROM steelyard_migrations") == before


def test_an_older_database_gets_what_it_lacks_once_and_keeps_its_rows(empty_url: str, monkeypatch) -> None:
    store = open_store(empty_url)
    run_id = store.runs.create("0").info.run_id
    store.close()
    applied: list[int] = []

    def add_a_column(connection: Connection) -> None:
        applied.append(NEXT)
        connection.execute(text("ALTER TABLE runs ADD COLUMN extra TEXT DEFAULT 'new'"))

    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, Migration(NEXT, "a column", add_a_column)))
    assert [tuple(row) for row in execute(empty_url, "SELECT run_id, extra FROM runs")] == [(run_id, "new")]
    assert execute(empty_url, "SELECT max(number) FROM steelyard_migrations")[0][0] == NEXT
    assert applied == [NEXT]


def test_a_migration_that_fails_has_not_happened(empty_url: str, monkeypatch) -> None:
    open_store(empty_url).close()

    def die(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN extra TEXT"))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, Migration(NEXT, "dies", die)))
        with pytest.raises(KeyboardInterrupt):
            open_store(empty_url)
    store = open_store(empty_url)
    with store._database.read() as connection:
        assert "extra" not in {column["name"] for column in inspect(connection).get_columns("runs")}
    store.close()


def test_a_newer_store_is_refused(empty_url: str) -> None:
    execute(empty_url, f"INSERT INTO steelyard_migrations VALUES ({NEXT}, 'from the future', 0)")
    with pytest.raises(StoreTooNew, match=rf"version {NEXT} .* Nothing was touched.* pip install --upgrade steelyard"):
        open_store(empty_url)


def test_a_newer_file_is_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    execute(url, f"INSERT INTO steelyard_migrations VALUES ({NEXT}, 'from the future', 0)")
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    before = hashlib.sha256((tmp_path / "store.db").read_bytes()).digest()
    with pytest.raises(StoreTooNew):
        open_store(url)
    assert hashlib.sha256((tmp_path / "store.db").read_bytes()).digest() == before


def test_many_may_create_the_same_store_at_once(empty_url: str) -> None:
    together = threading.Barrier(8)
    failures: list[BaseException] = []

    def create() -> None:
        together.wait()
        try:
            store = open_store(empty_url)
            store.runs.create("0")
            store.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert execute(empty_url, "SELECT count(*) FROM runs")[0][0] == 8
