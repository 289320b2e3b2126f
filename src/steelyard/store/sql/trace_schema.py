"""The tables of traces, their spans, and what is said about them.

A trace's name, session, user and tokens are columns of their own, so that lists are filtered and sorted by them without
reading JSON. The light columns of a span stand before its content: an outline of 30,000 spans reads no content at all.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Table, UniqueConstraint

from steelyard.store.sql.schema import SqlId, SqlText, metadata


def _trace(*, primary_key: bool = True) -> Column[int]:
    return Column("trace", SqlId, ForeignKey("traces.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


def _usage() -> list[Column[int] | Column[float]]:
    return [
        Column("input_tokens", BigInteger),
        Column("output_tokens", BigInteger),
        Column("cache_read_tokens", BigInteger),
        Column("cache_write_tokens", BigInteger),
        Column("reasoning_tokens", BigInteger),
        Column("cost", Double),
    ]


traces = Table(
    "traces",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("trace_id", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("request_time", BigInteger, nullable=False),
    Column("duration", Double),
    Column("state", SqlText, nullable=False),
    Column("name", SqlText),  # the tag mlflow.traceName
    Column("session", SqlText),  # these two are among the metadata too
    Column("user_id", SqlText),
    Column("client_request_id", SqlText),
    Column("request_preview", SqlText, nullable=False),
    Column("response_preview", SqlText, nullable=False),
    *_usage(),
    Column("n_spans", Integer, nullable=False),
    Column("metadata", SqlText, nullable=False),  # JSON
    sqlite_autoincrement=True,
)
# In the default order of a search: of an experiment, of a session, of whoever asks for a client's own id.
Index("traces_by_time", traces.c.experiment, traces.c.request_time.desc(), traces.c.id.desc())
Index(
    "traces_by_session",
    traces.c.experiment,
    traces.c.session,
    traces.c.request_time.desc(),
    traces.c.id.desc(),
    sqlite_where=traces.c.session.is_not(None),
    postgresql_where=traces.c.session.is_not(None),
)
Index(
    "traces_by_client",
    traces.c.experiment,
    traces.c.client_request_id,
    traces.c.request_time.desc(),
    traces.c.id.desc(),
    sqlite_where=traces.c.client_request_id.is_not(None),
    postgresql_where=traces.c.client_request_id.is_not(None),
)

trace_tags = Table(
    "trace_tags",
    metadata,
    _trace(),
    Column("key", SqlText, primary_key=True),
    Column("value", SqlText, nullable=False),
    sqlite_with_rowid=False,
)

trace_runs = Table(
    "trace_runs",
    metadata,
    Column("run", SqlId, ForeignKey("runs.id"), primary_key=True),
    _trace(),
    sqlite_with_rowid=False,
)
Index("trace_runs_by_trace", trace_runs.c.trace)

spans = Table(
    "spans",
    metadata,
    _trace(),
    Column("span_id", SqlText, primary_key=True),
    Column("parent_id", SqlText),
    Column("name", SqlText, nullable=False),
    Column("type", SqlText, nullable=False),
    Column("start_time", BigInteger, nullable=False),  # nanoseconds
    Column("end_time", BigInteger),
    Column("status", SqlText, nullable=False),
    Column("description", SqlText, nullable=False),
    Column("model", SqlText, nullable=False),
    *_usage(),
    Column("inputs", SqlText),  # JSON, as are the next three
    Column("outputs", SqlText),
    Column("attributes", SqlText),
    Column("events", SqlText),
    sqlite_with_rowid=False,
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),  # the order they were made in
    _trace(primary_key=False),
    Column("assessment_id", SqlText, nullable=False),
    Column("kind", SqlText, nullable=False),
    Column("name", SqlText, nullable=False),
    Column("valid", Boolean, nullable=False),
    Column("overrides", SqlText),
    Column("number", Double),  # the value where it is a number or a bool
    Column("word", SqlText),  # the value where it is a text
    Column("content", SqlText, nullable=False),  # the whole assessment as JSON
    Column("action", SqlText, nullable=False),  # what made it what it is, when, and by whom
    Column("action_time", BigInteger, nullable=False),
    Column("action_source", SqlText),
    UniqueConstraint("trace", "assessment_id"),
    sqlite_autoincrement=True,
)

assessment_history = Table(
    "assessment_history",
    metadata,
    _trace(),
    Column("assessment_id", SqlText, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", SqlText, nullable=False),
    Column("content", SqlText, nullable=False),
    Column("action", SqlText, nullable=False),
    Column("action_time", BigInteger, nullable=False),
    Column("action_source", SqlText),
    sqlite_with_rowid=False,
)

TRACE_TABLES = (traces, trace_tags, trace_runs, spans, assessments, assessment_history)
