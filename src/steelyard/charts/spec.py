"""The envelope of a specification: its frame, its numbers, its bytes, and what it may not hold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from steelyard.charts.theme import config
from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.charts.curves import Values
    from steelyard.records import Estimate

__all__ = ["SCHEMA", "Spec", "chart_json", "check_spec"]

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The one address in a specification. It names the format; nothing is ever loaded from it."""

_SIGNIFICANT = 6  # digits: far below a pixel, and a third of the bytes
_LONGEST_LABEL = 80
_SIZES: dict[str, tuple[int, int]] = {"square": (360, 360), "wide": (540, 320)}
# Keys by which a specification would load something, or send the reader somewhere.
_FORBIDDEN = {
    "url": "loads data or an image",
    "href": "is a link",
    "image": "loads an image",
    "embedOptions": "changes how the page shows it",
}


def chart(
    name: str,
    *,
    title: str,
    description: str,
    datasets: Mapping[str, list[dict[str, Any]]],
    layer: list[dict[str, Any]],
    shape: Literal["square", "wide"] = "wide",
    height: int | None = None,
) -> Spec:
    """Return a layered specification: as wide as its place on a page, of a fixed size in a PNG.

    Args:
        name: the artifact's name, such as ``roc_curve_plot``.
        title: what a page writes above it; the chart itself has no title.
        description: a sentence or two for people who do not see the chart.
        datasets: rows by name, with fixed field names.
        layer: the layers, from back to front.
        shape: ``square`` when both axes have one unit.
        height: of the plot, in pixels, if its content decides it.
    """
    width, usual = _SIZES[shape]
    size = [width, height or usual]
    return {
        "$schema": SCHEMA,
        "description": description,
        "usermeta": {"steelyard": {"name": name, "title": title, "shape": shape, "size": size}},
        "width": "container",
        "height": size[1],
        "config": config("light"),
        "datasets": dict(datasets),
        "layer": layer,
    }


def column(values: Values, name: str, *, length: int | None = None) -> NDArray[np.float64]:
    """Return one sequence of a record as floats.

    Raises:
        InvalidArgument: if it is not one-dimensional and numeric, or not as long as the others.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{name} must be numbers: {error}") from error
    if array.ndim != 1:
        raise InvalidArgument(f"{name} must have one dimension; it has {array.ndim}.")
    if length is not None and len(array) != length:
        raise InvalidArgument(f"{name} has {len(array)} values where the curve has {length} points.")
    return array


def rows_of(columns: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """Return columns of equal length as rows; numbers become plain ones, NaN and infinities None."""
    names = list(columns)
    cleaned = [[number(v) if not isinstance(v, str) else v for v in column] for column in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*cleaned, strict=True)]


def number(value: Any) -> float | int | None:
    """Return a number as it stands in a specification: six significant digits, None if it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{float(value):.{_SIGNIFICANT}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def label_text(label: object) -> str:
    """Return a label fit to be drawn: on one line, without control characters, cut when it is very long."""
    text = "".join(c if c.isprintable() else " " for c in str(label)).strip()
    return (text[: _LONGEST_LABEL - 1] + "…" if len(text) > _LONGEST_LABEL else text) or "(empty)"


def distinct_labels(labels: Iterable[object]) -> list[str]:
    """Return labels fit to be drawn, all different: those that look alike are numbered.

    Examples:
        >>> distinct_labels(["a", "b", "a", ""])
        ['a', 'b', 'a (2)', '(empty)']
    """
    seen: set[str] = set()
    shown: list[str] = []
    for label in labels:
        text = candidate = label_text(label)
        again = 2
        while candidate in seen:
            candidate, again = f"{text} ({again})", again + 1
        seen.add(candidate)
        shown.append(candidate)
    return shown


def reading(estimate: Estimate | None) -> str:
    """Return a value with its interval as charts write it, such as ``0.985 [0.980, 0.989]``; empty without a value."""
    if estimate is None or estimate.value is None:
        return ""
    interval = "" if estimate.low is None or estimate.high is None else f" [{estimate.low:.3f}, {estimate.high:.3f}]"
    return f"{estimate.value:.3f}{interval}".replace("-", "−")


def chart_json(spec: Mapping[str, Any]) -> bytes:
    """Return a specification as canonical JSON: sorted keys, no NaN (null), safe inside a script element.

    Args:
        spec: a Vega-Lite specification.

    Raises:
        InvalidArgument: if it holds what JSON cannot.

    Examples:
        >>> chart_json({"b": float("nan"), "a": "</script>"})
        b'{"a":"\\\\u003c/script\\\\u003e","b":null}'
    """
    try:
        text = json.dumps(_finite(spec), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"The chart cannot be written as JSON: {error}") from error
    for character in "<>&":  # only ever inside strings, so an escape keeps the meaning
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in cast("Sequence[Any]", value)]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_spec(spec: Mapping[str, Any]) -> None:
    """Refuse a specification that would load anything or link anywhere: its data must be inside it.

    Args:
        spec: a Vega-Lite specification.

    Raises:
        InvalidArgument: naming the place.

    Examples:
        >>> check_spec({"data": {"url": "https://example.org/cars.json"}, "mark": "bar"})
        Traceback (most recent call last):
        ...
        steelyard.errors.InvalidArgument: The chart may not hold data.url: it loads data or an image. ...
    """
    schema = spec.get("$schema")
    if schema is not None and "/vega-lite/" not in str(schema):
        raise InvalidArgument(f"A chart must be a Vega-Lite specification; its $schema is {str(schema)[:100]!r}.")
    _check(spec, "")


def _check(value: Any, place: str) -> None:
    if isinstance(value, Mapping):
        for key, child in cast("Mapping[Any, Any]", value).items():
            here = f"{place}.{key}" if place else str(key)
            if key in _FORBIDDEN:
                _refuse(here, _FORBIDDEN[key])
            if key in ("mark", "type") and child == "image":
                _refuse(here, "is an image mark, which loads an image")
            _check(child, here)
    elif isinstance(value, list | tuple):
        for i, child in enumerate(cast("Sequence[Any]", value)):
            _check(child, f"{place}[{i}]")


def _refuse(place: str, why: str) -> None:
    raise InvalidArgument(f"The chart may not hold {place[:200]}: it {why}. Put the data inline, under data.values.")
