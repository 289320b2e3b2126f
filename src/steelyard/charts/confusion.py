"""The confusion matrix: in each cell a bar as long as its share of the row, with the count on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.charts.lines import quantity
from steelyard.charts.spec import Spec, chart, distinct_labels, rows_of
from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.charts.curves import ConfusionMatrix

__all__ = ["confusion_matrix"]

_MOST_CLASSES = 30
_WITH_SHARE = 8  # classes up to which a cell has room for the share under the count
_WITH_COUNT = 14  # and for the count
_ACROSS = 440  # pixels of a PNG's plot
_LETTER = 6.5  # pixels of a label, at most on average


def confusion_matrix(matrix: ConfusionMatrix) -> Spec:
    """Return the chart of a confusion matrix, each row as shares of its true label.

    With more than 30 classes it shows the 30 that are confused most, and says so.

    Args:
        matrix: square, in the order of its labels.

    Raises:
        InvalidArgument: if it is not square, has no label, or holds negative or undefined counts.
    """
    counts = _square(matrix)
    total = len(counts)
    row_sums = counts.sum(axis=1)
    shown = _most_confused(counts)
    labels = distinct_labels(matrix.labels[i] for i in shown)
    rows = _cells(counts, row_sums, shown, labels)
    words = f" (the {len(shown)} of {total} classes that are confused most)" if len(shown) < total else ""
    correct, everything = float(np.trace(counts)), float(counts.sum())
    description = f"Confusion matrix of {total} classes: {correct:,.0f} of {everything:,.0f} rows are on the diagonal."
    if words:
        description += f" Shown: the {len(shown)} classes that are confused most."
    spec = chart(
        "confusion_matrix",
        title="Confusion",
        description=description,
        datasets={"cells": rows},
        layer=_layers(labels, words),
        height=_height(len(shown)),
    )
    spec["usermeta"]["steelyard"]["size"][0] = _ACROSS
    # Bars need a linear scale across the plot where labels need a band each: the two cover the same pixels.
    spec["resolve"] = {"scale": {"x": "independent"}, "axis": {"x": "independent"}}
    return spec


def _square(matrix: ConfusionMatrix) -> NDArray[np.float64]:
    try:
        counts = np.asarray(matrix.counts, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"counts must be a table of numbers: {error}") from error
    k = len(matrix.labels)
    if k == 0 or counts.shape != (k, k):
        shape = " by ".join(map(str, counts.shape))
        raise InvalidArgument(f"A confusion matrix needs one row and one column a label: {k} labels, counts {shape}.")
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise InvalidArgument("A confusion matrix needs counts that are finite and not negative.")
    return counts


def _most_confused(counts: NDArray[np.float64]) -> list[int]:
    """Return the classes to show, in their own order: those with the most mistakes in their row and column."""
    if len(counts) <= _MOST_CLASSES:
        return list(range(len(counts)))
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return sorted(np.argsort(-mistakes, kind="stable")[:_MOST_CLASSES].tolist())


def _cells(
    counts: NDArray[np.float64], row_sums: NDArray[np.float64], shown: list[int], labels: list[str]
) -> list[dict[str, Any]]:
    small = counts[np.ix_(shown, shown)]
    sums = np.repeat(row_sums[shown], len(shown))  # of the whole row: classes that are not shown count too
    count = small.ravel()
    share = np.divide(count, sums, out=np.zeros_like(count), where=sums > 0)
    place = np.tile(np.arange(len(shown)), len(shown))
    true = [label for label in labels for _ in labels]
    predicted = labels * len(labels)
    cells = rows_of({"true": true, "predicted": predicted, "n": count, "share": share, "rows": sums})
    margin = (1 - _inside(len(shown))) / 2
    starts = rows_of({"at": place + margin})
    ends = rows_of({"at": place + margin + share * _inside(len(shown))})
    return [
        {**cell, "from": a["at"], "to": b["at"], "correct": int(cell["true"] == cell["predicted"])}
        for cell, a, b in zip(cells, starts, ends, strict=True)
    ]


def _inside(classes: int) -> float:
    """Return the share of a cell's width that its ground and a full bar take."""
    return 0.97 if classes <= _WITH_COUNT else 0.92


