"""What the application says about the trace that it is in."""

from __future__ import annotations

import contextvars
import functools
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from opentelemetry import trace as otel

from steelyard.errors import InvalidArgument
from steelyard.records import SESSION_KEY, USER_KEY, Assessment
from steelyard.tracing import recording
from steelyard.tracing.finishing import trace_name
from steelyard.tracing.recording import registry
from steelyard.tracing.sinks import tell_once

if TYPE_CHECKING:
    from steelyard.records.trace import TraceState

P = ParamSpec("P")
T = TypeVar("T")

_TRACE_ID = re.compile("tr-[0-9a-f]{32}")
MODEL_KEY = "mlflow.modelId"


def update_current_trace(
    tags: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    client_request_id: str | None = None,
    request_preview: str | None = None,
    response_preview: str | None = None,
    state: str | None = None,
    model_id: str | None = None,
    session_id: str | None = None,
    user: str | None = None,
) -> None:
    """Label the trace that the running code is part of. Outside of a trace, warn and do nothing.

    Args:
        tags: labels that may be changed later.
        metadata: facts that do not change.
        client_request_id: the application's own id of the request.
        request_preview: what people read of the request, at most 1,000 characters.
        response_preview: the same of the answer.
        state: ``OK`` or ``ERROR``, whatever the root span says.
        model_id: the logged model that answered.
        session_id: the conversation that the trace belongs to.
        user: whose it is.

    Raises:
        InvalidArgument: for another state.
    """
    if state is not None and str(state).rpartition(".")[2] not in ("OK", "ERROR"):
        raise InvalidArgument(f"A trace's state is 'OK' or 'ERROR', not {state!r}.")
    context = otel.get_current_span().get_span_context()
    trace = registry.find(context.trace_id) if context.is_valid else None
    if trace is None:
        if not context.is_valid:
            tell_once(
                "update the current trace", LookupError("there is none here: call it inside of a traced function")
            )
        return
    facts = trace.facts
    facts.tags.update({str(key): str(value) for key, value in (tags or {}).items()})
    named = {MODEL_KEY: model_id, SESSION_KEY: session_id, USER_KEY: user}
    said = {**(metadata or {}), **{key: value for key, value in named.items() if value is not None}}
    facts.metadata.update({str(key): str(value) for key, value in said.items()})
    if client_request_id is not None:
        facts.client_request_id = str(client_request_id)
    if request_preview is not None:
        facts.request_preview = str(request_preview)
    if response_preview is not None:
        facts.response_preview = str(response_preview)
    if state is not None:
        word: TraceState = "ERROR" if str(state).endswith("ERROR") else "OK"
        facts.state = word


def assess_open_trace(assessment: Assessment) -> bool:
    """Keep an assessment with its trace if that is still open in this process; return whether it is."""
    trace_id = assessment.trace_id or ""
    digits = trace_id.removeprefix("tr-")
    trace = registry.open.get(int(digits, 16)) if _TRACE_ID.fullmatch(trace_id) else None
    if trace is None:
        return False
    with recording.counting:
        trace.facts.assessments = (*trace.facts.assessments, assessment)
    return True


def get_active_trace_id() -> str | None:
    """Return the id of the trace that the running code is part of, or None."""
    context = otel.get_current_span().get_span_context()
    return trace_name(context.trace_id) if context.is_valid and registry.find(context.trace_id) else None


def get_last_active_trace_id(thread_local: bool = False) -> str | None:
    """Return the id of the trace that ended last, or None.

    Args:
        thread_local: only look at traces of this thread.
    """
    found = getattr(registry.here, "last", None) if thread_local else registry.last
    return None if found is None else trace_name(found)


def carry_context(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function that runs in the context of here and now, in whatever thread it is called.

    Threads of a pool do not know which trace the work they are given belongs to. This tells them; it may be called by
    several threads at once, as ``pool.map`` does. ``asyncio.to_thread`` and tasks need no help.

    Examples:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor() as pool:
        ...     list(pool.map(carry_context(abs), [-1, 2]))
        [1, 2]
    """
    here = contextvars.copy_context()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> T:
        return here.copy().run(function, *args, **kwargs)

    return carried


def get_tracing_context_headers_for_http_request() -> dict[str, str]:
    """Return the headers that tell another service which trace its work belongs to (W3C Trace Context)."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return headers


@contextmanager
def set_tracing_context_from_http_request_headers(headers: Mapping[str, str]) -> Generator[None]:
    """Let the spans of a block belong to the trace that a request's headers name.

    Args:
        headers: of the request; names in any case.
    """
    from opentelemetry import context as otel_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    low = {str(key).lower(): str(value) for key, value in headers.items()}
    token = otel_context.attach(TraceContextTextMapPropagator().extract(low))
    try:
        yield
    finally:
        otel_context.detach(token)
