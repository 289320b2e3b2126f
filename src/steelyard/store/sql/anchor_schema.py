"""The tables of anchor sets and their readings.

A set names its dataset by its id and no foreign key: who deletes the dataset keeps what was read of it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Integer, Table, UniqueConstraint

from steelyard.store.sql.schema import SqlId, SqlText, metadata

anchor_sets = Table(
    "anchor_sets",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("anchor_id", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("dataset_id", SqlText, nullable=False),
    Column("dataset_version", Integer, nullable=False),
    Column("dataset_digest", SqlText, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("every_ms", BigInteger, nullable=False),
    Column("max_cost", Double),
    Column("base_reading", SqlText, nullable=False),
    Column("state", SqlText, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("reason", SqlText, nullable=False),
    Column("asked", Boolean, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)

anchor_readings = Table(
    "anchor_readings",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("reading_id", SqlText, nullable=False, unique=True),
    Column("anchor", SqlId, ForeignKey("anchor_sets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("scorer_version", Integer, nullable=False),
    Column("scorer_digest", SqlText, nullable=False),
    Column("why", SqlText, nullable=False),
    Column("models", SqlText, nullable=False),  # JSON
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("state", SqlText, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("cost", Double, nullable=False),
    Column("error", SqlText, nullable=False),
    Column("lease", SqlText, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

anchor_verdicts = Table(
    "anchor_verdicts",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),  # the order in which they came
    Column("reading", SqlId, ForeignKey("anchor_readings.id", ondelete="CASCADE"), nullable=False),
    Column("record_id", SqlText, nullable=False),
    Column("content", SqlText, nullable=False),  # JSON
    UniqueConstraint("reading", "record_id"),
    sqlite_autoincrement=True,
)

ANCHOR_TABLES: tuple[Table, ...] = (anchor_sets, anchor_readings, anchor_verdicts)
