"""The numbers in a chart are those of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from steelyard import charts
from steelyard.charts.thin import keep_points
from steelyard.records import Estimate

Scores = tuple[np.ndarray, np.ndarray]


def read(spec: dict[str, Any], field: str, data: str = "curves") -> np.ndarray:
    return np.array([row[field] for row in spec["datasets"][data]], dtype=float)


def test_a_roc_chart_holds_the_points_of_roc_curve(binary: Scores) -> None:
    y, p = binary
    fpr, tpr, at = sk.roc_curve(y, p)
    assert 20 < len(fpr) < 400
    spec = charts.roc_curve_plot([charts.RocCurve("benign", fpr, tpr, threshold=at)])
    np.testing.assert_allclose(read(spec, "x"), fpr, rtol=1e-5)
    np.testing.assert_allclose(read(spec, "y"), tpr, rtol=1e-5)
    np.testing.assert_allclose(read(spec, "threshold")[1:], at[1:], rtol=1e-5)
    assert spec["datasets"]["curves"][0]["threshold"] is None  # scikit-learn's first threshold is infinite


def test_a_precision_recall_chart_holds_the_points_and_their_steps_give_the_average_precision(binary: Scores) -> None:
    y, p = binary[0][:200], binary[1][:200]
    precision, recall, _ = sk.precision_recall_curve(y, p)
    spec = charts.precision_recall_curve_plot([charts.PrecisionRecallCurve("benign", recall, precision)])
    x, drawn = read(spec, "x"), read(spec, "y")
    np.testing.assert_allclose(x, recall[::-1], rtol=1e-5)
    np.testing.assert_allclose(drawn, precision[::-1], rtol=1e-5)
    line = next(layer["mark"] for layer in spec["layer"] if layer["mark"]["type"] == "line")
    assert line["interpolate"] == "step-before"
    area = float(np.sum(np.diff(x) * drawn[1:]))  # what step-before encloses
    assert area == pytest.approx(sk.average_precision_score(y, p), abs=1e-5)


def test_a_calibration_chart_holds_the_bins_of_calibration_curve(binary: Scores) -> None:
    observed, mean = calibration_curve(*binary, n_bins=10)
    curve = charts.CalibrationCurve("benign", mean, observed, observed - 0.1, observed + 0.1, np.arange(len(mean)))
    spec = charts.calibration_curve_plot([curve])
    np.testing.assert_allclose(read(spec, "x"), mean, rtol=1e-5)
    np.testing.assert_allclose(read(spec, "y"), observed, rtol=1e-5)
    np.testing.assert_allclose(read(spec, "high"), observed + 0.1, rtol=1e-5)
    assert read(spec, "n").tolist() == list(range(len(mean)))


def test_a_confusion_chart_holds_counts_and_shares_of_the_true_label(digits: Scores) -> None:
    y, p = digits
    counts = sk.confusion_matrix(y, p.argmax(1))
    shares = sk.confusion_matrix(y, p.argmax(1), normalize="true")
    spec = charts.confusion_matrix(charts.ConfusionMatrix([str(k) for k in range(10)], counts))
    np.testing.assert_array_equal(read(spec, "n", "cells").reshape(10, 10), counts)
    np.testing.assert_allclose(read(spec, "share", "cells").reshape(10, 10), shares, rtol=1e-5)
    full = read(spec, "to", "cells") - read(spec, "from", "cells")
    np.testing.assert_allclose(full, 0.97 * shares.ravel(), atol=1e-4)  # a bar's length is the share


def test_a_confusion_chart_of_many_classes_shows_the_most_confused_with_shares_of_whole_rows() -> None:
    counts = np.diag(np.full(40, 10))
    counts[35, 3], counts[2, 38] = 30, 5
    spec = charts.confusion_matrix(charts.ConfusionMatrix([f"c{k}" for k in range(40)], counts))
    cells = {(row["true"], row["predicted"]): row for row in spec["datasets"]["cells"]}
    assert len(cells) == 900
    assert cells["c35", "c3"]["share"] == 0.75
    assert cells["c2", "c38"]["n"] == 5
    assert "30 classes that are confused most" in spec["description"]
    assert "the 30 of 40 classes" in str(spec["layer"][0]["encoding"]["x"]["title"])


def test_a_class_without_rows_has_empty_cells_not_undefined_ones() -> None:
    spec = charts.confusion_matrix(charts.ConfusionMatrix(["a", "b"], [[3, 1], [0, 0]]))
    assert read(spec, "share", "cells").tolist() == [0.75, 0.25, 0, 0]


def test_a_histogram_shows_each_class_as_shares_of_its_own_rows() -> None:
    spec = charts.score_histogram_plot(charts.ScoreHistogram([0, 0.5, 1], [1, 3], [30, 10]))
    assert read(spec, "share", "bins").tolist() == [0.25, 0.75, 0.75, 0.25]
    assert read(spec, "n", "bins").tolist() == [1, 3, 30, 10]


def test_a_forest_holds_the_estimates_and_counts_what_is_missing() -> None:
    row = charts.ForestRow("web", Estimate(0.8, 90, missing=10, low=0.7, high=0.9))
    spec = charts.slice_forest_plot(charts.SliceForest("Accuracy", [row]))
    assert spec["datasets"]["rows"] == [
        {"label": "web · 90", "value": 0.8, "low": 0.7, "high": 0.9, "n": 90, "missing": 10, "small": 0}
    ]


def test_a_forest_of_many_slices_shows_the_lowest_and_says_so() -> None:
    rows = [charts.ForestRow(f"s{i}", Estimate(i / 100, 5)) for i in reversed(range(60))]
    spec = charts.slice_forest_plot(charts.SliceForest("Accuracy", rows))
    assert [row["value"] for row in spec["datasets"]["rows"]] == [i / 100 for i in reversed(range(40))]
    assert "the 40 lowest of 60 slices" in spec["description"]


def test_a_long_curve_keeps_its_ends_and_its_shape() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 200_000)
    fpr, tpr, _ = sk.roc_curve(y, y + rng.normal(size=len(y)), drop_intermediate=False)
    spec = charts.roc_curve_plot([charts.RocCurve("yes", fpr, tpr)])
    x, drawn = read(spec, "x"), read(spec, "y")
    assert len(x) <= 400
    assert (x[0], drawn[0], x[-1], drawn[-1]) == (0, 0, 1, 1)
    assert abs(np.trapezoid(drawn, x) - sk.auc(fpr, tpr)) < 5e-4
    assert np.abs(np.interp(fpr, x, drawn) - tpr).max() < 0.005


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300), st.integers(2, 60))
def test_thinning_keeps_real_points_in_order_and_both_ends(values: list[float], limit: int) -> None:
    y = np.array(values)
    x = np.arange(len(y), dtype=float)
    kept = keep_points(x, y, limit)
    assert len(kept) <= max(limit, 2)
    assert kept[0] == 0
    assert kept[-1] == len(y) - 1
    assert (np.diff(kept) > 0).all()


def test_thinning_leaves_out_nothing_but_points_on_the_line() -> None:
    x = np.linspace(0, 1, 5000)
    y = np.abs(x - 0.5)
    kept = keep_points(x, y, 40)
    np.testing.assert_allclose(np.interp(x, x[kept], y[kept]), y, atol=1e-3)
