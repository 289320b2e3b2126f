"""Reading: one sound JSON value or nothing; schemas judged as pydantic, which reads them for a living, judges."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from steelyard.errors import InvalidArgument
from steelyard.llm import check, check_schema
from steelyard.llm.reading import read_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=4)
PROSE = st.text(st.characters(exclude_characters='{}[]"`', exclude_categories=["Cs"]), max_size=40)


@given(JSON)
def test_json_is_read_as_it_is(value: Any) -> None:
    assert read_json(json.dumps(value)) == value


@given(OBJECTS, PROSE, PROSE, st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```", "\ufeff{}"]))
def test_words_and_fences_around_an_object_are_let_pass(value: Any, before: str, after: str, form: str) -> None:
    wrapped = form.replace("{}", json.dumps(value))
    assert read_json(wrapped) == value
    if form != "\ufeff{}":
        assert read_json(f"{before}\n{wrapped}\n{after}") == value


@given(OBJECTS, OBJECTS, PROSE)
def test_two_different_objects_are_none(one: Any, other: Any, between: str) -> None:
    text = f"{json.dumps(one)} {between} {json.dumps(other)}"
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert read_json(text) == one
    else:
        with pytest.raises(ValueError, match="2 different"):
            read_json(text)


@given(OBJECTS.filter(bool), st.data())
def test_an_object_that_is_cut_short_is_none(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    with pytest.raises(ValueError, match=r"cut short|JSON"):
        read_json(cut)


@pytest.mark.parametrize("text", ['[1, {"score": 4}', '[NaN, {"score": 4}]', '[1] {"score": 4}', "NaN"], ids=str)
def test_an_object_in_a_list_that_is_damaged_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"list|object"):
        read_json(text)


def test_a_list_in_a_fence_is_a_list() -> None:
    assert read_json('```json\n[{"a": 1}, {"a": 2}]\n```') == [{"a": 1}, {"a": 2}]


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        read_json(text)
    except ValueError:
        return


class Colour(Enum):
    red = "red"
    green = "green"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    weight: Annotated[float, Field(gt=0, le=10)] | None = None


class Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    score: Annotated[int, Field(ge=1, le=5)]
    label: Literal["yes", "no", "3"]
    colour: Colour = Colour.red
    notes: Annotated[list[str], Field(max_length=2)] = []
    parts: list[Part] = []
    flags: dict[str, bool] = {}
    code: Annotated[str, Field(pattern="^[a-z]+$", min_length=2, max_length=4)] = "ab"


_VALUES = st.sampled_from([0, 1, 3, 5, 6, 2.5, 1e-9, True, False, None, [], {}, [[]], ["a"], ["a", "b", "c"]]) | (
    st.sampled_from(["yes", "no", "3", "1", "red", "x", "ab", "abcde", "AB", {"a": True}, {"a": 1}])
    | st.fixed_dictionaries(
        {}, optional={"name": st.just("n"), "weight": st.sampled_from([0, 3, None]), "more": st.just(1)}
    ).map(lambda part: [part])
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("score", "label", "colour", "notes", "parts", "flags", "code", "surplus"), _VALUES),
    )
)
def test_a_schema_lets_pass_what_pydantic_lets_pass(value: dict[str, Any]) -> None:
    try:
        TypeAdapter(Verdict).validate_json(json.dumps(value), strict=True)
        theirs = True
    except ValidationError:
        theirs = False
    try:
        check(value, Verdict.model_json_schema())
        ours = True
    except ValueError:
        ours = False
    assert ours == theirs


@pytest.mark.parametrize(
    ("value", "schema", "fits"),
    [
        (1, {"enum": [True]}, False),
        (True, {"enum": [1]}, False),
        (1.0, {"const": 1}, True),
        ("1", {"const": 1}, False),
        (True, {"type": "integer"}, False),
        (4.0, {"type": "integer"}, True),
        (float("nan"), {"type": "number"}, False),
        ({"a": 1}, {"type": "object"}, True),
        ({"a": 1}, {"properties": {"b": {}}}, False),
        ({"a": 1}, {"properties": {"b": {}}, "additionalProperties": True}, True),
        ({"a": 1}, {"additionalProperties": {"type": "string"}}, False),
        (["a", 1], {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}, True),
        (["a", 1, 2], {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}, False),
        ([1, 1.0], {"uniqueItems": True}, False),
        (3, {"oneOf": [{"minimum": 1}, {"maximum": 5}]}, False),
        (9, {"oneOf": [{"minimum": 1}, {"maximum": 5}]}, True),
        ({"a": 1, "b": 2}, {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, True),
        (0.3, {"multipleOf": 0.1}, True),
        (None, {"type": ["string", "null"]}, True),
        ({"next": {"next": {}}}, {"properties": {"next": {"$ref": "#"}}}, True),
        ({"next": {"other": {}}}, {"properties": {"next": {"$ref": "#"}}}, False),
    ],
    ids=str,
)
def test_the_finer_points_are_json_schemas(value: Any, schema: dict[str, Any], fits: bool) -> None:
    check_schema(schema)
    if fits:
        check(value, schema)
        return
    with pytest.raises(ValueError, match=r"\w"):
        check(value, schema)


@pytest.mark.parametrize(
    "schema", [{"not": {}}, {"properties": {"a": {"if": {}}}}, {"$defs": {"x": {"contains": {}}}}], ids=str
)
def test_a_rule_that_is_not_known_is_refused_not_overlooked(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="not supported"):
        check_schema(schema)
