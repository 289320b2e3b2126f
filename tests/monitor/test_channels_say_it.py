"""Messages in the words of each channel: nothing of an alarm can call, link or address anybody else."""

from __future__ import annotations

import json
import shutil
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_string
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.egress.certificate import CERTIFICATE, KEY
from tests.egress.receivers import Receiver
from tests.monitor.telling_made import CANARY, MINUTE, NOW, MailServer, alarmed

from steelyard.errors import InvalidArgument
from steelyard.monitor import tell_once, test_channel
from steelyard.monitor.channels import slack_blocks
from steelyard.monitor.channels_email import mail_of, read_mail_server
from steelyard.monitor.telling_words import link_to, message_of
from steelyard.records import Channel, Delivery, Store
from steelyard.store import open_store

MAIL = Channel(name="mail", kind="email", target="ann@example.com, bob@example.com")
ALARM = {
    "path": "/alarms/al-1",
    "what": "opened",
    "group": "de",
    "sentence": "31% of traces fail.",
    "first_sentence": "31% of traces fail.",
    "opened_ms": 1_700_000_000_000,
    "ended_ms": 0,
    "value": 0.31,
    "low": 0.25,
    "high": 0.38,
    "n": 1412,
    "limit": 0.1,
}
BODY = {
    "kind": "alarm",
    "time_ms": NOW,
    "experiment": {"id": "0", "name": "Support"},
    "rule": {"id": "ar-1", "name": "errors", "severity": "critical", "note": "call ann"},
    "alarms": [ALARM],
    "more": 0,
}


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "store.db"
    open_store(file).close()
    return file


