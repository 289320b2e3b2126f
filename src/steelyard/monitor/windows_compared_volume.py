"""How much traffic each slice has gained or lost between two windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard.metrics.intervals import benjamini_hochberg, clopper_pearson
from steelyard.monitor.windows_compared_cells import Measure, Place, cells_of
from steelyard.monitor.windows_compared_changes import ALPHA
from steelyard.monitor.windows_compared_slices import Direction, Windows, filter_of, slice_of

_COUNT = Measure("error_rate")  # whose rows are all traces


def volume_slices(
    place: Place, windows: Windows, dimensions: Sequence[str], *, direction: Direction | None
) -> list[dict[str, object]]:
    """Return the slices by how many traces they gained or lost, as an alarm's evidence shows them.

    The baseline is scaled to the length of the later window. Given how many traces both windows have together, those of
    the later one are binomial if the rate is the same: from that are p-value and interval (Przyborowski & Wilenski
    1940).

    Args:
        place, windows, dimensions: as for ``changes_of``.
        direction: which side is bad; unless told the one to which the whole went.
    """
    (start, end), (since, until) = windows
    scale = (until - since) / (end - start)
    rows: list[tuple[str, str, int, int]] = []
    for dimension in dimensions:
        old, new = (cells_of(place, [_COUNT], window, dimension)[_COUNT] for window in windows)
        for value in dict.fromkeys([*old, *new]):
            counts = (old[value].n if value in old else 0), (new[value].n if value in new else 0)
            rows.append((slice_of(dimension, value), filter_of(dimension, value), *counts))
    tests = [_rate_test(before, after, scale) for *_, before, after in rows]
    adjusted = benjamini_hochberg([one[2] for one in tests])
    moved = [after - before * scale for *_, before, after in rows]
    up = sum(moved) > 0 if direction is None else direction == "above"
    total = sum(moved) / max(len(dimensions), 1)
    found: list[tuple[float, dict[str, object]]] = []
    for (name, filters, before, after), (low, high, _), p, change in zip(rows, tests, adjusted, moved, strict=True):
        share = (before * scale + after) / max(sum((b * scale + a) for *_, b, a in rows) / max(len(dimensions), 1), 1)
        excess = (change - share * total) * (1 if up else -1)
        record: dict[str, object] = {
            "slice": name,
            "filter_string": filters,
            "value": float(after),
            "low": low,
            "high": high,
            "n": after,
            "baseline": before * scale,
            "baseline_n": before,
            "difference": change,
            "contribution": change,
            "p_value": float(p),
            "worse": bool(p <= ALPHA and (change > 0) == up),
        }
        found.append((excess, record))
    return [record for _, record in sorted(found, key=lambda one: (not one[1]["worse"], -one[0], str(one[1]["slice"])))]


def _rate_test(before: int, after: int, scale: float) -> tuple[float, float, float]:
    """Return the interval of the difference to the scaled baseline, and the p-value of equal rates."""
    from scipy.stats import binomtest

    both, share = before + after, scale / (1.0 + scale)
    p = float(binomtest(after, both, share).pvalue)
    ends = clopper_pearson(after, both)
    low, high = (float(np.asarray(end)) * both for end in (ends.low, ends.high))
    return low - (both - low) * scale, high - (both - high) * scale, p
