"""Readings of a judge on its anchors: how far it is from what it said of them before."""

from __future__ import annotations

from steelyard.errors import NotFound
from steelyard.monitor.anchors_drift import JudgeDrift, drift_of
from steelyard.monitor.series_reading import Reading
from steelyard.records import Series, Store


def read_judge(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return how far each reading of the anchors that ended in the stretch lies from the one whose scale counts.

    A stretch that is asked for as a whole has one reading: the last that had ended by its end, however long ago. The
    distance is that of the shares of good verdicts or of the means, and its floor the half of its 95% interval; of
    words it is the share of anchors that got another one, and the floor what the judge changes by itself.

    Raises:
        NotFound: the judge has no anchor set.
    """
    anchors = store.anchors.find(experiment_id, series.what)
    if anchors is None:
        raise NotFound(f"The judge {series.what!r} has no anchor set in the experiment {experiment_id}.")
    done = [one for one in store.anchors.readings(anchors.anchor_id) if one.state == "done" and one.ended_ms < end_ms]
    whole = step_ms >= end_ms - start_ms
    wanted = done[:1] if whole else [one for one in done if one.ended_ms >= start_ms]
    found = [drift_of(store, anchors.anchor_id, reading_id=one.reading_id) for one in wanted]
    return tuple(_reading(drift) for drift in found if drift is not None)


def _reading(drift: JudgeDrift) -> Reading:
    difference = drift.difference
    place = {"start_ms": drift.after.started_ms, "end_ms": drift.after.ended_ms}
    note = drift.sentence.rstrip(".")
    if difference is None:
        noise = drift.own_noise
        floor = None if noise is None else noise.high
        changed = drift.changed
        return Reading(**place, shape="distance", value=changed.value, n=drift.n, floor=floor or 0.0, note=note)
    half = ((difference.high or 0.0) - (difference.low or 0.0)) / 2.0
    value = None if difference.value is None else abs(difference.value)
    return Reading(**place, shape="distance", value=value, n=drift.n, floor=half, note=note)