@pytest.fixture
def store(tmp_path: Path, empty_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    shutil.copyfile(empty_file, tmp_path / "store.db")  # quicker than its tables
    monkeypatch.setenv("STEELYARD_EGRESS_ALLOW", "127.0.0.1")
    for name in ("STEELYARD_PUBLIC_URL", "STEELYARD_SMTP_URL"):
        monkeypatch.delenv(name, raising=False)
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened


def test_a_message_says_what_which_group_since_when_how_bad_what_to_do_and_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STEELYARD_PUBLIC_URL", "https://s.example.com")
    message = message_of(BODY)
    assert message.subject == "[critical] errors: opened (de)"
    assert message.text == (
        "Opened (de): 31% of traces fail.\n"
        "0.31, interval 0.25 to 0.38, n 1,412, limit 0.1\n"
        "Since 2023-11-14 22:13 UTC.\n"
        "https://s.example.com/alarms/al-1\n\n"
        "What to do:\ncall ann\n\n"
        "Experiment: Support"
    )


def test_a_message_about_several_counts_them_and_a_recovery_says_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_PUBLIC_URL", raising=False)
    over = {**ALARM, "what": "recovered", "sentence": "5% fail.", "ended_ms": 1_700_000_600_000, "value": None}
    message = message_of({**BODY, "alarms": [ALARM, {**ALARM, "what": "again"}, over], "more": 3})
    assert message.subject == "[critical] errors: 1 opened, 1 still open, 1 recovered, 3 more"
    assert "It was: 31% of traces fail." in message.text
    assert "From 2023-11-14 22:13 UTC to 2023-11-14 22:23 UTC." in message.text
    assert "And 3 more of the same rule.\n/experiments/0/alarms" in message.text


def test_a_pause_and_a_test_say_so() -> None:
    paused = message_of({**BODY, "kind": "rule_paused", "reason": "the filter is broken"})
    assert paused.subject == "[critical] errors: paused"
    assert "the filter is broken" in paused.text
    tried = message_of({"kind": "test", "time_ms": NOW, "experiment": BODY["experiment"], "by": ""})
    assert "Nothing is wrong" in tried.text


@pytest.mark.parametrize("base", ["javascript:alert(1)", "https://", "ftp://a", "https://user:pw@a.example"])
def test_links_lead_to_the_web_only(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("STEELYARD_PUBLIC_URL", base)
    with pytest.raises(InvalidArgument, match="STEELYARD_PUBLIC_URL"):
        link_to("/x")


@given(st.text(max_size=4000), st.text(max_size=50))
def test_in_slack_nothing_but_our_link_is_a_link_or_a_mention(sentence: str, group: str) -> None:
    alarm = {**ALARM, "sentence": f"<!channel> {sentence}", "group": f"<@U1>{group}"}
    blocks = slack_blocks(message_of({**BODY, "alarms": [alarm]}))
    for block in blocks:
        text = block["text"]["text"]
        assert len(text) <= 3000
        assert "<" not in text
        assert ">" not in text


def test_a_slack_webhook_is_told_with_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_PUBLIC_URL", "https://s.example.com")
    with Receiver() as receiver:
        secret = f"{receiver.url}/services/T1/{CANARY}"
        slack = Channel(name="s", kind="slack", target=receiver.url.removeprefix("http://"))
        (alarm,) = alarmed(store, slack, secret=secret, groups=("<!here> & co",))
        assert tell_once(store, worker="w", now_ms=NOW) == 1
        (request,) = receiver.requests
    assert request.path == f"/services/T1/{CANARY}"
    assert "Steelyard-Signature" not in request.headers
    said = json.loads(request.body)
    assert said["text"] == "[warning] errors: opened (&lt;!here&gt; &amp; co)"
    link = f"<https://s.example.com/alarms/{alarm.alarm_id}|Look at it>"
    assert said["blocks"][1]["text"]["text"].endswith(link)
    assert store.alarms.deliveries(alarm.alarm_id)[0].state == "told"


def test_a_slack_address_of_another_host_than_the_channel_shows_is_not_called(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as receiver:
        monkeypatch.setenv("STEELYARD_CHANNEL_S", f"{receiver.url}/services/{CANARY}")
        store.alarms.put_channel(
            "0", Channel(name="s", kind="slack", target="hooks.slack.com"), secret="env:STEELYARD_CHANNEL_S"
        )
        tried = test_channel(store, "0", "s")
        assert (tried.told, receiver.requests) == (False, [])
    assert "not at hooks.slack.com" in tried.text
    assert CANARY not in tried.text


def test_a_mail_goes_to_all_addresses_by_the_operators_server(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as server:
        monkeypatch.setenv("STEELYARD_SMTP_URL", server.url)
        (alarm,) = alarmed(store, MAIL, note="ruf Änne an")
        assert tell_once(store, worker="w", now_ms=NOW) == 1
        ((sender, to, text),) = server.mails
    mail = message_from_string(text, policy=default)
    (delivery,) = store.alarms.deliveries(alarm.alarm_id)
    assert delivery.state == "told"
    assert "steelyard@example.com" in sender
    assert to == ["ann@example.com", "bob@example.com"]
    assert mail["Subject"] == "[warning] errors: opened"
    assert mail["To"] == "ann@example.com, bob@example.com"
    assert mail["Message-ID"] == f"<{delivery.delivery_id}@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "ruf Änne an" in mail.get_content()


@given(st.text(max_size=300))
def test_no_text_adds_a_header_to_a_mail(text: str) -> None:
    body = {**BODY, "rule": {**BODY["rule"], "name": f"x\r\nBcc: eve@example.com\n{text}"}}  # type: ignore[dict-item]
    delivery = Delivery(delivery_id="de-1", experiment_id="0", rule_id="", alarm_ids=(), channel=MAIL, body="{}")
    mail = mail_of(delivery, message_of(body), "steelyard@example.com", now_ms=NOW)
    read: Message = message_from_string(mail.as_bytes().decode("ascii"), policy=default)
    assert sorted(read.keys()) == sorted(mail.keys())
    assert read["Bcc"] is None
    assert "\n" not in str(mail["Subject"])


@pytest.mark.parametrize(
    ("refuse", "state", "said"),
    [
        ({"RCPT": "550 no such user"}, "given_up", "took none of the addresses (550)"),
        ({"RCPT": "450 later"}, "waiting", "took none of the addresses (450)"),
        ({"MAIL": "553 not you"}, "given_up", "553 not you"),
        ({"DATA": "451 busy"}, "waiting", "451"),
        ({"EHLO": "421 closing", "HELO": "421 closing"}, "waiting", "421"),
    ],
    ids=["no such user", "later", "not you", "busy", "closing"],
)
def test_what_a_mail_server_refuses_is_said_and_tried_again_if_it_may_go_better(
    store: Store, monkeypatch: pytest.MonkeyPatch, refuse: dict[str, str], state: str, said: str
) -> None:
    with MailServer(refuse=refuse) as server:
        monkeypatch.setenv("STEELYARD_SMTP_URL", server.url)
        (alarm,) = alarmed(store, MAIL)
        tell_once(store, worker="w", now_ms=NOW)
    (delivery,) = store.alarms.deliveries(alarm.alarm_id)
    assert delivery.state == state
    assert said in delivery.error


def test_an_address_that_is_refused_among_others_is_noted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer(refuse={"RCPT TO:<bob": "550 gone"}) as server:
        monkeypatch.setenv("STEELYARD_SMTP_URL", server.url)
        (alarm,) = alarmed(store, MAIL)
        tell_once(store, worker="w", now_ms=NOW)
        assert server.mails[0][1] == ["ann@example.com"]
    events = store.alarms.events(alarm.alarm_id)
    assert [event.action for event in events] == ["opened", "told", "noted"]
    assert "bob@example.com (550)" in events[-1].text


def test_mail_waits_until_the_operator_names_a_server(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (alarm,) = alarmed(store, MAIL)
    tell_once(store, worker="w", now_ms=NOW)
    assert "STEELYARD_SMTP_URL is not set" in store.alarms.deliveries(alarm.alarm_id)[0].error
    with MailServer() as server:
        monkeypatch.setenv("STEELYARD_SMTP_URL", server.url)
        tell_once(store, worker="w", now_ms=NOW + MINUTE)
        assert len(server.mails) == 1


def test_a_password_is_never_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer(offers=("AUTH PLAIN",), refuse={"AUTH": f"535 {CANARY} is wrong"}) as server:
        monkeypatch.setenv("STEELYARD_SMTP_URL", server.url.replace("//", f"//ann:{CANARY}@"))
        (alarm,) = alarmed(store, MAIL)
        tell_once(store, worker="w", now_ms=NOW)
        assert CANARY not in repr(read_mail_server())
    (delivery,) = store.alarms.deliveries(alarm.alarm_id)
    assert "refuses the user" in delivery.error
    assert CANARY not in repr(store.alarms.events(alarm.alarm_id)) + delivery.error


def test_a_server_elsewhere_is_never_spoken_to_in_the_clear(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as server:
        port = server.url.partition("?")[0].rpartition(":")[2]
        monkeypatch.setenv("STEELYARD_SMTP_URL", f"smtp://ann:{CANARY}@mail.example.com:{port}?from=s@example.com")
        opened = smtplib.SMTP
        monkeypatch.setattr(smtplib, "SMTP", lambda host, port, timeout: opened("127.0.0.1", port, timeout=timeout))
        (alarm,) = alarmed(store, MAIL)
        tell_once(store, worker="w", now_ms=NOW)
        assert "STARTTLS" in store.alarms.deliveries(alarm.alarm_id)[0].error
        assert not any(word in line for line in server.said for word in ("AUTH", "MAIL", CANARY))


@pytest.mark.parametrize("known", [True, False], ids=["a known certificate", "another certificate"])
def test_a_server_elsewhere_is_spoken_to_by_tls_and_its_certificate_is_checked(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: bool
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(CERTIFICATE + KEY)
    trusting = ssl.create_default_context(cadata=CERTIFICATE) if known else ssl.create_default_context()
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    connect = smtplib.SMTP._get_socket  # type: ignore[attr-defined]
    monkeypatch.setattr(smtplib.SMTP, "_get_socket", lambda self, host, *more: connect(self, "127.0.0.1", *more))
    with MailServer(offers=("AUTH PLAIN",), certificate=certificate) as server:
        port = server.url.partition("?")[0].rpartition(":")[2]
        monkeypatch.setenv("STEELYARD_SMTP_URL", f"smtp://ann:{CANARY}@receiver.example:{port}?from=s@example.com")
        (alarm,) = alarmed(store, MAIL)
        tell_once(store, worker="w", now_ms=NOW)
        said = [line.partition(" ")[0] for line in server.said]
    assert len(server.mails) == known
    assert store.alarms.deliveries(alarm.alarm_id)[0].state == ("told" if known else "waiting")
    assert said[:2] == ["EHLO", "STARTTLS"]
    assert said[2:5] == (["TLS", "EHLO", "AUTH"] if known else [])


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example?from=a@b.example",
        "smtp://?from=a@b.example",
        "smtp://a.example",
        "smtp://a.example?from=a",
        "smtp://a.example?from=a@b.example&from=c@d.example",
        "smtp://a.example:x?from=a@b.example",
        "smtp://ann:canary-41c7-secret@a.example?from=two%0alines@b.example",
    ],
)
def test_a_mail_server_that_cannot_be_read_is_said_so_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STEELYARD_SMTP_URL", url)
    with pytest.raises(InvalidArgument, match="STEELYARD_SMTP_URL cannot be read") as caught:
        read_mail_server()
    assert url not in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_mail_server_is_read_with_its_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_SMTP_URL", "smtps://a%40b:p%2Fw@mail.example.com?from=s@example.com")
    server = read_mail_server()
    assert (server.host, server.port, server.user, server.password) == ("mail.example.com", 465, "a@b", "p/w")
    assert not server.is_here
    monkeypatch.setenv("STEELYARD_SMTP_URL", "smtp://localhost?from=s@example.com")
    assert replace(read_mail_server(), port=0).port == 0
    assert (read_mail_server().port, read_mail_server().is_here) == (587, True)
