"""Writing traces on a bare cursor: for the store of traces, and for ledgers that write them with their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, literal_column, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.trace import RUN_KEY, TRACE_NAME_TAG, Trace
from steelyard.store.limits import check_words
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.schema import experiments, runs
from steelyard.store.sql.span_writer import SpanRows, SpanWriter, span_rows, usage_row_of
from steelyard.store.sql.trace_rows import MAX_TRACE_WORD, TRACE_COLUMNS, USAGE, trace_row
from steelyard.store.sql.trace_schema import spans, trace_runs, trace_tags, traces
from steelyard.store.sql.waiting import Marks

_METADATA = TRACE_COLUMNS.index("metadata")


SAID_BY_PUT, SAID_STATE, SAID_NAME = 1, 2, 4
"""What of a trace was said outright: everything, its state, its name. Spans that come later do not guess it again."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A trace as it was before."""

    number: int
    metadata: str
    experiment: int
    request_time: int
    said: int


@dataclass(frozen=True, slots=True)
class TraceDraft:
    """A trace in the form of its rows, checked, and not yet written."""

    trace_id: str
    row: tuple[Any, ...]
    spans: SpanRows
    tags: dict[str, str]
    run_id: str | None


def draft(trace: Trace, *, experiment_id: str | None = None, run_id: str | None = None) -> TraceDraft:
    """Return a trace's rows.

    Args:
        trace: what to write.
        experiment_id: in place of the one that it names.
        run_id: what its metadata name as their run if they name none.

    Raises:
        InvalidArgument: something in it cannot be stored.
    """
    info = trace.info
    stranger = next((span for span in trace.data.spans if span.trace_id != info.trace_id), None)
    if stranger is not None:
        msg = f"The span {stranger.name!r} is of the trace {stranger.trace_id!r} and stands in {info.trace_id!r}."
        raise InvalidArgument(msg)
    tags = check_words(info.tags, "trace tag", limit=MAX_TRACE_WORD)
    tags.pop(TRACE_NAME_TAG, None)
    rows = span_rows(trace.data.spans)
    row = trace_row(info, experiment_number(experiment_id or info.experiment_id), len(rows))
    metadata = info.trace_metadata
    if run_id is not None and RUN_KEY not in metadata:
        row = (*row[:_METADATA], msgspec.json.encode({**metadata, RUN_KEY: run_id}).decode())
    return TraceDraft(info.trace_id, row, rows, tags, metadata.get(RUN_KEY))


def experiment_number(experiment_id: str) -> int:
    """Return an experiment's id as its row has it."""
    if experiment_id.isascii() and experiment_id.isdecimal() and len(experiment_id) < 19:
        return int(experiment_id)
    msg = f"There is no experiment with id {experiment_id!r}."
    raise NotFound(msg)


