"""What a reviewer reads of an item: the traces, what is expected, what others said, and how far they are."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from steelyard.errors import NotFound
from steelyard.records import Assessment, Expectation, Feedback, Span, Store, TraceInfo
from steelyard.records.review import (
    PREFERENCE,
    LabelSchema,
    ReviewAnswer,
    ReviewItem,
    ReviewQueue,
    ReviewStatus,
)
from steelyard.tracking.review_queues import questions_of
from steelyard.web.contexts.review import Beside, Known, Progress, Question, Side, Step, Told
from steelyard.web.dialogue import Turn, conversations, opening
from steelyard.web.judging import by_whom, word_of
from steelyard.web.messages import Message, clean
from steelyard.web.questioning import word_for
from steelyard.web.spandetail import icon_of
from steelyard.web.spantree import tree_of

_MOST_SPANS = 2_000  # beyond, finding the root span costs more than its whole text is worth here
_MESSAGES = 60
_FIRST = 10
_ERROR = 600
_RECENT = 40
_FACTS = 20
_LONGEST = 4_000
_STEPS = 80
_AWAY = 900.0
_QUEUE = "steelyard.review.queue"


def sides_of(store: Store, queue: ReviewQueue, item: ReviewItem, *, swapped: bool) -> tuple[Side, ...]:
    """Return what an item shows, in the order of this reviewer.

    Raises:
        NotFound: a trace was deleted.
    """
    ids = [trace_id for trace_id in (item.trace_id, item.other_trace_id) if trace_id]
    infos = store.traces.infos(ids)
    for trace_id in ids:
        if trace_id not in infos:
            raise NotFound(f"The trace {trace_id!r} is no longer there.")
    if len(ids) < 2:
        return (_side(store, infos[item.trace_id]),)
    order = [(item.trace_id, item.name), (item.other_trace_id, item.other_name)]
    pairs = zip("AB", reversed(order) if swapped else order, strict=True)
    return tuple(
        _side(store, infos[trace_id], label=label, by="" if queue.rules.blind else by)
        for label, (trace_id, by) in pairs
    )


def _side(store: Store, info: TraceInfo, *, label: str = "", by: str = "") -> Side:
    root = root_of(store, info)
    turns = opening(root) if root else _previews(info)
    cut = max(0, len(turns) - _MESSAGES)
    failed = root is not None and info.state == "ERROR"
    return Side(
        trace_id=info.trace_id,
        name=info.name or "Trace",
        turns=(*turns[:_FIRST], *turns[_FIRST + cut :]) if cut else turns,
        label=label,
        cut=cut,
        error=(clean(root.status.description)[:_ERROR] or "It failed.") if root and failed else "",
        by=by,
        n_spans=info.n_spans,
        duration=info.execution_duration,
    )


def root_of(store: Store, info: TraceInfo) -> Span | None:
    """Return the span at the top of a trace with its content; None where that is too costly, or there is none."""
    if not 0 < info.n_spans <= _MOST_SPANS:
        return None
    outline = store.traces.outline(info.trace_id)
    top = next((span for span in outline if span.parent_id is None), outline[0] if outline else None)
    return store.traces.span(info.trace_id, top.span_id) if top else None


def _previews(info: TraceInfo) -> tuple[Turn, ...]:
    told = (("user", info.request_preview), ("assistant", info.response_preview))
    return tuple(
        Turn(message=Message(role=role, text=clean(text)), span_id="", said=role == "assistant")
        for role, text in told
        if text
    )


def known_of(
    store: Store, queue: ReviewQueue, item: ReviewItem, questions: Sequence[Question]
) -> tuple[tuple[Known, ...], tuple[Known, ...]]:
    """Return what is expected of an item's trace, and what judges said of it.

    Expectations help to answer questions of feedback alone; those that the queue itself asks for stay hidden, and so
    does all that its reviewers said. Scores are told where the queue is not blind.
    """
    if item.other_trace_id:
        return (), ()
    asked = {question.name for question in questions}
    there = store.assessments.list([item.trace_id]).get(item.trace_id, ())
    others = [one for one in there if one.valid and one.name not in asked and _QUEUE not in one.metadata]
    expected = [one for one in others if isinstance(one, Expectation)]
    said = [one for one in there if isinstance(one, Feedback) and one.valid and one.source.source_type != "HUMAN"]
    if not any(question.kind == "feedback" for question in questions):
        expected = []
    return tuple(map(_known, expected[:_FACTS])), tuple(map(_known, said[:_FACTS])) if not queue.rules.blind else ()


def _known(one: Assessment) -> Known:
    why = one.rationale or "" if isinstance(one, Feedback) else ""
    return Known(name=one.name, value=word_of(one.value)[:_LONGEST], by=by_whom(one.source), why=why[:_LONGEST])


def told_of(answer: ReviewAnswer, schemas: Mapping[str, LabelSchema], *, swapped: bool | None = None) -> Told:
    """Return an answer in words.

    Args:
        answer: the answer.
        schemas: by id, to word its values.
        swapped: of a pair, whether whoever reads this sees the second first; None to tell first and second.
    """
    values = []
    for label in answer.labels:
        if label.schema_id == PREFERENCE:
            values.append(("Which is better?", _better(label.value, swapped)))
        else:
            schema = schemas.get(label.schema_id)
            values.append((schema.name if schema else "a question since deleted", word_for(label.value, schema)))
    comments = [label.comment for label in answer.labels if label.comment]
    return Told(
        reviewer=answer.reviewer,
        kind=answer.kind,
        values=tuple(values),
        comments=(*comments, *((answer.comment,) if answer.comment else ())),
        decides=answer.decides,
    )


def _better(value: Any, swapped: bool | None) -> str:
    if value == "tie":
        return "equally good"
    if swapped is None:
        return f"the {value} is better"
    return "A is better" if (value == "second") == swapped else "B is better"


def schemas_of(store: Store, queue: ReviewQueue) -> dict[str, LabelSchema]:
    """Return what a queue asks, by id, in order."""
    return {schema.schema_id: schema for schema in questions_of(store, queue)}


def progress_of(store: Store, queue: ReviewQueue, reviewer: str) -> Progress:
    """Return how far a reviewer is: read once, then counted on from answer to answer."""
    reviewed = store.reviews.reviewed(queue.queue_id)
    mine = [
        (one.item, answer)
        for one in reviewed
        for answer in one.answers
        if answer.reviewer == reviewer and not answer.decides
    ]
    waiting = sum(item.status == ReviewStatus.PENDING for item, _ in mine)
    own = [answer.seconds for _, answer in mine if answer.seconds > 0][-_RECENT:]
    pace = own or [answer.seconds for one in reviewed for answer in one.answers if answer.seconds > 0][-_RECENT:]
    return Progress(
        done=len(mine),
        waiting=waiting,
        left=max(0, queue.counts.pending - waiting),
        pace=statistics.median(pace) if pace else 0.0,
    )


def counted_on(before: Progress, queue: ReviewQueue, *, done: int, waiting: int, seconds: float = 0.0) -> Progress:
    """Return how far a reviewer is after one more item, or one less."""
    pace = before.pace
    if 0 < seconds < _AWAY:
        pace = 0.8 * pace + 0.2 * seconds if pace else seconds
    waits = max(0, before.waiting + waiting)
    return Progress(
        done=max(0, before.done + done), waiting=waits, left=max(0, queue.counts.pending - waits), pace=pace
    )


def beside(store: Store, trace_id: str, *, label: str = "") -> Beside:
    """Return a trace as it stands beside the item.

    Raises:
        NotFound: it was deleted.
    """
    info = store.traces.infos([trace_id]).get(trace_id)
    if info is None:
        raise NotFound(f"The trace {trace_id!r} is no longer there.")
    tree = tree_of(store, info)
    threads, left = [], _MESSAGES
    for thread in conversations(store, trace_id, tree):
        if left > 0:
            threads.append(replace(thread, turns=thread.turns[:left]))
            left -= len(thread.turns)
    steps = tuple(
        Step(
            span_id=span.span_id,
            name=span.name or "without a name",
            icon=icon_of(span.span_type),
            depth=tree.depths[i],
            failed=span.status.status_code == "ERROR",
            duration=None if span.end_time_ns is None else max(0.0, (span.end_time_ns - span.start_time_ns) / 1e6),
        )
        for i, span in enumerate(tree.spans[:_STEPS])
    )
    return Beside(trace_id=trace_id, label=label, threads=tuple(threads), steps=steps, total=len(tree))
