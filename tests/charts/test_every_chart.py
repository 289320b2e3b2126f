"""What holds of every chart."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import pytest
import vl_convert

from steelyard.charts import SCHEMA, chart_json, check_spec, config, render_png, render_svg

FIELDS = {
    "series", "x", "y", "low", "high", "threshold", "n", "start", "end", "share", "true", "predicted", "from", "to",
    "rows", "correct", "label", "value", "missing", "small",
}  # fmt: skip


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield key, child
            yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


def test_every_chart_becomes_a_png_of_its_own_size(specs: dict[str, Any]) -> None:
    for name, spec in specs.items():
        png = render_png(chart_json(spec), scale=1.0)
        assert png.startswith(b"\x89PNG\r\n\x1a\n"), name
        width, height = struct.unpack(">II", png[16:24])
        least_width, least_height = spec["usermeta"]["steelyard"]["size"]
        assert least_width < width < least_width + 400, name  # axes, labels and legend come on top
        assert least_height < height < least_height + 250, name


def test_the_scale_multiplies_the_pixels(specs: dict[str, Any]) -> None:
    once, twice = (struct.unpack(">II", render_png(specs["roc"], scale=s)[16:24]) for s in (1.0, 2.0))
    assert twice == pytest.approx([2 * side for side in once], abs=2)


def test_every_chart_compiles_without_a_warning(specs: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    for spec in specs.values():
        vl_convert.vegalite_to_vega(chart_json({**spec, "width": 300}).decode(), show_warnings=True)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_a_bad_specification_does_warn_there(capfd: pytest.CaptureFixture[str]) -> None:
    bad = {"$schema": SCHEMA, "data": {"values": []}, "mark": "bar", "encoding": {"nowhere": {"field": "a"}}}
    vl_convert.vegalite_to_vega(json.dumps(bad), show_warnings=True)
    printed = capfd.readouterr()
    assert "nowhere" in printed.out + printed.err


def test_every_chart_holds_its_data_and_loads_nothing(specs: dict[str, Any]) -> None:
    for name, spec in specs.items():
        check_spec(spec)
        text = chart_json(spec).decode()
        assert re.findall(r"https?://[^\"]*", text) == [SCHEMA], name
        assert len(text) < 150_000, name


def test_no_chart_holds_an_expression_or_an_unknown_field(specs: dict[str, Any]) -> None:
    for name, spec in specs.items():
        looks = {**spec, "config": {}, "datasets": {}}
        for key, value in walk(looks):
            assert key not in ("expr", "calculate", "labelExpr", "signal"), name
            if key == "field":
                assert value in FIELDS, name
        for rows in spec["datasets"].values():
            assert {key for row in rows for key in row} <= FIELDS, name


def test_no_chart_names_a_colour_outside_its_configuration(specs: dict[str, Any]) -> None:
    for spec in specs.values():
        assert not re.search(r"#[0-9a-f]{3,8}\b|rgb\(", json.dumps({**spec, "config": {}}))
        assert spec["config"] == config("light")


def test_every_chart_tells_those_who_cannot_see_it_what_it_shows(specs: dict[str, Any]) -> None:
    for spec in specs.values():
        assert len(spec["description"]) > 20
        assert spec["usermeta"]["steelyard"]["title"]
        assert spec["width"] == "container"
        assert "title" not in spec


def test_every_axis_is_named_in_words(specs: dict[str, Any]) -> None:
    for name, spec in specs.items():
        titles = [
            channel["title"]
            for layer in spec["layer"]
            for side, channel in layer["encoding"].items()
            if side in ("x", "y") and channel.get("title")
        ]
        assert titles, name
        assert not any("_" in str(title) for title in titles), name


def test_the_same_chart_is_the_same_bytes(specs: dict[str, Any]) -> None:
    spec = specs["roc"]
    again = json.loads(chart_json(spec))
    assert chart_json(again) == chart_json(dict(reversed(again.items()))) == chart_json(spec)


def test_an_svg_shows_the_words_of_the_chart(specs: dict[str, Any]) -> None:
    svg = render_svg(specs["roc"])
    assert svg.startswith("<svg")
    assert "False positive rate" in svg
    assert "benign: 357 rows, others: 212" in svg


def test_the_dark_theme_draws_on_dark_paper(specs: dict[str, Any]) -> None:
    assert config("dark")["background"] in render_svg(specs["roc"], theme="dark")
    assert config("dark")["background"] not in render_svg(specs["roc"])
