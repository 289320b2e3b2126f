"""The charts' looks: one Vega configuration a theme, from the same tokens as the pages' stylesheet.

Specifications name no colour. They name styles (``band``, ``reference``, ``mistake`` …) and series by order, and this
configuration says how those look, so a page changes the theme by replacing ``spec["config"]`` and nothing else.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from steelyard.errors import InvalidArgument

__all__ = ["Theme", "config", "themed"]

Theme = Literal["light", "dark"]

# The stylesheet's tokens by theme (light, dark); tests hold the two equal where the stylesheet is at hand.
_TOKENS: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#14181c"),
    "ground": ("#f5f6f7", "#0e1114"),
    "ink": ("#14181d", "#e9ecef"),
    "ink-2": ("#414a54", "#b9c1c9"),
    "ink-3": ("#5b646e", "#98a2ac"),
    "rule": ("#dfe3e7", "#282e35"),
    "edge": ("#7d8791", "#6f7a85"),
    "accent": ("#1b56a5", "#86b6f6"),
    "worse": ("#8d1e00", "#f78067"),
}
# Ten series: the accent first. All are at least 3:1 against the paper; dashes and labels tell them apart in grey.
_SERIES: dict[str, tuple[str, ...]] = {
    "light": (
        "#1b56a5", "#b4520a", "#00705e", "#8d1e6b", "#8e6200", "#0a7aa3", "#5b3fa8", "#a3212d", "#4f7a1f", "#5b646e",
    ),
    "dark": (
        "#86b6f6", "#f3a05f", "#5ad8cc", "#e89ad0", "#f1d052", "#6fd0f0", "#b9a6f5", "#f78067", "#b3d67a", "#98a2ac",
    ),
}  # fmt: skip
_SANS = '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif'


def config(theme: Theme = "light") -> dict[str, Any]:
    """Return the Vega-Lite configuration of a theme.

    Args:
        theme: ``light`` or ``dark``.

    Raises:
        InvalidArgument: for another theme.

    Examples:
        >>> config("dark")["background"]
        '#14181c'
    """
    if theme not in ("light", "dark"):
        raise InvalidArgument(f"theme={theme!r}: there are two themes, 'light' and 'dark'.")
    token = {name: pair[theme == "dark"] for name, pair in _TOKENS.items()}
    text = {"font": _SANS, "fontSize": 11}
    solid = {"fillOpacity": 1, "opacity": 1}
    return {
        "background": token["paper"],
        "font": _SANS,
        "padding": 8,
        "view": {"stroke": None},
        "axis": _axis(token),
        "axisX": {"titlePadding": 8},
        # The vertical axis is named above it, in reading direction.
        "axisY": {
            "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleBaseline": "bottom", "titleX": 0,
            "titleY": -9,
        },
        "legend": {
            "title": None, "orient": "bottom", "direction": "vertical", "columns": 2, "columnPadding": 24,
            "rowPadding": 3, "labelFont": _SANS, "labelFontSize": 11, "labelColor": token["ink-2"], "labelLimit": 240,
            "symbolType": "stroke", "symbolSize": 260, "symbolStrokeWidth": 1.75, "offset": 8,
        },
        "range": {"category": list(_SERIES[theme])},
        # Vega-Lite takes a style's ``color`` for what a mark is filled or drawn with. ``cell`` is a name of its own.
        "style": {
            "curve": {"color": token["accent"], "strokeWidth": 1.75},
            "band": {"color": token["accent"], "fillOpacity": 0.18},
            "interval": {"color": token["accent"], "strokeWidth": 2},
            "dot": {**solid, "color": token["accent"], "stroke": token["paper"], "strokeWidth": 1},
            "small": {**solid, "color": token["paper"], "stroke": token["accent"], "strokeWidth": 2},
            "sample": {"color": token["ink-3"], "opacity": 0.32, "strokeWidth": 0},
            "reference": {"color": token["edge"], "strokeDash": [3, 3], "strokeWidth": 1},
            "zero": {"color": token["edge"], "strokeWidth": 1},
            "ground": {"color": token["ground"]},
            "hit": {"color": token["accent"], "fillOpacity": 0.3},
            "mistake": {"color": token["worse"], "fillOpacity": 0.4},
            "note": {**text, "color": token["ink-3"]},
            "label": {**text, "color": token["ink-2"]},
            "number": {**text, "color": token["ink"], "fontSize": 12},
        },
    }  # fmt: skip


def _axis(token: dict[str, str]) -> dict[str, Any]:
    return {
        "labelFont": _SANS, "labelFontSize": 11, "labelColor": token["ink-3"], "labelPadding": 5, "labelLimit": 180,
        "titleFont": _SANS, "titleFontSize": 11, "titleFontWeight": "normal", "titleColor": token["ink-2"],
        "titleLineHeight": 15, "titleLimit": 600, "grid": True, "gridColor": token["rule"], "gridWidth": 1,
        "domainColor": token["edge"],
        "ticks": False,
    }  # fmt: skip


def themed(spec: dict[str, Any], theme: Theme = "light") -> dict[str, Any]:
    """Return one of our specifications in a theme; a specification made elsewhere keeps its own looks."""
    ours = "steelyard" in cast("dict[str, Any]", spec.get("usermeta") or {})
    return {**spec, "config": config(theme)} if ours else spec
