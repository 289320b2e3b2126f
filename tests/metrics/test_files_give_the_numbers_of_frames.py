"""The same rows from a frame and from files read in batches give the same ids, metrics, intervals and replicates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steelyard.evaluation import evaluate, scoring, staging
from steelyard.metrics import by_bins
from steelyard.metrics.replicates import load_replicates
from steelyard.records import REPLICATES_PATH


def rows(n: int = 3_000) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=n)
    return pd.DataFrame(
        {
            "y": (rng.uniform(size=n) < p).astype(int), "p": p, "yhat": (p > 0.5).astype(int),
            "k": rng.choice(["a", "b", "c"], n), "khat": rng.choice(["a", "b", "c"], n),
            "t": 1e6 + rng.normal(size=n), "that": 1e6 + rng.normal(size=n),
            "group": rng.choice(["u", "v", None], n), "age": rng.uniform(18, 90, n).round(1),
            "w": rng.uniform(0.5, 2, n), "user": rng.integers(0, 200, n),
        }
    )  # fmt: skip


TASKS: dict[str, dict[str, Any]] = {
    "binary": {"model_type": "classifier", "targets": "y", "predictions": "yhat", "probabilities": "p"},
    "multiclass": {"model_type": "classifier", "targets": "k", "predictions": "khat"},
    "regression": {"model_type": "regressor", "targets": "t", "predictions": "that"},
}


def replicates(result: Any) -> Any:
    return load_replicates(result.store.artifacts.read(result.run_id, REPLICATES_PATH)).values


def in_files(data: pd.DataFrame, folder: Path, files: int = 3) -> str:
    folder.mkdir()
    for i, part in enumerate(np.array_split(np.arange(len(data)), files)):
        data.iloc[part].to_parquet(folder / f"{i}.parquet", index=False, row_group_size=170)
    return str(folder / "*.parquet")


@pytest.mark.parametrize("extra", [{}, {"weights": "w"}, {"clusters": "user"}], ids=["plain", "weights", "clusters"])
@pytest.mark.parametrize("task", TASKS)
def test_files_and_frames_agree(task: str, extra: dict[str, Any], store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STREAM_BATCH", 701)
    data = rows()
    named = {**TASKS[task], **extra, "slices": ["group", by_bins("age", 3)], "replicates": 40}
    frame = evaluate(data=data, **named)
    streamed = evaluate(data=in_files(data, store / "rows"), **named)
    assert frame.summary.dataset.digest == streamed.summary.dataset.digest
    assert frame.summary.dataset.rows_digest == streamed.summary.dataset.rows_digest
    assert frame.summary.slices == streamed.summary.slices
    ours, theirs = frame.tables["eval_results_table"], streamed.tables["eval_results_table"]
    assert ours.row_id.tolist() == theirs.row_id.tolist()
    assert set(ours.columns) == set(theirs.columns)
    assert len(frame.summary.estimates) == len(streamed.summary.estimates)
    for left, right in zip(frame.summary.estimates, streamed.summary.estimates, strict=True):
        assert (left.metric, left.slice, left.estimate.n) == (right.metric, right.slice, right.estimate.n)
        assert left.estimate.method == right.estimate.method
        for end in ("value", "se", "low", "high"):
            a, b = getattr(left.estimate, end), getattr(right.estimate, end)
            assert (a is None) == (b is None), (left.metric, end)
            assert a is None or a == pytest.approx(b, rel=1e-9, abs=1e-12), (left.metric, left.slice, end)
    one, two = replicates(frame), replicates(streamed)
    assert one.keys() == two.keys()
    for key, drawn in one.items():
        np.testing.assert_allclose(drawn, two[key], rtol=1e-9, atol=1e-12, err_msg=str(key))


def test_beyond_the_limit_the_area_is_binned_and_within_its_bound(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows()
    named = {**TASKS["binary"], "slices": ["group"], "replicates": 100}
    exact = evaluate(data=data, **named)
    monkeypatch.setattr(scoring, "STREAM_LIMIT", 1_000)
    monkeypatch.setattr(scoring, "FINE_BINS", 64)
    binned = evaluate(data=in_files(data, store / "rows"), **named)
    for name in ("", "group=u", "group=v", "group=(missing)"):
        ours, theirs = (r.estimate("roc_auc", name) for r in (binned, exact))
        assert "binned in" in ours.method
        told = float(ours.method.split("at most ")[1].split(" off")[0])
        assert abs(ours.value - theirs.value) <= told + 1e-12
        assert 0 < told < 0.02
        assert ours.se == pytest.approx(theirs.se, rel=0.35)
    for metric, value in exact.metrics.items():
        if metric in binned.metrics and metric not in ("roc_auc", "precision_recall_auc"):
            assert binned.metrics[metric] == pytest.approx(value, rel=1e-9), metric
    assert binned.metrics["precision_recall_auc"] == pytest.approx(exact.metrics["precision_recall_auc"], abs=0.02)
    for metric in ("roc_auc", "precision_recall_auc"):
        one, two = (replicates(r)[metric, ""] for r in (exact, binned))
        assert np.corrcoef(one, two)[0, 1] > 0.95


def test_beyond_the_limit_quantiles_come_from_a_sample_and_say_so(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows()
    monkeypatch.setattr(scoring, "STREAM_LIMIT", 1_000)
    result = evaluate(data=in_files(data, store / "rows"), **TASKS["regression"], replicates=40)
    median = result.estimates["median_absolute_error"]
    assert "from a hashed sample of 1,000 rows" in median.method
    assert median.low <= np.median(np.abs(data["that"] - data["t"])) <= median.high
    exact = np.abs(data["that"] - data["t"])
    assert result.metrics["mean_absolute_error"] == pytest.approx(exact.mean(), rel=1e-9)
    assert result.metrics["max_error"] == exact.max()


def test_however_many_rows_a_batch_holds_the_numbers_are_the_same(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows(900)
    results = []
    for size in (64, 333, 900):
        monkeypatch.setattr(staging, "MEMORY_BATCH", size)
        results.append(evaluate(data=data, **TASKS["binary"], slices=["group"], replicates=20))
    first = results[0]
    for other in results[1:]:
        assert other.summary.dataset == first.summary.dataset
        for left, right in zip(first.summary.estimates, other.summary.estimates, strict=True):
            assert left.metric == right.metric
            assert left.estimate.value == pytest.approx(right.estimate.value, rel=1e-11, nan_ok=True)
