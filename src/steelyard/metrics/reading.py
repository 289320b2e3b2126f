"""What a metric family hands over: values on every slice, with what an interval is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from steelyard.records import MetricInfo

IntervalKind = Literal["proportion", "mean", "auc", "replicates", "given", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One metric on S slices (slice 0 is all rows). Arrays have shape (S,) unless told otherwise.

    Args:
        info: what the metric is.
        values: point values, NaN where undefined.
        n: rows (or queries) behind each value.
        replicates: shape (S, B), or None when there are none.
        interval: how the interval is made: ``proportion`` from ``successes`` of ``n``; ``mean`` from ``se``;
            ``auc`` from ``se`` (DeLong's) and ``successes`` positives; ``given`` from ``low`` and ``high``.
        notes: for each slice, words that belong to the value: why it is undefined, or how exact it is.
        label: the class that this reading is about, for per-class metrics.
        missing: rows of the slice that were scored, but not by this metric.
        bounded_by_missing: rows without a score bound it (a mean over rows of something within the metric's range).
    """

    info: MetricInfo
    values: np.ndarray
    n: np.ndarray
    replicates: np.ndarray | None = None
    interval: IntervalKind = "replicates"
    successes: np.ndarray | None = None
    se: np.ndarray | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    method: str = ""
    notes: dict[int, str] = field(default_factory=dict)
    label: str | None = None
    bounded_by_missing: bool = False
    missing: np.ndarray | None = None

    @property
    def key(self) -> str:
        """The name under which estimates are kept: the metric's, and the class after a slash."""
        return self.info.name if self.label is None else f"{self.info.name}/{self.label}"


def ratio(top: np.ndarray, bottom: np.ndarray, *, empty: float = np.nan) -> np.ndarray:
    """Divide, with ``empty`` where the divisor is zero."""
    top, bottom = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    out = np.full(top.shape, empty)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out
