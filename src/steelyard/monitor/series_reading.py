"""One reading of a series: a number with what it was made of, so that it can be held against another reading."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from steelyard.metrics.intervals import mean_interval, mean_t, wilson
from steelyard.metrics.intervals.interval import check_confidence, two_sided_z

Shape = Literal["rate", "mean", "quantile", "count", "total", "distance", "level", "estimate"]
"""What a number is: a share of rows; a mean of rows; a quantile of rows; how many rows; a sum over rows, known exactly;
a distance from a reference, with a floor; a level that is simply so; or an estimate that came with its standard error.
"""

CONFIDENCE = 0.95
"""Of the interval that a reading shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A series over a stretch of time.

    Args:
        group: the value of ``Series.by``; empty for the whole.
        start_ms, end_ms: the stretch, [start, end), milliseconds since 1970.
        shape: what the number is; see ``Shape``.
        value: the number; None where there is none.
        low, high: its 95% interval; None where it has none.
        n: rows that it is of.
        total: of a rate how many rows succeeded; of a mean the sum of the rows.
        squares: of a mean the sum of the rows' squares.
        least, most: of a mean the least and the greatest row, where they are known.
        se: standard error of a mean, a sum or an estimate; of a mean it is taken from the sums where it is None.
        dispersion: of a count, how much more it varies than a Poisson count does; 1 or more.
        floor: of a distance, how large it is by chance alone.
        p_value: of a distance, how often chance makes it as large.
        rows: ids of rows that speak for it, where they are known.
        unit: ``share``, ``ms``, ``tokens``, ``USD``, or empty.
        errors: rows that have an error instead of a value; they are not among ``n``.
        note: what should be known about it, in words.
    """

    group: str = ""
    start_ms: int = 0
    end_ms: int = 0
    shape: Shape = "level"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    least: float | None = None
    most: float | None = None
    se: float | None = None
    dispersion: float = 1.0
    floor: float | None = None
    p_value: float | None = None
    rows: tuple[str, ...] = ()
    unit: str = ""
    errors: int = 0
    note: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read; no traffic at all is a count of 0 and not nothing."""
        return self.value is None


def finished(reading: Reading) -> Reading:
    """Return a reading with its 95% interval, from what it was made of."""
    if reading.value is None or reading.shape in ("quantile", "total", "level"):
        return reading
    low, high = interval_at(reading, CONFIDENCE)
    return replace(reading, low=low, high=high)


def interval_at(reading: Reading, confidence: float) -> tuple[float | None, float | None]:
    """Return the interval of a reading.

    A rate: Wilson 1927. A mean: Student's t. A count: Garwood 1936, the exact interval of a Poisson mean; where the
    parts of the stretch vary more than Poisson counts do, that of the count divided by the dispersion (quasi-Poisson,
    Wedderburn 1974). A quantile: its 95% interval between two of the rows (Conover 1999), whose halves are stretched on
    the scale of logarithms by the ratio of the normal quantiles for other confidences. A sum and a level are known
    exactly: both ends are the number.

    Args:
        reading: whose.
        confidence: nominal coverage.

    Returns:
        Its ends; None where there is none.

    Examples:
        >>> low, high = interval_at(Reading(shape="count", value=10.0, n=10), 0.95)
        >>> round(low, 3), round(high, 3)
        (4.795, 18.39)
    """
    check_confidence(confidence)
    value = reading.value
    if value is None:
        return None, None
    match reading.shape:
        case "rate":
            found = wilson(reading.total, reading.n, confidence)
            return float(found.low), float(found.high)
        case "mean":
            found = mean_t(value, standard_error(reading) or 0.0, reading.n - 1, confidence)
            return _there(float(found.low)), _there(float(found.high))
        case "count":
            return _poisson(value, reading.dispersion, confidence)
        case "quantile":
            return _stretched(reading, value, confidence)
        case "total" | "level":
            return value, value
        case _:
            return _normal(reading, value, confidence)


def standard_error(reading: Reading) -> float | None:
    """Return the standard error of a mean, a count, a sum or an estimate; of a quantile that of its logarithm."""
    match reading.shape:
        case "mean":
            if reading.se is not None:
                return reading.se
            found = mean_interval(total=reading.total, squares=reading.squares, n=reading.n).se
            return None if found is None else _there(float(found))
        case "count":
            return None if reading.value is None else math.sqrt(max(reading.value, 1.0) * reading.dispersion)
        case "total" | "estimate" | "distance":
            return reading.se
        case "level":
            return 0.0
        case _:
            return None


def _poisson(count: float, dispersion: float, confidence: float) -> tuple[float, float]:
    from scipy.special import gammaincinv

    tail, k = (1.0 - confidence) / 2.0, count / dispersion
    low = float(gammaincinv(k, tail)) if k > 0 else 0.0
    return low * dispersion, float(gammaincinv(k + 1.0, 1.0 - tail)) * dispersion


def _stretched(reading: Reading, value: float, confidence: float) -> tuple[float | None, float | None]:
    if confidence == CONFIDENCE:
        return reading.low, reading.high
    factor = two_sided_z(confidence) / two_sided_z(CONFIDENCE)
    return _moved(value, reading.low, factor), _moved(value, reading.high, factor)


def _moved(value: float, end: float | None, factor: float) -> float | None:
    if end is None or value <= 0 or end <= 0:
        return end
    return value * (end / value) ** factor


def _normal(reading: Reading, value: float, confidence: float) -> tuple[float | None, float | None]:
    if reading.se is not None:
        half = two_sided_z(confidence) * reading.se
        return value - half, value + half
    if reading.low is None or reading.high is None or confidence == CONFIDENCE:
        return reading.low, reading.high
    factor = two_sided_z(confidence) / two_sided_z(CONFIDENCE)
    return value - (value - reading.low) * factor, value + (reading.high - value) * factor


def _there(number: float) -> float | None:
    return None if math.isnan(number) else number