def _height(classes: int) -> int:
    return max(120, min(440, classes * (52 if classes <= _WITH_SHARE else 30)))


def _layers(labels: list[str], words: str) -> list[dict[str, Any]]:
    """Return the ground of the cells, the bars of mistakes and of correct rows, and the numbers."""
    k = len(labels)
    data = {"name": "cells"}
    scale = {"type": "band", "domain": labels, "paddingInner": 0, "paddingOuter": 0}
    axis = {"grid": False, "domain": False, "labelOverlap": False, "labelLimit": 160}
    flat = max(map(len, labels)) * _LETTER < _ACROSS / k  # a column is as wide as its label
    what = "bars and percentages are" if k <= _WITH_SHARE else "bars are"
    x = {
        "field": "predicted", "type": "nominal", "title": f"Predicted label{words}", "sort": None, "scale": scale,
        "axis": {**axis, "labelAngle": 0 if flat else -45, "labelAlign": "center" if flat else "right"},
    }  # fmt: skip
    y = {
        "field": "true", "type": "nominal", "title": f"True label: {what} shares of its rows", "sort": None,
        "scale": scale, "axis": axis,
    }  # fmt: skip
    across = {"type": "quantitative", "scale": {"domain": [0, k], "nice": False, "zero": True}, "axis": None}
    bar = {"x": {**across, "field": "from"}, "x2": {"field": "to"}, "y": y}
    thickness = {"band": _inside(k)}
    ground = {"type": "rect", "style": "ground", "width": thickness, "height": thickness}
    layers: list[dict[str, Any]] = [{"data": data, "mark": ground, "encoding": {"x": x, "y": y, "tooltip": _tooltip()}}]
    for correct, style in ((0, "mistake"), (1, "hit")):
        mark: dict[str, Any] = {"type": "bar", "style": style, "height": thickness}
        if not correct and k > _WITH_COUNT:
            mark["fillOpacity"] = 0.9  # nothing is written on it
        only = [{"filter": {"field": "correct", "equal": correct}}, {"filter": {"field": "n", "gt": 0}}]
        layers.append({"data": data, "transform": only, "mark": mark, "encoding": {**bar, "tooltip": _tooltip()}})
    if k <= _WITH_COUNT:
        layers += _numbers(x, y, with_share=k <= _WITH_SHARE)
    return layers


def _numbers(x: dict[str, Any], y: dict[str, Any], *, with_share: bool) -> list[dict[str, Any]]:
    centre = {"x": {**x, "axis": None}, "y": y}
    count = {"type": "text", "style": "number", "dy": -7 if with_share else 0, "tooltip": None}
    text: dict[str, Any] = {"field": "n", "type": "quantitative", "format": ",.4~r"}
    layers: list[dict[str, Any]] = [{"data": {"name": "cells"}, "mark": count, "encoding": {**centre, "text": text}}]
    if not with_share:  # many cells: an empty one says none
        layers[0]["transform"] = [{"filter": {"field": "n", "gt": 0}}]
    if with_share:
        share = {"type": "text", "style": "label", "dy": 8, "tooltip": None}
        text = {"field": "share", "type": "quantitative", "format": ".1%"}
        layers.append({"data": {"name": "cells"}, "mark": share, "encoding": {**centre, "text": text}})
    return layers


def _tooltip() -> list[dict[str, Any]]:
    return [
        {"field": "true", "type": "nominal", "title": "True label"},
        {"field": "predicted", "type": "nominal", "title": "Predicted label"},
        quantity("n", "Rows", ",~r"),
        quantity("share", "Share of the true label", ".2%"),
        quantity("rows", "Rows of the true label", ",~r"),
    ]
