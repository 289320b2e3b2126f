"""Synthetic evaluations, written as the evaluation room writes them, in a store of plain dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.errors import NotFound
from steelyard.metrics.intervals import from_replicates, mean_interval, wilson
from steelyard.metrics.replicates import dump_replicates
from steelyard.records import (
    DatasetRef,
    Estimate,
    EvaluationSummary,
    MetricInfo,
    Replicates,
    Run,
    RunInfo,
    ScoredMetric,
    SliceInfo,
)

ACCURACY = MetricInfo(name="accuracy_score", title="Accuracy", headline=True)
F1 = MetricInfo(name="f1_score", title="F1")
LOSS = MetricInfo(name="log_loss", title="Log loss", greater_is_better=False, unit="loss", upper=None)
COUNT = MetricInfo(name="example_count", title="Rows", greater_is_better=None, unit="count", upper=None)
B = 200


@dataclass
class FakeStore:
    """The ports that a comparison asks: runs.get, artifacts.read, artifacts.local_path."""

    folder: Path
    names: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> SimpleNamespace:
        return SimpleNamespace(get=self._get)

    @property
    def artifacts(self) -> SimpleNamespace:
        return SimpleNamespace(read=lambda run, path: self._path(run, path).read_bytes(), local_path=self._path)

    def _get(self, run_id: str) -> Run:
        if run_id not in self.names:
            message = f"There is no run {run_id!r}."
            raise NotFound(message)
        return Run(RunInfo(run_id=run_id, run_name=self.names[run_id], experiment_id="0"))

    def _path(self, run_id: str, path: str) -> Path:
        found = self.folder / run_id / path
        if not found.exists():
            raise NotFound(path)
        return found


def weights(ids: np.ndarray, seed: int) -> np.ndarray:
    """Poisson weights that depend on the row's number and the seed alone: shape (B, rows)."""
    top = int(ids.max()) + 1 if len(ids) else 1
    return np.random.default_rng(seed).poisson(1.0, (top, B)).T[:, ids]


def f1(w: np.ndarray, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * (w @ (y & predicted)) / (w @ (y.astype(float) + predicted))


def save(
    store: FakeStore,
    run_id: str,
    y: np.ndarray,
    probability: np.ndarray,
    *,
    category: np.ndarray | None = None,
    ids: np.ndarray | None = None,
    failed: np.ndarray | None = None,
    no_target: np.ndarray | None = None,
    seed: int = 0,
    rows: bool = True,
    replicates: bool = True,
    digest: str = "d1",
    name: str | None = None,
) -> str:
    """Write a binary evaluation with accuracy, F1 and log loss, on all rows and by category."""
    n = len(y)
    ids = np.arange(n) if ids is None else ids
    failed = np.zeros(n, bool) if failed is None else failed
    no_target = np.zeros(n, bool) if no_target is None else no_target
    category = np.zeros(n, int) if category is None else category
    y = y.astype(bool)
    predicted = probability >= 0.5
    right = y == predicted
    loss = -np.log(np.where(y, probability, 1 - probability))
    w = weights(ids, seed) if replicates else np.zeros((0, n))
    keys = [(), *((("category", f"c{c}"),) for c in np.unique(category))]
    estimates, values, parts = [], {}, []
    for key in keys:
        inside = np.ones(n, bool) if not key else category == int(key[0][1][1:])
        used = inside & ~failed & ~no_target
        k, missing = int(used.sum()), int((inside & ~used).sum())
        parts.append(SliceInfo(key, k, missing))
        part, label = w[:, used], ", ".join(f"{d}={v}" for d, v in key)
        with np.errstate(invalid="ignore", divide="ignore"):
            values["accuracy_score", label] = part @ right[used] / part.sum(axis=1)
            values["f1_score", label] = f1(part, y[used], predicted[used])
            values["log_loss", label] = part @ loss[used] / part.sum(axis=1)
        share = float(right[used].mean()) if k else None
        ends = wilson(right[used].sum(), k)
        worst = None if share is None or not missing else share * k / (k + missing)
        best = None if worst is None else worst + missing / (k + missing)
        accuracy = Estimate(
            share, k, missing, float(ends.se) if k else None, float(ends.low) if k else None,
            float(ends.high) if k else None, method="wilson", worst=worst, best=best,
        )  # fmt: skip
        score = float(f1(np.ones((1, int(used.sum()))), y[used], predicted[used])[0]) if k else None
        score = None if score is None or np.isnan(score) else score
        spread = from_replicates(score or 0.5, values["f1_score", label], n=k) if replicates else None
        f1_estimate = Estimate(score, k, missing, None if spread is None else spread.se, method="bootstrap")
        mean = mean_interval(loss[used]) if k > 1 else None
        loss_estimate = Estimate(
            float(loss[used].mean()) if k else None, k, missing, None if mean is None else mean.se,
            None if mean is None else mean.low, None if mean is None else mean.high, method="t",
        )  # fmt: skip
        estimates += [
            ScoredMetric(metric=m, estimate=e, slice=key)
            for m, e in (("accuracy_score", accuracy), ("f1_score", f1_estimate), ("log_loss", loss_estimate))
        ]
        estimates.append(ScoredMetric(metric="example_count", estimate=Estimate(float(k), k, missing), slice=key))
    summary = EvaluationSummary(
        task="binary", model_type="classifier", dataset=DatasetRef(name="data", digest=digest, n_rows=n),
        n_rows=n, seed=seed, metrics=(LOSS, F1, ACCURACY, COUNT), estimates=tuple(estimates), slices=tuple(parts),
    )  # fmt: skip
    folder = store.folder / run_id
    folder.mkdir()
    store.names[run_id] = name or run_id
    (folder / "evaluation.json").write_bytes(msgspec.json.encode(summary))
    if replicates:
        (folder / "replicates.npz").write_bytes(dump_replicates(Replicates(seed, values)))
    if rows:
        outcome = np.where(no_target, "missing_target", np.where(failed, "predict_failed", "scored"))
        gone = failed | no_target
        table = pa.table({
            "row_id": pa.array([f"r{i}" for i in ids]),
            "row_index": pa.array(np.arange(n)),
            "text": pa.array([f"text {i}" for i in ids]),
            "target": pa.array(y, mask=no_target),
            "prediction": pa.array(predicted, mask=failed),
            "probability": pa.array(probability, mask=failed),
            "outcome": pa.array(outcome),
            "correct": pa.array(right, mask=gone),
            "loss": pa.array(loss, mask=gone),
            "slice:category": pa.array([f"c{c}" for c in category]),
        })  # fmt: skip
        pq.write_table(table, folder / "rows.parquet", row_group_size=97)
    return run_id


def draw(rng: np.random.Generator, n: int, *, skill: float = 1.5, shared: float = 0.7, models: int = 2):
    """Return targets and the probabilities of correlated models of one skill."""
    y = rng.random(n) < 0.4
    common = rng.normal(size=n)
    scores = [
        skill * (2 * y - 1) + 2 * (np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=n))
        for _ in range(models)
    ]
    return y, [1 / (1 + np.exp(-np.clip(s, -8, 8))) for s in scores]
