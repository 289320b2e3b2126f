"""One request to an address that somebody typed in: checked, looked up once, sent to what was checked, read in bounds.

What is checked, and where (the three layers): the address when it is saved and before every request (``check_url``);
the addresses of its name, right before the connection, which is made to the very address that was checked; and each
redirect anew. There is no proxy, no cookie and no decompression.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from steelyard.egress.addresses import Address
from steelyard.egress.allowing import Allowed, read_allowed
from steelyard.egress.resolving import NotReached, Resolver, pinned, system_resolver
from steelyard.egress.sockets import Connector, Deadline, PinnedConnection, system_connector
from steelyard.egress.targets import EgressRefused, Target, check_url

MAX_BODY = 65_536
MAX_REDIRECTS = 3
_KEEP_METHOD = (307, 308)
_SAFE = ("GET", "HEAD")
_MOVED = (301, 302, 303, 307, 308)


class EgressFailed(OSError):
    """A request that may or may not have arrived: the connection broke, fell silent, or answered no HTTP."""


@dataclass(frozen=True, slots=True)
class EgressAnswer:
    """What came back.

    Args:
        status: of HTTP.
        headers: by their names in lower case.
        body: its first 64 kB; the rest was not read.
        origin: who answered: scheme, host and port.
        hops: redirects that were followed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    origin: str
    hops: int = 0


@dataclass(frozen=True, slots=True)
class EgressClient:
    """Calls addresses that somebody typed in; nothing is kept between two requests.

    Args:
        allowed: what the operator allows of their own network; None reads the environment at each request.
        resolve: how names are looked up.
        connect: how connections are made.
        context: of TLS; the system's certificates unless told.
        connect_seconds: until a name is found, and until a connection stands.
        silence_seconds: without a byte.
        total_seconds: for all of it, redirects included.
    """

    allowed: Allowed | None = None
    resolve: Resolver = system_resolver
    connect: Connector = system_connector
    context: ssl.SSLContext | None = None
    connect_seconds: float = 5.0
    silence_seconds: float = 10.0
    total_seconds: float = 20.0

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        secret_headers: Collection[str] = (),
    ) -> EgressAnswer:
        """Send a request and return the answer, whatever its status.

        At most three redirects are followed: all of them for GET and HEAD, else those that ask for the same request
        again (307, 308). None leads from https to http, and what leaves the origin goes without secret headers.

        Args:
            method: of HTTP.
            url: where; its host is looked up once.
            body: what is sent.
            headers: beside those that are always sent.
            secret_headers: names of those that only this origin may see.

        Raises:
            EgressRefused: it, or where it leads to, is not called; nothing was sent there.
            NotReached: no connection was made.
            EgressFailed: it may or may not have arrived.
        """
        allowed = read_allowed() if self.allowed is None else self.allowed
        target = check_url(url, allowed)
        first, sent = target, dict(headers or {})
        _check_headers(method, sent)
        deadline = Deadline(self.total_seconds, silence=self.silence_seconds)
        for hops in range(MAX_REDIRECTS + 1):
            answer, leads_to = self._exchange(method, target, body, sent, allowed, deadline)
            answer = EgressAnswer(answer.status, answer.headers, answer.body, target.origin, hops)
            if leads_to is None or answer.status not in _MOVED:
                return answer
            if method not in _SAFE and answer.status not in _KEEP_METHOD:
                return answer
            target = _next(target, leads_to, allowed)
            if target.origin != first.origin:
                hidden = {name.lower() for name in secret_headers}
                sent = {name: value for name, value in sent.items() if name.lower() not in hidden}
        raise EgressRefused(f"{first.host} leads on more than {MAX_REDIRECTS} times. Give the address where it ends.")

    def _exchange(
        self,
        method: str,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
        allowed: Allowed,
        deadline: Deadline,
    ) -> tuple[EgressAnswer, str | None]:
        try:
            seconds = min(self.connect_seconds, deadline.left())
            addresses = pinned(target, allowed, resolve=self.resolve, seconds=seconds)
            connection = self._connected(target, addresses, deadline)
        except TimeoutError as error:
            raise NotReached(f"{target.host} was not reached in time.") from error
        try:
            return _asked(connection, method, target, body, headers)
        except TimeoutError as error:
            raise EgressFailed(f"{target.host} did not answer in time.") from error
        except (OSError, http.client.HTTPException) as error:
            raise EgressFailed(f"{target.host} broke off, or answered no HTTP ({type(error).__name__}).") from error
        finally:
            connection.close()

    def _connected(self, target: Target, addresses: Collection[Address], deadline: Deadline) -> PinnedConnection:
        context = (self.context or ssl.create_default_context()) if target.scheme == "https" else None
        problem: Exception = NotReached("no address")
        for address in addresses:
            within = Deadline(min(self.connect_seconds, deadline.left()), silence=self.connect_seconds)
            connection = PinnedConnection(target, address, within, connect=self.connect, context=context)
            try:
                connection.connect()
            except OSError as error:
                problem = error
                connection.close()
                continue
            connection.take_time(deadline)
            return connection
        raise NotReached(f"{target.host} was not reached: {_reason(problem)}.") from problem


def _asked(
    connection: PinnedConnection, method: str, target: Target, body: bytes, headers: Mapping[str, str]
) -> tuple[EgressAnswer, str | None]:
    connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
    always = {"Host": target.netloc, "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "steelyard"}
    if body or method not in _SAFE:
        always["Content-Length"] = str(len(body))
    for name, value in {**headers, **always}.items():
        connection.putheader(name, value)
    connection.endheaders(body or None)
    with connection.getresponse() as response:
        told = {name.lower(): value for name, value in response.getheaders()}
        answer = EgressAnswer(response.status, told, response.read(MAX_BODY), target.origin)
        return answer, told.get("location")


def _next(target: Target, leads_to: str, allowed: Allowed) -> Target:
    """Return where a redirect leads, checked as if somebody had typed it in."""
    if len(leads_to) > 2_000 or not leads_to.isascii():
        raise EgressRefused(f"{target.host} leads on to an address that cannot be read.")
    try:
        following = check_url(urljoin(target.url, leads_to), allowed)
    except EgressRefused as error:
        raise EgressRefused(f"{target.host} leads on to what is not called. {error}") from error
    except ValueError as error:
        raise EgressRefused(f"{target.host} leads on to an address that cannot be read.") from error
    if target.scheme == "https" and following.scheme != "https":
        raise EgressRefused(f"{target.host} leads on from https to http, where anybody could read it.")
    return following


def _check_headers(method: str, headers: Mapping[str, str]) -> None:
    if not method.isalpha() or method != method.upper():
        raise EgressRefused(f"{method!r} is no method of HTTP.")
    for name, value in headers.items():
        if not name.replace("-", "").isalnum() or not value.isascii() or any(c < " " or c == "\x7f" for c in value):
            raise EgressRefused(f"The header {name[:40]!r} cannot be sent: it holds a line break or is not ASCII.")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "it speaks no TLS that can be used"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
