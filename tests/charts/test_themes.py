"""Both themes say everything, and can be read."""

from __future__ import annotations

from typing import Any, cast

import pytest

from steelyard.charts import config
from steelyard.errors import InvalidArgument


def keys(value: Any, place: str = "") -> set[str]:
    if not isinstance(value, dict):
        return {place}
    return {key for name, child in value.items() for key in keys(child, f"{place}.{name}")}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_themes_differ_in_colours_and_in_nothing_else() -> None:
    light, dark = config("light"), config("dark")
    assert keys(light) == keys(dark)
    assert light != dark
    assert light["style"]["band"]["fillOpacity"] == dark["style"]["band"]["fillOpacity"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_and_lines_can_be_seen(theme: Any) -> None:
    looks = config(theme)
    paper = looks["background"]
    for text in (looks["axis"]["labelColor"], looks["axis"]["titleColor"], looks["style"]["note"]["color"]):
        assert contrast(text, paper) >= 4.5
    for line in looks["range"]["category"]:
        assert contrast(line, paper) >= 3


def test_ten_series_have_ten_colours() -> None:
    for theme in ("light", "dark"):
        assert len(set(config(theme)["range"]["category"])) == 10


def test_a_configuration_can_be_changed_without_changing_the_next() -> None:
    config("light")["axis"]["gridColor"] = "#123456"
    assert config("light")["axis"]["gridColor"] != "#123456"


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="sepia"):
        config(cast("Any", "sepia"))
