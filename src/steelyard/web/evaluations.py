"""Reading what an evaluation left behind in a run."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from steelyard.errors import NotFound, UnreadableFile
from steelyard.metrics.catalogue import CATALOGUE
from steelyard.records import ROWS_PATH, SUMMARY_PATH, EvaluationSummary, MetricInfo, Store
from steelyard.web.rowtable import RowTable, open_rows

_LOWER_IS_BETTER = ("loss", "error", "latency", "toxicity", "perplexity")


def load_summary(store: Store, run_id: str) -> EvaluationSummary | None:
    """Return a run's evaluation, or None if it holds none.

    Raises:
        UnreadableFile: if the file is there and cannot be read.
    """
    try:
        content = store.artifacts.read(run_id, SUMMARY_PATH)
    except NotFound:
        return None
    try:
        return _decode(content)
    except msgspec.DecodeError as error:
        raise UnreadableFile(f"{SUMMARY_PATH} of run {run_id} is not an evaluation: {error}") from error


def load_rows(store: Store, run_id: str, path: str | None = None) -> RowTable | None:
    """Return a run's row table, or None if it has none."""
    name = path or ROWS_PATH
    try:
        found = store.artifacts.stat(run_id, name)
        return open_rows(store.artifacts.local_path(run_id, name), found.sha256)
    except NotFound:
        return None


def describe(name: str, summary: EvaluationSummary | None = None) -> MetricInfo:
    """Return what is known of a metric; of one that nobody described, its name and no range.

    Examples:
        >>> describe("accuracy_score").title, describe("my_metric").upper
        ('Accuracy', None)
    """
    told = summary.info(name) if summary else None
    if told is not None:
        return told
    if name in CATALOGUE:
        return CATALOGUE[name]
    if is_of_repeats(name):
        return MetricInfo(name=name, title=name)
    better = False if any(word in name.lower() for word in _LOWER_IS_BETTER) else None
    return MetricInfo(name=name, title=name, greater_is_better=better, unit="score", lower=None, upper=None)


def is_of_repeats(metric: str) -> bool:
    """Whether a metric is about the repeats of rows: pass@k and pass^k, which are shares of rows."""
    return "pass@" in metric or "pass^" in metric


@lru_cache(maxsize=32)
def _decode(content: bytes) -> EvaluationSummary:
    return msgspec.json.decode(content, type=EvaluationSummary)
