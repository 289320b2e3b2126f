"""Gathers the spans of each trace, whoever made them, and hands a trace on when its first span has ended.

A span processor of the OpenTelemetry SDK: spans of our decorator, of instrumentation packages and of plain calls of
OpenTelemetry arrive here alike.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from steelyard.tracing.ambient import Ambient, ambient, switches
from steelyard.tracing.finishing import Facts, Finished
from steelyard.tracing.origin import Origin
from steelyard.tracing.sinks import current_sink, tell_once

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Span

_MOST_OPEN = 10_000
_REMEMBERED = 1_000


# Around every change of a trace's spans. One for all traces: it is held for an instant, and one for each costs more.
counting = threading.Lock()


class OpenTrace:
    """A trace that is being made: its spans so far, and what the application says about it meanwhile."""

    __slots__ = ("captured", "ended", "facts", "made", "root_id", "running", "trace_id")

    def __init__(self, trace_id: int, root_id: int, facts: Facts, *, captured: bool = False) -> None:
        self.trace_id = trace_id
        self.root_id = root_id
        self.facts = facts
        self.captured = captured
        self.ended: list[ReadableSpan] = []
        self.running = 0
        # Of a capture: which traced functions made the spans directly under it.
        self.made: dict[int, Callable[..., Any]] | None = {} if captured else None


class Registry:
    """The traces of this process: open ones, and which ended lately, for spans that come after their root."""

    def __init__(self) -> None:
        self.open: dict[int, OpenTrace] = {}
        self.past: dict[int, OpenTrace] = {}
        self.last: int | None = None
        self.here = threading.local()

    def find(self, trace_id: int) -> OpenTrace | None:
        return self.open.get(trace_id) or self.past.get(trace_id)

    def begin(self, trace: OpenTrace) -> None:
        self.open[trace.trace_id] = trace
        if len(self.open) > _MOST_OPEN:
            self._give_up_oldest()

    def end(self, trace: OpenTrace) -> None:
        self.open.pop(trace.trace_id, None)
        self.past[trace.trace_id] = trace
        if len(self.past) > 2 * _REMEMBERED:
            for trace_id in list(self.past)[:_REMEMBERED]:
                self.past.pop(trace_id, None)

    def _give_up_oldest(self) -> None:
        """Hand on the trace that has been open longest: its root may never end."""
        oldest = next((trace for trace in list(self.open.values()) if not trace.captured), None)
        if oldest is not None:
            hand_on(oldest)


registry = Registry()


def forget() -> None:
    """Begin anew, as a forked child does: what its parent has open is the parent's."""
    global counting
    counting = threading.Lock()
    registry.__init__()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


class Recorder(SpanProcessor):
    """Gathers spans into traces."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        try:
            context = span.get_span_context()
            trace = registry.find(context.trace_id)
            if trace is None:
                around = ambient.get()
                if not (switches.enabled if around.enabled is None else around.enabled):
                    return
                trace = OpenTrace(context.trace_id, context.span_id, facts_here(around))
                registry.begin(trace)
            with counting:
                trace.running += 1
        except Exception as error:  # recording never breaks the application
            tell_once("note the beginning of a span", error)

    def on_end(self, span: ReadableSpan) -> None:
        try:
            context = span.get_span_context()
            if context is None:
                return
            trace = registry.find(context.trace_id)
            if trace is None:
                return
            is_open = trace.trace_id in registry.open
            with counting:
                trace.running -= 1
                if is_open or not trace.captured:
                    trace.ended.append(span)
            if trace.captured:
                return
            if context.span_id == trace.root_id or not is_open:
                hand_on(trace)
        except Exception as error:  # the same
            tell_once("keep a span", error)

    def shutdown(self) -> None:
        """Do nothing: what has ended has been handed on."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return current_sink().flush(timeout_millis / 1000)


def hand_on(trace: OpenTrace) -> None:
    """Give what has ended of a trace to the sink."""
    registry.end(trace)
    with counting:
        spans, trace.ended = trace.ended, []
    finished = Finished(trace.trace_id, trace.root_id, spans, trace.facts)
    registry.last = registry.here.last = trace.trace_id
    current_sink().accept(finished)


def facts_here(around: Ambient) -> Facts:
    """Return what a trace that begins here starts with."""
    facts = Facts(origin_here())
    if around.metadata:
        facts.metadata.update(around.metadata)
    if around.tags:
        facts.tags.update(around.tags)
    if switches.experiment_id is not None:
        facts.experiment_id = switches.experiment_id
    return facts


def origin_here() -> Origin:
    try:
        return current_sink().origin()
    except Exception as error:  # a store that is away must not stop the application
        tell_once("learn the experiment that a trace belongs to", error)
        return Origin()
