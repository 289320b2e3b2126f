"""Errors on the wire: what a store raises behind a server is raised again, as the same class, in front of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from steelyard import errors
from steelyard.errors import (
    AlreadyExists,
    Conflict,
    DataError,
    FilterError,
    InvalidArgument,
    NotFound,
    SteelyardError,
    StoreError,
    StoreUnavailable,
    UnreadableFile,
)

_STATUSES: tuple[tuple[type[SteelyardError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (AlreadyExists, HTTPStatus.CONFLICT),
    (Conflict, HTTPStatus.CONFLICT),
    (UnreadableFile, HTTPStatus.INTERNAL_SERVER_ERROR),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (FilterError, HTTPStatus.BAD_REQUEST),
    (InvalidArgument, HTTPStatus.BAD_REQUEST),
    (DataError, HTTPStatus.BAD_REQUEST),
)


def status_of(error: SteelyardError) -> HTTPStatus:
    """Return the HTTP status that tells an error's kind."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def error_to_wire(error: SteelyardError) -> dict[str, str]:
    """Return an error as it is sent."""
    known = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in errors.__all__)
    return {"error_code": error.error_code, "message": str(error), "type": known}


def error_from_wire(told: Any) -> SteelyardError:
    """Return the error that was sent; a ``StoreError`` if its class is not known here."""
    if not isinstance(told, dict) or not isinstance(told.get("message"), str):
        return StoreError("The server told of an error that cannot be read.")
    name = told.get("type")
    kind = getattr(errors, name) if name in errors.__all__ else StoreError
    error = kind.__new__(kind, told["message"])  # not by __init__: some classes make their message themselves
    error.args = (told["message"],)
    return error
