"""Keeping what became of work, with the feedback that it gave: once, whoever else had it before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, literal_column, null, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.assessment import Assessment
from steelyard.records.monitor import MONITOR_KEY, WorkDone
from steelyard.store.limits import check_integer
from steelyard.store.sql.assessment_rows import assessment_row, check_assessment, content_of
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.assessments import stamped
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.json_text import to_text
from steelyard.store.sql.monitor_counting import MAX_ERROR, Counting, Ended
from steelyard.store.sql.monitor_schema import OUTCOMES, monitor_work
from steelyard.store.sql.monitor_sessions import OldFeedback, SessionFeedback
from steelyard.store.sql.trace_schema import traces


@dataclass(frozen=True, slots=True)
class _Draft:
    """What became of work, checked."""

    done: WorkDone
    outcome: str
    said: tuple[Assessment, ...]
    error: str
    plain: bool
    """Whether all that was said is new, and in nobody's place."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Work as its row has it."""

    number: int
    monitor: int
    session: str | None
    past: int
    settled_ms: int
    lease: str | None


def commit_work(database: Database, done: Sequence[WorkDone], *, now_ms: int) -> int:
    """See ``MonitorStore.commit``."""
    drafts = [_draft(one) for one in done]
    if not drafts:
        return 0
    committing = database.spelt(_Committing)
    return database.run(lambda cursor: committing.commit(cursor, drafts, now_ms))


def _draft(done: WorkDone) -> _Draft:
    """Check what became of work; feedback that cannot be kept is an error of the scorer, and holds up nothing else."""
    if done.outcome not in OUTCOMES:
        msg = f"outcome={done.outcome!r} is none: work ends as {', '.join(OUTCOMES)}."
        raise InvalidArgument(msg)
    check_integer(done.work.work_id, "work_id")
    plain = all(one.assessment_id is None and one.overrides is None for one in done.assessments)
    try:
        said = tuple(_stamped(one, done) for one in done.assessments)
    except InvalidArgument as error:
        return _Draft(done, "scorer_error", (), _unkept(error), plain)
    return _Draft(done, done.outcome, said, to_text(done.error[:MAX_ERROR]), plain)


def _stamped(assessment: Assessment, done: WorkDone) -> Assessment:
    check_assessment(assessment)
    metadata = {**assessment.metadata, MONITOR_KEY: done.work.monitor_id}
    return stamped(replace(assessment, trace_id=assessment.trace_id or done.work.subject, metadata=metadata))


def _unkept(error: Exception) -> str:
    return to_text(f"What the scorer said cannot be kept: {error}"[:MAX_ERROR])


