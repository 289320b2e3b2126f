"""Intervals of chance-corrected agreement, and how it is said that there is none."""

from __future__ import annotations

from math import isfinite

import numpy as np

from steelyard.metrics.agreement.rated import Codes, Floats
from steelyard.metrics.intervals import Interval, t_quantile, wilson
from steelyard.metrics.weights import BUCKETS, buckets_of, weight_matrix
from steelyard.records import Estimate

NOISE = 1e-12
"""Standard errors up to this are of rounding: the items are alike."""

TOO_FEW = "fewer than two items have two ratings"
ONE_VALUE = "only one value was given, so nothing can be told from chance"
TOO_MANY_VALUES = "too many different values for a table of them"


def undefined(why: str, n: int, confidence: float) -> Estimate:
    """Return an estimate without a value, which says why."""
    return Estimate(None, n, confidence=confidence, method=why)


def estimate(value: float, n: int, interval: Interval, confidence: float) -> Estimate:
    """Return the estimate with the interval's ends, which are None where it has none."""
    return Estimate(
        value, n, se=_known(interval.se), low=_known(interval.low), high=_known(interval.high),
        confidence=confidence, method=interval.method,
    )  # fmt: skip


def corrected_interval(
    value: float, se: float, n: int, confidence: float, *, chance: float, method: str, alike: bool = False
) -> Interval:
    """Return a t interval on the scale atanh(value), which cannot leave [-1, 1] (Fisher's z; the delta method).

    Where all items agree alike (perfectly, or two raters of three each time), no item shows how agreement varies. The
    ends are then Wilson's for n · po agreeing items of n, corrected for chance: (w − pe)/(1 − pe), where po is the
    observed agreement; a mean within 0 and 1 varies no more than such a share. It takes an item that disagrees to
    disagree as much as unlike values do on average. If the standard error is that of chance agreement alone, the wider
    of both ends holds.

    Why this scale: simulated coverage of nominal 95 % intervals of two raters' yes and no, value ± 1.96 se → this.
    Half yes, each wrong 10 % of the time: n = 20: .90 → .97, n = 50: .95 → .96, n = 200: .94 → .94; nine in ten yes,
    wrong 5 %: Cohen n = 20: .75 → .88, n = 50: .88 → .95; AC1 n = 20: .88 → .96; alpha n = 20: .77 → .86, n = 50:
    .92 → .95.

    Args:
        value: the coefficient, at most 1.
        se: its standard error.
        n: items.
        confidence: nominal coverage.
        chance: the agreement expected by chance, pe.
        method: the name of the standard error's source.
        alike: whether all items agree alike.
    """
    if value >= 1.0 - NOISE:
        return Interval(*_alike(1.0, n, confidence, chance), 0.0, "wilson at perfect agreement")
    known = n >= 2 and se > NOISE and value > -1.0
    bounded = n >= 2 and value >= -1.0 - NOISE  # items with one rating can push a coefficient below -1
    if not known and not (bounded and (alike or se <= NOISE)):
        return Interval(float("nan"), float("nan"), se if isfinite(se) else None, method)
    ends = _alike(value, n, confidence, chance) if alike or not known else (1.0, -1.0)
    if known:
        half = float(t_quantile(0.5 + confidence / 2.0, n - 1)) * se / (1.0 - value * value)
        centre = float(np.arctanh(value))
        ends = min(ends[0], float(np.tanh(centre - half))), max(ends[1], float(np.tanh(centre + half)))
    return Interval(*ends, se if known else 0.0, "wilson, all items alike" if alike or not known else method)


def _alike(value: float, n: int, confidence: float, chance: float) -> tuple[float, float]:
    if chance >= 1.0:
        return float("nan"), 1.0 if value >= 1.0 else float("nan")
    observed = min(max(value * (1.0 - chance) + chance, 0.0), 1.0)
    share = wilson(n * observed, n, confidence)
    low, high = ((float(end) - chance) / (1.0 - chance) for end in (share.low, share.high))
    return max(min(low, value), -1.0), min(max(high, value), 1.0)


def item_buckets(packed: Codes) -> tuple[np.ndarray, int]:
    """Return each item's bucket of the hashed bootstrap and how many there are: its own while there are enough."""
    n = len(packed)
    if n <= BUCKETS:
        return np.arange(n), n
    return buckets_of(np.arange(n, dtype=np.uint64)), BUCKETS


def resampled_sums(packed: Codes, columns: Floats, replicates: int, key: int) -> Floats:
    """Return sums over items under each replicate's weights: shape (replicates, k).

    Args:
        packed: the items, for their number and order only.
        columns: shape (items, k), what is added up.
        replicates: how many.
        key: the seed of the weights.
    """
    bucket, buckets = item_buckets(packed)
    sums = np.stack([np.bincount(bucket, column, minlength=buckets) for column in columns.T], axis=1)
    return np.asarray(weight_matrix(replicates, key, buckets=buckets) @ sums, dtype=np.float64)


def _known(value: object) -> float | None:
    if value is None:
        return None
    number = float(np.asarray(value, dtype=np.float64))
    return number if isfinite(number) else None
