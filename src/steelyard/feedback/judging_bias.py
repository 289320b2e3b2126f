"""Where a judge leans: by slice of the traces, and by how long the answer is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, log, sqrt

from steelyard.errors import InvalidArgument
from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_estimates import estimate, mean, paired_shares, share
from steelyard.feedback.judging_values import Kind
from steelyard.records import Estimate

MIN_SLICE = 5
MOST_SLICES = 20
"""A key with more values than this names things, it does not sort them."""

_ALWAYS = ("model", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceBias:
    """How a judge leans in one slice.

    Args:
        key, value: the slice.
        n: items of it.
        bias: judge − people in the slice: of numbers the mean, of yes and no the difference of the shares of yes; for
            other words the share that they disagree on.
        rest: the same over all other items.
        p: of the slice being like the rest (Welch's t test); None where that cannot be tested.
        p_adjusted: the same over all slices that were looked at (Benjamini & Hochberg 1995): below 0.05, of the slices
            named so one in twenty is named by chance.
    """

    key: str
    value: str
    n: int
    bias: Estimate
    rest: Estimate
    p: float | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthEffect:
    """How a judge leans with the length of the answer.

    Args:
        slope: by how much judge − people (or, for words, the share that they disagree on) grows when the answer is
            twice as long, with the t interval of a robust standard error (HC3; MacKinnon & White 1985).
        n: items with a length.
        shortest, longest: characters.
    """

    slope: Estimate
    n: int
    shortest: int
    longest: int


def slice_biases(
    pairs: Sequence[JudgedTrace], kind: Kind, *, by: Sequence[str] = (), confidence: float = 0.95
) -> tuple[SliceBias, ...]:
    """Return how the judge leans in each slice, the most suspicious first.

    Args:
        pairs: items with a value of the judge and of people.
        kind: of the values.
        by: keys to slice by, such as ``topic`` (a tag), ``model``, ``run``, ``user`` or ``inputs.language``. All tags,
            the model and the run unless given, where they have 2 to 20 values.
        confidence: nominal coverage of each interval.

    Raises:
        InvalidArgument: no item has a key that was named.
    """
    found: list[SliceBias] = []
    for key in by or _keys(pairs):
        groups: dict[str, list[JudgedTrace]] = defaultdict(list)
        for pair in pairs:
            if key in pair.keys:
                groups[pair.keys[key]].append(pair)
        if not groups and by and pairs:
            known = ", ".join(sorted({name for pair in pairs for name in pair.keys})) or "none"
            message = f"No labelled trace has {key!r} to slice by. There are: {known}."
            raise InvalidArgument(message)
        found += [
            _slice(key, value, inside, [pair for pair in pairs if pair.keys.get(key) != value], kind, confidence)
            for value, inside in groups.items()
            if len(inside) >= MIN_SLICE
        ]
    return tuple(sorted(_adjusted(found), key=_suspicion))


def overall_bias(pairs: Sequence[JudgedTrace], kind: Kind, *, confidence: float = 0.95) -> Estimate:
    """Return judge − people; for words, the share that they disagree on."""
    if kind == "boolean":
        return paired_shares([pair.judge is True for pair in pairs], [pair.gold is True for pair in pairs], confidence)
    if kind == "category":
        return share(sum(pair.judge != pair.gold for pair in pairs), len(pairs), confidence)
    return mean(gaps(pairs), confidence)


def gaps(pairs: Sequence[JudgedTrace]) -> list[float]:
    """Return judge − people of each item; for words, whether they disagree."""
    return [_gap(pair) for pair in pairs]


def length_effect(pairs: Sequence[JudgedTrace], *, confidence: float = 0.95) -> LengthEffect | None:
    """Return how the judge leans with length; None below 10 items with a length, or if all are as long."""
    known = [(log(pair.length, 2), _gap(pair), pair.length) for pair in pairs if pair.length]
    lengths = [length for *_, length in known]
    if len(known) < 10 or min(lengths) == max(lengths):
        return None
    slope = _slope([x for x, *_ in known], [y for _, y, _ in known], confidence)
    return LengthEffect(slope=slope, n=len(known), shortest=min(lengths), longest=max(lengths))


def _gap(pair: JudgedTrace) -> float:
    judge, gold = pair.judge, pair.gold
    if isinstance(judge, (bool, float)) and isinstance(gold, (bool, float)):
        return float(judge) - float(gold)
    return float(judge != gold)


def _keys(pairs: Sequence[JudgedTrace]) -> list[str]:
    values: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        for key, value in pair.keys.items():
            if key in _ALWAYS or (not key.startswith("inputs.") and key not in ("name", "user")):
                values[key].add(value)
    return sorted(key for key, seen in values.items() if 2 <= len(seen) <= MOST_SLICES)


def _slice(
    key: str,
    value: str,
    inside: Sequence[JudgedTrace],
    outside: Sequence[JudgedTrace],
    kind: Kind,
    confidence: float,
) -> SliceBias:
    return SliceBias(
        key=key,
        value=value,
        n=len(inside),
        bias=overall_bias(inside, kind, confidence=confidence),
        rest=overall_bias(outside, kind, confidence=confidence),
        p=_welch(gaps(inside), gaps(outside)),
    )


def _welch(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return the two-sided p of Welch's t test (1947); None below five items a side, or if nothing varies."""
    from statistics import fmean, variance

    from steelyard.metrics.intervals import two_sided_p

    if min(len(one), len(other)) < MIN_SLICE:
        return None
    parts = [variance(one) / len(one), variance(other) / len(other)]
    total = sum(parts)
    if total == 0.0:
        return None
    df = total**2 / (parts[0] ** 2 / (len(one) - 1) + parts[1] ** 2 / (len(other) - 1))
    return float(two_sided_p((fmean(one) - fmean(other)) / sqrt(total), df))


def _adjusted(found: Sequence[SliceBias]) -> list[SliceBias]:
    from steelyard.metrics.intervals import benjamini_hochberg

    if not found:
        return []
    adjusted = benjamini_hochberg([float("nan") if one.p is None else one.p for one in found])
    return [replace(one, p_adjusted=None if isnan(p) else float(p)) for one, p in zip(found, adjusted, strict=True)]


def _suspicion(one: SliceBias) -> tuple[float, float, str, str]:
    apart = abs((one.bias.value or 0.0) - (one.rest.value or 0.0))
    return (2.0 if one.p is None else one.p, -apart, one.key, one.value)


def _slope(x: Sequence[float], y: Sequence[float], confidence: float) -> Estimate:
    """Return the least-squares slope with HC3: squared residuals by (1 − leverage)²."""
    import numpy as np

    from steelyard.metrics.intervals import mean_t

    at, to = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n = len(at)
    apart = at - at.mean()
    square = float(apart @ apart)
    slope = float(apart @ to) / square
    left = to - to.mean() - slope * apart
    leverage = 1.0 / n + apart**2 / square
    robust = np.square(left / np.maximum(1.0 - leverage, 1e-9))
    se = sqrt(float(np.square(apart) @ robust)) / square
    if se == 0.0:
        return Estimate(slope, n, confidence=confidence, method="no spread")
    return estimate(slope, n, mean_t(slope, se, n - 2.0, confidence), confidence)
