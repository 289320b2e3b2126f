"""Curves with bands: what every chart of lines over a common pair of axes shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.charts.spec import column, distinct_labels, rows_of
from steelyard.charts.thin import keep_points
from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.charts.curves import Values

__all__ = ["Axis", "Line", "curve_layers", "note", "reference_line", "tidy"]

MOST_LINES = 10
_MOST_POINTS = 400  # of one line
_ALL_POINTS = 1500  # of all lines together
_MOST_BANDS = 3  # more would hide one another: then a band shows when its line is chosen in the legend
_DASHES = [[1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [5, 5], [1, 4], [12, 4], [7, 2, 2, 2, 2, 2], [4, 2], [3, 6]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis: its title in plain words (or lines of them), its ends and ticks if fixed, its number formats."""

    title: str | tuple[str, ...]
    domain: tuple[float, float] | None = None
    ticks: tuple[float, ...] | None = None
    format: str = ""
    precise: str = ".3f"
    zero: bool = False

    @property
    def words(self) -> str | list[str]:
        return self.title if isinstance(self.title, str) else list(self.title)

    @property
    def name(self) -> str:
        """The title without its second line, for tooltips."""
        return self.title if isinstance(self.title, str) else self.title[0]

    def encoding(self, field_name: str) -> dict[str, Any]:
        scale: dict[str, Any] = {"nice": self.domain is None, "zero": self.zero}
        if self.domain:
            scale["domain"] = list(self.domain)
        axis: dict[str, Any] = {"tickCount": 6}
        if self.format:
            axis["format"] = self.format
        if self.ticks:
            axis["values"] = list(self.ticks)
        return {"field": field_name, "type": "quantitative", "title": self.words, "scale": scale, "axis": axis}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve: ``legend`` is what the legend writes, ``extra`` holds columns for the tooltip."""

    legend: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    extra: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def tidy(legend: str, x: Values, y: Values, low: Values | None, high: Values | None, **extra: Values | None) -> Line:
    """Return a record's sequences as a line, with x ascending.

    Raises:
        InvalidArgument: if they are empty, not numeric, or of different lengths.
    """
    xs = column(x, "x")
    if not len(xs):
        raise InvalidArgument(f"The curve {legend!r} has no points, so there is nothing to draw.")
    if (low is None) != (high is None):
        raise InvalidArgument(f"The curve {legend!r} has one end of its band and not the other: give low and high.")
    rest = {"y": y, "low": low, "high": high, **extra}
    columns = {name: column(v, name, length=len(xs)) for name, v in rest.items() if v is not None}
    if len(xs) > 1 and xs[0] > xs[-1]:
        xs, columns = xs[::-1], {name: v[::-1] for name, v in columns.items()}
    return Line(
        legend=legend, x=xs, y=columns.pop("y"), low=columns.pop("low", None), high=columns.pop("high", None),
        extra=columns,
    )  # fmt: skip


def curve_layers(
    lines: Sequence[Line], *, x: Axis, y: Axis, interpolate: str = "linear", tooltip: Mapping[str, str] | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows and the layers of some curves with their bands, a legend if there are several, and tooltips.

    Args:
        lines: 1 to 10 curves.
        x, y: the axes.
        interpolate: how points are joined, as Vega-Lite says it.
        tooltip: title by name of the ``extra`` columns.

    Raises:
        InvalidArgument: for no curve, or more than ten.
    """
    if not 0 < len(lines) <= MOST_LINES:
        raise InvalidArgument(f"A chart of curves shows 1 to {MOST_LINES} of them; {len(lines)} were given.")
    names = distinct_labels(line.legend for line in lines)
    limit = min(_MOST_POINTS, _ALL_POINTS // len(lines))
    several = len(lines) > 1
    rows: list[dict[str, Any]] = []
    for name, line in zip(names, lines, strict=True):
        rows += _rows(name if several else None, line, limit)
    position = {"x": x.encoding("x"), "y": y.encoding("y")}
    layers: list[dict[str, Any]] = []
    if any(line.low is not None for line in lines):
        layers.append(_band(position, names, interpolate, several=several))
    layers.append(_line(position, names, interpolate, several=several))
    layers.append(_hover(position, names, x, y, tooltip or {}, several=several))
    return rows, layers


def _rows(name: str | None, line: Line, limit: int) -> list[dict[str, Any]]:
    kept = keep_points(line.x, line.y, limit)
    columns: dict[str, Any] = {"x": line.x[kept], "y": line.y[kept]}
    if name is not None:
        columns["series"] = [name] * len(kept)
    if line.low is not None and line.high is not None:
        columns |= {"low": line.low[kept], "high": line.high[kept]}
    return rows_of(columns | {key: values[kept] for key, values in line.extra.items()})


def series_scale(names: Sequence[str], channel: str) -> dict[str, Any]:
    """Return the encoding of ``series`` by colour or by dash; the two make one legend."""
    scale: dict[str, Any] = {"domain": list(names)}
    if channel == "strokeDash":
        scale["range"] = _DASHES[: len(names)]
    return {"field": "series", "type": "nominal", "scale": scale, "sort": None, "title": None}


def _band(position: dict[str, Any], names: Sequence[str], interpolate: str, *, several: bool) -> dict[str, Any]:
    encoding = {
        "x": position["x"],
        "y": {**position["y"], "field": "low"},
        "y2": {"field": "high"},
    }
    if several:
        encoding |= {"color": series_scale(names, "color"), "detail": {"field": "series", "type": "nominal"}}
        shown = {"param": "chosen", "empty": len(names) <= _MOST_BANDS, "value": 0.16}
        encoding["fillOpacity"] = {"condition": shown, "value": 0}
    mark = {"type": "area", "style": "band", "interpolate": interpolate, "order": None, "tooltip": None}
    return {"data": {"name": "curves"}, "mark": mark, "encoding": encoding}


def _line(position: dict[str, Any], names: Sequence[str], interpolate: str, *, several: bool) -> dict[str, Any]:
    encoding = dict(position)
    layer: dict[str, Any] = {
        "data": {"name": "curves"},
        "mark": {"type": "line", "style": "curve", "interpolate": interpolate, "order": None, "tooltip": None},
        "encoding": encoding,
    }
    if several:
        encoding |= {channel: series_scale(names, channel) for channel in ("color", "strokeDash")}
        encoding["opacity"] = {"condition": {"param": "chosen", "value": 1}, "value": 0.15}
        layer["params"] = [{"name": "chosen", "select": {"type": "point", "fields": ["series"]}, "bind": "legend"}]
    return layer


def _hover(
    position: dict[str, Any], names: Sequence[str], x: Axis, y: Axis, extra: Mapping[str, str], *, several: bool
) -> dict[str, Any]:
    """Return a layer of points that appear, with their numbers, under the pointer."""
    tooltip = [{"field": "series", "type": "nominal", "title": "Curve"}] if several else []
    tooltip += [quantity("x", x.name, x.precise), quantity("y", y.name, y.precise)]
    tooltip += [quantity("low", "Interval from", y.precise), quantity("high", "Interval to", y.precise)]
    tooltip += [quantity(key, title, "~g" if key == "n" else ".4~g") for key, title in extra.items()]
    encoding = {
        **position,
        "opacity": {"condition": {"param": "hover", "empty": False, "value": 1}, "value": 0},
        "tooltip": tooltip,
    }
    if several:
        encoding["color"] = series_scale(names, "color")
    select = {"type": "point", "on": "pointerover", "clear": "pointerout", "nearest": True}
    return {
        "data": {"name": "curves"},
        "params": [{"name": "hover", "select": select}],
        "mark": {"type": "point", "style": ["dot", "hover"], "filled": True, "size": 60},
        "encoding": encoding,
    }


def quantity(field_name: str, title: str, precise: str = ".3f") -> dict[str, Any]:
    """Return one line of a tooltip."""
    return {"field": field_name, "type": "quantitative", "title": title, "format": precise}


def reference_line(x: tuple[float, float], y: tuple[float, float]) -> dict[str, Any]:
    """Return a dashed line between two points of the plot."""
    values = rows_of({"x": x, "y": y})
    encoding = {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}}
    mark = {"type": "line", "style": "reference", "tooltip": None}
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def note(
    lines: Sequence[str], *, x: float | str, y: float | str, align: str = "right", up: bool = True
) -> dict[str, Any]:
    """Return a few words inside the plot, in pixels from its top left corner or at ``width`` and ``height``.

    Lines that are empty are left out. ``up`` stacks them upward from ``y``.
    """
    text = [line for line in lines if line]
    dx = {"right": -10, "left": 10, "center": 0}[align]
    dy = -10 - 15 * (len(text) - 1) if up else 10
    mark = {
        "type": "text", "style": "note", "text": text, "align": align, "baseline": "bottom" if up else "top",
        "dx": dx, "dy": dy, "lineHeight": 15, "tooltip": None,
    }  # fmt: skip
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {"x": {"value": x}, "y": {"value": y}}}
