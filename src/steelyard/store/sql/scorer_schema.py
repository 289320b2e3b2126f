"""The tables of registered scorers.

A name keeps the number of its last version, so that a number is never used twice, whatever was deleted.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, UniqueConstraint

from steelyard.store.sql.schema import SqlId, SqlText, metadata

registered_scorers = Table(
    "registered_scorers",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("last_version", Integer, nullable=False),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)

scorer_versions = Table(
    "scorer_versions",
    metadata,
    Column("scorer", SqlId, ForeignKey("registered_scorers.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", SqlText, nullable=False),
    Column("definition", SqlText, nullable=False),  # JSON
    Column("digest", SqlText, nullable=False),
    Column("notes", SqlText, nullable=False),  # JSON
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

SCORER_TABLES: tuple[Table, ...] = (registered_scorers, scorer_versions)
