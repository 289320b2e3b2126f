"""A server's address, taken apart once; its credentials are in no text that people see."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from steelyard.errors import InvalidArgument

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is.

    Args:
        scheme: ``http`` or ``https``.
        host: without brackets.
        port: as in the URL, else the scheme's.
        prefix: the path under which the server lies, such as ``/steelyard``; mostly empty.
        shown: the URL without credentials.
        basic: what ``Authorization`` says for the user and password of the URL; empty without.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    shown: str
    basic: str = field(default="", repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def netloc(self) -> str:
        """Host and port as a ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def find_place(url: str) -> Place:
    """Return the place of a server.

    Args:
        url: ``http://host:port`` or ``https://user:password@host/prefix``.

    Raises:
        InvalidArgument: no server can be there. The message holds no credentials.

    Examples:
        >>> find_place("http://ada:s3cret@localhost:5000/").shown
        'http://localhost:5000'
    """
    problem = "it holds spaces or control characters" if re.search(r"[\x00-\x20\x7f]", url) else ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unusable("its host or its port cannot be read") from None
    if not host:
        problem = problem or "it names no host"
    elif parts.query or parts.fragment:
        problem = problem or "a server's address ends with its path, without '?' and '#'"
    if problem:
        raise _unusable(problem)
    scheme = parts.scheme.lower()
    number = port or _PORTS[scheme]
    prefix = parts.path.rstrip("/")
    bare = Place(scheme, host, number, prefix, "")
    basic = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
    return Place(scheme, host, number, prefix, f"{scheme}://{bare.netloc}{prefix}", basic)


def _unusable(problem: str) -> InvalidArgument:
    return InvalidArgument(f"The address of the server cannot be used: {problem}. Give 'http://host:port'.")
