"""How fast predictions of a classic model are logged, joined with labels that come later, counted and read.

    python benchmarks/predictions.py
    python benchmarks/predictions.py --store postgresql://user@host/database

A million predictions over 30 days, with ids, scores, two features and a slice of five countries; labels for all of
them, a tenth of which come corrected afterwards. What was kept, joined and counted is checked. On PostgreSQL the rows
stay in the database: give it one of its own.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.monitor import log_labels, log_predictions, settle_once
from steelyard.records import Store
from steelyard.store import open_store

DAY = 86_400_000
DAYS = 30
BEGIN = 20_000 * DAY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="", help="a store's URL; a SQLite file in a temporary folder unless told")
    parser.add_argument("--rows", type=int, default=1_000_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with open_store(told.store or f"sqlite:///{folder}/store.db") as store:
            for what, value in measured(store, told.rows).items():
                print(f"{what:60}{value}", flush=True)
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        if not told.store:
            print(f"{'on disk, everything':60}{size / told.rows:,.0f} bytes a row")


def measured(store: Store, n: int) -> dict[str, str]:
    """Return the figures of a store."""
    rng = np.random.default_rng(1)
    score = rng.random(n)
    true = (rng.random(n) < score).astype(np.int64)
    frame = pa.table({
        "id": [f"{i:x}-{uuid.UUID(int=i * 2654435761)}" for i in range(n)],
        "prediction": (score > 0.5).astype(np.int64), "score": score,
        "time": BEGIN + np.sort(rng.integers(0, DAYS * DAY, n)),
        "country": np.array(["DE", "FR", "IT", "ES", "PL"])[rng.integers(0, 5, n)],
        "age": rng.integers(18, 90, n), "amount": np.round(rng.gamma(2, 40, n), 2),
    })  # fmt: skip
    columns: dict[str, Any] = {"ids": "id", "scores": "score", "timestamps": "time", "slices": ["country"],
                               "features": ["age", "amount"]}  # fmt: skip
    figures: dict[str, str] = {}
    name = f"benchmark {uuid.uuid4().hex}"
    logged, seconds = timed(
        lambda: log_predictions(name, frame, model_type="classifier", store=store, **columns), lambda it: it.new == n
    )
    model = logged.model
    figures[f"log {n:,} predictions"] = f"{n / seconds:,.0f} rows/s"
    _, seconds = timed(lambda: log_labels(name, frame["id"], true, store=store), lambda it: it.joined == n)
    figures[f"label {n:,} of them"] = f"{n / seconds:,.0f} rows/s"
    now = BEGIN + 40 * DAY
    _, seconds = timed(lambda: settle_once(store, worker="benchmark", now_ms=now, most=1000), lambda done: done == DAYS)
    figures[f"count a day of {n // DAYS:,} rows, 6 slices"] = f"{seconds / DAYS:.2f} s"
    part = n // 10
    _, seconds = timed(
        lambda: log_predictions(name, frame.slice(0, part), store=store, **columns), lambda it: it.unchanged == part
    )
    figures["log again what is there"] = f"{part / seconds:,.0f} rows/s"
    again = log_labels(name, frame["id"][:part], 1 - true[:part], store=store)
    figures["correct labels"] = f"{again.corrected:,} of {part:,}"
    settle_once(store, worker="benchmark", now_ms=now + 1, most=1000, at_once=True)
    asked: dict[str, Any] = {"start_ms": BEGIN, "end_ms": BEGIN + DAYS * DAY}
    p = store.predictions
    for what, read, right in (
        ("30 days of every number", lambda: p.numbers(model, **asked), lambda it: len(it) == DAYS),
        ("30 days of one number, by country", lambda: p.numbers(model, metric="f1_score", by="country", **asked),
         lambda it: len(it) == 5 * DAYS),
        ("30 days merged into one", lambda: p.numbers(model, step_ms=30 * DAY, origin_ms=BEGIN, **asked),
         lambda it: len(it) == 1 and it[0].labelled == n),
        ("30 days merged by week", lambda: p.numbers(model, step_ms=7 * DAY, origin_ms=BEGIN, **asked),
         lambda it: len(it) == 5),
        ("30 days as they were known before", lambda: p.numbers(model, as_of_ms=now, **asked),
         lambda it: len(it) == DAYS),
        ("a page of wrong rows", lambda: p.rows(model, only="wrong", **asked), lambda it: len(it.items) == 100),
        ("a sample of 5,000", lambda: p.sample(model, most=5000, **asked), lambda it: len(it) == 5000),
        ("the list of models", p.models, lambda it: len(it) >= 1),
    ):  # fmt: skip
        taken = [timed(read, right)[1] for _ in range(5)]
        figures[what] = f"{1000 * statistics.median(taken):,.0f} ms"
    return figures


def timed(work: Callable[[], Any], right: Callable[[Any], bool]) -> tuple[Any, float]:
    """Return what a piece of work gave, and its seconds."""
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    if not right(result):
        raise SystemExit(f"It did not do what it should: {str(result)[:300]}")
    return result, seconds


if __name__ == "__main__":
    main()
