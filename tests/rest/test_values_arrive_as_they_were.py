"""A value that travels is the value that a store at hand would have kept."""

from __future__ import annotations

import datetime
import enum
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.records import (
    AssessmentSource,
    Expectation,
    Feedback,
    LedgerEntry,
    Page,
    Prediction,
    Span,
    Store,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
    Verdict,
)
from steelyard.records.overview import TraceWindow
from steelyard.store.remote import values
from steelyard.store.remote.shapes import shape_of

TEXTS = st.text(alphabet=st.characters(exclude_categories=[]), max_size=8)  # surrogates and NUL too
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))
BIG = st.integers(min_value=-(2**200), max_value=2**200)


def same(a: Any, b: Any) -> bool:
    """Equal, with NaN equal to itself, 1 unlike 1.0 and True, and -0.0 unlike 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return a == b


@given(VALUES | BIG | st.lists(BIG))
def test_any_value_survives_both_forms(value: Any) -> None:
    assert same(values.from_msgpack(values.to_msgpack(value, "value")), value)
    assert same(values.from_json(values.to_json(value)), value)


@given(VALUES)
def test_records_survive_both_forms(value: Any) -> None:
    trace_id = "tr-" + "0" * 32
    span = Span(
        trace_id=trace_id, span_id="1" * 16, parent_id=None, name="\ud800", start_time_ns=2**62, inputs=value,
        attributes={"a": value}, usage=Usage(input_tokens=3, cost=0.1),
    )  # fmt: skip
    said = (
        Feedback("f", value=str(value), source=AssessmentSource("HUMAN", "ann"), rationale="\x00"),
        Expectation("e", 1, metadata={"m": 2}),
    )
    trace = Trace(TraceInfo(trace_id=trace_id, assessments=said, tags={"t": "1"}), TraceData((span,)))
    entry = LedgerEntry(prediction=Prediction(row=1, output="x"), trace=trace, verdicts=(Verdict(row=1, scorer=0),))
    page = Page((trace.info,), "next")
    for hint, record in ((LedgerEntry, entry), (Page[TraceInfo], page)):
        shape = shape_of(hint)
        for again in (
            values.from_msgpack(values.to_msgpack(shape.plain(record), "record")),
            values.from_json(values.to_json(shape.plain(record))),
        ):
            assert repr(shape.record(again)) == repr(record)  # a NaN is not equal to itself, but reads the same


def test_keys_that_are_numbers_survive_both_forms() -> None:
    window = TraceWindow(start_ms=0, end_ms=1, durations={0.5: 12.0, 0.99: 80.5})
    shape = shape_of(tuple[TraceWindow, ...])
    assert shape.record(values.from_msgpack(values.to_msgpack(shape.plain((window,)), "x"))) == (window,)
    assert shape.record(values.from_json(values.to_json(shape.plain((window,))))) == (window,)


class Colour(enum.Enum):
    RED = "red"


ODD = {
    "date": datetime.datetime(2024, 5, 6, 7, 8, 9, 123, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    "day": datetime.date(2024, 5, 6),
    "bytes": b"\x00\xff",
    "tuple": (1, (2,)),
    "set": {3},
    "enum": Colour.RED,
    "array": np.arange(3),
    "number": np.float32(0.5),
    "keys": {1: "one", 2.5: "two"},
    "record": Usage(input_tokens=1),
    "big": {"n": 2**70, "t": "\ud800", "\ud801": [-(2**90)]},
    "infinite": [float("inf"), -float("inf")],
}


@pytest.mark.parametrize("name", ODD)
def test_what_has_a_form_in_json_is_kept_as_by_a_store_at_hand(store: Store, behind: Store, name: str) -> None:
    kept = []
    for n, where in enumerate((store, behind)):
        trace_id = f"tr-{n:032x}"
        span = Span(trace_id=trace_id, span_id="1" * 16, parent_id=None, name="s", start_time_ns=1, inputs=ODD[name])
        where.traces.put([Trace(TraceInfo(trace_id=trace_id), TraceData((span,)))])
        kept.append(behind.traces.get(trace_id).inputs)
        assert same(store.traces.get(trace_id).inputs, kept[-1])
    assert same(kept[0], kept[1])


def loop() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize("value", [object(), loop(), {"a": print}], ids=["object", "loop", "function"])
def test_what_has_no_form_in_json_is_refused_as_by_a_store_at_hand(store: Store, behind: Store, value: Any) -> None:
    trace_id = "tr-" + "0" * 32
    span = Span(trace_id=trace_id, span_id="1" * 16, parent_id=None, name="s", start_time_ns=1, inputs=value)
    for where in (store, behind):
        with pytest.raises(InvalidArgument, match=r"cannot be kept as JSON|nested too deep"):
            where.traces.put([Trace(TraceInfo(trace_id=trace_id), TraceData((span,)))])
