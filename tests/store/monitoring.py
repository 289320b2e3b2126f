"""What the tests of monitors share: a clock that they set, traces that arrive, and a worker that scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from steelyard.records import Span, Store, Trace, TraceInfo
from steelyard.records.arrival import Arrival
from steelyard.records.assessment import Feedback
from steelyard.records.monitor import Monitor, MonitorStanding, ScorerSamplingConfig, Work, WorkDone
from steelyard.records.trace import SESSION_KEY

DAY = 86_400_000
HOUR = 3_600_000
NOON = 1_800_000_000_000 // DAY * DAY + 12 * HOUR
SETTLED = NOON + 10_000


class Clock:
    """The time at which traces arrive."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


def watch(store: Store, name: str = "ok", experiment_id: str = "0", *, level: Any = "trace", **config: Any) -> Monitor:
    """Register a scorer and start its monitor."""
    store.scorers.register(experiment_id, name, definition="{}", digest="d", kind="builtin")
    return store.monitors.start(experiment_id, name, config=ScorerSamplingConfig(**config), level=level)


def arrive(
    store: Store,
    trace_ids: Iterable[str],
    *,
    experiment_id: str = "0",
    session: str | None = None,
    span: int = 1,
    at_ms: int = NOON,
) -> None:
    """Let a span of each trace arrive."""
    words = {SESSION_KEY: session} if session else {}
    arrivals = []
    for trace_id in trace_ids:
        begin = at_ms * 1_000_000
        made = Span(
            trace_id=trace_id,
            span_id=f"{span:016x}",
            parent_id=None if span == 1 else f"{1:016x}",
            name="root",
            start_time_ns=begin,
            end_time_ns=begin + 1_000_000,
        )
        arrivals.append(Arrival(trace_id=trace_id, experiment_id=experiment_id, spans=(made,), metadata=words))
    store.traces.arrive(arrivals)


def put(store: Store, trace_id: str, *, at_ms: int = NOON, **info: Any) -> None:
    """Put a trace."""
    store.traces.put([Trace(TraceInfo(trace_id=trace_id, request_time=at_ms, **info))])


def plan(store: Store, now: int) -> int:
    """Plan all that there is."""
    looked = 0
    while step := store.monitors.plan(now_ms=now):
        looked += step
    return looked


def claim(store: Store, now: int, most: int = 100, **more: Any) -> tuple[Work, ...]:
    """Plan all that there is and claim what is due."""
    plan(store, now)
    return store.monitors.claim("worker", now_ms=now, most=most, **more)


def scored(work: Work, value: Any = 1.0, *, name: str = "ok", trace_id: str | None = None, **told: Any) -> WorkDone:
    """Return work that ended with feedback."""
    return WorkDone(work=work, outcome="scored", assessments=(Feedback(name, value, trace_id=trace_id),), **told)


def failed(work: Work, error: str = "it broke") -> WorkDone:
    """Return work that ended without a verdict."""
    return WorkDone(work=work, outcome="scorer_error", error=error)


def subjects(work: Sequence[Work]) -> list[str]:
    """Return what the work is about, sorted."""
    return sorted(one.subject for one in work)


def standing(store: Store, monitor: Monitor, now: int = NOON) -> MonitorStanding:
    """Return how a monitor stands."""
    return store.monitors.standing([monitor.monitor_id], now_ms=now)[monitor.monitor_id]


def values(store: Store, trace_id: str, *, also_old: bool = False) -> list[Any]:
    """Return the values of a trace's feedback, by age."""
    return [one.value for one in store.assessments.list([trace_id])[trace_id] if also_old or one.valid]
