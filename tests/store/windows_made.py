"""Traces spread over time, as plain facts that a test can count by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from traces_made import span, trace

from steelyard.records import Store, Trace, Usage
from steelyard.records.overview import QUANTILES, TraceWindow
from steelyard.records.trace import SESSION_KEY, TRACE_NAME_TAG, USER_KEY


@dataclass(frozen=True)
class Fact:
    """What a test knows of a trace."""

    time: int
    duration: float | None = 1.0
    state: str = "OK"
    name: str | None = None
    models: tuple[str, ...] = ()
    session: str | None = None
    user: str | None = None
    tags: dict[str, str] = field(default_factory=dict, hash=False)
    tokens: int = 0
    cost: float | None = None


def made(number: int, fact: Fact, **info: Any) -> Trace:
    """Return the trace of a fact; its tokens are those of its models' calls, as many for each."""
    usage = Usage(input_tokens=fact.tokens, output_tokens=1, cost=fact.cost)
    calls = [span(number, i + 2, 1, model=model, usage=usage) for i, model in enumerate(fact.models)]
    total = sum((call.usage for call in calls if call.usage), Usage()) if calls else usage
    words = {SESSION_KEY: fact.session, USER_KEY: fact.user}
    named = {} if fact.name is None else {TRACE_NAME_TAG: fact.name}
    return trace(
        number,
        span(number, 1),
        *calls,
        request_time=fact.time,
        execution_duration=fact.duration,
        state=fact.state,
        usage=total,
        trace_metadata={key: word for key, word in words.items() if word is not None},
        tags={**fact.tags, **named},
        **info,
    )


def keep(store: Store, facts: Iterable[Fact], *, first: int = 1, experiment_id: str = "0") -> None:
    store.traces.put([made(first + i, fact, experiment_id=experiment_id) for i, fact in enumerate(facts)])


def counted(facts: Iterable[Fact], *, step: int, by: str = "") -> list[dict[str, Any]]:
    """Count by the definition."""
    groups: dict[tuple[int, str], list[tuple[Fact, int]]] = defaultdict(list)
    for fact in facts:
        for value, calls in _values(fact, by):
            groups[fact.time // step * step, value].append((fact, calls))
    return [_row(start, value, members) for (start, value), members in sorted(groups.items())]


def _values(fact: Fact, by: str) -> list[tuple[str, int]]:
    """Return the values of a trace, each with how many calls of models count for it."""
    if by == "model":
        return [(model, fact.models.count(model)) for model in dict.fromkeys(fact.models)]
    single = {"": "", "name": fact.name, "status": fact.state, "session": fact.session, "user": fact.user}
    value = fact.tags.get(by[4:]) if by.startswith("tag.") else single[by]
    return [] if value is None else [(value, len(fact.models) or 1)]


def _row(start: int, value: str, members: list[tuple[Fact, int]]) -> dict[str, Any]:
    costs = [fact.cost * calls for fact, calls in members if fact.cost is not None]
    durations = [fact.duration for fact, _ in members if fact.duration is not None]
    return {
        "start": start,
        "group": value,
        "n": len(members),
        "errors": sum(fact.state == "ERROR" for fact, _ in members),
        "input_tokens": sum(fact.tokens * calls for fact, calls in members),
        "output_tokens": sum(calls for _, calls in members),
        "cost": sum(costs) if costs else None,
        "priced": len(costs),
        "durations": dict(zip(QUANTILES, np.quantile(durations, QUANTILES).tolist(), strict=True)) if durations else {},
    }


def assert_same(windows: Iterable[TraceWindow], rows: list[dict[str, Any]]) -> None:
    """Compare windows with those counted by the definition: durations within 1%, the rest exactly."""
    found = list(windows)
    assert [(w.start_ms, w.group, w.n, w.errors, w.input_tokens, w.output_tokens, w.priced) for w in found] == [
        tuple(row[k] for k in ("start", "group", "n", "errors", "input_tokens", "output_tokens", "priced"))
        for row in rows
    ]
    for window, row in zip(found, rows, strict=True):
        assert (window.cost is None) == (row["cost"] is None)
        assert abs((window.cost or 0) - (row["cost"] or 0)) < 1e-9
        assert window.durations.keys() == row["durations"].keys()
        for q, exact in row["durations"].items():
            assert abs(window.durations[q] - exact) <= 0.01 * abs(exact)
