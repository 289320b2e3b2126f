"""Live traffic for tests of workers, a clock that they turn, and judges that do as they are told."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.genai.scorers import ScorerSamplingConfig
from steelyard.monitor.scoring_desk import Report
from steelyard.monitor.workers import work_once
from steelyard.records import SESSION_KEY, Arrival, Feedback, Span, SpanStatus, Store
from steelyard.records.monitor import Monitor, MonitorStanding
from steelyard.tracking import get_store

AT_ONCE = ScorerSamplingConfig(settle_seconds=0)
HOUR, DAY = 3_600_000, 86_400_000

_numbers = itertools.count(1)


class TurnedClock:
    """A clock that stands still unless it is turned; the other one goes on as it does."""

    def __init__(self) -> None:
        self.ms = time.time_ns() // 1_000_000 + 1_000

    def now_ms(self) -> int:
        return self.ms

    def seconds(self) -> float:
        return time.monotonic()

    def turn(self, ms: int) -> None:
        self.ms += ms


def sent(
    n: int = 1,
    *,
    inputs: Any = "What is a steelyard?",
    outputs: Any = "A balance, please.",
    status: str = "OK",
    session: str = "",
    store: Store | None = None,
    experiment_id: str = "0",
    tags: Mapping[str, str] | None = None,
    start_ms: int = 0,
) -> list[str]:
    """Have traces of one span arrive, as an application would send them; return their ids."""
    made = []
    begun = (start_ms or time.time_ns() // 1_000_000 - 5_000) * 1_000_000
    for number in itertools.islice(_numbers, n):
        span = Span(
            trace_id=f"tr-{number:032x}",
            span_id=f"{number:016x}",
            parent_id=None,
            name="answer",
            start_time_ns=begun + number,
            end_time_ns=begun + number + 1_000_000,
            status=SpanStatus(status),  # pyrefly: ignore
            inputs=inputs,
            outputs=outputs,
        )
        metadata = {SESSION_KEY: session} if session else {}
        made.append(
            Arrival(
                trace_id=span.trace_id, experiment_id=experiment_id, spans=(span,), metadata=metadata, tags=tags or {}
            )
        )
    (store or get_store()).traces.arrive(made)
    return [one.trace_id for one in made]


def worked(clock: TurnedClock | None = None, **how: Any) -> Report:
    """Work once; what was sent before is due."""
    return work_once(get_store(), clock=clock or TurnedClock(), **how)


def worked_off(clock: TurnedClock | None = None, **how: Any) -> int:
    """Work until nothing more is handed out; return how much was done."""
    done = 0
    while True:
        report = worked(clock, **how)
        done += report.done
        if not report.claimed:
            return done


def monitor_of(name: str) -> Monitor:
    found = get_store().monitors.find("0", name)
    assert found is not None
    return found


def standing_of(name: str, clock: TurnedClock | None = None) -> MonitorStanding:
    monitor_id = monitor_of(name).monitor_id
    return get_store().monitors.standing([monitor_id], now_ms=(clock or TurnedClock()).now_ms())[monitor_id]


def said_of(trace_ids: Sequence[str], name: str) -> list[Feedback]:
    """Return the feedback of a name on traces, invalid ones too."""
    listed = get_store().assessments.list(list(trace_ids))
    return [one for some in listed.values() for one in some if isinstance(one, Feedback) and one.name == name]
