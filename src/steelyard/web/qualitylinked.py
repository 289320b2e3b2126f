"""A judge's scores over several of its versions, on one scale, so that a dashboard stays comparable when it changes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.monitor.anchors_linked import LinkedWindow, linked_scores
from steelyard.records import Estimate, Store
from steelyard.web.contexts.dashboard import Change
from steelyard.web.period import Period

_NORMAL = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class OneScale:
    """Scores on the scale of the version whose anchor reading counts.

    Args:
        now, before: of the period, and of the one before; None if there was nothing, or it cannot be brought there.
        points: of each window with values, by its start.
        change: the difference of the two.
        version: whose scale it is.
        why_not: why there is none; the other fields are empty then.
    """

    now: Estimate | None = None
    before: Estimate | None = None
    points: Mapping[int, Estimate]
    change: Change | None = None
    version: int = 0
    why_not: str = ""


def on_one_scale(store: Store, experiment_id: str, name: str, period: Period, *, rate: bool) -> OneScale | None:
    """Return a judge's scores on one scale; None if it has no anchors, or one version said all of it.

    Args:
        store: where the scores are.
        experiment_id, name: the judge.
        period: of the dashboard.
        rate: whether its values are verdicts.
    """
    anchors = store.anchors.find(experiment_id, name)
    if anchors is None or not anchors.base_reading:
        return None
    base = next(r for r in store.anchors.readings(anchors.anchor_id) if r.reading_id == anchors.base_reading)
    now = _whole(store, experiment_id, name, period.start_ms, period.end_ms)
    before = None
    if period.before_ms is not None:
        before = _whole(store, experiment_id, name, period.before_ms, period.start_ms)
    if now is None or {*now.versions, *(before.versions if before else ())} == {str(base.scorer_version)}:
        return None
    if now.linked is None:
        return OneScale(points={}, why_not=now.why_not)
    each = linked_scores(
        store,
        experiment_id,
        name,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        step_ms=period.step_ms,
        origin_ms=period.start_ms,
    )
    earlier = None if before is None else before.linked
    return OneScale(
        now=now.linked,
        before=earlier,
        points={window.start_ms: window.linked for window in each if window.linked is not None},
        change=_change(now.linked, earlier, rate=rate),
        version=base.scorer_version,
    )


def _whole(store: Store, experiment_id: str, name: str, start_ms: int, end_ms: int) -> LinkedWindow | None:
    found = linked_scores(
        store, experiment_id, name, start_ms=start_ms, end_ms=end_ms, step_ms=end_ms - start_ms, origin_ms=start_ms
    )
    return next(iter(found), None)


def _change(now: Estimate, before: Estimate | None, *, rate: bool) -> Change | None:
    if before is None or None in (now.value, now.se, before.value, before.se):
        return None
    value = float(now) - float(before)
    half = _NORMAL * math.hypot(now.se or 0.0, before.se or 0.0)
    low, high = value - half, value + half
    state = ("better" if low > 0 else "worse" if high < 0 else "unsure") if rate else ""
    return Change(value=value, low=low, high=high, state=state)
