"""Any value becomes JSON at the moment of the call: nothing raises, nothing runs away, no secret is kept."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
from collections import OrderedDict, deque
from typing import Any

import numpy as np
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.tracing import json_value, trace
from steelyard.tracing.snapshot import LARGEST, snapshot, snapshot_arguments


class Colour(enum.Enum):
    RED = "red"


class Model(pydantic.BaseModel):
    a: int = 1
    hidden: pydantic.SecretStr = pydantic.SecretStr("hidden")


@dataclasses.dataclass
class Point:
    x: float
    y: object = None


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("no attributes")


class HostileMapping(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("no items")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (Point(1.5, Colour.RED), {"x": 1.5, "y": "red"}),
        (Model(), {"a": 1, "hidden": "**********"}),
        (np.float32(0.5), 0.5),
        (np.arange(3), [0, 1, 2]),
        (b"ab", "YWI="),
        ({3}, [3]),
        (float("nan"), None),
        (float("-inf"), None),
        (2**70, 2**70),
        (ValueError("bad"), {"type": "ValueError", "message": "bad"}),
        (OrderedDict(a=deque([1])), {"a": [1]}),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        ("\ud800", "?"),
        (int, "builtins.int"),
        (Hostile(), "<Hostile>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_become_json(value: object, expected: object) -> None:
    assert json_value(value) == expected


def test_a_value_is_written_down_when_it_is_given(traces: Any) -> None:
    @trace
    def grow(items: list[int]) -> list[int]:
        items.append(2)
        return items

    given_items = [1]
    given_items = grow(given_items)
    given_items.append(3)
    assert (traces.only.inputs, traces.only.outputs) == ({"items": [1]}, [1, 2])


def test_circles_and_depths_are_cut() -> None:
    circle: list[object] = []
    circle.append(circle)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (circle, deep, {"a": circle}):
        assert len(snapshot(value)) < 1000
        json.loads(snapshot(value))


def test_what_is_too_large_is_cut_and_says_so() -> None:
    text = snapshot({"long": "x" * (LARGEST + 1), "short": "y"})
    assert len(text) < 20_000
    assert json.loads(text)["short"] == "y"
    assert f"({LARGEST + 1} characters)" in text


def test_secrets_are_left_out_of_what_is_kept() -> None:
    headers = {"Authorization": "Bearer abc", "X-API-Key": "k", "Accept": "json"}
    found = json.loads(snapshot_arguments({"token": "t", "password": "p", "n_tokens": 3, "headers": headers}))
    assert found == {
        "token": "[redacted]",
        "password": "[redacted]",
        "n_tokens": 3,
        "headers": {"Authorization": "[redacted]", "X-API-Key": "[redacted]", "Accept": "json"},
    }
    usage = {"prompt_tokens": 3, "token": "steel", "api_key": None}
    assert json.loads(snapshot(usage)) == usage


def test_objects_that_resist_do_not_break_the_call(traces: Any) -> None:
    @trace
    def f(first: object, second: object) -> object:
        return first

    hostile = Hostile()
    assert f(hostile, HostileMapping(a=1)) is hostile
    assert traces.only.inputs["first"] == "<Hostile>"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
_odd = st.recursive(
    st.one_of(
        _json,
        st.binary(),
        st.complex_numbers(),
        st.datetimes(),
        st.decimals(),
        st.text(st.characters(categories=["Cs"])),
        st.builds(HostileMapping, a=st.integers()),
        st.sampled_from([Colour.RED, Model(), object, len, ..., range(3)]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.integers() | st.none() | st.tuples(st.integers()), inner, max_size=4),
        inner.map(Point),
        st.frozensets(st.integers() | st.text(), max_size=3),
    ),
    max_leaves=12,
)


@given(_odd, st.booleans())
def test_no_value_is_refused(value: object, with_a_hostile_one: bool) -> None:
    value = [value, Hostile()] if with_a_hostile_one else value
    json.loads(snapshot(value))
    json.loads(snapshot_arguments({"value": value}))


def _without_secrets(value: Any) -> bool:
    text = json.dumps(value).lower()
    return not any(word in text for word in ("key", "pass", "secret", "token", "auth"))


@given(_json.filter(_without_secrets))
def test_json_stays_what_it_is(value: Any) -> None:
    written = json_value(value)
    # A lone half of a surrogate pair is no text that JSON could carry.
    clean = json.dumps(value, ensure_ascii=False).encode(errors="replace").decode()
    assert written == json.loads(clean)
