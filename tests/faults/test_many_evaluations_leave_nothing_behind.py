"""Evaluations beside and inside one another, and many after one another: apart, and nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from steelyard.genai import evaluate, scorer
from steelyard.tracking import get_store


@scorer
def doubled(outputs: int, inputs: dict[str, int]) -> bool:
    return outputs == 2 * inputs["n"]


@scorer(name="later")
async def later(outputs: int) -> bool:
    await asyncio.sleep(0)
    return True


def double(n: int) -> int:
    return 2 * n


async def double_later(n: int) -> int:
    await asyncio.sleep(0)
    return 2 * n


def weighed(count: int, predict: Any = double, start: int = 0, scorers: Any = (doubled, later)) -> Any:
    data = [{"inputs": {"n": n}} for n in range(start, start + count)]
    return evaluate(data, list(scorers), predict, progress=False, replicates=20)


@pytest.mark.parametrize("predict", [double, double_later], ids=["sync", "async"])
def test_evaluations_in_threads_are_apart(predict: Any) -> None:
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda k: weighed(60 + k, predict, start=1000 * k), range(4)))
    assert len({result.run_id for result in results}) == 4
    for k, result in enumerate(results):
        assert (result.metrics["doubled/mean"], result.estimates["doubled/mean"].n) == (1.0, 60 + k)
        rows = [row["n"] for row in result.result_df["request"]]
        assert rows == list(range(1000 * k, 1000 * k + 60 + k))
        assert get_store().runs.get(result.run_id).info.status == "FINISHED"


def test_the_same_call_in_two_threads_is_two_runs() -> None:
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda _: weighed(80), range(2))
    assert one.run_id != other.run_id
    assert one.metrics["doubled/mean"] == other.metrics["doubled/mean"] == 1.0


@pytest.mark.parametrize("predict", [double, double_later], ids=["sync", "async"])
def test_it_runs_where_a_loop_runs_already(predict: Any) -> None:
    async def caller() -> Any:
        return weighed(30, predict)

    assert asyncio.run(caller()).estimates["doubled/mean"].n == 30


@pytest.mark.parametrize("predict", [double, double_later], ids=["sync", "async"])
def test_a_function_may_evaluate(predict: Any) -> None:
    def outer(n: int) -> int:
        return int(2 * n * weighed(3, predict, start=10 * n).metrics["doubled/mean"])

    result = weighed(4, outer)
    assert result.metrics["doubled/mean"] == 1.0
    assert len(get_store().search.search(["0"]).items) == 5


def test_a_scorer_may_evaluate() -> None:
    @scorer
    def inner(outputs: int) -> float:
        return weighed(3, start=outputs).metrics["doubled/mean"]

    assert weighed(3, scorers=[inner]).metrics["inner/mean"] == 1.0


def test_an_awaited_scorer_may_evaluate() -> None:
    @scorer
    async def inner(outputs: int) -> float:
        return weighed(3, start=outputs).metrics["doubled/mean"]

    assert weighed(3, scorers=[inner]).metrics["inner/mean"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("predict", [double, double_later], ids=["sync", "async"])
def test_many_small_ones_leak_neither_threads_nor_files(predict: Any) -> None:
    def failing(n: int) -> int:
        raise ValueError("no")

    def around() -> tuple[int, int]:
        weighed(3, predict)
        weighed(3, failing)
        gc.collect()
        return threading.active_count(), psutil.Process().num_fds()

    first = max(around() for _ in range(3))
    threads, files = min(around() for _ in range(8))  # a thread of another test may yet be ending
    assert (threads <= first[0], files <= first[1]) == (True, True), (first, threads, files)
