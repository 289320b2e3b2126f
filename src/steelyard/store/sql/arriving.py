"""Writing spans that came from elsewhere, and keeping what their traces say of themselves in step with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import bindparam, select, update

from steelyard.records.arrival import Arrival
from steelyard.records.assessment import Assessment
from steelyard.records.trace import RUN_KEY, SESSION_KEY, TRACE_NAME_TAG, USER_KEY
from steelyard.store.limits import MAX_KEY, check_name, check_words
from steelyard.store.sql.assessment_rows import check_assessment
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.assessments import stamped
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.json_text import from_json, to_text
from steelyard.store.sql.span_writer import PARENT_ID, SPAN_ID, SpanRows, SpanWriter, span_rows, usage_row_of
from steelyard.store.sql.trace_rows import CONTENT_COLUMNS, LIGHT_COLUMNS, MAX_TRACE_WORD, TRACE_COLUMNS, USAGE
from steelyard.store.sql.trace_schema import spans, trace_tags, traces
from steelyard.store.sql.trace_writer import (
    SAID_BY_PUT,
    SAID_NAME,
    SAID_STATE,
    TraceWriter,
    experiment_number,
)
from steelyard.store.sql.waiting import Marks
from steelyard.tracing.previews import preview

_NAME, _START, _END, _STATUS = (LIGHT_COLUMNS.index(name) for name in ("name", "start_time", "end_time", "status"))
_INPUTS = len(LIGHT_COLUMNS) + CONTENT_COLUMNS.index("inputs")
_NO_USAGE = (None,) * len(USAGE)
# What follows from the spans; the order of the parameters of the statement that updates it.
_FOLLOWS = (
    *("request_time", "duration", "state", "name", "session", "user_id"),
    *("request_preview", "response_preview", *USAGE, "n_spans", "metadata"),
)


@dataclass(slots=True)
class ArrivalDraft:
    """What came of one trace, checked, in the form of its rows."""

    trace_id: str
    experiment: int
    spans: SpanRows
    metadata: dict[str, str]
    tags: dict[str, str]
    run_ids: list[str]
    assessments: list[Assessment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """A trace as it stands."""

    number: int
    experiment: int
    request_time: int
    duration: float | None
    state: str
    name: str | None
    request_preview: str
    response_preview: str
    metadata: str
    said: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What the spans of a trace say of it."""

    request_time: int
    duration: float | None
    state: str
    name: str
    root_id: str
    complete: bool
    """Whether the root has come; a trace without one is told by the earliest of its spans until then."""


def arrival_drafts(arrivals: Sequence[Arrival]) -> list[ArrivalDraft]:
    """Return what came, one draft for each trace, in the order of the traces' ids.

    Raises:
        InvalidArgument: something in it cannot be stored.
        NotFound: an experiment's id is none.
    """
    drafts: dict[str, ArrivalDraft] = {}
    for one in arrivals:
        metadata = check_words(one.metadata, "trace metadata", limit=MAX_TRACE_WORD)
        if one.run_id:
            metadata.setdefault(RUN_KEY, one.run_id)
        made = ArrivalDraft(
            trace_id=check_name(one.trace_id, "trace id", limit=MAX_KEY),
            experiment=experiment_number(one.experiment_id),
            spans=span_rows(one.spans),
            metadata=metadata,
            tags=check_words(one.tags, "trace tag", limit=MAX_TRACE_WORD),
            run_ids=[one.run_id] if one.run_id else [],
            assessments=[stamped(check_assessment(replace(a, trace_id=one.trace_id))) for a in one.assessments],
        )
        before = drafts.setdefault(one.trace_id, made)
        if before is not made:
            _add(before, made)
    # In the order of their ids: two writers that meet on the same traces wait for each other, never in a ring.
    return [drafts[trace_id] for trace_id in sorted(drafts)]


def _add(before: ArrivalDraft, more: ArrivalDraft) -> None:
    before.spans.update(more.spans)
    before.metadata = {**more.metadata, **before.metadata}
    before.tags = {**more.tags, **before.tags}
    before.run_ids += more.run_ids
    before.assessments += more.assessments


