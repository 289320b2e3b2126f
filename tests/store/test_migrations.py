"""From no tables, or older ones, to this version's; a newer version's are left alone."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest
from reviews_made import question
from sqlalchemy import Connection, inspect, text
from traces_made import entry, plan, trace_id

from steelyard.errors import StoreTooNew
from steelyard.records import AnchorVerdict, ItemDraft, ScorerSamplingConfig, Store
from steelyard.store import open_store
from steelyard.store.sql import migrations, schema
from steelyard.store.sql.alarm_schema import ALARM_TABLES
from steelyard.store.sql.anchor_schema import ANCHOR_TABLES
from steelyard.store.sql.dataset_schema import DATASET_TABLES
from steelyard.store.sql.ledger_triggers import LEDGER_TABLES
from steelyard.store.sql.migrations import MIGRATIONS, Migration
from steelyard.store.sql.monitor_schema import MONITOR_TABLES
from steelyard.store.sql.prediction_schema import PREDICTION_TABLES
from steelyard.store.sql.score_schema import SCORE_TABLES
from steelyard.store.sql.text_schema import TEXT_TABLES
from steelyard.store.sql.trace_schema import (
    TRACE_TABLES,
    assessments,
    span_origins,
    spans,
    trace_tags,
    traces_waiting,
    windows_waiting,
)
from steelyard.store.sql.window_schema import WINDOW_TABLES

NEXT = MIGRATIONS[-1].number + 1
WATCHING = (*MONITOR_TABLES, *SCORE_TABLES, *ALARM_TABLES, *PREDICTION_TABLES, *ANCHOR_TABLES)


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


def shape(url: str) -> dict[str, tuple]:
    """What a database's tables are: their columns, keys, foreign keys and indexes."""
    store = open_store(url)
    with store._database.read() as connection:
        asked = inspect(connection)
        found = {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in asked.get_columns(name)],
                asked.get_pk_constraint(name)["constrained_columns"],
                sorted(str(sorted(key.items())) for key in asked.get_foreign_keys(name)),
                sorted(str(check["sqltext"]) for check in asked.get_check_constraints(name)),
            )
            for name in asked.get_table_names()
        }
        kept_in = (
            "sqlite_master WHERE type = 'trigger'" if url.startswith("sqlite") else "pg_trigger WHERE NOT tgisinternal"
        )
        column = "name" if url.startswith("sqlite") else "tgname"
        found["indexes"] = tuple(sorted(indexes(connection)))
        found["triggers"] = tuple(sorted(connection.execute(text(f"SELECT {column} FROM {kept_in}")).scalars()))
    store.close()
    return found


def indexes(connection: Connection) -> list[str]:
    """The definitions of indexes, those on expressions too."""
    if connection.dialect.name == "sqlite":
        return [
            sql
            for sql in connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index'")).scalars()
            if sql
        ]
    return list(
        connection.execute(text("SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()")).scalars()
    )


def test_a_version_1_database_becomes_what_a_new_one_is_and_keeps_its_runs(empty_url: str) -> None:
    wanted = shape(empty_url)
    store = open_store(empty_url)
    run_id = store.runs.create("0", run_name="kept").info.run_id
    newer = [*TRACE_TABLES, *TEXT_TABLES, *WINDOW_TABLES, *LEDGER_TABLES, *DATASET_TABLES, *WATCHING]
    with store._database.write() as connection:
        schema.metadata.drop_all(connection, tables=newer)
        connection.execute(text("DELETE FROM steelyard_migrations WHERE number > 1"))
    store.close()
    store = open_store(empty_url)
    assert store.runs.get(run_id).info.run_name == "kept"
    use_new_tables(store, run_id)
    store.close()
    assert shape(empty_url) == wanted


def test_a_file_that_version_1_wrote_is_read_on(tmp_path: Path) -> None:
    file = tmp_path / "steelyard.db"
    connection = sqlite3.connect(file)
    connection.executescript((Path(__file__).parent / "version_1.sql").read_text())
    connection.close()
    store = open_store(file)
    (run,) = store.search.search(["0"], "metrics.f1 > 0.5 AND params.C = '1' AND tags.team = 'nlp'").items
    assert (run.info.run_name, run.data.metrics) == ("kept", {"f1": 0.9})
    use_new_tables(store, run.info.run_id)
    store.close()
    assert shape(f"sqlite:///{file}") == shape(f"sqlite:///{tmp_path}/new.db")


