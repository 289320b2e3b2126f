"""Channels: where messages go, and secrets that never come back."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from alarms_made import BAD, EVERY, NOW, draft, look, rule_with, webhook
from back_ends import AT_HAND

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records import Channel, Store
from steelyard.store import open_store

CANARY = "canary-8f3b2c-secret"
SLACK = f"https://hooks.slack.com/services/T1/B2/{CANARY}"


def secret_of(store: Store, name: str, now_ms: int = NOW) -> str:
    """The secret as a worker is given it, with a test message."""
    waiting = store.alarms.test_delivery("0", name, now_ms=now_ms)
    (delivery,) = store.alarms.claim_deliveries("w", now_ms=now_ms, delivery_ids=(waiting.delivery_id,))
    return delivery.secret


def test_channels_are_kept_by_name(store: Store) -> None:
    made = store.alarms.put_channel("0", webhook("b"), by="ann")
    assert (made.target, made.has_secret, made.created_by) == ("https://hooks.example.com/a", False, "ann")
    mail = Channel(name="a", kind="email", target="ann@example.com,bob@example.com")
    assert store.alarms.put_channel("0", mail).target == "ann@example.com, bob@example.com"
    assert [channel.name for channel in store.alarms.channels("0")] == ["a", "b"]
    store.alarms.delete_channel("0", "a")
    assert [channel.name for channel in store.alarms.channels("0")] == ["b"]
    with pytest.raises(NotFound, match="no channel 'a'"):
        store.alarms.delete_channel("0", "a")


@pytest.mark.parametrize(
    ("kind", "target", "secret", "said"),
    [
        ("pigeon", "https://a.example", None, "pigeon"),
        ("webhook", "ftp://a.example", None, "https://"),
        ("webhook", "https://user:pw@a.example/", None, "user or a password"),
        ("webhook", "http://127.0.0.1/x", None, "STEELYARD_EGRESS_ALLOW"),
        ("webhook", "http://169.254.169.254/latest", None, "credentials"),
        ("webhook", "http://a.example:6379/", None, "port 6379"),
        ("webhook", "https://a.example/\r\nX: y", None, "control character"),
        ("webhook", "https://a.example", "two\nlines", "line break"),
        ("webhook", "https://a.example", "env:HOME", "STEELYARD_CHANNEL_"),
        ("webhook", "https://a.example", "env:STEELYARD_SMTP_URL", "STEELYARD_CHANNEL_"),
        ("slack", "hooks.slack.com", None, "incoming webhook"),
        ("slack", "hooks.slack.com", "https://evil.example/x", "evil.example"),
        ("slack", "hooks.slack.com", "http://hooks.slack.com/x", "https://"),
        ("email", "", None, "1 to 20"),
        ("email", "ann", None, "'ann'"),
        ("email", "ann@example.com\nBcc: eve@example.com", None, "no e-mail address"),
        ("email", "Ann <ann@example.com>", None, "no e-mail address"),
        ("email", "ann@example.com", "password", "no secret"),
    ],
)
def test_a_channel_that_cannot_be_used_is_refused(
    tmp_path: Path, empty_file: Path, kind: str, target: str, secret: str | None, said: str
) -> None:
    shutil.copyfile(empty_file, tmp_path / "store.db")
    with open_store(tmp_path / "store.db") as store:
        with pytest.raises(InvalidArgument, match=said):
            store.alarms.put_channel("0", Channel(name="x", kind=kind, target=target), secret=secret)  # type: ignore[arg-type]
        assert store.alarms.channels("0") == ()


def test_of_a_slack_address_only_the_host_is_shown(store: Store) -> None:
    given = store.alarms.put_channel("0", Channel(name="s", kind="slack", target=SLACK))
    assert (given.target, given.has_secret) == ("hooks.slack.com", True)
    by_secret = store.alarms.put_channel("0", Channel(name="t", kind="slack", target=""), secret=SLACK)
    assert by_secret.target == "hooks.slack.com"


def test_a_secret_of_the_environment_is_shown_by_its_name(store: Store) -> None:
    made = store.alarms.put_channel("0", webhook(), secret="env:STEELYARD_CHANNEL_OPS")
    assert (made.has_secret, made.secret_from) == (True, "STEELYARD_CHANNEL_OPS")


@AT_HAND
def test_a_secret_stays_with_its_target_and_is_dropped_with_another(store: Store) -> None:
    store.alarms.put_channel("0", webhook(), secret=CANARY)
    store.alarms.put_channel("0", webhook())
    assert secret_of(store, "ops") == CANARY
    moved = store.alarms.put_channel("0", webhook(target="https://evil.example.com/a"))
    assert not moved.has_secret
    assert secret_of(store, "ops") == ""
    store.alarms.put_channel("0", webhook())  # back again: it is not remembered
    assert secret_of(store, "ops") == ""
    store.alarms.put_channel("0", webhook(), secret=CANARY)
    assert not store.alarms.put_channel("0", webhook(), secret="").has_secret
    with pytest.raises(InvalidArgument, match="incoming webhook"):
        store.alarms.put_channel("0", Channel(name="ops", kind="slack", target="hooks.slack.com"))


@AT_HAND
def test_what_waits_for_a_channel_that_moved_is_sent_to_the_new_target_without_the_old_secret(store: Store) -> None:
    rule_with(store, "ops")
    look(store, BAD, now_ms=NOW)
    store.alarms.put_channel("0", webhook(target="https://new.example.com/a"))
    (delivery,) = store.alarms.claim_deliveries("w", now_ms=NOW)
    assert (delivery.channel.target, delivery.secret) == ("https://new.example.com/a", "")


@AT_HAND
def test_a_secret_is_in_its_column_and_nowhere_else(
    store: Store, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    store.alarms.put_channel("0", webhook(), secret=CANARY)
    store.alarms.put_channel("0", Channel(name="s", kind="slack", target=SLACK))
    store.alarms.create_rule("0", draft(channels=("ops", "s")))
    (alarm,) = look(store, BAD, now_ms=NOW)
    for n, delivery in enumerate(store.alarms.claim_deliveries("w", now_ms=NOW)):
        assert CANARY in delivery.secret
        assert CANARY not in repr(delivery)
        retry = NOW + EVERY if n else None
        store.alarms.delivered(delivery, now_ms=NOW, error=f"cannot post to {delivery.secret}", retry_ms=retry)
    answers = [store.alarms.channels("0"), store.alarms.deliveries(alarm.alarm_id), store.alarms.events(alarm.alarm_id)]
    shown = repr(answers) + repr(store.alarms.rules()) + caplog.text
    assert "[secret]" in shown
    assert CANARY not in shown
    assert CANARY.encode() not in msgspec.json.encode([asdict(one) for one in answers[0]])
    if store.url.startswith("sqlite"):
        with sqlite3.connect(tmp_path / "store.db") as database:
            database.execute("UPDATE alarm_channels SET secret = ''")
            assert CANARY not in "\n".join(database.iterdump())
        database.close()


def test_no_client_of_a_server_is_given_a_secret() -> None:
    from steelyard.store.remote.protocol import methods

    assert "claim_deliveries" not in methods("alarms")
    assert "put_channel" in methods("alarms")


def test_a_channel_that_a_rule_tells_is_not_deleted(store: Store) -> None:
    rule = rule_with(store, "ops")
    with pytest.raises(Conflict, match="'errors'"):
        store.alarms.delete_channel("0", "ops")
    store.alarms.update_rule(rule.rule_id, draft())
    store.alarms.delete_channel("0", "ops")
