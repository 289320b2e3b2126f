"""A sample of a stretch of time: the same each time, even over the traces, and with what their spans tell."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.records import Span, SpanStatus, Store, Trace, TraceData, TraceInfo

_numbers = count(1)


def span(trace_id: str, number: int, **what: object) -> Span:
    told = {"parent_id": None, "name": "step", "start_time_ns": number, "end_time_ns": number + 1, **what}
    return Span(trace_id=trace_id, span_id=f"{number:016x}", **told)  # pyrefly: ignore


def bare(at: int, **what: object) -> Trace:
    return Trace(TraceInfo(trace_id=f"tr-{next(_numbers):032x}", request_time=at, **what))  # pyrefly: ignore


def test_a_small_stretch_is_all_in_its_sample_the_oldest_first(store: Store) -> None:
    store.traces.put([bare(at) for at in (3_000, 1_000, 2_000, 9_000)])
    found = store.overview.sample(["0"], start_ms=1_000, end_ms=9_000)
    assert [one.info.request_time for one in found] == [1_000, 2_000, 3_000]


def test_a_sample_is_even_and_the_same_each_time(store: Store) -> None:
    store.traces.put([bare(1_000 * i, state="ERROR" if i % 2 else "OK") for i in range(1_000)])
    found = store.overview.sample(["0"], start_ms=0, end_ms=1_000_000, most=200)
    assert found == store.overview.sample(["0"], start_ms=0, end_ms=1_000_000, most=200)
    assert len(found) == 200
    assert 70 <= sum(one.info.state == "ERROR" for one in found) <= 130
    tenths = np.bincount([one.info.request_time // 100_000 for one in found], minlength=10)
    assert tenths.min() >= 6
    assert tenths.max() <= 40


def test_the_sample_of_the_whole_holds_those_of_its_parts_as_far_as_they_reach(store: Store) -> None:
    store.traces.put([bare(1_000 * i) for i in range(400)])
    whole = {one.info.trace_id for one in store.overview.sample(["0"], start_ms=0, end_ms=400_000, most=100)}
    parts = [store.overview.sample(["0"], start_ms=at, end_ms=at + 200_000, most=100) for at in (0, 200_000)]
    assert whole <= {one.info.trace_id for part in parts for one in part}


def test_a_sample_is_of_what_matches(store: Store) -> None:
    store.traces.put([bare(1_000 * i, tags={"team": "red" if i % 3 else "blue"}) for i in range(30)])
    found = store.overview.sample(["0"], "tag.team = 'blue'", start_ms=0, end_ms=30_000)
    assert len(found) == 10
    assert {one.info.tags["team"] for one in found} == {"blue"}


def test_it_tells_inputs_outputs_models_tools_and_failures(store: Store) -> None:
    trace_id = f"tr-{next(_numbers):032x}"
    spans = (
        span(trace_id, 1, inputs={"question": "wo?"}, outputs="hier ü", start_time_ns=1),
        span(trace_id, 2, parent_id=f"{1:016x}", model="small", start_time_ns=2),
        span(trace_id, 3, parent_id=f"{1:016x}", model="large", start_time_ns=3),
        span(trace_id, 4, parent_id=f"{1:016x}", span_type="TOOL", name="search", status=SpanStatus("ERROR")),
    )
    store.traces.put([Trace(TraceInfo(trace_id=trace_id, request_time=1_000), TraceData(spans))])
    (one,) = store.overview.sample(["0"], start_ms=0, end_ms=2_000)
    assert (one.inputs, one.outputs) == ('{"question":"wo?"}', '"hier ü"')
    assert (one.inputs_length, one.outputs_length) == (18, 8)
    assert (one.models, one.tools, one.failed_spans) == (("large", "small"), ("search",), 1)
    (light,) = store.overview.sample(["0"], start_ms=0, end_ms=2_000, contents=False)
    assert (light.info, light.inputs, light.models) == (one.info, "", ())


def test_long_contents_are_measured_and_cut_off(store: Store) -> None:
    trace_id = f"tr-{next(_numbers):032x}"
    root = span(trace_id, 1, inputs="a" * 20_000)
    store.traces.put([Trace(TraceInfo(trace_id=trace_id, request_time=1_000), TraceData((root,)))])
    (one,) = store.overview.sample(["0"], start_ms=0, end_ms=2_000)
    assert (len(one.inputs), one.inputs_length) == (8_000, 20_002)


@pytest.mark.parametrize("most", [0, 20_001])
def test_too_large_a_sample_is_refused(store: Store, most: int) -> None:
    with pytest.raises(InvalidArgument, match="most="):
        store.overview.sample(["0"], start_ms=0, end_ms=1_000, most=most)


def test_no_stretch_of_time_is_refused(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="stretch of time"):
        store.overview.sample(["0"], start_ms=5, end_ms=5)
