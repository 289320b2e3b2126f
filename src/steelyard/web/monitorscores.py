"""What monitors said over time: of 24 hours against the 24 before, and by window with the versions of the scorer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from steelyard.errors import NotFound
from steelyard.metrics.score_estimates import headline, merged
from steelyard.monitor.anchors_linked import LinkedWindow, linked_scores
from steelyard.records import Estimate, Store
from steelyard.records.score_windows import ScoreName, ScoreWindow
from steelyard.web.contexts.monitors import Quality, ScorePoint
from steelyard.web.quality import change_of
from steelyard.web.traceview import DAY, HOUR, MINUTE

RANGES: Mapping[str, tuple[int, int]] = {"24h": (DAY, HOUR), "7d": (7 * DAY, 6 * HOUR), "30d": (30 * DAY, DAY)}
"""How long each range is, and its windows."""

_STEP = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of whole windows that ends with the one that lasts."""

    range: str
    start_ms: int
    end_ms: int
    step_ms: int


def stretch_of(asked: str, now_ms: int) -> Stretch:
    """Return the range that is asked for, a week unless told."""
    name = asked if asked in RANGES else "7d"
    length, step = RANGES[name]
    end = now_ms - now_ms % step + step
    return Stretch(name, end - length, end, step)


def source_of(names: Iterable[ScoreName], name: str) -> str:
    """Return who speaks under a scorer's name, other than people; empty if nobody has."""
    found = [one for one in names if one.name == name and one.source != "HUMAN"]
    return max(found, key=lambda one: one.n).source if found else ""


def quality_of(store: Store, experiment_id: str, name: str, source: str, now_ms: int) -> Quality:
    """Return what was said of the last 24 hours, and of the 24 before."""
    if not source:
        return Quality()
    end = now_ms - now_ms % _STEP + _STEP
    start = end - 2 * DAY
    found = store.scores.windows(
        [experiment_id], name, start_ms=start, end_ms=end, step_ms=DAY, source=source, origin_ms=start
    )
    by_start = {window.start_ms: window for window in found}
    now, before = by_start.get(start + DAY), by_start.get(start)
    return Quality(
        now=None if now is None else headline(now),
        before=None if before is None else headline(before),
        change=None if now is None or before is None else change_of(now, before),
        rate=now is None or now.verdicts >= now.numbers,
    )


def points_of(
    store: Store, experiment_id: str, name: str, source: str, stretch: Stretch, *, anchored: bool
) -> tuple[ScorePoint, ...]:
    """Return every window of a range, the empty ones too; with anchors, linked ones beside the raw."""
    found: dict[int, list[ScoreWindow]] = defaultdict(list)
    if source:
        for window in store.scores.windows(
            [experiment_id],
            name,
            start_ms=stretch.start_ms,
            end_ms=stretch.end_ms,
            step_ms=stretch.step_ms,
            source=source,
            by="version",
        ):
            found[window.start_ms].append(window)
    linked = _linked(store, experiment_id, name, stretch) if anchored else {}
    return tuple(
        _point(start, stretch.step_ms, found.get(start, ()), linked.get(start))
        for start in range(stretch.start_ms, stretch.end_ms, stretch.step_ms)
    )


def _linked(store: Store, experiment_id: str, name: str, stretch: Stretch) -> dict[int, LinkedWindow]:
    try:
        windows = linked_scores(
            store,
            experiment_id,
            name,
            start_ms=stretch.start_ms,
            end_ms=stretch.end_ms,
            step_ms=stretch.step_ms,
        )
    except NotFound:  # the set was deleted meanwhile
        return {}
    return {window.start_ms: window for window in windows}


def _point(start: int, step: int, windows: Sequence[ScoreWindow], linked: LinkedWindow | None) -> ScorePoint:
    if not windows:
        return ScorePoint(start_ms=start, end_ms=start + step)
    whole = merged(windows)
    return ScorePoint(
        start_ms=start,
        end_ms=start + step,
        n=whole.n,
        errors=whole.errors,
        estimate=headline(whole),
        linked=_finite(linked.linked) if linked is not None else None,
        why_not=linked.why_not if linked is not None else "",
        versions={window.group: window.n for window in windows if window.n},
    )


def _finite(estimate: Estimate | None) -> Estimate | None:
    """Return an estimate that can be drawn; an interval without end is none."""
    if estimate is None or estimate.value is None or not math.isfinite(estimate.value):
        return None
    ends = (estimate.low, estimate.high)
    if any(end is None or not math.isfinite(end) for end in ends):
        return Estimate(estimate.value, estimate.n, method=estimate.method)
    return estimate


def turns_of(points: Sequence[ScorePoint]) -> tuple[tuple[str, int], ...]:
    """Return at which windows the version that says most is another than before."""
    turns: list[tuple[str, int]] = []
    last: str | None = None
    for point in points:
        if not point.versions:
            continue
        said = max(point.versions.items(), key=lambda item: (item[1], item[0]))[0]
        if last is not None and said != last:
            turns.append((said, point.start_ms))
        last = said
    return tuple(turns)
