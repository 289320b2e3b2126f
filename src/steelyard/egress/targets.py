"""Addresses that somebody typed in: taken apart once, in one spelling, before anything is looked up."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from steelyard.egress.allowing import Allowed, read_allowed
from steelyard.errors import InvalidArgument

MAX_URL = 2_000
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")


class EgressRefused(InvalidArgument):
    """An address that this program does not call, or does not go on to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes.

    Args:
        scheme: ``http`` or ``https``.
        host: a name in lower case, or an address in its usual spelling, without brackets.
        port: number.
        path: with its query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, the port left out where it is the scheme's own."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.origin}{self.path}"


def check_url(url: str, allowed: Allowed | None = None) -> Target:
    """Return an address taken apart, or say why it is not called. Nothing is looked up, so a name may yet be refused.

    Args:
        url: http or https; without user and password.
        allowed: what the operator allows; what the environment says, unless told.

    Raises:
        EgressRefused: the message says why, and shows no more of the address than its host.

    Examples:
        >>> check_url("HTTPS://Hooks.Example.com:443/a?b=1").url
        'https://hooks.example.com/a?b=1'
    """
    allowed = read_allowed() if allowed is None else allowed
    if not isinstance(url, str) or len(url) > MAX_URL:
        raise EgressRefused(f"The address is no text, or has more than {MAX_URL:,} characters.")
    if any(character <= " " or character in '\\"<>^`{|}' or character == "\x7f" for character in url):
        raise EgressRefused('The address holds a space, a control character or one of \\ " < > ^ ` { | }. Take it out.')
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EgressRefused(f"The address cannot be read ({error}). Write it as https://host/path.") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise EgressRefused(
            f"The address begins with {scheme[:20] or 'no scheme'!r}: only https:// and http:// are called."
        )
    if "@" in parts.netloc:
        raise EgressRefused("The address holds a user or a password. Give a secret as the channel's secret instead.")
    host = _host(parts.hostname or "")
    target = Target(scheme, host, _PORTS[scheme] if port is None else port, _path(parts.path, parts.query))
    _check_address(target, allowed)
    if not allowed.takes_port(host, target.port):
        raise EgressRefused(
            f"The port {target.port} of {host} is not called: use 80, 443, or 8000 to 9999 that is free."
        )
    return target


def _path(path: str, query: str) -> str:
    from urllib.parse import quote

    whole = (path or "/") + (f"?{query}" if query else "")
    return quote(whole, safe="/?#[]@!$&'()*+,;=:%~-._")


def _host(host: str) -> str:
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host).compressed if "%" not in host else _refused_host(host)
        except ValueError:
            return _refused_host(host)
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return _refused_host(host)
    host = host.removesuffix(".")
    return host if _NAME.fullmatch(host) else _refused_host(host)


def _refused_host(host: str) -> str:
    raise EgressRefused(f"The host {host[:60]!r} is neither a name nor an address. Write it as https://host/path.")


def _check_address(target: Target, allowed: Allowed) -> None:
    """Refuse an address that is written out, and every spelling of one that not all programs read alike."""
    host = target.host
    if ":" not in host and not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            meant = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            _refused_host(host)
            return
        raise EgressRefused(f"The host {host!r} is an odd spelling of {meant}. Write it so.") from None
    why = allowed.takes(address, host=host, port=target.port)
    if why:
        raise EgressRefused(f"{host} is not called: it is {why}. {HINT}")


HINT = "Only the operator can allow a receiver of their own network, by STEELYARD_EGRESS_ALLOW."
