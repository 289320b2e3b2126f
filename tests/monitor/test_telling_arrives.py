"""Messages arrive: at least once, signed, with an id, after retries, and not again once they were told."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.egress.receivers import Receiver
from tests.monitor.telling_made import CANARY, HOUR, MINUTE, NOW, alarmed, webhook

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor import tell_once, test_channel, verify_signature
from steelyard.monitor.telling import retry_delay_ms
from steelyard.monitor.telling_signature import sign
from steelyard.records import Channel, Store
from steelyard.store import open_store


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "store.db"
    open_store(file).close()
    return file


@pytest.fixture
def store(tmp_path: Path, empty_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    shutil.copyfile(empty_file, tmp_path / "store.db")  # quicker than its tables
    monkeypatch.setenv("STEELYARD_EGRESS_ALLOW", "127.0.0.1")
    monkeypatch.delenv("STEELYARD_PUBLIC_URL", raising=False)
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened


def failing(*statuses: int, headers: dict[str, str] | None = None) -> Receiver:
    """A receiver that answers these, and then 200."""
    left = iter(statuses)
    return Receiver(lambda request: (next(left, 200), headers or {}, b"said"))


def test_a_webhook_is_told_once_with_a_signature_that_its_receiver_verifies(store: Store) -> None:
    with Receiver() as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url + "/hook?a=1"), secret=CANARY, note="call ann")
        assert tell_once(store, worker="w", now_ms=NOW) == 1
        assert tell_once(store, worker="w", now_ms=NOW + HOUR) == 0
        (request,) = receiver.requests
    assert request.path == "/hook?a=1"
    assert verify_signature(request.body, request.headers["Steelyard-Signature"], CANARY, now=NOW / 1000)
    said = json.loads(request.body)
    assert said["delivery_id"] == request.headers["Steelyard-Delivery"]
    assert said["alarms"][0]["link"] == f"/alarms/{alarm.alarm_id}"
    assert "0.31, interval 0.25 to 0.38, n 1,412, limit 0.1" in said["text"]
    assert "call ann" in said["text"]
    (kept,) = store.alarms.deliveries(alarm.alarm_id)
    assert (kept.state, kept.attempt) == ("told", 1)
    assert [event.action for event in store.alarms.events(alarm.alarm_id)] == ["opened", "told"]


def test_a_webhook_without_a_secret_is_not_signed(store: Store) -> None:
    with Receiver() as receiver:
        alarmed(store, webhook(receiver.url))
        tell_once(store, worker="w", now_ms=NOW)
        assert "Steelyard-Signature" not in receiver.requests[0].headers


def test_links_are_whole_where_the_operator_says_where_this_server_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_PUBLIC_URL", "https://steelyard.example.com/team/")
    with Receiver() as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url))
        tell_once(store, worker="w", now_ms=NOW)
        said = json.loads(receiver.requests[0].body)
    assert said["alarms"][0]["link"] == f"https://steelyard.example.com/team/alarms/{alarm.alarm_id}"


def test_a_receiver_that_fails_is_tried_again_with_the_same_id(store: Store) -> None:
    with failing(500, 429) as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url))
        assert tell_once(store, worker="w", now_ms=NOW) == 1
        assert tell_once(store, worker="w", now_ms=NOW + 9_999) == 0
        assert store.alarms.deliveries(alarm.alarm_id)[0].error == f"{receiver.url} answered 500."
        assert tell_once(store, worker="w", now_ms=NOW + MINUTE) == 1
        assert tell_once(store, worker="w", now_ms=NOW + 2 * MINUTE) == 1
        assert tell_once(store, worker="w", now_ms=NOW + 2 * HOUR) == 0
        assert len({request.headers["Steelyard-Delivery"] for request in receiver.requests}) == 1
        assert len(receiver.requests) == 3
    assert [event.action for event in store.alarms.events(alarm.alarm_id)] == ["opened", "told"]


@pytest.mark.parametrize("how", ["seconds", "date"])
def test_a_receiver_is_left_alone_for_as_long_as_it_asks(store: Store, how: str) -> None:
    from email.utils import formatdate

    told = "600" if how == "seconds" else formatdate(NOW / 1000 + 600, usegmt=True)
    with failing(503, headers={"Retry-After": told}) as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url))
        tell_once(store, worker="w", now_ms=NOW)
        due = store.alarms.deliveries(alarm.alarm_id)[0].due_ms
        assert due - NOW >= 599_000
        assert tell_once(store, worker="w", now_ms=NOW + 590_000) == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 301])
def test_what_a_receiver_does_not_take_is_given_up_at_once_with_the_reason(store: Store, status: int) -> None:
    with failing(*[status] * 3) as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url))
        tell_once(store, worker="w", now_ms=NOW)
        assert tell_once(store, worker="w", now_ms=NOW + HOUR) == 0
        assert len(receiver.requests) == 1
    event = store.alarms.events(alarm.alarm_id)[-1]
    assert event.action == "not_told"
    assert str(status) in event.text


def test_a_receiver_that_is_away_for_a_day_is_given_up_with_the_reason(store: Store) -> None:
    with Receiver() as gone:
        target = gone.url
    (alarm,) = alarmed(store, webhook(target))
    at, attempts = NOW, 0
    while store.alarms.deliveries(alarm.alarm_id)[0].state == "waiting":
        attempts += tell_once(store, worker="w", now_ms=at)
        at = max(store.alarms.deliveries(alarm.alarm_id)[0].due_ms, at + 1)
    assert 20 <= attempts <= 40
    assert 22 * HOUR < at - NOW < 26 * HOUR
    event = store.alarms.events(alarm.alarm_id)[-1]
    assert event.action == "not_told"
    assert f"Given up after {attempts} attempts" in event.text


def test_a_clock_that_jumps_a_day_ahead_gives_nothing_up(store: Store) -> None:
    with failing(500, 500) as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url))
        for at in (NOW, NOW + 30 * HOUR, NOW + 60 * HOUR):
            tell_once(store, worker="w", now_ms=at)
        assert store.alarms.deliveries(alarm.alarm_id)[0].state == "told"


def test_a_channel_that_is_away_holds_up_none_of_the_others(store: Store) -> None:
    with Receiver() as gone:
        away = webhook(gone.url, "away")
    with Receiver() as receiver:
        for n in range(5):
            alarmed(store, away, webhook(receiver.url, "ops"), name=f"rule {n}")
        assert tell_once(store, worker="w", now_ms=NOW) == 10
        assert len(receiver.requests) == 5


def test_workers_that_tell_at_once_tell_each_message_once(store: Store, tmp_path: Path) -> None:
    with Receiver() as receiver:
        for n in range(8):
            alarmed(store, webhook(receiver.url), name=f"rule {n}")

        def work(worker: str) -> int:
            with open_store(f"sqlite:///{tmp_path}/store.db") as mine:
                return tell_once(mine, worker=worker, now_ms=NOW)

        with ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(work, "abc")) == 8
        assert len({request.headers["Steelyard-Delivery"] for request in receiver.requests}) == 8
        assert len(receiver.requests) == 8


def test_an_address_inside_is_not_called_whatever_the_store_says(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url))
        monkeypatch.delenv("STEELYARD_EGRESS_ALLOW")
        tell_once(store, worker="w", now_ms=NOW)
        assert receiver.requests == []
    assert "this machine" in store.alarms.events(alarm.alarm_id)[-1].text


def test_a_secret_of_the_environment_is_read_where_messages_are_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEELYARD_CHANNEL_OPS", raising=False)
    with Receiver() as receiver:
        (alarm,) = alarmed(store, webhook(receiver.url), secret="env:STEELYARD_CHANNEL_OPS")
        tell_once(store, worker="w", now_ms=NOW)
        assert "STEELYARD_CHANNEL_OPS" in store.alarms.deliveries(alarm.alarm_id)[0].error
        monkeypatch.setenv("STEELYARD_CHANNEL_OPS", CANARY)
        tell_once(store, worker="w", now_ms=NOW + MINUTE)
        (request,) = receiver.requests
    signature = request.headers["Steelyard-Signature"]
    assert verify_signature(request.body, signature, CANARY, now=NOW / 1000 + 60)


def test_a_secret_is_in_no_error_event_log_or_page(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    with failing(500, 404) as receiver:
        (alarm,) = alarmed(store, webhook(f"{receiver.url}/x"), secret=CANARY)
        for n in range(2):
            tell_once(store, worker="w", now_ms=NOW + n * HOUR)
    away = receiver.url.removeprefix("http://")
    monkeypatch.setenv("STEELYARD_CHANNEL_S", f"https://{away}/services/{CANARY}")
    store.alarms.put_channel("0", Channel(name="s", kind="slack", target=away), secret="env:STEELYARD_CHANNEL_S")
    tried = test_channel(store, "0", "s")
    assert not tried.told
    shown = [store.alarms.deliveries(alarm.alarm_id), store.alarms.events(alarm.alarm_id), tried, caplog.text]
    assert "answered 404" in repr(shown)
    assert CANARY not in repr(shown)


def test_a_message_that_was_sent_and_not_recorded_is_sent_again_with_the_same_id(store: Store) -> None:
    with Receiver() as receiver:
        alarmed(store, webhook(receiver.url))
        (lost,) = store.alarms.claim_deliveries("killed", now_ms=NOW)
        assert tell_once(store, worker="w", now_ms=NOW + 1) == 0
        assert tell_once(store, worker="w", now_ms=NOW + 2 * MINUTE) == 1
        assert receiver.requests[0].headers["Steelyard-Delivery"] == lost.delivery_id


def test_a_body_that_cannot_be_put_into_words_keeps_back_no_other_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steelyard.monitor import channels

    words = channels.message_of

    def stumbling(body: dict[str, object]) -> object:
        if body["rule"]["name"] == "odd":  # type: ignore[index]
            raise KeyError("x")
        return words(body)

    monkeypatch.setattr(channels, "message_of", stumbling)
    with Receiver() as receiver:
        (odd,) = alarmed(store, webhook(receiver.url), name="odd")
        alarmed(store, webhook(receiver.url), name="plain")
        assert tell_once(store, worker="w", now_ms=NOW) == 2
        assert len(receiver.requests) == 1
    (kept,) = store.alarms.deliveries(odd.alarm_id)
    assert (kept.state, kept.error) == ("waiting", "It could not be sent (KeyError).")


def test_a_channel_is_tried_out_and_what_happened_is_said(store: Store) -> None:
    with failing(200, 500) as receiver:
        store.alarms.put_channel("0", webhook(receiver.url), secret=CANARY)
        told = test_channel(store, "0", "ops", by="ann")
        assert (told.told, told.text) == (True, f"The message was taken by {receiver.url}/.")
        assert "sent by ann" in json.loads(receiver.requests[0].body)["text"]
        failed = test_channel(store, "0", "ops")
        assert (failed.told, failed.text) == (False, f"{receiver.url} answered 500.")
        assert tell_once(store, worker="w", now_ms=time.time_ns() // 1_000_000 + HOUR) == 0  # a test is not repeated
    with pytest.raises(NotFound, match="nobody"):
        test_channel(store, "0", "nobody")


def test_a_store_behind_a_server_leaves_the_telling_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store("http://127.0.0.1:9") as remote, pytest.raises(InvalidArgument, match="behind a server"):
        tell_once(remote, worker="w", now_ms=NOW)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40), st.integers(0, 2**33))
def test_what_was_signed_is_verified_and_nothing_else(body: bytes, secret: str, seconds: int) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    header = sign(body, secret, seconds=seconds)
    assert verify_signature(body, header, secret, now=seconds)
    assert verify_signature(body, header.replace("v1=", "v0=x,v1="), secret, now=seconds + 300)
    assert not verify_signature(body, header, secret, now=seconds + 301)
    assert not verify_signature(body, header, secret, now=seconds - 301)
    assert not verify_signature(body + b" ", header, secret, now=seconds)
    assert not verify_signature(body, header, secret + "x", now=seconds)
    assert not verify_signature(body, f"t={seconds},v1=\udc80", secret, now=seconds)
    assert not verify_signature(body, header.replace(f"t={seconds}", f"t={seconds + 1}"), secret, now=seconds)


@given(st.text(max_size=80))
def test_any_header_is_verified_without_an_error(header: str) -> None:
    assert not verify_signature(b"{}", header, "secret")


def test_the_signature_is_that_of_the_standard() -> None:
    # RFC 4231, test case 2, by hashlib's HMAC of another road.
    import hashlib

    key, message = b"Jefe", b"5.what do ya want for nothing?"
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(x ^ 0x36 for x in block) + message).digest()
    outer = hashlib.sha256(bytes(x ^ 0x5C for x in block) + inner).hexdigest()
    assert sign(b"what do ya want for nothing?", "Jefe", seconds=5) == f"t=5,v1={outer}"


@given(st.integers(1, 200), st.one_of(st.none(), st.floats(0, 1e9)))
def test_waiting_grows_from_ten_seconds_to_an_hour(attempt: int, asked: float | None) -> None:
    wait = retry_delay_ms("de-1", attempt, asked)
    assert 10_000 <= wait <= 3_600_000
    assert asked is None or asked > 3_600 or wait >= int(asked * 1000)
    assert retry_delay_ms("de-1", attempt + 1) >= retry_delay_ms("de-1", attempt) or attempt < 10
