"""Does a judge say the same again: of the same trace, of the same answer in another repeat, of a pair the other way
round?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_estimates import share
from steelyard.feedback.judging_values import Kind, Reading, Said
from steelyard.metrics.agreement import Agreement, agreement
from steelyard.records import Estimate, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """How far a judge agrees with itself.

    Args:
        agreement: between its verdicts on the same thing.
        items: things that were judged more than once.
        verdicts: on these.
        changed: the share of these things on which it did not always say the same.
        of_traces: how many of the things are traces judged again; the others are rows whose answer was the same in
            several repeats of an evaluation.
    """

    agreement: Agreement
    items: int
    verdicts: int
    changed: Estimate
    of_traces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionEffect:
    """What the place of an answer does to a judge of pairs.

    Args:
        flip_rate: the share of pairs on which its preference changed when the two were swapped.
        first_rate: of the pairs on which it followed the place, the share that it preferred what came first; 0.5 means
            that flips are chance.
        pairs: judged in both orders.
    """

    flip_rate: Estimate
    first_rate: Estimate
    pairs: int


def repeatability(
    traces: Iterable[JudgedTrace],
    reading: Reading,
    *,
    store: Store | None = None,
    run_id: str = "",
    name: str = "",
    confidence: float = 0.95,
) -> Repeatability | None:
    """Return how far the judge agrees with itself; None if it was asked nothing twice.

    Args:
        traces: with the judge's earlier verdicts.
        reading: the form of its values.
        store, run_id: of an evaluation whose repeats count too, where a row's answer was the same.
        name: of the judge's feedback.
        confidence: nominal coverage.
    """
    of_traces: list[list[Said]] = []
    for trace in traces:
        said = [one.value for one in (*trace.earlier, trace.verdict) if one is not None and one.value is not None]
        if len(said) >= 2:
            of_traces.append(said)
    groups = list(of_traces)
    if store is not None and run_id:
        groups += _of_rows(store, run_id, name, reading)
    if not groups:
        return None
    widest = max(len(group) for group in groups)
    ratings = [[*group, *([None] * (widest - len(group)))] for group in groups]
    return Repeatability(
        agreement=agreement(ratings, level=_level(reading.kind), confidence=confidence),
        items=len(groups),
        verdicts=sum(len(group) for group in groups),
        changed=share(sum(len(set(group)) > 1 for group in groups), len(groups), confidence),
        of_traces=len(of_traces),
    )


def position_effect(traces: Iterable[JudgedTrace], *, confidence: float = 0.95) -> PositionEffect | None:
    """Return what the place of an answer does; None if the judge is not one of pairs."""
    orders = [
        (trace.verdict.metadata["order_ab"], trace.verdict.metadata["order_ba"], _true(trace.verdict.metadata["flip"]))
        for trace in traces
        if trace.verdict is not None and {"flip", "order_ab", "order_ba"} <= trace.verdict.metadata.keys()
    ]
    if not orders:
        return None
    followed = [ab for ab, ba, _ in orders if {ab, ba} == {"a", "b"}]
    return PositionEffect(
        flip_rate=share(sum(flip for *_, flip in orders), len(orders), confidence),
        first_rate=share(sum(ab == "a" for ab in followed), len(followed), confidence, why="no flips"),
        pairs=len(orders),
    )


def consistency(said: Sequence[Said]) -> float | None:
    """Return the share of verdicts that are the most frequent one; None below two verdicts."""
    if len(said) < 2:
        return None
    return max(said.count(value) for value in said) / len(said)


def _of_rows(store: Store, run_id: str, name: str, reading: Reading) -> list[list[Said]]:
    """Return what was said of each answer that a row had in more than one repeat."""
    state = store.ledgers.state(run_id)
    if state is None or state.plan.repeats < 2:
        return []
    outputs = {(one.row, one.repeat): repr(one.output) for one in store.ledgers.predictions(run_id)}
    groups: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for verdict in store.ledgers.verdicts(run_id):
        for feedback in verdict.feedbacks:
            value = reading.read(feedback.value) if feedback.name == name and feedback.error is None else None
            output = outputs.get((verdict.row, verdict.repeat))
            if value is not None and output is not None:
                groups[verdict.row, output].append(value)
    return [group for group in groups.values() if len(group) >= 2]


def _level(kind: Kind) -> Any:
    return "interval" if kind == "number" else "nominal"


def _true(value: Any) -> bool:
    return value is True or str(value).casefold() == "true"
