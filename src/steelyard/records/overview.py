"""Many traces at once: counted over time, by value, by session and by user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.records.trace import TraceInfo

QUANTILES = (0.5, 0.9, 0.95, 0.99)
"""The quantiles that windows tell of durations."""

SAMPLED_CONTENT = 8_000
"""How many characters of inputs and outputs a sample tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceWindow:
    """The traces that began in a stretch of time, [start_ms, end_ms).

    Args:
        start_ms, end_ms: milliseconds since 1970, UTC.
        group: the value that they share of what was asked for (a model, a name, a tag's value); empty if nothing was.
        n: how many traces.
        errors: how many of them failed.
        durations: milliseconds by quantile (``QUANTILES``), within 1% of the exact ones; empty if none has ended.
        duration_intervals: 95% intervals of these, between two of the durations; a quantile beyond which too few lie
            has none.
        ended: how many have ended: what the quantiles are of.
        input_tokens, output_tokens: their sums.
        cost: in US dollars, of those whose price is known; None if no price is known.
        priced: how many have a known price.
    """

    start_ms: int
    end_ms: int
    group: str = ""
    n: int = 0
    errors: int = 0
    durations: Mapping[float, float] = field(default_factory=dict)
    duration_intervals: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    ended: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    priced: int = 0

    @property
    def error_rate(self) -> float | None:
        """The share that failed; None of none."""
        return self.errors / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of a facet, and how many of the traces have it. ``filter`` is the condition that keeps just these."""

    value: str
    n: int
    filter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledTrace:
    """One trace of a sample.

    Args:
        info: the trace, with its assessments.
        inputs, outputs: of its root, as JSON, their first ``SAMPLED_CONTENT`` characters; empty if there are none, or
            if they were not asked for.
        inputs_length, outputs_length: how many characters they are as JSON.
        models: the models that it called, by name.
        tools: the tools that it used, by name.
        failed_spans: how many of its spans failed.
    """

    info: TraceInfo
    inputs: str = ""
    outputs: str = ""
    inputs_length: int = 0
    outputs_length: int = 0
    models: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    failed_spans: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """A session: the traces that share a session id.

    Args:
        session: its id.
        experiment_id: where its traces are.
        n: how many traces.
        errors: how many of them failed.
        first_ms, last_ms: when the first and the last of them began, milliseconds since 1970.
        user: who, if they tell; of the newest that does.
        input_tokens, output_tokens, cost: sums; cost None if no price is known.
        request_preview: how it began.
        response_preview: what was answered last.
    """

    session: str
    experiment_id: str
    n: int
    errors: int
    first_ms: int
    last_ms: int
    user: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    request_preview: str = ""
    response_preview: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSummary:
    """A user: the traces that name them. Fields as in :class:`SessionSummary`; ``sessions`` counts theirs."""

    user: str
    experiment_id: str
    n: int
    errors: int
    first_ms: int
    last_ms: int
    sessions: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long an experiment's traces are kept. The oldest go first.

    Args:
        max_age_days: traces that began longer ago are deleted; None keeps them.
        max_bytes: the oldest are deleted until the rest takes no more; None sets no limit.
    """

    max_age_days: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSize:
    """What an experiment's traces take; ``bytes`` as stored, estimated from a sample where they are many."""

    traces: int
    spans: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepReport:
    """What a round of upkeep did, and what it left for the next.

    Args:
        indexed: traces whose text was made findable.
        windows: windows of time that were counted again.
        deleted: traces that retention deleted.
        freed_bytes: space given back to the disk.
        left: traces and windows that still wait.
    """

    indexed: int = 0
    windows: int = 0
    deleted: int = 0
    freed_bytes: int = 0
    left: int = 0
