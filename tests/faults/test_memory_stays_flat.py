"""Rows of a file are read, predicted, scored and committed without being gathered: more rows take no more memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROWS, WARM = 44_000, 28_000  # the database's page cache is full after some 25,000 rows


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sync", "async"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, how: str) -> None:
    """At most 0.4 kB a row after warming up, while rows are worked on: the text of one that were kept is 600 bytes."""
    script = Path(__file__).with_name("remembering.py")
    store = tmp_path / "store"
    store.mkdir()
    arguments = [str(store), str(tmp_path / "rows.jsonl"), str(ROWS), how]
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *seen, (_, at_the_end) = json.loads(done.stdout)
    (first, low), (last, high) = next(each for each in seen if each[0] >= WARM), seen[-1]
    assert (high - low) * 1024 / (last - first) < 0.4, seen
    assert at_the_end - high < 250, seen  # replicates and quantiles, which the aggregation documents
