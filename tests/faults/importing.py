"""A process that loads everything once and then, for each line it reads, forks a child that changes a dataset.

Each line is JSON: ``{"store": folder, "how": …, "file": path}``. The child notes in ``STORE/calls`` that it begins,
once its store is open. Answers with the child's process id, and with its status once it has ended.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import steelyard
from steelyard.genai import datasets

LOADED = (
    "pyarrow.csv", "pyarrow.parquet", "sqlalchemy.dialects.sqlite", "steelyard.data.opening",
    "steelyard.data.rows.files", "steelyard.data.json_lines", "steelyard.data.delimited",
    "steelyard.store.sql.bundle", "steelyard.store.sql.datasets", "steelyard.tracking.dataset_reading",
)  # fmt: skip
"""What a child would load first, each anew."""

NAME = "regressions"


def imports(file: str) -> Any:
    return datasets.get_dataset(NAME).import_records(file)


def imports_anew(file: str) -> Any:
    return datasets.import_dataset("another", file)


def restores(file: str) -> Any:
    return datasets.get_dataset(NAME).restore(1)


def removes(file: str) -> Any:
    dataset = datasets.get_dataset(NAME)
    return dataset.delete_records([one.dataset_record_id for one in dataset.records[::3]])


def splits(file: str) -> Any:
    dataset = datasets.get_dataset(NAME)
    dataset.split({"train": 0.8, "test": 0.2})
    return dataset


WAYS: dict[str, Any] = {
    "import": imports,
    "first import": imports_anew,
    "restore": restores,
    "remove": removes,
    "split": splits,
}


def changed(order: dict[str, Any]) -> None:
    store = Path(order["store"])
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(store / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    steelyard.set_tracking_uri(store)
    datasets.search_datasets(max_results=1)  # the store is open
    (store / "calls").write_text("1\n")
    WAYS[order["how"]](order["file"])


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            changed(json.loads(line))
            sys.exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
