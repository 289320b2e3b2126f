"""Addresses of one's own network are not called, however they are spelt, whoever names them, wherever they hide."""

from __future__ import annotations

import ipaddress
import itertools
import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.egress.receivers import PUBLIC, Receiver, no_connection, resolver, watched

from steelyard.egress import Allowed, EgressClient, EgressRefused, NotReached, check_url
from steelyard.egress.addresses import why_refused

_INSIDE_4 = (
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254"),
    *("192.168.0.1", "192.168.255.1", "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.64.0.1"),
    *("100.127.255.254", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.19.255.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1", "100.100.100.200"),
)
_INSIDE_6 = (
    *("::1", "::", "fe80::1", "fd00:ec2::254", "fc00::1", "fdff::2", "ff02::1", "2001:db8::1", "2001::1"),
    *("2001:10::1", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1", "100::1"),
    *("3fff::1", "fec0::1", "5f00::1", "4000::1", "::ffff:8.8.8.8", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
)


def _spellings(address: str) -> list[str]:
    """Ways to write an IPv4 address that some programs read as the same."""
    a, b, c, d = map(int, address.split("."))
    whole = (a << 24) | (b << 16) | (c << 8) | d
    return [
        *(str(whole), f"0x{whole:x}", f"0{whole:o}", f"{a}.{(b << 16) | (c << 8) | d}", f"{a}.{b}.{(c << 8) | d}"),
        *(f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:03}.{b:03}.{c:03}.{d:03}"),
        *(f"{address}.", f"0X{whole:X}", f"{address}\u3002".replace(".", "\u3002")),
        "".join(chr(0xFF10 + int(digit)) if digit.isdigit() else digit for digit in address),
    ]


def _inside() -> list[str]:
    """URLs that lead inside."""
    urls = [f"http://{one}/" for one in _INSIDE_4]
    urls += [f"https://[{one}]/" for one in _INSIDE_6]
    urls += [
        f"http://{one}/" for address in ("127.0.0.1", "169.254.169.254", "10.0.0.1") for one in _spellings(address)
    ]
    urls += [f"http://{one}:{port}/" for one in ("127.0.0.1", "[::1]") for port in (22, 25, 80, 443, 5432, 6379, 8080)]
    names = (
        "localhost",
        "LOCALHOST",
        "localhost.",
        "inside.example",
        "metadata.example",
        "mixed.example",
        "six.example",
    )
    urls += [f"{scheme}://{name}/" for scheme in ("http", "https", "HTTP") for name in names]
    urls += [f"http://127.0.0.{n}/" for n in range(2, 40)]
    urls += [f"http://10.{n}.{n}.1:8080/hook" for n in range(20)]
    urls += [f"https://[fd{n:02x}::1]/hook" for n in range(20)]
    return urls


def _odd() -> list[str]:
    """URLs that some programs read in one way and some in another, or that no honest receiver has."""
    urls = [f"http://outside.example:{port}/" for port in (0, 1, 21, 22, 23, 25, 53, 110, 143, 445, 587, 993, 3306)]
    urls += [f"http://outside.example:{port}/" for port in (5432, 6379, 9200, 11211, 27017, 2375, 10250, 65535)]
    urls += [
        f"{scheme}://outside.example/" for scheme in ("file", "ftp", "gopher", "dict", "ldap", "jar", "data", "ws")
    ]
    urls += [
        "file:///etc/passwd",
        "//outside.example/",
        "outside.example",
        "",
        "http://",
        "http:///x",
        "https:/a",
        "a b",
    ]
    users = ("a@", "a:b@", "outside.example@", "outside.example%40", ":@", "@", "a@b@")
    urls += [f"http://{user}{host}/" for user in users for host in ("127.0.0.1", "outside.example")]
    urls += [
        f"http://outside.example{odd}127.0.0.1/" for odd in ("\\@", "\\", "#@", "%00@", "\t", "\n", "\r\n", " ", "@")
    ]
    urls += [f"http://127.0.0.1{odd}outside.example/" for odd in ("\\@", "\\", "/\\", "#@", "\t@", " ", "%20", "\x00")]
    urls += [
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1%2f@outside.example/",
        "http://[::1%25lo]/",
        "http://[fe80::1%eth0]/",
    ]
    urls += [
        "http://[127.0.0.1]/",
        "http://[::1/",
        "http://::1/",
        "http://[v1.x]/",
        "http://1.2.3/",
        "http://1.2.3.4.5/",
    ]
    urls += ["http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://loc\u00adalhost/", "http://lo\u200bcalhost/", "http://locaIhost:99999/"]
    urls += [f"http://{host}:{port}/" for host in ("outside.example",) for port in ("80x", "-80", "8 0", "0x50", "١")]
    urls += [
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
        "http://" + "a" * 3000,
        "http://-a.example-/",
    ]
    return urls


CORPUS = list(dict.fromkeys([*_inside(), *_odd()]))
RESOLVE = resolver(
    localhost=["127.0.0.1", "::1"],
    inside_example=["10.9.8.7"],
    metadata_example=["169.254.169.254"],
    mixed_example=[PUBLIC, "192.168.1.1"],
    six_example=["::ffff:10.0.0.1"],
    outside_example=[PUBLIC],
)
NOBODY = Allowed()


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 250


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_what_leads_inside_is_not_called(number: int) -> None:
    reached: list[tuple[str, int]] = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        reached.append((address, port))
        raise ConnectionRefusedError

    client = EgressClient(allowed=NOBODY, resolve=RESOLVE, connect=connect)
    with watched() as events, pytest.raises((EgressRefused, NotReached)) as caught:
        client.send("POST", CORPUS[number], body=b"{}", headers={"Steelyard-Signature": "t=1,v1=x"})
    inside = [address for address, _ in reached if why_refused(ipaddress.ip_address(address))]
    assert inside == []
    assert [event for event in events if event[0] == "socket.connect"] == []
    # What is a name of the outside after all (an odd spelling that is read as one) may be called there, nothing else.
    assert caught.type is EgressRefused or all(address == PUBLIC for address, _ in reached)


def test_no_socket_is_opened_for_what_leads_inside() -> None:
    """With the system's own connector, and names of the outside that nobody knows."""
    names = resolver(localhost=["127.0.0.1", "::1"], inside_example=["10.9.8.7"], metadata_example=["169.254.169.254"])
    client = EgressClient(allowed=NOBODY, resolve=names)
    with watched() as events:
        for url in CORPUS:
            with pytest.raises((EgressRefused, NotReached)):
                client.send("POST", url, body=b"{}")
    assert [event for event in events if event[0] in ("socket.connect", "socket.sendto")] == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inside_is_not_followed(status: int) -> None:
    inside = [url for url in CORPUS if url.isascii() and url.isprintable() and url.startswith("http")][:40:4]
    for url in inside:
        with Receiver(lambda request, url=url: (status, {"Location": url}, b"")) as receiver:
            client = EgressClient(allowed=NOBODY, resolve=RESOLVE, connect=receiver.connector())
            with pytest.raises(EgressRefused, match="leads on to what is not called"):
                client.send("GET", "http://outside.example/")
            assert len(receiver.requests) == 1


def test_the_third_of_three_redirects_is_checked_as_the_first_was() -> None:
    hops = {"/": "/one", "/one": "http://outside.example:8001/two", "/two": "http://169.254.169.254/latest/meta-data"}
    with Receiver(lambda request: (302, {"Location": hops[request.path]}, b"")) as receiver:
        reached: list[tuple[str, int]] = []
        client = EgressClient(allowed=NOBODY, resolve=RESOLVE, connect=receiver.connector(reached))
        with watched() as events, pytest.raises(EgressRefused, match="credentials"):
            client.send("GET", "http://outside.example/")
    assert [request.path for request in receiver.requests] == ["/", "/one", "/two"]
    assert reached == [(PUBLIC, 80), (PUBLIC, 80), (PUBLIC, 8001)]
    assert {event[2] for event in events if event[0] == "socket.connect"} == {("127.0.0.1", receiver.port)}


def test_a_name_whose_second_answer_is_inside_is_called_at_its_first() -> None:
    answers = itertools.chain([[PUBLIC]], itertools.repeat(["127.0.0.1"]))
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    with Receiver() as receiver:
        reached: list[tuple[str, int]] = []
        client = EgressClient(allowed=NOBODY, resolve=rebinding, connect=receiver.connector(reached))
        with watched() as events:
            assert client.send("POST", "http://rebinding.example/").status == 200
        assert (asked, reached) == (["rebinding.example"], [(PUBLIC, 80)])
        assert [event for event in events if event[0] == "socket.getaddrinfo" and event[1] == "rebinding.example"] == []
        assert receiver.requests[0].headers["Host"] == "rebinding.example"
        with pytest.raises(EgressRefused, match="this machine"):
            client.send("POST", "http://rebinding.example/")


def test_a_name_that_rebinds_between_two_hops_is_refused_at_the_second() -> None:
    answers = iter([[PUBLIC], ["10.0.0.1"]])
    with Receiver(lambda request: (307, {"Location": "/again"}, b"")) as receiver:
        client = EgressClient(allowed=NOBODY, resolve=lambda host, port: next(answers), connect=receiver.connector())
        with pytest.raises(EgressRefused, match="a private network"):
            client.send("POST", "http://rebinding.example/")
        assert len(receiver.requests) == 1


def test_one_address_inside_refuses_all_of_a_name() -> None:
    client = EgressClient(allowed=NOBODY, resolve=RESOLVE, connect=no_connection)
    with pytest.raises(EgressRefused, match=r"192\.168\.1\.1 is a private network"):
        client.send("POST", "http://mixed.example/")


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver, Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        EgressClient(allowed=NOBODY, resolve=RESOLVE, connect=receiver.connector()).send(
            "GET", "http://outside.example/"
        )
        assert (len(receiver.requests), len(proxy.requests)) == (1, 0)


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert why_refused(address)


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_that_carries_an_ipv4_address_never_passes(address: ipaddress.IPv4Address) -> None:
    for carrier in ("::ffff:0:0", "::", "64:ff9b::", "::ffff:0:0:0"):
        assert why_refused(ipaddress.IPv6Address(int(ipaddress.IPv6Address(carrier)) | int(address)))
    assert why_refused(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80)))


@given(st.text(max_size=60))
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/x"):
        try:
            target = check_url(url, NOBODY)
        except EgressRefused:
            continue
        assert target.host.isascii()
        assert check_url(target.url, NOBODY) == target


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00::1"]
)
def test_public_addresses_are_called(address: str) -> None:
    assert why_refused(ipaddress.ip_address(address)) == ""
