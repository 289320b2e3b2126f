"""Messages sent from the outbox: at least once each, never again after one arrived.

A message is claimed, sent, and only then marked as told. Whoever dies between the last two leaves it to be sent again
under the same id (``Steelyard-Delivery``, or the Message-ID of a mail), by which the receiver knows it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass

from steelyard.egress.client import EgressClient
from steelyard.errors import InvalidArgument
from steelyard.monitor.channels import Sent, send
from steelyard.records.alarm import Delivery
from steelyard.records.ports import Store

LEASE_MS = 120_000
"""Longer than the sending of one message can take."""
_FIRST_MS, _LONGEST_MS = 10_000, 3_600_000
_GIVE_UP_MS = 24 * 3_600_000
_GIVE_UP_ATTEMPTS = 20  # a clock that jumps ahead ends nothing, nor does a night in which nobody sent
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """What became of a test message: whether it arrived, and what happened in one sentence."""

    told: bool
    text: str


def tell_once(store: Store, *, worker: str, now_ms: int, most: int = 50, client: EgressClient | None = None) -> int:
    """Send the messages that are due, one after the other, and return how many were handled.

    Call it again and again, from any number of workers. A channel that cannot be reached is tried once a call; its
    other messages wait as if they had been tried, so that it holds up none of the other channels.

    Args:
        store: at hand; a store behind a server hands out no secrets, its server sends.
        worker: a name of whoever sends.
        now_ms: milliseconds since 1970.
        most: so many messages at most.
        client: by which HTTP is spoken; the guarded one of this machine unless told.
    """
    _check_at_hand(store)
    speaker = client or EgressClient()
    began = time.monotonic()
    away: dict[tuple[str, str], Sent] = {}
    handled = 0
    while handled < most:
        now = now_ms + int((time.monotonic() - began) * 1000)
        claimed = store.alarms.claim_deliveries(worker, now_ms=now, most=1, lease_ms=LEASE_MS)
        if not claimed:
            return handled
        delivery = claimed[0]
        channel = (delivery.experiment_id, delivery.channel.name)
        sent = away[channel] if channel in away else _send(delivery, speaker, now_ms=now)
        if sent.away:
            away[channel] = sent
        now = now_ms + int((time.monotonic() - began) * 1000)
        _record(store, delivery, sent, now_ms=now)
        handled += 1
    return handled


def test_channel(
    store: Store,
    experiment_id: str,
    name: str,
    *,
    by: str = "",  # noqa: PT028 - no test of ours
    now_ms: int | None = None,  # noqa: PT028
    client: EgressClient | None = None,  # noqa: PT028
) -> ChannelTest:
    """Send a test message to a channel, once, and say what happened.

    Raises:
        NotFound: the experiment has no such channel.
    """
    _check_at_hand(store)
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    waiting = store.alarms.test_delivery(experiment_id, name, now_ms=now, by=by)
    claimed = store.alarms.claim_deliveries(
        f"test by {by}"[:200], now_ms=now, most=1, lease_ms=LEASE_MS, delivery_ids=(waiting.delivery_id,)
    )
    if not claimed:
        return ChannelTest(False, "Somebody else has the message in hand. Look at the channel in a moment.")
    sent = _send(claimed[0], client or EgressClient(), now_ms=now)
    store.alarms.delivered(claimed[0], now_ms=now, error=sent.error)
    if sent.error:
        return ChannelTest(False, sent.error)
    return ChannelTest(True, f"The message was taken by {claimed[0].channel.target}. {sent.note}".strip())


test_channel.__dict__["__test__"] = False  # so that pytest does not take it for one


def retry_delay_ms(delivery_id: str, attempt: int, wait_seconds: float | None = None) -> int:
    """Return for how long a message waits after an attempt that failed.

    Ten seconds, doubled with each attempt up to an hour, and by a hash of id and attempt up to twice as long, so that
    what failed together does not come back together; not shorter than the receiver asked for, up to an hour.

    Examples:
        >>> 10_000 <= retry_delay_ms("de-1", 1) < 20_000
        True
        >>> retry_delay_ms("de-1", 30), retry_delay_ms("de-1", 1, 600.0)
        (3600000, 600000)
    """
    digest = hashlib.sha256(f"{delivery_id}:{attempt}".encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    delay = _FIRST_MS * 2 ** min(max(attempt, 1) - 1, 20) * (1 + share)
    asked = 0.0 if wait_seconds is None else wait_seconds * 1000
    return int(min(max(delay, asked), _LONGEST_MS))


def _send(delivery: Delivery, client: EgressClient, *, now_ms: int) -> Sent:
    try:
        return send(delivery, client, now_ms=now_ms)
    except Exception as error:  # one message that cannot be put into words must not keep back all others
        _log.warning("The message %s could not be sent (%s).", delivery.delivery_id, type(error).__name__)
        return Sent(f"It could not be sent ({type(error).__name__}).", again=True)


def _record(store: Store, delivery: Delivery, sent: Sent, *, now_ms: int) -> None:
    if not sent.error:
        store.alarms.delivered(delivery, now_ms=now_ms)
        for alarm_id in delivery.alarm_ids if sent.note else ():
            store.alarms.note(alarm_id, f"{delivery.channel.name}: {sent.note}", by="steelyard")
        return
    delay = retry_delay_ms(delivery.delivery_id, delivery.attempt, sent.wait_seconds)
    too_late = now_ms + delay - delivery.created_time > _GIVE_UP_MS and delivery.attempt >= _GIVE_UP_ATTEMPTS
    if sent.again and not too_late:
        store.alarms.delivered(delivery, now_ms=now_ms, error=sent.error, retry_ms=now_ms + delay)
        return
    why = f"{sent.error} Given up after {delivery.attempt} attempts." if sent.again else sent.error
    store.alarms.delivered(delivery, now_ms=now_ms, error=why)


def _check_at_hand(store: Store) -> None:
    if not hasattr(store.alarms, "claim_deliveries"):
        raise InvalidArgument("This store is behind a server, which sends the messages itself. Open the store at hand.")
