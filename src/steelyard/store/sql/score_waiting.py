"""Marks of windows whose feedback has to be counted again, made in the transaction that makes it necessary.

Feedback that is said, changed or deleted marks the window of its trace here. A trace that changes, moves or goes marks
``windows_waiting`` as ever, and nothing here: whoever reads feedback trusts no window that waits there either, and the
recount of traces passes its marks on to here as it takes them away, where there is any feedback. So the arrival of
traces costs nothing more than before.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    exists,
    insert,
    literal_column,
    not_,
    or_,
    select,
)

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.score_schema import score_windows, scores_waiting
from steelyard.store.sql.trace_schema import assessments, traces, windows_waiting
from steelyard.store.sql.waiting import WINDOW_MS, window_of_column

_FEEDBACK = literal_column("'feedback'")


class PassedOn:
    """Writes marks on a bare cursor for windows whose traces have been counted again.

    Args:
        database: where; its statements are spelt once.
    """

    def __init__(self, database: Database) -> None:
        w = score_windows.c
        self._window = database.positional(insert(scores_waiting), ("experiment", "start"))
        of, at = bindparam("of", type_=BigInteger), bindparam("at", type_=BigInteger)
        kept = (
            w.experiment == bindparam("of_"),
            w.width == literal_column(str(WINDOW_MS)),
            w.start == bindparam("at_"),
        )
        marks = scores_waiting.c
        marked = (marks.experiment == bindparam("of__"), marks.start == bindparam("at__"))
        needed = or_(exists().where(*kept), exists().where(*marked))
        known = select(of, at).where(needed)
        self._known = database.positional(insert(scores_waiting).from_select(["experiment", "start"], known))

    def window(self, cursor: Cursor, experiment: int, start: int, *, spoken: bool) -> None:
        """Pass on that the traces of a window have changed, if anything was said of them, then or now.

        Args:
            cursor: of the transaction in which ``windows_waiting`` loses its mark.
            experiment: its row id.
            start: of the window.
            spoken: whether a trace that is in it now has feedback. What was there before is known by its states, and
                what is being counted by its marks, which were there before whoever counts began to read.
        """
        if spoken:
            cursor.execute(self._window, (experiment, start))
        else:
            cursor.execute(self._known, (experiment, start) * 3)


def windows_with_feedback(connection: Connection, experiment: int, starts: Sequence[int]) -> set[int]:
    """Return those of the windows in which a trace has valid feedback."""
    a, t = assessments.c, traces.c
    spoken = (a.kind == _FEEDBACK, a.valid)
    if connection.execute(select(literal_column("1")).where(*spoken).limit(1)).first() is None:
        return set()  # nobody has said anything in this store: no need to look at every trace
    there = (
        select(literal_column("1"))
        .select_from(traces.join(assessments, a.trace == t.id))
        .where(t.experiment == experiment, t.request_time >= bindparam("first"), t.request_time < bindparam("last"))
        .where(*spoken)
        .limit(1)
    )
    return {
        start
        for start in starts
        if connection.execute(there, {"first": start, "last": start + WINDOW_MS}).first() is not None
    }


def mark_all_feedback(connection: Connection) -> None:
    """Mark every window that has feedback, and is not marked for its traces: in a store that has kept no states yet."""
    a, t, other = assessments.c, traces.c, windows_waiting.c
    start = window_of_column(t.request_time)
    found = (
        select(t.experiment, start)
        .select_from(traces.join(assessments, a.trace == t.id))
        .where(a.kind == _FEEDBACK, not_(exists().where(other.experiment == t.experiment, other.start == start)))
        .distinct()
    )
    connection.execute(insert(scores_waiting).from_select(["experiment", "start"], found))
