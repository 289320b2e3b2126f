"""Assessments in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.assessment import Assessment, AssessmentChange, AssessmentSource
from steelyard.store.sql.assessment_rows import assessment_from, check_assessment, content_of, source_from
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor, Dialect
from steelyard.store.sql.trace_schema import assessment_history, assessments, traces


class SqlAssessments:
    """See ``AssessmentStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _writer(self) -> AssessmentWriter:
        return self._database.spelt(AssessmentWriter)

    def add(self, assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
        added = [stamped(check_assessment(assessment)) for assessment in assessments]
        if not added:
            return ()

        def work(cursor: Cursor) -> tuple[Assessment, ...]:
            numbers = self._writer.lock(cursor, [str(one.trace_id) for one in added])
            return tuple(self._writer.add(cursor, added, numbers))

        return self._database.run(work)

    def get(self, trace_id: str, assessment_id: str) -> Assessment:
        a = assessments.c
        statement = (
            select(a.kind, a.content)
            .join(traces, traces.c.id == a.trace)
            .where(traces.c.trace_id == trace_id, a.assessment_id == assessment_id)
        )
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise _missing(trace_id, assessment_id)
        return assessment_from(row[0], row[1])

    def list(self, trace_ids: Sequence[str]) -> Mapping[str, tuple[Assessment, ...]]:
        with self._database.read() as connection:
            numbers = trace_numbers(connection, self._database.dialect, trace_ids)
            said = assessments_of(connection, self._database.dialect, tuple(numbers.values()))
        return {trace_id: said.get(number, ()) for trace_id, number in numbers.items()}

    def update(self, assessment: Assessment, *, by: AssessmentSource | None = None) -> Assessment:
        check_assessment(assessment)
        trace_id, assessment_id = _ids(assessment)

        def work(cursor: Cursor) -> Assessment:
            numbers = self._writer.lock(cursor, [trace_id])
            kept = self._writer.find(cursor, numbers[trace_id], assessment_id)
            if kept is None:
                raise _missing(trace_id, assessment_id)
            changed = _updated(kept.assessment, assessment)
            self._writer.change(cursor, kept, changed, "updated", by)
            return changed

        return self._database.run(work)

    def delete(self, trace_id: str, assessment_id: str, *, by: AssessmentSource | None = None) -> None:
        def work(cursor: Cursor) -> None:
            numbers = self._writer.lock(cursor, [trace_id])
            kept = self._writer.find(cursor, numbers[trace_id], assessment_id)
            if kept is None:
                raise _missing(trace_id, assessment_id)
            self._writer.remove(cursor, kept, by)

        self._database.run(work)

    def history(self, trace_id: str, assessment_id: str) -> tuple[AssessmentChange, ...]:
        """Return all that it was, the oldest first, the last being what it is (or that it was deleted)."""
        h, a = assessment_history.c, assessments.c
        chosen = traces.c.trace_id == trace_id
        before = (
            select(h.kind, h.content, h.action_time, h.action, h.action_source)
            .join(traces, traces.c.id == h.trace)
            .where(chosen, h.assessment_id == assessment_id)
            .order_by(h.position)
        )
        now = (
            select(a.kind, a.content, a.action_time, a.action, a.action_source)
            .join(traces, traces.c.id == a.trace)
            .where(chosen, a.assessment_id == assessment_id)
        )
        with self._database.read() as connection:
            rows = [*connection.execute(before), *connection.execute(now)]
        if not rows:
            raise _missing(trace_id, assessment_id)
        return tuple(
            AssessmentChange(assessment_from(kind, content), time_ms, action, source_from(by))
            for kind, content, time_ms, action, by in rows
        )


def stamped(assessment: Assessment) -> Assessment:
    """Return an assessment with an id and times, its content checked."""
    if assessment.trace_id is None:
        msg = f"The assessment {assessment.name!r} names no trace. Set its trace_id."
        raise InvalidArgument(msg)
    now = now_ms()
    whole = replace(
        assessment,
        assessment_id=assessment.assessment_id or f"a-{uuid.uuid4().hex}",
        create_time_ms=assessment.create_time_ms or now,
        last_update_time_ms=assessment.last_update_time_ms or now,
    )
    content_of(whole)
    return whole


def trace_numbers(connection: Connection, dialect: Dialect, trace_ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of those of the traces that exist, in the order of ``trace_ids``."""
    statement = select(traces.c.trace_id, traces.c.id).where(dialect.listed(traces.c.trace_id))
    found = {row[0]: row[1] for row in connection.execute(statement, {"listed": dialect.pack(list(trace_ids))})}
    return {trace_id: found[trace_id] for trace_id in trace_ids if trace_id in found}


def assessments_of(
    connection: Connection, dialect: Dialect, numbers: Sequence[int]
) -> dict[int, tuple[Assessment, ...]]:
    """Return the assessments of traces by their numbers, in the order they were made."""
    a = assessments.c
    rows = connection.execute(select(a.trace, a.kind, a.content).where(dialect.among(a.trace, numbers)).order_by(a.id))
    found: dict[int, list[Assessment]] = {}
    for trace, kind, content in rows:
        found.setdefault(trace, []).append(assessment_from(kind, content))
    return {trace: tuple(said) for trace, said in found.items()}


def _updated(old: Assessment, new: Assessment) -> Assessment:
    """Return ``old`` with what may change taken from ``new``."""
    if old.kind != new.kind:
        msg = f"The {old.kind} {old.assessment_id!r} cannot become a {new.kind}."
        raise InvalidArgument(msg)
    return replace(
        new,
        name=old.name,
        source=old.source,
        span_id=old.span_id,
        overrides=old.overrides,
        valid=old.valid,
        metadata={**old.metadata, **new.metadata},
        create_time_ms=old.create_time_ms,
        last_update_time_ms=max(now_ms(), old.last_update_time_ms),
    )


def _ids(assessment: Assessment) -> tuple[str, str]:
    if assessment.trace_id is None or assessment.assessment_id is None:
        msg = f"The assessment {assessment.name!r} has no trace_id or no assessment_id, so it cannot be found."
        raise InvalidArgument(msg)
    return assessment.trace_id, assessment.assessment_id


def _missing(trace_id: str, assessment_id: str) -> NotFound:
    return NotFound(f"The trace {trace_id!r} has no assessment {assessment_id!r}.")
