"""The tables of feedback over time: states by window of time, and marks of windows that have to be counted again.

A mark is a row of its own, never changed: writers of feedback on the traces of the same five minutes do not wait for
each other, and whoever has counted a window deletes just the marks that it saw before.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, LargeBinary, Table

from steelyard.store.sql.schema import SqlId, SqlText, metadata

# What is not kept of a window (too many values, too many keys) stands there as one row without a name, with n = -1.
score_windows = Table(
    "score_windows",
    metadata,
    Column("experiment", SqlId, ForeignKey("experiments.id"), primary_key=True, nullable=False),
    Column("width", BigInteger, primary_key=True, autoincrement=False),  # of the window, milliseconds
    Column("dimension", SqlText, primary_key=True),  # empty, name, model, status, version or tag.<key>
    Column("name", SqlText, primary_key=True),  # of the feedback
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("source", SqlText, primary_key=True),
    Column("value", SqlText, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("verdicts", BigInteger, nullable=False),
    Column("passed", BigInteger, nullable=False),
    Column("numbers", BigInteger, nullable=False),
    Column("texts", BigInteger, nullable=False),
    Column("low", Double),
    Column("high", Double),
    Column("quantiles", LargeBinary, nullable=False),  # this and the next two: entries of 12 bytes
    Column("total", LargeBinary, nullable=False),  # digits of an exact sum
    Column("squares", LargeBinary, nullable=False),
    Column("words", LargeBinary, nullable=False),  # how often each, as MessagePack
    sqlite_with_rowid=False,
)

# Windows are read by dimension and name, and written by time whatever these are.
Index("score_windows_by_start", score_windows.c.experiment, score_windows.c.width, score_windows.c.start)

scores_waiting = Table(
    "scores_waiting",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("start", BigInteger, nullable=False),  # ms, a multiple of WINDOW_MS
    sqlite_autoincrement=True,  # a mark that was deleted never comes back under its number
)
Index("scores_waiting_by_window", scores_waiting.c.experiment, scores_waiting.c.start)

SCORE_TABLES: tuple[Table, ...] = (score_windows, scores_waiting)
