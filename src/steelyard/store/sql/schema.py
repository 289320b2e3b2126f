"""The tables. Rows point at runs and experiments by small integers of our own; people see ``run_id`` and text.

NaN has no bit pattern that both databases keep, so ``metrics`` flags it (``is_nan``) and ``latest_metrics.value`` is
NULL for it: a missing metric has no row at all.

Traces and ledgers have theirs in ``trace_schema`` and ``ledger_schema``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# Both databases compare text by its bytes: SQLite does so by itself, PostgreSQL with the collation "C".
SqlText = Text().with_variant(Text(collation="C"), "postgresql")
SqlId = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER PRIMARY KEY counts up by itself in SQLite


def _run(*, primary_key: bool = True) -> Column[int]:
    return Column("run", SqlId, ForeignKey("runs.id"), primary_key=primary_key, nullable=False)


experiments = Table(
    "experiments",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("name", SqlText, nullable=False, unique=True),
    Column("lifecycle", SqlText, nullable=False, server_default="active"),
    Column("creation_time", BigInteger, nullable=False),
    Column("last_update_time", BigInteger, nullable=False),
    Column("deleted_time", BigInteger),
    sqlite_autoincrement=True,
)

experiment_tags = Table(
    "experiment_tags",
    metadata,
    Column("experiment", SqlId, ForeignKey("experiments.id"), primary_key=True),
    Column("key", SqlText, primary_key=True),
    Column("value", SqlText, nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("run_id", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("status", SqlText, nullable=False),
    Column("start_time", BigInteger, nullable=False),
    Column("end_time", BigInteger),
    Column("user_id", SqlText, nullable=False),
    Column("lifecycle", SqlText, nullable=False, server_default="active"),
    Column("deleted_time", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "runs_by_start", runs.c.experiment, runs.c.lifecycle, runs.c.start_time.desc(), runs.c.run_id
)  # the default order of a search

metrics = Table(
    "metrics",
    metadata,
    _run(),
    Column("key", SqlText, primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("timestamp", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, primary_key=True, autoincrement=False),
    Column("is_nan", Boolean, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

latest_metrics = Table(
    "latest_metrics",
    metadata,
    _run(),
    Column("key", SqlText, primary_key=True),
    Column("value", Double),
    Column("step", BigInteger, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


def _words(name: str) -> Table:
    return Table(
        name,
        metadata,
        _run(),
        Column("key", SqlText, primary_key=True),
        Column("value", SqlText, nullable=False),
        sqlite_with_rowid=False,
    )


params = _words("params")
tags = _words("tags")

datasets = Table(
    "datasets",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("name", SqlText, nullable=False),
    Column("digest", SqlText, nullable=False),
    Column("source_type", SqlText, nullable=False),
    Column("source", SqlText, nullable=False),
    Column("schema", SqlText, nullable=False),
    Column("profile", SqlText, nullable=False),
    Column("content", SqlText, nullable=False, unique=True),  # SHA-256 of the six columns above
)
Index("datasets_by_name", datasets.c.name)

inputs = Table(
    "inputs",
    metadata,
    _run(),
    Column("dataset", SqlId, ForeignKey("datasets.id"), primary_key=True),
    Column("context", SqlText, primary_key=True),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)

estimates = Table(
    "estimates",
    metadata,
    _run(),
    Column("metric", SqlText, primary_key=True),
    Column("slice", SqlText, primary_key=True),  # JSON list of [dimension, value] pairs
    Column("position", Integer, nullable=False),
    Column("value", Double),
    Column("n", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column("se", Double),
    Column("low", Double),
    Column("high", Double),
    Column("confidence", Double, nullable=False),
    Column("method", SqlText, nullable=False),
    Column("worst", Double),
    Column("best", Double),
    sqlite_with_rowid=False,
)

artifacts = Table(
    "artifacts",
    metadata,
    _run(),
    Column("path", SqlText, primary_key=True),
    Column("sha256", SqlText, nullable=False),  # empty until a derived file is rendered
    Column("size", BigInteger),
    Column("media_type", SqlText, nullable=False),
    Column("derived_from", SqlText),
    sqlite_with_rowid=False,
)
Index("artifacts_by_content", artifacts.c.sha256)

models = Table(
    "models",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("model_id", SqlText, nullable=False),
    Column("name", SqlText, nullable=False),
    _run(primary_key=False),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("artifact_path", SqlText, nullable=False),
    Column("flavor", SqlText, nullable=False),
    Column("status", SqlText, nullable=False),
    Column("creation_timestamp", BigInteger, nullable=False),
    Column("params", SqlText, nullable=False),  # JSON
    Column("tags", SqlText, nullable=False),  # JSON
    UniqueConstraint("model_id"),
)
Index("models_by_run", models.c.run)
Index("models_by_experiment", models.c.experiment)

migrations = Table(
    "steelyard_migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", SqlText, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
)
