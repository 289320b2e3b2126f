"""The tables of what is counted over many traces: states by window of time, and what clients lost."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, LargeBinary, Table

from steelyard.store.sql.schema import SqlId, SqlText, metadata
from steelyard.store.sql.trace_schema import traces


def _experiment() -> Column[int]:
    return Column("experiment", SqlId, ForeignKey("experiments.id"), primary_key=True, nullable=False)


# A dimension that has too many values in a window to be kept stands there as one row with n = -1.
trace_windows = Table(
    "trace_windows",
    metadata,
    _experiment(),
    Column("width", BigInteger, primary_key=True, autoincrement=False),  # of the window, milliseconds
    Column("dimension", SqlText, primary_key=True),  # empty, model, name, status or tag.<key>
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("value", SqlText, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("priced", BigInteger, nullable=False),
    Column("cost", Double, nullable=False),
    Column("durations", LargeBinary, nullable=False),  # the bytes of metrics.states.quantiles
    sqlite_with_rowid=False,
)

# Windows are read by dimension, and written by time whatever the dimension.
Index("trace_windows_by_start", trace_windows.c.experiment, trace_windows.c.width, trace_windows.c.start)

trace_losses = Table(
    "trace_losses",
    metadata,
    _experiment(),
    Column("source", SqlText, primary_key=True),
    Column("reason", SqlText, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),  # of the last, milliseconds
    sqlite_with_rowid=False,
)

traces_by_user = Index(
    "traces_by_user",
    traces.c.experiment,
    traces.c.user_id,
    traces.c.request_time.desc(),
    traces.c.id.desc(),
    sqlite_where=traces.c.user_id.is_not(None),
    postgresql_where=traces.c.user_id.is_not(None),
)

WINDOW_TABLES = (trace_windows, trace_losses)
"""Tables that migration 3 makes, besides the index ``traces_by_user``."""
