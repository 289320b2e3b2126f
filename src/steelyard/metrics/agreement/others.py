"""One rater against the others: is a judge within the disagreement of people?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement.rated import Codes, Floats, Value, read_ratings
from steelyard.metrics.agreement.spread import NOISE, estimate, undefined
from steelyard.metrics.intervals import Interval, mean_interval, wilson
from steelyard.records import Estimate

Against = Literal["others", "majority"]


def leave_one_out(
    ratings: Sequence[Sequence[Value | None]],
    *,
    against: Against = "others",
    categories: Sequence[Value] | None = None,
    confidence: float = 0.95,
) -> dict[int, Estimate]:
    """Return each rater's agreement with the others, by the rater's place in the items.

    Put a judge beside it with :func:`agreement_with`: it is within the disagreement of people when it agrees with them
    as they do with each other. After the alternative annotator test (Calderon, Reichart & Dror 2025).

    Args:
        ratings: items, each with one value per rater; None is missing.
        against: ``others``: the share of the item's other raters who said the same; ``majority``: whether the rater
            said what most others said (with k values tied for most, one of them counts 1/k).
        categories: only to say which values exist; it changes no number.
        confidence: nominal coverage.

    Returns:
        The mean over the items that the rater and somebody else rated (``n``); Wilson's interval where each item is
        all or nothing, and where all are alike (they do not show how agreement varies); else that of a mean.

    Examples:
        >>> alone = leave_one_out([["a", "a", "b"], ["b", "b", "b"], ["a", "a", "a"]])
        >>> {rater: round(estimate.value, 3) for rater, estimate in alone.items()}
        {0: 0.833, 1: 0.833, 2: 0.667}
    """
    codes = read_ratings(ratings, categories=categories).codes
    return {
        rater: _alignment(codes[:, rater], np.delete(codes, rater, axis=1), against, confidence)
        for rater in range(codes.shape[1])
    }


def agreement_with(
    candidate: Sequence[Value | None],
    ratings: Sequence[Sequence[Value | None]],
    *,
    against: Against = "others",
    confidence: float = 0.95,
) -> Estimate:
    """Return how far one more rater, such as a judge, agrees with those of the items.

    Args:
        candidate: its value of each item; None is missing.
        ratings: the same items, each with one value per rater; None is missing.
        against: as for :func:`leave_one_out`.
        confidence: nominal coverage.

    Raises:
        InvalidArgument: another number of items.

    Examples:
        >>> agreement_with(["a", "b", "a"], [["a", "a"], ["b", "a"], ["a", None]]).value
        0.8333333333333334
    """
    if len(candidate) != len(ratings):
        message = f"The candidate has {len(candidate)} values for {len(ratings)} items: give one an item."
        raise InvalidArgument(message)
    codes = read_ratings([[own, *item] for own, item in zip(candidate, ratings, strict=True)]).codes
    if not len(codes):
        return undefined("no item was rated by both", 0, confidence)
    return _alignment(codes[:, 0], codes[:, 1:], against, confidence)


def _alignment(own: Codes, others: Codes, against: str, confidence: float) -> Estimate:
    shared = (own >= 0) & (others >= 0).any(axis=1)
    own, others = own[shared], others[shared]
    if not len(own):
        return undefined("no item was rated by both", 0, confidence)
    scores = _with_majority(own, others) if against == "majority" else share_of_others(own, others)
    value = float(scores.mean())
    return estimate(value, len(scores), _interval(scores, confidence), confidence)


def share_of_others(own: Codes, others: Codes) -> Floats:
    """Return the share of each item's other ratings that equal its own: shape (items,), all of them rated by both."""
    return (own[:, None] == others).sum(axis=1) / (others >= 0).sum(axis=1)


def _with_majority(own: Codes, others: Codes) -> Floats:
    support = np.where(others >= 0, (others[:, :, None] == others[:, None, :]).sum(axis=2), 0)
    most = support.max(axis=1)
    # Each of the values tied for most fills ``most`` places.
    tied = (support == most[:, None]).sum(axis=1) / most
    return ((own[:, None] == others).sum(axis=1) == most) / tied


def _interval(scores: Floats, confidence: float) -> Interval:
    if np.isin(scores, (0.0, 1.0)).all() or np.ptp(scores) <= NOISE:
        return wilson(scores.sum(), len(scores), confidence)
    around = mean_interval(scores, confidence=confidence)
    return Interval(max(float(around.low), 0.0), min(float(around.high), 1.0), around.se, around.method)
