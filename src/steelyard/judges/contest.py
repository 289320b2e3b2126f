"""Two systems against each other over many rows: wins, ties, losses, and how far the judge can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from steelyard.errors import DataError, OverBudget
from steelyard.judges.asking import Asking, settle, settle_now, together
from steelyard.judges.pairwise import FLIP_KEY, PairwiseJudge
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case
from steelyard.records.estimate import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOutcome:
    """What became of one pair: feedback, or the error that left it without a verdict."""

    row_id: str
    repeat: int
    feedback: Feedback | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseResult:
    """How system a fared against system b.

    Args:
        judge: the judge's name.
        wins, ties, losses: of a, over the pairs that have a verdict.
        failed: pairs without a verdict.
        win_rate: (wins + ties/2) / pairs, with a Wilson interval (ties make it wider than need be, never narrower),
            and bounds for the failed pairs.
        flip_rate: the share of pairs whose verdict changed with the order, with a Wilson interval.
        first_rate: of the pairs whose verdict followed the place, the share that chose the first answer both times; 0.5
            means that the flips are chance, 1 that the judge favours what comes first.
        pairs: every pair.
    """

    judge: str
    wins: int
    ties: int
    losses: int
    failed: int
    win_rate: Estimate
    flip_rate: Estimate
    first_rate: Estimate
    pairs: tuple[PairOutcome, ...]

    def __str__(self) -> str:
        failed = f", {self.failed} without a verdict" if self.failed else ""
        return (
            f"{self.judge}: {self.wins} wins, {self.ties} ties, {self.losses} losses{failed}; "
            f"win rate {self.win_rate}; flip rate {self.flip_rate}"
        )


def compare_pairwise(
    judge: PairwiseJudge, cases_a: Iterable[Case], cases_b: Iterable[Case], *, confidence: float = 0.95
) -> PairwiseResult:
    """Judge two systems' answers to the same rows against each other.

    Args:
        judge: prefers one of two answers.
        cases_a: rows with the outputs of one system.
        cases_b: the same rows with the outputs of the other; matched by row id and repeat where rows have ids, else by
            their place.
        confidence: nominal coverage of the intervals.

    Raises:
        DataError: the rows do not match.
        OverBudget: the budget of this call ended.
    """
    pairs = _matched(list(cases_a), list(cases_b))
    return _result(judge, pairs, settle_now(_contest(judge, pairs)), confidence)


async def acompare_pairwise(
    judge: PairwiseJudge, cases_a: Iterable[Case], cases_b: Iterable[Case], *, confidence: float = 0.95
) -> PairwiseResult:
    """As :func:`compare_pairwise`, from asynchronous code."""
    pairs = _matched(list(cases_a), list(cases_b))
    return _result(judge, pairs, await settle(_contest(judge, pairs)), confidence)


_Pair = tuple[Case, Case]


def _contest(judge: PairwiseJudge, pairs: Sequence[_Pair]) -> Asking[tuple[Feedback | Exception, ...]]:
    return (
        yield from together(
            [
                judge.judging(a.outputs, b.outputs, inputs=a.inputs, expectations=a.expectations or b.expectations)
                for a, b in pairs
            ]
        )
    )


def _matched(cases_a: list[Case], cases_b: list[Case]) -> list[_Pair]:
    if len(cases_a) != len(cases_b):
        raise DataError(f"The two systems must answer the same rows; there are {len(cases_a)} and {len(cases_b)}.")
    if not all(case.row_id for case in (*cases_a, *cases_b)):
        return list(zip(cases_a, cases_b, strict=True))
    by_id = {(case.row_id, case.repeat): case for case in cases_b}
    missing = [case.row_id for case in cases_a if (case.row_id, case.repeat) not in by_id]
    if missing or len(by_id) != len(cases_b) or len({(case.row_id, case.repeat) for case in cases_a}) != len(cases_a):
        detail = f"row {missing[0]!r} is in one of them only" if missing else "a row is there twice"
        raise DataError(f"The two systems must answer the same rows: {detail}.")
    return [(case, by_id[case.row_id, case.repeat]) for case in cases_a]


def _result(
    judge: PairwiseJudge, pairs: Sequence[_Pair], results: Sequence[Feedback | Exception], confidence: float
) -> PairwiseResult:
    said: list[Feedback] = []
    outcomes: list[PairOutcome] = []
    for (case, _), result in zip(pairs, results, strict=True):
        if isinstance(result, OverBudget):
            raise result
        if isinstance(result, Feedback):
            said.append(result)
            outcomes.append(PairOutcome(row_id=case.row_id, repeat=case.repeat, feedback=result))
        else:
            why = f"{type(result).__name__}: {result}"
            outcomes.append(PairOutcome(row_id=case.row_id, repeat=case.repeat, error=why))
    wins, ties, losses = (sum(feedback.value == value for feedback in said) for value in ("a", "tie", "b"))
    failed = len(pairs) - len(said)
    followed = [
        feedback for feedback in said if {feedback.metadata["order_ab"], feedback.metadata["order_ba"]} == {"a", "b"}
    ]
    chose_first = sum(feedback.metadata["order_ab"] == "a" for feedback in followed)
    flips = sum(bool(feedback.metadata[FLIP_KEY]) for feedback in said)
    return PairwiseResult(
        judge=judge.name,
        wins=wins,
        ties=ties,
        losses=losses,
        failed=failed,
        win_rate=_share(wins + ties / 2, len(said), failed, confidence),
        flip_rate=_share(flips, len(said), failed, confidence, greater_is_better=False),
        first_rate=_share(chose_first, len(followed), 0, confidence),
        pairs=tuple(outcomes),
    )


def _share(successes: float, n: int, missing: int, confidence: float, *, greater_is_better: bool = True) -> Estimate:
    from steelyard.metrics.intervals import missing_bounds, wilson

    if n == 0:
        return Estimate(None, 0, missing, confidence=confidence, method="no pairs")
    interval = wilson(successes, n, confidence).at(0)
    share = successes / n
    ends = missing_bounds(share, n, missing).at(0)
    worst, best = (ends.low, ends.high) if greater_is_better else (ends.high, ends.low)
    return Estimate(
        share,
        n,
        missing,
        se=(share * (1 - share) / n) ** 0.5,
        low=float(interval.low),
        high=float(interval.high),
        confidence=confidence,
        method=interval.method,
        worst=float(worst) if missing else None,
        best=float(best) if missing else None,
    )
