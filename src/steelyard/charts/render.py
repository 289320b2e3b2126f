"""From a specification to a picture, offline."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from steelyard.charts.spec import Spec, chart_json, check_spec
from steelyard.charts.theme import Theme, themed
from steelyard.errors import InvalidArgument, MissingDependency

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["render_png", "render_svg"]

_USUAL_SIZE = (540, 320)  # of a chart that leaves its width to the page and names none
_LARGEST_SCALE = 10.0


def render_png(spec: bytes | str | Mapping[str, Any], *, scale: float = 2.0, theme: Theme = "light") -> bytes:
    """Return a chart as a PNG.

    Args:
        spec: a Vega-Lite specification with its data inside, as a dict or as JSON.
        scale: pixels of the picture a pixel of the chart; above 0, at most 10.
        theme: ``light`` or ``dark``; only charts of ours change their looks.

    Raises:
        InvalidArgument: if it is not a specification, loads anything, or does not compile.
        MissingDependency: if vl-convert is not installed.
    """
    if not (math.isfinite(scale) and 0 < scale <= _LARGEST_SCALE):
        raise InvalidArgument(f"scale={scale!r}: give a number above 0 and at most {_LARGEST_SCALE:g}.")
    converter = _converter()
    return cast("bytes", _converted(converter.vegalite_to_png, spec, theme, scale=scale))


def render_svg(spec: bytes | str | Mapping[str, Any], *, theme: Theme = "light") -> str:
    """Return a chart as an SVG document.

    Args:
        spec: a Vega-Lite specification with its data inside, as a dict or as JSON.
        theme: ``light`` or ``dark``; only charts of ours change their looks.

    Raises:
        InvalidArgument: if it is not a specification, loads anything, or does not compile.
        MissingDependency: if vl-convert is not installed.
    """
    return cast("str", _converted(_converter().vegalite_to_svg, spec, theme))


def _converter() -> ModuleType:
    try:
        import vl_convert
    except ImportError as error:
        raise MissingDependency("vl-convert-python", extra="charts", purpose="draw a chart as a picture") from error
    return vl_convert


def _converted(convert: Any, spec: bytes | str | Mapping[str, Any], theme: Theme, **options: Any) -> Any:
    fixed = _of_fixed_size(themed(_parsed(spec), theme))
    try:
        # No address is allowed: even a specification that slips past the check loads nothing.
        return convert(chart_json(fixed).decode(), allowed_base_urls=[], **options)
    except ValueError as error:
        first = str(error).strip().splitlines()[0][:300] if str(error).strip() else "no reason given"
        raise InvalidArgument(f"The chart does not compile as Vega-Lite: {first}") from error


def _parsed(spec: bytes | str | Mapping[str, Any]) -> Spec:
    if isinstance(spec, bytes | str):
        try:
            spec = json.loads(spec)
        except ValueError as error:
            raise InvalidArgument(f"The chart is not JSON: {error}") from error
    if not isinstance(spec, Mapping):
        raise InvalidArgument(f"A chart is a JSON object; this is {type(spec).__name__}.")
    check_spec(spec)
    return dict(spec)


def _of_fixed_size(spec: Spec) -> Spec:
    """Return the specification with a width and height in pixels where it says ``container``."""
    ours = cast("Mapping[str, Any]", (spec.get("usermeta") or {}).get("steelyard") or {})
    size = dict(zip(("width", "height"), ours.get("size") or _USUAL_SIZE, strict=False))
    fixed = {side: pixels for side, pixels in size.items() if spec.get(side) == "container"}
    if "width" in fixed and isinstance(spec.get("height"), int | float) and ours:
        fixed["height"] = size["height"]
    return {**spec, **fixed}
