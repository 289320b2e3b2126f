"""The tables of evaluation datasets.

A content is what a record is at one time, kept once a dataset. A member says that a content stands at a position from
one version until before another, so that a version is the members that are open in it, in the order of their positions:
a change of one per cent writes one per cent. (``datasets`` in ``schema`` are what runs say that they used.)
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, UniqueConstraint

from steelyard.store.sql.schema import SqlId, SqlText, metadata

OPEN = 2**31 - 1
"""``until`` of a member that stands in the newest version."""

evaluation_datasets = Table(
    "evaluation_datasets",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("dataset_id", SqlText, nullable=False, unique=True),
    Column("name", SqlText, nullable=False, unique=True),
    Column("version", Integer, nullable=False),  # the newest
    Column("next_position", BigInteger, nullable=False),
    Column("next_content", BigInteger, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("last_updated_by", SqlText, nullable=False),
    Column("last_update_time", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)


def _dataset() -> Column[int]:
    return Column("dataset", SqlId, ForeignKey("evaluation_datasets.id"), primary_key=True, nullable=False)


evaluation_dataset_tags = Table(
    "evaluation_dataset_tags",
    metadata,
    _dataset(),
    Column("key", SqlText, primary_key=True),
    Column("value", SqlText, nullable=False),
    sqlite_with_rowid=False,
)

evaluation_dataset_experiments = Table(
    "evaluation_dataset_experiments",
    metadata,
    _dataset(),
    Column("experiment", SqlId, ForeignKey("experiments.id"), primary_key=True),
    sqlite_with_rowid=False,
)
Index(
    "evaluation_dataset_experiments_by_experiment",
    evaluation_dataset_experiments.c.experiment,
)

dataset_versions = Table(
    "dataset_versions",
    metadata,
    _dataset(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", SqlText, nullable=False),
    Column("n_records", BigInteger, nullable=False),
    Column("parent", Integer),
    Column("inserted", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("deleted", BigInteger, nullable=False),
    Column("message", SqlText, nullable=False),
    Column("restored", Integer),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

dataset_contents = Table(
    "dataset_contents",
    metadata,
    _dataset(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", SqlText, nullable=False),
    Column("digest", SqlText, nullable=False),
    Column("inputs", SqlText, nullable=False),  # JSON, as are the next four
    Column("outputs", SqlText),
    Column("expectations", SqlText, nullable=False),
    Column("tags", SqlText, nullable=False),
    Column("source", SqlText, nullable=False),  # [source_type, source_data]
    UniqueConstraint("dataset", "digest"),
)
Index("dataset_contents_by_record", dataset_contents.c.dataset, dataset_contents.c.record_id)

dataset_members = Table(
    "dataset_members",
    metadata,
    Column("dataset", SqlId, primary_key=True, nullable=False, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("since", Integer, primary_key=True, autoincrement=False),
    Column("until", Integer, nullable=False),
    Column("content", BigInteger, nullable=False),
    Column("born", Integer, nullable=False),  # the version in which the record came
    ForeignKeyConstraint(["dataset", "content"], ["dataset_contents.dataset", "dataset_contents.number"]),
    sqlite_with_rowid=False,
)
Index("dataset_members_by_content", dataset_members.c.dataset, dataset_members.c.content)

dataset_schemas = Table(
    "dataset_schemas",
    metadata,
    _dataset(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("inputs", SqlText),  # JSON schemas
    Column("outputs", SqlText),
    Column("expectations", SqlText),
    Column("version", Integer, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

dataset_statements = Table(
    "dataset_statements",
    metadata,
    _dataset(),
    Column("record_id", SqlText, primary_key=True),
    Column("digest", SqlText, primary_key=True),  # SHA-256 of the next five; of the version too if said again
    Column("name", SqlText, nullable=False),
    Column("value", SqlText),  # JSON
    Column("by", SqlText, nullable=False),
    Column("source_type", SqlText, nullable=False),
    Column("trace_id", SqlText),
    Column("time", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),  # in which it came
    sqlite_with_rowid=False,
)

dataset_parts = Table(
    "dataset_parts",
    metadata,
    _dataset(),
    Column("sha256", SqlText, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("put_time", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("dataset_parts_by_content", dataset_parts.c.sha256)

dataset_tables = Table(
    "dataset_tables",
    metadata,
    _dataset(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("told", SqlText, nullable=False),  # a DatasetTable as JSON
    sqlite_with_rowid=False,
)

DATASET_TABLES = (
    evaluation_datasets,
    evaluation_dataset_tags,
    evaluation_dataset_experiments,
    dataset_versions,
    dataset_contents,
    dataset_members,
    dataset_schemas,
    dataset_statements,
    dataset_parts,
    dataset_tables,
)
