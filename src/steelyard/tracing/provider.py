"""The OpenTelemetry provider that spans are made with: the application's if it has set one, else ours."""

from __future__ import annotations

import os
import random
import threading
import weakref
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult, TraceIdRatioBased

from steelyard.errors import InvalidArgument
from steelyard.tracing.ambient import Switches, switches
from steelyard.tracing.recording import Recorder, forget

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_ATTRIBUTES = 10_000  # one conversation in OpenInference's words has more than OpenTelemetry's 128

_lock = threading.Lock()
_tracer: Tracer | None = None
_connected: weakref.WeakSet[TracerProvider] = weakref.WeakSet()
_recorder = Recorder()
# Set around the start of one span whose function has a sampling ratio of its own.
share: ContextVar[float | None] = ContextVar("steelyard_sampling_ratio", default=None)


def tracer() -> Tracer:
    """Return the tracer that our spans are made with."""
    return _tracer or _connect()


def get_tracer_provider() -> TracerProvider:
    """Return the provider that is recorded, for instrumentation packages and for further span processors."""
    with _lock:
        return _provider()


def configure(*, span_processors: Sequence[SpanProcessor] = ()) -> None:
    """Add span processors of OpenTelemetry, such as an exporter, to the provider."""
    provider = get_tracer_provider()
    for processor in span_processors:
        provider.add_span_processor(processor)


def reset() -> None:
    """Forget open traces and settings, and look anew for the application's provider."""
    global _tracer
    _tracer = None
    fresh = Switches()
    switches.enabled, switches.experiment_id = fresh.enabled, fresh.experiment_id
    forget()


def _connect() -> Tracer:
    global _tracer
    with _lock:
        _tracer = _tracer or _provider().get_tracer("steelyard")
        return _tracer


_own: TracerProvider | None = None


def _provider() -> TracerProvider:
    """Return the application's provider, or make ours and set it for all if there is none, and record what it makes."""
    global _own
    current = otel.get_tracer_provider()
    if not isinstance(current, TracerProvider):
        if _own is None:
            _own = TracerProvider(sampler=ParentBased(_Share()), span_limits=_limits())
        if isinstance(current, otel.ProxyTracerProvider):
            otel.set_tracer_provider(_own)
        current = _own
    if current not in _connected:
        current.add_span_processor(_recorder)
        _connected.add(current)
    return current


def _limits() -> SpanLimits:
    told = os.environ.get("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT") or os.environ.get("OTEL_ATTRIBUTE_COUNT_LIMIT")
    return SpanLimits() if told else SpanLimits(max_span_attributes=_ATTRIBUTES)


class _Share(Sampler):
    """Records a share of the traces: that of the function, else ``STEELYARD_`` or ``MLFLOW_TRACE_SAMPLING_RATIO``."""

    def __init__(self) -> None:
        self._usual = _share_of(sampling_ratio())

    def should_sample(self, parent_context: Any, trace_id: int, name: str, *args: Any, **kwargs: Any) -> SamplingResult:
        own = share.get()
        sampler = self._usual if own is None else _share_of(own)
        return sampler.should_sample(parent_context, trace_id, name, *args, **kwargs)

    def get_description(self) -> str:
        return "Share of the traces"


def _share_of(ratio: float) -> Sampler:
    return ALWAYS_ON if ratio >= 1 else TraceIdRatioBased(ratio)


def sampling_ratio() -> float:
    """Return the share of traces that the environment asks for; all unless told.

    Raises:
        InvalidArgument: if it is not a number from 0 to 1.
    """
    text = os.environ.get("STEELYARD_TRACE_SAMPLING_RATIO") or os.environ.get("MLFLOW_TRACE_SAMPLING_RATIO")
    return 1.0 if not text else check_ratio(text, "MLFLOW_TRACE_SAMPLING_RATIO")


def check_ratio(value: object, what: str) -> float:
    """Return a sampling ratio as a float.

    Raises:
        InvalidArgument: if it is not a number from 0 to 1.
    """
    try:
        ratio = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise InvalidArgument(f"{what} is a number from 0 to 1, not {value!r}.")
    return ratio


def new_trace_id() -> int:
    """Return a random trace id."""
    return random.getrandbits(128) or 1


def new_span_id() -> int:
    """Return a random span id."""
    return random.getrandbits(64) or 1
