"""Why a request is not taken, in words that HTTP, gRPC and OTLP each say in their own way."""

from __future__ import annotations

import random
from enum import Enum

from steelyard.errors import SteelyardError, StoreTooNew, StoreUnavailable

_DATA_PROBLEMS = (SteelyardError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError)
_DATA_PROBLEMS_OF_DRIVERS = {"DataError", "IntegrityError"}  # the Python database API's names, whatever the driver


class Why(Enum):
    """A reason, as (HTTP status, google.rpc.Code)."""

    MALFORMED = (400, 3)
    METHOD = (405, 12)
    SLOW = (408, 4)
    TOO_LARGE = (413, 3)
    UNSUPPORTED = (415, 3)
    FULL = (503, 14)

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def code(self) -> int:
        return self.value[1]


class Refusal(Exception):
    """A request that is refused whole.

    Args:
        why: the class of reason; it decides whether a client sends again (only ``FULL`` says so).
        message: for people.
        retry_after: whole seconds after which to send again; None means never.
    """

    def __init__(self, why: Why, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.why = why
        self.message = message
        self.retry_after = retry_after


def malformed(message: str) -> Refusal:
    return Refusal(Why.MALFORMED, message)


def too_large(most: int) -> Refusal:
    return Refusal(Why.TOO_LARGE, f"A request may have {most:,} bytes after decompression. Send smaller batches.")


def full(message: str = "More is waiting to be stored than fits. Send again later.", *, least: int = 1) -> Refusal:
    """Return the refusal that asks to send again, after a time that differs from client to client."""
    return Refusal(Why.FULL, message, retry_after=least + random.randrange(3))  # noqa: S311  # spreads load, no secret


def is_about_the_data(problem: BaseException) -> bool:
    """Whether an error comes from what was sent, so that sending it again would fail again.

    Anything else (the store away, the disk full, a fault of ours) may pass: the client must keep what it has.
    """
    if isinstance(problem, StoreUnavailable | StoreTooNew):
        return False
    named = any(kind.__name__ in _DATA_PROBLEMS_OF_DRIVERS for kind in type(problem).__mro__)
    return named or isinstance(problem, _DATA_PROBLEMS)
