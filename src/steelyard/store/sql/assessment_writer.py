"""Writing assessments on a bare cursor, each change leaving what was there in the history.

An assessment's row says what it is and what made it so; the history holds what it was before. A new one therefore
costs one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.assessment import Assessment, AssessmentSource
from steelyard.store.sql.assessment_rows import (
    ACTION_COLUMNS,
    ASSESSMENT_COLUMNS,
    assessment_from,
    assessment_row,
    content_of,
    source_text,
)
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.trace_schema import assessment_history, assessments, traces
from steelyard.store.sql.waiting import FeedbackMarks

_TRACE, _KIND = (ASSESSMENT_COLUMNS.index(name) for name in ("trace", "kind"))

Action = Literal["created", "updated", "overridden", "restored", "deleted"]


@dataclass(frozen=True, slots=True)
class Kept:
    """An assessment as its row has it."""

    number: int
    trace: int
    assessment: Assessment
    content: str
    action: tuple[Any, ...]


class AssessmentWriter:
    """Writes assessments; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        self._marks = FeedbackMarks(database)
        a, h = assessments.c, assessment_history.c
        self._lock = text(
            select(traces.c.trace_id, traces.c.id)
            .where(dialect.listed(traces.c.trace_id))
            .order_by(traces.c.id)
            .with_for_update(key_share=True)
        )
        found = select(a.id, a.trace, a.kind, a.content, a.action, a.action_time, a.action_source)
        this = (a.trace == bindparam("trace"), a.assessment_id == bindparam("assessment_id"))
        self._find = text(found.where(*this))
        self._overriders = text(
            select(a.id).where(a.trace == bindparam("trace"), a.overrides == bindparam("overrides"))
        )
        self._insert = text(insert(assessments), (*ASSESSMENT_COLUMNS, *ACTION_COLUMNS))
        self._replace = text(
            update(assessments)
            .where(a.id == bindparam("number_"))
            .values({name: bindparam(f"{name}_") for name in ("valid", "number", "word", "content", *ACTION_COLUMNS)})
        )
        self._remove = text(delete(assessments).where(a.id == bindparam("number")))
        self._last = text(
            select(func.coalesce(func.max(h.position), literal_column("-1"))).where(
                h.trace == bindparam("trace"), h.assessment_id == bindparam("assessment_id")
            )
        )
        self._remember = text(insert(assessment_history))

    def lock(self, cursor: Cursor, trace_ids: Sequence[str]) -> dict[str, int]:
        """Return the numbers of traces, and hold off others that would change their assessments.

        Raises:
            NotFound: one of the traces does not exist.
        """
        cursor.execute(self._lock, (self._pack(sorted(set(trace_ids))),))
        numbers: dict[str, int] = dict(cursor.fetchall())
        unknown = next((trace_id for trace_id in trace_ids if trace_id not in numbers), None)
        if unknown is not None:
            msg = f"There is no trace with id {unknown!r}."
            raise NotFound(msg)
        return numbers

    def add(self, cursor: Cursor, added: Sequence[Assessment], numbers: Mapping[str, int]) -> list[Assessment]:
        """Write assessments that have ids and times, on locked traces; one with a known id takes its place."""
        made = [self._add(cursor, assessment, numbers[str(assessment.trace_id)]) for assessment in added]
        self._marks.of(cursor, (numbers[str(one.trace_id)] for one in added if one.kind == "feedback"))
        return made

    def add_new(self, cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows of assessments that are not there and override nothing: quick."""
        if rows:
            cursor.executemany(self._insert, rows)
            self._marks.of(cursor, (row[_TRACE] for row in rows if row[_KIND] == "feedback"))

    def find(self, cursor: Cursor, trace: int, assessment_id: str) -> Kept | None:
        """Return an assessment of a trace."""
        cursor.execute(self._find, (trace, assessment_id))
        row = cursor.fetchone()
        return None if row is None else Kept(row[0], row[1], assessment_from(row[2], row[3]), row[3], row[4:])

    def change(
        self, cursor: Cursor, kept: Kept, assessment: Assessment, action: Action, by: AssessmentSource | None
    ) -> None:
        """Put ``assessment`` in the place of ``kept``, which goes into the history."""
        self._into_history(cursor, kept, kept.action)
        row = assessment_row(assessment, kept.trace, content_of(assessment))
        values = dict(zip(ASSESSMENT_COLUMNS, row, strict=True))
        made = dict(zip(ACTION_COLUMNS, _made(action, by), strict=True))
        changed = ("valid", "number", "word", "content")
        cursor.execute(self._replace, (*(values[n] for n in changed), *made.values(), kept.number))
        self._mark(cursor, kept)

    def remove(self, cursor: Cursor, kept: Kept, by: AssessmentSource | None) -> None:
        """Delete an assessment; what it overrode, and nothing else overrides, is valid again."""
        self._into_history(cursor, kept, kept.action)
        self._into_history(cursor, kept, _made("deleted", by))
        cursor.execute(self._remove, (kept.number,))
        self._mark(cursor, kept)
        overridden = kept.assessment.overrides
        if overridden is None or self.is_overridden(cursor, kept.trace, overridden):
            return
        old = self.find(cursor, kept.trace, overridden)
        if old is not None and not old.assessment.valid:
            self.change(cursor, old, replace(old.assessment, valid=True), "restored", by)

    def is_overridden(self, cursor: Cursor, trace: int, assessment_id: str) -> bool:
        """Return whether an assessment of the trace takes the place of this one."""
        cursor.execute(self._overriders, (trace, assessment_id))
        return cursor.fetchone() is not None

    def _add(self, cursor: Cursor, assessment: Assessment, trace: int) -> Assessment:
        kept = self.find(cursor, trace, str(assessment.assessment_id))
        if kept is not None:
            return self._add_again(cursor, kept, assessment)
        if assessment.overrides is not None:
            self._override(cursor, trace, assessment)
        row = (*assessment_row(assessment, trace, content_of(assessment)), *_made("created", None))
        cursor.execute(self._insert, row)
        return assessment

    def _add_again(self, cursor: Cursor, kept: Kept, assessment: Assessment) -> Assessment:
        times = {"create_time_ms": kept.assessment.create_time_ms, "overrides": kept.assessment.overrides}
        again = replace(assessment, **times, valid=kept.assessment.valid and assessment.valid)
        same = replace(again, last_update_time_ms=kept.assessment.last_update_time_ms)
        if content_of(same) == kept.content:
            return kept.assessment
        self.change(cursor, kept, again, "updated", assessment.source)
        return again

    def _override(self, cursor: Cursor, trace: int, assessment: Assessment) -> None:
        overridden = str(assessment.overrides)
        old = self.find(cursor, trace, overridden)
        if old is None:
            msg = f"The trace {assessment.trace_id!r} has no assessment {overridden!r} that could be overridden."
            raise NotFound(msg)
        if old.assessment.kind != assessment.kind:
            msg = f"The {assessment.kind} {assessment.name!r} cannot override the {old.assessment.kind} {overridden!r}."
            raise InvalidArgument(msg)
        if old.assessment.valid:
            self.change(cursor, old, replace(old.assessment, valid=False), "overridden", assessment.source)

    def _mark(self, cursor: Cursor, kept: Kept) -> None:
        if kept.assessment.kind == "feedback":
            self._marks.of(cursor, [kept.trace])

    def _into_history(self, cursor: Cursor, kept: Kept, action: tuple[Any, ...]) -> None:
        assessment_id = kept.assessment.assessment_id
        cursor.execute(self._last, (kept.trace, assessment_id))
        (last,) = cursor.fetchone()
        cursor.execute(
            self._remember, (kept.trace, assessment_id, last + 1, kept.assessment.kind, kept.content, *action)
        )


def _made(action: Action, by: AssessmentSource | None) -> tuple[Any, ...]:
    """Return the values of ``ACTION_COLUMNS`` for a change now."""
    return action, now_ms(), source_text(by)
