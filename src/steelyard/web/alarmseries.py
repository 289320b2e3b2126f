"""A series by window as a chart: values with intervals, the limit, the baseline, and the stretches of alarms shaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from steelyard.errors import SteelyardError, StoreUnavailable
from steelyard.monitor.conditions_words import length, subject
from steelyard.monitor.rules_baseline import stretch_of
from steelyard.monitor.series import history
from steelyard.monitor.series_reading import Reading
from steelyard.records import Store
from steelyard.records.alarm import Finding, RuleDraft
from steelyard.web.alarmwords import DISTANCES, Written, between, is_share, writer_of
from steelyard.web.contexts.alarms import Point, SeriesView
from steelyard.web.contexts.dashboard import Chart, Curve, Level, Mark
from steelyard.web.formats import moment, percent, plural
from steelyard.web.scales import nice_scale
from steelyard.web.timeline import ticks_of

_MOST, _MOST_SLOW = 60, 14
_BEFORE, _BEFORE_SLOW, _AFTER = 24, 9, 4
_SLOW = ("drift", "judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a chart is of.

    Args:
        draft: the rule that watches it.
        group: of the series.
        start_ms, end_ms: what is to be seen at least.
        anchor_ms: a moment at which a window ends.
        stretches: of alarms, (start, end).
        limit: a line across.
        baseline: where the number came from that it is held against, and the number; None without.
    """

    draft: RuleDraft
    group: str
    start_ms: int
    end_ms: int
    anchor_ms: int
    stretches: tuple[tuple[int, int], ...] = ()
    limit: float | None = None
    baseline: tuple[int, int, float | None] | None = None


