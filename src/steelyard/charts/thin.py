"""Fewer points, the same curve."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["keep_points"]

_FIRST_PASS = 20_000  # points: a cheap cut before the careful one


def keep_points(x: NDArray[np.float64], y: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """Return the indices of at most ``limit`` points whose polyline stays nearest to the whole one.

    The ends are kept. The points left out are those nearest to the line between their kept neighbours: the farthest
    point is added first, as in Douglas and Peucker (1973), until the limit is reached. A curve with a gap (NaN) or with
    few enough points is kept as it is, unless it is too long, when it is thinned evenly.

    Args:
        x, y: the points, in the order of the curve.
        limit: at least 2.

    Examples:
        >>> import numpy as np
        >>> keep_points(np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 0, 5, 0, 0]), 4).tolist()
        [0, 1, 2, 4]
    """
    n = len(x)
    if n <= limit:
        return np.arange(n)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.unique(np.linspace(0, n - 1, limit).round().astype(np.intp))
    x, y = _unit(x), _unit(y)
    first = _evenly_along(x, y, max(_FIRST_PASS, limit))
    return first[_farthest_first(x[first], y[first], limit)]


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    span = float(np.ptp(values))
    return (values - values.min()) / span if span > 0 else np.zeros_like(values)


def _evenly_along(x: NDArray[np.float64], y: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    if len(x) <= limit:
        return np.arange(len(x))
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    index = np.searchsorted(length, np.linspace(0, length[-1], limit))
    return np.unique(np.concatenate([[0], np.clip(index, 0, len(x) - 1), [len(x) - 1]]))


def _farthest_first(x: NDArray[np.float64], y: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    kept = [0, len(x) - 1]
    spans = [_farthest(x, y, 0, len(x) - 1)]
    while spans and len(kept) < limit:
        _, middle, start, end = heapq.heappop(spans)
        if middle < 0:
            continue
        kept.append(middle)
        heapq.heappush(spans, _farthest(x, y, start, middle))
        heapq.heappush(spans, _farthest(x, y, middle, end))
    return np.sort(np.array(kept, dtype=np.intp))


def _farthest(x: NDArray[np.float64], y: NDArray[np.float64], start: int, end: int) -> tuple[float, int, int, int]:
    """Return (minus the distance, the farthest point inside or -1, start, end), ready for a heap."""
    if end - start < 2:
        return (0.0, -1, start, end)
    dx, dy = x[end] - x[start], y[end] - y[start]
    inside_x, inside_y = x[start + 1 : end] - x[start], y[start + 1 : end] - y[start]
    norm = float(np.hypot(dx, dy))
    distance = np.abs(dx * inside_y - dy * inside_x) / norm if norm > 0 else np.hypot(inside_x, inside_y)
    middle = int(np.argmax(distance))
    return (-float(distance[middle]), start + 1 + middle, start, end)
