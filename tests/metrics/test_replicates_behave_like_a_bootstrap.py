"""The hashed weights are Poisson(1), independent and the same for ever; the replicates spread as resampled rows do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from math import exp, factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from steelyard.metrics.intervals import delong
from steelyard.metrics.plan import Plan
from steelyard.metrics.weights import BUCKETS, buckets_of, splitmix64, weight_matrix

from .made import binary, multiclass, regression

# --- the weights -----------------------------------------------------------------------------------------------------


def test_weights_are_poisson_with_mean_and_variance_1() -> None:
    weights = weight_matrix(500)
    assert weights.mean() == pytest.approx(1, abs=4 / np.sqrt(weights.size))
    assert weights.var() == pytest.approx(1, abs=4 * np.sqrt(3 / weights.size))
    counts = np.bincount(weights.astype(int).ravel(), minlength=8)
    expected = np.array([exp(-1) / factorial(k) for k in range(7)])
    observed = np.append(counts[:7], counts[7:].sum())
    expected = np.append(expected, 1 - expected.sum()) * weights.size
    assert stats.chisquare(observed, expected).pvalue > 1e-4


def test_replicates_are_independent_of_each_other_and_so_are_buckets() -> None:
    weights = weight_matrix(200)
    between = np.corrcoef(weights)[np.triu_indices(200, 1)]
    assert abs(between.mean()) < 5e-4
    assert between.std() == pytest.approx(1 / np.sqrt(BUCKETS), rel=0.05)
    assert np.abs(between).max() < 6 / np.sqrt(BUCKETS)
    across = np.corrcoef(weights[:, :300].T)[np.triu_indices(300, 1)]
    assert abs(across.mean()) < 2e-3
    assert across.std() == pytest.approx(1 / np.sqrt(200), rel=0.05)


def test_the_rows_of_a_replicate_sum_as_a_poisson_count_does() -> None:
    totals = weight_matrix(1_000).sum(axis=1)
    assert totals.std() == pytest.approx(np.sqrt(BUCKETS), rel=0.1)


@settings(max_examples=20, deadline=None)
@given(few=st.integers(1, 60), more=st.integers(0, 60), seed=st.integers(-(2**63), 2**64))
def test_more_replicates_begin_with_the_fewer(few: int, more: int, seed: int) -> None:
    assert np.array_equal(weight_matrix(few + more, seed)[:few], weight_matrix(few, seed))


def test_another_seed_draws_other_weights() -> None:
    a, b = weight_matrix(50, 0), weight_matrix(50, 1)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.01


def test_weights_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        weight_matrix(20)[0, 0] = 1


def test_buckets_and_weights_are_what_they_always_were() -> None:
    """Stored replicates are subtracted years later: these numbers must never change."""
    assert splitmix64(np.arange(2, dtype=np.uint64)).tolist() == [16294208416658607535, 10451216379200822465]
    assert buckets_of(np.arange(5, dtype=np.uint64)).tolist() == [3618, 2320, 2421, 464, 1767]
    first = weight_matrix(200)
    assert first[:2, :6].astype(int).tolist() == [[0, 1, 2, 1, 1, 0], [2, 0, 0, 1, 1, 1]]
    assert first.sum() == 818_856


def test_another_process_draws_the_same_weights() -> None:
    code = (
        "import numpy as np, zlib\n"
        "from steelyard.metrics.weights import *\n"
        "ids = np.arange(1000, dtype=np.uint64)\n"
        "print(zlib.crc32(weight_matrix(30, 5).tobytes()), zlib.crc32(buckets_of(ids).tobytes()))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    import zlib

    ids = np.arange(1000, dtype=np.uint64)
    ours = zlib.crc32(weight_matrix(30, 5).tobytes()), zlib.crc32(buckets_of(ids).tobytes())
    assert told.split() == [str(x) for x in ours]


def test_buckets_hold_about_equally_many_rows() -> None:
    filled = np.bincount(buckets_of(np.arange(400_000, dtype=np.uint64)), minlength=BUCKETS)
    assert stats.chisquare(filled).pvalue > 1e-4


# --- the spread of replicates ----------------------------------------------------------------------------------------

N, B = 3_000, 600
"""With 600 replicates an estimate of a standard error is itself off by 3 % (one standard deviation)."""


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20)
    true = rng.uniform(size=N) < 0.35
    p = 1 / (1 + np.exp(-(rng.normal(size=N) + np.where(true, 0.8, -0.9))))
    return true, p >= 0.5, p


@pytest.fixture(scope="module")
def readings(rows: Any) -> Any:
    true, predicted, p = rows
    return binary(true, predicted, p, replicates=B)


def spread(reading: Any) -> float:
    return float(np.nanstd(reading.replicates[0], ddof=1))


def naive(statistic: Callable[[np.ndarray], float], n: int, draws: int = 300) -> float:
    rng = np.random.default_rng(21)
    return float(np.std([statistic(rng.integers(0, n, n)) for _ in range(draws)], ddof=1))


def test_the_spread_of_accuracy_is_the_binomial_one(rows: Any, readings: Any) -> None:
    accuracy = readings["accuracy_score"].values[0]
    assert spread(readings["accuracy_score"]) == pytest.approx(np.sqrt(accuracy * (1 - accuracy) / N), rel=0.12)


def test_the_spread_of_the_area_is_delongs(rows: Any, readings: Any) -> None:
    true, _, p = rows
    se = np.sqrt(delong(p[true], p[~true]).variance)
    assert readings["roc_auc"].se[0] == pytest.approx(se, rel=1e-9)
    assert spread(readings["roc_auc"]) == pytest.approx(se, rel=0.12)


def _aurc(true: np.ndarray, predicted: np.ndarray, p: np.ndarray) -> float:
    order = np.argsort(-np.maximum(p, 1 - p), kind="stable")
    wrong = (true != predicted)[order]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], float]] = {
    "f1_score": lambda y, h, p: sk.f1_score(y, h),
    "matthews_corrcoef": lambda y, h, p: sk.matthews_corrcoef(y, h),
    "precision_recall_auc": lambda y, h, p: sk.average_precision_score(y, p),
    "log_loss": lambda y, h, p: sk.log_loss(y, p),
    "aurc": _aurc,
    "ks_statistic": lambda y, h, p: stats.ks_2samp(p[y], p[~y], method="asymp").statistic,
}


@pytest.mark.parametrize("name", STATISTICS)
def test_the_spread_is_that_of_resampled_rows(name: str, rows: Any, readings: Any) -> None:
    true, predicted, p = rows
    plain = naive(lambda i: STATISTICS[name](true[i], predicted[i], p[i]), N, 200)
    # The largest of many distances moves a little when rows do, which its first-order replicates leave out.
    assert spread(readings[name]) == pytest.approx(plain, rel=0.2)


@pytest.mark.parametrize(("name", "share"), [("median_absolute_error", 0.5), ("absolute_error_p90", 0.9)])
def test_the_spread_of_a_quantile_is_that_of_resampled_rows(name: str, share: float) -> None:
    rng = np.random.default_rng(22)
    true = rng.normal(size=N)
    predicted = true + rng.standard_t(5, N)
    error = np.abs(predicted - true)
    reading = regression(true, predicted)[name]
    plain = naive(lambda i: float(np.quantile(error[i], share)), N)
    assert np.nanstd(reading.replicates[0], ddof=1) == pytest.approx(plain, rel=0.45)  # 20 replicates only
    assert reading.high[0] - reading.low[0] == pytest.approx(3.92 * plain, rel=0.3)


def test_the_spread_of_many_labels_is_that_of_resampled_rows() -> None:
    rng = np.random.default_rng(23)
    true = rng.integers(0, 3, N)
    p = rng.dirichlet(np.ones(3), N) + np.eye(3)[true]
    p /= p.sum(axis=1, keepdims=True)
    p = 0.5 * p + 0.5 * rng.dirichlet(np.ones(3), N)
    ours = multiclass(true, p.argmax(axis=1), 3, p, replicates=400)
    plain = naive(lambda i: sk.roc_auc_score(true[i], p[i], multi_class="ovr"), N, 150)
    assert spread(ours["roc_auc_macro"]) == pytest.approx(plain, rel=0.25)
    plain = naive(lambda i: sk.f1_score(true[i], p[i].argmax(axis=1), average="macro"), N, 150)
    assert spread(ours["f1_score_macro"]) == pytest.approx(plain, rel=0.25)


def test_a_plan_keeps_the_weights_of_its_seed() -> None:
    assert np.array_equal(Plan(replicates=30, seed=9).weight_matrix, weight_matrix(30, 9))
