"""From the agreement board of a queue to what its page shows."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steelyard.records import Estimate, Store
from steelyard.records.review import (
    PREFERENCE,
    LabelSchema,
    ReviewAnswer,
    ReviewedItem,
    ReviewItem,
    ReviewQueue,
    ReviewStatus,
)
from steelyard.web.contexts.board import (
    Contestant,
    Curve,
    Dispute,
    Flagged,
    QuestionBoard,
    RankingView,
    Share,
    Shown,
    Statistic,
    TwoPeople,
    Worker,
)
from steelyard.web.contexts.review import Question
from steelyard.web.questioning import is_swapped, preference, questions_of, word_for
from steelyard.web.reviewing import told_of
from steelyard.web.scales import Scale, estimate_scale
from steelyard.web.tracerows import trace_rows

if TYPE_CHECKING:
    from steelyard.feedback import GrowthPoint, QuestionAgreement, QueueRanking, ReviewerWork

MOST = 20
"""How many disputed items, and how many flagged ones, a page shows."""

_SHARES = 12
_PAIRS = 45
_LONGEST = 600
_PREFERRED = {"first": "the first is better", "second": "the second is better", "tie": "equally good"}


def agreement_scale(questions: Iterable[QuestionAgreement]) -> Scale:
    """Return the scale that all agreement of a board shares: from 0, or from below the lowest interval, to 1."""
    found = [one.agreement for one in questions if one.agreement is not None]
    told = [e for one in found for e in (one.raw, one.krippendorff, one.gwet, one.cohen, one.fleiss) if e is not None]
    lows = [float(e.low) for e in told if e.value is not None and e.low is not None and math.isfinite(e.low)]
    low = _floor(min(lows, default=0.0))
    return Scale(low, 1.0, tuple(round(low + 0.2 * n, 1) for n in range(round((1.0 - low) / 0.2) + 1)))


def _floor(low: float) -> float:
    return max(-1.0, min(0.0, math.floor(low * 5 + 1e-9) / 5))


def question_board(one: QuestionAgreement, schema: LabelSchema | None, *, scale: Scale) -> QuestionBoard:
    """Return what is told of the agreement on one question."""
    how = tuple(sorted(one.how.items(), key=lambda pair: -pair[1]))
    title = "Which is better?" if one.name == PREFERENCE and schema is None else one.name
    if one.agreement is None:
        return QuestionBoard(
            name=title,
            statistics=(),
            scale=scale,
            how=how,
            note=one.note,
            outdated=one.outdated,
            items=len(one.decided),
        )
    found = one.agreement
    told = [
        Statistic(name="Same answer", estimate=found.raw, hint="share of pairs of answers that are the same"),
        Statistic(name="Krippendorff’s α", estimate=found.krippendorff, hint="1 is full agreement, 0 is chance"),
        Statistic(
            name="Gwet’s AC1" if found.level == "nominal" else "Gwet’s AC2",
            estimate=found.gwet,
            hint="the steadier one where nearly all say the same",
        ),
    ]
    if found.cohen is not None:
        told.append(Statistic(name="Cohen’s κ", estimate=found.cohen, hint="two people, beyond chance"))
    elif found.raters > 2:
        told.append(Statistic(name="Fleiss’ κ", estimate=found.fleiss, hint="several people, beyond chance"))
    return QuestionBoard(
        name=title,
        statistics=tuple(told),
        scale=scale,
        items=found.items,
        paired=found.paired_items,
        labels=found.ratings,
        people=found.raters,
        prevalence=tuple(
            Share(word=_word(value, schema), share=share) for value, share in list(found.prevalence.items())[:_SHARES]
        ),
        pairs=tuple(
            TwoPeople(
                first=pair.first,
                second=pair.second,
                items=pair.agreement.paired_items,
                raw=pair.agreement.raw,
                kappa=pair.agreement.cohen or pair.agreement.krippendorff,
            )
            for pair in one.pairs[:_PAIRS]
        ),
        curve=_curve(one.growth),
        how=how,
        note=one.note,
        outdated=one.outdated,
    )


def _word(value: Any, schema: LabelSchema | None) -> str:
    if schema is None and isinstance(value, str):
        return _PREFERRED.get(value, value)
    if isinstance(value, frozenset | set):
        value = sorted(value)
    return word_for(value, schema)


def _curve(growth: Sequence[GrowthPoint]) -> Curve | None:
    """Return how alpha grew, with its interval, and raw agreement beside it."""
    points = [p for p in growth if _is_number(p.krippendorff.value)]
    if len(points) < 3:
        return None
    ends = [end for p in points for end in (p.krippendorff.low, p.krippendorff.value) if _is_number(end)]
    low = _floor(min(float(e) for e in ends if e is not None))
    last = growth[-1].items

    def at(items: int, value: float) -> str:
        y = 100 * (1.0 - (min(1.0, max(low, value)) - low) / (1.0 - low))
        return f"{100 * items / last:.2f} {y:.2f}"

    def path(pairs: Sequence[tuple[int, float | None]]) -> str:
        return "M" + "L".join(at(items, value) for items, value in pairs if value is not None)

    lows = [(p.items, p.krippendorff.low if _is_number(p.krippendorff.low) else p.krippendorff.value) for p in points]
    highs = [
        (p.items, p.krippendorff.high if _is_number(p.krippendorff.high) else p.krippendorff.value) for p in points
    ]
    raw = [(p.items, p.raw.value) for p in growth if _is_number(p.raw.value)]
    return Curve(
        name="Krippendorff’s α",
        line=path([(p.items, p.krippendorff.value) for p in points]),
        band=path([*lows, *reversed(highs)]) + "Z",
        raw=path(raw) if len(raw) > 1 else "",
        low=low,
        high=1.0,
        zero=100.0 / (1.0 - low),
        items=last,
    )


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def worker(work: ReviewerWork) -> Worker:
    """Return what is told of one person's work."""
    seconds = work.median_seconds
    return Worker(
        reviewer=work.reviewer,
        answers=work.answers,
        skips=work.skips,
        flags=work.flags,
        decided=work.decided,
        seconds=seconds,
        hourly=3600 / seconds if seconds else None,
        others=tuple(work.others.items()),
        last_time=work.last_time,
    )


