"""The tables of classic models in production.

A row of ``production_rows`` is there when its prediction or its label has come: without a time the prediction has not,
and without a label the label has not. So either may come first. A class is kept as its number among its model's.

A window whose rows have changed has a ``version`` beyond the one that is ``settled``. Its readings are never
overwritten: another takes the place of one, which stays with the time when it gave way.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint

from steelyard.store.sql.schema import SqlId, SqlText, metadata


def _model(*, primary_key: bool = True) -> Column[int]:
    return Column("model", SqlId, ForeignKey("production_models.id"), primary_key=primary_key, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


production_models = Table(
    "production_models",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("key", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("model_type", SqlText, nullable=False),
    Column("pos_label", SqlText, nullable=False),
    Column("slices", SqlText, nullable=False),  # JSON list of dimensions
    Column("window", BigInteger, nullable=False),  # the finest, milliseconds
    Column("created", BigInteger, nullable=False),
    _count("n"),
    _count("labelled"),
    _count("orphans"),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)

production_classes = Table(
    "production_classes",
    metadata,
    _model(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("value", SqlText, nullable=False),  # JSON: a text, or a number
    sqlite_with_rowid=False,
)

production_rows = Table(
    "production_rows",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    _model(primary_key=False),
    Column("key", SqlText, nullable=False),
    Column("time", BigInteger),
    Column("predicted", Double),  # a number, or a class by its number
    Column("score", Double),
    Column("label", Double),
    Column("label_time", BigInteger),
    Column("probabilities", SqlText),  # JSON: the classes' numbers, and their probabilities
    Column("slices", SqlText),  # JSON object
    Column("features", SqlText),  # JSON object
    sqlite_autoincrement=True,
)
Index("production_rows_by_key", production_rows.c.model, production_rows.c.key, unique=True)
Index(
    "production_rows_by_time",
    production_rows.c.model,
    production_rows.c.time,
    sqlite_where=production_rows.c.time.is_not(None),
    postgresql_where=production_rows.c.time.is_not(None),
)

production_changes = Table(
    "production_changes",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("row", SqlId, ForeignKey("production_rows.id"), nullable=False),
    Column("what", SqlText, nullable=False),
    Column("value", Double),
    Column("value_time", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("by", SqlText, nullable=False),
    Column("content", SqlText),  # JSON: the rest of what a prediction was
    sqlite_autoincrement=True,
)
Index("production_changes_by_row", production_changes.c.row)

production_windows = Table(
    "production_windows",
    metadata,
    _model(),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    _count("settled"),
    _count("computed"),  # milliseconds, by the clock of who counted
    _count("rests_until"),
    _count("held_until"),
    Column("held_by", SqlText, nullable=False, server_default=""),
    _count("predictions"),  # what has come since it was settled
    _count("corrected"),
    _count("labels"),
    _count("relabelled"),
    sqlite_with_rowid=False,
)
_waits = production_windows.c.version > production_windows.c.settled
Index(
    "production_windows_waiting",
    production_windows.c.model,
    production_windows.c.start,
    sqlite_where=_waits,
    postgresql_where=_waits,
)

production_readings = Table(
    "production_readings",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    _model(primary_key=False),
    Column("dimension", SqlText, nullable=False),  # empty: all rows
    Column("value", SqlText, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("scored", BigInteger, nullable=False),
    Column("predicted_sum", Double),  # of numbers, or of how many are positive
    Column("scored_sum", Double),
    Column("computed", BigInteger, nullable=False),
    Column("superseded", BigInteger),
    Column("why", SqlText, nullable=False),
    Column("numbers", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
    UniqueConstraint("model", "dimension", "start", "value", "version"),
    sqlite_autoincrement=True,
)
Index(
    "production_readings_now",
    production_readings.c.model,
    production_readings.c.dimension,
    production_readings.c.start,
    production_readings.c.value,
    sqlite_where=production_readings.c.superseded.is_(None),
    postgresql_where=production_readings.c.superseded.is_(None),
)

PREDICTION_TABLES = (
    production_models,
    production_classes,
    production_rows,
    production_changes,
    production_windows,
    production_readings,
)
