"""Forests: one estimate a line, with its interval, on a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.charts.lines import quantity, series_scale
from steelyard.charts.spec import Spec, chart, distinct_labels, label_text, number, reading
from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    from steelyard.charts.curves import PerClassTable, SliceForest
    from steelyard.records import Estimate

__all__ = ["per_class_plot", "slice_forest_plot"]

_MOST_ROWS = 40
_LINE = 24  # pixels
_SHAPES = ["circle", "triangle-up", "square", "diamond", "cross"]


def slice_forest_plot(forest: SliceForest) -> Spec:
    """Return one metric on every slice, with the metric on all rows as a line through them.

    With more than 40 slices it shows the 40 lowest, and says so.

    Args:
        forest: at least one row with a value.

    Raises:
        InvalidArgument: if no slice has a value.
    """
    metric = label_text(forest.metric)
    drawn = [row for row in forest.rows if row.estimate.value is not None]
    if not drawn:
        raise InvalidArgument(f"No slice has a value of {metric}, so there is no forest to draw.")
    words = ""
    if len(drawn) > _MOST_ROWS:
        lowest = sorted(range(len(drawn)), key=lambda i: float(drawn[i].estimate))[:_MOST_ROWS]
        words = f" (the {_MOST_ROWS} lowest of {len(drawn)} slices)"
        drawn = [drawn[i] for i in sorted(lowest)]
    labels = distinct_labels(f"{label_text(row.label)} · {row.estimate.n:,}" for row in drawn)
    rows = [
        {"label": label, **_estimate(row.estimate), "small": int(row.small)}
        for label, row in zip(labels, drawn, strict=True)
    ]
    layers = _forest_layers(rows, f"{metric}, {_confidence(drawn[0].estimate)}{words}", metric)
    if forest.overall is not None and forest.overall.value is not None:
        layers = [*_overall(forest.overall, [float(row.estimate) for row in drawn]), *layers]
    few = " Open dots: slices with few rows." if any(row.small for row in drawn) else ""
    description = f"{metric} by slice{words}. All rows: {reading(forest.overall) or 'not given'}.{few}"
    return chart(
        "slice_forest_plot", title=f"{metric} by slice", description=description, datasets={"rows": rows},
        layer=layers, height=_LINE * len(rows) + 8,
    )  # fmt: skip


def per_class_plot(table: PerClassTable) -> Spec:
    """Return the metrics of every class with their intervals, a shape for each metric.

    With more than 40 classes it shows the 40 with the lowest value of the first metric, and says so.

    Args:
        table: at least one class with at least one estimate that has a value.

    Raises:
        InvalidArgument: if no class has a value.
    """
    drawn = [row for row in table.rows if any(e.value is not None for e in row.estimates.values())]
    if not drawn:
        raise InvalidArgument("No class has a value of any metric, so there is nothing to draw.")
    metrics = list(dict.fromkeys(name for row in drawn for name in row.estimates))[: len(_SHAPES)]
    words = ""
    if len(drawn) > _MOST_ROWS:
        lowest = sorted(range(len(drawn)), key=lambda i: float(drawn[i].estimates.get(metrics[0], float("inf"))))
        words = f" (the {_MOST_ROWS} lowest of {len(drawn)} classes)"
        drawn = [drawn[i] for i in sorted(lowest[:_MOST_ROWS])]
    labels = distinct_labels(f"{label_text(row.label)} · {row.n:,.0f}" for row in drawn)
    names = distinct_labels(metrics)
    rows = [
        {"label": label, "series": name, **_estimate(row.estimates[metric])}
        for label, row in zip(labels, drawn, strict=True)
        for metric, name in zip(metrics, names, strict=True)
        if metric in row.estimates and row.estimates[metric].value is not None
    ]
    layers = _per_class_layers(labels, names, f"Value, 95% interval{words}")
    description = f"{', '.join(names)} of each of {len(table.rows)} classes{words}."
    height = max(_LINE, 9 * len(names) + 8) * len(labels) + 8
    return chart(
        "per_class_plot", title="Classes", description=description, datasets={"rows": rows}, layer=layers, height=height
    )


def _estimate(estimate: Estimate) -> dict[str, Any]:
    value = number(estimate.value)
    return {
        "value": value,
        "low": number(estimate.low),
        "high": number(estimate.high),
        "n": estimate.n,
        "missing": estimate.missing,
    }


def _confidence(estimate: Estimate) -> str:
    return f"{estimate.confidence:.0%} interval"


def _scales(labels: Sequence[str], title: str, heading: str) -> tuple[dict[str, Any], dict[str, Any]]:
    x = {
        "field": "value", "type": "quantitative", "title": title, "scale": {"zero": False, "nice": True, "padding": 8},
        "axis": {"tickCount": 6},
    }  # fmt: skip
    y = {
        "field": "label", "type": "nominal", "title": heading, "sort": None, "scale": {"domain": list(labels)},
        "axis": {"grid": False, "domain": False, "labelLimit": 220, "titleX": -6, "titleAlign": "right"},
    }  # fmt: skip
    return x, y


def _forest_layers(rows: Sequence[dict[str, Any]], title: str, metric: str) -> list[dict[str, Any]]:
    data = {"name": "rows"}
    x, y = _scales([row["label"] for row in rows], title, "Slice · rows")
    tooltip = [{"field": "label", "type": "nominal", "title": "Slice"}, *_tooltip(metric)]
    bar = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y}
    layers: list[dict[str, Any]] = [
        {"data": data, "mark": {"type": "rule", "style": "interval", "tooltip": None}, "encoding": bar}
    ]
    for small, style in ((0, "dot"), (1, "small")):
        if not any(row["small"] == small for row in rows):
            continue
        mark = {"type": "point", "style": style, "filled": True, "size": 56}
        only = [{"filter": {"field": "small", "equal": small}}]
        encoding = {"x": x, "y": y, "tooltip": tooltip}
        layers.append({"data": data, "transform": only, "mark": mark, "encoding": encoding})
    return layers


def _per_class_layers(labels: Sequence[str], names: Sequence[str], title: str) -> list[dict[str, Any]]:
    data = {"name": "rows"}
    x, y = _scales(labels, title, "Class · rows")
    offset = {"field": "series", "type": "nominal", "sort": None, "scale": {"domain": list(names), "paddingOuter": 0.5}}
    legend = {"legend": {"symbolSize": 60, "columns": len(names)}}
    colour = {"color": series_scale(names, "color") | legend}
    bar = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "yOffset": offset, **colour}
    shape: dict[str, Any] = {"field": "series", "type": "nominal", "sort": None, "title": None, **legend}
    shape["scale"] = {"domain": list(names), "range": _SHAPES[: len(names)]}
    tooltip = [
        {"field": "label", "type": "nominal", "title": "Class"},
        {"field": "series", "type": "nominal", "title": "Metric"},
        *_tooltip("Value"),
    ]
    dot = {"x": x, "y": y, "yOffset": offset, "shape": shape, **colour, "tooltip": tooltip}
    return [
        {"data": data, "mark": {"type": "rule", "strokeWidth": 1.5, "tooltip": None}, "encoding": bar},
        {"data": data, "mark": {"type": "point", "filled": True, "size": 44, "opacity": 1}, "encoding": dot},
    ]


def _overall(estimate: Estimate, values: Sequence[float]) -> list[dict[str, Any]]:
    """Return a line through the forest, with words above it that lean away from the nearer edge."""
    where = {"x": {"datum": number(estimate.value), "type": "quantitative"}}
    middle = (min(values) + max(values)) / 2
    words = {
        "type": "text", "style": "note", "text": f"all rows {reading(estimate)}", "baseline": "bottom", "dy": -4,
        "align": "right" if float(estimate) > middle else "left", "tooltip": None,
    }  # fmt: skip
    return [
        {"data": {"values": [{}]}, "mark": {"type": "rule", "style": "reference", "tooltip": None}, "encoding": where},
        {"data": {"values": [{}]}, "mark": words, "encoding": {**where, "y": {"value": 0}}},
    ]


def _tooltip(title: str) -> list[dict[str, Any]]:
    return [
        quantity("value", title, ".4~g"),
        quantity("low", "Interval from", ".4~g"),
        quantity("high", "Interval to", ".4~g"),
        quantity("n", "Rows scored", ","),
        quantity("missing", "Rows missing", ","),
    ]
