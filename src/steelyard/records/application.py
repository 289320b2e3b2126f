"""What an evaluation of an application leaves behind, beside the :class:`EvaluationSummary` that every evaluation has.

A run that holds one has these artifacts:

    evaluation.json   an EvaluationSummary of task ``genai``: its metrics, estimates and slices
    genai.json        an ApplicationSummary
    replicates.npz    as for every evaluation
    rows.parquet      one line a row and repeat (see ``RowsColumn``)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from steelyard.records.trace import Usage

APPLICATION_PATH = "genai.json"

ValueKind = Literal["boolean", "number", "category", "text", "other", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFeedback:
    """What a scorer said under one name, over all rows.

    Args:
        name: of the feedback; also the beginning of its metrics and of its columns in ``rows.parquet``.
        scorer: the scorer that gives it.
        kind: of the values. ``boolean`` covers yes/no; ``category`` a few words, which have a distribution and no mean.
        metric: the metric shown first, such as ``correctness/mean``; empty for kinds that have none.
        planned: how many values there should be.
        n: how many there are.
        distribution: how often each value was given, for booleans and categories, most frequent first.
        histogram: counts in equal bins from ``low`` to ``high``, for numbers.
    """

    name: str
    scorer: str
    kind: ValueKind
    metric: str = ""
    planned: int = 0
    n: int = 0
    distribution: tuple[tuple[str, int], ...] = ()
    histogram: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSummary:
    """How one scorer fared: its six outcomes add up to ``planned``."""

    name: str
    planned: int
    outcomes: Mapping[str, int]
    judged_by: str = ""
    usage: Usage = field(default_factory=Usage)
    cached: int = 0
    latency_p50: float | None = None
    latency_p90: float | None = None
    errors: tuple[tuple[str, int], ...] = ()  # the most frequent messages with how often they came
    session_level: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What an evaluation cost: seconds, tokens and US dollars, and what was said before it began."""

    seconds: float = 0.0
    predict: Usage = field(default_factory=Usage)
    judges: Usage = field(default_factory=Usage)
    saved_by_cache: Usage = field(default_factory=Usage)
    max_cost: float | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    forecast: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSummary:
    """An evaluated application: rows, outcomes, scorers, feedback and cost."""

    rows: int
    repeats: int
    predicted_by: str = ""
    predictions: Mapping[str, int] = field(default_factory=dict)
    latency_p50: float | None = None
    latency_p90: float | None = None
    latency_p99: float | None = None
    scorers: tuple[ScorerSummary, ...] = ()
    feedback: tuple[NamedFeedback, ...] = ()
    spent: Spent = field(default_factory=Spent)
    tags: tuple[str, ...] = ()  # the names of the rows' tags
    clustered_by: str = ""
    interrupted: bool = False
    resumed: int = 0  # how often it was taken up again


class RowsColumn:
    """The columns of ``rows.parquet`` of an evaluated application; texts unless told.

    ``row_id``, ``row_index`` (int64), ``repeat`` (int64), ``session``, ``trace_id``, ``inputs`` (JSON), ``output`` (the
    text itself, else JSON), ``outcome`` (``predicted``, ``predict_failed``, ``over_budget``), ``error``, ``latency``
    (float64, seconds), ``tokens`` (int64), ``cost`` (float64), ``tag:<name>``, ``expectation:<name>`` (text or JSON),
    and for each feedback ``<name>/value`` (float64 for booleans and numbers, else text), ``<name>/rationale``,
    ``<name>/outcome`` (one of the six), ``<name>/error``.
    """

    ROW_ID = "row_id"
    ROW_INDEX = "row_index"
    REPEAT = "repeat"
    SESSION = "session"
    TRACE_ID = "trace_id"
    INPUTS = "inputs"
    OUTPUT = "output"
    OUTCOME = "outcome"
    ERROR = "error"
    LATENCY = "latency"
    TOKENS = "tokens"
    COST = "cost"
    TAG = "tag:"
    EXPECTATION = "expectation:"
    VALUE = "/value"
    RATIONALE = "/rationale"
    VERDICT = "/outcome"
    VERDICT_ERROR = "/error"
