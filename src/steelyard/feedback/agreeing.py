"""How far people agree on one question: all together, two by two, one against the others, and as answers come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from steelyard.feedback.decisions import Decision, How, decide_each
from steelyard.feedback.levels import Measure, measure_of
from steelyard.feedback.people import PersonLabel, without_deciders
from steelyard.metrics.agreement import Agreement, agreement, leave_one_out
from steelyard.records import Estimate, LabelSchema

GROWTH_POINTS = 20
GROWTH_REPLICATES = 200

TEXT = "The words of two people always differ, so agreement is not measured."
NUMBERS = "Numbers are seldom the same: read alpha, and Cohen's kappa with quadratic weights of two by two."


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """How far two people agree, on the items that both answered."""

    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPoint:
    """Agreement after so many items had two answers, in the order in which they got their last."""

    items: int
    raw: Estimate
    krippendorff: Estimate
    gwet: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAgreement:
    """How far people agree on one question.

    Args:
        schema: the question.
        measure: how its answers are measured.
        agreement: with intervals and prevalence; adjudicators do not count. None where answers are text.
        note: what a reader must know; empty if nothing.
        pairs: the same two by two, of people who have an item in common.
        others: of each person the share of the others that said the same, over the items that they share; empty for
            numbers on no scale.
        growth: agreement as it grew, about twenty points, the last being all.
        decided: what the items came to, by item.
        outdated: answers to an earlier version of the question, which count nowhere.
    """

    schema: LabelSchema
    measure: Measure
    agreement: Agreement | None = None
    note: str = ""
    pairs: tuple[PairAgreement, ...] = ()
    others: Mapping[str, Estimate] = field(default_factory=dict)
    growth: tuple[GrowthPoint, ...] = ()
    decided: Mapping[str, Decision] = field(default_factory=dict)
    outdated: int = 0

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def labels(self) -> int:
        return 0 if self.agreement is None else self.agreement.ratings

    @property
    def how(self) -> dict[How, int]:
        """How many items were decided how: ``unanimous``, ``majority`` …"""
        return dict(Counter(decision.how for decision in self.decided.values()))

    @property
    def disputed(self) -> tuple[str, ...]:
        """Items on which people differ and that no adjudicator has decided; the words of two people always differ."""
        if self.measure.kind == "text" and self.schema.kind == "feedback":
            return ()
        return tuple(
            item
            for item, decision in self.decided.items()
            if decision.how != "adjudicated" and decision.agreeing < decision.votes
        )


def question_agreement(
    schema: LabelSchema, labels: Iterable[PersonLabel], *, outdated: int = 0, confidence: float = 0.95
) -> QuestionAgreement:
    """Return how far people agree on one question.

    Args:
        schema: the question.
        labels: what was said to it, one label a person and item; adjudicators' decide, and do not count as agreement.
        outdated: how many answers were set apart.
        confidence: nominal coverage of the intervals.

    Examples:
        >>> from steelyard.records import InputPassFail, LabelSchema
        >>> ok = LabelSchema(schema_id="ls-1", experiment_id="0", name="ok", input=InputPassFail())
        >>> said = [PersonLabel(person=who, name="ok", value=value, trace_id=trace)
        ...         for who, values in (("ann", (True, False)), ("ben", (True, True)))
        ...         for trace, value in zip(("tr-1", "tr-2"), values)]
        >>> found = question_agreement(ok, said)
        >>> found.agreement.raw.value, found.disputed
        (0.5, ('tr-2',))
    """
    told = list(labels)
    people = list(without_deciders(told))
    measure = measure_of(schema.input, [label.value for label in people])
    decided = decide_each(told)
    if measure.kind == "text":
        return QuestionAgreement(schema=schema, measure=measure, note=TEXT, decided=decided, outdated=outdated)
    table = _Table.of(people)
    whole = _agreement(table.rows, measure, confidence)
    return QuestionAgreement(
        schema=schema,
        measure=measure,
        agreement=whole,
        note=NUMBERS if measure.kind == "interval" else "",
        pairs=_pairs(table, measure, confidence),
        others={} if measure.kind == "interval" else _others(table, measure, confidence),
        growth=_growth(table, measure, whole, confidence),
        decided=decided,
        outdated=outdated,
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Labels as a table: a row an item, a column a person, None where somebody said nothing.

    Args:
        people: by name.
        rows: the values.
        times: of each row, when its last label came.
    """

    people: tuple[str, ...]
    rows: list[list[Any]]
    times: list[int]

    @classmethod
    def of(cls, labels: Sequence[PersonLabel]) -> _Table:
        people = tuple(sorted({label.person for label in labels}))
        column = {person: place for place, person in enumerate(people)}
        row: dict[str, int] = {}
        rows: list[list[Any]] = []
        times: list[int] = []
        for label in labels:
            if label.subject not in row:
                row[label.subject] = len(rows)
                rows.append([None] * len(people))
                times.append(0)
            at = row[label.subject]
            rows[at][column[label.person]] = label.value
            times[at] = max(times[at], label.time_ms)
        return cls(people, rows, times)


def _agreement(rows: list[list[Any]], measure: Measure, confidence: float, replicates: int = 1000) -> Agreement:
    return agreement(
        rows, level=measure.level, categories=measure.categories, confidence=confidence, replicates=replicates
    )


def _pairs(table: _Table, measure: Measure, confidence: float) -> tuple[PairAgreement, ...]:
    found = []
    for (i, first), (j, second) in combinations(enumerate(table.people), 2):
        shared = [[row[i], row[j]] for row in table.rows if row[i] is not None and row[j] is not None]
        if shared:
            found.append(PairAgreement(first=first, second=second, agreement=_agreement(shared, measure, confidence)))
    return tuple(found)


def _others(table: _Table, measure: Measure, confidence: float) -> dict[str, Estimate]:
    alone = leave_one_out(table.rows, categories=measure.categories, confidence=confidence)
    return {table.people[place]: estimate for place, estimate in alone.items()}


def _growth(table: _Table, measure: Measure, whole: Agreement, confidence: float) -> tuple[GrowthPoint, ...]:
    """Agreement after each so many items with two answers; the last point is all of them."""
    ordered = sorted(
        (time, place) for place, time in enumerate(table.times) if sum(x is not None for x in table.rows[place]) > 1
    )
    rows = [table.rows[place] for _, place in ordered]
    points = [
        _point(k, _agreement(rows[:k], measure, confidence, GROWTH_REPLICATES))
        for k in _steps(len(rows))
        if k < len(rows)
    ]
    return (*points, _point(len(rows), whole)) if len(rows) > 1 else ()


def _steps(n: int) -> list[int]:
    """Return up to twenty numbers of items, evenly apart, 2 and more, the last being all."""
    return sorted({max(round(n * k / GROWTH_POINTS), 2) for k in range(1, GROWTH_POINTS + 1)}) if n > 1 else []


def _point(items: int, found: Agreement) -> GrowthPoint:
    return GrowthPoint(items=items, raw=found.raw, krippendorff=found.krippendorff, gwet=found.gwet)