class TraceWriter:
    """Writes drafts of traces; each statement once for all of them.

    Args:
        database: where; its statements are spelt once.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack: Callable[[Sequence[Any]], Any] = dialect.pack
        self._experiments = text(select(experiments.c.id).where(dialect.listed(experiments.c.id)))
        self._runs = text(select(runs.c.run_id, runs.c.id).where(dialect.listed(runs.c.run_id)))
        self._spans, self._marks = SpanWriter(database), Marks(database)
        t = traces.c
        self._known = text(
            select(t.trace_id, t.id, t.metadata, t.experiment, t.request_time, t.said)
            .where(dialect.listed(traces.c.trace_id))
            .order_by(traces.c.id)
            .with_for_update(key_share=True)
        )
        self._numbers = text(select(traces.c.trace_id, traces.c.id).where(dialect.listed(traces.c.trace_id)))
        self._trace = text(_trace_upsert(database), (*TRACE_COLUMNS, "said"))
        self._tag = text(_replacing(database, trace_tags, ("trace", "key")))
        self._link = text(dialect.insert(trace_runs).on_conflict_do_nothing())
        number = bindparam("number")
        count = select(func.count()).where(spans.c.trace == bindparam("counted")).scalar_subquery()
        self._count = text(update(traces).where(traces.c.id == number).values(n_spans=count))
        usage = {name: bindparam(f"{name}_") for name in USAGE}
        self._usage = text(update(traces).where(traces.c.id == number).values(usage))

    def write(self, cursor: Cursor, drafts: Iterable[TraceDraft]) -> dict[str, int]:
        """Write traces, one that is there already becoming what is written now; return their numbers by id."""
        # In the order of their ids: two writers that meet on the same traces wait for each other, never in a ring.
        ordered = sorted(drafts, key=lambda one: one.trace_id)
        if not ordered:
            return {}
        self.check_experiments(cursor, {one.row[1] for one in ordered})
        ids = list(dict.fromkeys(one.trace_id for one in ordered))
        cursor.execute(self._known, (self._pack(ids),))
        known = {row[0]: _Known(*row[1:]) for row in cursor.fetchall()}
        twice = known or len(ids) < len(ordered)
        rows = _merged(ordered, known) if twice else [one.row for one in ordered]
        cursor.executemany(self._trace, [(*row, SAID_BY_PUT) for row in rows])
        cursor.execute(self._numbers, (self._pack(ids),))
        numbers: dict[str, int] = dict(cursor.fetchall())
        self._write_parts(cursor, ordered, numbers)
        if twice:
            cursor.executemany(self._count, [(number, number) for number in numbers.values()])
            self._count_usage(cursor, [one.number for one in known.values() if not one.said & SAID_BY_PUT])
        self._marks.traces(cursor, numbers.values())
        self._marks.windows(cursor, [(one.row[1], one.row[2]) for one in ordered])
        self._marks.windows(cursor, [(one.experiment, one.request_time) for one in known.values()])
        return numbers

    def link(self, cursor: Cursor, run: int, numbers: Iterable[int]) -> None:
        """Count traces among a run's."""
        rows = [(run, number) for number in sorted(set(numbers))]
        if rows:
            cursor.executemany(self._link, rows)

    def link_to_runs(self, cursor: Cursor, made_in: Sequence[tuple[str, int]]) -> None:
        """Count traces, by number, among the runs that they name, as far as these exist."""
        if not made_in:
            return
        cursor.execute(self._runs, (self._pack(sorted({run_id for run_id, _ in made_in})),))
        for run_id, run in cursor.fetchall():
            self.link(cursor, run, (number for named, number in made_in if named == run_id))

    def numbers(self, cursor: Cursor, trace_ids: Sequence[str]) -> dict[str, int]:
        """Return the numbers of those of the traces that exist."""
        if not trace_ids:
            return {}
        cursor.execute(self._numbers, (self._pack(trace_ids),))
        return dict(cursor.fetchall())

    def check_experiments(self, cursor: Cursor, wanted: set[int]) -> None:
        """Raise NotFound if one of the experiments does not exist."""
        cursor.execute(self._experiments, (self._pack(sorted(wanted)),))
        unknown = wanted - {number for (number,) in cursor.fetchall()}
        if unknown:
            msg = f"There is no experiment with id '{min(unknown)}'."
            raise NotFound(msg)

    def _count_usage(self, cursor: Cursor, numbers: Sequence[int]) -> None:
        """Count the usage of traces whose spans came from several sides: what was put knows its own alone."""
        found = {number: usage_row_of(light) for number, light in self._spans.light(cursor, numbers).items()}
        rows = [(*usage, number) for number, usage in found.items() if usage is not None]
        if rows:
            cursor.executemany(self._usage, rows)

    def _write_parts(self, cursor: Cursor, drafts: Sequence[TraceDraft], numbers: Mapping[str, int]) -> None:
        self._spans.write(cursor, [(numbers[one.trace_id], one.spans) for one in drafts])
        tag_rows = [(numbers[one.trace_id], key, value) for one in drafts for key, value in sorted(one.tags.items())]
        if tag_rows:
            cursor.executemany(self._tag, tag_rows)
        self.link_to_runs(cursor, [(one.run_id, numbers[one.trace_id]) for one in drafts if one.run_id])


def _replacing(database: Database, table: Any, key: tuple[str, ...]) -> Any:
    upsert = database.dialect.insert(table)
    rest = {column.name: upsert.excluded[column.name] for column in table.columns if column.name not in key}
    return upsert.on_conflict_do_update(index_elements=list(key), set_=rest)


def _trace_upsert(database: Database) -> Any:
    """A trace that is written again becomes what is written now, but what was known is not forgotten."""
    upsert = database.dialect.insert(traces)
    new = upsert.excluded
    kept = ("duration", "name", "session", "user_id", "client_request_id", *USAGE)
    changes = {column: new[column] for column in ("request_time", "state", "n_spans", "metadata", "said")}
    changes |= {column: func.coalesce(new[column], traces.c[column]) for column in kept}
    for column in ("request_preview", "response_preview"):
        changes[column] = func.coalesce(func.nullif(new[column], literal_column("''")), traces.c[column])
    return upsert.on_conflict_do_update(index_elements=["trace_id"], set_=changes)


def _merged(drafts: Sequence[TraceDraft], known: Mapping[str, _Known]) -> list[tuple[Any, ...]]:
    """Add metadata that was written before to those of now."""
    before = {trace_id: msgspec.json.decode(one.metadata) for trace_id, one in known.items()}
    rows = []
    for one in drafts:
        words = {**before.get(one.trace_id, {}), **msgspec.json.decode(one.row[_METADATA])}
        before[one.trace_id] = words
        rows.append((*one.row[:_METADATA], msgspec.json.encode(words).decode()))
    return rows
