"""The tables of traces, their spans, and what is said about them.

A trace's name, session, user and tokens are columns of their own, so that lists are filtered and sorted by them without
reading JSON. The light columns of a span stand before its content: an outline of 30,000 spans reads no content at all.
Spans are an ordinary table with a key beside it: rows of a kilobyte and more in the key's own tree would take three
times the space.

What changes a trace marks in the same transaction what has to be done about it later: ``traces_waiting`` for the index
of texts, ``windows_waiting`` for what is counted over time. A mark made again meanwhile has another ``version``.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Table, UniqueConstraint, text

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
    # What somebody said outright, so that spans that come later do not guess it again: see arriving.py.
    Column("said", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
# In the default order of a search: of a session, of whoever asks for a client's own id; see ``traces_in_time`` too.
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

span_origins = Table(
    "span_origins",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("digest", SqlText, nullable=False, unique=True),
    Column("content", SqlText, nullable=False),  # JSON
)

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
    Column("kind", SqlText),  # NULL for INTERNAL
    Column("links", SqlText),  # JSON
    Column("wire", SqlText),  # JSON: trace state, and how much its sender dropped
    Column("origin", SqlId, ForeignKey("span_origins.id")),
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

traces_waiting = Table(
    "traces_waiting",
    metadata,
    _trace(),
    Column("version", Integer, nullable=False),
)

windows_waiting = Table(
    "windows_waiting",
    metadata,
    Column("experiment", SqlId, ForeignKey("experiments.id"), primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # ms, a multiple of WINDOW_MS
    Column("version", Integer, nullable=False),
    sqlite_with_rowid=False,
)

TRACE_TABLES = (
    *(traces, trace_tags, trace_runs, span_origins, spans, assessments, assessment_history),
    *(traces_waiting, windows_waiting),
)

# What a search begins from, or walks through without touching the traces themselves.
Index(
    "traces_in_time",
    traces.c.experiment,
    traces.c.request_time.desc(),
    traces.c.id.desc(),
    *(traces.c.state, traces.c.duration, traces.c.input_tokens, traces.c.output_tokens, traces.c.cost),
)
Index("trace_tags_by_value", trace_tags.c.key, text("substr(value, 1, 64)"))
Index(
    "assessments_by_value",
    *(assessments.c.kind, assessments.c.name, assessments.c.number, assessments.c.trace),
)