def around(draft: RuleDraft, finding: Finding, *, group: str, opened_ms: int, ended_ms: int, now_ms: int) -> Asked:
    """Return what is to be seen of an alarm: a while before it, all of it, and a little after."""
    window = max(draft.window_ms // 1000 * 1000, 1000)
    begun = min(finding.start_ms or opened_ms, opened_ms)
    last = max(ended_ms or now_ms, finding.end_ms)
    told = finding.evidence.get("baseline")
    base = None
    if isinstance(told, Mapping) and told.get("end_ms"):
        value = told.get("value")
        base = int(told["start_ms"]), int(told["end_ms"]), float(value) if isinstance(value, int | float) else None
    return Asked(
        draft=draft,
        group=group,
        start_ms=begun - (_BEFORE_SLOW if draft.series.kind in _SLOW else _BEFORE) * window,
        end_ms=min(last + _AFTER * window, now_ms),
        anchor_ms=finding.end_ms or opened_ms,
        stretches=((opened_ms, ended_ms or now_ms),),
        limit=finding.limit,
        baseline=base,
    )


def series_view(store: Store, experiment_id: str, asked: Asked) -> SeriesView:
    """Return a series by window; if it cannot be read, why not."""
    series = asked.draft.series
    if series.kind == "monitor":
        return SeriesView(why_not="How a monitor stood in the past is not kept: only its present state is known.")
    start, end, step = windows_of(asked)
    reference = None
    if series.kind == "drift":  # all windows are held against the reference of one look, so that they can be compared
        anchor, window = asked.anchor_ms // 1000 * 1000, max(asked.draft.window_ms // 1000 * 1000, 1000)
        reference = stretch_of(asked.draft.condition.baseline or "previous", anchor - window, anchor)
        asked = replace(asked, baseline=(*reference, None))
    try:
        found = history(store, experiment_id, series, start_ms=start, end_ms=end, step_ms=step, reference=reference)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return SeriesView(why_not=str(error))
    return _view(asked, [reading for reading in found if reading.group == asked.group], start, end, step)


def windows_of(asked: Asked) -> tuple[int, int, int]:
    """Return the start, the end and the width of windows that end where the rule's do, in whole seconds."""
    most = _MOST_SLOW if asked.draft.series.kind in _SLOW else _MOST
    width = max(asked.draft.window_ms // 1000 * 1000, 1000)
    step = width * max(1, math.ceil((asked.end_ms - asked.start_ms) / width / most))
    anchor = asked.anchor_ms // 1000 * 1000
    end = anchor + math.ceil((asked.end_ms - anchor) / step) * step
    n = min(max(math.ceil((end - asked.start_ms) / step), 2), most)
    return end - n * step, end, step


def _view(asked: Asked, found: Sequence[Reading], start: int, end: int, step: int) -> SeriesView:
    series = asked.draft.series
    shape = next((reading.shape for reading in found if not reading.empty), "")
    write = writer_of(series, shape)
    by_start = {reading.start_ms: reading for reading in found}
    # A model's numbers are kept by the day: its windows stand where they are kept.
    starts = (
        sorted(by_start) if by_start and not set(by_start) <= set(range(start, end, step)) else range(start, end, step)
    )
    points = tuple(_point(asked, by_start.get(at), at, step, write) for at in starts)
    if not any(point.value is not None for point in points):
        return SeriesView(why_not="There is nothing to show of this series around that time.")
    step = points[0].end_ms - points[0].start_ms
    chart = _chart(asked, points, write, step, shares=is_share(series, shape))
    return SeriesView(
        start_ms=points[0].start_ms,
        end_ms=points[-1].end_ms,
        step_ms=step,
        points=points,
        chart=chart,
        ticks=ticks_of(points[0].start_ms, points[-1].end_ms, step),
        baseline=_baseline_words(asked, write),
    )


def _point(asked: Asked, reading: Reading | None, start: int, step: int, write: Written) -> Point:
    end = reading.end_ms if reading is not None else start + step
    alarmed = any(begun < end and ended > start for begun, ended in asked.stretches)
    if reading is None or reading.value is None or not math.isfinite(reading.value):
        return Point(start_ms=start, end_ms=end, alarmed=alarmed)
    low, high = (value if value is not None and math.isfinite(value) else None for value in (reading.low, reading.high))
    known = low is not None and high is not None and reading.shape not in ("total", "level", "distance")
    low, high = (low, high) if known else (None, None)
    shown = f"{write(reading.value)} {between(low, high, write)}".strip()
    return Point(
        start_ms=start, end_ms=end, n=reading.n, value=reading.value, low=low, high=high, shown=shown, alarmed=alarmed
    )


def _chart(asked: Asked, points: Sequence[Point], write: Written, step: int, *, shares: bool) -> Chart:
    base = asked.baseline[2] if asked.baseline else None
    levels, at = _scale(points, [asked.limit, base], write, shares=shares)
    bars = tuple(
        _bar(i, at(point.low), at(point.high))
        for i, point in enumerate(points)
        if point.low is not None and point.high is not None
    )
    legend = [("said", f"each {length(step)}" if step % 1000 == 0 else "each window")]
    if asked.limit is not None:
        legend.append(("limit", f"limit {write(asked.limit)}"))
    if asked.baseline and base is None:
        legend.append(("baseline", "the reference"))
    if asked.baseline and base is not None:
        legend.append(("based", f"baseline {write(base)}"))
    if asked.stretches:
        legend.append(("alarmed", "while the alarm lasts"))
    title = subject(asked.draft.series, asked.group)
    told = [point.value for point in points if point.value is not None]
    return Chart(
        key="series",
        title=title[:1].upper() + title[1:] if asked.draft.series.kind != "score" else title,
        note="Bars are 95% intervals; the ends of the longest may lie beyond the picture." if bars else "",
        says=f"{write(min(told))} to {write(max(told))}, {plural(sum(point.n for point in points), 'row')}",
        columns=(1, 2),
        levels=levels,
        marks=(*_shaded(asked, points), *bars),
        curves=(
            *_line("based", base, at, len(points)),
            *_line("limit", asked.limit, at, len(points)),
            Curve(kind="dots said", label="value", path=_dots(points, at)),
        ),
        legend=tuple(legend),
    )


def _scale(
    points: Sequence[Point], others: Iterable[float | None], write: Written, *, shares: bool
) -> tuple[tuple[Level, ...], Callable[[float], float]]:
    values = [point.value for point in points if point.value is not None]
    spread = max(values) - min(values)
    ends = [end for point in points for end in (point.low, point.high) if end is not None]
    room = 0.6 * spread or 0.1 * abs(values[0]) or 0.1  # one window with two rows must not flatten the others
    kept = [end for end in ends if min(values) - room <= end <= max(values) + room]
    within = (0.0, 1.0) if shares else (0.0, None) if min([*values, *kept]) >= 0 else (None, None)
    scale = nice_scale([*values, *kept, *(one for one in others if one is not None)], within=within, ticks=4)
    width = scale.high - scale.low or 1.0

    def at(value: float) -> float:
        return min(100.0, max(0.0, 100 * (scale.high - value) / width))

    def label(tick: float) -> str:
        return percent(tick).replace(".0%", "%") if shares else write(tick)

    return tuple(Level(y=f"{at(tick):.2f}%", label=label(tick)) for tick in scale.ticks), at


def _shaded(asked: Asked, points: Sequence[Point]) -> tuple[Mark, ...]:
    first, last = points[0].start_ms, points[-1].end_ms
    per_ms = len(points) / max(last - first, 1)
    base = [("baseline", asked.baseline[:2])] if asked.baseline else []
    marks = []
    for kind, (begun, ended) in (*base, *(("alarmed", stretch) for stretch in asked.stretches)):
        x, end = max(begun - first, 0) * per_ms, min(ended - first, last - first) * per_ms
        if end > x or (kind == "alarmed" and 0 <= x <= len(points)):
            marks.append(Mark(kind=kind, x=round(x, 3), y=0, width=round(max(end - x, 0.15), 3), height=100))
    return tuple(marks)


def _bar(i: int, bottom: float, top: float) -> Mark:
    height = max(bottom - top, 0.6)
    return Mark(kind="ci", x=i + 0.4, y=round((bottom + top - height) / 2, 2), width=0.2, height=round(height, 2))


def _line(kind: str, value: float | None, at: Callable[[float], float], n: int) -> tuple[Curve, ...]:
    if value is None or not math.isfinite(value):
        return ()
    return (Curve(kind=kind, label=kind, path=f"M0 {at(value):.2f}H{n}"),)


def _dots(points: Sequence[Point], at: Callable[[float], float]) -> str:
    return "".join(f"M{i + 0.5:g} {at(p.value):.2f}h0" for i, p in enumerate(points) if p.value is not None)


def _baseline_words(asked: Asked, write: Written) -> str:
    floor = "A distance is held against its noise floor: what chance alone makes of rows of the same source."
    distance = asked.draft.series.kind in DISTANCES
    if asked.baseline is None:
        return floor if distance else ""
    start, end, value = asked.baseline
    if distance:
        return f"Every window is held against {moment(start).removesuffix(' UTC')} to {moment(end)}. {floor}"
    was = "" if value is None else f": {write(value)}"
    return f"Baseline: {moment(start).removesuffix(' UTC')} to {moment(end)}{was}."
