"""``evaluate()`` of a column of predictions, beside MLflow's; and of a large Parquet file, for its memory.

    python benchmarks/evaluate.py
    python -m venv peer && peer/bin/pip install mlflow scikit-learn
    python benchmarks/evaluate.py --peer-python peer/bin/python
    python benchmarks/evaluate.py --only parquet --parquet-rows 1e8

The same table for both: a row number, a 0/1 target, a 0/1 prediction, a number and a category. Ours writes what it
always writes: 200 replicates, the digest, a Parquet file of all rows, charts, estimates. MLflow's runs with its
explanation plots off. Both track to a new SQLite file. Every trial is a process of its own, which evaluates twice: the
first call pays for what is loaded on the way, the second does not. Importing the package and making the table are not
counted. Goals: ten times faster than MLflow at 10^6 rows; under 150 ms at 10^4, warm; a Parquet file of any length in
under 300 MB.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from measuring import COSTS, Measured, alternate, costs, median, report, run_child, table

sys.path.pop(0)  # this folder: a package that looks for another module named evaluate must not find this one

GROUP = 1 << 20  # rows of Parquet made at a time


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        _child(arguments)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        if arguments.only != "parquet":
            for rows in arguments.rows:
                _predictions(arguments, Path(folder), int(rows))
        if arguments.only != "predictions":
            _parquet(arguments, Path(folder), int(arguments.parquet_rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, nargs="+", default=[1e4, 1e6], help="rows of predictions, in memory")
    parser.add_argument("--parquet-rows", type=float, default=1e7, help="rows of the Parquet file")
    parser.add_argument("--only", choices=["predictions", "parquet"])
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work, if not in the temporary folder")
    parser.add_argument("--peer-python", type=Path, help="a Python with MLflow, to measure beside")
    parser.add_argument(
        "--child", choices=["steelyard", "probabilities", "mlflow", "parquet", "make"], help=argparse.SUPPRESS
    )
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _predictions(arguments: argparse.Namespace, folder: Path, rows: int) -> None:
    def run(name: str, python: Path | str) -> Callable[[], Measured]:
        def once() -> Measured:
            with tempfile.TemporaryDirectory(dir=folder) as work:
                script = Path(__file__).resolve()
                return run_child(
                    [python, script, "--child", name, "--size", str(rows), "--work", work], folder=Path(work)
                )

        return once

    names = {"steelyard": run("steelyard", sys.executable), "probabilities": run("probabilities", sys.executable)}
    if arguments.peer_python:
        names["mlflow"] = run("mlflow", arguments.peer_python)
    runs = alternate(names, trials=arguments.trials)
    titles = {"steelyard": "steelyard", "probabilities": "steelyard, with probabilities", "mlflow": "MLflow"}
    lines = []
    for name, done in runs.items():
        first, second = (f"{median(done, figure):.3f}" for figure in ("first", "second"))
        lines.append([*costs(titles[name], done), first, second])
    head = [*COSTS, "first call s", "second call s"]
    table(f"evaluate() of {rows:,} predictions, two calls, medians of {arguments.trials} processes", lines, head=head)
    if "mlflow" in runs:
        _ratios(runs)
    else:
        print("For MLflow's row, see --help.")


def _ratios(runs: Mapping[str, Sequence[Measured]]) -> None:
    for figure, words in (("first", "first call"), ("second", "second call"), ("cpu", "CPU of both calls")):
        ratio = median(runs["mlflow"], figure) / median(runs["steelyard"], figure)
        print(f"MLflow by steelyard, {words}: {ratio:.1f} times")


def _parquet(arguments: argparse.Namespace, folder: Path, rows: int) -> None:
    script = Path(__file__).resolve()
    command = [sys.executable, script, "--size", str(rows), "--work", folder, "--child"]
    run_child([*command, "make"])
    size = (folder / "rows.parquet").stat().st_size / 1e6
    done = [run_child([*command, "parquet"], folder=folder)]
    table(f"evaluate() of a Parquet file of {rows:,} rows, {size:,.0f} MB", [costs("steelyard", done)], head=COSTS)
    print(f"Goal: under 300 MB above the interpreter. {done[0].extra['told']}")


def _child(arguments: argparse.Namespace) -> None:
    work = {"steelyard": _ours, "probabilities": _with_probabilities, "mlflow": _mlflow, "parquet": _ours_parquet}
    if arguments.child == "make":
        report(lambda: _make_parquet(arguments.work / "rows.parquet", arguments.size))
    else:
        report(work[arguments.child](arguments.size, arguments.work))


def _columns(rows: int, *, start: int = 0) -> dict[str, Any]:
    import numpy as np

    rng = np.random.default_rng(start + 1)
    true = rng.random(rows) < 0.4
    p = 1 / (1 + np.exp(-(2 * true - 1 + rng.normal(size=rows))))
    words = np.array(["billing", "delivery", "product", "support", "other"], dtype=object)
    return {
        "id": np.arange(start, start + rows),
        "y": true.astype(np.int64),
        "yhat": (p >= 0.5).astype(np.int64),
        "amount": rng.gamma(2.0, 50.0, rows).round(2),
        "category": words[rng.integers(0, 5, rows)],
        "p": p,
    }


def _twice(evaluate: Callable[[], Any]) -> Mapping[str, Any]:
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        result = evaluate()
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "second": seconds[1], "accuracy": float(result.metrics["accuracy_score"])}


def _ours(rows: int, work: Path, *, probabilities: str | None = None) -> Callable[[], Mapping[str, Any]]:
    import pandas as pd

    import steelyard

    frame = pd.DataFrame(_columns(rows))
    if probabilities is None:
        frame = frame.drop(columns="p")
    steelyard.set_tracking_uri(f"sqlite:///{work / 'runs.db'}")
    return lambda: _twice(
        lambda: steelyard.evaluate(
            data=frame, targets="y", predictions="yhat", probabilities=probabilities, model_type="classifier"
        )
    )


def _with_probabilities(rows: int, work: Path) -> Callable[[], Mapping[str, Any]]:
    return _ours(rows, work, probabilities="p")


def _mlflow(rows: int, work: Path) -> Callable[[], Mapping[str, Any]]:
    import logging
    import warnings

    import mlflow
    import pandas as pd

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    frame = pd.DataFrame(_columns(rows)).drop(columns="p")
    os.chdir(work)
    mlflow.set_tracking_uri(f"sqlite:///{work / 'mlflow.db'}")
    mlflow.set_experiment("benchmark")  # makes the tables, which the first call of ours does within its time

    def evaluate() -> Any:
        with mlflow.start_run():
            return mlflow.models.evaluate(
                data=frame,
                targets="y",
                predictions="yhat",
                model_type="classifier",
                evaluator_config={"log_model_explainability": False},
            )

    return lambda: {**_twice(evaluate), "version": mlflow.__version__}


def _make_parquet(path: Path, rows: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    for start in range(0, rows, GROUP):
        batch = pa.table(_columns(min(GROUP, rows - start), start=start))
        writer = writer or parquet.ParquetWriter(path, batch.schema)
        writer.write_table(batch)
    if writer is not None:
        writer.close()


def _ours_parquet(rows: int, work: Path) -> Callable[[], Mapping[str, Any]]:
    def evaluate() -> Mapping[str, Any]:
        import steelyard

        steelyard.set_tracking_uri(f"sqlite:///{work / 'runs.db'}")
        result = steelyard.evaluate(
            data=str(work / "rows.parquet"),
            targets="y",
            predictions="yhat",
            probabilities="p",
            model_type="classifier",
            slices=["category"],
            id_column="id",
        )
        auc = result.estimates["roc_auc"]
        return {"told": f"{auc.n:,} rows scored; roc_auc {auc}, {auc.method}."}

    return evaluate


if __name__ == "__main__":
    main()
