"""What rows that were not scored could have done to a mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.metrics.intervals.interval import Interval, real


def missing_bounds(
    value: npt.ArrayLike, n: npt.ArrayLike, missing: npt.ArrayLike, lower: float = 0.0, upper: float = 1.0
) -> Interval:
    """Return the lowest and highest mean that the missing rows allow (Manski 1989): no interval, but hard ends.

    Args:
        value: mean of the scored rows; any shape.
        n: scored rows (or their weight).
        missing: rows that should have been scored and were not.
        lower: the least a row can score.
        upper: the most.

    Returns:
        Ends at (n · value + missing · lower)/(n + missing) and the same with ``upper``; NaN without any rows.

    Examples:
        >>> bounds = missing_bounds(0.9, 90, 10)
        >>> round(bounds.low, 3), round(bounds.high, 3)
        (0.81, 0.91)
    """
    scored = np.asarray(n, dtype=np.float64)
    lost = np.asarray(missing, dtype=np.float64)
    total = np.where(scored > 0, scored * np.asarray(value, dtype=np.float64), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        low = (total + lost * lower) / (scored + lost)
        high = (total + lost * upper) / (scored + lost)
    return Interval(real(low), real(high), None, "bounds")
