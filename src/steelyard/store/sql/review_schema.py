"""The tables of label schemas and review queues.

Every change to a queue's items locks the queue's row first, so that reviewers of one queue take turns and its counts,
kept beside it, are right. Traces are named by their ids and not pointed at: what people said outlives a trace.
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
    Table,
    UniqueConstraint,
    text,
)

from steelyard.store.sql.schema import SqlId, SqlText, metadata


def _who_and_when() -> list[Column[str] | Column[int]]:
    return [
        Column("created_by", SqlText, nullable=False),
        Column("created_time", BigInteger, nullable=False),
        Column("last_updated_by", SqlText, nullable=False),
        Column("last_update_time", BigInteger, nullable=False),
    ]


def _queue(*, primary_key: bool) -> Column[int]:
    return Column(
        "queue", SqlId, ForeignKey("review_queues.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


def _item(*, primary_key: bool) -> Column[int]:
    return Column(
        "item", SqlId, ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


label_schemas = Table(
    "label_schemas",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("schema_id", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("kind", SqlText, nullable=False),
    Column("input", SqlText, nullable=False),  # JSON: its kind, and its fields
    Column("instruction", SqlText, nullable=False),
    Column("enable_comment", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("version_by", SqlText, nullable=False),  # who changed the input last
    *_who_and_when(),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)

review_queues = Table(
    "review_queues",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("queue_id", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("queue_type", SqlText, nullable=False),
    Column("item_type", SqlText, nullable=False),
    Column("overlap", Integer, nullable=False),
    Column("overlap_share", Double, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("reserve_seconds", BigInteger, nullable=False),
    Column("instruction", SqlText, nullable=False),
    Column("next_position", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("pending", "complete", "declined")),
    *(Column(name, BigInteger, nullable=False) for name in ("flagged", "disputed", "answers")),
    *_who_and_when(),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)

review_queue_users = Table(
    "review_queue_users",
    metadata,
    _queue(primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("reviewer", SqlText, nullable=False),
    UniqueConstraint("queue", "reviewer"),
    sqlite_with_rowid=False,
)
Index("review_queue_users_by_reviewer", review_queue_users.c.reviewer)

review_queue_schemas = Table(
    "review_queue_schemas",
    metadata,
    _queue(primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("schema", SqlId, ForeignKey("label_schemas.id"), nullable=False),
    UniqueConstraint("queue", "schema"),
    sqlite_with_rowid=False,
)
Index("review_queue_schemas_by_schema", review_queue_schemas.c.schema)

review_items = Table(
    "review_items",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("item_id", SqlText, nullable=False, unique=True),
    _queue(primary_key=False),
    Column("position", BigInteger, nullable=False),
    Column("subject", SqlText, nullable=False),  # what is reviewed, hashed: once in a queue
    Column("trace_id", SqlText, nullable=False),
    Column("other_trace_id", SqlText, nullable=False),
    Column("name", SqlText, nullable=False),
    Column("other_name", SqlText, nullable=False),
    Column("assigned_to", SqlText, nullable=False),
    Column("propensity", Double),
    Column("stratum", SqlText, nullable=False),
    Column("population", BigInteger, nullable=False),
    Column("asked_for", Integer),  # how many must answer, where somebody said so; else the rules say
    Column("needed", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("said_by", SqlText, nullable=False),  # see ``said_by`` in review_rows
    Column("status", SqlText, nullable=False),
    Column("decreed", SqlText, nullable=False),  # the status that somebody gave it, whatever its answers
    Column("flagged", Boolean, nullable=False),
    Column("disputed", Boolean, nullable=False),
    Column("reason", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("last_update_time", BigInteger, nullable=False),
    UniqueConstraint("queue", "subject"),
    UniqueConstraint("queue", "position"),
    sqlite_autoincrement=True,
)
BEGUN = "status = 'pending' AND assigned_to = '' AND answers > 0"
FRESH = "status = 'pending' AND assigned_to = '' AND answers = 0"
ASSIGNED = "status = 'pending' AND assigned_to <> ''"
for _name, _which, _columns in (
    ("begun", BEGUN, ("queue", "position")),
    ("fresh", FRESH, ("queue", "position")),
    ("assigned", ASSIGNED, ("queue", "assigned_to", "position")),
    ("waiting", "status = 'pending'", ("trace_id",)),
    ("waiting_other", "status = 'pending'", ("other_trace_id",)),
):
    Index(
        f"review_items_{_name}",
        *(review_items.c[column] for column in _columns),
        sqlite_where=text(_which),
        postgresql_where=text(_which),
    )

review_answers = Table(
    "review_answers",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    _item(primary_key=False),
    Column("reviewer", SqlText, nullable=False),
    Column("decides", Boolean, nullable=False),
    Column("kind", SqlText, nullable=False),
    Column("labels", SqlText, nullable=False),  # JSON
    Column("comment", SqlText, nullable=False),
    Column("submission_id", SqlText, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("swapped", Boolean, nullable=False),
    Column("assessment_ids", SqlText, nullable=False),  # JSON
    Column("time", BigInteger, nullable=False),
    UniqueConstraint("item", "reviewer", "decides"),
    sqlite_autoincrement=True,
)

review_submissions = Table(
    "review_submissions",
    metadata,
    Column("submission_id", SqlText, primary_key=True),
    _item(primary_key=False),
    Column("reviewer", SqlText, nullable=False),
    sqlite_with_rowid=False,
)
Index("review_submissions_by_item", review_submissions.c.item)

review_reservations = Table(
    "review_reservations",
    metadata,
    _item(primary_key=True),
    Column("reviewer", SqlText, primary_key=True),
    _queue(primary_key=False),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("review_reservations_by_time", review_reservations.c.queue, review_reservations.c.until)

REVIEW_TABLES: tuple[Table, ...] = (
    label_schemas,
    review_queues,
    review_queue_users,
    review_queue_schemas,
    review_items,
    review_answers,
    review_submissions,
    review_reservations,
)
