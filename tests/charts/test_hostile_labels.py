"""Labels come from data: whatever they hold, they are only ever shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard import charts
from steelyard.records import Estimate

HOSTILE = [
    "a.b[0]", "it's \"quoted\"", "back\\slash", "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>",
    "datum.x", "__proto__", "\n\t\x00", "", "é中\ud800",
]  # fmt: skip


def forest_row(label: str) -> charts.ForestRow:
    return charts.ForestRow(label, Estimate(0.5, 10, low=0.4, high=0.6))


def hostile_charts() -> list[charts.Spec]:
    curve = [charts.RocCurve(label, [0, 0.5, 1], [0, 0.8, 1], [0, 0.7, 1], [0, 0.9, 1]) for label in HOSTILE]
    return [
        charts.roc_curve_plot(curve),
        charts.roc_curve_plot(curve[3:4]),
        charts.confusion_matrix(charts.ConfusionMatrix(HOSTILE, [[1] * 10] * 10)),
        charts.slice_forest_plot(charts.SliceForest(HOSTILE[4], [forest_row(label) for label in HOSTILE])),
        charts.residuals_plot(charts.Residuals([1.0, 2.0], [1.0, -1.0], target=HOSTILE[3])),
    ]


def test_charts_with_hostile_labels_render_and_hold_no_markup() -> None:
    for spec in hostile_charts():
        assert b"<" not in charts.chart_json(spec)
        svg = charts.render_svg(spec)
        assert "<script" not in svg
        assert "<img" not in svg


def test_hostile_labels_are_shown_as_they_are() -> None:
    svg = charts.render_svg(hostile_charts()[2])
    for shown in ("a.b[0]", "datum.x", "__proto__", "back\\slash", "&lt;script"):
        assert shown in svg


def test_labels_that_look_alike_stay_apart() -> None:
    spec = charts.confusion_matrix(charts.ConfusionMatrix(["", " ", "x\n", "x"], [[1] * 4] * 4))
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["(empty)", "(empty) (2)", "x", "x (2)"]
    assert len({(row["true"], row["predicted"]) for row in spec["datasets"]["cells"]}) == 16


def test_a_very_long_label_is_cut() -> None:
    spec = charts.confusion_matrix(charts.ConfusionMatrix(["x" * 10_000, "x" * 9_999], [[1, 0], [0, 1]]))
    assert len(charts.chart_json(spec)) < 15_000


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=2, max_size=4))
def test_any_labels_make_a_chart_that_compiles(labels: list[str]) -> None:
    counts = [[1] * len(labels)] * len(labels)
    spec = charts.confusion_matrix(charts.ConfusionMatrix(labels, counts))
    assert json.loads(charts.chart_json(spec))["datasets"]["cells"][0]["n"] == 1
    assert charts.render_svg(spec).startswith("<svg")


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_in_a_description_is_plain_text(label: str) -> None:
    curve = charts.RocCurve(label, [0, 1], [0, 1], auc=Estimate(0.5, 10))
    assert charts.roc_curve_plot([curve])["description"].isprintable()
