"""Stopped at any instant, an evaluation keeps what it committed and repeats none of it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.llm import Budget
from steelyard.records import LedgerEntry
from steelyard.scorers import scorer

from .memory_ledger import MemoryLedger, evaluated, rows


@scorer
def exact(outputs: Any, expectations: Any) -> bool:
    return outputs == expectations["expected_response"]


class Calls:
    """A function that counts its calls by row."""

    def __init__(self) -> None:
        self.by_row: dict[int, int] = {}
        self._lock = threading.Lock()

    def __call__(self, n: int) -> int:
        with self._lock:
            self.by_row[n] = self.by_row.get(n, 0) + 1
        return n * n


@given(st.integers(1, 8))
@settings(deadline=None, max_examples=20)
def test_after_a_failed_commit_nothing_that_is_committed_is_called_again(fail_at: int) -> None:
    calls = Calls()
    first = _ledger_of(30)
    first.fail_at = fail_at
    try:
        evaluated(rows(30), calls, [exact], ledger=first)
    except OSError as error:
        assert str(error) == "the disk is full"  # noqa: PT017 - it fails only if there are as many commits
    kept = {row for row, _ in first.predicted}
    before = dict(calls.by_row)
    first.fail_at = None
    evaluated(rows(30), calls, [exact], ledger=first)
    assert first.outcomes() == {"scored": 30}
    assert all(calls.by_row[row] == before[row] == 1 for row in kept)


def test_verdicts_that_are_missing_are_asked_with_the_stored_output_and_trace() -> None:
    calls, ledger = Calls(), _ledger_of(6, scorers=2)
    seen: list[Any] = []

    @scorer
    def looking(outputs: Any, trace: Any) -> bool:
        seen.append((outputs, trace.info.trace_id))
        return True

    evaluated(rows(6), calls, [exact, looking], ledger=ledger)
    ids = {p.row: p.trace_id for p in ledger.predicted.values()}
    for row in (2, 4):
        del ledger.judged[row, 0, 1]
    seen.clear()
    evaluated(rows(6), calls, [exact, looking], ledger=ledger)
    assert sorted(seen) == [(4, ids[2]), (16, ids[4])]
    assert set(calls.by_row.values()) == {1}


def test_what_was_over_budget_is_done_with_a_larger_one() -> None:
    now, calls = [0.0], Calls()

    def ticking(n: int) -> int:
        now[0] += 1.0
        return calls(n)

    ledger = _ledger_of(10)
    budget = Budget(max_seconds=4, clock=lambda: now[0])
    evaluated(rows(10), ticking, [exact], ledger=ledger, budget=budget, concurrency=1)
    assert ledger.outcomes() == {"scored": 4, "over_budget": 6}
    evaluated(rows(10), ticking, [exact], ledger=ledger, concurrency=1)
    assert ledger.outcomes() == {"scored": 10}
    assert set(calls.by_row.values()) == {1}


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_an_interrupt_leaves_within_a_second_with_what_was_done(later: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, forever = threading.Event(), threading.Event()

    def stuck(n: int) -> int:
        if n >= 5:
            begun.set()
            forever.wait(30)
        return n * n

    async def stuck_later(n: int) -> int:
        if n >= 5:
            begun.set()
            await asyncio.sleep(30)
        return n * n

    waiting = threading.Event.wait

    def interrupted(self: threading.Event, timeout: float | None = None) -> bool:
        if begun.is_set() and threading.current_thread() is threading.main_thread():
            monkeypatch.undo()
            raise KeyboardInterrupt
        return waiting(self, timeout)

    monkeypatch.setattr(threading.Event, "wait", interrupted)
    ledger = _ledger_of(20)
    with pytest.raises(KeyboardInterrupt):
        evaluated(rows(20), stuck_later if later else stuck, [exact], ledger=ledger, concurrency=2)
    forever.set()
    assert set(ledger.predicted) == {(n, 0) for n in range(5)}


def test_a_writer_that_fails_stops_the_work() -> None:
    class Full(MemoryLedger):
        def commit(self, run_id: str, entries: Any) -> None:
            raise OSError("no space left")

    calls = Calls()
    with pytest.raises(OSError, match="no space left"):
        evaluated(rows(100_000), calls, [exact], ledger=Full(_ledger_of(100_000).plan))
    assert len(calls.by_row) < 100_000


def test_entries_are_written_by_one_thread_and_together() -> None:
    ledger = evaluated(rows(500), Calls(), [exact])
    assert len(ledger.writers) == 1
    assert ledger.commits < 500


def _ledger_of(n: int, *, scorers: int = 1) -> MemoryLedger:
    from steelyard.records import LedgerPlan, PlannedScorer

    planned = tuple(PlannedScorer(name=f"s{i}", planned=n) for i in range(scorers))
    return MemoryLedger(LedgerPlan(data_digest="d", rows=n, scorers=planned))


def test_an_entry_may_hold_verdicts_alone() -> None:
    assert LedgerEntry().verdicts == ()
