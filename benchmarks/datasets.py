"""How fast datasets are merged, compared, checked and searched for near duplicates, at 100,000 records.

    python benchmarks/datasets.py
    python benchmarks/datasets.py --store postgresql://user@host/database

Every figure is the median of several trials; what was inserted, updated and found is checked, for a merge that kept
nothing has no speed. The dataset is deleted afterwards.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steelyard.records import DatasetSchema, RecordDraft, Store
from steelyard.store import open_store
from steelyard.tracking.evaluation_dataset import EvaluationDataset

_SCHEMA = DatasetSchema(inputs={"required": ["question"], "properties": {"question": {"type": "string"}}})


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    seconds: float
    goal: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="", help="a store's URL; a SQLite file in a temporary folder unless told")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=3)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(told.store or f"sqlite:///{folder}/store.db")
        for figure in measured(store, told.records, told.trials, Path(folder)):
            print(f"{figure.what:52}{figure.seconds:>8.2f} s  {figure.goal}")
        store.close()


def measured(store: Store, n: int, trials: int, folder: Path) -> list[Figure]:
    """Return the figures of a store."""
    made = store.datasets.create(f"benchmark {uuid.uuid4().hex}")
    d = made.dataset_id
    try:
        first = _timed(lambda: store.datasets.merge(d, _drafts(n, 0)), lambda change: change.inserted == n)
        merges = [_merge(store, d, n, version) for version in range(1, trials + 1)]
        diffs = [
            _timed(lambda: store.datasets.diff(d, trials, trials + 1), lambda told: told.changed == n // 100)
            for _ in range(trials)
        ]
        dataset = EvaluationDataset(store.datasets.get(d), store)
        near = _timed(dataset.near_duplicates, lambda found: len(found) == 0)
        file = folder / "out.jsonl"
        written = _timed(lambda: dataset.export(file), lambda count: count == n)
        read = _timed(
            lambda: dataset.import_records(file),
            lambda it: it.last_change is not None and it.last_change.unchanged == n,
        )
        store.datasets.set_schema(d, _SCHEMA)
        checked = _merge(store, d, n, trials + 1)
    finally:
        store.datasets.delete(d)
    return [
        Figure(f"merge {n:,} new records", first),
        Figure(f"merge {n:,} records of which 1% differ", statistics.median(merges), "goal: under 10"),
        Figure("the same, held against a JSON schema", checked, "goal: under 10"),
        Figure(f"diff of two versions of {n:,} records", statistics.median(diffs), "goal: under 2"),
        Figure(f"near duplicates among {n:,} records", near, "goal: under 60"),
        Figure(f"export {n:,} records as JSONL", written),
        Figure("import the file again, nothing changed", read),
    ]


def _merge(store: Store, dataset_id: str, n: int, version: int) -> float:
    drafts = _drafts(n, version)
    return _timed(
        lambda: store.datasets.merge(dataset_id, drafts),
        lambda change: (change.inserted, change.updated) == (0, n // 100),
    )


def _drafts(n: int, version: int) -> list[RecordDraft]:
    return [
        RecordDraft(
            inputs={"question": f"What is the square of {i}, and why, in one sentence?", "n": i},
            expectations={"expected_response": f"{i * i}" if i % 100 else f"{i * i}, version {version}"},
            tags={"lang": "en"},
        )
        for i in range(n)
    ]


def _timed(work: Callable[[], Any], right: Callable[[Any], bool]) -> float:
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    if not right(result):
        raise SystemExit(f"It did not do what it should: {str(result)[:300]}")
    return seconds


if __name__ == "__main__":
    main()
