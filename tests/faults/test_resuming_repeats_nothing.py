"""Going on with an evaluation that died: when it is taken up by itself, what is done again, and what never is."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.faults.processes import Evaluation, Zygote

from steelyard.errors import InvalidArgument
from steelyard.genai import evaluate, scorer
from steelyard.records import LedgerState
from steelyard.store import open_store
from steelyard.tracking import get_store

ROWS = 40


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as made:
        yield made


@pytest.fixture(scope="module")
def second() -> Iterator[Zygote]:
    with Zygote() as made:
        yield made


def states(store: Path | str) -> list[tuple[str, LedgerState]]:
    with closing(open_store(store)) as opened:
        found = [(run.info.status, opened.ledgers.state(run.info.run_id)) for run in opened.search.search(["0"]).items]
        return [(status, state) for status, state in found if state is not None]


def committed(store: Path | str) -> set[int]:
    with closing(open_store(store)) as opened:
        (run,) = opened.search.search(["0"]).items
        return {p.row for p in opened.ledgers.predictions(run.info.run_id)}


def killed(zygote: Zygote, store: Path, how: str, **order: Any) -> None:
    going = zygote.start(store, how, rows=ROWS, **order)
    going.wait_for_calls(21)
    assert going.signal(signal.SIGKILL)[0] == -signal.SIGKILL
    (store / "free").touch()


def calls_of(store: Path) -> list[int]:
    return [int(line) for line in (store / "calls").read_text().splitlines()]


def check_whole(going: Evaluation, store: Path | str) -> None:
    assert going.ended() == 0, going.err
    assert (going.result["value"], going.result["n"], going.result["missing"]) == (1.0, ROWS, 0)
    ((status, state),) = states(store)
    assert (status, state.finished, state.predictions["predicted"]) == ("FINISHED", True, ROWS)


CHANGES: dict[str, dict[str, Any]] = {
    "the same": {},
    "another concurrency": {"concurrency": 2},
    "another seed and confidence": {"seed": 7, "confidence": 0.9},
    "a budget": {"max_seconds": 600},
}


@pytest.mark.parametrize(
    ("how", "change"),
    [
        ("predict", "the same"), ("predict", "another concurrency"), ("predict", "another seed and confidence"),
        ("predict", "a budget"), ("async predict", "the same"), ("scorer", "the same"), ("async scorer", "the same"),
        ("session scorer", "the same"),
    ],
)  # fmt: skip
def test_the_same_call_takes_up_what_died(zygote: Zygote, tmp_path: Path, how: str, change: str) -> None:
    killed(zygote, tmp_path, how)
    kept, before = committed(tmp_path), Counter(calls_of(tmp_path))
    check_whole(zygote.start(tmp_path, how, rows=ROWS, options=CHANGES[change]), tmp_path)
    assert not kept & set(Counter(calls_of(tmp_path)) - before)


def test_repeats_are_taken_up_one_by_one(zygote: Zygote, tmp_path: Path) -> None:
    killed(zygote, tmp_path, "predict", options={"repeats": 2})
    before = len(calls_of(tmp_path))
    ((_, state),) = states(tmp_path)
    done = sum(state.predictions.values())
    going = zygote.start(tmp_path, "predict", rows=ROWS, options={"repeats": 2})
    assert going.ended() == 0, going.err
    ((_, state),) = states(tmp_path)
    assert (state.finished, state.predictions["predicted"]) == (True, 2 * ROWS)
    assert len(calls_of(tmp_path)) - before == 2 * ROWS - done


OTHERS = {"data": {"rows": ROWS + 1}, "function": {"how": "async predict"}, "scorers": {"how": "scorer"}}


@pytest.mark.parametrize("change", OTHERS)
def test_another_call_is_another_run(zygote: Zygote, tmp_path: Path, change: str) -> None:
    killed(zygote, tmp_path, "predict")
    ((_, before),) = states(tmp_path)
    order: dict[str, Any] = {"how": "predict", "rows": ROWS, **OTHERS[change]}
    going = zygote.start(tmp_path, order.pop("how"), **order)
    assert going.ended() == 0, going.err
    assert len(states(tmp_path)) == 2
    assert {state.run_id: state for _, state in states(tmp_path)}[before.run_id] == before


def test_what_its_owner_still_works_on_is_left_to_it(zygote: Zygote, second: Zygote, tmp_path: Path) -> None:
    first = zygote.start(tmp_path, "predict", rows=ROWS)
    first.wait_for_calls(21)
    twin = second.start(tmp_path, "predict", rows=ROWS)
    twin.wait_for_calls(42)
    run_id = states(tmp_path)[0][1].run_id
    with pytest.raises(InvalidArgument, match="still being worked on by another process"):
        resumed_here(tmp_path, run_id)
    assert [status for status, _ in states(tmp_path)] == ["RUNNING", "RUNNING"]
    (tmp_path / "free").touch()
    for going in (first, twin):
        going.signal(signal.SIGKILL)
    one, other = zygote.start(tmp_path, "predict", rows=ROWS), second.start(tmp_path, "predict", rows=ROWS)
    assert (one.ended(), other.ended()) == (0, 0), (one.err, other.err)
    assert [state.finished for _, state in states(tmp_path)] == [True, True]


def resumed_here(store: Path, run_id: str) -> None:
    import steelyard

    @scorer
    def doubled(outputs: int, inputs: dict[str, int]) -> bool:
        return True

    steelyard.set_tracking_uri(store)
    evaluate([{"inputs": {"n": n}} for n in range(ROWS)], [doubled], lambda n: n, resume=run_id, progress=False)


def test_two_that_take_up_one_dead_run_at_once_corrupt_nothing(zygote: Zygote, second: Zygote, tmp_path: Path) -> None:
    killed(zygote, tmp_path, "predict")
    one, other = zygote.start(tmp_path, "predict", rows=ROWS), second.start(tmp_path, "predict", rows=ROWS)
    assert (one.ended(), other.ended()) == (0, 0), (one.err, other.err)
    for _, state in states(tmp_path):
        assert (state.finished, state.predictions["predicted"]) == (True, ROWS)
        assert [tally.pending for tally in state.scorers] == [0]


# Within one process: errors and budgets


class Failing:
    """A function that fails on some rows until it is mended."""

    def __init__(self) -> None:
        self.calls: Counter[int] = Counter()
        self.mended = False

    def predict(self, n: int) -> int:
        self.calls[n] += 1
        if n % 5 == 0 and not self.mended:
            raise ValueError("not yet")
        return 2 * n


@pytest.mark.parametrize("retry", [False, True], ids=["as they are", "again"])
def test_errors_are_done_again_only_if_asked(retry: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing()

    @scorer
    def doubled(outputs: int, inputs: dict[str, int]) -> bool:
        return outputs == 2 * inputs["n"]

    @scorer
    def also(outputs: int, inputs: dict[str, int]) -> bool:
        if inputs["n"] % 7 == 1 and not os.environ.get("MENDED"):
            raise ValueError("not yet either")
        return True

    def predict(n: int) -> int:
        return failing.predict(n)

    data = [{"inputs": {"n": n}} for n in range(50)]
    first = evaluate(data, [doubled, also], predict, progress=False)
    assert first.estimates["doubled/mean"].missing == 10
    before = {(v.row, v.scorer): v for v in get_store().ledgers.verdicts(first.run_id)}
    failing.mended = True
    monkeypatch.setenv("MENDED", "yes")
    again = evaluate(data, [doubled, also], predict, resume=first.run_id, retry_errors=retry, progress=False)
    assert again.run_id == first.run_id
    assert again.estimates["doubled/mean"].missing == (0 if retry else 10)
    assert again.estimates["also/mean"].missing == (0 if retry else 10 + 6)
    assert {n for n, count in failing.calls.items() if count > 1} == (set(range(0, 50, 5)) if retry else set())
    after = {(v.row, v.scorer): v for v in get_store().ledgers.verdicts(first.run_id)}
    assert all(after[place] == verdict for place, verdict in before.items() if verdict.outcome == "scored")
    assert steelyard_status(first.run_id) == "FINISHED"


def test_a_plan_that_does_not_fit_leaves_the_run_as_it_was() -> None:
    @scorer
    def doubled(outputs: int, inputs: dict[str, int]) -> bool:
        return True

    data = [{"inputs": {"n": n}} for n in range(10)]
    first = evaluate(data, [doubled], lambda n: 2 * n, progress=False)
    before = get_store().ledgers.state(first.run_id)
    with pytest.raises(InvalidArgument, match="had 10 rows and have 9"):
        evaluate(data[:9], [doubled], lambda n: 2 * n, resume=first.run_id, progress=False)
    assert steelyard_status(first.run_id) == "FINISHED"
    assert get_store().ledgers.state(first.run_id) == before


def steelyard_status(run_id: str) -> str:
    return get_store().runs.get(run_id).info.status


def test_what_was_over_budget_is_done_once_there_is_more() -> None:
    import steelyard

    calls: Counter[int] = Counter()

    @scorer
    def doubled(outputs: int, inputs: dict[str, int]) -> bool:
        return outputs == 2 * inputs["n"]

    @steelyard.trace
    def predict(n: int) -> int:
        calls[n] += 1
        span = steelyard.get_current_active_span()
        assert span is not None
        span.set_attribute("gen_ai.usage.input_tokens", 10)
        return 2 * n

    data = [{"inputs": {"n": n}} for n in range(30)]
    first = evaluate(data, [doubled], predict, max_tokens=105, concurrency=1, progress=False)
    state = get_store().ledgers.state(first.run_id)
    assert state is not None
    assert (state.predictions["over_budget"], state.usage.total_tokens) == (20, 100)
    again = evaluate(data, [doubled], predict, max_tokens=10_000, resume=first.run_id, progress=False)
    assert (again.run_id, again.estimates["doubled/mean"].n) == (first.run_id, 30)
    assert set(calls.values()) == {1}


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["predict", "session scorer"])
def test_postgresql_takes_up_what_died(zygote: Zygote, tmp_path: Path, postgres_uri: str, how: str) -> None:
    killed(zygote, tmp_path, how, address=postgres_uri)
    kept, before = committed(postgres_uri), Counter(calls_of(tmp_path))
    check_whole(zygote.start(tmp_path, how, rows=ROWS, address=postgres_uri), postgres_uri)
    assert not kept & set(Counter(calls_of(tmp_path)) - before)
