"""Receivers of one's own network that the operator allows, in the environment and nowhere else."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass

from steelyard.egress.addresses import METADATA, Address, Network, why_refused
from steelyard.errors import InvalidArgument

VARIABLE = "STEELYARD_EGRESS_ALLOW"
_USUAL = (80, 443)
_UNUSUAL = range(8000, 10_000)
_OTHER_SERVICES = frozenset(
    (
        *(1433, 1521, 1883, 2049, 2375, 2376, 2379, 2380, 3268, 3306, 3389, 4369, 5432, 5601, 5672, 5900, 5984, 5985),
        *(6379, 6380, 6443, 6660, 6667, 6697, 7000, 7001, 8009, 8086, 8125, 8500, 9000, 9042, 9092, 9100, 9160, 9200),
        *(9300, 9418, 9999, 10_250, 10_255, 11_211, 15_672, 26_379, 27_017, 27_018, 50_000, 61_616),
    )
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows beside the public internet.

    Args:
        hosts: names and addresses, each with the one port that is meant; None for any that is no other service's.
        networks: likewise, all addresses within.
    """

    hosts: tuple[tuple[str, int | None], ...] = ()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, port: int) -> bool:
        """Whether a host is named with this port."""
        return any(name == host and allowed in (None, port) for name, allowed in self.hosts)

    def names_port(self, host: str, port: int) -> bool:
        """Whether a host is named with this very port."""
        return (host, port) in self.hosts

    def takes(self, address: Address, *, host: str, port: int) -> str:
        """Return why no connection may be made to an address that a host has; empty if it may."""
        why = why_refused(address)
        if not why or any(address.version == net.version and address in net for net in self.networks):
            return ""
        if self.names(str(address), port):
            return ""
        # A name that is allowed may be anywhere but where credentials are told to whoever asks.
        return "" if self.names(host, port) and address not in METADATA else why

    def takes_port(self, host: str, port: int) -> bool:
        """Whether a connection may be made to a port: those of the web, and higher ones of receivers that are named."""
        if self.names_port(host, port) or port in _USUAL:
            return True
        if port in _OTHER_SERVICES:
            return False
        return port in _UNUSUAL or (port >= 1024 and (self.names(host, port) or self._in_network(host)))

    def _in_network(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address.version == net.version and address in net for net in self.networks)


def read_allowed(text: str | None = None) -> Allowed:
    """Return what ``STEELYARD_EGRESS_ALLOW`` (or a text like it) allows: hosts, ``host:port`` and networks.

    Raises:
        InvalidArgument: a part of it is none of these.

    Examples:
        >>> allowed = read_allowed("hooks.internal:9000, 10.1.0.0/16, ::1")
        >>> allowed.names("hooks.internal", 9000), allowed.names("hooks.internal", 9001)
        (True, False)
    """
    told = os.environ.get(VARIABLE, "") if text is None else text
    hosts: list[tuple[str, int | None]] = []
    networks: list[Network] = []
    for part in filter(None, (one.strip().lower() for one in told.split(","))):
        try:
            if "/" in part:
                networks.append(ipaddress.ip_network(part, strict=False))
            else:
                hosts.append(_host(part))
        except ValueError as error:
            shown = "a host, host:port, or a network such as 10.1.0.0/16"
            raise InvalidArgument(f"{VARIABLE} has the part {part!r}, which is none of: {shown}.") from error
    return Allowed(tuple(hosts), tuple(networks))


def _host(part: str) -> tuple[str, int | None]:
    if part.count(":") > 1:  # an IPv6 address, with a port only in brackets
        inner, bracket, port = part.removeprefix("[").partition("]")
        if part.startswith("[") != bool(bracket) or (port and not port.startswith(":")):
            raise ValueError("brackets")
        return str(ipaddress.ip_address(inner)), int(port.removeprefix(":")) if port else None
    name, _, port = part.partition(":")
    if not name or any(character.isspace() for character in part):
        raise ValueError("no name")
    return name.rstrip("."), int(port) if port else None
