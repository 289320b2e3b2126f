"""Ports whose methods are calls to a server, made from the table of methods."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, cast

import msgspec

from steelyard.errors import InvalidArgument, StoreError, StoreUnavailable
from steelyard.store.remote import values
from steelyard.store.remote.connections import Answer, Lost, explained
from steelyard.store.remote.failures import error_from_wire
from steelyard.store.remote.line import Line
from steelyard.store.remote.protocol import END_OF_STREAM, ERROR_IN_STREAM, MSGPACK, STREAM, Method, methods

_MOST_BYTES = 32 << 20
_BUFFER = 1 << 18


class RemotePort:
    """A port on a server: each of its methods is an attribute.

    Args:
        noun: the port's name in the store.
        line: the line to the server.
    """

    def __init__(self, noun: str, line: Line) -> None:
        self._noun = noun
        self._line = line

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = methods(self._noun).get(name) if not name.startswith("_") else None
        if method is None:
            raise AttributeError(f"The port {self._noun!r} has no method {name!r}.")
        made = partial(_call, self._line, method)
        setattr(self, name, made)  # found without this method from now on
        return made

    def __repr__(self) -> str:
        return f"RemotePort({self._noun!r}, {self._line.place.shown!r})"


def _call(line: Line, method: Method, /, *args: Any, **kwargs: Any) -> Any:
    told = method.signature.bind(*args, **kwargs).arguments
    plain = _plain(method, told)
    if method.streams:
        return _streamed(line, method, values.to_msgpack(plain, _name(told)))
    packed = values.to_msgpack(plain, _name(told))
    if method.divisible and len(packed) > _MOST_BYTES and len(plain[method.divisible]) > 1:
        return _in_parts(line, method, told)
    answer = line.call(method.address, packed, once=method.once)
    return _read(method, values.from_msgpack(answer.body))


def _plain(method: Method, told: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {name: method.parameters[name].plain(value) for name, value in told.items()}
    except (TypeError, AttributeError) as error:  # something that is not of the parameter's type
        raise InvalidArgument(f"{method.full_name} cannot take this: {error}.") from error


def _read(method: Method, data: Any) -> Any:
    try:
        return method.result.record(data)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"The server's answer to {method.full_name} cannot be read ({error}). "
            "Is it of another version? Upgrade the older of the two."
        ) from error


def _in_parts(line: Line, method: Method, told: Mapping[str, Any]) -> None:
    """Send the halves of what is too large for one request; each is kept wholly or not at all."""
    things = list(told[method.divisible])
    middle = len(things) // 2
    for half in (things[:middle], things[middle:]):
        _call(line, method, **{**told, method.divisible: half})


def _streamed(line: Line, method: Method, packed: bytes) -> Iterator[Any]:
    """Yield items as they come. The request is sent when the first is asked for, as with a store at hand."""
    headers = {"Content-Type": MSGPACK, "Accept": f"{STREAM}, {MSGPACK}"}
    answer = line.ask("POST", method.address, lambda: packed, headers, stream=True)
    try:
        for data in _frames(line, method, answer):
            yield _read(method, values.from_msgpack(data))
    finally:
        answer.close()


def _frames(line: Line, method: Method, answer: Answer) -> Iterator[bytes]:
    source = io.BufferedReader(cast("io.RawIOBase", answer.stream), _BUFFER)
    n = 0
    try:
        while True:
            with explained():
                size = int.from_bytes(_exactly(source, 4))
                data = _exactly(source, size) if size not in (END_OF_STREAM, ERROR_IN_STREAM) else b""
            if size == END_OF_STREAM:
                answer.stream.read()  # what closes the body, so that the connection serves again
                return
            if size == ERROR_IN_STREAM:
                raise error_from_wire(values.from_msgpack(source.read()))
            yield data
            n += 1
    except Lost as error:
        raise StoreUnavailable(
            f"The server {line.place.shown} was cut off after {n:,} items of {method.full_name} ({error}). Ask again."
        ) from error
    finally:
        source.detach()


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise Lost("the answer ended too early")
    return data


def _name(told: Mapping[str, Any]) -> str:
    """Return what was told last, in people's words: mostly the thing that is kept."""
    return next(reversed(list(told)), "argument").replace("_", " ")
