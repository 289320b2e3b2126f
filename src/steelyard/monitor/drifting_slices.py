"""Which slices of the traffic a drift is in: each held against the same slice of the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from steelyard.metrics.drift import Drift, DriftMethod, adjusted
from steelyard.monitor.features import FeatureTable
from steelyard.monitor.features_compared import compared
from steelyard.records.filters import condition

_LEAST_ROWS = 30
_MOST_VALUES = 10


def drift_slices(
    feature: str,
    reference: FeatureTable,
    current: FeatureTable,
    *,
    window: tuple[int, int],
    dimensions: Sequence[str],
    method: DriftMethod | None,
) -> list[dict[str, object]]:
    """Return the slices in which a feature has moved furthest beyond chance, as an alarm's evidence shows them.

    Args:
        feature: which.
        reference, current: the whole tables.
        window: the current stretch [start, end).
        dimensions: features whose values are slices, such as ``tag.topic``.
        method: as for ``compared``.

    Returns:
        Of each slice ``value`` (the distance) with ``low`` and ``high``, ``baseline`` (the 99% floor), the rows of
        both, and ``contribution``: its share of the rows times how far it is above its floor.
    """
    found: dict[str, tuple[Drift, str]] = {}
    for dimension in dimensions:
        frequent = Counter(value for value in current.column(dimension) if value is not None).most_common(_MOST_VALUES)
        for value, n in frequent:
            old, new = reference.only(dimension, str(value)), current.only(dimension, str(value))
            if min(n, old.n) < _LEAST_ROWS or n == current.n:
                continue
            one = compared(feature, old, new, window=window, method=method, strict=False, floor_from="rows", embed=None)
            key = "span.model" if dimension == "model" else dimension
            found[f"{dimension} = {value}"] = (one, condition(key, "=", str(value)))
    names = list(found)
    judged = adjusted([_named(found[name][0], name) for name in names])
    rows = [_row(one, found[one.feature][1], current.n) for one in judged if one.value is not None]
    return sorted(rows, key=lambda row: (not row["worse"], -_real(row["contribution"]), str(row["slice"])))


def _named(drift: Drift, name: str) -> Drift:
    return replace(drift, feature=name)


def _row(drift: Drift, filters: str, total: int) -> dict[str, object]:
    return {
        "slice": drift.feature,
        "filter_string": filters,
        "value": drift.value,
        "low": drift.low,
        "high": drift.high,
        "n": drift.n,
        "baseline": drift.floor_99,
        "baseline_n": drift.n_reference,
        "difference": drift.excess,
        "contribution": drift.excess * drift.n / total,
        "p_value": drift.p_adjusted,
        "worse": drift.is_drift,
    }


def _real(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
