"""``capture()``: everything in one call of a function, as one trace whose id is known beforehand."""

from __future__ import annotations

import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import trace as otel

from steelyard.tracing import (
    capture,
    carry_context,
    context,
    get_active_trace_id,
    get_tracer_provider,
    start_span,
    start_span_no_context,
    static_trace,
    trace,
    update_current_trace,
)


@trace
def traced(question: str, k: int = 2) -> str:
    with start_span("inner"):
        update_current_trace(tags={"from": "inside"})
    return question.upper()


def untraced(question: str) -> str:
    return question.upper()


def test_an_untraced_function_gets_a_root(traces: Any) -> None:
    with capture(name="predict", experiment_id="4", metadata={"m": "1"}, tags={"t": "2"}) as captured:
        assert get_active_trace_id() == captured.trace_id
        update_current_trace(session_id="s")
        result = untraced("why?")
    made = captured.finish(inputs={"question": "why?"}, outputs=result)
    (root,) = made.data.spans
    assert (root.name, root.span_type, root.parent_id) == ("predict", "CHAIN", None)
    assert (root.inputs, root.outputs, root.status.status_code) == ({"question": "why?"}, "WHY?", "OK")
    assert (made.info.trace_id, root.trace_id, made.info.experiment_id) == (captured.trace_id,) * 2 + ("4",)
    assert (made.info.session, made.info.trace_metadata["m"], made.info.tags["t"]) == ("s", "1", "2")
    assert (made.info.state, made.info.response_preview, made.info.n_spans) == ("OK", "WHY?", 1)
    assert get_active_trace_id() is None
    assert not traces


@pytest.mark.parametrize(
    "function", [traced, functools.partial(traced, k=2), None], ids=["itself", "partial", "not told"]
)
def test_the_span_of_a_traced_function_is_the_root(function: Any, traces: Any) -> None:
    with capture(function=function) as captured:
        result = traced("why?")
    made = captured.finish(inputs={"question": "why?"}, outputs=result)
    assert [(span.name, span.parent_id) for span in made.data.spans] == [
        ("traced", None),
        ("inner", made.data.spans[0].span_id),
    ]
    assert made.inputs == {"question": "why?", "k": 2}
    assert {span.trace_id for span in made.data.spans} == {captured.trace_id}
    assert made.info.tags == {"from": "inside", "mlflow.traceName": "traced"}


def test_a_function_that_calls_a_traced_one_gets_a_root_above_it(traces: Any) -> None:
    with capture(name="outer", function=untraced) as captured:
        traced("why?")
    made = captured.finish(inputs=1, outputs=2)
    assert [span.name for span in made.data.spans] == ["outer", "traced", "inner"]
    assert (made.inputs, made.outputs) == (1, 2)


def test_several_spans_at_the_top_get_one_root(traces: Any) -> None:
    with capture(name="outer") as captured:
        traced("a")
        with otel.get_tracer("x", tracer_provider=get_tracer_provider()).start_as_current_span("theirs"):
            traced("b")
    made = captured.finish()
    root = made.data.spans[0]
    assert [span.name for span in made.children(root.span_id)] == ["traced", "theirs"]
    assert made.info.n_spans == 6


def test_a_failure_is_on_the_root(traces: Any) -> None:
    error = None
    with capture() as captured:
        try:
            raise ZeroDivisionError("nothing")
        except ZeroDivisionError as caught:
            error = caught
    made = captured.finish(inputs={}, error=error)
    root = made.data.root
    assert made.info.state == "ERROR"
    assert root is not None
    assert root.status.description == "ZeroDivisionError: nothing"
    assert root.events[0].attributes["exception.type"] == "ZeroDivisionError"


def test_an_error_that_leaves_the_block_leaves_nothing_behind(traces: Any) -> None:
    captured = capture()
    with pytest.raises(OSError, match="gone"), captured:
        raise OSError("gone")
    assert get_active_trace_id() is None
    assert captured.finish(error=OSError("gone")).info.state == "ERROR"


def test_threads_and_tasks_that_carry_the_context_are_in_it(traces: Any) -> None:
    async def predict() -> None:
        await asyncio.gather(asyncio.to_thread(traced, "a"), asyncio.to_thread(traced, "b"))

    with capture() as captured:
        asyncio.run(predict())
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(carry_context(traced), ["c", "d"]))
    made = captured.finish()
    assert len(made.search_spans(name="traced")) == 4
    assert not traces


def test_captures_at_the_same_time_are_apart(traces: Any) -> None:
    def row(n: int) -> tuple[int, Any]:
        with capture(function=traced) as captured:
            result = traced(str(n))
        return n, captured.finish(inputs={"question": str(n)}, outputs=result)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(row, range(64)))
    assert all(found.inputs["question"] == str(n) and found.info.n_spans == 2 for n, found in made)
    assert len({found.info.trace_id for _, found in made}) == 64

    async def arow(n: int) -> Any:
        with capture(function=traced) as captured:
            await asyncio.sleep(0)
            result = traced(str(n))
            await asyncio.sleep(0)
        return captured.finish(inputs={}, outputs=result)

    async def main() -> list[Any]:
        return await asyncio.gather(*(arow(n) for n in range(64)))

    assert [found.inputs["question"] for found in asyncio.run(main())] == [str(n) for n in range(64)]


def test_spans_that_end_too_late_are_counted_and_go_nowhere(traces: Any) -> None:
    began, finished = threading.Event(), threading.Event()

    def background() -> None:
        with start_span("slow"):
            began.set()
            finished.wait(10)
        with start_span("later still"):
            pass

    with capture() as captured:
        started = start_span_no_context("left open")
        with start_span("quick") as quick:
            open_child = start_span_no_context("child left open", parent_span=quick)
        thread = threading.Thread(target=carry_context(background))
        thread.start()
        began.wait(10)
    made = captured.finish()
    assert [span.name for span in made.data.spans] == ["predict", "quick"]
    assert made.info.trace_metadata["steelyard.trace.unfinishedSpans"] == "2"
    finished.set()
    thread.join()
    open_child.end()
    assert not traces
    started.end()
    assert traces.only.info.name == "left open"  # it was begun outside of any context, so it is its own trace


def test_a_capture_within_a_trace_is_a_trace_of_its_own(traces: Any) -> None:
    with start_span("evaluation"):
        with capture() as captured:
            traced("a")
        made = captured.finish()
    assert made.info.trace_id != traces.only.info.trace_id
    assert traces.only.info.n_spans == 1


def test_the_labels_of_the_context_are_on_captured_traces(traces: Any) -> None:
    with context(session_id="s", tags={"a": "b"}), capture() as captured:
        pass
    info = captured.finish().info
    assert (info.session, info.tags["a"]) == ("s", "b")


def test_an_answer_that_was_given_is_a_trace_of_one_span() -> None:
    made = static_trace({"question": "why?"}, {"answer": "so"}, name="given", experiment_id="3", tags={"a": "b"})
    (root,) = made.data.spans
    assert (root.inputs, root.outputs, root.name) == ({"question": "why?"}, {"answer": "so"}, "given")
    assert (made.info.experiment_id, made.info.tags["a"], made.info.state) == ("3", "b", "OK")
    assert made.info.trace_id == root.trace_id


def test_a_capture_in_which_nothing_was_called_is_a_trace_of_its_moment() -> None:
    made = capture().finish(inputs=1, error=ValueError("no"))
    assert (made.inputs, made.info.state, made.info.execution_duration) == (1, "ERROR", 0)
    assert made.info.request_time > 1_700_000_000_000
