"""The one place where a pickle is written or read, and only on the caller's word."""

from __future__ import annotations

import pickle
from typing import Any

from steelyard.errors import InvalidArgument, ModelError

FORMATS = ("cloudpickle", "pickle")


def dump(model: object, *, how: str) -> bytes:
    """Return a model as a pickle.

    Args:
        model: any object.
        how: ``cloudpickle``, which carries lambdas and functions of a script along, or ``pickle``.

    Raises:
        ModelError: if it cannot be pickled.
    """
    if how not in FORMATS:
        raise InvalidArgument(f"{how!r} is no kind of pickle; there are {' and '.join(FORMATS)}.")
    writer = _cloudpickle() if how == "cloudpickle" else pickle
    try:
        return bytes(writer.dumps(model))
    except Exception as error:  # __reduce__ of any type may raise anything
        raise ModelError(f"A {type(model).__name__} cannot be pickled: {type(error).__name__}: {error}") from error


def load_trusted(content: bytes, *, what: str) -> Any:
    """Return what a pickle holds, running whatever code it names.

    The caller of this function must have compared the digest of ``content`` with one that its own caller named.

    Raises:
        ModelError: if it cannot be unpickled.
    """
    try:
        return pickle.loads(content)  # noqa: S301 - the digest of these very bytes was named by the caller
    except Exception as error:  # unpickling runs code, which may raise anything
        raise ModelError(f"{what} cannot be unpickled: {type(error).__name__}: {error}") from error


def _cloudpickle() -> Any:
    try:
        import cloudpickle
    except ImportError as error:
        message = "To save a model with cloudpickle, install cloudpickle: pip install cloudpickle."
        raise ModelError(message) from error
    return cloudpickle
