"""``@trace`` and ``start_span``: every kind of function, its arguments, its result, its exception."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from steelyard.errors import InvalidArgument
from steelyard.records import SpanEvent, SpanType, Trace
from steelyard.tracing import get_current_active_span, start_span, start_span_no_context, trace


def test_a_function_keeps_its_result_its_name_and_its_signature(traces: Any) -> None:
    @trace(span_type=SpanType.TOOL, attributes={"version": 2, "nested": {"a": [1]}})
    def add(x: int, y: int = 2, *, note: str = "") -> int:
        """Add."""
        return x + y

    assert add(1) == 3
    assert (add.__name__, add.__doc__, list(inspect.signature(add).parameters)) == ("add", "Add.", ["x", "y", "note"])
    root = traces.only.data.root
    assert (root.name, root.span_type, root.inputs, root.outputs) == ("add", "TOOL", {"x": 1, "y": 2, "note": ""}, 3)
    assert (root.status.status_code, root.parent_id, root.attributes["version"]) == ("OK", None, 2)
    assert root.end_time_ns >= root.start_time_ns


def test_the_trace_says_what_happened(traces: Any) -> None:
    @trace(name="answer")
    def f(question: str) -> str:
        return "because"

    f("why?")
    info = traces.only.info
    assert (info.name, info.state, info.experiment_id, info.run_id) == ("answer", "OK", "7", "run-1")
    assert (info.request_preview, info.response_preview, info.n_spans) == ('{"question":"why?"}', "because", 1)
    assert info.trace_id.startswith("tr-")
    assert len(info.trace_id) == 35
    assert info.execution_duration is not None


def test_methods_of_every_kind_leave_out_what_they_are_bound_to(traces: Any) -> None:
    class Bot:
        @trace
        def method(self, q: str) -> str:
            return q

        @trace
        @classmethod
        def of_class(cls, q: str) -> str:
            return q

        @staticmethod
        @trace
        def of_none(q: str) -> str:
            return q

        @trace
        def __call__(self, q: str) -> str:
            return q

    bot = Bot()
    assert [bot.method("a"), bot.of_class("b"), Bot.of_none("c"), bot("d")] == ["a", "b", "c", "d"]
    assert [one.inputs for one in traces] == [{"q": "a"}, {"q": "b"}, {"q": "c"}, {"q": "d"}]


def test_further_arguments_stand_under_their_own_names(traces: Any) -> None:
    @trace
    def f(a: int, *rest: int, **more: int) -> None: ...

    f(1, 2, 3, b=4)
    trace(functools.partial(f, 9), name="partly")(c=5)
    trace(max)(3, 4)
    assert traces[0].inputs == {"a": 1, "rest": [2, 3], "b": 4}
    assert traces[1].inputs["c"] == 5
    assert traces[2].outputs == 4


def test_an_exception_passes_through_and_is_recorded(traces: Any) -> None:
    @trace
    def f() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        f()
    root = traces.only.data.root
    assert traces.only.info.state == "ERROR"
    assert (root.status.status_code, root.status.description) == ("ERROR", "KeyError: 'gone'")
    assert [event.name for event in root.events] == ["exception"]
    assert root.events[0].attributes["exception.type"] == "KeyError"
    assert "in f" in root.events[0].attributes["exception.stacktrace"]


def test_a_wrong_call_raises_what_python_raises(traces: Any) -> None:
    @trace
    def f(a: int) -> int:
        return a

    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        f()  # type: ignore[call-arg] - the point of the test
    assert traces.only.info.state == "ERROR"


def test_coroutines_are_recorded_until_they_are_done(traces: Any) -> None:
    @trace
    async def child(x: int) -> int:
        await asyncio.sleep(0)
        return x

    @trace
    async def parent() -> int:
        return sum(await asyncio.gather(child(1), child(2)))

    assert asyncio.run(parent()) == 3
    root, *children = traces.only.data.spans
    assert [span.parent_id for span in children] == [root.span_id] * 2
    assert [span.outputs for span in children] == [1, 2]


def test_a_cancelled_coroutine_is_an_error(traces: Any) -> None:
    @trace
    async def waits() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert traces.only.info.state == "ERROR"


def test_a_generator_is_one_span_with_the_list_of_what_it_yielded(traces: Any) -> None:
    @trace
    def numbers(n: int) -> Iterator[int]:
        for i in range(n):
            with start_span(f"inner {i}"):
                yield i

    found = []
    with start_span("outside"):
        for number in numbers(2):
            span = get_current_active_span()
            found.append((number, span is not None and span.name))
    assert found == [(0, "outside"), (1, "outside")]
    outside, generator, *inner = traces.only.data.spans
    assert (generator.name, generator.outputs, generator.parent_id) == ("numbers", [0, 1], outside.span_id)
    assert [span.parent_id for span in inner] == [generator.span_id] * 2


def test_a_span_that_a_generator_holds_open_stays_the_parent_of_what_it_does_next(traces: Any) -> None:
    @trace
    def steps() -> Iterator[int]:
        with start_span("held"):
            yield 1
            with start_span("later"):
                yield 2

    assert list(steps()) == [1, 2]
    by_name = {span.name: span for span in traces.only.data.spans}
    assert by_name["later"].parent_id == by_name["held"].span_id


def test_what_is_sent_and_thrown_reaches_the_generator(traces: Any) -> None:
    @trace
    def echo() -> Iterator[Any]:
        try:
            got = yield "first"
            yield got
        except ValueError:
            yield "caught"
        return "end"

    generator = echo()
    assert (next(generator), generator.send("sent"), generator.throw(ValueError())) == ("first", "sent", "caught")  # type: ignore[attr-defined] - a generator
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    assert traces.only.outputs == ["first", "sent", "caught"]


def test_a_generator_that_is_left_early_ends_well(traces: Any) -> None:
    closed = []

    @trace
    def endless() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    generator = endless()
    next(generator)
    generator.close()  # type: ignore[attr-defined] - a generator
    assert closed == [True]
    assert (traces.only.outputs, traces.only.info.state) == ([0], "OK")


def test_a_generator_that_fails_is_an_error(traces: Any) -> None:
    @trace
    def fails() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(fails())
    assert traces.only.info.state == "ERROR"


def test_an_asynchronous_generator_is_recorded_like_a_generator(traces: Any) -> None:
    @trace(output_reducer="".join)
    async def words() -> AsyncIterator[str]:
        for word in ("a", "b"):
            with start_span("inner"):
                await asyncio.sleep(0)
            yield word

    async def main() -> list[str]:
        return [word async for word in words()]

    assert asyncio.run(main()) == ["a", "b"]
    root, *inner = traces.only.data.spans
    assert (root.outputs, {span.parent_id for span in inner}) == ("ab", {root.span_id})


def test_a_reducer_that_fails_costs_the_output_alone(traces: Any) -> None:
    @trace(output_reducer=lambda values: 1 / 0)
    def numbers() -> Iterator[int]:
        yield 1

    assert list(numbers()) == [1]
    assert traces.only.outputs == [1]


def test_start_span_is_a_live_span_with_mlflows_methods(traces: Any) -> None:
    with start_span("retrieve", span_type="RETRIEVER", attributes={"k": 2}) as span:
        span.set_inputs({"q": "why?"})
        span.set_outputs(["a"])
        span.set_attributes({"list": [1, 2], "map": {"a": None}, "mlflow.chat.tokenUsage": {"input_tokens": 3}})
        span.add_event("hit", {"n": 1})
        span.add_event(SpanEvent("miss", 5, {}))
        assert (span.name, span.span_type, span.inputs, span.outputs) == ("retrieve", "RETRIEVER", {"q": "why?"}, ["a"])
        assert get_current_active_span().span_id == span.span_id  # type: ignore[union-attr] - it is there
        span.set_status("OK")
    root = traces.only.data.root
    assert (root.span_id, traces.only.info.trace_id) == (span.span_id, span.trace_id)
    assert (root.attributes["k"], root.attributes["list"], root.attributes["map"]) == (2, [1, 2], {"a": None})
    assert [(event.name, event.attributes) for event in root.events] == [("hit", {"n": 1}), ("miss", {})]
    assert root.usage.input_tokens == 3
    assert get_current_active_span() is None


def test_a_span_without_a_context_is_ended_by_hand(traces: Any) -> None:
    parent = start_span_no_context("parent", inputs=1, tags={"a": "b"}, metadata={"c": "d"}, experiment_id="9")
    child = start_span_no_context("child", parent_span=parent)
    assert get_current_active_span() is None
    child.end(outputs=2)
    parent.end(outputs=3, status="ERROR")
    made: Trace = traces.only
    assert [(span.name, span.outputs) for span in made.data.spans] == [("parent", 3), ("child", 2)]
    assert (made.info.tags["a"], made.info.trace_metadata["c"], made.info.experiment_id) == ("b", "d", "9")
    assert made.info.state == "ERROR"


def test_spans_that_end_after_their_root_are_handed_on_too(traces: Any) -> None:
    with start_span("root"):
        late = start_span_no_context("late", parent_span=get_current_active_span())
    late.set_attribute("gen_ai.usage.input_tokens", 4)
    late.end()
    first, second = traces
    assert (first.info.n_spans, second.info.n_spans) == (1, 2)
    assert [span.name for span in second.data.spans] == ["late"]
    assert (second.info.trace_id, second.info.state, second.info.usage.input_tokens) == (first.info.trace_id, "OK", 4)
    assert second.info.execution_duration == first.info.execution_duration


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: trace(name="x", sampling_ratio_override=2)(len), "from 0 to 1"),
        (lambda: trace("name")(len), "name='name'"),  # type: ignore[call-overload] - the point of the test
        (lambda: trace(int), "functions and methods"),
        (lambda: trace(trace_destination=3.5)(len), "experiment's id"),
    ],
    ids=["ratio", "a text", "a class", "destination"],
)
def test_a_wrong_use_says_what_is_right(use: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        use()


def test_a_wrong_status_says_which_there_are(traces: Any) -> None:
    with pytest.raises(InvalidArgument, match="'OK', 'ERROR' or 'UNSET'"), start_span("s") as span:
        span.set_status("FINE")
