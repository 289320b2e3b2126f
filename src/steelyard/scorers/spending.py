"""What an answer took: seconds, tokens, money. Nothing where the trace does not say."""

from __future__ import annotations

from steelyard.records.trace import Trace
from steelyard.scorers.definition import Scorer
from steelyard.scorers.span_trees import latency_of, usage_of


class LatencyScorer(Scorer):
    """Seconds from the first span's start to its end."""

    name: str = "latency"

    def __call__(self, *, trace: Trace) -> float | None:
        return latency_of(trace)


class TokenCount(Scorer):
    """Tokens of all model calls, in and out, each counted once."""

    name: str = "token_count"

    def __call__(self, *, trace: Trace) -> int | None:
        usage = usage_of(trace)
        return None if usage is None else usage.total_tokens


class Cost(Scorer):
    """US dollars of all model calls whose price is known."""

    name: str = "cost"

    def __call__(self, *, trace: Trace) -> float | None:
        usage = usage_of(trace)
        return None if usage is None else usage.cost
