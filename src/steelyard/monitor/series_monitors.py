"""Readings of a monitor's own state: how much waits, for how long, and whether it fails."""

from __future__ import annotations

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor.series_reading import Reading
from steelyard.records import Monitor, Series, Store

WHAT = ("backlog", "delay", "failures")


def monitor_of(store: Store, experiment_id: str, series: Series) -> Monitor:
    """Return the monitor that a series is about.

    Raises:
        InvalidArgument: the series is not ``backlog:<name>``, ``delay:<name>`` or ``failures:<name>``.
        NotFound: the experiment has no such monitor.
    """
    what, colon, name = series.what.partition(":")
    if what not in WHAT or not (colon and name):
        raise InvalidArgument(
            f"Of a monitor there is {', '.join(WHAT)}, with its name after a colon, such as 'backlog:correctness'; "
            f"{series.what!r} is none of them."
        )
    found = store.monitors.find(experiment_id, name)
    if found is None:
        raise NotFound(f"The experiment {experiment_id} has no monitor named {name!r}.")
    return found


def read_monitor(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return how a monitor stands at the end of the stretch, which must be now: its past states are not kept.

    ``backlog`` counts what has settled and waits; ``delay`` is the larger of the median delay of the last scored and
    of how long the oldest waits by now, in milliseconds; ``failures`` counts scorings in a row without a verdict.
    """
    monitor = monitor_of(store, experiment_id, series)
    what = series.what.partition(":")[0]
    place = {"start_ms": max(start_ms, end_ms - step_ms), "end_ms": end_ms}
    note = f"it is {monitor.state}" if monitor.state != "active" else monitor.held_reason
    if what == "failures":
        return (Reading(**place, shape="level", value=float(monitor.failures), note=note),)
    standing = store.monitors.standing([monitor.monitor_id], now_ms=end_ms)[monitor.monitor_id]
    if what == "backlog":
        return (Reading(**place, shape="level", value=float(standing.due), note=note),)
    waits = end_ms - standing.oldest_due_ms if standing.due and standing.oldest_due_ms else None
    known = [delay for delay in (standing.delay_ms, waits) if delay is not None]
    value = float(max(known)) if known else None
    return (Reading(**place, shape="level", value=value, unit="ms", note=note),)
