"""Which addresses of the internet are anybody's, and which are somebody's own network."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

METADATA = (ipaddress.ip_address("169.254.169.254"), ipaddress.ip_address("fd00:ec2::254"))
"""Where clouds tell a machine its credentials."""
_REFUSED_4 = tuple(
    (ipaddress.IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this machine"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's own network"),
        ("127.0.0.0/8", "this machine"),
        ("169.254.0.0/16", "the local link"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")  # all that is global unicast today
_REFUSED_6 = tuple(
    (ipaddress.IPv6Network(network), why)
    for network, why in (
        ("2001::/23", "reserved"),  # Teredo among them, which carries an IPv4 address
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "6to4, which carries an IPv4 address"),
        ("3fff::/20", "for documentation"),
    )
)
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))


def why_refused(address: Address) -> str:
    """Return what an address is if nobody outside is meant by it; empty for one that is anybody's.

    The special-purpose registries of IANA (RFC 6890 and its updates), and for IPv6 everything beyond global unicast.

    Examples:
        >>> why_refused(ipaddress.ip_address("10.1.2.3"))
        'a private network'
        >>> why_refused(ipaddress.ip_address("::ffff:127.0.0.1"))
        'IPv6 that carries an IPv4 address'
        >>> why_refused(ipaddress.ip_address("8.8.8.8"))
        ''
    """
    if address in METADATA:
        return "where a cloud keeps credentials"
    if isinstance(address, ipaddress.IPv4Address):
        return next((why for network, why in _REFUSED_4 if address in network), "")
    if address.scope_id:
        return "of one interface"
    if int(address) > 1 and any(address in carrier for carrier in _CARRIERS):
        return "IPv6 that carries an IPv4 address"
    if address.is_loopback or address.is_unspecified:
        return "this machine"
    if address not in _PUBLIC_6:
        return "no public IPv6 address"
    return next((why for network, why in _REFUSED_6 if address in network), "")
