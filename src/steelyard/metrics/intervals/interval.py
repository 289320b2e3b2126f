"""An interval, and the quantiles that intervals are made with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument

Floats = npt.NDArray[np.float64]
Real = float | Floats
"""A number, or an array of them: what went in as an array comes out as one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The two ends of an interval, in the unit of the value; arrays when it was asked for many values at once.

    Args:
        low: lower end; NaN where there is none.
        high: upper end; NaN where there is none.
        se: standard error of the value; None when the method has none.
        method: how it was made, such as ``wilson``.

    Examples:
        >>> Interval(0.8, 0.9, method="wilson").at(0)
        Interval(low=0.8, high=0.9, se=None, method='wilson')
    """

    low: Real
    high: Real
    se: Real | None = None
    method: str = ""

    def at(self, index: int) -> Interval:
        """Return one interval, with plain floats, of an array of them (a scalar interval is its own only one)."""
        return Interval(
            _pick(self.low, index),
            _pick(self.high, index),
            None if self.se is None else _pick(self.se, index),
            self.method,
        )


def _pick(value: Real, index: int) -> float:
    return float(np.atleast_1d(np.asarray(value, dtype=np.float64)).reshape(-1)[index])


def real(value: npt.ArrayLike) -> Real:
    """Return a plain float for a scalar, the array otherwise."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


def check_confidence(confidence: float) -> float:
    """Return ``confidence`` if it lies strictly between 0 and 1.

    Raises:
        InvalidArgument: it does not; the message says what a usual value is.
    """
    if not 0.0 < confidence < 1.0:
        message = f"confidence must lie between 0 and 1, such as 0.95; it is {confidence!r}."
        raise InvalidArgument(message)
    return float(confidence)


def normal_quantile(p: npt.ArrayLike) -> Real:
    """Return the standard normal quantile.

    Args:
        p: probability, 0 to 1; any shape.

    Examples:
        >>> round(normal_quantile(0.975), 4)
        1.96
    """
    from scipy.special import ndtri

    return real(ndtri(np.asarray(p, dtype=np.float64)))


def t_quantile(p: npt.ArrayLike, df: npt.ArrayLike) -> Real:
    """Return the quantile of Student's t; NaN where ``df`` is not positive.

    Args:
        p: probability, 0 to 1; any shape.
        df: degrees of freedom, above 0; infinity gives the normal quantile. Broadcast against ``p``.

    Examples:
        >>> round(t_quantile(0.975, 10), 4)
        2.2281
    """
    from scipy.special import ndtri, stdtrit

    probability, freedom = np.broadcast_arrays(np.asarray(p, dtype=np.float64), np.asarray(df, dtype=np.float64))
    usable = (freedom > 0) & np.isfinite(freedom)
    quantile = np.where(usable, stdtrit(np.where(usable, freedom, 1.0), probability), np.nan)
    return real(np.where(np.isposinf(freedom), ndtri(probability), quantile))


def two_sided_z(confidence: float) -> float:
    """Return the z that leaves half of ``1 - confidence`` on each side."""
    return float(normal_quantile(0.5 + check_confidence(confidence) / 2.0))


def two_sided_p(statistic: npt.ArrayLike, df: npt.ArrayLike = np.inf) -> Real:
    """Return the two-sided p-value of a t statistic (normal when ``df`` is infinite).

    Args:
        statistic: estimate over standard error; any shape.
        df: degrees of freedom, broadcast against it.

    Examples:
        >>> round(two_sided_p(1.959964), 4)
        0.05
    """
    from scipy.special import ndtr, stdtr

    t, freedom = np.broadcast_arrays(-np.abs(np.asarray(statistic, dtype=np.float64)), np.asarray(df, dtype=np.float64))
    finite = np.isfinite(freedom) & (freedom > 0)
    tail = np.where(finite, stdtr(np.where(finite, freedom, 1.0), t), ndtr(t))
    return real(2.0 * np.where(freedom > 0, tail, np.nan))
