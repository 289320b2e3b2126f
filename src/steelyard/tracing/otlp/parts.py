"""What a request of OTLP holds: the spans of each trace, and those that could not be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.records import Assessment, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Spans of one trace that came in one request and go to one place.

    Args:
        trace_id: ``tr-`` and 32 hexadecimal digits.
        spans: at least one, parents before their children.
        metadata: facts that the spans tell of their trace, such as its session and user.
        tags: labels that they tell.
        assessments: what they say about themselves; ids are the same when they come again.
        experiment_id, experiment_name, run_id: where the trace belongs, as far as its resource or its spans say so.
    """

    trace_id: str
    spans: tuple[Span, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    assessments: tuple[Assessment, ...] = ()
    experiment_id: str | None = None
    experiment_name: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A span that could not be taken: its name or id for people, and why."""

    span: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A request.

    Args:
        parts: its spans by trace and destination, in the order in which they were first met.
        rejected: the spans that could not be taken.
        n_spans: how many spans the request held, with those that were rejected.
    """

    parts: tuple[Part, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    n_spans: int = 0
