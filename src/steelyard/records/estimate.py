"""The reading: a value with its evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value and how far it can be trusted.

    Args:
        value: the point estimate; None when it is undefined (no rows, one class, a division by zero).
        n: rows that were scored.
        missing: rows that should have been scored and were not.
        se: standard error, in the unit of ``value``; None when it cannot be had.
        low: lower end of the interval.
        high: upper end of the interval.
        confidence: the interval's nominal coverage, 0 to 1.
        method: how the interval was made, such as ``wilson``, ``t``, ``delong`` or ``bootstrap``; also says why
            there is none (``too few rows``), or that the value is binned and how far it may be off.
        worst: the value if every missing row had gone wrong; None when there is no such bound.
        best: the value if every missing row had gone right.

    Examples:
        >>> accuracy = Estimate(0.9, 50, low=0.786, high=0.957, method="wilson")
        >>> float(accuracy), accuracy.missing
        (0.9, 0)
    """

    value: float | None
    n: int
    missing: int = 0
    se: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    method: str = ""
    worst: float | None = None
    best: float | None = None

    def __float__(self) -> float:
        return float("nan") if self.value is None else float(self.value)

    def __str__(self) -> str:
        if self.value is None:
            return f"undefined (n={self.n}{f', {self.method}' if self.method else ''})"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.4g}, {self.high:.4g}]"
        missing = f", missing={self.missing}" if self.missing else ""
        return f"{self.value:.4g}{interval} (n={self.n}{missing})"
