"""Scales of the estimate glyph: from values to percentages of a cell's width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from steelyard.records import Estimate, MetricInfo

_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale that all glyphs of one column, card or forest share."""

    low: float
    high: float
    ticks: tuple[float, ...] = ()

    def at(self, value: float) -> str:
        """Return where a value lies, clamped to the scale, as an SVG percentage.

        Examples:
            >>> Scale(0.0, 2.0).at(0.5), Scale(0.0, 2.0).at(9)
            ('25%', '100%')
        """
        share = (value - self.low) / (self.high - self.low)
        return f"{100 * min(1.0, max(0.0, share)):.2f}".rstrip("0").rstrip(".") + "%"

    def span(self, low: float, high: float) -> str:
        """Return the width between two values as an SVG percentage."""
        share = (min(high, self.high) - max(low, self.low)) / (self.high - self.low)
        return f"{100 * max(0.0, share):.2f}".rstrip("0").rstrip(".") + "%"

    def below(self, value: float) -> bool:
        return value < self.low - 1e-12 * abs(self.low)

    def above(self, value: float) -> bool:
        return value > self.high + 1e-12 * abs(self.high)

    def label(self, tick: float, factor: float = 1.0) -> str:
        """Write a tick, times a factor, with as many decimals as the ticks need.

        Examples:
            >>> Scale(0.8, 0.9, (0.8, 0.85, 0.9)).label(0.8)
            '0.80'
        """
        tick *= factor
        step = factor * (abs(self.ticks[1] - self.ticks[0]) if len(self.ticks) > 1 else (self.high - self.low))
        decimals = 0 if step <= 0 else max(0, min(6, math.ceil(-math.log10(step) - 1e-9)))
        if step > 0 and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
            decimals += 1
        text = f"{tick + 0.0:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
        return text.removeprefix("\N{MINUS SIGN}") if float(f"{tick:.{decimals}f}") == 0 else text


def nice_scale(
    values: Iterable[float],
    *,
    pad: float = 0.06,
    within: tuple[float | None, float | None] = (None, None),
    ticks: int = 5,
) -> Scale:
    """Return a scale with round ends around values, never past the ends of the metric's range.

    Args:
        values: what must be on it; NaN and infinities are left out.
        pad: room on each side as a share of the range.
        within: the metric's own range.
        ticks: about how many ticks.

    Examples:
        >>> nice_scale([0.812, 0.901])
        Scale(low=0.8, high=0.92, ticks=(0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.92))
    """
    finite = [v for v in values if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if high - low < 1e-12 * max(1.0, abs(low)):
        margin = abs(low) * 0.05 if abs(low) > 1e-9 else 0.05
        low, high = low - margin, high + margin
    room = (high - low) * pad
    low, high = low - room, high + room
    step = _step((high - low) / ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = [float(f"{i * step:.10g}") for i in range(first, last + 1)]
    floor, ceiling = within
    marks = [m for m in marks if (floor is None or m >= floor - 1e-12) and (ceiling is None or m <= ceiling + 1e-12)]
    if len(marks) < 2:
        return Scale(low, high, (low, high))
    return Scale(marks[0], marks[-1], tuple(marks))


def estimate_scale(
    estimates: Sequence[Estimate], info: MetricInfo | None = None, *, also: Iterable[float] = (), trim: bool = False
) -> Scale:
    """Return the scale that a group of estimates shares: their intervals, and the other values that must be on it.

    Args:
        estimates: what the column, card or forest shows.
        info: gives the ends of the metric's range.
        also: such as a baseline.
        trim: leave values far outside the middle half off the scale, so that one odd run does not flatten the others.
    """
    spans = [_span(e) for e in estimates if e.value is not None and math.isfinite(e.value)]
    if trim and len(spans) >= 4:
        middles = sorted((low + high) / 2 for low, high in spans)
        first, third = middles[len(middles) // 4], middles[(3 * (len(middles) - 1)) // 4]
        widths = sorted(high - low for low, high in spans)
        reach = max(3 * (third - first), 4 * widths[len(widths) // 2], 0.03 * abs(third), 1e-9)
        spans = [s for s in spans if first - reach <= (s[0] + s[1]) / 2 <= third + reach]
    values = [v for span in spans for v in span]
    within = (None, None) if info is None else (info.lower, info.upper)
    return nice_scale([*values, *also], within=within)


def difference_scale(ends: Iterable[float]) -> Scale:
    """Return a scale around zero for differences; zero is always on it."""
    return nice_scale([0.0, *ends], pad=0.08, ticks=6)


def _span(estimate: Estimate) -> tuple[float, float]:
    value = float(estimate)
    low = estimate.low if estimate.low is not None and math.isfinite(estimate.low) else value
    high = estimate.high if estimate.high is not None and math.isfinite(estimate.high) else value
    return min(low, value), max(high, value)


def _step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(s * power for s in _STEPS if s * power >= raw * 0.999)
