"""The bytes of artifacts, in and out, in bounded memory. Names are the store's to check; none is a path here."""

from __future__ import annotations

import hashlib
import logging
from functools import partial
from http import HTTPStatus
from typing import BinaryIO, cast

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreError
from steelyard.records import ArtifactInfo, Store
from steelyard.rest.answering import answer_error, answer_value, headers
from steelyard.store.remote.protocol import DIGEST_HEADER
from steelyard.store.remote.shapes import shape_of

_LOG = logging.getLogger(__name__)
_MOST_UPLOADS = 12
_SILENCE = 60.0


async def receive(request: Request) -> Response:
    """Keep the body as an artifact; what is not of the digest that was told is not kept."""
    try:
        run_id, path = _named(request)
        content = cast("BinaryIO", _Body(request))
        put = partial(
            _store(request).artifacts.put, run_id, path, content, media_type=request.query_params.get("media_type")
        )
        info = await to_thread.run_sync(put, limiter=_limiter(request))
        return answer_value(request, shape_of(ArtifactInfo).plain(info))
    except SteelyardError as error:
        return answer_error(request, error)
    except Exception:
        return _unexpected(request)


async def deliver(request: Request) -> Response:
    """Send an artifact, or a range of it."""
    try:
        run_id, path = _named(request)
        return await run_in_threadpool(_deliver, request, run_id, path)
    except SteelyardError as error:
        return answer_error(request, error)
    except Exception:
        return _unexpected(request)


def _deliver(request: Request, run_id: str, path: str) -> Response:
    artifacts = _store(request).artifacts
    place = artifacts.local_path(run_id, path)  # renders it, if need be
    info = artifacts.stat(run_id, path)
    told = {**headers(), DIGEST_HEADER: info.sha256, "ETag": f'"{info.sha256}"', "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == told["ETag"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=told)
    # Never as what it claims to be: a browser that comes here saves it and runs nothing.
    return FileResponse(
        place, media_type="application/octet-stream", headers={**told, "Content-Disposition": "attachment"}
    )


class _Body:
    """A request's body as a file to read in a thread; its end is reached only by what has the digest that was told."""

    def __init__(self, request: Request) -> None:
        self._chunks = request.stream()
        self._wanted = request.headers.get(DIGEST_HEADER, "").lower()
        self._length = int(length) if (length := request.headers.get("content-length", "")).isdigit() else None
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes as they came, whatever the size that is asked for; none at the end."""
        del size
        while True:
            chunk = from_thread.run(self._next)
            if chunk is None:
                self._check()
                return b""
            if chunk:
                self._digest.update(chunk)
                self._size += len(chunk)
                return chunk

    async def _next(self) -> bytes | None:
        try:
            with anyio.fail_after(_SILENCE):
                return await anext(self._chunks, None)
        except TimeoutError as error:
            raise InvalidArgument(f"Nothing of the content came for {_SILENCE:.0f} seconds. Send it again.") from error
        except ClientDisconnect as error:
            raise InvalidArgument("The content ended too early. Send it again.") from error

    def _check(self) -> None:
        if self._length not in (None, self._size):
            raise InvalidArgument(
                f"The content has {self._size:,} bytes and should have {self._length:,}. Send it again."
            )
        if self._wanted and self._digest.hexdigest() != self._wanted:
            raise InvalidArgument("The content does not have the digest that was told with it. Send it again.")


def _named(request: Request) -> tuple[str, str]:
    told = request.query_params
    for name in ("run_id", "path"):
        if name not in told:
            raise InvalidArgument(f"The address names no {name}. Ask for ?run_id=…&path=….")
    return told["run_id"], told["path"]


def _store(request: Request) -> Store:
    return request.app.state.store


def _limiter(request: Request) -> CapacityLimiter:
    """Return what keeps slow uploads from taking every thread."""
    state = request.app.state
    if not hasattr(state, "uploads"):
        state.uploads = CapacityLimiter(_MOST_UPLOADS)
    return state.uploads


def _unexpected(request: Request) -> Response:
    _LOG.exception("%s %s failed", request.method, request.url.path)
    return answer_error(request, StoreError("An unexpected error happened on the server; its log has the details."))