class _Committing:
    """Commits; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        self._assessments, self._counting = database.spelt(AssessmentWriter), database.spelt(Counting)
        self._sessions = database.spelt(SessionFeedback)
        w, t = monitor_work.c, traces.c
        found = select(t.trace_id, t.id).where(dialect.listed(t.trace_id)).order_by(t.id)
        self._traces = text(found.with_for_update(key_share=True))
        held = select(w.id, w.monitor, w.session, w.past, w.settled_ms, w.lease)
        self._work = text(held.where(dialect.listed(w.id)).order_by(w.id).with_for_update())
        ended = {"due_ms": bindparam("at"), "lease": null(), "outcome": bindparam("ending")}
        self._end = text(update(monitor_work).where(dialect.listed(w.id)).values(ended))
        # A session that has changed since it was handed out waits again.
        again = {"due_ms": w.settled_ms, "attempt": literal_column("0"), "lease": null()}
        self._again = text(update(monitor_work).where(dialect.listed(w.id)).values(again))

    def commit(self, cursor: Cursor, drafts: Sequence[_Draft], now_ms: int) -> int:
        """Keep what still counts; return how many."""
        old = self._sessions.find(cursor, [one.done.work.work_id for one in drafts])
        numbers = self._lock_traces(cursor, drafts, old)
        cursor.execute(self._work, (self._pack(sorted({one.done.work.work_id for one in drafts})),))
        rows = {row[0]: _Row(*row) for row in cursor.fetchall()}
        counted: dict[int, tuple[_Row, _Draft]] = {}
        for one in drafts:
            row = rows.get(one.done.work.work_id)
            if row is not None and row.lease == one.done.work.lease and row.number not in counted:
                counted[row.number] = (row, self._settled(one, row, numbers))
        self._write_plain(cursor, [one for row, one in counted.values() if _is_plain(one, row)], numbers)
        ended: dict[int, list[Ended]] = defaultdict(list)
        ends: dict[str, list[int]] = defaultdict(list)
        for row, one in counted.values():
            kept = one if _is_plain(one, row) else self._write(cursor, one, old.get(row.number, ()), numbers)
            ended[row.monitor].append(_ended(kept, row, now_ms))
            changed = row.session is not None and row.settled_ms != one.done.work.settled_ms
            ends["" if changed else kept.outcome].append(row.number)
        for outcome, works in ends.items():
            if outcome:
                cursor.execute(self._end, (now_ms, outcome, self._pack(works)))
            else:
                cursor.execute(self._again, (self._pack(works),))
        for monitor in sorted(ended):
            self._counting.count(cursor, monitor, ended[monitor], now_ms)
        return len(counted)

    def _lock_traces(
        self, cursor: Cursor, drafts: Sequence[_Draft], old: Mapping[int, Sequence[OldFeedback]]
    ) -> dict[str, int]:
        wanted = {str(said.trace_id) for one in drafts for said in one.said}
        wanted |= {one.trace_id for of_work in old.values() for one in of_work}
        if not wanted:
            return {}
        cursor.execute(self._traces, (self._pack(sorted(wanted)),))
        return dict(cursor.fetchall())

    def _settled(self, draft: _Draft, row: _Row, numbers: Mapping[str, int]) -> _Draft:
        """Return what is left of a draft when traces were deleted."""
        missing = next((one for one in draft.said if one.trace_id not in numbers), None)
        if missing is None:
            return draft
        if row.session is not None and missing.trace_id == row.session:
            error = f"The feedback {missing.name!r} on a session names none of its traces, so it cannot be kept."
            return replace(draft, outcome="scorer_error", said=(), error=to_text(error))
        return replace(draft, outcome="gone", said=(), error="")

    def _write_plain(self, cursor: Cursor, drafts: Sequence[_Draft], numbers: Mapping[str, int]) -> None:
        now = clock_ms()
        rows = [
            (*assessment_row(said, numbers[str(said.trace_id)], content_of(said)), "created", now, None)
            for one in drafts
            for said in one.said
        ]
        self._assessments.add_new(cursor, rows)

    def _write(self, cursor: Cursor, draft: _Draft, old: Sequence[OldFeedback], numbers: Mapping[str, int]) -> _Draft:
        """Write feedback that takes the place of other; what cannot be written takes nothing else with it."""
        cursor.execute("SAVEPOINT one_work")
        try:
            self._sessions.write(cursor, draft.said, old if draft.outcome == "scored" else (), numbers)
        except (InvalidArgument, NotFound) as error:
            cursor.execute("ROLLBACK TO one_work")
            draft = replace(draft, outcome="scorer_error", said=(), error=_unkept(error))
        cursor.execute("RELEASE one_work")
        return draft


def _is_plain(draft: _Draft, row: _Row) -> bool:
    return row.session is None and draft.plain


def _ended(draft: _Draft, row: _Row, now_ms: int) -> Ended:
    done = draft.done
    delay = max(now_ms - done.work.settled_ms, 0) if draft.outcome == "scored" and not row.past else None
    return Ended(
        outcome=draft.outcome,
        delay_ms=delay,
        error=draft.error,
        calls=done.calls,
        input_tokens=done.input_tokens,
        output_tokens=done.output_tokens,
        cost=done.cost,
    )
