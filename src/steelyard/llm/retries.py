"""What a failure of a call means: try again, wait, or give up; and in which words it is told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from steelyard.errors import (
    AnswerRefused,
    AnswerUnreadable,
    InvalidArgument,
    LLMRateLimited,
    LLMUnavailable,
    SteelyardError,
)
from steelyard.llm.around import Patience

Kind = Literal["refused", "failing", "garbled", "final"]
_BUSY = frozenset({429, 503, 529})
_FAILING = frozenset({408, 409, 425, 500, 502, 504, 520, 522, 524})
_EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed try: what to do about it, the error if nothing helps, and the time that the server names."""

    kind: Kind
    error: SteelyardError
    retry_after: float | None = None


def failure_of(error: Exception, model: str, patience: Patience) -> Failure:
    """Say what an exception of the client library means.

    Args:
        error: what it raised.
        model: the model's URI, for the message.
        patience: caps the time that the server names.
    """
    from pydantic_ai import exceptions as theirs

    if isinstance(error, SteelyardError):
        return Failure("final", error)
    if isinstance(error, TimeoutError):
        return Failure("failing", LLMUnavailable(f"{model} did not answer in time."))
    if isinstance(error, theirs.ModelHTTPError):
        return _status(error, model, patience)
    if isinstance(error, theirs.ModelConnectionError | theirs.ModelRequestTimeout):
        if cause := _spoiled(error):
            return Failure("garbled", AnswerUnreadable(f"{model} sent no answer that can be read: {excerpt(cause)}"))
        what = "did not answer in time" if isinstance(error, theirs.ModelTimeoutError) else "cannot be reached"
        return Failure("failing", LLMUnavailable(f"{model} {what}: {excerpt(_root(error))}"))
    if isinstance(error, theirs.ContentFilterError):
        return Failure("final", AnswerRefused(f"{model}: the provider's content filter declined to answer."))
    if isinstance(error, theirs.UserError):
        return Failure("final", InvalidArgument(f"{model} cannot be asked this: {excerpt(str(error))}"))
    if redirect := _redirect(error):
        words = f"{model} answers with a redirect (status {redirect}), which is not followed. Check the base URL."
        return Failure("final", LLMUnavailable(words))
    # What is left came with status 200: no JSON, or JSON that is no response of this provider.
    return Failure("garbled", AnswerUnreadable(f"{model} sent no answer that can be read: {excerpt(_root(error))}"))


def _status(error: object, model: str, patience: Patience) -> Failure:
    from pydantic_ai import exceptions as theirs

    assert isinstance(error, theirs.ModelHTTPError)  # noqa: S101
    status = error.status_code
    said = excerpt(_said(error.body))
    if isinstance(error, theirs.ModelQuotaExceededError):
        return Failure("final", LLMUnavailable(f"{model}: the account has no quota left (status {status}). {said}"))
    if status in _BUSY:
        wait = retry_after(error.headers or {}, patience.longest_retry_after)
        words = "too many requests" if status == 429 else "the model is overloaded"
        return Failure("refused", LLMRateLimited(f"{model}: {words} (status {status}). {said}", retry_after=wait), wait)
    if status in _FAILING or status >= 500:
        return Failure("failing", LLMUnavailable(f"{model} fails with status {status}. {said}"))
    if error.provider_error_code in ("content_filter", "content_policy_violation"):
        return Failure("final", AnswerRefused(f"{model}: the provider's content filter declined to answer. {said}"))
    return Failure(
        "final", LLMUnavailable(f"{model} refuses the request with status {status}. {said}{_advice(status)}")
    )


def _advice(status: int) -> str:
    if status in (401, 403):
        return (
            " Check the provider's key (such as OPENAI_API_KEY). For a base_url on another host, the key of the "
            "environment is not sent: name the host in OPENAI_BASE_URL, or give the key as a header."
        )
    if status == 404:
        return " Check the model's name and the base URL, which ends in /v1 on most servers."
    return ""


def retry_after(headers: Mapping[str, str], longest: float) -> float | None:
    """Read how many seconds a server asks to wait: a number, or a date, read by the server's own clock if it shows it.

    >>> retry_after({"retry-after": "7"}, 600)
    7.0
    >>> retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:10 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 600)
    10.0
    >>> retry_after({"retry-after": "86400"}, 600)
    600.0
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            named = _date(value)
            if named is None:
                continue
            seconds = (named - (_date(headers.get("date")) or datetime.now(UTC))).total_seconds()
        if seconds >= 0:
            return min(seconds, float(longest))
    return None


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def backoff(patience: Patience, key: str, failed: int) -> float:
    """Return how long to wait after a number of failures: twice as long each time, spread by a hash of the question."""
    spread = int.from_bytes(hashlib.blake2b(f"{key}:{failed}".encode(), digest_size=4).digest(), "big") / 2**32
    return min(patience.longest_wait, patience.first_wait * 2 ** (failed - 1)) * (0.5 + spread)


_SECRETS = re.compile(
    r"(?i)((?:bearer|basic)\s+"
    r"|(?:api[-_ ]?key|token|secret|password|authorization)[\"']?\s*[:=]\s*[\"']?(?:bearer\s+)?)"
    r"[^\s\"',;}&]{6,}"
    r"|\b(?:sk|pk|rk|gsk|xai|key|ghp|hf)[-_][A-Za-z0-9*_-]{6,}|\bAIza[\w-]{20,}|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"
)


def excerpt(text: str) -> str:
    """Return the beginning of a text, with what looks like a key taken out, and no control characters.

    >>> excerpt("Incorrect API key provided: sk-abc123def456.")
    'Incorrect API key provided: ….'
    """
    clean = _SECRETS.sub(lambda found: f"{found.group(1) or ''}…", text[: 4 * _EXCERPT])
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in clean).split())
    return line if len(line) <= _EXCERPT else line[:_EXCERPT] + "…"


def _said(body: object) -> str:
    """Find what a server's error says in the bodies that are usual."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping) and isinstance(inner.get("message"), str):
            return inner["message"]
        return str(inner)
    return "" if body is None else str(body)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _root(error: BaseException) -> str:
    """Return the words of the first cause."""
    *_, first = _causes(error)
    return str(first) or type(first).__name__


def _redirect(error: BaseException) -> int | None:
    found = (getattr(cause, "status_code", None) for cause in _causes(error))
    return next((status for status in found if isinstance(status, int) and 300 <= status < 400), None)


def _spoiled(error: BaseException) -> str | None:
    """Say why a body that began to come could not be read."""
    from httpx2 import DecodingError

    from steelyard.llm.bounded import BodyTooLarge

    return next((str(cause) for cause in _causes(error) if isinstance(cause, BodyTooLarge | DecodingError)), None)
