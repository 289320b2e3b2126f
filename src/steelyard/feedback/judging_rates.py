"""How often a judge is right: the table of its verdicts against people's, sensitivity, specificity, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import atanh, sqrt, tanh

from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_estimates import estimate, mean, paired_shares, share
from steelyard.feedback.judging_values import shown
from steelyard.records import ConfusionCounts, Estimate

MOST_LABELS = 50
"""A table of more labels than this is of no use to anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often a judge of yes and no is right.

    Args:
        sensitivity: of what people pass, the share that the judge passes.
        specificity: of what people fail, the share that the judge fails.
        youden: J = sensitivity + specificity − 1: 0 for a judge that guesses, 1 for one that is always right.
        judge_yes, people_yes: the share of yes of either.
        bias: judge_yes − people_yes.
        weighted: whether items count by how likely they were to be labelled, so that the rates are those of the
            population that was drawn from; otherwise those of the labelled items.
    """

    sensitivity: Estimate
    specificity: Estimate
    youden: Estimate
    judge_yes: Estimate
    people_yes: Estimate
    bias: Estimate
    weighted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """How far a judge's numbers are from people's.

    Args:
        bias: the mean of judge − people, with a t interval.
        absolute: the mean of \\|judge − people\\|.
        correlation: Pearson's r, with the interval of Fisher 1921 (atanh r ± z/√(n − 3)).
        judge, people: the means of either.
    """

    bias: Estimate
    absolute: Estimate
    correlation: Estimate
    judge: Estimate
    people: Estimate


def confusion(pairs: Sequence[JudgedTrace]) -> ConfusionCounts | None:
    """Return how often people's label (row) met the judge's (column); None if there are more than 50 labels."""
    told = [(pair.gold, pair.judge) for pair in pairs]
    values = {value for pair in told for value in pair}
    if not values or len(values) > MOST_LABELS or any(isinstance(value, float) for value in values):
        return None
    if values <= {True, False}:
        values = {True, False}
    labels = sorted((shown(value) for value in values), reverse=values == {True, False})
    at = {label: place for place, label in enumerate(labels)}
    counts = [[0.0] * len(labels) for _ in labels]
    for gold, judge in told:
        counts[at[shown(gold)]][at[shown(judge)]] += 1.0
    return ConfusionCounts(labels=tuple(labels), counts=tuple(tuple(row) for row in counts))


def rates(pairs: Sequence[JudgedTrace], *, confidence: float = 0.95) -> Rates:
    """Return how often the judge is right, on a pass and on a fail.

    Where every item was drawn with a known probability, items count by its inverse, and intervals are those of the
    effective number of items (Kish 1965): a draw that prefers what the judge fails would else flatter the judge.

    Args:
        pairs: of yes and no.
        confidence: nominal coverage.
    """
    weights = weights_of(pairs)
    of_yes = [(w, pair.judge is True) for w, pair in zip(weights, pairs, strict=True) if pair.gold is True]
    of_no = [(w, pair.judge is False) for w, pair in zip(weights, pairs, strict=True) if pair.gold is False]
    right, wrong = _rate(of_yes, confidence, "people pass none"), _rate(of_no, confidence, "people fail none")
    judge = [(w, pair.judge is True) for w, pair in zip(weights, pairs, strict=True)]
    people = [(w, pair.gold is True) for w, pair in zip(weights, pairs, strict=True)]
    weighted = len(set(weights)) > 1
    return Rates(
        sensitivity=right,
        specificity=wrong,
        youden=_youden(right, wrong, confidence),
        judge_yes=_rate(judge, confidence, "no items"),
        people_yes=_rate(people, confidence, "no items"),
        bias=_weighted_bias(pairs, weights, confidence) if weighted else _plain_bias(pairs, confidence),
        weighted=weighted,
    )


def counts_of(rate: Estimate, known: Sequence[float]) -> tuple[float, float]:
    """Return how many were right, of how many: the effective number where items count by weight."""
    n = kish(known)
    return (rate.value or 0.0) * n, n


def weights_of(pairs: Sequence[JudgedTrace]) -> list[float]:
    """Return what each item counts: the inverse of its chance if all have one, else 1."""
    chances = [pair.chance for pair in pairs]
    if any(chance is None for chance in chances):
        return [1.0] * len(pairs)
    return [1.0 / chance for chance in chances if chance is not None]


def kish(weights: Sequence[float]) -> float:
    """Return the effective number of items, (Σw)²/Σw² (Kish 1965).

    Examples:
        >>> kish([1.0, 1.0, 1.0]), round(kish([1.0, 1.0, 4.0]), 6)
        (3.0, 2.0)
    """
    squares = sum(w * w for w in weights)
    return sum(weights) ** 2 / squares if squares > 0 else 0.0


def differences(pairs: Sequence[JudgedTrace], *, confidence: float = 0.95) -> Differences:
    """Return how far the judge's numbers are from people's."""
    judge = [float(pair.judge) for pair in pairs if isinstance(pair.judge, float)]
    people = [float(pair.gold) for pair in pairs if isinstance(pair.gold, float)]
    gaps = [one - other for one, other in zip(judge, people, strict=True)]
    return Differences(
        bias=mean(gaps, confidence),
        absolute=mean([abs(gap) for gap in gaps], confidence),
        correlation=correlation(judge, people, confidence=confidence),
        judge=mean(judge, confidence),
        people=mean(people, confidence),
    )


def correlation(one: Sequence[float], other: Sequence[float], *, confidence: float = 0.95) -> Estimate:
    """Return Pearson's correlation with Fisher's interval.

    Examples:
        >>> print(correlation([1, 2, 3, 4, 5], [1, 2, 3, 5, 4]))
        0.9 [0.0861, 0.9934] (n=5)
    """
    from statistics import correlation as pearson

    from steelyard.metrics.intervals import normal_quantile

    n = len(one)
    if n < 3 or min(one) == max(one) or min(other) == max(other):
        why = "too few rows" if n < 3 else "no spread: one of the two says the same of everything"
        return Estimate(None, n, confidence=confidence, method=why)
    r = pearson(one, other)
    if n < 4 or abs(r) >= 1.0:
        return Estimate(r, n, confidence=confidence, method="too few rows" if n < 4 else "perfect")
    half = float(normal_quantile(0.5 + confidence / 2.0)) / sqrt(n - 3)
    low, high = tanh(atanh(r) - half), tanh(atanh(r) + half)
    return Estimate(r, n, low=low, high=high, confidence=confidence, method="Fisher z")


def _rate(told: Sequence[tuple[float, bool]], confidence: float, why: str) -> Estimate:
    if not told:
        return Estimate(None, 0, confidence=confidence, method=why)
    weights = [w for w, _ in told]
    n = kish(weights)
    found = share(sum(w for w, right in told if right) / sum(weights) * n, n, confidence)
    return replace(found, n=len(told))


def _youden(right: Estimate, wrong: Estimate, confidence: float) -> Estimate:
    """Return J with the interval of a sum of two shares from theirs (Newcombe 1998's square-and-add)."""
    n = right.n + wrong.n
    if right.value is None or wrong.value is None:
        return Estimate(None, n, confidence=confidence, method=right.method if right.value is None else wrong.method)
    ends = [one if one is not None else 0.0 for one in (right.low, right.high, wrong.low, wrong.high)]
    value = right.value + wrong.value - 1.0
    low = value - sqrt((right.value - ends[0]) ** 2 + (wrong.value - ends[2]) ** 2)
    high = value + sqrt((ends[1] - right.value) ** 2 + (ends[3] - wrong.value) ** 2)
    se = sqrt((right.se or 0.0) ** 2 + (wrong.se or 0.0) ** 2)
    return Estimate(value, n, se=se, low=low, high=high, confidence=confidence, method="square and add")


def _plain_bias(pairs: Sequence[JudgedTrace], confidence: float) -> Estimate:
    return paired_shares([pair.judge is True for pair in pairs], [pair.gold is True for pair in pairs], confidence)


def _weighted_bias(pairs: Sequence[JudgedTrace], weights: Sequence[float], confidence: float) -> Estimate:
    from steelyard.metrics.intervals import mean_t

    gaps = [float(pair.judge is True) - float(pair.gold is True) for pair in pairs]
    total = sum(weights)
    value = sum(w * gap for w, gap in zip(weights, gaps, strict=True)) / total
    n = kish(weights)
    if n < 2:
        return Estimate(value, len(pairs), confidence=confidence, method="too few rows")
    spread = sum((w * (gap - value)) ** 2 for w, gap in zip(weights, gaps, strict=True)) / total**2
    se = sqrt(spread * n / (n - 1.0))
    found = mean_t(value, se, n - 1.0, confidence)
    return replace(estimate(value, len(pairs), found, confidence, se=se), method="weighted t")
