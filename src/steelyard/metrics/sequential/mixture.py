"""Confidence sequences of a mean in closed form: intervals that hold at all numbers of rows at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import Interval
from steelyard.metrics.intervals.interval import check_confidence, real


def mixture_interval(
    mean: npt.ArrayLike,
    n: npt.ArrayLike,
    *,
    sigma: float = 0.5,
    rho: float | None = None,
    tightest_at: float = 100.0,
    confidence: float = 0.95,
) -> Interval:
    """Return the normal-mixture interval: with the given confidence it holds the mean after every row for ever.

    Source: Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, §3.2: half-width √((v + ρ)·log((v + ρ)/(ρα²)))/n,
    v = nσ². Values in [0, 1], of any law, have σ = ½ (Hoeffding).

    Args:
        mean: of the rows so far; any shape.
        n: how many; broadcast against it. Of none the interval is infinite.
        sigma: the values' sub-Gaussian scale: half of their range if they have one.
        rho: where the interval is tightest, in units of v; instead of ``tightest_at``.
        tightest_at: at how many rows the interval should be tightest.
        confidence: nominal coverage, over all times together.

    Examples:
        >>> interval = mixture_interval(0.5, 100, rho=2.5)
        >>> round(interval.high - 0.5, 7)
        0.1518906
    """
    alpha = 1.0 - check_confidence(confidence)
    centre, rows = _read(mean, n)
    if not sigma > 0.0:
        raise InvalidArgument(f"sigma must be above 0; it is {sigma!r}.")
    width = _tuned(tightest_at * sigma * sigma, alpha) if rho is None else rho
    if not width > 0.0:
        raise InvalidArgument(f"rho must be above 0; it is {rho!r}.")
    v = rows * sigma * sigma
    with np.errstate(divide="ignore"):
        half = np.sqrt((v + width) * np.log((v + width) / (width * alpha * alpha))) / rows
    return Interval(real(centre - half), real(centre + half), None, "normal-mixture")


def asymptotic_interval(
    mean: npt.ArrayLike,
    sd: npt.ArrayLike,
    n: npt.ArrayLike,
    *,
    rho: float | None = None,
    tightest_at: float = 100.0,
    confidence: float = 0.95,
) -> Interval:
    """Return the asymptotic confidence sequence: for means of any numbers with a variance, once there are many.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, Theorem 2.2: half-width
    s·√(2(nρ² + 1)/(n²ρ²)·log(√(nρ² + 1)/α)). It is to a confidence sequence what the central limit theorem's interval
    is to an exact one: begin to look after some dozens of rows.

    Args:
        mean, sd: of the rows so far; any shape.
        n: how many.
        rho: instead of ``tightest_at``.
        tightest_at: at how many rows the interval should be tightest: ρ = √((−2·log α + log(1 − 2·log α))/n).
        confidence: nominal coverage, over all times together.
    """
    alpha = 1.0 - check_confidence(confidence)
    centre, rows = _read(mean, n)
    scale = np.asarray(sd, np.float64)
    if np.any(scale < 0.0):
        raise InvalidArgument("sd is a standard deviation: 0 or more.")
    if rho is None:
        rho = float(np.sqrt((-2.0 * np.log(alpha) + np.log(1.0 - 2.0 * np.log(alpha))) / _positive(tightest_at)))
    if not rho > 0.0:
        raise InvalidArgument(f"rho must be above 0; it is {rho!r}.")
    grown = rows * rho * rho + 1.0
    with np.errstate(divide="ignore"):
        half = scale * np.sqrt(2.0 * grown / (rows * rho) ** 2 * np.log(np.sqrt(grown) / alpha))
    return Interval(real(centre - half), real(centre + half), real(scale / np.sqrt(rows)), "asymptotic-sequence")


def _tuned(v: float, alpha: float) -> float:
    """Return the ρ for which the mixture's interval is tightest at v (Howard et al. 2021, Proposition 3)."""
    from scipy.special import lambertw

    return float(_positive(v) / (-np.real(lambertw(-(alpha**2) / np.e, -1)) - 1.0))


def _positive(tightest_at: float) -> float:
    if not (np.isfinite(tightest_at) and tightest_at > 0.0):
        raise InvalidArgument(f"tightest_at counts rows: above 0; it gives {tightest_at!r}.")
    return tightest_at


def _read(mean: npt.ArrayLike, n: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rows = np.asarray(n, np.float64)
    if np.any(rows < 0):
        raise InvalidArgument("n counts rows: 0 or more.")
    return np.asarray(mean, np.float64), rows
