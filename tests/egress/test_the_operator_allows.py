"""Receivers of one's own network are the operator's to allow, by the environment."""

from __future__ import annotations

import pytest
from tests.egress.receivers import PUBLIC, Receiver, no_connection, resolver

from steelyard.egress import EgressClient, EgressRefused, check_url, read_allowed
from steelyard.errors import InvalidArgument


def test_a_receiver_on_this_machine_is_called_only_if_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_EGRESS_ALLOW", raising=False)
    with Receiver() as receiver:
        with pytest.raises(EgressRefused, match="Only the operator can allow"):
            EgressClient().send("POST", receiver.url)
        monkeypatch.setenv("STEELYARD_EGRESS_ALLOW", "127.0.0.1")
        assert EgressClient().send("POST", receiver.url, body=b"x").body == b"ok"
        assert receiver.requests[0].body == b"x"


@pytest.mark.parametrize(
    "allow", ["127.0.0.0/8", "localhost", "127.0.0.1", "other, LOCALHOST ,::1", "localhost:{port}"]
)
def test_hosts_ports_and_networks_are_allowed(allow: str) -> None:
    with Receiver() as receiver:
        allowed = read_allowed(allow.format(port=receiver.port))
        client = EgressClient(allowed=allowed, resolve=resolver(localhost=["127.0.0.1"]))
        host = "localhost" if "localhost" in allow.lower() else "127.0.0.1"
        assert client.send("POST", f"http://{host}:{receiver.port}/").status == 200


def test_what_is_allowed_is_not_all_that_is_near() -> None:
    client = EgressClient(
        allowed=read_allowed("hooks.internal:9000, 10.1.0.0/16"),
        resolve=resolver(
            hooks_internal=["10.2.0.1"], other_internal=["10.2.0.1"], far_internal=["10.1.0.1", "10.2.0.1"]
        ),
        connect=no_connection,
    )
    for url in (
        "http://hooks.internal:9001/",
        "http://hooks.internal/",
        "http://other.internal:9000/",
        "http://far.internal/",
        "http://10.2.0.1/",
        "http://10.1.0.1:6379/",
        "http://10.1.0.1:25/",
        "http://10.1.0.1:22/",
    ):
        with pytest.raises(EgressRefused):
            client.send("POST", url)


def test_a_name_that_is_allowed_never_stands_for_where_credentials_are() -> None:
    names = resolver(hooks_internal=["169.254.169.254"])
    client = EgressClient(allowed=read_allowed("hooks.internal"), resolve=names, connect=no_connection)
    with pytest.raises(EgressRefused, match="credentials"):
        client.send("GET", "http://hooks.internal/")


def test_a_service_that_is_no_receiver_is_called_only_if_its_port_is_named() -> None:
    assert check_url("http://10.1.0.1:9200/", read_allowed("10.1.0.1:9200")).port == 9200
    with pytest.raises(EgressRefused, match="port 9200"):
        check_url("http://10.1.0.1:9200/", read_allowed("10.1.0.1"))


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "a b", "host:port", "[::1", "/8", "1.2.3.4/x", "::1::"])
def test_what_cannot_be_read_allows_nothing_and_says_so(wrong: str) -> None:
    with pytest.raises(InvalidArgument, match="STEELYARD_EGRESS_ALLOW"):
        read_allowed(f"127.0.0.1, {wrong}")


def test_nothing_is_allowed_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_EGRESS_ALLOW", raising=False)
    assert read_allowed() == read_allowed(" , ")
    assert read_allowed().takes_port(PUBLIC, 443)
    assert not read_allowed().takes_port(PUBLIC, 40_000)
