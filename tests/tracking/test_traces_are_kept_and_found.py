"""Traces go to the store by themselves, belong to the right experiment and run, and are found again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import steelyard
from steelyard import tracing
from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Trace
from steelyard.tracking.trace_writing import writer


@pytest.fixture(autouse=True)
def written(store_uri: str) -> Iterator[None]:
    before = tracing.set_sink(writer)
    steelyard.set_experiment("traces")
    yield
    tracing.flush()
    tracing.set_sink(before)
    tracing.reset()


@steelyard.trace(span_type="CHAIN")
def answer(question: str) -> str:
    with steelyard.start_span("retrieve", span_type="RETRIEVER") as span:
        span.set_inputs({"q": question})
        span.set_outputs([{"page_content": "a balance"}])
    return question.upper()


def _found(**options: Any) -> list[Trace]:
    found = steelyard.search_traces(return_type="list", **options)
    assert isinstance(found, list)
    return found


def test_a_trace_comes_back_as_it_was() -> None:
    answer("why?")
    (found,) = _found()
    assert found == steelyard.get_trace(found.info.trace_id)
    assert found.info.trace_id == steelyard.get_last_active_trace_id()
    assert (found.inputs, found.outputs) == ({"question": "why?"}, "WHY?")
    assert [(span.name, span.span_type) for span in found.data.spans] == [
        ("answer", "CHAIN"),
        ("retrieve", "RETRIEVER"),
    ]
    assert found.search_spans(span_type="RETRIEVER")[0].outputs == [{"page_content": "a balance"}]


def test_a_trace_belongs_to_the_experiment_run_and_store_of_the_moment_it_begins(tmp_path: Path) -> None:
    first = steelyard.set_experiment("first")
    answer("1")
    second = steelyard.set_experiment("second")
    answer("2")
    with steelyard.start_run() as run:
        answer("3")
    other = tmp_path / "other"
    here = steelyard.get_tracking_uri()
    steelyard.set_tracking_uri(other)
    answer("4")
    steelyard.set_tracking_uri(here)
    assert [made.inputs["question"] for made in _found(experiment_ids=[first.experiment_id])] == ["1"]
    assert {made.inputs["question"] for made in _found(experiment_ids=[second.experiment_id])} == {"3", "2"}
    assert [made.inputs["question"] for made in _found(run_id=run.info.run_id)] == ["3"]
    steelyard.set_tracking_uri(other)
    assert [made.inputs["question"] for made in _found(experiment_ids=["0"])] == ["4"]


def test_the_experiment_may_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steelyard.set_tracking_uri(tmp_path / "fresh")
    for name in ("one", "two"):
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
        answer(name)
        (found,) = _found()
        experiment = steelyard.get_experiment_by_name(name)
        assert experiment is not None
        assert (found.inputs["question"], found.info.experiment_id) == (name, experiment.experiment_id)


def test_a_frame_has_mlflows_columns_and_those_that_were_asked_for() -> None:
    answer("why?")
    frame = steelyard.search_traces(extract_fields=["retrieve.inputs.q", "answer.outputs"])
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [
        *("trace_id", "trace", "client_request_id", "state", "request_time", "execution_duration", "request"),
        *("response", "trace_metadata", "tags", "spans", "assessments", "retrieve.inputs.q", "answer.outputs"),
    ]
    (row,) = frame.to_dict("records")
    assert isinstance(row["trace"], Trace)
    assert (row["state"], row["request"], row["response"]) == ("OK", {"question": "why?"}, "WHY?")
    assert (row["retrieve.inputs.q"], row["answer.outputs"]) == ("why?", "WHY?")
    assert len(row["spans"]) == 2
    assert len(steelyard.search_traces(filter_string="status = 'ERROR'")) == 0


def test_traces_are_searched_by_what_is_known_of_them() -> None:
    for number in range(5):
        with steelyard.context(tags={"n": str(number)}, session_id=f"s{number % 2}"):
            steelyard.log_trace("answer", start_time_ms=1000 + number)
    assert [made.info.tags["n"] for made in _found(filter_string="tags.n = '3' OR tags.n = '1'")] == ["3", "1"]
    assert len(_found(max_results=2)) == 2
    assert len(_found(filter_string="metadata.`mlflow.trace.session` = 's0'")) == 3
    assert [made.info.tags["n"] for made in _found(order_by=["timestamp ASC"], max_results=1)] == ["0"]
    (bare,) = _found(include_spans=False, filter_string="tags.n = '3'")
    assert (bare.data.spans, bare.info.n_spans) == ((), 1)
    with pytest.raises(FilterError):
        _found(filter_string="nonsense is here")


def test_sessions_are_conversations_in_the_order_of_time() -> None:
    for turn, session in enumerate(("a", "it's", "a", None, "it's", "a")):
        with steelyard.context(session_id=session):
            steelyard.log_trace("turn", request={"question": str(turn)}, start_time_ms=1000 + turn)
    sessions = steelyard.tracking.search_sessions()
    assert [(session.id, [made.inputs["question"] for made in session]) for session in sessions] == [
        ("a", ["0", "2", "5"]),
        ("it's", ["1", "4"]),
    ]
    (newest,) = steelyard.search_sessions(max_results=1, include_spans=False)
    assert (newest.id, len(newest), newest[0].data.spans) == ("a", 3, ())


def test_labels_may_change_after_the_fact() -> None:
    answer("why?")
    trace_id = str(steelyard.get_last_active_trace_id())
    steelyard.set_trace_tag(trace_id, "reviewed", True)
    assert steelyard.get_trace(trace_id).info.tags["reviewed"] == "True"  # type: ignore[union-attr] - it is there
    steelyard.delete_trace_tag(trace_id, "reviewed")
    assert "reviewed" not in steelyard.get_trace(trace_id).info.tags  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        steelyard.set_trace_tag("tr-" + "0" * 32, "a", "b")


def test_late_spans_join_their_trace_and_undo_no_label() -> None:
    with steelyard.start_span("root"):
        steelyard.update_current_trace(tags={"a": "old"})
        late = steelyard.start_span_no_context("late", parent_span=steelyard.get_current_active_span())
    trace_id = late.trace_id
    steelyard.set_trace_tag(trace_id, "a", "new")
    late.end()
    found = steelyard.get_trace(trace_id)
    assert found is not None
    assert [span.name for span in found.data.spans] == ["root", "late"]
    assert (found.info.tags["a"], found.info.state, found.info.name, found.info.n_spans) == ("new", "OK", "root", 2)


def test_traces_are_deleted_by_id_or_by_age() -> None:
    for number in range(4):
        steelyard.log_trace("turn", request={"question": str(number)}, start_time_ms=1000 + number)
    first, *_, last = (made.info for made in _found(order_by=["timestamp ASC"]))
    assert steelyard.delete_traces(trace_ids=[last.trace_id]) == 1
    assert steelyard.delete_traces(max_timestamp_millis=time.time_ns() // 1_000_000, max_traces=1) == 1
    assert {made.inputs["question"] for made in _found()} == {"1", "2"}
    assert steelyard.get_trace(first.trace_id, silent=True) is None
    for options in ({}, {"trace_ids": ["a"], "max_timestamp_millis": 1}, {"trace_ids": ["a"], "max_traces": 1}):
        with pytest.raises(InvalidArgument, match="max_t"):
            steelyard.delete_traces(**options)  # type: ignore[arg-type] - the point of the test


def test_what_happened_elsewhere_is_logged_as_a_trace() -> None:
    trace_id = steelyard.log_trace(
        "job", request={"a": 1}, response=2, tags={"t": "x"}, start_time_ms=1_000, execution_time_ms=250
    )
    found = steelyard.get_trace(trace_id)
    assert found is not None
    assert (found.inputs, found.outputs, found.info.tags["t"]) == ({"a": 1}, 2, "x")
    assert (found.info.request_time, found.info.execution_duration) == (1_000, 250)


def test_a_trace_of_another_service_is_added_below_the_current_span() -> None:
    answer("remote")
    (remote,) = _found()
    with steelyard.start_span("local") as local:
        steelyard.add_trace(remote)
    found = steelyard.get_trace(local.trace_id)
    assert found is not None
    assert [span.name for span in found.data.spans] == ["local", "answer", "retrieve"]
    assert found.data.spans[1].start_time_ns == remote.data.spans[0].start_time_ns
    assert found.data.spans[1].outputs == "REMOTE"
    steelyard.add_trace(remote)
    assert len(_found()) == 3


def test_the_client_does_the_same_in_any_store() -> None:
    answer("why?")
    client = steelyard.MlflowClient()
    experiment = steelyard.get_experiment_by_name("traces")
    assert experiment is not None
    page = client.search_traces([experiment.experiment_id], max_results=1)
    (found,) = page
    assert page.token is None
    run = client.create_run(experiment.experiment_id)
    client.link_traces_to_run([found.info.trace_id], run.info.run_id)
    assert [made.info.trace_id for made in client.search_traces(run_id=run.info.run_id)] == [found.info.trace_id]
    client.set_trace_tag(found.info.trace_id, "a", "b")
    feedback = client.log_feedback(found.info.trace_id, "ok", True)
    made = client.get_trace(found.info.trace_id)
    assert (made.info.tags["a"], made.info.assessments) == ("b", (feedback,))
    assert client.delete_traces(experiment.experiment_id, trace_ids=[found.info.trace_id]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"return_type": "polars"}, "'pandas' or 'list'"),
        ({"max_results": 0}, "at least one"),
        ({"experiment_ids": "0"}, "in brackets"),
        ({"extract_fields": ["retrieve"]}, "'<span>.inputs'"),
        ({"extract_fields": ["a.inputs"], "return_type": "list"}, "columns of a frame"),
    ],
    ids=["return type", "none", "no list", "field", "field of a list"],
)
def test_a_wrong_search_says_what_is_right(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        steelyard.search_traces(**options)
