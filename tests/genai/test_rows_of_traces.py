"""Rows that are traces say what the trace says; rows that name a trace are completed from the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from steelyard.errors import DataError
from steelyard.evaluation.genai.rows.reading import read_rows
from steelyard.records import REQUEST_ID_TAG, SESSION_KEY, Expectation, Feedback, Span, Trace, TraceData, TraceInfo


def trace(number: int, **info: Any) -> Trace:
    trace_id = f"tr-{number:032x}"
    span = Span(
        trace_id=trace_id,
        span_id=f"{number:016x}",
        parent_id=None,
        name="answer",
        start_time_ns=1,
        inputs={"question": f"{number}+1"},
        outputs=str(number + 1),
    )
    return Trace(TraceInfo(trace_id=trace_id, state="OK", **info), TraceData((span,)))


TRACES = [
    trace(
        n,
        tags={"topic": "sums", "mlflow.traceName": "answer"},
        trace_metadata={SESSION_KEY: f"s-{n % 2}", "version": "3"},
        assessments=(Expectation("expected_response", str(n + 1)), Feedback("exact", True)),
    )
    for n in range(3)
]


def test_traces_are_rows() -> None:
    rows = read_rows(TRACES)
    first = next(iter(rows))
    assert (rows.has_traces, rows.has_outputs, len(rows)) == (True, True, 3)
    assert (first.inputs, first.outputs, first.expectations) == ({"question": "0+1"}, "1", {"expected_response": "1"})
    assert (first.tags, dict(first.metadata), first.session) == ({"topic": "sums"}, {"version": "3"}, "s-0")
    assert first.trace is TRACES[0]


def test_what_the_row_says_comes_before_what_its_trace_says() -> None:
    (row,) = read_rows([{"trace": TRACES[0], "expectations": {"expected_response": "one"}, "outputs": "uno"}])
    assert (row.expectations, row.outputs) == ({"expected_response": "one"}, "uno")


def test_a_trace_is_named_by_its_inputs_so_that_two_runs_pair() -> None:
    other = trace(7)
    again = Trace(TraceInfo(trace_id="tr-other"), other.data)
    (one,), (two,) = read_rows([other]), read_rows([again])
    assert one.row_id == two.row_id
    assert one.row_id == next(iter(read_rows([{"inputs": {"question": "7+1"}}]))).row_id


@pytest.mark.parametrize("info", [{"tags": {REQUEST_ID_TAG: "r"}}, {"client_request_id": "r"}], ids=["tag", "client"])
def test_a_trace_may_carry_its_rows_name(info: dict[str, Any]) -> None:
    assert [row.row_id for row in read_rows([trace(1, **info)])] == ["r"]


def frame(column: str) -> pd.DataFrame:
    found = {
        "trace_id": [t.info.trace_id for t in TRACES],
        "trace": {
            "objects": TRACES,
            "json": [json.dumps({"info": {"trace_id": t.info.trace_id}, "data": {}}) for t in TRACES],
            "ids": [t.info.trace_id for t in TRACES],
        }.get(column),
        "client_request_id": [None] * 3,
        "state": ["OK"] * 3,
        "request_time": [0] * 3,
        "execution_duration": [None] * 3,
        "request": ["{}"] * 3,
        "response": ["1"] * 3,
        "trace_metadata": [{}] * 3,
        "tags": [dict(t.info.tags) for t in TRACES],
        "spans": [[]] * 3,
        "assessments": [[]] * 3,
    }
    return pd.DataFrame({name: values for name, values in found.items() if values is not None})


def find(trace_ids: Sequence[str]) -> dict[str, Trace]:
    known = {t.info.trace_id: t for t in TRACES}
    return {trace_id: known[trace_id] for trace_id in trace_ids if trace_id in known}


@pytest.mark.parametrize("column", ["objects", "json", "ids", "none"])
def test_a_frame_of_search_traces_gives_its_traces(column: str) -> None:
    expected, found = read_rows(TRACES), read_rows(frame(column), find_traces=find)
    assert [(r.row_id, r.inputs, r.outputs, r.expectations, r.tags, dict(r.metadata), r.session) for r in found] == [
        (r.row_id, r.inputs, r.outputs, r.expectations, r.tags, dict(r.metadata), r.session) for r in expected
    ]
    assert found.digest == expected.digest


def test_traces_are_looked_up_together() -> None:
    calls: list[int] = []

    def counting(trace_ids: Sequence[str]) -> dict[str, Trace]:
        calls.append(len(trace_ids))
        return find(trace_ids)

    rows = read_rows([{"trace": TRACES[n % 3].info.trace_id} for n in range(60)], find_traces=counting)
    assert calls == [3]
    assert len({row.row_id for row in rows}) == 60


def test_a_trace_that_is_nowhere_is_named() -> None:
    with pytest.raises(DataError, match=r"row 0 names the trace 'tr-x', which is not in the store"):
        read_rows([{"trace": "tr-x"}], find_traces=find)
    with pytest.raises(DataError, match=r"there is no store to look it up in"):
        read_rows([{"trace": "tr-x"}])
    with pytest.raises(DataError, match=r"row 0: trace is a int \('5'\): give a trace or the id of one"):
        read_rows([{"trace": 5}], find_traces=find)


def test_traces_and_outputs_may_stand_side_by_side_but_not_rows_without_either() -> None:
    assert read_rows([{"trace": TRACES[0]}, {"inputs": {"q": 1}, "outputs": "x"}]).has_outputs
    with pytest.raises(DataError, match=r"Row 1 of dataset has no outputs, and row 0 has"):
        read_rows([{"trace": TRACES[0]}, {"inputs": {"q": 1}}])


def test_inputs_of_a_trace_may_be_anything() -> None:
    strange = Trace(TraceInfo(trace_id="tr-1"), TraceData())
    (row,) = read_rows([strange])
    assert row.inputs is None
    assert len(row.row_id) == 16
