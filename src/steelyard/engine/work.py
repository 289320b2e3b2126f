"""What the engine is given to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.engine.progress import Progress
from steelyard.llm import Budget, Limits, Prices
from steelyard.records import AnswerCache, LedgerStore, Rows, Trace
from steelyard.scorers import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Rows, a function, scorers and where their outcomes go.

    Args:
        run_id: the run whose ledger is open.
        experiment_id: where traces belong.
        rows: the test data.
        scorers: in the order of the ledger's plan.
        ledger: where each outcome is committed.
        find_traces: returns stored traces by id, for rows that were predicted before a crash and for sessions.
        predict: the function, sync or async, called with a row's inputs by name; None where outputs are given.
        predict_name: what its traces are called.
        repeats: how often each row is predicted.
        concurrency: calls of the function at a time; judges have limits of their own, by model.
        predict_timeout: seconds; None waits for ever.
        predict_retries: how often a call that failed for too many requests is made again.
        limits: adaptive limits by model; the function's own is named ``predict``.
        budget: what may be spent.
        prices: of models, for judges.
        cache: answers of judges that are known already.
        redo: outcomes of earlier lines that are done again.
        progress: called after commits.
    """

    run_id: str
    experiment_id: str
    rows: Rows
    scorers: tuple[Scorer, ...]
    ledger: LedgerStore
    find_traces: Callable[[Sequence[str]], Mapping[str, Trace]]
    limits: Limits
    budget: Budget
    prices: Prices = field(default_factory=Prices)
    predict: Callable[..., Any] | None = None
    predict_name: str = "predict"
    repeats: int = 1
    concurrency: int = 10
    predict_timeout: float | None = None
    predict_retries: int = 0
    cache: AnswerCache | None = None
    redo: frozenset[str] = frozenset()
    trace_metadata: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[Progress], None] | None = None

    @property
    def rows_in_flight(self) -> int:
        """How many rows are being predicted or scored at a time: while some wait for scorers, others are predicted."""
        return 2 * self.concurrency if self.scorers else self.concurrency

    @property
    def row_scorers(self) -> tuple[int, ...]:
        """The places of scorers that look at one row."""
        return tuple(i for i, s in enumerate(self.scorers) if not s.is_session_level_scorer)

    @property
    def session_scorers(self) -> tuple[int, ...]:
        """The places of scorers that look at a session."""
        return tuple(i for i, s in enumerate(self.scorers) if s.is_session_level_scorer)
