"""Sessions, users, tags, previews; switching off; a share of the traces."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from steelyard import tracing
from steelyard.errors import InvalidArgument
from steelyard.tracing import (
    context,
    get_active_trace_id,
    get_last_active_trace_id,
    start_span,
    trace,
    update_current_trace,
)


def test_the_application_labels_its_trace_from_the_inside(traces: Any) -> None:
    @trace
    def inner() -> None:
        update_current_trace(
            {"team": "risk", "n": 3},
            {"region": "eu"},
            client_request_id="c-1",
            request_preview="Q",
            response_preview="A",
            state="ERROR",
            model_id="m-1",
            session_id="s-1",
            user="ada",
        )

    @trace
    def outer() -> str:
        inner()
        return "fine"

    outer()
    info = traces.only.info
    assert info.tags == {"team": "risk", "n": "3", "mlflow.traceName": "outer"}
    assert (info.session, info.user, info.client_request_id, info.state) == ("s-1", "ada", "c-1", "ERROR")
    assert (info.request_preview, info.response_preview) == ("Q", "A")
    assert info.trace_metadata["mlflow.modelId"] == "m-1"
    assert info.trace_metadata["region"] == "eu"


def test_outside_of_a_trace_a_label_is_no_error(traces: Any) -> None:
    update_current_trace(tags={"a": "b"})
    assert get_active_trace_id() is None
    assert not traces


def test_a_state_that_a_trace_cannot_have_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="'OK' or 'ERROR'"):
        update_current_trace(state="DONE")


def test_a_context_labels_every_trace_that_begins_in_it(traces: Any) -> None:
    with context(session_id="s", user="u", tags={"a": 1}), context(metadata={"m": 2}, tags={"b": 2}):
        with start_span("one"):
            pass
        with start_span("two"):
            update_current_trace(session_id="other")
    with start_span("three"):
        pass
    one, two, three = (made.info for made in traces)
    assert (one.session, one.user, one.tags["a"], one.tags["b"], one.trace_metadata["m"]) == ("s", "u", "1", "2", "2")
    assert two.session == "other"
    assert (three.session, three.user, "a" in three.tags) == (None, None, False)


def test_the_ids_of_traces_are_known_while_and_after_they_are_made(traces: Any) -> None:
    with start_span("one") as span:
        assert get_active_trace_id() == span.trace_id
    assert get_last_active_trace_id() == get_last_active_trace_id(thread_local=True) == traces.only.info.trace_id


def test_nothing_is_recorded_while_tracing_is_off(traces: Any) -> None:
    @trace
    def f() -> int:
        with start_span("inner") as span:
            span.set_inputs(1)
            span.set_attribute("a", 2)
            span.add_event("e")
        return 1

    tracing.disable()
    assert f() == 1
    with context(enabled=True):
        assert f() == 1
    tracing.enable()
    with context(enabled=False):
        assert f() == 1
    assert len(traces) == 1


def test_a_share_of_the_traces_is_recorded_whole_or_not_at_all(traces: Any) -> None:
    @trace
    def child() -> None: ...

    def parent() -> None:
        child()

    trace(sampling_ratio_override=0.0)(parent)()
    assert not traces
    trace(sampling_ratio_override=1.0)(parent)()
    assert traces.only.info.n_spans == 2
    some = trace(sampling_ratio_override=0.5)(parent)
    for _ in range(200):
        some()
    assert 50 < len(traces) < 150
    assert {made.info.n_spans for made in traces} == {2}


def test_a_destination_is_an_experiment(traces: Any) -> None:
    trace(trace_destination="12")(abs)(-1)
    tracing.set_destination("13")
    trace(abs)(-1)
    with start_span("s", trace_destination=14, run_id="r"):
        trace(trace_destination="15")(abs)(-1)
    assert [made.info.experiment_id for made in traces] == ["12", "13", "14"]
    assert traces[-1].info.run_id == "r"


def test_recording_that_fails_is_logged_once_and_the_application_goes_on(
    traces: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    @trace
    def f(x: int) -> int:
        return x

    monkeypatch.setattr("steelyard.tracing.sinks._told", set())
    monkeypatch.setattr("steelyard.tracing.calls.snapshot_arguments", broken)
    with caplog.at_level(logging.WARNING, logger="steelyard.tracing"):
        assert [f(1), f(2)] == [1, 2]
    assert len(caplog.records) == 1
    monkeypatch.undo()
    monkeypatch.setattr("steelyard.tracing.sinks._told", set())
    monkeypatch.setattr(traces, "accept", broken)
    monkeypatch.setattr(traces, "origin", broken)
    assert f(3) == 3
