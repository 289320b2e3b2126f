"""Quality criteria: MLflow's small language for what a run must reach, and whether it did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from steelyard._lib.names import nearest
from steelyard.errors import InvalidArgument
from steelyard.evaluation.genai.aggregation import Passing
from steelyard.records import ALL_ROWS, Estimate, ScoredMetric

SCHEMA_VERSION = 1
_COMPARATORS = {">=": "GTE", "<=": "LTE"}
_RULE = re.compile(
    r"\s*(?:`(?P<quoted>[^`]+)`|(?P<plain>[^\s`<>=]+))\s*(?P<comparator>>=|<=)\s*"
    r"(?P<threshold>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?=\s|$)"
)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison: a metric's key, ``>=`` or ``<=``, and a number."""

    metric: str
    comparator: Literal[">=", "<="]
    threshold: float

    def __str__(self) -> str:
        return f"{self.metric} {self.comparator} {self.threshold:g}"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a run passed.

    Args:
        passed: whether every rule holds.
        pass_criteria: what was asked, in words.
        reason: why it did not pass; empty if it did.
    """

    passed: bool
    pass_criteria: str
    reason: str = ""


def parse_criteria(text: str) -> tuple[Rule, ...]:
    """Read quality criteria.

    Args:
        text: comparisons joined by AND, such as ``correctness >= 0.9 AND `latency/p90` <= 2``. Only ``>=`` and ``<=``.
            Keys with spaces or signs stand in backticks. A key without an aggregation means the mean.

    Raises:
        InvalidArgument: it does not parse; the message says where.

    Examples:
        >>> [str(rule) for rule in parse_criteria("correctness >= 0.9 AND `latency/p90` <= 2")]
        ['correctness/mean >= 0.9', 'latency/p90 <= 2']
    """
    if not isinstance(text, str) or not text.strip():
        message = f"quality_criteria must be a text such as 'correctness >= 0.9'; it is {text!r}."
        raise InvalidArgument(message)
    rules, at = [], 0
    while True:
        found = _RULE.match(text, at)
        if found is None:
            message = (
                f"quality_criteria cannot be read at {text[at:].strip()[:60]!r}: write a metric, >= or <=, and a "
                'number, joined by AND, such as "correctness >= 0.9 AND `latency/p90` <= 2".'
            )
            raise InvalidArgument(message)
        key = (found["quoted"] or found["plain"]).strip()
        comparator: Literal[">=", "<="] = ">=" if found["comparator"] == ">=" else "<="
        rules.append(Rule(key if "/" in key else f"{key}/mean", comparator, float(found["threshold"])))
        at = found.end()
        if not text[at:].strip():
            return tuple(rules)
        joint = _AND.match(text, at)
        if joint is None:
            message = (
                f"quality_criteria: after {found[0].strip()!r} only AND may follow, not {text[at:].strip()[:40]!r}."
            )
            raise InvalidArgument(message)
        at = joint.end()


def criteria_tag(rules: Sequence[Rule], *, revision: str | None = None) -> str:
    """Return the rules as MLflow keeps them in a run's tag: JSON with ``schemaVersion``, ``revision`` and ``rules``."""
    told = [
        {"metricKey": r.metric, "comparator": _COMPARATORS[r.comparator], "threshold": r.threshold} for r in rules
    ]  # fmt: skip
    return json.dumps({"schemaVersion": SCHEMA_VERSION, "revision": revision or str(uuid4()), "rules": told})


def decide(rules: Sequence[Rule], estimates: Iterable[ScoredMetric]) -> Decision:
    """Compare a run's metrics with the rules.

    A rule looks at the value, as MLflow's does, not at the interval. Where rows are missing it looks at the bound that
    they leave on the wrong side: the value if every missing row had gone that way. So a failed row cannot pass a gate;
    a metric whose missing rows nothing bounds does not pass.

    Args:
        rules: from :func:`parse_criteria`.
        estimates: of the run; only those of all rows are looked at.
    """
    known = {one.metric: one.estimate for one in estimates if one.slice == ALL_ROWS}
    reasons = [reason for rule in rules if (reason := _failure(rule, known))]
    return Decision(not reasons, " AND ".join(map(str, rules)), " ".join(reasons))


def decide_without_criteria(passing: Iterable[Passing]) -> Decision:
    """Say whether every value passed: yes or true, or accepted by the scorer's ``pass_if``.

    Other values fail, with a hint; so do missing ones.

    Args:
        passing: the counts of each feedback.
    """
    reasons = []
    for one in passing:
        if one.failed:
            reasons.append(f"{one.name}: {one.failed:,} of {one.passed + one.failed:,} values did not pass.")
        if one.missing:
            reasons.append(f"{one.name}: {one.missing:,} values are missing.")
        if one.unjudged:
            reasons.append(
                f"{one.name}: {one.unjudged:,} values are neither booleans nor yes/no. Give the scorer pass_if=…, or "
                "evaluate with quality_criteria=…."
            )
    return Decision(not reasons, "every value passes", " ".join(reasons))


def _failure(rule: Rule, known: Mapping[str, Estimate]) -> str:
    estimate = known.get(rule.metric)
    if estimate is None:
        close = nearest(rule.metric, known)
        return f"{rule.metric}: the run has no such metric.{f' Did you mean {close!r}?' if close else ''}"
    name, value = rule.metric, estimate.value
    ends = [end for end in (estimate.worst, estimate.best) if end is not None]
    if estimate.missing == 0 and not ends:
        if value is None:
            return f"{name}: it has no value ({estimate.method})."
        return "" if _holds(rule, value) else f"{name} is {value:.6g}, not {rule.comparator} {rule.threshold:g}."
    shown = "undefined" if value is None else f"{value:.6g}"
    what = f"{name} is {shown} on {estimate.n:,} of {estimate.n + estimate.missing:,}"
    wrong = _wrong_end(rule, estimate)
    if wrong is None:
        return f"{what}, and nothing bounds what the missing ones would have been."
    if _holds(rule, wrong):
        return ""
    return f"{what}; with the missing ones counted against it, {wrong:.6g} is not {rule.comparator} {rule.threshold:g}."


def _wrong_end(rule: Rule, estimate: Estimate) -> float | None:
    """The bound on the side that the rule guards: the low one of ``>=``, the high one of ``<=``."""
    if estimate.worst is not None and estimate.best is not None:
        return (min if rule.comparator == ">=" else max)(estimate.worst, estimate.best)
    return _lone_end(rule, estimate)


def _lone_end(rule: Rule, estimate: Estimate) -> float | None:
    """The one bound that is known, if it is on the side that the rule guards: it lies beyond the value there."""
    end = estimate.worst if estimate.worst is not None else estimate.best
    if end is None or estimate.value is None or end == estimate.value:
        return None
    low = end < estimate.value
    return end if low == (rule.comparator == ">=") else None


def _holds(rule: Rule, value: float) -> bool:
    return value >= rule.threshold if rule.comparator == ">=" else value <= rule.threshold
