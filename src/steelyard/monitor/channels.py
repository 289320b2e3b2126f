"""Messages put into a channel's own words and sent: a signed webhook, a Slack webhook, an e-mail."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from steelyard.egress.client import EgressAnswer, EgressClient, EgressFailed
from steelyard.egress.redacting import redact
from steelyard.egress.resolving import NotReached
from steelyard.egress.targets import EgressRefused, check_url
from steelyard.errors import InvalidArgument
from steelyard.monitor.telling_signature import DELIVERY_HEADER, SIGNATURE_HEADER, sign
from steelyard.monitor.telling_words import Message, Paragraph, link_to, message_of
from steelyard.records.alarm import Delivery

_AGAIN = (408, 425, 429)
_VARIABLE = re.compile(r"env:(STEELYARD_CHANNEL_[A-Z0-9_]{1,100})")
_SECTION = 2_900  # Slack takes 3,000 characters a block
_MOST_SECTIONS = 45


@dataclass(frozen=True, slots=True)
class Sent:
    """How the sending of a message ended.

    Args:
        error: what went wrong; empty if it arrived.
        again: whether it may go better another time.
        wait_seconds: for how long the receiver asks to be left alone; None if it did not.
        away: whether the receiver could not be reached at all.
        note: what went wrong although it arrived, such as one address of several that was refused.
    """

    error: str = ""
    again: bool = False
    wait_seconds: float | None = None
    away: bool = False
    note: str = ""


def send(delivery: Delivery, client: EgressClient, *, now_ms: int) -> Sent:
    """Send a message that was claimed; what is said of an error has no secret in it.

    Args:
        delivery: with its channel and, if that has one, its secret or the name of the variable that holds it.
        client: by which HTTP is spoken.
        now_ms: when, milliseconds since 1970.
    """
    secret = delivery.secret
    try:
        secret = secret_of(delivery)
        sent = _KINDS[delivery.channel.kind](delivery, secret, client, now_ms)
    except EgressRefused as error:
        sent = Sent(str(error))
    except NotReached as error:
        sent = Sent(str(error), again=True, away=True)
    except EgressFailed as error:
        sent = Sent(str(error), again=True)
    except InvalidArgument as error:  # something that the operator can set right meanwhile
        sent = Sent(str(error), again=True)
    hidden = (secret, delivery.secret)
    return Sent(redact(sent.error, *hidden), sent.again, sent.wait_seconds, sent.away, redact(sent.note, *hidden))


def secret_of(delivery: Delivery) -> str:
    """Return the secret of a delivery's channel, from this worker's environment if it is kept there.

    Raises:
        InvalidArgument: the environment does not have it.
    """
    if not delivery.secret.startswith("env:"):
        return delivery.secret
    named = _VARIABLE.fullmatch(delivery.secret)
    secret = os.environ.get(named[1], "").strip() if named else ""
    if not secret:
        raise InvalidArgument(
            f"The worker's environment has no {delivery.secret.removeprefix('env:')}, which holds the channel's secret."
        )
    return secret


def _webhook(delivery: Delivery, secret: str, client: EgressClient, now_ms: int) -> Sent:
    told = msgspec.json.decode(delivery.body)
    body = msgspec.json.encode({"delivery_id": delivery.delivery_id, **_with_links(told)})
    headers = {"Content-Type": "application/json", DELIVERY_HEADER: delivery.delivery_id}
    if secret:
        headers[SIGNATURE_HEADER] = sign(body, secret, seconds=now_ms // 1000)
    answer = client.send(
        "POST", delivery.channel.target, body=body, headers=headers, secret_headers=(SIGNATURE_HEADER,)
    )
    return _judged(answer, now_ms)


def _with_links(told: Mapping[str, Any]) -> dict[str, Any]:
    alarms = [{**alarm, "link": link_to(alarm["path"])} for alarm in told.get("alarms", ())]
    return {**told, "alarms": alarms, "text": message_of(told).text}


def _slack(delivery: Delivery, secret: str, client: EgressClient, now_ms: int) -> Sent:
    if not secret:
        return Sent(
            "The channel has no address: a Slack webhook's is its secret, and is given again with another target."
        )
    target = check_url(secret, client.allowed)
    if target.netloc != delivery.channel.target:
        return Sent(
            f"The secret address is not at {delivery.channel.target}, the channel's target, so it is not called."
        )
    message = message_of(msgspec.json.decode(delivery.body))
    body = msgspec.json.encode({"text": slack_escaped(message.subject), "blocks": slack_blocks(message)})
    headers = {"Content-Type": "application/json", DELIVERY_HEADER: delivery.delivery_id}
    return _judged(client.send("POST", target.url, body=body, headers=headers), now_ms)


def slack_blocks(message: Message) -> list[dict[str, Any]]:
    """Return a message as blocks of Slack: a headline, and a section for each paragraph."""
    texts = [f"*{slack_escaped(message.subject)}*", *map(_slack_text, message.paragraphs[: _MOST_SECTIONS - 1])]
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}} for text in texts]


def slack_escaped(text: str) -> str:
    """Return a text in which nothing mentions, links or calls anybody.

    Examples:
        >>> slack_escaped("<!channel> a & b")
        '&lt;!channel&gt; a &amp; b'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_text(paragraph: Paragraph) -> str:
    said = slack_escaped("\n".join((paragraph.headline, *paragraph.lines)))[:_SECTION]
    said = said.rsplit("&", 1)[0] if re.search(r"&[a-z]{0,3}\Z", said) else said  # no half of an escape
    link = paragraph.link
    if link.startswith("http"):
        return f"{said}\n<{slack_escaped(link)}|Look at it>"
    return f"{said}\n{slack_escaped(link)}" if link else said


def _email(delivery: Delivery, secret: str, client: EgressClient, now_ms: int) -> Sent:
    from steelyard.monitor.channels_email import send_email

    message = message_of(msgspec.json.decode(delivery.body))
    error, again, note = send_email(delivery, message, now_ms=now_ms)
    return Sent(error, again=again, note=note)


def _judged(answer: EgressAnswer, now_ms: int) -> Sent:
    if 200 <= answer.status < 300:
        return Sent()
    if 300 <= answer.status < 400:
        return Sent(f"{answer.origin} says that it has moved ({answer.status}). Give the address where it is now.")
    said = f"{answer.origin} answered {answer.status}"
    if answer.status >= 500 or answer.status in _AGAIN:
        return Sent(f"{said}.", again=True, wait_seconds=_wait(answer.headers.get("retry-after", ""), now_ms))
    return Sent(f"{said}: it does not take this message.")


def _wait(told: str, now_ms: int) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or as a date (RFC 9110, 10.2.3)."""
    told = told.strip()
    if told.isascii() and told.isdecimal() and len(told) < 10:
        return float(told)
    try:
        return max(parsedate_to_datetime(told).timestamp() - now_ms / 1000, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


_KINDS: dict[str, Callable[[Delivery, str, EgressClient, int], Sent]] = {
    "webhook": _webhook,
    "slack": _slack,
    "email": _email,
}
