"""Windows of traces as charts on one axis of time: rectangles and paths in a box as wide as there are windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from steelyard.metrics.intervals import wilson
from steelyard.records import Estimate
from steelyard.records.overview import TraceWindow
from steelyard.web.contexts.dashboard import Chart, Curve, Level, Mark
from steelyard.web.formats import count, duration, percent, plural
from steelyard.web.scales import nice_scale

_GAP = 0.06
_LEAST = 1.5  # percent of the height: what is there must be seen
_QUANTILES = ((0.5, "p50"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99"))
_BANDED = 0.95
_FAR = 1.6  # how much wider a scale may become for its longest bars


def charts_of(windows: Sequence[TraceWindow]) -> tuple[Chart, ...]:
    """Return the five charts of a dashboard. Columns count from 1, after the table's first, which is the time."""
    return (_volume(windows), _failed(windows), _latency(windows), _tokens(windows), _cost(windows))


def trend_of(counts: Sequence[int]) -> str:
    """Return a path of counts over time, the highest at the top.

    Examples:
        >>> trend_of([0, 4, 2])
        'M0.5 100L1.5 4L2.5 52'
    """
    highest = max(counts, default=0) or 1
    return _path([(i + 0.5, 100 - 96 * n / highest) for i, n in enumerate(counts)])


Item = TypeVar("Item")


def stacked_chart(
    windows: Sequence[Item],
    parts: Sequence[tuple[str, Callable[[Item], float]]],
    *,
    key: str,
    title: str,
    says: str,
    columns: tuple[int, ...],
    legend: tuple[tuple[str, str], ...] = (),
) -> Chart:
    """Return counts over time as columns of parts, each (its class, how much); the first stands at the bottom."""
    most = max((sum(amount(window) for _, amount in parts) for window in windows), default=0.0)
    levels, at = _linear(most, lambda v: count(round(v)), whole=True)
    marks = _stacked(windows, at, parts)
    return Chart(key=key, title=title, note="", says=says, columns=columns, levels=levels, marks=marks, legend=legend)


