"""The alternative annotator test: may a judge take the place of a person?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement.others import share_of_others
from steelyard.metrics.agreement.rated import Codes, Floats, Value, read_ratings
from steelyard.metrics.intervals import benjamini_yekutieli, mean_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterComparison:
    """A judge beside one rater, both held against the other raters.

    Args:
        rater: the rater's place in the items.
        items: items that the judge, the rater and somebody else rated.
        judge_as_good: share of them where the judge agreed with the others at least as much as the rater did.
        rater_as_good: the share the other way round; equally good counts in both.
        p_value: of the rater being better by epsilon or more; adjusted for the number of raters. None if the rater had
            too few items.
    """

    rater: int
    items: int
    judge_as_good: float | None
    rater_as_good: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeTest:
    """Whether a judge is within the disagreement of people.

    Args:
        winning_rate: share of the tested raters whom the judge may replace (the paper's ω); None if none was tested.
        advantage: mean over the tested raters of ``judge_as_good`` (the paper's ρ); None likewise.
        passed: ``winning_rate`` is at least one half; None if no rater was tested.
        comparisons: one a rater.
        epsilon: the benefit of the doubt that was given to the cheaper judge.
    """

    winning_rate: float | None
    advantage: float | None
    passed: bool | None
    comparisons: tuple[RaterComparison, ...]
    epsilon: float


def alternative_test(
    judge: Sequence[Value | None],
    ratings: Sequence[Sequence[Value | None]],
    *,
    epsilon: float = 0.2,
    alpha: float = 0.05,
    least_items: int = 30,
) -> AlternativeTest:
    """Return whether a judge agrees with people about as well as each of them agrees with the others.

    Source: Calderon, Reichart & Dror 2025 (The Alternative Annotator Test). Each rater is left out in turn, and the
    judge and the rater are both held against those who remain, by the share who said the same. The rater is replaced
    if the mean of (rater as good) − (judge as good) is below epsilon, by a one-sided t test of that difference with
    Benjamini and Yekutieli's adjustment over raters.

    Args:
        judge: its value of each item; None is missing.
        ratings: the same items, each with one value per rater, of at least three raters to mean much; None is missing.
        epsilon: what a person may be better by because a person costs more: 0.2 for experts, 0.1 for crowds.
        alpha: false discovery rate.
        least_items: raters with fewer items are not tested.

    Raises:
        InvalidArgument: another number of items.

    Examples:
        >>> people = [["a", "a", "a"], ["b", "b", "a"]] * 20
        >>> shown = alternative_test(["a", "b"] * 20, people)
        >>> shown.winning_rate, shown.passed
        (1.0, True)
    """
    if len(judge) != len(ratings):
        message = f"The judge has {len(judge)} values for {len(ratings)} items: give one an item."
        raise InvalidArgument(message)
    codes = read_ratings([[own, *item] for own, item in zip(judge, ratings, strict=True)]).codes
    raters = codes.shape[1] - 1 if len(codes) else 0
    beside = [_beside(codes[:, 0], codes[:, 1:], rater) for rater in range(raters)]
    p_values = benjamini_yekutieli([_p_value(pair, epsilon, least_items) for pair in beside])
    tested = ~np.isnan(p_values)
    advantages = [float(pair[0].mean()) for pair, yes in zip(beside, tested, strict=True) if yes]
    winning = float((p_values[tested] < alpha).mean()) if tested.any() else None
    return AlternativeTest(
        winning_rate=winning,
        advantage=float(np.mean(advantages)) if advantages else None,
        passed=None if winning is None else winning >= 0.5,
        comparisons=tuple(
            RaterComparison(
                rater=rater,
                items=len(pair[0]),
                judge_as_good=float(pair[0].mean()) if len(pair[0]) else None,
                rater_as_good=float(pair[1].mean()) if len(pair[1]) else None,
                p_value=None if np.isnan(p_value) else float(p_value),
            )
            for rater, (pair, p_value) in enumerate(zip(beside, p_values, strict=True))
        ),
        epsilon=epsilon,
    )


def _beside(judge: Codes, ratings: Codes, rater: int) -> tuple[Floats, Floats]:
    """Whether the judge was as good as the rater on each item that they share, and the rater as good as the judge."""
    own, others = ratings[:, rater], np.delete(ratings, rater, axis=1)
    shared = (judge >= 0) & (own >= 0) & (others >= 0).any(axis=1)
    of_judge = share_of_others(judge[shared], others[shared])
    of_rater = share_of_others(own[shared], others[shared])
    return (of_judge >= of_rater).astype(np.float64), (of_rater >= of_judge).astype(np.float64)


def _p_value(pair: tuple[Floats, Floats], epsilon: float, least_items: int) -> float:
    from scipy.special import stdtr

    difference = pair[1] - pair[0]
    n = len(difference)
    if n < max(least_items, 2):
        return float("nan")
    away, se = float(difference.mean()) - epsilon, float(np.asarray(mean_interval(difference).se))
    if se == 0:
        return 0.0 if away < 0 else 1.0
    return float(stdtr(n - 1, away / se))
