"""Intervals from bootstrap replicates: the metrics for which no formula is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import Floats, Interval, check_confidence, real, t_quantile

Bounds = tuple[float | None, float | None]


def from_replicates(
    value: npt.ArrayLike,
    replicates: npt.ArrayLike,
    confidence: float = 0.95,
    *,
    n: npt.ArrayLike | None = None,
    bounds: Bounds = (None, None),
) -> Interval:
    """Return the house's bootstrap interval: a t interval with the replicates' standard error, on a scale without ends.

    The standard error is the replicates' standard deviation (ddof 1) times √(n/(n − 1)), since a bootstrap over n rows
    is too narrow by that factor. The interval is value ± t(n − 1) · se, taken on the logit scale between two bounds, on
    the log scale from one, and mapped back (delta method). At a bound (all rows right, say) replicates do not vary
    and say nothing: with two bounds and n the interval is then Wilson's for that share of n rows, which a mean
    within these bounds cannot exceed in variance; with fewer facts the ends are NaN.

    Why not percentiles: 200 draws place a 2.5 % tail badly, and for small n percentiles are too narrow and repeat the
    bias of the replicates. Simulated coverage of nominal 95 % intervals, 200 replicates, percentile → this:
    accuracy .9, n = 20: .87 → .98, n = 50: .93 → .98, n = 200: .93 → .95; accuracy .99, n = 20: .18 → .99, n = 200:
    .86 → .96; F1 n = 20: .92 → .95; MCC n = 20: .87 → .94, n = 50: .91 → .97; skewed loss n = 20: .87 → .91, n = 50:
    .90 → .93; RMSE n = 20: .88 → .94; R² n = 20: .91 → .98. From n = 2,000 on they agree within the noise.

    Args:
        value: the estimate on all rows (not the mean of the replicates); any shape S.
        replicates: shape S + (B,); NaN where undefined. With more than half undefined there is no interval.
        confidence: nominal coverage.
        n: rows, or clusters when whole clusters were resampled; broadcast against ``value``. Unknown: no correction.
        bounds: ends of the metric's range, None where it has none.

    Examples:
        >>> draws = np.random.default_rng(0).normal(0.9, 0.02, 200)
        >>> interval = from_replicates(0.9, draws, n=100, bounds=(0.0, 1.0))
        >>> round(interval.low, 2), round(interval.high, 2)
        (0.85, 0.93)
    """
    check_confidence(confidence)
    centre = np.asarray(value, dtype=np.float64)
    draws = np.asarray(replicates, dtype=np.float64)
    if draws.ndim == 0 or draws.shape[:-1] != centre.shape:
        message = f"replicates must have the value's shape and one more axis: {draws.shape} for {centre.shape}."
        raise InvalidArgument(message)
    se = replicate_se(draws)
    if n is None:
        rows = np.full(centre.shape, np.nan)
        half_width = np.asarray(t_quantile(0.5 + confidence / 2.0, max(draws.shape[-1] - 1, 1)))
    else:
        rows = np.broadcast_to(np.asarray(n, dtype=np.float64), centre.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            se = se * np.where(rows > 1, np.sqrt(rows / (rows - 1.0)), np.nan)
        half_width = np.asarray(t_quantile(0.5 + confidence / 2.0, rows - 1.0))
    low, high = _on_open_scale(centre, half_width * se, bounds)
    flat = ~(se > 0) | _at_bound(centre, bounds)
    if bounds == (None, None):
        return Interval(real(low), real(high), real(se), "bootstrap t")
    end_low, end_high = _share_interval(centre, rows, bounds, confidence)
    low, high = np.where(flat, end_low, low), np.where(flat, end_high, high)
    return Interval(real(low), real(high), real(se), f"bootstrap t ({_scale(bounds)})")


def replicate_se(replicates: npt.ArrayLike) -> Floats:
    """Return the standard deviation (ddof 1) along the last axis, NaN where more than half are undefined.

    Examples:
        >>> float(replicate_se([1.0, 2.0, 3.0]))
        1.0
    """
    draws = np.asarray(replicates, dtype=np.float64)
    if draws.shape[-1] < 2:
        return np.full(draws.shape[:-1], np.nan)
    known = np.isfinite(draws)
    if known.all():
        # Shifted by one of its own values, so that equal replicates give exactly 0.
        return np.asarray((draws - draws[..., :1]).std(axis=-1, ddof=1))
    count = known.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, draws, 0.0).sum(axis=-1) / count
        spread = np.where(known, draws - mean[..., None], 0.0)
        se = np.sqrt(np.square(spread).sum(axis=-1) / (count - 1.0))
    return np.where((count >= 2) & (2 * count >= draws.shape[-1]), se, np.nan)


def percentile(replicates: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the central ``confidence`` of the replicates (Efron 1981); undefined replicates are left out.

    Args:
        replicates: along the last axis.
        confidence: nominal coverage.

    Examples:
        >>> interval = percentile(np.arange(101.0))
        >>> round(interval.low, 6), round(interval.high, 6)
        (2.5, 97.5)
    """
    draws = np.asarray(replicates, dtype=np.float64)
    tail = (1.0 - check_confidence(confidence)) / 2.0
    low, high = _quantiles(draws, tail), _quantiles(draws, 1.0 - tail)
    return Interval(real(low), real(high), real(replicate_se(draws)), "bootstrap percentile")


