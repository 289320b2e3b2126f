"""kill -9 at any instant: what is committed is neither lost nor called again, and the report is the same."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.llm.server import LlmServer

from steelyard.records import Store
from steelyard.store import open_store

ROWS = 240
IN_FLIGHT = 6


class Counting:
    """What was asked, by kind and row."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def rule(self, prompt: str, schema: Any) -> dict[str, Any]:
        found = re.search(r'"n": (\d+)|row (\d+)\.', prompt)
        assert found is not None
        kind, row = ("judge", found[1]) if found[1] else ("predict", found[2])
        with self._lock:
            self.calls[kind, int(row)] += 1
        return {"result": int(row) % 4 != 1, "rationale": f"row {row}"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_hundred_kills_nothing_committed_was_repeated_or_lost(tmp_path: Path, seed: int) -> None:
    chance, counting = random.Random(seed), Counting()
    with LlmServer(rule=counting.rule, latency=0.005) as server:
        whole = tmp_path / "whole"
        with Zygote(whole, server.url) as zygote:
            zygote.run_to_the_end()
        assert set(counting.calls.values()) == {1}
        counting.calls.clear()
        broken = tmp_path / "broken"
        kills = 0
        with Zygote(broken, server.url) as zygote:
            while kills < 100:
                assert not zygote.finished, f"all was done after {kills} kills"
                kept, before = committed(broken), Counter(counting.calls)
                calls = sum(before.values()) + chance.randint(1, 3)
                # Half of them die while they start and look at what is there, half at work.
                early = chance.uniform(0.02, 0.2) if chance.random() < 0.5 else None
                kills += zygote.run_until(lambda: sum(counting.calls.values()) >= calls, early)  # noqa: B023
                repeated = {call for call in counting.calls - before if call in kept}
                assert not repeated
                assert kept <= committed(broken)
            zygote.run_to_the_end()
    assert sum(counting.calls.values()) <= 2 * ROWS + kills * 2 * IN_FLIGHT
    assert report(broken) == report(whole)


def committed(folder: Path) -> set[tuple[str, int]]:
    """Return the calls whose outcomes the ledger holds."""
    with opened(folder) as store:
        found: set[tuple[str, int]] = set()
        for run in store.search.search(["0"]).items:
            found |= {("predict", p.row) for p in store.ledgers.predictions(run.info.run_id)}
            found |= {("judge", v.row) for v in store.ledgers.verdicts(run.info.run_id) if v.scorer == 0}
        return found


def report(folder: Path) -> Any:
    """Return all that a run tells, but for times, tokens paid, and what names are drawn by lot."""
    with opened(folder) as store:
        (run,) = store.search.search(["0"]).items
        assert run.info.status == "FINISHED"
        metrics = {k: v for k, v in run.data.metrics.items() if not k.startswith(("latency", "tokens", "cost"))}
        path = store.artifacts.local_path(run.info.run_id, "rows.parquet")
        rows = pq.read_table(path).drop_columns(["trace_id", "latency", "tokens", "cost"]).to_pylist()
        state = store.ledgers.state(run.info.run_id)
        assert state is not None
        estimates = {
            (one.metric, one.slice): one.estimate
            for one in store.estimates.list([run.info.run_id])[run.info.run_id]
            if not one.metric.startswith(("latency", "tokens", "cost"))
        }
        traces = store.traces.count(["0"], run_id=run.info.run_id)
        return metrics, rows, [s.outcomes for s in state.scorers], estimates, traces


def opened(folder: Path) -> Any:
    from contextlib import closing

    store: Store = open_store(folder)
    return closing(store)


class Zygote:
    """A process with everything loaded, whose children evaluate."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        folder.mkdir()
        script = Path(__file__).with_name("killed_child.py")
        command = [sys.executable, str(script), str(folder), url, str(ROWS)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    @property
    def finished(self) -> bool:
        return (self.folder / "done").exists()

    def run_until(self, enough: Callable[[], bool], seconds: float | None) -> bool:
        """Let a child work until it has done enough or its time is over, and kill it; return whether it still lived."""
        pid = self._fork()
        gone = ended(pid, seconds or 60.0, enough)
        if not gone:
            os.kill(pid, signal.SIGKILL)
            assert ended(pid, 20)
        return not gone

    def run_to_the_end(self) -> None:
        while not self.finished:
            assert ended(self._fork(), 120)

    def _fork(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(20)


def ended(pid: int, seconds: float, enough: Callable[[], bool] = lambda: False) -> bool:
    """Wait for a process that is nobody's child here, or until there is enough; return whether it ended in time."""
    gone = threading.Event()
    deadline = threading.Timer(seconds, gone.set)
    deadline.start()
    try:
        while not gone.is_set() and not enough():
            if not Path(f"/proc/{pid}").exists():
                return True
            gone.wait(0.002)
        return not Path(f"/proc/{pid}").exists()
    finally:
        deadline.cancel()
