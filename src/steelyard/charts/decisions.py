"""Charts of decisions made from scores: thresholds, the spread of scores, abstaining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.charts.classification import band_note, share_axis
from steelyard.charts.lines import Axis, curve_layers, quantity, series_scale, tidy
from steelyard.charts.spec import Spec, chart, column, distinct_labels, label_text, reading, rows_of
from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    from steelyard.charts.curves import RiskCoverage, ScoreHistogram, ThresholdTable

__all__ = ["risk_coverage_plot", "score_histogram_plot", "threshold_plot"]

# The columns of a threshold table, in the order of the legend.
_READABLE = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "selection_rate": "Share called positive",
}


def threshold_plot(table: ThresholdTable) -> Spec:
    """Return what each threshold would give: precision, recall and the others, by threshold.

    Args:
        table: at least one of its metrics given.

    Raises:
        InvalidArgument: if no metric is given, or their lengths differ.
    """
    lines = []
    for name, readable in _READABLE.items():
        values = getattr(table, name)
        if values is not None:
            low, high = table.bands.get(name, (None, None))
            lines.append(tidy(readable, table.threshold, values, low, high))
    if not lines:
        raise InvalidArgument(f"A threshold table needs at least one of {', '.join(_READABLE)}.")
    y = share_axis("Value")
    rows, layers = curve_layers(lines, x=Axis(title="Threshold on the score"), y=y)
    description = "Metrics by threshold: " + ", ".join(line.legend for line in lines) + "."
    if table.chosen is not None:
        layers = [*_chosen(table.chosen), *layers]
        description += f" The threshold in use is {table.chosen:.4g}."
    return chart("threshold_plot", title="Thresholds", description=description, datasets={"curves": rows}, layer=layers)


def _chosen(threshold: float) -> list[dict[str, Any]]:
    """Return a line at the threshold in use, with its value above the plot."""
    where = {"x": {"datum": threshold, "type": "quantitative"}}
    words = {
        "type": "text", "style": "note", "text": f"in use: {threshold:.4g}", "align": "center", "baseline": "bottom",
        "dy": -4, "tooltip": None,
    }  # fmt: skip
    return [
        {"data": {"values": [{}]}, "mark": {"type": "rule", "style": "reference", "tooltip": None}, "encoding": where},
        {"data": {"values": [{}]}, "mark": words, "encoding": {**where, "y": {"value": 0}}},
    ]


def risk_coverage_plot(curves: Sequence[RiskCoverage]) -> Spec:
    """Return the selective risk: the error on the rows that are kept when the model may abstain on the others.

    Args:
        curves: one curve.

    Raises:
        InvalidArgument: for another number of curves, or uneven columns.
    """
    if len(curves) != 1:
        raise InvalidArgument(f"The risk–coverage chart shows one curve; {len(curves)} were given.")
    curve = curves[0]
    line = tidy(curve.risk_name, curve.coverage, curve.risk, curve.low, curve.high)
    value = reading(curve.area)
    key = (f"area under the curve {value}" if value else "", band_note(curve.low, curve.area))
    x = share_axis("Share of rows kept, surest first", " · ".join(words for words in key if words))
    rows, layers = curve_layers([line], x=x, y=Axis(title=f"{label_text(curve.risk_name)} on the rows kept", zero=True))
    full = float(line.y[-1])
    half = float(np.interp(0.5, line.x, line.y))
    name = label_text(curve.risk_name)
    description = f"{name} by share of rows kept: {full:.3f} on all rows, {half:.3f} on the surest half."
    return chart(
        "risk_coverage_plot",
        title="Risk and coverage",
        description=description,
        datasets={"curves": rows},
        layer=layers,
    )


def score_histogram_plot(histogram: ScoreHistogram) -> Spec:
    """Return how the scores of each class are spread, each as a share of its own rows.

    Args:
        histogram: counts by bin for positives and negatives.

    Raises:
        InvalidArgument: if there is not one edge more than there are bins.
    """
    edges = column(histogram.edges, "edges")
    counts = [column(getattr(histogram, side), side, length=len(edges) - 1) for side in ("positive", "negative")]
    names = distinct_labels([histogram.positive_label, histogram.negative_label])
    rows: list[dict[str, Any]] = []
    for name, n in zip(names, counts, strict=True):
        total = float(n.sum())
        share = n / total if total > 0 else n * 0.0
        rows += rows_of({"series": [name] * len(n), "start": edges[:-1], "end": edges[1:], "share": share, "n": n})
    axis = Axis(title="Score", domain=(float(edges[0]), float(edges[-1]))).encoding("start")
    height = Axis(title="Share of the class's rows in the bin", zero=True).encoding("share")
    layers = [_bars(axis, height, names), *_outlines(rows, edges, names)]
    sizes = ", ".join(f"{name} {n.sum():,.0f} rows" for name, n in zip(names, counts, strict=True))
    return chart(
        "score_histogram_plot", title="Scores by class", description=f"Spread of the scores of each class: {sizes}.",
        datasets={"bins": rows}, layer=layers,
    )  # fmt: skip


def _bars(axis: dict[str, Any], height: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    encoding = {
        "x": axis,
        "x2": {"field": "end"},
        "y": {**height, "stack": None},
        "color": series_scale(names, "color"),
        "tooltip": [
            {"field": "series", "type": "nominal", "title": "Class"},
            quantity("start", "Score from", ".3~f"),
            quantity("end", "Score to", ".3~f"),
            quantity("n", "Rows", ",~g"),
            quantity("share", "Share of the class", ".2%"),
        ],
    }
    mark = {"type": "bar", "orient": "vertical", "fillOpacity": 0.16, "binSpacing": 0, "strokeWidth": 0}
    return {"data": {"name": "bins"}, "mark": mark, "encoding": encoding}


def _outlines(rows: Sequence[dict[str, Any]], edges: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the outline of each histogram: a step line that also covers the last bin."""
    points: list[dict[str, Any]] = []
    for name in names:
        shares = [row["share"] for row in rows if row["series"] == name]
        points += rows_of({"series": [name] * len(edges), "start": edges, "share": [*shares, shares[-1]]})
    encoding = {
        "x": {"field": "start", "type": "quantitative"},
        "y": {"field": "share", "type": "quantitative"},
        "color": series_scale(names, "color"),
        "strokeDash": series_scale(names, "strokeDash"),
    }
    mark = {"type": "line", "interpolate": "step-after", "order": None, "strokeWidth": 1.5, "tooltip": None}
    return [{"data": {"values": points}, "mark": mark, "encoding": encoding}]
