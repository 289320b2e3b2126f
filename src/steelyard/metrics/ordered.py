"""Metrics that need the rows in order, on every slice: areas, selective risk, Kolmogorov–Smirnov, quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.metrics import intervals
from steelyard.metrics.areas import areas_sorted
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import ratio
from steelyard.metrics.states.tally import Tally


@dataclass(frozen=True, slots=True)
class Linear:
    """A statistic on S slices with the replicates of its first-order expansion: shapes (S,), (S, B), (S,)."""

    values: np.ndarray
    replicates: np.ndarray
    se: np.ndarray


def slices_in_order(key: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield, for all rows and then each slice of each dimension, the row numbers sorted by ``key``."""
    order = np.argsort(key)
    yield order
    for dimension, size in zip(codes, sizes, strict=True):
        by_slice = dimension[order]
        small = by_slice.astype(np.uint8 if size < 256 else np.uint16 if size < 65536 else np.int64)
        grouped = order[np.argsort(small, kind="stable")]
        ends = np.cumsum(np.bincount(by_slice, minlength=size))
        yield from np.split(grouped, ends[:-1])


def roc_and_precision(
    scores: np.ndarray, positive: np.ndarray, buckets: np.ndarray, weights: np.ndarray | None,
    orders: Sequence[np.ndarray], draw: np.ndarray,
) -> tuple[Linear, Linear]:  # fmt: skip
    """Return ROC AUC and average precision on every slice.

    Args:
        scores, positive, buckets, weights: columns of the rows, shape (n,).
        orders: from :func:`slices_in_order` of the scores, S arrays.
        draw: replicate weights, shape (B, buckets).
    """
    size, b = len(orders), draw.shape[0]
    roc, pr = np.full(size, np.nan), np.full(size, np.nan)
    roc_b, pr_b = np.full((size, b), np.nan), np.full((size, b), np.nan)
    se = np.full(size, np.nan)
    for i, order in enumerate(orders):
        s, y = scores[order], positive[order]
        w = None if weights is None else weights[order]
        found = areas_sorted(s, y, w, np.arange(len(order)))
        roc[i], pr[i], se[i] = found.roc_auc, found.average_precision, found.roc_se
        places = buckets[order]
        classes = Tally(2, whole=w is None)
        classes.add(places, cells=y.astype(np.int64), values=w)
        moves = Tally(3, whole=False, fine=w is None)
        moves.add(places, cells=y.astype(np.int64), values=found.roc_influence)
        moves.add(places, cells=2, values=found.precision_influence)
        q, p = classes.replicate(draw)[:, 0, :]
        down, up, ap = moves.replicate(draw)[:, 0, :]
        roc_b[i] = roc[i] + ratio(up, p) + ratio(down, q)
        pr_b[i] = pr[i] + ratio(ap, p + q)
    return Linear(roc, np.clip(roc_b, 0, 1), se), Linear(pr, np.clip(pr_b, 0, 1), np.full(size, np.nan))


def selective_risk(
    confidence: np.ndarray, wrong: np.ndarray, buckets: np.ndarray, orders: Sequence[np.ndarray], draw: np.ndarray,
    *, coverage: float = 0.8,
) -> tuple[Linear, Linear, np.ndarray, np.ndarray]:  # fmt: skip
    """Return the area under the risk–coverage curve, and the risk at one coverage with its (wrong, kept) counts.

    The curve (El-Yaniv & Wiener 2010) gives the share of wrong rows among those at least as confident as a threshold;
    its area (Geifman & El-Yaniv 2017) is the mean of that risk over the rows. Ties in confidence enter together.
    """
    size, b = len(orders), draw.shape[0]
    area, at = np.full(size, np.nan), np.full(size, np.nan)
    area_b, at_b = np.full((size, b), np.nan), np.full((size, b), np.nan)
    bad, kept = np.zeros(size), np.zeros(size)
    for i, order in enumerate(orders):
        n = len(order)
        if n == 0:
            continue
        c, e = confidence[order], wrong[order].astype(float)
        first = np.concatenate([[True], c[1:] != c[:-1]])
        starts = np.flatnonzero(first)
        sizes = np.diff(np.append(starts, n))
        above = n - starts  # rows at or above each group of ties
        errors_above = np.cumsum(np.add.reduceat(e, starts)[::-1])[::-1]
        risk = errors_above / above
        area[i] = (risk * sizes).sum() / n
        c1, c2 = np.cumsum(sizes / above), np.cumsum(sizes * risk / above)
        influence = np.repeat(risk - area[i] - c2, sizes) + e * np.repeat(c1, sizes)
        cut = starts[np.flatnonzero(above >= coverage * n)[-1]]
        keep = np.arange(n) >= cut
        bad[i], kept[i] = e[keep].sum(), keep.sum()
        at[i] = bad[i] / kept[i]
        places = buckets[order]
        moves, counts = Tally(1, whole=False, fine=True), Tally(4)
        moves.add(places, values=influence)
        counts.add(places, cells=2 * keep + wrong[order])
        left_right, left_wrong, right, bad_b = counts.replicate(draw)[:, 0, :]
        area_b[i] = area[i] + ratio(moves.replicate(draw)[0, 0], left_right + left_wrong + right + bad_b)
        at_b[i] = ratio(bad_b, right + bad_b)
    none = np.full(size, np.nan)
    return Linear(area, np.clip(area_b, 0, 1), none), Linear(at, at_b, none), bad, kept


