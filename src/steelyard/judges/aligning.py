"""Aligning a judge with people: an optimizer learns from one part of the labels, the other says what it is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.alignment import Alignment, Verdict
from steelyard.judges.labelled import Example, examples, split
from steelyard.judges.optimizers import AlignmentOptimizer, GEPAAlignmentOptimizer
from steelyard.judges.revising import agrees, instructions_of, revised, verdicts
from steelyard.records.assessment import Feedback
from steelyard.records.estimate import Estimate
from steelyard.records.trace import Trace

if TYPE_CHECKING:
    from steelyard.judges.judge import Judge

FEWEST = 10
"""Labels that either part must have. With fewer, an interval of the difference spans most of what is possible."""


def align(
    judge: Judge,
    traces: Sequence[Trace],
    *,
    optimizer: AlignmentOptimizer | None,
    label: str | None,
    held_out: float,
    key: int,
    confidence: float,
) -> Judge:
    """See :meth:`steelyard.judges.Judge.align`."""
    if not 0.0 < held_out < 1.0:
        raise InvalidArgument(f"held_out={held_out!r} must lie between 0 and 1: both parts need labels.")
    before = instructions_of(judge)
    learner = GEPAAlignmentOptimizer(key=key) if optimizer is None else optimizer
    if not isinstance(learner, AlignmentOptimizer):
        raise InvalidArgument(f"optimizer must be an AlignmentOptimizer, not {type(learner).__name__}.")
    name = label or judge.name
    labelled, disputed = examples(traces, name, name=judge.name)
    seen, unseen = split(labelled, held_out=held_out, key=key)
    _check_enough(name, seen, unseen, disputed, held_out)
    said_before = verdicts(judge, [each.case for each in unseen])
    if all(isinstance(each, Exception) for each in said_before):
        raise next(each for each in said_before if isinstance(each, Exception))
    found = learner.align(judge, [each.trace for each in seen])
    after = instructions_of(found)
    aligned = revised(judge, after)
    said_after = said_before if after == before else verdicts(aligned, [each.case for each in unseen])
    agreed = [_agree(said_before, unseen), _agree(said_after, unseen)]
    estimates = _estimates(agreed[0], agreed[1], confidence)
    verdict = _verdict(estimates[2], changed=after != before)
    aligned._alignment = Alignment(  # noqa: SLF001
        judge=judge.name,
        label=name,
        optimizer=learner.name,
        before=estimates[0],
        after=estimates[1],
        difference=estimates[2],
        p_value=_p_value(agreed[0], agreed[1]),
        n_train=len(seen),
        n_held_out=len(unseen),
        n_disputed=disputed,
        failed_before=_failed(said_before),
        failed_after=_failed(said_after),
        verdict=verdict,
        warning=_warning(verdict, estimates[2]),
        instructions_before=before,
        instructions_after=after,
        held_out_ids=tuple(each.trace_id for each in unseen),
        held_out=held_out,
        key=key,
    )
    return aligned


def _check_enough(
    label: str, seen: Sequence[Example], unseen: Sequence[Example], disputed: int, held_out: float
) -> None:
    if len(seen) >= FEWEST and len(unseen) >= FEWEST:
        return
    differed = f" People differ on {disputed} more: let somebody decide." if disputed else ""
    raise DataError(
        f"There are too few labels to align by: {len(seen) + len(unseen)} traces have a person's feedback {label!r}, "
        f"{len(seen)} to learn from and {len(unseen)} held out, and each part needs {FEWEST}. Label some "
        f"{_wanted(held_out)} traces in all, of different inputs.{differed}"
    )


def _wanted(held_out: float) -> int:
    """Return how many labels give either part enough: two standard deviations of a binomial below its mean."""
    share = min(held_out, 1.0 - held_out)
    spread = math.sqrt(share * (1.0 - share))
    return math.ceil(((spread + math.sqrt(spread**2 + share * FEWEST)) / share) ** 2)


def _agree(said: Sequence[Feedback | Exception], unseen: Sequence[Example]) -> list[bool]:
    return [agrees(each, example.value) for each, example in zip(said, unseen, strict=True)]


def _failed(said: Sequence[Feedback | Exception]) -> int:
    return sum(isinstance(each, Exception) for each in said)


def _table(before: Sequence[bool], after: Sequence[bool]) -> tuple[int, int, int, int]:
    """Return how often both agreed with people, only after, only before, neither."""
    pairs = list(zip(after, before, strict=True))
    return tuple(pairs.count(cell) for cell in ((True, True), (True, False), (False, True), (False, False)))  # type: ignore[return-value]


def _estimates(before: Sequence[bool], after: Sequence[bool], confidence: float) -> tuple[Estimate, Estimate, Estimate]:
    from steelyard.metrics.intervals import newcombe_paired, wilson

    n = len(before)
    first, second = (wilson(sum(each), n, confidence).at(0) for each in (before, after))
    apart = newcombe_paired(*_table(before, after), confidence).at(0)
    values = (sum(before) / n, sum(after) / n, (sum(after) - sum(before)) / n)
    made = [
        Estimate(
            value,
            n,
            se=_real(each.se),
            low=_real(each.low),
            high=_real(each.high),
            confidence=confidence,
            method=each.method,
        )
        for value, each in zip(values, (first, second, apart), strict=True)
    ]
    return made[0], made[1], made[2]


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def _p_value(before: Sequence[bool], after: Sequence[bool]) -> float:
    from steelyard.metrics.intervals import mcnemar

    _, only_after, only_before, _ = _table(before, after)
    return float(mcnemar(only_after, only_before))


def _verdict(difference: Estimate, *, changed: bool) -> Verdict:
    if not changed:
        return "unchanged"
    if difference.low is not None and difference.low > 0:
        return "better"
    return "worse" if difference.high is not None and difference.high < 0 else "undecided"


def _warning(verdict: Verdict, difference: Estimate) -> str:
    if verdict == "better":
        return ""
    if verdict == "unchanged":
        return "The optimizer found no better instructions; the judge is as it was."
    if verdict == "worse":
        return "The aligned judge agrees with people less often than before: keep the judge as it was."
    return (
        f"On {difference.n} held-out labels the aligned judge is not shown to be better (difference "
        f"{difference.value:+.3f}, {difference.low:+.3f} to {difference.high:+.3f}): keep the judge as it was, "
        "or label more traces and align again."
    )
