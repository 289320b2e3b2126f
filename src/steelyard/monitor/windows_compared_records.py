"""How one measure differs between two windows."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.monitor.windows_compared_changes import WindowVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowChange:
    """How one measure differs between two windows, of the whole or of a slice.

    Args:
        measure: such as ``error_rate`` or ``score:correctness``.
        source: of a score: ``LLM_JUDGE``, ``CODE`` or ``HUMAN``; empty for all together.
        slice: such as ``tag.topic = billing``; empty for the whole.
        filter_string: finds the slice's traces; empty for the whole and for what has no value.
        unit: ``share``, ``ms``, ``tokens``, ``USD``, or empty.
        before, after: the values; None where a window has none.
        before_n, after_n: rows.
        before_missing, after_missing: rows more that have an error instead of a value.
        difference: after minus before, with its 95% interval ``low`` to ``high``.
        p_value, p_adjusted: raw, and after Benjamini and Hochberg.
        verdict: better, worse, equivalent within the margin, or undecided.
        weight: of a slice its share of the rows, on average of both windows.
        within, mix: how much of the whole's change its own change makes, and how much its growing or shrinking; of
            means and shares the parts of a dimension add up to the whole's change, of quantiles only nearly.
        harm: how much more worse it makes the whole than its share of the rows would, as a share of the whole's size.
        sentence: for people.
    """

    measure: str
    source: str = ""
    slice: str = ""
    filter_string: str = ""
    unit: str = ""
    before: float | None = None
    before_n: int = 0
    after: float | None = None
    after_n: int = 0
    before_missing: int = 0
    after_missing: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    verdict: WindowVerdict = "undecided"
    weight: float = 1.0
    within: float = 0.0
    mix: float = 0.0
    harm: float = 0.0
    sentence: str = ""

    @property
    def contribution(self) -> float:
        """How much of the whole's change this slice makes."""
        return self.within + self.mix
