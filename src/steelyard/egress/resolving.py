"""Names looked up once: what is connected to afterwards is an address, so that a second answer changes nothing."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence

from steelyard.egress.addresses import Address
from steelyard.egress.allowing import Allowed
from steelyard.egress.targets import HINT, EgressRefused, Target

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host, in the order in which they are tried; raises OSError if there are none."""


class NotReached(OSError):
    """No connection was made, so nobody has seen the request."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Return what the operating system says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def pinned(target: Target, allowed: Allowed, *, resolve: Resolver, seconds: float) -> tuple[Address, ...]:
    """Return the addresses of a target that a connection may be made to.

    A name that has one address of a private network among others is refused as a whole: which of them would be asked
    is nothing to rely on.

    Args:
        target: taken apart and checked.
        allowed: what the operator allows.
        resolve: how names are looked up; asked once.
        seconds: how long that may take.

    Raises:
        EgressRefused: it is somebody's own network.
        NotReached: there is no such host, or nobody says so in time.
    """
    try:
        told = _in_time(resolve, target, seconds)
    except NotReached:
        raise
    except (OSError, UnicodeError) as error:
        raise NotReached(f"{target.host} cannot be looked up: there is no such host, or nobody knows.") from error
    addresses = tuple(ipaddress.ip_address(one) for one in told)
    if not addresses:
        raise NotReached(f"{target.host} has no address.")
    for address in addresses:
        why = allowed.takes(address, host=target.host, port=target.port)
        if why:
            raise EgressRefused(f"{target.host} is not called: its address {address} is {why}. {HINT}")
    return addresses


def _in_time(resolve: Resolver, target: Target, seconds: float) -> Sequence[str]:
    """Ask in a thread, as the operating system takes its time and cannot be told to hurry."""
    said: queue.SimpleQueue[Sequence[str] | BaseException] = queue.SimpleQueue()

    def ask() -> None:
        try:
            said.put(resolve(target.host, target.port))
        except BaseException as error:  # told to whoever waits
            said.put(error)

    threading.Thread(target=ask, name="steelyard-resolve", daemon=True).start()
    try:
        answer = said.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise NotReached(f"{target.host} was not found within {seconds:g} s.") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer
