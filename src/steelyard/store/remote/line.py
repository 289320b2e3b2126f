"""The line to a server: requests that are repeated while it is away, as far as that is safe, and clear words if not."""

from __future__ import annotations

import gzip
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import BinaryIO, NoReturn

from steelyard.errors import StoreError, StoreTooNew, StoreUnavailable
from steelyard.store.remote import values
from steelyard.store.remote.connections import Answer, Connections, Lost, NotReached
from steelyard.store.remote.failures import error_from_wire
from steelyard.store.remote.place import Place
from steelyard.store.remote.protocol import (
    BOOT_HEADER,
    KEY_HEADER,
    MSGPACK,
    PROTOCOL,
    PROTOCOL_HEADER,
    VERSION_HEADER,
)

_FIRST_PATIENCE = 5.0
_PATIENCE = 30.0
_SILENCE = 120.0
_LONGEST_PAUSE = 3.0
_WORTH_GZIP = 8_192
_AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}

Body = Callable[[], bytes | BinaryIO | None]


class Line:
    """Sends requests to one server.

    How long it goes on trying says ``STEELYARD_HTTP_PATIENCE`` in seconds; else 5 s if the server has never answered,
    30 s if it has. ``STEELYARD_TRACKING_TOKEN`` is sent as a bearer's token.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._connections = Connections(place, silence=_SILENCE)
        self._boot = ""  # which life of the server has answered last

    def call(self, address: str, packed: bytes, *, once: bool) -> Answer:
        """Call a method and return its answer whole."""
        headers = {"Content-Type": MSGPACK, "Accept": MSGPACK}
        if not self.place.is_loopback:
            headers["Accept-Encoding"] = "gzip"
            if len(packed) > _WORTH_GZIP:
                headers["Content-Encoding"] = "gzip"
                packed = gzip.compress(packed, 1)
        return self.ask("POST", address, lambda: packed, headers, once=once)

    def ask(
        self,
        verb: str,
        address: str,
        body: Body,
        headers: Mapping[str, str],
        *,
        once: bool = False,
        stream: bool = False,
    ) -> Answer:
        """Send a request, again if need be, and return the answer if it is a good one.

        Args:
            verb: of HTTP.
            address: the path and query, from the server's prefix.
            body: makes the body, for each attempt anew.
            headers: besides those that every request has.
            once: whether doing it twice would be noticed.
            stream: whether the answer's body is left unread; it must be closed then.

        Raises:
            StoreUnavailable: the server is away.
            SteelyardError: what the server's store has raised.
        """
        sent = {**self._headers(), **headers, **({KEY_HEADER: uuid.uuid4().hex} if once else {})}
        attempts = _Attempts(self)
        while True:
            try:
                answer = self._connections.ask(verb, self.place.prefix + address, body(), sent, stream=stream)
            except NotReached as error:
                attempts.failed(str(error))
                continue
            except Lost as error:
                attempts.failed(str(error), doubtful=once)
            else:
                if not _may_pass(answer):
                    return self._checked(answer)
                doubtful = once and PROTOCOL_HEADER not in answer.headers
                attempts.failed(
                    f"it answers {answer.status} {answer.reason}", doubtful=doubtful, pause=_retry_after(answer)
                )
            if once and self._boot:  # it may have been done: only the same life of the server can tell
                sent[BOOT_HEADER] = self._boot

    def close(self) -> None:
        """Close the connections that are idle."""
        self._connections.close()

    @property
    def patience(self) -> float:
        """Seconds for which requests are repeated."""
        told = os.environ.get("STEELYARD_HTTP_PATIENCE", "")
        try:
            return float(told) if told else _PATIENCE if self._boot else _FIRST_PATIENCE
        except ValueError:
            raise StoreError(f"STEELYARD_HTTP_PATIENCE={told!r} is not a number of seconds.") from None

    @property
    def is_known(self) -> bool:
        """Whether the server has answered before."""
        return bool(self._boot)

    def _headers(self) -> dict[str, str]:
        version = getattr(sys.modules["steelyard"], "__version__", "")  # that room is above this one
        headers = {
            "User-Agent": f"steelyard/{version}",
            PROTOCOL_HEADER: str(PROTOCOL),
            "Accept-Encoding": "identity",
        }
        token = os.environ.get("STEELYARD_TRACKING_TOKEN")
        if token:
            headers["Authorization"] = f"Bearer {token.strip()}"
        elif self.place.basic:
            headers["Authorization"] = self.place.basic
        return headers

    def _checked(self, answer: Answer) -> Answer:
        """Return an answer if it is a good one, and remember who gave it; else raise what it tells."""
        spoken = [one.strip() for one in answer.headers.get(PROTOCOL_HEADER, "").split(",")]
        if str(PROTOCOL) not in spoken:
            answer.close()
            self._complain(answer, [int(one) for one in spoken if one.isdigit()])
        self._boot = answer.headers.get(BOOT_HEADER, "")
        if answer.status < HTTPStatus.BAD_REQUEST:
            return answer
        raise error_from_wire(values.from_msgpack(answer.body) if answer.body else None)

    def _complain(self, answer: Answer, spoken: list[int]) -> NoReturn:
        """Say what is at this address instead of a Steelyard that can be spoken to."""
        url, status = self.place.shown, answer.status
        said = f"{status} {answer.reason}".strip()
        if spoken:
            theirs = f"The server {url} is Steelyard {answer.headers.get(VERSION_HEADER, '')}"
            if max(spoken) > PROTOCOL:
                raise StoreTooNew(f"{theirs}, newer than this library can speak to. Run: pip install -U steelyard.")
            raise StoreError(f"{theirs}, older than this library can speak to. Upgrade the server and start it again.")
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
            raise StoreUnavailable(
                f"The server {url} refuses this request ({said}). Set STEELYARD_TRACKING_TOKEN, or give user and "
                "password in the address: 'https://user:password@host'."
            )
        if status == HTTPStatus.MISDIRECTED_REQUEST:
            raise StoreUnavailable(
                f"The server {url} does not answer to the name {self.place.host!r}. "
                "Start it with that name among its allowed hosts."
            )
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise StoreError(
                f"A proxy before the server {url} takes no request of this size ({said}). Raise its limit."
            )
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise StoreError(
                f"The server {url} sends requests elsewhere ({said}), which are never followed. "
                "Set the address that it moved to as the tracking URI."
            )
        raise StoreError(
            f"There is a server at {url}, but it does not answer as this version of Steelyard does ({said}). "
            "If it is an older `steelyard ui`, upgrade it; an MLflow server cannot be used: start `steelyard ui`."
        )


class _Attempts:
    """Counts the failures of one request and pauses between them, until patience ends."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._n = 0
        self._deadline = 0.0

    def failed(self, reason: str, *, doubtful: bool = False, pause: float | None = None) -> None:
        """Pause before the next attempt, or raise if there is none."""
        url = self._line.place.shown
        if doubtful and not self._line.is_known:
            raise StoreUnavailable(
                f"The server {url} cannot be reached ({reason}) and may or may not have done what it was asked. "
                "Look before you do it again."
            )
        now = time.monotonic()
        if not self._n:
            self._deadline = now + self._line.patience
        self._n += 1
        wait = min(0.05 * 2**self._n, _LONGEST_PAUSE) * random.uniform(0.5, 1.0) if pause is None else pause  # noqa: S311
        if now + wait >= self._deadline:
            raise StoreUnavailable(
                f"The server {url} cannot be reached ({reason}; tried {self._n} times). "
                "Is `steelyard ui` running there? Nothing was kept by halves."
            )
        time.sleep(wait)


def _may_pass(answer: Answer) -> bool:
    """Whether to try again: a proxy or a server that is full says so; a store that cannot be used does not change."""
    if answer.status not in _AGAIN:
        return False
    return PROTOCOL_HEADER not in answer.headers or "Retry-After" in answer.headers


def _retry_after(answer: Answer) -> float | None:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdigit() else None
