"""One chart of each kind, from real predictions of real models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB

from steelyard import charts
from steelyard.records import Estimate

Scores = tuple[np.ndarray, np.ndarray]


def estimate(value: float, n: int = 100) -> Estimate:
    return Estimate(float(value), n, low=float(value) - 0.02, high=float(value) + 0.02, method="test")


@pytest.fixture(scope="session")
def binary() -> Scores:
    """Targets and probabilities of a classifier fitted on every third row."""
    X, y = load_breast_cancer(return_X_y=True)
    model = GaussianNB().fit(X[::3, :4], y[::3])
    return y, model.predict_proba(X[:, :4])[:, 1]


@pytest.fixture(scope="session")
def digits() -> Scores:
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=40, tol=1.0).fit(X[::3], y[::3])
    return y, model.predict_proba(X)


@pytest.fixture(scope="session")
def diabetes() -> Scores:
    X, y = load_diabetes(return_X_y=True)
    return y, Ridge(0.1).fit(X[::3], y[::3]).predict(X)


@pytest.fixture(scope="session")
def specs(binary: Scores, digits: Scores, diabetes: Scores) -> dict[str, Any]:
    return {**_binary(*binary), **_multiclass(*digits), **_regression(*diabetes), **_forests()}


def _binary(y: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    fpr, tpr, at = sk.roc_curve(y, p)
    precision, recall, _ = sk.precision_recall_curve(y, p)
    observed, mean = calibration_curve(y, p, n_bins=8)
    order = np.argsort(-p)
    share = np.arange(1, len(y) + 1) / len(y)
    gain = np.cumsum(y[order]) / y.sum()
    t = np.linspace(0, 1, 21)
    f1 = np.array([sk.f1_score(y, p >= k, zero_division=0) for k in t])
    edges = np.linspace(0, 1, 21)
    prevalence = float(y.mean())
    auc = estimate(sk.roc_auc_score(y, p))
    return {
        "roc": charts.roc_curve_plot([charts.RocCurve("benign", fpr, tpr, tpr * 0.9, tpr, auc, 357, 212, at)]),
        "precision_recall": charts.precision_recall_curve_plot(
            [
                charts.PrecisionRecallCurve(
                    "benign", recall, precision, precision * 0.9, precision, auc, prevalence=prevalence
                )
            ]
        ),
        "calibration": charts.calibration_curve_plot(
            [charts.CalibrationCurve("benign", mean, observed, observed * 0.9, observed, np.ones(len(mean)), auc)]
        ),
        "gain": charts.gain_curve_plot([charts.GainCurve("benign", share, gain, gain, gain, prevalence)]),
        "lift": charts.lift_curve_plot([charts.LiftCurve("benign", share, gain / share)]),
        "threshold": charts.threshold_plot(
            charts.ThresholdTable(threshold=t, f1=f1, precision=np.full(21, np.nan), chosen=0.5, bands={"f1": (f1, f1)})
        ),
        "score_histogram": charts.score_histogram_plot(
            charts.ScoreHistogram(edges, np.histogram(p[y == 1], edges)[0], np.histogram(p[y == 0], edges)[0])
        ),
        "risk_coverage": charts.risk_coverage_plot([charts.RiskCoverage(share, 1 - gain / 2, area=auc)]),
        "confusion": charts.confusion_matrix(
            charts.ConfusionMatrix(["malignant", "benign"], sk.confusion_matrix(y, p > 0.5))
        ),
    }


def _multiclass(y: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    curves = []
    for k in range(10):
        fpr, tpr, _ = sk.roc_curve(y == k, p[:, k])
        curves.append(charts.RocCurve(f"digit {k}", fpr, tpr, tpr, tpr, estimate(sk.roc_auc_score(y == k, p[:, k]))))
    counts = sk.confusion_matrix(y, p.argmax(1))
    return {
        "roc of ten": charts.roc_curve_plot(curves),
        "confusion of ten": charts.confusion_matrix(charts.ConfusionMatrix([str(k) for k in range(10)], counts)),
        "confusion of fifty": charts.confusion_matrix(
            charts.ConfusionMatrix([f"class {k}" for k in range(50)], np.kron(np.eye(5, dtype=int), counts))
        ),
    }


def _regression(y: np.ndarray, h: np.ndarray) -> dict[str, Any]:
    bins = charts.ValueBins(center=[90, 150, 210], mean=[1, 2, 3], low=[0, 1, 2], high=[2, 3, 4], n=[100, 200, 142])
    quantile = np.linspace(0, 1, 51)
    error = np.quantile(abs(y - h), quantile)
    return {
        "residuals": charts.residuals_plot(charts.Residuals(h, y - h, bins, n=5000, target="progression")),
        "predicted_vs_actual": charts.predicted_vs_actual_plot(charts.PredictedActual(h, y)),
        "error_quantiles": charts.error_quantiles_plot(
            charts.ErrorQuantiles(quantile, error, error * 0.9, error * 1.1)
        ),
    }


def _forests() -> dict[str, Any]:
    rows = [charts.ForestRow("all web", estimate(0.8)), charts.ForestRow("few", estimate(0.6, 9), small=True)]
    classes = [
        charts.PerClassRow(label=name, n=50, estimates={"Recall": estimate(v), "Precision": estimate(v - 0.1)})
        for name, v in (("yes", 0.9), ("no", 0.7))
    ]
    return {
        "slice_forest": charts.slice_forest_plot(charts.SliceForest("Accuracy", rows, estimate(0.75))),
        "per_class": charts.per_class_plot(charts.PerClassTable(classes)),
    }
