"""Errors as pages, and as JSON where JSON was asked for; never with a traceback."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import (
    AlreadyExists,
    Conflict,
    DataError,
    FilterError,
    InvalidArgument,
    NotFound,
    SteelyardError,
    StoreUnavailable,
    UnreadableFile,
)
from steelyard.web.contexts.error import ErrorPage
from steelyard.web.faces import Crumb, Shell, respond

_STATUSES: tuple[tuple[type[SteelyardError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (AlreadyExists, HTTPStatus.CONFLICT),
    (UnreadableFile, HTTPStatus.INTERNAL_SERVER_ERROR),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (FilterError, HTTPStatus.BAD_REQUEST),
    (InvalidArgument, HTTPStatus.BAD_REQUEST),
    (DataError, HTTPStatus.BAD_REQUEST),
)
_TITLES = {
    HTTPStatus.NOT_FOUND: ("Not found", "The address may be mistyped, or what was there has been deleted."),
    HTTPStatus.BAD_REQUEST: ("This cannot be shown", "Nothing was changed. Go back, or correct the address."),
    HTTPStatus.CONFLICT: ("This has changed meanwhile", "Nothing was written. Look again, then try again."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "The store cannot be reached",
        "Nothing that was stored is lost. Try again shortly.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "This page could not be made",
        "Nothing that was stored is lost. The server's log has the details.",
    ),
}
_UNEXPECTED = "An unexpected error happened while this page was made."


def show_steelyard_error(request: Request, error: Exception) -> Response:
    """Answer for an error that was raised on purpose; its message is meant for people."""
    status = next((s for kind, s in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    code = error.error_code if isinstance(error, SteelyardError) else "INTERNAL_ERROR"
    return _answer(request, status, code, str(error))


def show_http_error(request: Request, error: Exception) -> Response:
    """Answer for an address or a method that there is not."""
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    told = (
        "There is no page at this address." if status == HTTPStatus.NOT_FOUND else status.description or status.phrase
    )
    code = "RESOURCE_DOES_NOT_EXIST" if status == HTTPStatus.NOT_FOUND else "BAD_REQUEST"
    return _answer(request, status, code, told)


def show_unexpected(request: Request, error: Exception) -> Response:
    """Answer for anything else; what it was is in the server's log, not on the page."""
    del error
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", _UNEXPECTED)


def _answer(request: Request, status: HTTPStatus, code: str, message: str) -> Response:
    title, advice = _TITLES.get(status, (status.phrase, "Nothing was changed."))
    context = ErrorPage(error_code=code, title=title, message=message, advice=advice)
    if "/artifacts/" not in request.url.path and request.url.path.endswith(".json"):
        request.state.wants_data = True
    shell = Shell(
        title=title, crumbs=(Crumb(label="Experiments", href="/experiments"), Crumb(label=title)), section="error"
    )
    return respond(request, "error.html", context, shell, status=status)