def ranking_view(found: QueueRanking) -> RankingView:
    """Return the ranking of a queue of pairs."""
    told = found.ranking
    notes = [told.note] if told.note else []
    if found.unnamed:
        notes.append(f"{found.unnamed:,} answers are to pairs whose contestants have no names: they rank nothing.")
    if found.alike:
        notes.append(f"{found.alike:,} answers are to pairs of one contestant with itself: they rank nothing.")
    contestants = tuple(
        Contestant(
            name=one.name,
            rank=one.rank,
            rank_low=one.rank_low,
            rank_high=one.rank_high,
            strength=one.strength,
            win=one.win_probability,
            wins=one.wins,
            losses=one.losses,
            ties=one.ties,
        )
        for one in told.standings
    )
    spread: list[Estimate] = [one.strength for one in told.standings]
    return RankingView(
        contestants=contestants,
        scale=estimate_scale(spread, also=(0.0,)),
        comparisons=told.comparisons,
        position=told.position,
        notes=tuple(notes),
    )


def disputes(
    store: Store,
    queue: ReviewQueue,
    reviewed: Sequence[ReviewedItem],
    schemas: Mapping[str, LabelSchema],
    *,
    viewer: str,
) -> tuple[Dispute, ...]:
    """Return the first disputed items with their answers side by side."""
    chosen = [one for one in reviewed if one.item.disputed][:MOST]
    shown = _shown(store, [one.item for one in chosen], viewer)
    told = []
    for one in chosen:
        item, swapped = one.item, _swapped(one.item, viewer)
        own = any(answer.reviewer == viewer for answer in one.answers)
        hidden = queue.rules.blind and item.status == ReviewStatus.PENDING and not own
        told.append(
            Dispute(
                item=item,
                traces=shown[item.item_id],
                answers=() if hidden else tuple(told_of(a, schemas, swapped=swapped) for a in one.answers),
                questions=() if hidden else _differing(one.answers, schemas, swapped=swapped),
                hidden=hidden,
                submission_id=uuid.uuid4().hex,
            )
        )
    return tuple(told)


def _differing(
    answers: Sequence[ReviewAnswer], schemas: Mapping[str, LabelSchema], *, swapped: bool | None
) -> tuple[Question, ...]:
    """Return the questions to which answers differ, those of words aside; all where that cannot be told."""
    if swapped is not None:
        return (preference(swapped=swapped),)
    said: dict[str, set[str]] = {}
    for answer in answers:
        for label in answer.labels:
            said.setdefault(label.schema_id, set()).add(repr(label.value))
    asked = questions_of(tuple(schemas.values()))
    differing = [q for q in asked if q.form != "text" and len(said.get(q.schema_id, ())) > 1]
    return tuple(replace(q, number=n) for n, q in enumerate(differing or asked))


def flagged(store: Store, reviewed: Sequence[ReviewedItem], *, viewer: str) -> tuple[Flagged, ...]:
    """Return the first flagged items with the reasons."""
    chosen = [one for one in reviewed if one.item.flagged][:MOST]
    shown = _shown(store, [one.item for one in chosen], viewer)
    return tuple(
        Flagged(
            item=one.item,
            traces=shown[one.item.item_id],
            reasons=tuple((a.reviewer, a.comment) for a in one.answers if a.kind == "flagged"),
        )
        for one in chosen
    )


def _swapped(item: ReviewItem, viewer: str) -> bool | None:
    """Whether whoever looks sees the second of a pair first; None of a single trace."""
    return is_swapped(item.item_id, viewer) if item.other_trace_id else None


def _shown(store: Store, items: Sequence[ReviewItem], viewer: str) -> dict[str, tuple[Shown, ...]]:
    ids = [one for item in items for one in (item.trace_id, item.other_trace_id) if one]
    infos = store.traces.infos(ids) if ids else {}
    lines = {row.trace_id: row for row in trace_rows(infos.values())}
    told = {}
    for item in items:
        order = [item.trace_id, item.other_trace_id] if item.other_trace_id else [item.trace_id]
        if _swapped(item, viewer):
            order.reverse()
        labels = "AB" if len(order) > 1 else ("",)
        told[item.item_id] = tuple(
            Shown(
                trace_id=one,
                label=label,
                request=lines[one].request[:_LONGEST],
                response=lines[one].response[:_LONGEST],
            )
            for label, one in zip(labels, order, strict=True)
            if one in lines
        )
    return told
