"""Redirects, secrets, answers without end, receivers that drip, certificates: what goes out and what comes in."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.egress.certificate import CERTIFICATE, KEY
from tests.egress.receivers import PUBLIC, Receiver, Request, no_connection, resolver

from steelyard.egress import Allowed, EgressClient, EgressFailed, EgressRefused, NotReached, redact
from steelyard.errors import InvalidArgument

RESOLVE = resolver(receiver_example=[PUBLIC], other_example=[PUBLIC])
SECRET = {"Steelyard-Signature": "t=1,v1=canary", "Content-Type": "application/json"}


def client_of(receiver: Receiver, **more: object) -> EgressClient:
    return EgressClient(allowed=Allowed(), resolve=RESOLVE, connect=receiver.connector(), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_text(CERTIFICATE + KEY)
    return file


@pytest.fixture
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=CERTIFICATE)


def test_a_request_is_what_was_asked_for_and_nothing_more() -> None:
    with Receiver() as receiver:
        answer = client_of(receiver).send("POST", "http://receiver.example/a?b=c#d", body=b"{}", headers=SECRET)
        assert (answer.status, answer.body, answer.origin, answer.hops) == (200, b"ok", "http://receiver.example", 0)
        (request,) = receiver.requests
        assert (request.method, request.path, request.body) == ("POST", "/a?b=c", b"{}")
        assert request.headers == {
            **SECRET,
            "Host": "receiver.example",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "steelyard",
            "Content-Length": "2",
        }


def test_secrets_go_on_within_an_origin_and_not_to_another() -> None:
    hops = {"/": "/same", "/same": "http://other.example/new", "/new": "http://receiver.example/back"}

    def answer(request: Request) -> tuple[int, dict[str, str], bytes]:
        return (307, {"Location": hops[request.path]}, b"") if request.path in hops else (200, {}, b"ok")

    with Receiver(answer) as receiver:
        told = client_of(receiver).send(
            "POST", "http://receiver.example/", body=b"{}", headers=SECRET, secret_headers=["steelyard-SIGNATURE"]
        )
        assert (told.status, told.hops) == (200, 3)
        shown = [(r.headers["Host"], "Steelyard-Signature" in r.headers, r.body) for r in receiver.requests]
    assert shown == [
        ("receiver.example", True, b"{}"),
        ("receiver.example", True, b"{}"),
        ("other.example", False, b"{}"),
        ("receiver.example", False, b"{}"),  # whoever led away leads back to anything
    ]


@pytest.mark.parametrize(("status", "followed"), [(301, False), (302, False), (303, False), (307, True), (308, True)])
def test_a_post_is_never_turned_into_a_get(status: int, followed: bool) -> None:
    def answer(request: Request) -> tuple[int, dict[str, str], bytes]:
        return (status, {"Location": "/new"}, b"") if request.path == "/" else (200, {}, b"ok")

    with Receiver(answer) as receiver:
        assert client_of(receiver).send("POST", "http://receiver.example/").status == (200 if followed else status)
        assert {request.method for request in receiver.requests} == {"POST"}


def test_a_fourth_redirect_is_not_followed() -> None:
    with Receiver(lambda request: (302, {"Location": request.path + "x"}, b"")) as receiver:
        with pytest.raises(EgressRefused, match="more than 3 times"):
            client_of(receiver).send("GET", "http://receiver.example/")
        assert len(receiver.requests) == 4


def test_a_redirect_without_an_address_is_the_answer() -> None:
    with Receiver(lambda request: (302, {}, b"")) as receiver:
        assert client_of(receiver).send("GET", "http://receiver.example/").status == 302


def test_of_an_answer_without_end_64_kb_are_read() -> None:
    with Receiver(lambda request: (200, {}, b"x" * 5_000_000)) as receiver:
        assert len(client_of(receiver).send("GET", "http://receiver.example/").body) == 65_536


def test_nothing_is_decompressed() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    with Receiver(lambda request: (200, {"Content-Encoding": "gzip"}, bomb)) as receiver:
        assert client_of(receiver).send("GET", "http://receiver.example/").body == bomb[:65_536]


@contextmanager
def dripping(said: bytes, endless: bytes = b"") -> Iterator[Callable[[str, int, float], socket.socket]]:
    """A receiver that says something and then a little more for ever; the connector that reaches it."""
    over = threading.Event()
    ours, theirs = socket.socketpair()

    def drip() -> None:
        try:
            theirs.sendall(said)
            while endless and not over.wait(0.01):
                theirs.sendall(endless)
        except OSError:
            return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield lambda address, port, seconds: ours
    finally:
        over.set()
        thread.join(10)
        ours.close()
        theirs.close()


@pytest.mark.parametrize(
    ("said", "endless"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "headers", "body", "interim answers"],
)
def test_a_receiver_that_drips_is_left_in_time(said: bytes, endless: bytes) -> None:
    with dripping(said, endless) as connect:
        client = EgressClient(allowed=Allowed(), resolve=RESOLVE, connect=connect, total_seconds=0.2)
        with pytest.raises(EgressFailed, match="did not answer in time"):
            client.send("POST", "http://receiver.example/", body=b"{}")


@pytest.mark.parametrize("said", [b"\x00\x01\x02", b"HTTP/9 what\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500])
def test_what_is_no_http_is_said_so(said: bytes) -> None:
    with dripping(said + b"\r\n\r\n") as connect:
        client = EgressClient(allowed=Allowed(), resolve=RESOLVE, connect=connect, total_seconds=5.0)
        with pytest.raises(EgressFailed, match="answered no HTTP"):
            client.send("GET", "http://receiver.example/")


def test_a_name_that_is_not_found_in_time_is_not_waited_for() -> None:
    never = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        never.wait(60)
        return []

    client = EgressClient(allowed=Allowed(), resolve=slow, connect=no_connection, connect_seconds=0.05)
    with pytest.raises(NotReached, match="not found within"):
        client.send("GET", "http://receiver.example/")
    never.set()


def test_a_receiver_that_is_away_is_said_so() -> None:
    def refused(address: str, port: int, seconds: float) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    client = EgressClient(allowed=Allowed(), resolve=RESOLVE, connect=refused)
    with pytest.raises(NotReached, match="nothing listens there"):
        client.send("GET", "http://receiver.example/")
    with pytest.raises(NotReached, match="no such host"):
        client.send("GET", "http://unknown.example/")


def test_the_next_address_of_a_name_is_tried() -> None:
    tried: list[str] = []
    with Receiver() as receiver:

        def connect(address: str, port: int, seconds: float) -> socket.socket:
            tried.append(address)
            if address != PUBLIC:
                raise ConnectionRefusedError(111, "Connection refused")
            return socket.create_connection(("127.0.0.1", receiver.port), timeout=seconds)

        names = resolver(receiver_example=["2606:4700::1111", PUBLIC])
        client = EgressClient(allowed=Allowed(), resolve=names, connect=connect)
        assert client.send("GET", "http://receiver.example/").status == 200
    assert tried == ["2606:4700::1111", PUBLIC]


def test_a_certificate_is_checked_for_the_name_and_not_for_the_address(
    certificate: Path, trusting: ssl.SSLContext
) -> None:
    with Receiver(certificate=certificate) as receiver:
        client = client_of(receiver, context=trusting)
        assert client.send("POST", "https://receiver.example/", body=b"x").status == 200
        with pytest.raises(NotReached, match="certificate is not valid"):
            EgressClient(
                allowed=Allowed(),
                resolve=resolver(wrong_example=[PUBLIC]),
                connect=receiver.connector(),
                context=trusting,
            ).send("POST", "https://wrong.example/")
        with pytest.raises(NotReached, match="certificate is not valid"):
            client_of(receiver).send("POST", "https://receiver.example/")
        assert len(receiver.requests) == 1


def test_https_does_not_lead_on_to_http(certificate: Path, trusting: ssl.SSLContext) -> None:
    def answer(request: Request) -> tuple[int, dict[str, str], bytes]:
        return 307, {"Location": "http://receiver.example/new"}, b""

    with Receiver(answer, certificate=certificate) as receiver:
        with pytest.raises(EgressRefused, match="from https to http"):
            client_of(receiver, context=trusting).send("POST", "https://receiver.example/")
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("X", "a\r\nY: b"), ("X: y", "b"), ("X", "é"), ("", "b"), ("X\n", "b"), ("X", "\x00")]
)
def test_a_header_is_one_line(name: str, value: str) -> None:
    client = EgressClient(allowed=Allowed(), resolve=RESOLVE, connect=no_connection)
    with pytest.raises(InvalidArgument, match="cannot be sent"):
        client.send("POST", "http://receiver.example/", headers={name: value})


@pytest.mark.parametrize("method", ["get", "GET /x", "", "G\r\nX"])
def test_a_method_is_a_word(method: str) -> None:
    client = EgressClient(allowed=Allowed(), resolve=RESOLVE, connect=no_connection)
    with pytest.raises(InvalidArgument, match="no method"):
        client.send(method, "http://receiver.example/")


def test_a_secret_is_not_read_in_any_spelling() -> None:
    secret = "p@ss/w ord'"
    said = io.StringIO()
    for shown in (secret, "p%40ss/w%20ord%27", "p%40ss%2Fw%20ord%27", "p%40ss%2Fw+ord%27"):
        print(f"failed at {shown}.", file=said)
    assert redact(said.getvalue(), secret) == "failed at [secret].\n" * 4
    address = "https://hooks.slack.com/services/T1/B2/abcdef"
    assert redact("POST /services/T1/B2/abcdef: no_service abcdef", address) == "POST [secret]: no_service [secret]"
    assert redact("nothing here", "", "env:HERE", "no") == "nothing here"