def test_a_file_that_version_2_wrote_keeps_its_traces_and_waits_to_be_indexed(tmp_path: Path) -> None:
    file = tmp_path / "steelyard.db"
    connection = sqlite3.connect(file)
    connection.executescript((Path(__file__).parent / "version_2.sql").read_text())
    connection.close()
    store = open_store(file)
    trace = store.traces.get(f"tr-{400:032x}")
    assert [(s.name, s.kind, s.outputs) for s in trace.data.spans] == [
        ("answer", "INTERNAL", {"answer": "é\u2028"}),
        ("chat", "INTERNAL", None),
    ]
    assert trace.data.spans[1].events[0].attributes == {"x": 1}
    assert store.upkeep.backlog() == 5  # three traces in two windows
    while store.upkeep.work().left:
        pass
    assert len(store.traces.search(["0"], "trace.text LIKE '%q400%'").items) == 1
    store.close()
    assert shape(f"sqlite:///{file}") == shape(f"sqlite:///{tmp_path}/new.db")


def test_a_file_that_version_3_wrote_keeps_its_datasets_and_learns_to_ask_people(tmp_path: Path) -> None:
    file = tmp_path / "steelyard.db"
    connection = sqlite3.connect(file)
    connection.executescript((Path(__file__).parent / "version_3.sql").read_text())
    connection.close()
    store = open_store(file)
    found = store.datasets.find("capitals")
    assert found is not None
    assert [version.n_records for version in store.datasets.versions(found.dataset_id)] == [2, 2, 0]
    assert store.datasets.diff(found.dataset_id, 1, 2).changed == 1
    record = store.datasets.records(found.dataset_id).items[0]
    assert store.datasets.history(found.dataset_id, record.dataset_record_id)
    trace = store.traces.search(["0"]).items[0]
    queue = store.reviews.create("0", "to do", item_type="trace", schema_ids=[question(store).schema_id])
    assert store.reviews.add(queue.queue_id, [ItemDraft(trace_id=trace.trace_id)])
    store.close()
    assert shape(f"sqlite:///{file}") == shape(f"sqlite:///{tmp_path}/new.db")


def test_a_file_that_version_4_wrote_counts_its_feedback_and_learns_to_watch(tmp_path: Path) -> None:
    file = tmp_path / "steelyard.db"
    connection = sqlite3.connect(file)
    connection.executescript((Path(__file__).parent / "version_4.sql").read_text())
    connection.close()
    store = open_store(file)
    began = 1_700_000_000_000
    (window,) = store.scores.windows(["0"], "polite", start_ms=began, end_ms=began + 1000, step_ms=3_600_000)
    assert (window.verdicts, window.passed) == (3, 2)
    while store.upkeep.work(5.0).left:
        continue
    assert store.scores.windows(["0"], "polite", start_ms=began, end_ms=began + 1000, step_ms=3_600_000) == (window,)
    monitor = store.monitors.start("0", "polite", config=ScorerSamplingConfig())
    store.monitors.backfill(monitor.monitor_id, began, began + 3_600_000)
    while store.monitors.plan(now_ms=began):
        continue
    assert store.monitors.standing([monitor.monitor_id], now_ms=began)[monitor.monitor_id].waiting == 3
    capitals = store.datasets.find("capitals")
    assert capitals is not None
    store.anchors.create("0", "polite", dataset_id=capitals.dataset_id)
    reading = store.anchors.claim("w", now_ms=began)
    assert reading is not None
    assert store.anchors.put(reading, [AnchorVerdict(record_id="a", value=True)], now_ms=began)
    store.close()
    assert shape(f"sqlite:///{file}") == shape(f"sqlite:///{tmp_path}/new.db")


def test_a_version_2_server_database_gets_what_it_lacks(empty_url: str) -> None:
    wanted = shape(empty_url)
    if empty_url.startswith("sqlite"):
        return  # its file is read above
    store = open_store(empty_url)
    newer = (*TEXT_TABLES, *WINDOW_TABLES, *DATASET_TABLES, *WATCHING, traces_waiting, windows_waiting)
    with store._database.write() as connection:
        schema.metadata.drop_all(connection, tables=list(newer))
        for column in ("kind", "links", "wire", "origin"):
            connection.execute(text(f"ALTER TABLE spans DROP COLUMN {column}"))
        span_origins.drop(connection)
        for table in (spans, assessments, trace_tags):
            for index in table.indexes:
                connection.execute(text(f'DROP INDEX "{index.name}"'))
        connection.execute(text("ALTER TABLE traces DROP COLUMN said"))
        connection.execute(text("DELETE FROM steelyard_migrations WHERE number > 2"))
    store.close()
    assert shape(empty_url) == wanted


def use_new_tables(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(1, "a"))
    store.ledgers.commit(run_id, [entry(0, "scored")])
    store.ledgers.finish(run_id)
    store.answers.put("k", b"v")
    assert store.traces.search(["0"], "feedback.`scorer 0` = 0").items[0].trace_id == trace_id(1)


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
