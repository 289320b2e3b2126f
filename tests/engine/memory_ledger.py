"""A ledger in memory that keeps the rules of the real one: lines once, and only what a prediction allows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from steelyard.engine import Progress, Work, run_work
from steelyard.llm import Budget, Limits
from steelyard.records import (
    LedgerEntry,
    LedgerPlan,
    LedgerState,
    PlannedScorer,
    Prediction,
    Row,
    ScorerTally,
    Trace,
    Verdict,
)
from steelyard.scorers import Scorer, as_scorer

RUN = "r" * 32


class MemoryLedger:
    """See ``LedgerStore``. ``fail_at`` makes the n-th commit raise."""

    def __init__(self, plan: LedgerPlan) -> None:
        self.plan = plan
        self.predicted: dict[tuple[int, int], Prediction] = {}
        self.judged: dict[tuple[int, int, int], Verdict] = {}
        self.kept: dict[str, Trace] = {}
        self.commits = 0
        self.fail_at: int | None = None
        self.writers: set[str] = set()

    def commit(self, run_id: str, entries: Sequence[LedgerEntry]) -> None:
        assert run_id == RUN
        self.commits += 1
        self.writers.add(threading.current_thread().name)
        if self.commits == self.fail_at:
            raise OSError("the disk is full")
        for entry in entries:
            if entry.prediction is not None:
                key = entry.prediction.row, entry.prediction.repeat
                assert key not in self.predicted or self.predicted[key].outcome == "over_budget"
                self.predicted[key] = entry.prediction
                if entry.trace is not None:
                    self.kept[entry.trace.info.trace_id] = entry.trace
            for verdict in entry.verdicts:
                line = verdict.row, verdict.repeat, verdict.scorer
                prediction = self.predicted[verdict.row, verdict.repeat]
                assert line not in self.judged or self.judged[line].outcome == "over_budget"
                assert (verdict.outcome == "predict_failed") == (prediction.outcome == "predict_failed")
                self.judged[line] = verdict

    def predictions(self, run_id: str) -> Iterator[Prediction]:
        return iter([self.predicted[key] for key in sorted(self.predicted)])

    def verdicts(self, run_id: str) -> Iterator[Verdict]:
        return iter([self.judged[key] for key in sorted(self.judged)])

    def state(self, run_id: str = RUN) -> LedgerState:
        tallies = []
        for place, scorer in enumerate(self.plan.scorers):
            outcomes = Counter(v.outcome for (_, _, at), v in self.judged.items() if at == place)
            tallies.append(ScorerTally(name=scorer.name, planned=scorer.planned, outcomes=outcomes))
        return LedgerState(
            run_id=RUN,
            plan=self.plan,
            predictions=Counter(p.outcome for p in self.predicted.values()),
            scorers=tuple(tallies),
        )

    def outcomes(self) -> Counter[str]:
        return Counter(verdict.outcome for verdict in self.judged.values())

    def find(self, trace_ids: Sequence[str]) -> dict[str, Trace]:
        return {trace_id: self.kept[trace_id] for trace_id in trace_ids if trace_id in self.kept}


class Listed(list[Row]):
    """Rows in a list."""

    name, digest, has_outputs, has_traces = "rows", "d" * 16, False, False


def rows(n: int, **more: Any) -> Listed:
    """Return n rows whose input is their number."""
    return Listed(
        Row(index=i, row_id=f"row{i}", inputs={"n": i}, expectations={"expected_response": i * i}, **more)
        for i in range(n)
    )


def evaluated(
    data: Listed,
    predict: Callable[..., Any] | None,
    scorers: Sequence[Any],
    *,
    ledger: MemoryLedger | None = None,
    **settings: Any,
) -> MemoryLedger:
    """Run the engine over rows into a ledger in memory."""
    asked: tuple[Scorer, ...] = tuple(as_scorer(each) for each in scorers)
    repeats = settings.get("repeats", 1)
    sessions = len({row.session if row.session is not None else row.row_id for row in data})
    planned = tuple(
        PlannedScorer(name=s.name, planned=(sessions if s.is_session_level_scorer else len(data)) * repeats)
        for s in asked
    )
    plan = LedgerPlan(data_digest="d", rows=len(data), repeats=repeats, scorers=planned)
    ledger = ledger or MemoryLedger(plan)
    settings.setdefault("budget", Budget())
    concurrency = settings.get("concurrency", 4)
    work = Work(
        run_id=RUN,
        experiment_id="0",
        rows=data,
        scorers=asked,
        ledger=ledger,  # type: ignore[arg-type]
        find_traces=ledger.find,
        limits=Limits(bounds={"predict": (concurrency, concurrency)}),
        predict=predict,
        redo=frozenset(("over_budget",)),
        **{"concurrency": concurrency, **settings},
    )
    run_work(work, ledger.state())
    return ledger


def last(progress: list[Progress]) -> Progress:
    return progress[-1]
