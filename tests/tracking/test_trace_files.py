"""Traces leave the store and come back the same, and other programs can read them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import steelyard
from steelyard.errors import DataError, FilterError, InvalidArgument, UnreadableFile
from steelyard.records import Arrival, Span, SpanEvent, SpanStatus
from steelyard.records.trace import SESSION_KEY, SpanLink, SpanOrigin
from steelyard.tracking import get_store

SHOP = SpanOrigin(resource={"service.name": "shop"}, scope="lib", version="1")


@pytest.fixture(autouse=True)
def _traces(store_uri: str) -> None:
    """Three traces that came over OTLP, one of them failed."""
    arrivals = []
    for number in (1, 2, 3):
        trace_id = f"tr-{number:032x}"
        begin = 1_790_000_000_000_000_000 + number * 10**9
        root = Span(
            trace_id=trace_id,
            span_id=f"{number:016x}",
            parent_id=None,
            name=f"answer {number}",
            start_time_ns=begin,
            end_time_ns=begin + 5_000_000,
            inputs={"question": f"why {number}?"},
            outputs="because",
            status=SpanStatus("ERROR", "no") if number == 3 else SpanStatus("OK"),
            attributes={"input.value": json.dumps({"question": f"why {number}?"}), "output.value": "because", "n": 7},
            kind="SERVER",
            origin=SHOP,
            links=(SpanLink("tr-" + "a" * 32, "b" * 16),),
            events=(SpanEvent("tick", begin + 1, {"k": 1.5}),),
        )
        arrivals.append(Arrival(trace_id=trace_id, experiment_id="0", spans=(root,), metadata={SESSION_KEY: "talk"}))
    get_store().traces.arrive(arrivals)
    steelyard.log_expectation(trace_id=f"tr-{1:032x}", name="expected_response", value="42")


def test_a_line_of_a_file_is_a_request_that_opentelemetry_reads(tmp_path: Path) -> None:
    assert steelyard.export_traces(tmp_path / "all.jsonl") == 3
    # In OTLP's JSON ids are hexadecimal where protobuf's own JSON has base64; both read these digits.
    requests = [Parse(line, ExportTraceServiceRequest()) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    spans = [request.resource_spans[0].scope_spans[0].spans[0] for request in requests]
    assert [span.name for span in spans] == ["answer 3", "answer 2", "answer 1"]
    assert requests[0].resource_spans[0].resource.attributes[0].value.string_value == "shop"
    assert {a.key for a in spans[0].attributes} >= {"input.value", "session.id", "n"}


def test_what_was_exported_comes_back_the_same_and_only_once(tmp_path: Path) -> None:
    before = {info.trace_id: get_store().traces.get(info.trace_id) for info in get_store().traces.search(["0"]).items}
    steelyard.export_traces(tmp_path / "all.jsonl")
    get_store().traces.delete(list(before))
    for _ in range(2):
        assert steelyard.import_traces(tmp_path / "all.jsonl") == 3
    assert get_store().traces.count(["0"]) == 3
    for trace_id, trace in before.items():
        again = get_store().traces.get(trace_id)
        (was,), (now,) = trace.data.spans, again.data.spans
        assert (now.name, now.inputs, now.outputs, now.links, now.events) == (
            *(was.name, was.inputs, was.outputs, was.links, was.events),
        )
        assert (now.origin, now.kind, now.status) == (was.origin, was.kind, was.status)
        assert (again.info.state, again.info.session) == (trace.info.state, "talk")


def test_parquet_has_a_span_a_row_with_times_of_a_nanosecond(tmp_path: Path) -> None:
    assert steelyard.export_traces(tmp_path / "all.parquet", "status = 'ERROR'") == 1
    table = pq.read_table(tmp_path / "all.parquet")
    (row,) = table.select(["trace_id", "name", "status", "duration_ms", "session", "inputs"]).to_pylist()
    assert row == {
        "trace_id": f"tr-{3:032x}",
        "name": "answer 3",
        "status": "ERROR",
        "duration_ms": 5.0,
        "session": "talk",
        "inputs": '{"question":"why 3?"}',
    }
    assert table["start_time"].cast("int64").to_pylist() == [1_790_000_003_000_000_000]


def test_rows_are_what_an_evaluation_reads(tmp_path: Path) -> None:
    steelyard.export_traces(tmp_path / "rows.jsonl", "name = 'answer 1'", format="rows")
    result = steelyard.genai.evaluate(
        data=str(tmp_path / "rows.jsonl"),
        scorers=[steelyard.genai.scorer(lambda outputs, expectations: outputs == expectations["expected_response"])],
    )
    assert [value for name, value in result.metrics.items() if name.endswith("/mean")] == [0.0]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("all.csv", {}, "the ending of 'all.csv' names none"),
        ("all.jsonl", {"format": "xml"}, "format='xml' names none"),
        ("there.jsonl", {}, "overwrite=True"),
        ("no/all.jsonl", {}, "Make it first"),
    ],
)
def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, name: str, options: dict[str, str], says: str) -> None:
    (tmp_path / "there.jsonl").write_text("mine")
    with pytest.raises(InvalidArgument, match=says):
        steelyard.export_traces(tmp_path / name, **options)
    assert (tmp_path / "there.jsonl").read_text() == "mine"


def test_a_filter_that_does_not_parse_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(FilterError):
        steelyard.export_traces(tmp_path / "all.jsonl", "status ~ 3")
    assert list(tmp_path.glob("*all*")) == []


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    steelyard.export_traces(tmp_path / "all.jsonl")
    with (tmp_path / "all.jsonl").open("a") as file:
        file.write('{"resourceSpans": [{"scope\n')
    with pytest.raises(UnreadableFile, match="Line 4"):
        steelyard.import_traces(tmp_path / "all.jsonl")


def test_a_span_that_is_refused_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    steelyard.export_traces(tmp_path / "all.jsonl")
    text = (tmp_path / "all.jsonl").read_text().replace(f"{2:016x}", "00")
    (tmp_path / "all.jsonl").write_text(text)
    get_store().traces.delete([f"tr-{number:032x}" for number in (1, 2, 3)])
    with pytest.raises(DataError, match="2 spans were read, 1 refused"):
        steelyard.import_traces(tmp_path / "all.jsonl")
    assert get_store().traces.count(["0"]) == 2
