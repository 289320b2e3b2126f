"""Feedback on sessions: what a monitor says of one that went on takes the place of what it said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, literal_column, select

from steelyard.records.assessment import Assessment
from steelyard.records.monitor import MONITOR_KEY
from steelyard.store.sql.assessment_rows import assessment_from
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.monitor_schema import monitor_work, monitors
from steelyard.store.sql.trace_schema import assessments, traces


@dataclass(frozen=True, slots=True)
class OldFeedback:
    """What a monitor said before: on which trace, under which name and id."""

    trace_id: str
    name: str
    assessment_id: str


class SessionFeedback:
    """Finds and replaces; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        self._assessments = database.spelt(AssessmentWriter)
        w, m, t, a = monitor_work.c, monitors.c, traces.c, assessments.c
        of_session = select(w.id, m.monitor_id, m.experiment, w.session).join(monitors, m.id == w.monitor)
        self._sessions = text(of_session.where(dialect.listed(w.id), w.session.is_not(None)))
        said = select(t.trace_id, a.kind, a.content).join(traces, t.id == a.trace)
        self._said = text(
            said.where(t.experiment == bindparam("of"), t.session == bindparam("session_"))
            .where(a.kind == literal_column("'feedback'"), a.valid.is_(True), a.content.like(bindparam("by")))
            .order_by(a.id)
        )

    def find(self, cursor: Cursor, work: Sequence[int]) -> dict[int, list[OldFeedback]]:
        """Return what monitors said before of those of the work that are sessions, by the work's number."""
        cursor.execute(self._sessions, (self._pack(sorted(set(work))),))
        found: dict[int, list[OldFeedback]] = {}
        for number, monitor_id, experiment, session in cursor.fetchall():
            cursor.execute(self._said, (experiment, session, f'%"{monitor_id}"%'))
            said = [(trace_id, assessment_from(kind, content)) for trace_id, kind, content in cursor.fetchall()]
            found[number] = [
                OldFeedback(trace_id, one.name, str(one.assessment_id))
                for trace_id, one in said
                if one.metadata.get(MONITOR_KEY) == monitor_id
            ]
        return found

    def write(
        self, cursor: Cursor, said: Sequence[Assessment], old: Sequence[OldFeedback], numbers: Mapping[str, int]
    ) -> None:
        """Write feedback on locked traces in the place of old feedback; old feedback that has no successor goes.

        Raises:
            NotFound, InvalidArgument: it says that it overrides what it cannot.
        """
        left = {(one.trace_id, one.name): one for one in old if self._is_valid(cursor, one, numbers)}
        for one in said:
            before = left.pop((str(one.trace_id), one.name), None)
            if before is not None and one.overrides is None and one.assessment_id != before.assessment_id:
                one = replace(one, overrides=before.assessment_id)
            self._assessments.add(cursor, [one], numbers)
        for gone in left.values():
            kept = self._assessments.find(cursor, numbers[gone.trace_id], gone.assessment_id)
            if kept is not None:
                self._assessments.remove(cursor, kept, None)

    def _is_valid(self, cursor: Cursor, old: OldFeedback, numbers: Mapping[str, int]) -> bool:
        """Return whether old feedback is there still, now that nobody else can change it."""
        if old.trace_id not in numbers:
            return False
        kept = self._assessments.find(cursor, numbers[old.trace_id], old.assessment_id)
        return kept is not None and kept.assessment.valid
