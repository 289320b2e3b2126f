"""Charts of scores: ROC, precision and recall, lift, gain, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.charts.lines import Axis, curve_layers, note, quantity, reference_line, tidy
from steelyard.charts.spec import Spec, chart, label_text, reading

if TYPE_CHECKING:
    from steelyard.charts.curves import CalibrationCurve, GainCurve, LiftCurve, PrecisionRecallCurve, RocCurve
    from steelyard.records import Estimate

__all__ = [
    "calibration_curve_plot",
    "gain_curve_plot",
    "lift_curve_plot",
    "precision_recall_curve_plot",
    "roc_curve_plot",
]

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_BAND = "band: 95% interval"


def share_axis(title: str, *key: str) -> Axis:
    """Return an axis of a share, 0 to 1, with lines under its title that say what is drawn (empty ones left out)."""
    return Axis(title=(title, *(line for line in key if line)), domain=(0.0, 1.0), ticks=_QUARTERS, format=".2~f")


def with_reading(label: str, estimate: Estimate | None) -> str:
    """Return a legend's entry: the label and the value beside it."""
    value = reading(estimate)
    return f"{label_text(label)} · {value}" if value else label_text(label)


def band_note(low: object, estimate: Estimate | None = None) -> str:
    """Return what the band is, or nothing where there is none."""
    if low is None:
        return ""
    return f"band: {estimate.confidence:.0%} interval" if estimate else _BAND


def roc_curve_plot(curves: Sequence[RocCurve]) -> Spec:
    """Return the ROC chart of one or more classes.

    Args:
        curves: 1 to 10, one for each class taken as positive.

    Raises:
        InvalidArgument: for curves without points or of uneven columns, or more than ten.
    """
    lines = [tidy(with_reading(c.label, c.auc), c.fpr, c.tpr, c.low, c.high, threshold=c.threshold) for c in curves]
    x, y = share_axis("False positive rate"), share_axis("True positive rate (recall)")
    rows, layers = curve_layers(lines, x=x, y=y, tooltip=_threshold(curves))
    layers.insert(0, reference_line((0, 1), (0, 1)))
    first = curves[0]
    if len(curves) == 1:
        words = [f"AUC {reading(first.auc)}" if reading(first.auc) else ""]
        if first.positives and first.negatives:
            words.append(f"{label_text(first.label)}: {first.positives:,.0f} rows, others: {first.negatives:,.0f}")
        layers.append(note([*words, band_note(first.low, first.auc)], x="width", y="height"))
    description = "ROC curve: true positive rate by false positive rate. " + _summary("Area", curves, "auc")
    return chart(
        "roc_curve_plot", title="ROC curve", description=description, datasets={"curves": rows}, layer=layers,
        shape="square",
    )  # fmt: skip


def precision_recall_curve_plot(curves: Sequence[PrecisionRecallCurve]) -> Spec:
    """Return the precision–recall chart of one or more classes.

    Args:
        curves: 1 to 10, one for each class taken as positive.

    Raises:
        InvalidArgument: for curves without points or of uneven columns, or more than ten.
    """
    lines = [
        tidy(with_reading(c.label, c.average_precision), c.recall, c.precision, c.low, c.high, threshold=c.threshold)
        for c in curves
    ]
    x, y = share_axis("Recall", *(_precision_key(curves[0]) if len(curves) == 1 else ())), share_axis("Precision")
    # Average precision sums precision at the higher recall of each step, so the step changes at its lower end.
    rows, layers = curve_layers(lines, x=x, y=y, interpolate="step-before", tooltip=_threshold(curves))
    if len(curves) == 1:
        layers = [*_prevalence(curves[0]), *layers]
    description = "Precision by recall. " + _summary("Average precision", curves, "average_precision")
    return chart(
        "precision_recall_curve_plot", title="Precision and recall", description=description,
        datasets={"curves": rows}, layer=layers, shape="square",
    )  # fmt: skip


def _prevalence(curve: PrecisionRecallCurve) -> list[dict[str, Any]]:
    return [] if curve.prevalence is None else [reference_line((0, 1), (curve.prevalence, curve.prevalence))]


def _precision_key(curve: PrecisionRecallCurve) -> tuple[str, str]:
    value, prevalence = reading(curve.average_precision), curve.prevalence
    band = band_note(curve.low, curve.average_precision)
    dashed = "" if prevalence is None else f"dashed: share of positives, {prevalence:.3f}"
    return (f"Average precision {value}" if value else "", " · ".join(words for words in (band, dashed) if words))


def lift_curve_plot(curves: Sequence[LiftCurve]) -> Spec:
    """Return the lift chart: how many times more positives than by chance, by share of rows taken.

    Args:
        curves: 1 to 10, one for each class taken as positive.

    Raises:
        InvalidArgument: for curves without points or of uneven columns, or more than ten.
    """
    lines = [tidy(label_text(c.label), c.share, c.lift, c.low, c.high) for c in curves]
    key = " · ".join(words for words in ("dashed: random order", band_note(curves[0].low)) if words) if curves else ""
    x = share_axis("Share of rows taken, highest scores first", key if len(curves) == 1 else "")
    y = Axis(title="Lift: positives found, times what chance would find", zero=True)
    rows, layers = curve_layers(lines, x=x, y=y)
    layers.insert(0, reference_line((0, 1), (1, 1)))
    first = lines[0]
    tenth = float(np.interp(0.1, first.x, first.y))
    description = f"Lift by share of rows taken. Lift in the first tenth for {first.legend}: {tenth:.2f}."
    return chart("lift_curve_plot", title="Lift", description=description, datasets={"curves": rows}, layer=layers)


