"""Threads, tasks, other instrumentation and other services: whose span is whose."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace as otel

from steelyard.records import Span
from steelyard.tracing import (
    carry_context,
    get_current_active_span,
    get_tracer_provider,
    get_tracing_context_headers_for_http_request,
    set_tracing_context_from_http_request_headers,
    start_span,
    trace,
)
from steelyard.tracing.finishing import in_order


def _parents(spans: tuple[Span, ...]) -> dict[str, str | None]:
    names = {span.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent_id or "") for span in spans}


def test_spans_of_plain_opentelemetry_nest_under_ours_and_ours_under_theirs(traces: Any) -> None:
    tracer = otel.get_tracer("application", tracer_provider=get_tracer_provider())
    with start_span("ours"), tracer.start_as_current_span("theirs") as span:
        span.set_attribute("a", "b")
        assert get_current_active_span().name == "theirs"  # type: ignore[union-attr] - it is there
        with start_span("ours again"):
            pass
    assert _parents(traces.only.data.spans) == {"ours": None, "theirs": "ours", "ours again": "theirs"}
    assert traces.only.search_spans(name="theirs")[0].attributes == {"a": "b"}


def test_a_trace_may_begin_with_a_span_of_plain_opentelemetry(traces: Any) -> None:
    with otel.get_tracer("application", tracer_provider=get_tracer_provider()).start_as_current_span("request"):
        trace(abs)(-1)
    assert _parents(traces.only.data.spans) == {"request": None, "abs": "request"}
    assert (traces.only.info.name, traces.only.info.state) == ("request", "OK")


def test_work_in_a_pool_belongs_to_the_trace_if_it_carries_the_context(traces: Any) -> None:
    @trace
    def work(x: int) -> int:
        return x

    with ThreadPoolExecutor(4) as pool, start_span("outer"):
        assert list(pool.map(carry_context(work), range(20))) == list(range(20))
        pool.submit(work, 99).result()
    carried, alone = sorted(traces, key=lambda made: -made.info.n_spans)
    assert (carried.info.n_spans, alone.inputs) == (21, {"x": 99})


def test_work_in_asyncio_threads_and_tasks_belongs_to_the_trace(traces: Any) -> None:
    @trace
    def work(x: int) -> int:
        return x

    async def main() -> None:
        with start_span("outer"):
            await asyncio.gather(asyncio.to_thread(work, 1), asyncio.create_task(asyncio.to_thread(work, 2)))

    asyncio.run(main())
    assert traces.only.info.n_spans == 3


def test_requests_at_the_same_time_never_share_a_trace(traces: Any) -> None:
    together = threading.Barrier(8)

    @trace
    def inner(n: int) -> int:
        return n

    @trace
    def request(n: int) -> int:
        together.wait()
        return sum(inner(n) for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request, range(8)))
    assert sorted(made.inputs["n"] for made in traces) == list(range(8))
    for made in traces:
        assert made.info.n_spans == 6
        assert {span.inputs["n"] for span in made.data.spans} == {made.inputs["n"]}


def test_another_service_goes_on_with_the_trace_that_the_headers_name(traces: Any) -> None:
    with start_span("client") as client:
        headers = get_tracing_context_headers_for_http_request()
    assert set(headers) == {"traceparent"}
    with set_tracing_context_from_http_request_headers({"Traceparent": headers["traceparent"]}), start_span("server"):
        pass
    first, second = traces
    assert second.info.trace_id == first.info.trace_id
    assert second.data.spans[0].parent_id == client.span_id


def test_a_provider_that_the_application_has_set_is_used_and_still_exports() -> None:
    code = """
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
otel.set_tracer_provider(provider)
from steelyard import tracing
class Sink(list):
    dropped = 0
    def origin(self): return tracing.Origin()
    def accept(self, finished): self.append(finished.build())
    def flush(self, timeout): return True
sink = Sink()
tracing.set_sink(sink)
for _ in range(2):
    with tracing.start_span("ours"), otel.get_tracer("x").start_as_current_span("theirs"):
        pass
    tracing.reset()
assert tracing.get_tracer_provider() is provider
print([span.name for span in exporter.get_finished_spans()], [trace.info.n_spans for trace in sink])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['theirs', 'ours', 'theirs', 'ours'] [2, 2]"
    assert done.stderr == ""


def test_traces_wait_in_memory_until_there_is_a_sink() -> None:
    code = """
from steelyard import tracing
with tracing.start_span("early"):
    pass
import steelyard, sys
steelyard.set_tracking_uri(sys.argv[1])
print([trace.info.name for trace in steelyard.search_traces(return_type="list")], tracing.dropped())
"""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['early'] 0"


@st.composite
def _forests(draw: st.DrawFn) -> list[Span]:
    ids = [f"{n:016x}" for n in range(draw(st.integers(1, 12)))]
    return [
        Span(
            trace_id="tr-1",
            span_id=span_id,
            parent_id=draw(st.sampled_from([None, "ffff", *ids])),
            name=span_id,
            start_time_ns=draw(st.integers(0, 20)),
        )
        for span_id in ids
    ]


@given(_forests())
def test_no_span_is_lost_and_parents_come_first_wherever_there_is_no_circle(spans: list[Span]) -> None:
    ordered = in_order(list(spans))
    assert sorted(span.span_id for span in ordered) == sorted(span.span_id for span in spans)
    place = {span.span_id: index for index, span in enumerate(ordered)}
    for span in spans:
        seen: set[str] = set()
        above: str | None = span.span_id
        by_id = {one.span_id: one for one in spans}
        while above in by_id and above not in seen:
            seen.add(above)
            above = by_id[above].parent_id
        if above not in seen and span.parent_id in place:
            assert place[span.parent_id] < place[span.span_id]
