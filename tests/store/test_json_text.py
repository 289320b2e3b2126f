"""Any value comes back from its JSON text as it was, and any text is one that both databases keep."""

from __future__ import annotations

import datetime
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.store.sql.json_text import from_json, from_text, to_json, to_text

TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)  # NUL and halves of surrogate pairs among them
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def alike(a: Any, b: Any) -> bool:
    """Equal to the sign of zero and the type, a NaN being like any NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    return a == b


@given(VALUES)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    text = to_json(value, "value")
    assert alike(from_json(text), value)
    if text is not None:
        assert "\x00" not in text
        assert "\\u0000" not in text.replace("\\\\", ""), "PostgreSQL refuses this where it looks into JSON"
        text.encode()
        msgspec.json.decode(text)


@given(TEXTS)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    kept = to_text(text)
    assert from_text(kept) == text
    assert "\x00" not in kept
    kept.encode()


@pytest.mark.parametrize("value", [{"$steelyard": "[1]"}, {"$steelyard": 1, "b": 2}, "\ue000json:[]"])
def test_what_looks_like_the_wrapping_comes_back_too(value: Any) -> None:
    assert from_json(to_json(value, "value")) == value
    assert not isinstance(value, str) or from_text(to_text(value)) == value


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.array([1, 2]), [1, 2]),
        ((1, 2), [1, 2]),
        ({1: "a"}, {"1": "a"}),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ({"when": datetime.date(2026, 1, 2), "none": None}, {"when": "2026-01-02", "none": None}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_an_obvious_form_in_json_takes_it(value: Any, json: Any) -> None:
    assert from_json(to_json(value, "value")) == json


def test_a_numpy_nan_stays_one() -> None:
    assert math.isnan(from_json(to_json(np.float64("nan"), "value")))
    assert math.isnan(from_json(to_json([np.float32("nan")], "value"))[0])


def test_what_is_no_json_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match=r"The output of row 3 cannot be kept as JSON .*object"):
        to_json({"a": object()}, "output of row 3")
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidArgument, match="nested too deep, or holds itself"):
        to_json(endless, "output")
