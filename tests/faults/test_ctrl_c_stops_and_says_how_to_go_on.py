"""Ctrl-C in a real process: it ends at once, says how to go on, and what it says works. SIGTERM leaves as much."""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.faults.processes import Evaluation, Zygote
from tests.llm.server import LlmServer, Reply, prompt_of

from steelyard.records import LedgerState, Run
from steelyard.store import open_store

ROWS = 40
WAYS = (
    "predict", "async predict", "async predict holds the loop", "async predict clings", "scorer", "async scorer",
    "judge", "session scorer",
)  # fmt: skip


def at_most() -> float:
    """Seconds until the end, on a machine that does other things too; 0.3 to 0.9 are usual."""
    return 3.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as made:
        yield made


@pytest.fixture
def url(serve: Callable[..., LlmServer], tmp_path: Path) -> str:
    """A judge that is silent on rows from 20 on, until it is freed."""

    def script(index: int, request: dict[str, Any]) -> Reply:
        found = re.search(r'"n": (\d+)', prompt_of(request))
        assert found is not None
        waits = int(found[1]) >= 20 and not (tmp_path / "free").exists()
        return Reply(how="silent") if waits else Reply(value={"result": True})

    return serve(script).url


def kept(store: Path) -> tuple[Run, LedgerState, set[int]]:
    """Return the one run of a store, its ledger's state, and the rows whose predictions are committed."""
    with closing(open_store(store)) as opened:
        (run,) = opened.search.search(["0"]).items
        state = opened.ledgers.state(run.info.run_id)
        assert state is not None
        return run, state, {p.row for p in opened.ledgers.predictions(run.info.run_id)}


def goes_on(zygote: Zygote, store: Path, how: str, url: str, **options: Any) -> Evaluation:
    """Let the evaluation end, and check that it is whole and repeated nothing that was committed."""
    run, _, committed = kept(store)
    (store / "free").touch()
    before = Counter(calls_of(store))
    after = zygote.start(store, how, url=url, rows=ROWS, options=options)
    assert after.ended() == 0, after.err
    result = after.result
    assert (result["run"], result["value"], result["n"], result["missing"]) == (run.info.run_id, 1.0, ROWS, 0)
    again = Counter(calls_of(store)) - before
    assert not committed & set(again)
    assert set(calls_of(store)) == set(range(ROWS))
    finished, state, _ = kept(store)
    assert (finished.info.status, state.finished) == ("FINISHED", True)
    return after


def calls_of(store: Path) -> list[int]:
    path = store / "calls"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("how", WAYS)
def test_ctrl_c_ends_it_at_once_and_the_resume_that_it_prints_works(
    zygote: Zygote, url: str, tmp_path: Path, how: str
) -> None:
    going = zygote.start(tmp_path, how, url=url, rows=ROWS)
    going.wait_for_calls(21)
    status, seconds = going.signal(signal.SIGINT)
    assert (status, going.err.rstrip().splitlines()[-1]) == (-signal.SIGINT, "KeyboardInterrupt") or "clings" in how
    assert seconds < at_most()
    said = re.search(r"Stopped after (\d+) of 40 predictions; all of them are kept.*resume='(\w+)'", going.err)
    assert said is not None, going.err
    run, state, committed = kept(tmp_path)
    assert (run.info.status, run.info.run_id, len(committed)) == ("KILLED", said[2], int(said[1]))
    assert not state.finished
    goes_on(zygote, tmp_path, how, url, resume=said[2])


@pytest.mark.parametrize("how", ["predict", "async predict", "judge"])
def test_sigterm_leaves_what_the_same_call_takes_up(zygote: Zygote, url: str, tmp_path: Path, how: str) -> None:
    going = zygote.start(tmp_path, how, url=url, rows=ROWS)
    going.wait_for_calls(21)
    status, seconds = going.signal(signal.SIGTERM)
    assert status == -signal.SIGTERM
    assert seconds < at_most()
    goes_on(zygote, tmp_path, how, url)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["predict", "async predict", "scorer", "judge"])
def test_ctrl_c_at_any_instant_leaves_what_can_be_gone_on_with(
    zygote: Zygote, url: str, tmp_path: Path, how: str
) -> None:
    """Also before anything is committed, and while the results are written."""
    chance = random.Random(how)
    (tmp_path / "free").touch()
    for trial in range(6):
        store = tmp_path / str(trial)
        store.mkdir()
        (store / "free").touch()
        going = zygote.start(store, how, url=url, rows=ROWS)
        going.wait_for_calls(chance.randrange(1, ROWS))
        wait(chance.uniform(0, 0.15))
        status, seconds = going.signal(signal.SIGINT)
        # a library may warn of what it had in hand after that line
        assert status == 0 or "KeyboardInterrupt" in going.err.splitlines(), going.err
        assert seconds < at_most()
        if status:
            goes_on(zygote, store, how, url)


def wait(seconds: float) -> None:
    import threading

    threading.Event().wait(seconds)