def basic(value: npt.ArrayLike, replicates: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the basic (reversed percentile) interval: 2 · value − percentiles (Davison & Hinkley 1997, §5.2).

    Examples:
        >>> interval = basic(40.0, np.arange(101.0))
        >>> interval.low, interval.high
        (-17.5, 77.5)
    """
    inner = percentile(replicates, confidence)
    centre = 2.0 * np.asarray(value, dtype=np.float64)
    return Interval(real(centre - inner.high), real(centre - inner.low), inner.se, "bootstrap basic")


def bca(value: float, replicates: npt.ArrayLike, jackknife: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the bias-corrected and accelerated interval (Efron 1987).

    Args:
        value: the estimate on all rows.
        replicates: shape (B,); it wants 1,000 or more, since it reaches further into the tails than ``percentile``.
        jackknife: the metric with each row left out in turn, shape (n,).
        confidence: nominal coverage.

    Examples:
        >>> rows = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
        >>> draws = np.random.default_rng(0).choice(rows, (2000, 5)).mean(axis=1)
        >>> interval = bca(4.0, draws, (rows.sum() - rows) / 4)
        >>> interval.low < 4.0 < interval.high
        True
    """
    from scipy.special import ndtr, ndtri

    draws = np.asarray(replicates, dtype=np.float64)
    draws = draws[np.isfinite(draws)]
    left_out = np.asarray(jackknife, dtype=np.float64)
    se = float(replicate_se(draws))
    if len(draws) < 2 or not se > 0:
        return Interval(float("nan"), float("nan"), se, "bootstrap bca")
    below = ((draws < value).sum() + (draws <= value).sum()) / (2.0 * len(draws))
    bias = ndtri(below)
    influence = left_out.mean() - left_out
    scale = np.square(influence).sum() ** 1.5
    acceleration = (influence**3).sum() / (6.0 * scale) if scale > 0 else 0.0
    tail = (1.0 - check_confidence(confidence)) / 2.0
    z = bias + ndtri(np.array([tail, 1.0 - tail]))
    low, high = np.quantile(draws, ndtr(bias + z / (1.0 - acceleration * z)))
    return Interval(float(low), float(high), se, "bootstrap bca")


def _quantiles(draws: Floats, q: float) -> Floats:
    if np.isfinite(draws).all():
        return np.asarray(np.quantile(draws, q, axis=-1))
    masked = np.where(np.isfinite(draws), draws, np.nan)
    known = np.asarray(np.isfinite(masked).any(axis=-1))
    return np.where(known, np.nanquantile(np.where(known[..., None], masked, 0.0), q, axis=-1), np.nan)


def _on_open_scale(centre: Floats, half: Floats, bounds: Bounds) -> tuple[Floats, Floats]:
    from scipy.special import expit, logit

    lower, upper = bounds
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if lower is not None and upper is not None:
            share = (centre - lower) / (upper - lower)
            wide = half * (upper - lower) / ((centre - lower) * (upper - centre))
            ends = expit(logit(share) - wide), expit(logit(share) + wide)
            return lower + (upper - lower) * ends[0], lower + (upper - lower) * ends[1]
        if lower is not None:
            factor = np.exp(half / (centre - lower))
            return lower + (centre - lower) / factor, lower + (centre - lower) * factor
        if upper is not None:
            factor = np.exp(half / (upper - centre))
            return upper - (upper - centre) * factor, upper - (upper - centre) / factor
    return centre - half, centre + half


def _at_bound(centre: Floats, bounds: Bounds) -> npt.NDArray[np.bool_]:
    lower, upper = bounds
    at = np.isnan(centre)
    if lower is not None:
        at = at | (centre <= lower)
    if upper is not None:
        at = at | (centre >= upper)
    return at


def _share_interval(centre: Floats, n: Floats, bounds: Bounds, confidence: float) -> tuple[Floats, Floats]:
    from steelyard.metrics.intervals.proportion import wilson

    lower, upper = bounds
    nothing = np.full(centre.shape, np.nan)
    if lower is None or upper is None:
        return nothing, nothing
    share = np.clip(np.nan_to_num((centre - lower) / (upper - lower)), 0.0, 1.0)
    rows = np.where(np.isnan(centre), np.nan, n)
    ends = wilson(share * np.nan_to_num(rows), np.nan_to_num(rows), confidence)
    scale = upper - lower
    return lower + scale * np.asarray(ends.low), lower + scale * np.asarray(ends.high)


def _scale(bounds: Bounds) -> str:
    return "logit" if bounds[0] is not None and bounds[1] is not None else "log"
