"""``@trace``: a function whose every call is a span."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

from opentelemetry.trace import Link

from steelyard.errors import InvalidArgument
from steelyard.records import SpanType
from steelyard.tracing.ambient import destination_id
from steelyard.tracing.calls import Calls, Reducer
from steelyard.tracing.dialects.mlflow import FUNCTION, TYPE
from steelyard.tracing.generators import wrap_async_generator, wrap_generator
from steelyard.tracing.provider import check_ratio
from steelyard.tracing.snapshot import json_value, snapshot
from steelyard.tracing.spans import DESCRIPTION

F = TypeVar("F", bound=Callable[..., Any])


@overload
def trace(func: F) -> F: ...
@overload
def trace(
    func: None = None,
    name: str | None = None,
    span_type: str = SpanType.UNKNOWN,
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
    trace_destination: object = None,
    sampling_ratio_override: float | None = None,
    log_level: object = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> Callable[[F], F]: ...
def trace(
    func: F | None = None,
    name: str | None = None,
    span_type: str = SpanType.UNKNOWN,
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
    trace_destination: object = None,
    sampling_ratio_override: float | None = None,
    log_level: object = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> F | Callable[[F], F]:
    """Record every call of a function as a span, with its arguments, its result and its exception.

    Args:
        func: a function, coroutine function, generator or asynchronous generator, or a method of any of these kinds.
        name: the span's name; the function's unless told.
        span_type: one of ``SpanType``, or a word of your own.
        attributes: set on every span.
        output_reducer: of a generator, makes the output out of the list of what it yielded.
        trace_destination: the experiment of traces that a call begins.
        sampling_ratio_override: the share of those traces to record, from 0 to 1.
        log_level: accepted for MLflow's callers.
        links: spans of other traces that every span points to.
        description: a sentence on it.

    Raises:
        InvalidArgument: if ``func`` is not a function, or the ratio is no share.

    Examples:
        >>> @trace
        ... def double(x):
        ...     return 2 * x
        >>> double(4)
        8
    """
    if isinstance(func, str):
        raise InvalidArgument(f"@trace takes the name as name={func!r}.")
    ratio = None if sampling_ratio_override is None else check_ratio(sampling_ratio_override, "sampling_ratio_override")
    experiment = destination_id(trace_destination)

    def decorate(function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(decorate(function.__func__))
        if not callable(function) or inspect.isclass(function):
            raise InvalidArgument(f"@trace is for functions and methods, not {function!r}.")
        named = name or getattr(function, "__name__", type(function).__name__)
        first = {TYPE: snapshot(span_type), FUNCTION: snapshot(getattr(function, "__name__", named))}
        for key, value in (attributes or {}).items():
            first[key] = snapshot(value) if key.startswith("mlflow.") else json_value(value)
        if description:
            first[DESCRIPTION] = snapshot(description)
        calls = Calls(function, named, first, links=links, reducer=output_reducer, experiment=experiment, ratio=ratio)
        return wrap(calls)

    return decorate if func is None else decorate(func)


def wrap(calls: Calls) -> Callable[..., Any]:
    """Return the traced function, of the same kind as the one it wraps."""
    function = calls.function
    if not inspect.isroutine(function) and not isinstance(function, functools.partial):
        function = type(function).__call__  # an object that is called
    if inspect.isasyncgenfunction(function):
        return wrap_async_generator(calls)
    if inspect.isgeneratorfunction(function):
        return wrap_generator(calls)
    if inspect.iscoroutinefunction(function):
        return _wrap_coroutine(calls)
    return _wrap_function(calls)


def _wrap_function(calls: Calls) -> Callable[..., Any]:
    function = calls.function

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        call = calls.begin(args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        call.enter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            call.leave()
            call.fail(error)
            raise
        call.leave()
        call.succeed(result)
        return result

    return traced


def _wrap_coroutine(calls: Calls) -> Callable[..., Any]:
    function = calls.function

    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        call = calls.begin(args, kwargs)
        if call is None:
            return await function(*args, **kwargs)
        call.enter()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            call.leave()
            call.fail(error)
            raise
        call.leave()
        call.succeed(result)
        return result

    return traced
