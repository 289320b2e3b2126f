"""The charts of a monitor: scores over time with intervals, and what it did and spent by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from steelyard.records import Estimate
from steelyard.records.monitor import MonitorDay
from steelyard.web.contexts.dashboard import Chart, Curve, Level, Mark
from steelyard.web.contexts.monitors import ScorePoint
from steelyard.web.formats import count, moment, percent, plural, score
from steelyard.web.scales import nice_scale

_GAP = 0.06
_LEAST = 1.5  # percent of the height: what is there must be seen

Place = Callable[[float], float]


def score_chart(points: Sequence[ScorePoint], turns: Sequence[tuple[str, int]], *, linked: bool) -> Chart:
    """Return scores over time: dots with their intervals, and a line where another version of the scorer took over."""
    drawn = [(i, p.estimate) for i, p in enumerate(points) if p.estimate is not None and p.estimate.value is not None]
    moved = [(i, p.linked) for i, p in enumerate(points) if p.linked is not None]
    levels, at = _scale([e for _, e in (*drawn, *moved)])
    aside = 0.18 if moved else 0.0
    starts = {p.start_ms: i for i, p in enumerate(points)}
    lines = "".join(f"M{starts[ms]} 0V100" for _, ms in turns)
    legend = [("said", "as it said it")]
    if linked:
        legend.append(("linked", "on the base version’s scale, by the anchors"))
    if turns:
        legend.append(("turn", "another version"))
    notes = [f"Version {version or 'unknown'} from {moment(ms)}." for version, ms in turns[:6]]
    n = sum(p.n for p in points)
    return Chart(
        key="scores",
        title="Score",
        note=" ".join(["Bars are 95% intervals.", *notes]) if drawn else "",
        says=f"{plural(n, 'value')}, {plural(sum(p.errors for p in points), 'error')}",
        columns=(1, 2),
        levels=levels,
        marks=(*_bars("ci", drawn, at, -aside), *_bars("ci linked", moved, at, aside)),
        curves=(
            Curve(kind="turn", label="another version", path=lines),
            Curve(kind="dots said", label="as it said it", path=_dots(drawn, at, -aside)),
            Curve(kind="dots linked", label="linked", path=_dots(moved, at, aside)),
        ),
        legend=tuple(legend),
    )


def day_charts(days: Sequence[MonitorDay], *, max_cost: float | None, max_scorings: int | None) -> tuple[Chart, ...]:
    """Return what was done and what was spent by day."""
    done = max((day.scored + day.failed for day in days), default=0)
    levels, at = _from_zero(max(done, _near(max_scorings, done)), lambda v: count(round(v)), whole=True)
    counts = Chart(
        key="scored",
        title="Scored a day",
        note="",
        says=f"{plural(sum(day.scored for day in days), 'verdict')}, {count(sum(day.failed for day in days))} failed",
        columns=(1, 2),
        levels=levels,
        marks=_stacked(
            [((day.scored, "passed"), (day.failed, "failed")) for day in days],
            at,
        ),
        curves=_limit(max_scorings, done, at),
        legend=(("passed", "scored"), ("failed", "failed"), *_limited(max_scorings, done)),
    )
    cost = max((day.cost for day in days), default=0.0)
    levels, at = _from_zero(max(cost, _near(max_cost, cost)), _dollars)
    spent = Chart(
        key="cost",
        title="Cost a day",
        note="Only calls whose price is known.",
        says=f"{_dollars(sum(day.cost for day in days))} in {plural(len(days), 'day')}",
        columns=(3,),
        levels=levels,
        marks=_stacked([((day.cost, "passed"),) for day in days], at),
        curves=_limit(max_cost, cost, at),
        legend=_limited(max_cost, cost),
    )
    return (counts, spent)


def _scale(estimates: Sequence[Estimate]) -> tuple[tuple[Level, ...], Place]:
    ends = [end for e in estimates for end in (e.low, e.value, e.high) if end is not None]
    within = (0.0, 1.0) if ends and min(ends) >= 0 and max(ends) <= 1 else (None, None)
    scale = nice_scale(ends or [0.0, 1.0], within=within, ticks=4)
    width = scale.high - scale.low

    def at(value: float) -> float:
        return min(100.0, max(0.0, 100 * (scale.high - value) / width))

    rates = within == (0.0, 1.0)
    label = _share if rates else score
    return tuple(Level(y=f"{at(tick):.2f}%", label=label(tick)) for tick in scale.ticks), at


def _share(value: float) -> str:
    return percent(value).removesuffix(".0%").removesuffix("%") + "%"


def _from_zero(top: float, label: Callable[[float], str], *, whole: bool = False) -> tuple[tuple[Level, ...], Place]:
    scale = nice_scale([0.0, top or 1.0], pad=0.0, within=(0.0, None), ticks=3)
    ticks = [tick for tick in scale.ticks if not whole or tick == round(tick)]
    high = max(scale.high, top) or 1.0

    def at(value: float) -> float:
        return 100 - 100 * value / high

    return tuple(Level(y=f"{at(tick):.2f}%", label=label(tick)) for tick in ticks), at


def _near(limit: float | None, most: float) -> float:
    """Return a limit that is worth its room on the scale: one far above what was ever reached is only told."""
    return limit if limit is not None and limit <= 4 * most else 0.0


def _limit(limit: float | None, most: float, at: Place) -> tuple[Curve, ...]:
    if limit is None or not _near(limit, most):
        return ()
    return (Curve(kind="limit", label="limit", path=f"M0 {_r(at(limit))}H1000"),)


def _limited(limit: float | None, most: float) -> tuple[tuple[str, str], ...]:
    return (("limit", "limit"),) if limit is not None and _near(limit, most) else ()


def _bars(kind: str, found: Sequence[tuple[int, Estimate]], at: Place, aside: float) -> tuple[Mark, ...]:
    marks = []
    for i, e in found:
        if e.low is None or e.high is None:
            continue
        bottom, top = at(e.low), at(e.high)
        height = max(bottom - top, 0.6)
        x = i + 0.5 + aside - 0.1
        marks.append(Mark(kind=kind, x=_r(x), y=_r((bottom + top - height) / 2), width=0.2, height=_r(height)))
    return tuple(marks)


def _dots(found: Sequence[tuple[int, Estimate]], at: Place, aside: float) -> str:
    """Return lines without length, which round ends make dots whatever the box is stretched to."""
    return "".join(f"M{_r(i + 0.5 + aside)} {_r(at(float(e)))}h0" for i, e in found)


def _stacked(columns: Sequence[Sequence[tuple[float, str]]], at: Place) -> tuple[Mark, ...]:
    marks = []
    for i, parts in enumerate(columns):
        floor = 100.0
        for amount, kind in parts:
            height = 100 - at(amount)
            if height > 0:
                height = min(floor, max(height, _LEAST))
                floor -= height
                marks.append(Mark(kind=kind, x=i + _GAP, y=_r(floor), width=1 - 2 * _GAP, height=_r(height)))
    return tuple(marks)


def _dollars(value: float) -> str:
    return f"${value:,.0f}" if value >= 100 or value == 0 else f"${value:.2f}" if value >= 0.1 else f"${value:.2g}"


def _r(value: float) -> float | int:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
