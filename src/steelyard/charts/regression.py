"""Charts of a regression's errors: residuals, predicted against actual, quantiles of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.charts.classification import band_note, share_axis
from steelyard.charts.lines import Axis, curve_layers, note, quantity, reference_line, tidy
from steelyard.charts.spec import Spec, chart, column, label_text, rows_of
from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.charts.curves import ErrorQuantiles, PredictedActual, Residuals, ValueBins, Values

__all__ = ["error_quantiles_plot", "predicted_vs_actual_plot", "residuals_plot"]

_MOST_ROWS = 1000  # of a sample: beyond it dots only cover each other


def residuals_plot(residuals: Residuals) -> Spec:
    """Return residuals by prediction: a sample of rows as dots, the mean of all rows by bin with its interval.

    Args:
        residuals: the sample and the bins.

    Raises:
        InvalidArgument: for uneven columns or no rows.
    """
    sample = _sample(residuals.predicted, residuals.residual)
    key = _key(sample, residuals.n, residuals.bins)
    x = Axis(title=(_of("Predicted", residuals.target), key), precise=".4~g")
    y = Axis(title="Residual: actual minus predicted", precise=".4~g")
    layers: list[dict[str, Any]] = [_dots(x, y), _zero()]
    datasets = {"sample": sample}
    if residuals.bins is not None:
        datasets["bins"] = _bin_rows(residuals.bins)
        layers += _means(residuals.bins, x, y)
    description = f"Residuals by prediction, {len(sample):,} rows of {max(residuals.n, len(sample)):,}."
    return chart("residuals_plot", title="Residuals", description=description, datasets=datasets, layer=layers)


def predicted_vs_actual_plot(values: PredictedActual) -> Spec:
    """Return actual by predicted value with the line of equality: the calibration of a regression.

    Args:
        values: a sample of rows, and means by bin over all rows.

    Raises:
        InvalidArgument: for uneven columns or no rows.
    """
    sample = _sample(values.predicted, values.actual)
    ends = _common_ends(sample)
    key = _key(sample, values.n, values.bins)
    x = Axis(title=(_of("Predicted", values.target), key), domain=ends, precise=".4~g")
    y = Axis(title=_of("Actual", values.target), domain=ends, precise=".4~g")
    layers: list[dict[str, Any]] = [_dots(x, y), reference_line(ends, ends)]
    datasets = {"sample": sample}
    if values.bins is not None:
        datasets["bins"] = _bin_rows(values.bins)
        layers += _means(values.bins, x, y)
    description = f"Actual by predicted value, {len(sample):,} rows of {max(values.n, len(sample)):,}."
    return chart(
        "predicted_vs_actual_plot", title="Predicted and actual", description=description, datasets=datasets,
        layer=layers, shape="square",
    )  # fmt: skip


def error_quantiles_plot(quantiles: ErrorQuantiles) -> Spec:
    """Return the quantiles of the absolute error: what share of rows stays within what error.

    Args:
        quantiles: at least one point.

    Raises:
        InvalidArgument: for uneven columns or no points.
    """
    line = tidy("absolute error", quantiles.quantile, quantiles.abs_error, quantiles.low, quantiles.high)
    x = share_axis("Share of rows")
    y = Axis(title=_of("Absolute error not exceeded", quantiles.target), precise=".4~g", zero=True)
    rows, layers = curve_layers([line], x=x, y=y)
    half, most = (float(np.interp(q, line.x, line.y)) for q in (0.5, 0.9))
    words = [f"half of the rows within {half:.4g}", f"nine tenths within {most:.4g}", band_note(quantiles.low)]
    layers.append(note(words, x=0, y=0, align="left", up=False))
    description = f"Quantiles of the absolute error: half of the rows within {half:.4g}, nine tenths within {most:.4g}."
    return chart(
        "error_quantiles_plot",
        title="Error quantiles",
        description=description,
        datasets={"curves": rows},
        layer=layers,
    )


def _of(word: str, target: str) -> str:
    return f"{word}: {label_text(target)}" if target else word


def _sample(x: Values, y: Values) -> list[dict[str, Any]]:
    xs = column(x, "predicted")
    ys = column(y, "the vertical values", length=len(xs))
    finite = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[finite], ys[finite]
    if not len(xs):
        raise InvalidArgument("There is no row with both values, so there is nothing to draw.")
    if len(xs) > _MOST_ROWS:  # evenly through the sample's order: it is a sample already
        kept = np.linspace(0, len(xs) - 1, _MOST_ROWS).round().astype(np.intp)
        xs, ys = xs[kept], ys[kept]
    return rows_of({"x": xs, "y": ys})


def _bin_rows(bins: ValueBins) -> list[dict[str, Any]]:
    center = column(bins.center, "center")
    columns: dict[str, NDArray[np.float64]] = {"x": center, "y": column(bins.mean, "mean", length=len(center))}
    for name in ("low", "high", "n"):
        values = getattr(bins, name)
        if values is not None:
            columns[name] = column(values, name, length=len(center))
    return rows_of(columns)


def _dots(x: Axis, y: Axis) -> dict[str, Any]:
    encoding = {
        "x": x.encoding("x"),
        "y": y.encoding("y"),
        "tooltip": [quantity("x", x.name, x.precise), quantity("y", y.name, y.precise)],
    }
    mark = {"type": "point", "style": "sample", "filled": True, "size": 14}
    return {"data": {"name": "sample"}, "mark": mark, "encoding": encoding}


def _zero() -> dict[str, Any]:
    mark = {"type": "rule", "style": "zero", "tooltip": None}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {"y": {"datum": 0, "type": "quantitative"}}}


def _means(bins: ValueBins, x: Axis, y: Axis) -> list[dict[str, Any]]:
    data = {"name": "bins"}
    position = {"x": x.encoding("x"), "y": y.encoding("y")}
    tooltip = [quantity("x", f"{x.name}, mean", x.precise), quantity("y", f"{y.name}, mean", y.precise)]
    layers: list[dict[str, Any]] = []
    if bins.low is not None and bins.high is not None:
        bar = {**position, "y": {**position["y"], "field": "low"}, "y2": {"field": "high"}}
        layers.append({"data": data, "mark": {"type": "rule", "style": "interval", "tooltip": None}, "encoding": bar})
        tooltip += [quantity("low", "Interval from", y.precise), quantity("high", "Interval to", y.precise)]
    if bins.n is not None:
        tooltip.append(quantity("n", "Rows", ",~g"))
    mark = {"type": "point", "style": "dot", "filled": True, "size": 64}
    layers.append({"data": data, "mark": mark, "encoding": {**position, "tooltip": tooltip}})
    return layers


def _key(sample: list[dict[str, Any]], n: int, bins: ValueBins | None) -> str:
    """Return what the dots are."""
    rows = f"{len(sample):,} rows" if n <= len(sample) else f"a sample of {len(sample):,} of {n:,} rows"
    if bins is None:
        return f"dots: {rows}"
    return f"small dots: {rows} · large: mean by bin{', 95% interval' if bins.low is not None else ''}"


def _common_ends(sample: list[dict[str, Any]]) -> tuple[float, float]:
    values = [row[axis] for row in sample for axis in ("x", "y")]
    low, high = min(values), max(values)
    margin = (high - low) * 0.04 or 1.0
    return (low - margin, high + margin)