def interval_chart(
    estimates: Sequence[Estimate | None],
    *,
    key: str,
    title: str,
    says: str,
    columns: tuple[int, ...],
    label: Callable[[float], str],
    within: tuple[float | None, float | None] = (None, None),
    note: str = "Bars are 95% intervals.",
) -> Chart:
    """Return estimates over time as dots with their intervals, None where a window has none.

    Bars that reach far beyond the others are cut, and counted below: one window of two rows must not flatten the rest.
    """
    found = [(i, e, e.value) for i, e in enumerate(estimates) if e is not None and e.value is not None]
    ends = [_ends(e, value) for _, e, value in found]
    lows, highs = sorted(low for low, _ in ends), sorted(high for _, high in ends)
    values = [value for _, _, value in found]
    usual = [lows[len(lows) // 10], highs[(9 * (len(highs) - 1)) // 10], *values] if ends else [0.0, 1.0]
    far = bool(ends) and highs[-1] - lows[0] > _FAR * (max(usual) - min(usual))
    scale = nice_scale(usual if far or not ends else [lows[0], highs[-1]], within=within, ticks=4)
    width = scale.high - scale.low

    def at(value: float) -> float:
        return 100 * (scale.high - value) / width

    def held(value: float) -> float:
        return min(100.0, max(0.0, at(value)))

    bars = tuple(
        _between("ci", i, held(low), held(high))
        for (i, _, _), (low, high) in zip(found, ends, strict=True)
        if low < high
    )
    beyond = sum(at(high) < -0.01 or at(low) > 100.01 for low, high in ends)
    cut = f"{beyond} of the bars {'reaches' if beyond == 1 else 'reach'} beyond the scale. " if beyond else ""
    return Chart(
        key=key,
        title=title,
        note=f"{cut}{note}" if found else "",
        says=says,
        columns=columns,
        levels=tuple(Level(y=f"{at(tick):.2f}%", label=label(tick)) for tick in scale.ticks),
        marks=bars,
        curves=(Curve(kind="dots said", label=title, path=_dots([(i + 0.5, held(v)) for i, _, v in found])),),
    )


def _ends(estimate: Estimate, value: float) -> tuple[float, float]:
    low, high = estimate.low, estimate.high
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high):
        return value, value
    return low, high


def _volume(windows: Sequence[TraceWindow]) -> Chart:
    most = max((w.n for w in windows), default=0)
    levels, at = _linear(most, lambda v: count(round(v)), whole=True)
    marks = _stacked(windows, at, (("passed", lambda w: w.n - w.errors), ("failed", lambda w: w.errors)))
    return Chart(
        key="traces",
        title="Traces",
        note="",
        says=f"{plural(sum(w.n for w in windows), 'trace')}, at most {count(most)} in a window",
        columns=(1, 2),
        levels=levels,
        marks=marks,
        legend=(("passed", "ended well or still running"), ("failed", "failed")),
    )


def _failed(windows: Sequence[TraceWindow]) -> Chart:
    found = [(i, w, wilson(w.errors, w.n)) for i, w in enumerate(windows) if w.n]
    highs = sorted(float(interval.high) for _, _, interval in found)
    # One window with two traces must not flatten the others: a few of the longest bars may reach beyond the scale.
    usual = highs[(9 * (len(highs) - 1)) // 10] if highs else 0.0
    top = max([usual, *(1.1 * w.errors / w.n for _, w, _ in found)], default=0.0)
    levels, at = _linear(min(top, 1.0) or 0.01, lambda v: _share(v), most=1.0)
    bars = tuple(_between("ci", i, at(float(ends.low)), max(0.0, at(float(ends.high)))) for i, _, ends in found)
    dots = _dots([(i + 0.5, at(w.errors / w.n)) for i, w, _ in found])
    beyond = sum(at(float(ends.high)) < -0.01 for _, _, ends in found)
    note = f"{beyond} of the bars {'reaches' if beyond == 1 else 'reach'} beyond the scale. " if beyond else ""
    failed, n = sum(w.errors for w in windows), sum(w.n for w in windows)
    return Chart(
        key="errors",
        title="Share that failed",
        note=f"{note}Bars are 95% intervals (Wilson)." if found else "",
        says=f"{percent(failed / n) if n else 'no traces'} over the period",
        columns=(2, 3),
        levels=levels,
        marks=bars,
        curves=(Curve(kind="dots", label="share", path=dots),),
    )


def _latency(windows: Sequence[TraceWindow]) -> Chart:
    values = [v for w in windows for q in (0.5, 0.99) if (v := w.durations.get(q)) is not None and v > 0]
    if not values:
        return Chart(key="latency", title="Latency", note="", says="none has ended", columns=(4, 5, 6, 7), levels=())
    low, high = math.log10(min(values)), math.log10(max(values))
    low, high = (low - 0.2, high + 0.2) if high - low < 0.3 else (low - 0.05, high + 0.05)

    def at(value: float) -> float:
        return min(100.0, max(0.0, 100 * (high - math.log10(max(value, 1e-6))) / (high - low)))

    bands = tuple(
        _between("ci band", i, at(ends[0]), at(ends[1]))
        for i, w in enumerate(windows)
        if (ends := w.duration_intervals.get(_BANDED)) is not None
    )
    curves = tuple(
        Curve(kind=f"q {name}", label=name, path=_steps(windows, quantile, at)) for quantile, name in _QUANTILES
    )
    return Chart(
        key="latency",
        title="Latency",
        note="Logarithmic. Bars are 95% intervals of p95; quantiles are within 1%.",
        says=f"p99 at most {duration(max(w.durations.get(0.99, 0.0) for w in windows))}",
        columns=(4, 5, 6, 7),
        levels=_logarithmic(low, high, at),
        marks=bands,
        curves=curves,
        legend=tuple((f"line {name}", f"{name}, dashed" if name == "p99" else name) for _, name in _QUANTILES),
    )


def _tokens(windows: Sequence[TraceWindow]) -> Chart:
    most = max((w.input_tokens + w.output_tokens for w in windows), default=0)
    levels, at = _linear(most, brief, whole=True)
    parts: tuple[tuple[str, Callable[[TraceWindow], float]], ...] = (
        ("tokens-in", lambda w: w.input_tokens),
        ("tokens-out", lambda w: w.output_tokens),
    )
    return Chart(
        key="tokens",
        title="Tokens",
        note="",
        says=f"{brief(sum(w.input_tokens + w.output_tokens for w in windows))} in all",
        columns=(8, 9),
        levels=levels,
        marks=_stacked(windows, at, parts),
        legend=(("tokens-in", "in"), ("tokens-out", "out")),
    )


def _cost(windows: Sequence[TraceWindow]) -> Chart:
    levels, at = _linear(max((w.cost or 0.0 for w in windows), default=0.0), _dollars)
    n, priced = sum(w.n for w in windows), sum(w.priced for w in windows)
    note = "" if priced == n else f"A price is known of {count(priced)} of {count(n)} traces; the rest is not in it."
    return Chart(
        key="cost",
        title="Cost",
        note=note,
        says=f"{_dollars(sum(w.cost or 0.0 for w in windows))} in all",
        columns=(10,),
        levels=levels,
        marks=_stacked(windows, at, (("passed", lambda w: w.cost or 0.0),)),
    )


def _linear(
    top: float, label: Callable[[float], str], *, whole: bool = False, most: float | None = None
) -> tuple[tuple[Level, ...], Callable[[float], float]]:
    """Return the lines of a scale from 0, and what places a value on it: 100 at the bottom."""
    scale = nice_scale([0.0, top or 1.0], pad=0.0, within=(0.0, most), ticks=3)
    ticks = [tick for tick in scale.ticks if not whole or tick == round(tick)]
    high = max(scale.high, top) or 1.0

    def at(value: float) -> float:
        return 100 - 100 * value / high

    return tuple(Level(y=f"{at(tick):.2f}%", label=label(tick)) for tick in ticks), at


def _logarithmic(low: float, high: float, at: Callable[[float], float]) -> tuple[Level, ...]:
    width = high - low
    steps = (1,) if width > 2.5 else (1, 3) if width > 1.2 else (1, 2, 5) if width > 0.75 else (1, 1.5, 2, 3, 5, 7)
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [n * 10.0**power for power in powers for n in steps if low <= math.log10(n * 10.0**power) <= high]
    return tuple(Level(y=f"{at(tick):.2f}%", label=duration(tick)) for tick in ticks)


def _stacked(
    windows: Sequence[Item], at: Callable[[float], float], parts: Sequence[tuple[str, Callable[[Item], float]]]
) -> tuple[Mark, ...]:
    marks = []
    for i, window in enumerate(windows):
        floor = 100.0
        for kind, amount in parts:
            height = 100 - at(amount(window))
            if height > 0:
                height = min(floor, max(height, _LEAST))
                floor -= height
                marks.append(Mark(kind=kind, x=i + _GAP, y=_r(floor), width=1 - 2 * _GAP, height=_r(height)))
    return tuple(marks)


def _between(kind: str, i: int, bottom: float, top: float) -> Mark:
    middle, height = (bottom + top) / 2, max(bottom - top, 0.6)
    return Mark(kind=kind, x=i + 0.5 - 0.16, y=_r(middle - height / 2), width=0.32, height=_r(height))


def _steps(windows: Sequence[TraceWindow], quantile: float, at: Callable[[float], float]) -> str:
    """Return a level line over each window that has the quantile; neighbours are joined."""
    parts, drawn = [], False
    for i, window in enumerate(windows):
        value = window.durations.get(quantile)
        if value is None:
            drawn = False
            continue
        y = _r(at(value))
        parts.append(f"{'L' if drawn else 'M'}{i} {y}H{i + 1}")
        drawn = True
    return "".join(parts)


def _dots(points: Sequence[tuple[float, float]]) -> str:
    """Return lines without length, which round ends make dots whatever the box is stretched to."""
    return "".join(f"M{_r(x)} {_r(min(100.0, y))}h0" for x, y in points)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if i else 'M'}{_r(x)} {_r(y)}" for i, (x, y) in enumerate(points))


def _r(value: float) -> float | int:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _share(value: float) -> str:
    return f"{100 * value:.3g}%"


def _dollars(value: float) -> str:
    return f"${value:,.0f}" if value >= 100 or value == 0 else f"${value:.2f}" if value >= 0.1 else f"${value:.2g}"


def brief(value: float) -> str:
    """Write a large number shortly.

    Examples:
        >>> brief(950), brief(12_000), brief(3_400_000)
        ('950', '12 k', '3.4 M')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f}"
