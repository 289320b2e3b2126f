"""Traffic for tests of alarms: traces with feedback, at chosen moments."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from steelyard.records import Alarm, AssessmentSource, Condition, Feedback, RuleDraft, Series, Store, Trace, TraceInfo

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_700_006_400_000
"""A midnight, UTC."""

_numbers = itertools.count(1)


def rule(series: Series | None = None, condition: Condition | None = None, **what: Any) -> RuleDraft:
    """Return a draft that watches the score ``correctness`` unless told, below 0.8."""
    what.setdefault("name", "quality")
    return RuleDraft(
        series=series or Series(kind="score", what="correctness"), condition=condition or Condition(value=0.8), **what
    )


def counted(store: Store) -> None:
    """Have upkeep count what waits."""
    while store.upkeep.work().left:
        pass


def only(store: Store) -> Alarm:
    """Return the one alarm that there is."""
    (alarm,) = store.alarms.alarms().items
    return alarm


def trace(
    at: int,
    *,
    scores: Mapping[str, Any] | None = None,
    state: str = "OK",
    duration: float = 100.0,
    tags: Mapping[str, str] | None = None,
    source: str = "LLM_JUDGE",
    experiment_id: str = "0",
) -> Trace:
    """Return a trace that began at a moment, with feedback of a judge."""
    trace_id = f"tr-{next(_numbers):032x}"
    said = tuple(
        Feedback(name=name, value=value, trace_id=trace_id, source=AssessmentSource(source, "judge"))
        for name, value in (scores or {}).items()
    )
    info = TraceInfo(
        trace_id=trace_id,
        experiment_id=experiment_id,
        request_time=at,
        execution_duration=duration,
        state=state,  # pyrefly: ignore
        tags=dict(tags or {}),
        assessments=said,
    )
    return Trace(info=info)


def verdicts(start: int, end: int, *, n: int, passed: int, name: str = "correctness", **how: Any) -> list[Trace]:
    """Return traces spread evenly over [start, end), of which so many passed, evenly among the others."""
    times = [start + (end - start) * i // n for i in range(n)]
    good = [(i + 1) * passed // n - i * passed // n for i in range(n)]
    return [trace(at, scores={name: bool(ok)}, **how) for at, ok in zip(times, good, strict=True)]


def put(store: Store, traces: Iterable[Trace]) -> list[str]:
    """Keep traces; return their ids."""
    given = list(traces)
    store.traces.put(given)
    return [one.info.trace_id for one in given]