def gain_curve_plot(curves: Sequence[GainCurve]) -> Spec:
    """Return the cumulative gain chart: the share of positives found, by share of rows taken.

    Args:
        curves: 1 to 10, one for each class taken as positive.

    Raises:
        InvalidArgument: for curves without points or of uneven columns, or more than ten.
    """
    lines = [tidy(label_text(c.label), c.share, c.gain, c.low, c.high) for c in curves]
    x, y = share_axis("Share of rows taken, highest scores first"), share_axis("Share of positives found")
    rows, layers = curve_layers(lines, x=x, y=y)
    layers.insert(0, reference_line((0, 1), (0, 1)))
    first = curves[0]
    if len(curves) == 1:
        words = ["dashed: random order", band_note(first.low)]
        if first.prevalence is not None and 0 < first.prevalence < 1:
            layers.insert(0, reference_line((0, first.prevalence), (0, 1)))
            words = ["dashed: random and perfect order", band_note(first.low)]
        layers.append(note(words, x="width", y="height"))
    fifth = float(np.interp(0.2, lines[0].x, lines[0].y))
    description = (
        f"Gain by share of rows taken. The first fifth holds {fifth:.0%} of the positives ({lines[0].legend})."
    )
    return chart(
        "gain_curve_plot", title="Cumulative gain", description=description, datasets={"curves": rows}, layer=layers,
        shape="square",
    )  # fmt: skip


def calibration_curve_plot(curves: Sequence[CalibrationCurve]) -> Spec:
    """Return the calibration chart: observed share by mean predicted probability.

    Args:
        curves: 1 to 10, one for each class.

    Raises:
        InvalidArgument: for curves without points or of uneven columns, or more than ten.
    """
    lines = [tidy(with_reading(c.label, c.ece), c.mean_predicted, c.observed, c.low, c.high, n=c.n) for c in curves]
    key = _calibration_key(curves[0]) if len(curves) == 1 else ()
    x, y = share_axis("Mean predicted probability", *key), share_axis("Observed share of positives")
    rows, layers = curve_layers(lines, x=x, y=y, tooltip={"n": "Rows"} if curves[0].n is not None else {})
    layers.insert(0, reference_line((0, 1), (0, 1)))
    if len(curves) == 1:
        layers = [layers[0], *_intervals(rows, x, y)]
    description = "Observed share of positives by predicted probability. "
    description += _summary("Expected calibration error", curves, "ece")
    return chart(
        "calibration_curve_plot", title="Calibration", description=description, datasets={"curves": rows},
        layer=layers, shape="square",
    )  # fmt: skip


def _calibration_key(curve: CalibrationCurve) -> tuple[str, str]:
    value = reading(curve.ece)
    words = ["area of a dot: rows" if curve.n is not None else "", "bar: 95% interval" if curve.low is not None else ""]
    key = " · ".join(word for word in [*words, "dashed: perfect"] if word)
    return (f"Expected calibration error {value}" if value else "", key)


def _intervals(rows: Sequence[dict[str, Any]], x: Axis, y: Axis) -> list[dict[str, Any]]:
    """Return a few points, each with its interval as a bar and an area for its rows.

    Where rows are counted no line joins the points: it would jump to bins that hold next to nothing.
    """
    data = {"name": "curves"}
    position = {"x": x.encoding("x"), "y": y.encoding("y")}
    tooltip = [quantity("x", x.name), quantity("y", y.name)]
    dot: dict[str, Any] = {**position, "tooltip": tooltip}
    layers: list[dict[str, Any]] = []
    if "n" in rows[0]:
        most = max((row["n"] or 0 for row in rows), default=0) or 1
        scale = {"type": "linear", "domain": [0, most], "range": [32, 150]}
        dot["size"] = {"field": "n", "type": "quantitative", "scale": scale, "legend": None}
    else:
        line = {"type": "line", "style": "curve", "strokeWidth": 1, "order": None, "tooltip": None}
        layers.append({"data": data, "mark": line, "encoding": position})
    if "low" in rows[0]:
        bar = {"x": position["x"], "y": {**position["y"], "field": "low"}, "y2": {"field": "high"}}
        rule = {"type": "rule", "style": "interval", "strokeWidth": 1.25, "tooltip": None}
        layers.append({"data": data, "mark": rule, "encoding": bar})
        tooltip += [quantity("low", "Interval from"), quantity("high", "Interval to")]
    if "n" in rows[0]:
        tooltip.append(quantity("n", "Rows", ",~r"))
    layers.append(
        {"data": data, "mark": {"type": "point", "style": "dot", "filled": True, "size": 64}, "encoding": dot}
    )
    return layers


def _threshold(curves: Sequence[RocCurve] | Sequence[PrecisionRecallCurve]) -> dict[str, str]:
    return {"threshold": "Threshold"} if all(c.threshold is not None for c in curves) else {}


def _summary(name: str, curves: Sequence[Any], attribute: str) -> str:
    values = [(label_text(c.label), reading(getattr(c, attribute))) for c in curves]
    return "; ".join(f"{name} for {label}: {value}" for label, value in values if value)
