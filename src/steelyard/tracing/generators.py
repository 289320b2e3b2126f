"""Traced generators: the span is the current one while the generator's own code runs, and not between its values."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from steelyard.tracing.sinks import tell_once

if TYPE_CHECKING:
    from steelyard.tracing.calls import Call, Calls

_MOST_VALUES = 100_000


class _Stream:
    """One run of a generator: its span, its values so far, and the context that its code has left behind."""

    def __init__(self, call: Call, calls: Calls) -> None:
        self.call = call
        self.reducer = calls.reducer
        self.values: list[Any] = []
        self.inner = call.context

    def enter(self) -> Any:
        return otel_context.attach(self.inner)

    def leave(self, token: Any) -> None:
        self.inner = otel_context.get_current()  # a span that the code holds open over a yield
        otel_context.detach(token)

    def step(self, advance: Callable[..., Any], *args: Any) -> Any:
        token = self.enter()
        try:
            return advance(*args)
        finally:
            self.leave(token)

    async def astep(self, advance: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        token = self.enter()
        try:
            return await advance(*args)
        finally:
            self.leave(token)

    def keep(self, value: Any) -> None:
        if len(self.values) < _MOST_VALUES:
            self.values.append(value)

    def end(self) -> None:
        values: Any = self.values
        if self.reducer is not None:
            try:
                values = self.reducer(self.values)
            except Exception as error:  # a reducer serves the record alone
                tell_once("reduce what a generator yielded", error)
        self.call.succeed(values)


def wrap_generator(calls: Calls) -> Callable[..., Any]:
    """Return a generator function that records each run. The span begins with the first value that is asked for."""
    function = calls.function

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call = calls.begin(args, kwargs)
        if call is None:
            return (yield from function(*args, **kwargs))
        stream = _Stream(call, calls)
        try:
            result = yield from _values(stream, function(*args, **kwargs))
        except GeneratorExit:  # nobody wants more
            stream.end()
            raise
        except BaseException as error:
            call.fail(error)
            raise
        stream.end()
        return result

    return traced


def _values(stream: _Stream, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    advance, args = generator.send, (None,)
    while True:
        try:
            value = stream.step(advance, *args)
        except StopIteration as stop:
            return stop.value
        stream.keep(value)
        try:
            advance, args = generator.send, ((yield value),)
        except GeneratorExit:
            stream.step(generator.close)
            raise
        except BaseException as error:  # thrown into the generator, which may go on
            advance, args = generator.throw, (error,)


def wrap_async_generator(calls: Calls) -> Callable[..., Any]:
    """The same for asynchronous generators."""
    function = calls.function

    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        call = calls.begin(args, kwargs)
        stream = None if call is None else _Stream(call, calls)
        try:
            advance, given = generator.asend, (None,)
            while True:
                try:
                    value = await (advance(*given) if stream is None else stream.astep(advance, *given))
                except StopAsyncIteration:
                    break
                if stream is not None:
                    stream.keep(value)
                try:
                    advance, given = generator.asend, ((yield value),)
                except GeneratorExit:
                    await (generator.aclose() if stream is None else stream.astep(generator.aclose))
                    raise
                except BaseException as error:  # thrown into the generator, which may go on
                    advance, given = generator.athrow, (error,)
        except GeneratorExit:
            if stream is not None:
                stream.end()
            raise
        except BaseException as error:
            if call is not None:
                call.fail(error)
            raise
        if stream is not None:
            stream.end()

    return traced
