"""Calls: decode the arguments, call one method of the store, encode what it returns."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreError
from steelyard.rest.answering import answer_bytes, answer_error, pack, wants_json
from steelyard.rest.bodies import TooLarge, UnknownForm, parse, read_body
from steelyard.rest.remembering import Kept, Memory, Restarted, StillBusy
from steelyard.rest.streaming import answer_stream
from steelyard.store.remote.failures import error_to_wire, status_of
from steelyard.store.remote.protocol import BOOT_HEADER, CALLS, KEY_HEADER, Method, methods, nouns

_LOG = logging.getLogger(__name__)
_UNEXPECTED = "An unexpected error happened on the server; its log has the details."
_LONGEST_KEY = 200


class Calls:
    """Answers ``POST /api/steelyard/1/{noun}/{method}``.

    Args:
        memory: of answers to requests that may come again.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def answer(self, request: Request) -> Response:
        """Answer a call; whatever it raises becomes an answer too."""
        try:
            method = _method(request)
            body = await read_body(request)
            return await run_in_threadpool(self._answer, request, method, body)
        except UnknownMethod as error:
            return answer_error(request, error, status=404)
        except TooLarge as error:
            return answer_error(request, error, status=413)
        except UnknownForm as error:
            return answer_error(request, error, status=415)
        except SteelyardError as error:
            return answer_error(request, error)
        except Exception:
            _LOG.exception("%s failed", request.url.path)
            return answer_error(request, StoreError(_UNEXPECTED))

    def _answer(self, request: Request, method: Method, body: bytes) -> Response:
        arguments = _arguments(method, parse(request, body))
        function = getattr(getattr(request.app.state.store, method.noun), method.name)
        if method.streams:
            return answer_stream(request, method, lambda: function(**arguments))
        key = request.headers.get(KEY_HEADER, "")
        if not method.once or not key:
            done = _done(request, method, function, arguments)
        elif len(key) > _LONGEST_KEY:
            raise InvalidArgument(f"An idempotency key has at most {_LONGEST_KEY} characters.")
        else:
            known = self._memory.done_once
            try:
                boot = request.headers.get(BOOT_HEADER, "")
                done = known(
                    f"{method.full_name} {key}", lambda: _done(request, method, function, arguments), boot=boot
                )
            except Restarted as error:
                return answer_error(request, error, status=409)
            except StillBusy as error:
                told = pack(request, error_to_wire(error))
                return answer_bytes(told, json=wants_json(request), status=503, more={"Retry-After": "1"})
        return answer_bytes(done.body, json=done.json, status=done.status)


class UnknownMethod(StoreError):
    """The store has no such noun or method."""

    error_code = "ENDPOINT_NOT_FOUND"


def _method(request: Request) -> Method:
    noun, name = request.path_params["noun"], request.path_params["method"]
    if noun not in nouns():
        raise UnknownMethod(f"There is no noun {noun!r} at {CALLS}. There are: {', '.join(nouns())}.")
    found = methods(noun)
    if name not in found:
        raise UnknownMethod(f"{noun!r} has no method {name!r}. It has: {', '.join(found)}.")
    return found[name]


def _arguments(method: Method, told: dict[str, Any]) -> dict[str, Any]:
    for name in told:
        if name not in method.parameters:
            known = ", ".join(method.parameters) or "none"
            raise InvalidArgument(f"{method.full_name} has no argument {name!r}; it takes: {known}.")
    for name, parameter in method.signature.parameters.items():
        if parameter.default is parameter.empty and name not in told:
            raise InvalidArgument(f"{method.full_name} needs the argument {name!r}.")
    arguments = {}
    for name, data in told.items():
        try:
            arguments[name] = method.parameters[name].record(data)
        except (msgspec.ValidationError, SteelyardError) as error:
            raise InvalidArgument(f"{method.full_name}: the argument {name!r} cannot be used: {error}.") from error
        except (TypeError, ValueError, AttributeError, RecursionError) as error:  # of a record that checks itself
            raise InvalidArgument(f"{method.full_name}: the argument {name!r} cannot be used: {error}.") from error
    return arguments


def _done(request: Request, method: Method, function: Any, arguments: dict[str, Any]) -> Kept:
    """Call the store and return the answer's body; what the store raises on purpose is an answer too."""
    json = wants_json(request)
    try:
        return Kept(200, pack(request, method.result.plain(function(**arguments))), json)
    except SteelyardError as error:
        return Kept(status_of(error), pack(request, error_to_wire(error)), json)
    except Exception:
        _LOG.exception("%s failed", method.full_name)
        return Kept(500, pack(request, error_to_wire(StoreError(_UNEXPECTED))), json)
