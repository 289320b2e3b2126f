"""Traces, spans and ledger lines for tests: what a test does not name is as plain as can be."""

from __future__ import annotations

from typing import Any

from steelyard.records import (
    Feedback,
    LedgerEntry,
    LedgerPlan,
    PlannedScorer,
    Prediction,
    Span,
    Trace,
    TraceData,
    TraceInfo,
    Verdict,
)


def trace_id(number: int) -> str:
    return f"tr-{number:032x}"


def span(trace: int, number: int, parent: int | None = None, **fields: Any) -> Span:
    given = {"name": f"step {number}", "start_time_ns": 1_000 + number, "end_time_ns": 2_000 + number, **fields}
    parent_id = None if parent is None else f"{parent:016x}"
    return Span(trace_id=trace_id(trace), span_id=f"{number:016x}", parent_id=parent_id, **given)


def trace(number: int, *spans: Span, **info: Any) -> Trace:
    given = {"request_time": 1_000 + number, "state": "OK", "n_spans": len(spans), **info}
    return Trace(TraceInfo(trace_id=trace_id(number), **given), TraceData(spans))


def plan(rows: int, *scorers: str, **fields: Any) -> LedgerPlan:
    repeats = fields.get("repeats", 1)
    planned = tuple(PlannedScorer(name=name, planned=rows * repeats, digest=f"digest of {name}") for name in scorers)
    return LedgerPlan(**{"data_digest": "data", "rows": rows, "scorers": planned, **fields})


def entry(row: int, *outcomes: str, outcome: str = "predicted", **prediction: Any) -> LedgerEntry:
    """A prediction with its trace, and a verdict a scorer."""
    number = row + 1
    made = Prediction(row=row, row_id=f"row {row}", outcome=outcome, trace_id=trace_id(number), **prediction)
    verdicts = tuple(verdict(row, scorer, said) for scorer, said in enumerate(outcomes))
    return LedgerEntry(prediction=made, trace=trace(number, span(number, 1)), verdicts=verdicts)


def verdict(row: int, scorer: int, outcome: str = "scored", **fields: Any) -> Verdict:
    spoken = (Feedback(name=f"scorer {scorer}", value=row / 4),) if outcome == "scored" else ()
    return Verdict(**{"row": row, "scorer": scorer, "outcome": outcome, "feedbacks": spoken, **fields})
