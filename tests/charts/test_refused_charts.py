"""What cannot be drawn is refused with a sentence that says what and where."""

from __future__ import annotations

import math
from typing import Any

import pytest

from steelyard import charts
from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.records import Estimate

POINTS = {"data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a", "type": "quantitative"}}}


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"data": {"url": "https://example.org/a.csv"}, "mark": "bar"}, "data.url"),
        ({"layer": [{"mark": {"type": "image"}}]}, r"layer\[0\].mark.type"),
        ({"mark": "image"}, "mark"),
        ({**POINTS, "mark": "point", "encoding": {"href": {"field": "a"}}}, "encoding.href"),
        ({**POINTS, "mark": "bar", "usermeta": {"embedOptions": {"loader": {}}}}, "usermeta.embedOptions"),
        ({"transform": [{"lookup": "a", "from": {"data": {"url": "/x"}}}]}, r"transform\[0\].from.data.url"),
        ({"data": {"values": [{"image": "https://example.org/p.png"}]}}, r"data.values\[0\].image"),
    ],
)
def test_a_chart_that_would_load_or_link_is_refused(spec: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidArgument, match=place):
        charts.check_spec(spec)
    with pytest.raises(InvalidArgument, match=place):
        charts.render_png(spec)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (b"{", "not JSON"),
        ("[1]", "JSON object"),
        ({"$schema": "https://vega.github.io/schema/vega/v6.json"}, "Vega-Lite"),
        ({"mark": "nonesuch"}, "does not compile"),
        ({}, "does not compile"),
    ],
)
def test_what_is_no_chart_is_refused(spec: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        charts.render_png(spec)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, 1000.0])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(InvalidArgument, match="scale"):
        charts.render_png({**POINTS, "mark": "point"}, scale=scale)


def test_a_chart_made_elsewhere_renders_with_its_own_looks() -> None:
    spec = {**POINTS, "mark": "point", "width": "container", "config": {"background": "#abcdef"}}
    assert "#abcdef" in charts.render_svg(spec)


def test_without_the_converter_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    with pytest.raises(MissingDependency, match="vl-convert-python"):
        charts.render_png({**POINTS, "mark": "point"})


def test_uneven_columns_are_named() -> None:
    with pytest.raises(InvalidArgument, match="y has 2 values where the curve has 3 points"):
        charts.roc_curve_plot([charts.RocCurve("a", [0, 0.5, 1], [0, 1])])
    with pytest.raises(InvalidArgument, match="threshold has 1 values"):
        charts.roc_curve_plot([charts.RocCurve("a", [0, 1], [0, 1], threshold=[1])])


def test_half_a_band_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="low and high"):
        charts.lift_curve_plot([charts.LiftCurve("a", [0, 1], [2, 1], low=[1, 1])])


def test_words_where_numbers_belong_are_refused() -> None:
    words: Any = ["high", "low"]
    with pytest.raises(InvalidArgument, match="y must be numbers"):
        charts.gain_curve_plot([charts.GainCurve("a", [0, 1], words)])


@pytest.mark.parametrize("n", [0, 11])
def test_none_or_too_many_curves_are_refused(n: int) -> None:
    with pytest.raises(InvalidArgument, match="1 to 10"):
        charts.roc_curve_plot([charts.RocCurve("a", [0, 1], [0, 1])] * n)


def test_a_curve_without_points_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no points"):
        charts.roc_curve_plot([charts.RocCurve("a", [], [])])


@pytest.mark.parametrize("counts", [[[1, 2]], [[1, -1], [0, 1]], [[1, math.nan], [0, 1]], [["x", "y"], [0, 1]]])
def test_a_matrix_that_is_not_one_is_refused(counts: Any) -> None:
    with pytest.raises(InvalidArgument):
        charts.confusion_matrix(charts.ConfusionMatrix(["a", "b"], counts))


def test_a_forest_without_a_value_is_refused() -> None:
    row = charts.ForestRow("web", Estimate(None, 0, method="too few rows"))
    with pytest.raises(InvalidArgument, match="No slice has a value of Accuracy"):
        charts.slice_forest_plot(charts.SliceForest("Accuracy", [row]))


def test_json_has_no_nan_and_refuses_what_it_cannot_hold() -> None:
    assert charts.chart_json({"a": [math.nan, math.inf, 1.5]}) == b'{"a":[null,null,1.5]}'
    with pytest.raises(InvalidArgument, match="JSON"):
        charts.chart_json({"a": object()})
