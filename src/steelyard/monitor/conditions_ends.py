"""The interval that a rate or a mean is judged by: one whose ends hold also near the ends of the range.

A page shows Wilson's and Student's intervals, which cover 95% on average. A rule wakes people, and what it promises is
of one side: no more than (1 − confidence)/2 of the looks at a series on its limit are bad. Near 0 and 1 both break it:
of 30 rows of which one in 200 fails, Wilson's lower end lies above 1 in 200 in 14% of the samples, and a mean whose
rows happen to be all equal has a Student's interval of no width at all.
"""

from __future__ import annotations

import math

from steelyard.metrics.intervals import clopper_pearson, t_quantile
from steelyard.monitor.series_reading import Reading, interval_at, standard_error

Ends = tuple[float | None, float | None]
_SAME = 1e-9


def ends_of(reading: Reading, confidence: float, *, low: float, high: float) -> Ends:
    """Return the interval of a reading that decides.

    A rate: Clopper & Pearson 1934, which is exact. A mean of numbers of which the least and the greatest are known: of
    two different numbers only, as of 0 and 1, that of their share; if all are equal, as far as a share of others could
    lie that is seen in no row with the probability (1 − confidence)/2; else Student's t on the log-odds of the mean's
    place in the range, so that it leans the way that the rows do. Anything else: ``interval_at``.

    Args:
        reading: whose.
        confidence: nominal coverage.
        low, high: the range of the numbers; wider if some lie beyond.

    Examples:
        >>> flat = Reading(shape="mean", value=0.0, n=30, total=0.0, squares=0.0, se=0.0, least=0.0, most=0.0)
        >>> ends = ends_of(flat, 0.95, low=0.0, high=1.0)
        >>> tuple(round(end, 3) for end in ends)
        (0.0, 0.116)
    """
    if reading.value is None:
        return None, None
    if reading.shape == "rate":
        return _share(reading.total, reading.n, confidence)
    if reading.shape != "mean" or reading.least is None or reading.most is None:
        return interval_at(reading, confidence)
    low, high = min(low, reading.least), max(high, reading.most)
    width = reading.most - reading.least
    if width == 0.0:
        unseen = 1.0 - ((1.0 - confidence) / 2.0) ** (1.0 / reading.n)
        return reading.value - (reading.value - low) * unseen, reading.value + (high - reading.value) * unseen
    if _has_two_numbers(reading, reading.least, reading.most):
        found = _share((reading.total - reading.n * reading.least) / width, reading.n, confidence)
        return reading.least + width * found[0], reading.least + width * found[1]
    return _leaning(reading, reading.value, confidence, low, high)


def _share(succeeded: float, n: int, confidence: float) -> tuple[float, float]:
    found = clopper_pearson(min(max(succeeded, 0.0), float(n)), n, confidence)
    return float(found.low), float(found.high)


def _has_two_numbers(reading: Reading, least: float, most: float) -> bool:
    """Return whether every row is the least or the greatest: then Σ(x − least)(most − x) is 0."""
    between = (least + most) * reading.total - reading.squares - reading.n * least * most
    return abs(between) <= _SAME * reading.n * (most - least) ** 2


def _leaning(reading: Reading, value: float, confidence: float, low: float, high: float) -> Ends:
    place, error = (value - low) / (high - low), standard_error(reading)
    if error is None or reading.n < 2 or not 0.0 < place < 1.0:
        return None, None
    odds = math.log(place / (1.0 - place))
    t = float(t_quantile((1.0 + confidence) / 2.0, reading.n - 1))
    half = t * error / ((high - low) * place * (1.0 - place))
    return low + (high - low) * _expit(odds - half), low + (high - low) * _expit(odds + half)


def _expit(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds)) if odds >= 0 else math.exp(max(odds, -700.0)) / (1.0 + math.exp(odds))