class ArrivalWriter:
    """Writes drafts of arrivals; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._alone = dialect.one_writer
        self._pack: Callable[[Sequence[Any]], Any] = dialect.pack
        self._traces, self._spans, self._marks = TraceWriter(database), SpanWriter(database), Marks(database)
        self._assessments = AssessmentWriter(database)
        t = traces.c
        known = (t.id, t.experiment, t.request_time, t.duration, t.state, t.name, t.request_preview)
        self._known = text(
            select(t.trace_id, *known, t.response_preview, t.metadata, t.said)
            .where(dialect.listed(t.trace_id))
            .order_by(t.id)
            .with_for_update(key_share=True)
        )
        self._insert = text(dialect.insert(traces).on_conflict_do_nothing(), (*TRACE_COLUMNS, "said"))
        changes = {c.name: bindparam(f"{c.name}_") for c in traces.c if c.name in _FOLLOWS}
        self._order = tuple(changes)
        self._update = text(update(traces).where(t.id == bindparam("number")).values(changes))
        self._tag = text(dialect.insert(trace_tags).on_conflict_do_nothing())
        s = spans.c
        self._content = text(
            select(s.inputs, s.outputs).where(s.trace == bindparam("trace"), s.span_id == bindparam("span_id"))
        )

    def write(self, cursor: Cursor, drafts: Sequence[ArrivalDraft]) -> None:
        """Write what came.

        Raises:
            NotFound: an experiment does not exist; nothing is written.
        """
        self._traces.check_experiments(cursor, {one.experiment for one in drafts})
        ids = [one.trace_id for one in drafts]
        before = self._find(cursor, ids) if self._alone else {}
        new = [one for one in drafts if one.trace_id not in before]
        if new:
            cursor.executemany(self._insert, [_new_row(one) for one in new])
        known = self._find(cursor, ids)
        while len(known) < len(ids):  # one was there already, and was deleted in between
            cursor.executemany(self._insert, [_new_row(one) for one in drafts if one.trace_id not in known])
            known = self._find(cursor, ids)
        self._spans.write(cursor, [(known[one.trace_id].number, one.spans) for one in drafts])
        # With other writers about, each row is worked out from what the lock on it lets us see.
        old = [one for one in drafts if one.trace_id in before] if self._alone else drafts
        self._bring_up_to_date(cursor, old, known)
        self._write_words(cursor, drafts, known)
        numbers = {trace_id: one.number for trace_id, one in known.items()}
        said = [assessment for one in drafts for assessment in one.assessments]
        if said:
            self._assessments.add(cursor, said, numbers)
        self._marks.traces(cursor, numbers.values())
        self._marks.windows(cursor, [(one.experiment, one.request_time) for one in known.values()])

    def _find(self, cursor: Cursor, trace_ids: Sequence[str]) -> dict[str, _Known]:
        cursor.execute(self._known, (self._pack(trace_ids),))
        return {row[0]: _Known(*row[1:]) for row in cursor.fetchall()}

    def _bring_up_to_date(self, cursor: Cursor, drafts: Sequence[ArrivalDraft], known: Mapping[str, _Known]) -> None:
        light = self._spans.light(cursor, [known[one.trace_id].number for one in drafts])
        rows = []
        for one in drafts:
            trace = known[one.trace_id]
            values = self._values(cursor, one, trace, light[trace.number])
            self._marks.windows(cursor, [(trace.experiment, values["request_time"])])
            rows.append((*(values[name] for name in self._order), trace.number))
        if rows:
            cursor.executemany(self._update, rows)

    def _values(
        self, cursor: Cursor, draft: ArrivalDraft, trace: _Known, light: Sequence[tuple[Any, ...]]
    ) -> dict[str, Any]:
        """Return what ``_FOLLOWS`` names, as all spans of a trace have it now."""
        told = _told(light)
        words = {**draft.metadata, **msgspec.json.decode(trace.metadata, type=dict[str, str])}
        values: dict[str, Any] = {
            "request_time": told.request_time,
            "duration": told.duration,
            "state": trace.state if trace.said & SAID_STATE else told.state,
            "name": trace.name if trace.said & SAID_NAME else told.name,
            "session": words.get(SESSION_KEY),
            "user_id": words.get(USER_KEY),
            "n_spans": len(light),
            "metadata": msgspec.json.encode(words).decode(),
            **dict(zip(USAGE, usage_row_of(light) or _NO_USAGE, strict=True)),
        }
        if trace.said & SAID_BY_PUT:
            kept = ("request_time", "duration", "state", "name", "request_preview", "response_preview")
            return values | {name: getattr(trace, name) for name in kept}
        request, response = trace.request_preview, trace.response_preview
        if told.root_id in draft.spans or not told.complete:
            request, response = self._previews(cursor, draft, trace.number, told.root_id)
        return values | {"request_preview": request, "response_preview": response}

    def _previews(self, cursor: Cursor, draft: ArrivalDraft, number: int, root_id: str) -> tuple[str, str]:
        if root_id in draft.spans:
            return _previews(draft.spans[root_id][0][_INPUTS : _INPUTS + 2])
        cursor.execute(self._content, (number, root_id))
        return _previews(cursor.fetchone() or (None, None))

    def _write_words(self, cursor: Cursor, drafts: Sequence[ArrivalDraft], known: Mapping[str, _Known]) -> None:
        tags = [
            (known[one.trace_id].number, key, value)
            for one in drafts
            for key, value in sorted(one.tags.items())
            if key != TRACE_NAME_TAG
        ]
        if tags:
            cursor.executemany(self._tag, tags)
        made_in = [(run_id, known[one.trace_id].number) for one in drafts for run_id in one.run_ids]
        self._traces.link_to_runs(cursor, made_in)


def _new_row(draft: ArrivalDraft) -> tuple[Any, ...]:
    """Return the row of a trace of which these spans are the first."""
    light = [row[: len(LIGHT_COLUMNS)] for row, _ in draft.spans.values()]
    told = _told(light)
    request, response = _previews(draft.spans[told.root_id][0][_INPUTS : _INPUTS + 2])
    named = draft.tags.get(TRACE_NAME_TAG)
    values: dict[str, Any] = {
        "trace_id": draft.trace_id,
        "experiment": draft.experiment,
        "request_time": told.request_time,
        "duration": told.duration,
        "state": told.state,
        "name": named or told.name,
        "session": draft.metadata.get(SESSION_KEY),
        "user_id": draft.metadata.get(USER_KEY),
        "client_request_id": None,
        "request_preview": request,
        "response_preview": response,
        "n_spans": len(light),
        "metadata": msgspec.json.encode(draft.metadata).decode(),
        **dict(zip(USAGE, usage_row_of(light) or _NO_USAGE, strict=True)),
    }
    return (*(values[name] for name in TRACE_COLUMNS), SAID_NAME if named else 0)


def _told(light: Sequence[Sequence[Any]]) -> _Told:
    """Return what spans say of their trace: the root where it has come, else the earliest of those without a parent."""
    there = {row[SPAN_ID] for row in light}
    roots = [row for row in light if row[PARENT_ID] is None]
    complete = bool(roots)
    candidates = roots or [row for row in light if row[PARENT_ID] not in there] or light
    root = min(candidates, key=lambda row: (row[_START], row[SPAN_ID]))
    ended = complete and root[_END] is not None
    state = "IN_PROGRESS" if not ended else "ERROR" if root[_STATUS] == "ERROR" else "OK"
    duration = max(root[_END] - root[_START], 0) / 1_000_000 if ended else None
    return _Told(root[_START] // 1_000_000, duration, state, root[_NAME], root[SPAN_ID], complete)


def _previews(content: Sequence[str | None]) -> tuple[str, str]:
    request, response = (to_text(preview(from_json(text))) for text in content)
    return request, response
