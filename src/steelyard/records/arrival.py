"""Spans that came from elsewhere, such as an OpenTelemetry exporter: some of a trace's, in any order, perhaps again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.records.assessment import Assessment
from steelyard.records.trace import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Spans of one trace that came in one request.

    Args:
        trace_id: whose they are.
        experiment_id: where the trace belongs if this is the first that is heard of it.
        spans: at least one. A span that is there already is replaced.
        run_id: the run that the trace counts among, if any.
        metadata: facts such as the session and the user; what was told first stays.
        tags: labels; what was told first stays.
        assessments: what the spans say about themselves, under ids that are the same when they come again.
    """

    trace_id: str
    experiment_id: str
    spans: tuple[Span, ...]
    run_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    assessments: tuple[Assessment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Traces that a client had to give up before they reached the store.

    Args:
        experiment_id: where they would have gone.
        source: whose they were, such as ``host:pid``.
        n: how many.
        reason: why, for people.
        time_ms: when the last of them was lost, milliseconds since 1970.
    """

    experiment_id: str
    source: str
    n: int
    reason: str
    time_ms: int
