"""Step 4: how far apart the slices are, and the usual measures of group fairness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from steelyard.metrics import intervals
from steelyard.metrics.estimates import FEW
from steelyard.metrics.reading import Reading
from steelyard.records import Estimate, Gap, SliceInfo

_COMPARED = (
    "accuracy_score", "balanced_accuracy_score", "precision_score", "recall_score", "f1_score", "roc_auc", "log_loss",
    "expected_calibration_error", "selection_rate", "false_positive_rate", "false_negative_rate", "mean_absolute_error",
    "root_mean_squared_error", "mean_error", "r2_score",
)  # fmt: skip
_NAMED = {
    "selection_rate": "demographic_parity",
    "recall_score": "equal_opportunity",
    "false_positive_rate": "predictive_equality",
    "precision_score": "predictive_parity",
}
"""Fairness measures that are a difference or ratio of one rate (Hardt, Price & Srebro 2016; Chouldechova 2017)."""


def gaps(readings: Iterable[Reading], slices: Sequence[SliceInfo], *, confidence: float, binary: bool) -> list[Gap]:
    """Return differences (highest − lowest) and ratios (lowest / highest) between the slices of each dimension.

    Slices with too few rows are left out unless all are small. The interval is for the difference between the two
    slices that are furthest apart here, from their replicates; that they were picked for being furthest makes the
    difference look larger than a new sample would show, the more so the more slices there are.

    Args:
        readings: of all metrics; those per class are skipped.
        slices: in the order of the readings' arrays.
        confidence: nominal coverage.
        binary: name the fairness measures of binary decisions too.
    """
    by_name = {r.info.name: r for r in readings if r.label is None}
    found: list[Gap] = []
    for dimension, members in _dimensions(slices):
        own = (n for n, r in by_name.items() if r.info.family == "custom" and r.info.greater_is_better is not None)
        for name in (*_COMPARED, *own):
            if name in by_name:
                found += _of(by_name[name], dimension, members, slices, confidence, binary)
        if binary and {"recall_score", "false_positive_rate"} <= by_name.keys():
            found += _equalized_odds(found, dimension)
    return found


def _dimensions(slices: Sequence[SliceInfo]) -> Iterable[tuple[str, list[int]]]:
    numbered = [(i, s) for i, s in enumerate(slices) if s.key]
    for dimension, group in groupby(numbered, key=lambda pair: pair[1].dimension):
        members = list(group)
        large = [i for i, s in members if not s.small] or [i for i, _ in members]
        if len(large) > 1:
            yield dimension, large


def _of(
    reading: Reading,
    dimension: str,
    members: Sequence[int],
    slices: Sequence[SliceInfo],
    confidence: float,
    binary: bool,
) -> list[Gap]:
    known = [i for i in members if np.isfinite(reading.values[i])]
    if len(known) < 2:
        return []
    ranked = sorted(known, key=lambda i: reading.values[i])
    low, high = ranked[0], ranked[-1]
    a, b = float(reading.values[low]), float(reading.values[high])
    draws = None if reading.replicates is None else (reading.replicates[low], reading.replicates[high])
    n = int(min(reading.n[low], reading.n[high]))
    names = ["difference", "ratio"] if reading.info.lower == 0 else ["difference"]
    values = {"difference": b - a, "ratio": a / b if b > 0 else None}
    out = []
    for measure in names:
        estimate = _estimate(values[measure], draws, measure, n, confidence)
        common = {"dimension": dimension, "lowest": slices[low].label, "highest": slices[high].label}
        out.append(Gap(metric=reading.info.name, measure=measure, estimate=estimate, **common))
        if binary and reading.info.name in _NAMED:
            named = f"{_NAMED[reading.info.name]}_{measure}"
            out.append(Gap(metric=reading.info.name, measure=named, estimate=estimate, **common))
    return out


def _estimate(
    value: float | None, draws: tuple[np.ndarray, np.ndarray] | None, measure: str, n: int, confidence: float
) -> Estimate:
    if value is None or draws is None or n < FEW:
        return Estimate(value, n, confidence=confidence, method="no interval: too few rows")
    low, high = draws
    with np.errstate(all="ignore"):
        drawn = high - low if measure == "difference" else np.where(high > 0, low / high, np.nan)
        found = intervals.from_replicates(value, drawn, confidence, n=n)
    if not np.isfinite(found.low):
        return Estimate(value, n, confidence=confidence, method="no interval")
    return Estimate(
        value, n, se=None if found.se is None else float(found.se), low=float(found.low), high=float(found.high),
        confidence=confidence, method="bootstrap, the two slices fixed",
    )  # fmt: skip


def _equalized_odds(found: Sequence[Gap], dimension: str) -> list[Gap]:
    """The larger gap of the true and the false positive rate (Agarwal et al. 2018)."""
    out = []
    for measure, worst in (("difference", max), ("ratio", min)):
        pair = [
            g for g in found
            if g.dimension == dimension and g.measure == measure and g.metric in ("recall_score", "false_positive_rate")
            and g.estimate.value is not None
        ]  # fmt: skip
        if len(pair) == 2:
            gap = worst(pair, key=lambda g: g.estimate.value or 0.0)
            out.append(
                Gap(
                    dimension=dimension, metric=gap.metric, measure=f"equalized_odds_{measure}", estimate=gap.estimate,
                    lowest=gap.lowest, highest=gap.highest,
                )
            )  # fmt: skip
    return out
