"""What one scorer did on every line: outcomes, values, seconds, tokens, errors."""

from __future__ import annotations

from array import array
from collections import Counter

import numpy as np

from steelyard.evaluation.genai.aggregation.found import ScorerFacts
from steelyard.evaluation.genai.aggregation.values import Values
from steelyard.records import ScorerSummary, Usage, Verdict
from steelyard.records.ledger import VERDICT_OUTCOMES

MOST_ERRORS = 1000
SHOWN_ERRORS = 5
LONGEST_ERROR = 300


class ScorerLines:
    """Collects one scorer's verdicts."""

    __slots__ = ("cached", "errors", "facts", "latency", "lines", "outcomes", "scored", "usage", "values")

    def __init__(self, facts: ScorerFacts) -> None:
        self.facts = facts
        self.outcomes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.lines, self.scored = array("q"), array("b")
        self.latency = array("d")
        self.values: dict[str, Values] = {}
        self.usage: list[Usage] = []
        self.cached = 0

    def add(self, line: int, verdict: Verdict) -> None:
        """Take a verdict; only one that is ``scored`` has values, whatever else it carries."""
        scored = verdict.outcome == "scored"
        self.outcomes[verdict.outcome] += 1
        self.lines.append(line)
        self.scored.append(scored)
        if verdict.latency is not None:
            self.latency.append(verdict.latency)
        self.cached += verdict.cached
        if verdict.usage is not None and not verdict.cached:
            self.usage.append(verdict.usage)
            if len(self.usage) > MOST_ERRORS:
                self.usage = [_sum(self.usage)]
        if verdict.error:
            self._error(verdict.error)
        if not scored:
            return
        for feedback in verdict.feedbacks:
            values = self.values.get(feedback.name)
            if values is None:
                values = self.values[feedback.name] = Values(self.facts.passes)
            values.add(line, None if feedback.error is not None else feedback.value)

    def _error(self, message: str) -> None:
        told = message[:LONGEST_ERROR]
        if told in self.errors or len(self.errors) < MOST_ERRORS:
            self.errors[told] += 1

    def summary(self) -> ScorerSummary:
        """Return how the scorer fared."""
        p50, p90 = quantiles(self.latency, (0.5, 0.9)) or (None, None)
        ranked = sorted(self.errors.items(), key=lambda pair: (-pair[1], pair[0]))
        return ScorerSummary(
            name=self.facts.name,
            planned=self.facts.planned,
            outcomes={outcome: self.outcomes.get(outcome, 0) for outcome in VERDICT_OUTCOMES},
            judged_by=self.facts.judged_by,
            usage=_sum(self.usage),
            cached=self.cached,
            latency_p50=p50,
            latency_p90=p90,
            errors=tuple(ranked[:SHOWN_ERRORS]),
            session_level=self.facts.session_level,
        )


def quantiles(values: array[float] | np.ndarray, at: tuple[float, ...]) -> tuple[float, ...]:
    """Return quantiles of what is known of these; nothing if nothing is."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return tuple(float(q) for q in np.quantile(known, at)) if len(known) else ()


def _sum(usage: list[Usage]) -> Usage:
    """Add up; money exactly (``math.fsum``), so that the order of lines leaves no trace."""
    from math import fsum

    costs = [one.cost for one in usage if one.cost is not None]
    return Usage(
        input_tokens=sum(one.input_tokens for one in usage),
        output_tokens=sum(one.output_tokens for one in usage),
        cache_read_tokens=sum(one.cache_read_tokens for one in usage),
        cache_write_tokens=sum(one.cache_write_tokens for one in usage),
        reasoning_tokens=sum(one.reasoning_tokens for one in usage),
        cost=fsum(costs) if costs else None,
    )
