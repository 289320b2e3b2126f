"""The ledger of an evaluation: one line for each prediction, one for each (row, repeat, scorer).

A ledger is opened with a plan, which fixes how many lines it will have. Lines are written once. Every line ends in one
of six outcomes, and the store's own constraints make the outcomes of each scorer add up to what was planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from steelyard.records.assessment import Feedback
from steelyard.records.trace import Trace, Usage

VerdictOutcome = Literal["scored", "scorer_error", "parse_error", "refused", "predict_failed", "over_budget"]
PredictionOutcome = Literal["predicted", "predict_failed", "over_budget"]
VERDICT_OUTCOMES: tuple[VerdictOutcome, ...] = get_args(VerdictOutcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedScorer:
    """A scorer and the lines it will fill: one a row and repeat, or one a session and repeat."""

    name: str
    planned: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPlan:
    """What an evaluation will do.

    Args:
        data_digest: the rows, in their order.
        predict_digest: the function that predicts; empty where outputs are given.
        rows: how many there are.
        repeats: how often each is predicted.
        scorers: in the order that the lines number them.
        owner: the process that fills it, such as ``host:boot:pid:start``.
    """

    data_digest: str
    rows: int
    scorers: tuple[PlannedScorer, ...]
    repeats: int = 1
    predict_digest: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The outcome of one call of the function (or of one given output).

    Args:
        row: the row's place in the data, from 0.
        repeat: from 0.
        row_id: what names the row across runs.
        outcome: only ``predicted`` rows are ever scored.
        trace_id: the trace of the call.
        output: what it returned, as JSON values.
        error: what it raised.
        latency: seconds.
        usage: tokens and cost of the model calls inside, where they were traced.
    """

    row: int
    repeat: int = 0
    row_id: str = ""
    outcome: PredictionOutcome = "predicted"
    trace_id: str | None = None
    output: Any = None
    error: str = ""
    latency: float | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one scorer on one row and repeat.

    Args:
        row, repeat: as in :class:`Prediction`; a session's line is that of its first row.
        scorer: the scorer's place in the plan, from 0.
        outcome: one of the six.
        feedbacks: what it said; a scorer may say several things, or nothing (then the value is missing).
        error: why it is not ``scored``.
        latency: seconds.
        usage: tokens and cost of the judge.
        cached: whether every answer of a model came from the cache.
    """

    row: int
    scorer: int
    repeat: int = 0
    outcome: VerdictOutcome = "scored"
    feedbacks: tuple[Feedback, ...] = ()
    error: str = ""
    latency: float | None = None
    usage: Usage | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What is committed together: a prediction with its trace, and verdicts. Each part may be absent."""

    prediction: Prediction | None = None
    trace: Trace | None = None
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerTally:
    """How far one scorer is. ``pending`` and the outcomes add up to ``planned``."""

    name: str
    planned: int
    outcomes: Mapping[str, int]

    @property
    def pending(self) -> int:
        return self.planned - sum(self.outcomes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """How far an evaluation is.

    Args:
        predictions: how many there are of each outcome.
        scorers: a tally a scorer, in the plan's order.
        usage: of predictions and judges together, without what the cache answered.
        heartbeat: milliseconds since 1970 when its owner last wrote.
        finished: whether its results are complete.
    """

    run_id: str
    plan: LedgerPlan
    predictions: Mapping[str, int] = field(default_factory=dict)
    scorers: tuple[ScorerTally, ...] = ()
    usage: Usage = field(default_factory=Usage)
    heartbeat: int = 0
    finished: bool = False
