"""An application's own OpenTelemetry exporter gets every span, whatever ours is doing about a store that is away."""

from __future__ import annotations

import subprocess
import sys

import pytest

_BOTH = """
import os, signal, sys, time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

class Counting(SpanExporter):
    spans = 0
    def export(self, spans):
        Counting.spans += len(spans)
        return SpanExportResult.SUCCESS
    def shutdown(self):
        print(Counting.spans, flush=True)

provider = TracerProvider(shutdown_on_exit=sys.argv[2] == "exit")
provider.add_span_processor(BatchSpanProcessor(Counting(), max_queue_size=10_000))
trace.set_tracer_provider(provider)
if sys.argv[2] == "handler":
    def ended(number, frame):
        provider.shutdown()
        sys.exit(0)
    signal.signal(signal.SIGTERM, ended)

import steelyard
from steelyard.tracking import trace_writing

def nobody(address):
    raise steelyard.errors.StoreUnavailable("nobody is there")

trace_writing.get_store = nobody
steelyard.set_tracking_uri(sys.argv[1])

@steelyard.trace
def ours(n):
    with trace.get_tracer("theirs").start_as_current_span("theirs"):
        return n

for n in range(300): ours(n)
if sys.argv[2] == "handler":
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


@pytest.mark.parametrize("way", ["exit", "handler"])
def test_a_stock_exporter_beside_ours_gets_every_span_and_ours_keeps_every_trace(way: str, store_uri: str) -> None:
    done = subprocess.run([sys.executable, "-c", _BOTH, store_uri, way], capture_output=True, text=True, check=True)
    assert done.stdout == "600\n", done.stderr
    assert "steelyard: 300 traces wait on disk" in done.stderr