def kolmogorov_smirnov(
    scores: np.ndarray, positive: np.ndarray, buckets: np.ndarray, orders: Sequence[np.ndarray], draw: np.ndarray
) -> Linear:
    """Return the largest distance between the classes' score distributions (Smirnov 1948).

    Replicates hold the threshold where the maximum is reached: to first order it does not move the maximum.
    """
    size, b = len(orders), draw.shape[0]
    values, replicates = np.full(size, np.nan), np.full((size, b), np.nan)
    for i, order in enumerate(orders):
        s, y = scores[order], positive[order]
        p, q = y.sum(), (~y).sum()
        if p == 0 or q == 0:
            continue
        last = np.flatnonzero(np.concatenate([s[1:] != s[:-1], [True]]))
        gap = np.cumsum(~y)[last] / q - np.cumsum(y)[last] / p
        best = int(np.argmax(np.abs(gap)))
        values[i] = abs(gap[best])
        cells = 2 * y.astype(np.int64) + (np.arange(len(order)) > last[best])
        table = Tally(4)
        table.add(buckets[order], cells=cells)
        counts = table.replicate(draw)[:, 0, :]
        share = ratio(counts[0], counts[0] + counts[1]) - ratio(counts[2], counts[2] + counts[3])
        replicates[i] = np.abs(share)
    return Linear(values, replicates, np.full(size, np.nan))


def quantiles(
    column: np.ndarray, buckets: np.ndarray, orders: Sequence[np.ndarray], plan: Plan, at: Sequence[float]
) -> list[tuple[Linear, np.ndarray, np.ndarray]]:
    """Return quantiles of a column on every slice: for each of ``at``, the statistic and its interval's two ends.

    The ends are order statistics (David & Nagaraja 2003, §7.1). Replicates follow Bahadur (1966): a quantile moves
    against the share of rows below it, divided by the density, here the slope between those order statistics.
    """
    draw, z = plan.weight_matrix, float(intervals.normal_quantile(0.5 + plan.confidence / 2))
    size, b = len(orders), draw.shape[0]
    out = []
    for share in at:
        values, low, high = (np.full(size, np.nan) for _ in range(3))
        replicates = np.full((size, b), np.nan)
        for i, order in enumerate(orders):
            n = len(order)
            if n == 0:
                continue
            x = column[order]
            values[i] = np.median(x) if share == 0.5 else np.quantile(x, share)
            spread = z * np.sqrt(share * (1 - share) / n)
            lower, upper = max(share - spread, 0.0), min(share + spread, 1.0)
            low[i], high[i] = np.quantile(x, lower), np.quantile(x, upper)
            table = Tally(2)
            table.add(buckets[order], cells=(x <= values[i]).astype(np.int64))
            above_b, below_b = table.replicate(draw)[:, 0, :]
            slope = (high[i] - low[i]) / max(upper - lower, 1e-300)
            replicates[i] = values[i] - slope * (ratio(below_b, above_b + below_b) - (x <= values[i]).mean())
        out.append((Linear(values, replicates, np.full(size, np.nan)), low, high))
    return out
