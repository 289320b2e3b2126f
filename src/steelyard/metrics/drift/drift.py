"""One feature of two samples held against each other: how far apart, and how far they would be by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DriftMethod = Literal["psi", "js", "ks", "chi2", "embedding"]
METHODS: tuple[DriftMethod, ...] = ("psi", "js", "ks", "chi2", "embedding")
METHOD_NAMES = {
    "psi": "PSI",
    "js": "Jensen–Shannon distance",
    "ks": "Kolmogorov–Smirnov distance",
    "chi2": "Cramér's V",
    "embedding": "MMD of embeddings",
}
LEVEL = 0.01
"""A feature has drifted if its distance is above what 99 of 100 samples without a change would show."""


@dataclass(frozen=True, slots=True)
class DriftBin:
    """One cell: its share of the reference and of the current rows, and how much of the distance it makes (0 to 1)."""

    label: str
    reference: float
    current: float
    part: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far a feature has moved from its reference.

    Args:
        feature: what was measured, such as ``output.length``.
        kind: ``number``, ``word`` or ``text``.
        method: how.
        value: the distance: PSI; the Jensen–Shannon distance to base 2, 0 to 1; the Kolmogorov–Smirnov distance, 0 to
            1; of ``chi2`` Cramér's V, 0 to 1; of ``embedding`` the squared maximum mean discrepancy. None with too few
            rows.
        low, high: its 95% interval, freed of what chance adds to a distance (basic bootstrap).
        statistic: of ``chi2`` the chi-square itself; of the others the value.
        floor_95, floor_99: what 95 and 99 of 100 samples of these sizes stay below if nothing has changed.
        floor_from: whether rows or whole days (blocks of time) of the reference were drawn for it.
        p_value: how often samples that do not differ are as far apart.
        p_adjusted: the same after Benjamini and Hochberg, for all features that were looked at.
        n_reference, n: rows.
        bins: where it moved.
        rows: ids of current rows from where it moved to, or least like the reference; at most 20.
        is_drift: above ``floor_99``, and ``p_adjusted`` at most 0.01.
        sentence: all of it for people.
    """

    feature: str
    kind: Literal["number", "word", "text"]
    method: DriftMethod
    value: float | None = None
    low: float | None = None
    high: float | None = None
    statistic: float | None = None
    floor_95: float | None = None
    floor_99: float | None = None
    floor_from: Literal["rows", "days"] = "rows"
    p_value: float | None = None
    p_adjusted: float | None = None
    n_reference: int = 0
    n: int = 0
    bins: tuple[DriftBin, ...] = ()
    rows: tuple[str, ...] = ()
    is_drift: bool = False
    sentence: str = ""

    @property
    def excess(self) -> float:
        """How far the value is above the 99% floor; less than 0 below it or without one."""
        return -1.0 if self.value is None or self.floor_99 is None else self.value - self.floor_99
