"""Traces in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select, update

from steelyard.errors import NotFound
from steelyard.records import Page
from steelyard.records.arrival import Arrival, Loss
from steelyard.records.trace import TRACE_NAME_TAG, Span, SpanLine, Trace, TraceData, TraceInfo
from steelyard.store.limits import check_words
from steelyard.store.sql.arriving import ArrivalWriter, arrival_drafts
from steelyard.store.sql.assessment_rows import check_assessment
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.assessments import stamped, trace_numbers
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.losses import add_losses
from steelyard.store.sql.runs import active_run_number
from steelyard.store.sql.spans import outline_of, span_of, spans_of, trace_number
from steelyard.store.sql.trace_infos import INFO_COLUMNS, infos_from_rows
from steelyard.store.sql.trace_rows import MAX_TRACE_WORD, check_client_id, check_state
from steelyard.store.sql.trace_schema import trace_runs, trace_tags, traces
from steelyard.store.sql.trace_search import TraceSearch
from steelyard.store.sql.trace_writer import SAID_NAME, SAID_STATE, TraceWriter, draft
from steelyard.store.sql.waiting import mark_arrivals, mark_windows


class SqlTraces:
    """See ``TraceStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._search = TraceSearch(database)

    @property
    def _writer(self) -> TraceWriter:
        return self._database.spelt(TraceWriter)

    @property
    def _assessments(self) -> AssessmentWriter:
        return self._database.spelt(AssessmentWriter)

    def put(self, traces: Sequence[Trace], *, durable: bool = True) -> None:
        drafts = [draft(trace) for trace in traces]
        said = [
            stamped(check_assessment(replace(one, trace_id=trace.info.trace_id)))
            for trace in traces
            for one in trace.info.assessments
        ]

        def work(cursor: Cursor) -> None:
            numbers = self._writer.write(cursor, drafts)
            if said:
                self._assessments.add(cursor, said, numbers)

        self._database.run(work, durable=durable)

    def arrive(self, arrivals: Sequence[Arrival]) -> None:
        drafts = arrival_drafts(arrivals)
        if drafts:
            writer = self._database.spelt(ArrivalWriter)
            self._database.run(lambda cursor: writer.write(cursor, drafts))

    def lost(self, losses: Sequence[Loss]) -> None:
        add_losses(self._database, losses)

    def get(self, trace_id: str) -> Trace:
        with self._database.read() as connection:
            number = trace_number(connection, trace_id)
            info = self._infos(connection, [number])[0]
            found = spans_of(connection, self._database.dialect, {number: trace_id})
        return Trace(info, TraceData(found[trace_id]))

    def infos(self, trace_ids: Sequence[str]) -> Mapping[str, TraceInfo]:
        with self._database.read() as connection:
            numbers = trace_numbers(connection, self._database.dialect, trace_ids)
            found = {info.trace_id: info for info in self._infos(connection, list(numbers.values()))}
        return {trace_id: found[trace_id] for trace_id in numbers}

    def spans(self, trace_ids: Sequence[str]) -> Mapping[str, tuple[Span, ...]]:
        """Return the spans of those of the traces that exist."""
        with self._database.read() as connection:
            numbers = trace_numbers(connection, self._database.dialect, trace_ids)
            return spans_of(
                connection, self._database.dialect, {number: trace_id for trace_id, number in numbers.items()}
            )

    def outline(self, trace_id: str) -> tuple[SpanLine, ...]:
        with self._database.read() as connection:
            return outline_of(connection, trace_id)

    def span(self, trace_id: str, span_id: str) -> Span:
        with self._database.read() as connection:
            return span_of(connection, trace_id, span_id)

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
        run_id: str | None = None,
    ) -> Page[TraceInfo]:
        """Find traces; with a ``run_id`` and no experiments, the run's traces wherever they are."""
        return self._search.search(
            experiment_ids,
            filter_string,
            order_by=order_by,
            max_results=max_results,
            page_token=page_token,
            run_id=run_id,
        )

    def count(self, experiment_ids: Sequence[str], filter_string: str = "", *, run_id: str | None = None) -> int:
        return self._search.count(experiment_ids, filter_string, run_id=run_id)

    def update(
        self,
        trace_id: str,
        *,
        tags: Mapping[str, str] | None = None,
        state: str | None = None,
        client_request_id: str | None = None,
    ) -> None:
        words = check_words(tags or {}, "trace tag", limit=MAX_TRACE_WORD)
        changes: dict[str, Any] = {}
        said = 0
        if TRACE_NAME_TAG in words:
            changes["name"] = words.pop(TRACE_NAME_TAG)
            said |= SAID_NAME
        if state is not None:
            changes["state"] = check_state(state)
            said |= SAID_STATE
        if said:
            changes["said"] = traces.c.said.op("|")(said)
        if client_request_id is not None:
            changes["client_request_id"] = check_client_id(client_request_id)
        upsert = self._database.dialect.insert(trace_tags)
        upsert = upsert.on_conflict_do_update(index_elements=["trace", "key"], set_={"value": upsert.excluded.value})
        with self._database.write() as connection:
            number = trace_number(connection, trace_id)
            mark_windows(connection, self._database.dialect, [number])
            if changes:
                connection.execute(update(traces).where(traces.c.id == number).values(**changes))
            if words:
                rows = [{"trace": number, "key": key, "value": words[key]} for key in sorted(words)]
                connection.execute(upsert, rows)
            mark_arrivals(connection, self._database.dialect, [number])

    def delete_tag(self, trace_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            NotFound: the trace has no such tag.
        """
        t = trace_tags.c
        with self._database.write() as connection:
            number = trace_number(connection, trace_id)
            mark_windows(connection, self._database.dialect, [number])
            if key == TRACE_NAME_TAG:
                named = (traces.c.id == number, traces.c.name.is_not(None))
                gone = connection.execute(update(traces).where(*named).values(name=None)).rowcount
            else:
                gone = connection.execute(delete(trace_tags).where(t.trace == number, t.key == key)).rowcount
            if not gone:
                msg = f"The trace {trace_id!r} has no tag {key!r}."
                raise NotFound(msg)
            mark_arrivals(connection, self._database.dialect, [number])

    def delete(self, trace_ids: Sequence[str]) -> int:
        with self._database.write() as connection:
            numbers = trace_numbers(connection, self._database.dialect, trace_ids)
            chosen = self._database.dialect.among(traces.c.id, sorted(numbers.values()))
            mark_windows(connection, self._database.dialect, numbers.values())
            connection.execute(delete(traces).where(chosen))  # its spans and all else go with it
            return len(numbers)

    def link(self, run_id: str, trace_ids: Sequence[str]) -> None:
        add = self._database.dialect.insert(trace_runs).on_conflict_do_nothing()
        with self._database.write() as connection:
            run = active_run_number(connection, run_id)
            numbers = trace_numbers(connection, self._database.dialect, trace_ids)
            unknown = next((trace_id for trace_id in trace_ids if trace_id not in numbers), None)
            if unknown is not None:
                msg = f"There is no trace with id {unknown!r}."
                raise NotFound(msg)
            if numbers:
                connection.execute(add, [{"run": run, "trace": number} for number in sorted(numbers.values())])

    def _infos(self, connection: Connection, numbers: Sequence[int]) -> tuple[TraceInfo, ...]:
        chosen = self._database.dialect.among(traces.c.id, numbers)
        rows = connection.execute(select(*INFO_COLUMNS).where(chosen)).all()
        return infos_from_rows(connection, self._database.dialect, rows)
