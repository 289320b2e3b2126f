"""How fast a run is written and runs are found; beside MLflow when a Python that has it is named.

    python benchmarks/tracking.py
    python -m venv peer && peer/bin/pip install mlflow
    python benchmarks/tracking.py --peer-python peer/bin/python

Every figure is the median of several trials on a store in a temporary folder. The rows that a trial has written are
counted afterwards: a rate of writes that were not kept is no rate.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.records import Store


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str
    goal: str = ""


def main() -> None:
    arguments = _arguments()
    if arguments.peer:
        print(json.dumps([asdict(figure) for figure in _peer(arguments)]))
        return
    figures = _ours(arguments)
    peers = _ask_peer(arguments)
    print(f"{'':52}{'steelyard':>14}{'MLflow':>14}  goal")
    for figure in figures:
        peer = peers.get(figure.what)
        told = f"{peer.value:,.1f}" if peer else "not measured"
        print(f"{figure.what:52}{figure.value:>14,.1f}{told:>14}  {figure.unit}{figure.goal and f', {figure.goal}'}")
    if not peers:
        print("\nFor MLflow's column, see --help.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="runs to search among")
    parser.add_argument("--writes", type=int, default=3_000, help="metrics a trial writes")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to make the store instead of the temporary folder")
    parser.add_argument("--peer-python", type=Path, default=None, help="a Python with MLflow, to measure beside")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _median(trials: int, work: Callable[[int], float]) -> float:
    return statistics.median(work(trial) for trial in range(trials))


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _ours(arguments: argparse.Namespace) -> list[Figure]:
    from steelyard.store import open_store

    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        store = open_store(folder)
        n = arguments.trials
        soft = _median(n, lambda _: _write_rate(store, arguments.writes, durable=False))
        hard = _median(n, lambda _: _write_rate(store, arguments.writes, durable=True))
        experiment = store.experiments.create("search").experiment_id
        _fill(store, experiment, arguments.runs)

        def repeat(work: Callable[[], object]) -> float:
            return _median(n * 3, lambda _: _milliseconds(work))

        def search(size: int, text: str = "", by: Sequence[str] = ("metrics.m3 DESC",)) -> float:
            return repeat(lambda: store.search.search([experiment], text, order_by=by, max_results=size))

        among = f"of {arguments.runs:,} runs"
        return [
            Figure("log_batch, one metric, durable=False", soft, "a second", "at least 7,100"),
            Figure("log_batch, one metric, durable=True", hard, "a second"),
            Figure(f"search by a metric, 1000 {among}", search(1000), "ms", "under 50"),
            Figure(f"search by a metric, 100 {among}", search(100), "ms", "under 20"),
            Figure(f"search by a metric, 50 {among}", search(50), "ms", "under 20"),
            Figure(f"search by start time, 50 {among}", search(50, by=()), "ms"),
            Figure(f"search with a filter, 100 {among}", search(100, "metrics.m1 > 0.5 AND params.p1 = '3'"), "ms"),
            Figure(f"count {among}", repeat(lambda: store.search.count([experiment])), "ms"),
            Figure(f"keys {among}", repeat(lambda: store.search.keys([experiment])), "ms"),
        ]


def _write_rate(store: Store, writes: int, *, durable: bool) -> float:
    from steelyard.records import Metric

    run_id = store.runs.create("0").info.run_id
    start = time.perf_counter()
    for step in range(writes):
        store.runs.log_batch(run_id, metrics=[Metric("loss", 1 / (step + 1), step, step)], durable=durable)
    seconds = time.perf_counter() - start
    kept = len(store.runs.metric_history(run_id, "loss"))
    if kept != writes:
        sys.exit(f"{writes} metrics were acknowledged and {kept} kept")
    return writes / seconds


def _fill(store: Store, experiment: str, runs: int) -> None:
    from steelyard.records import Metric

    rng = random.Random(0)
    for number in range(runs):
        tags = {f"t{i}": str(number % 11) for i in range(5)}
        run = store.runs.create(experiment, run_name=f"run-{number}", start_time=number, tags=tags)
        metrics = [Metric(f"m{i}", rng.random(), number, 0) for i in range(10)]
        params = {f"p{i}": str(number % 7) for i in range(5)}
        store.runs.log_batch(run.info.run_id, metrics=metrics, params=params, durable=False)


def _ask_peer(arguments: argparse.Namespace) -> dict[str, Figure]:
    if arguments.peer_python is None:
        return {}
    command = [str(arguments.peer_python), __file__, "--peer", "--runs", str(arguments.runs), "--trials", "1"]
    answer = subprocess.run([*command, "--writes", "500"], check=True, capture_output=True, text=True)
    return {figure["what"]: Figure(**figure) for figure in json.loads(answer.stdout.splitlines()[-1])}


def _peer(arguments: argparse.Namespace) -> list[Figure]:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    rng = random.Random(0)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiment = client.create_experiment("search")
        run_id = client.create_run(client.create_experiment("write")).info.run_id
        start = time.perf_counter()
        for step in range(arguments.writes):
            client.log_metric(run_id, "loss", 1 / (step + 1), step, step)
        rate = arguments.writes / (time.perf_counter() - start)
        for number in range(arguments.runs):
            run = client.create_run(experiment, start_time=number, run_name=f"run-{number}")
            client.log_batch(
                run.info.run_id,
                metrics=[Metric(f"m{i}", rng.random(), number, 0) for i in range(10)],
                params=[Param(f"p{i}", str(number % 7)) for i in range(5)],
                tags=[RunTag(f"t{i}", str(number % 11)) for i in range(5)],
            )

        def search(size: int) -> float:
            return _milliseconds(
                lambda: client.search_runs([experiment], order_by=["metrics.m3 DESC"], max_results=size)
            )

        among = f"of {arguments.runs:,} runs"
        return [
            Figure("log_batch, one metric, durable=True", rate, "a second"),
            *(Figure(f"search by a metric, {size} {among}", search(size), "ms") for size in (1000, 100, 50)),
        ]


if __name__ == "__main__":
    main()
