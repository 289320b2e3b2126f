"""Traces of applications, on the OpenTelemetry SDK: a decorator and context managers, and what their spans mean.

Spans of other instrumentation nest under ours and ours under theirs. Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.tracing.ambient import context, disable, enable, set_destination
    from steelyard.tracing.capturing import capture, static_trace
    from steelyard.tracing.current import (
        assess_open_trace,
        carry_context,
        get_active_trace_id,
        get_last_active_trace_id,
        get_tracing_context_headers_for_http_request,
        set_tracing_context_from_http_request_headers,
        update_current_trace,
    )
    from steelyard.tracing.decorating import trace
    from steelyard.tracing.dialects import Normalised, normalise
    from steelyard.tracing.finishing import Finished
    from steelyard.tracing.origin import Origin
    from steelyard.tracing.prices import price, priced
    from steelyard.tracing.provider import configure, get_tracer_provider, reset
    from steelyard.tracing.sinks import Sink, dropped, flush, set_sink
    from steelyard.tracing.snapshot import json_value
    from steelyard.tracing.spans import LiveSpan, get_current_active_span, start_span, start_span_no_context
    from steelyard.tracing.usage import trace_usage

_HOMES = {
    "ambient": ("context", "disable", "enable", "set_destination"),
    "capturing": ("capture", "static_trace"),
    "current": (
        "assess_open_trace",
        "carry_context",
        "get_active_trace_id",
        "get_last_active_trace_id",
        "get_tracing_context_headers_for_http_request",
        "set_tracing_context_from_http_request_headers",
        "update_current_trace",
    ),
    "decorating": ("trace",),
    "dialects": ("Normalised", "normalise"),
    "finishing": ("Finished",),
    "origin": ("Origin",),
    "prices": ("price", "priced"),
    "provider": ("configure", "get_tracer_provider", "reset"),
    "sinks": ("Sink", "dropped", "flush", "set_sink"),
    "snapshot": ("json_value",),
    "spans": ("LiveSpan", "get_current_active_span", "start_span", "start_span_no_context"),
    "usage": ("trace_usage",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Finished",
    "LiveSpan",
    "Normalised",
    "Origin",
    "Sink",
    "assess_open_trace",
    "capture",
    "carry_context",
    "configure",
    "context",
    "disable",
    "dropped",
    "enable",
    "flush",
    "get_active_trace_id",
    "get_current_active_span",
    "get_last_active_trace_id",
    "get_tracer_provider",
    "get_tracing_context_headers_for_http_request",
    "json_value",
    "normalise",
    "price",
    "priced",
    "reset",
    "set_destination",
    "set_sink",
    "set_tracing_context_from_http_request_headers",
    "start_span",
    "start_span_no_context",
    "static_trace",
    "trace",
    "trace_usage",
    "update_current_trace",
]

__getattr__ = lazy_names(__name__, _HOME_OF)
