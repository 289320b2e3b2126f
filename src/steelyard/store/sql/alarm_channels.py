"""Channels, and their secrets: given once, bound to where they are sent, and never given back."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import get_args

from sqlalchemy import Connection, delete, select

from steelyard.egress.targets import check_url
from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records.alarm import Channel, ChannelKind
from steelyard.store.limits import MAX_KEY, check_value
from steelyard.store.sql import alarm_outbox
from steelyard.store.sql.alarm_drafts import check_line
from steelyard.store.sql.alarm_reading import channels_of, rules_of
from steelyard.store.sql.alarm_schema import alarm_channels, alarm_rules
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.dialect import Dialect

_MAX_NAME, _MAX_SECRET, _MAX_ADDRESSES = 200, 2_000, 20
_VARIABLE = re.compile(r"env:STEELYARD_CHANNEL_[A-Z0-9_]{1,100}")
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_k = alarm_channels.c


def put(
    connection: Connection, dialect: Dialect, experiment: int, channel: Channel, *, secret: str | None, by: str
) -> Channel:
    """Keep a channel by name, in place of the one that is there."""
    check_line(channel.name, "name of the channel", limit=_MAX_NAME)
    if channel.kind not in get_args(ChannelKind):
        raise InvalidArgument(f"There is no channel of kind {channel.kind!r}: use {', '.join(get_args(ChannelKind))}.")
    target, secret = _CHECKED[channel.kind](check_value(channel.target, "target", limit=_MAX_SECRET).strip(), secret)
    who = check_value(by or "", "user's name", limit=MAX_KEY)
    of_name = (_k.experiment == experiment, _k.name == channel.name)
    old = connection.execute(select(alarm_channels).where(*of_name).with_for_update()).mappings().first()
    if secret is None:  # a secret stays where it was meant to go, and nowhere else
        stays = old is not None and (old["kind"], old["target"]) == (channel.kind, target)
        secret = old["secret"] if old is not None and stays else ""
    if channel.kind == "slack" and not secret:
        raise InvalidArgument("A Slack channel needs the address of its incoming webhook: give it as the secret.")
    row = {
        "kind": channel.kind,
        "target": target,
        "secret": secret,
        "created_by": who,
        "created_time": clock_ms(),
    }
    made = dialect.insert(alarm_channels).values(experiment=experiment, name=channel.name, **row)
    connection.execute(made.on_conflict_do_update(index_elements=["experiment", "name"], set_=row))
    return channels_of(connection, experiment, channel.name)[0]


def remove(connection: Connection, experiment: int, name: str) -> None:
    """Delete a channel that no rule tells; what waits for it is given up."""
    rules = rules_of(connection, alarm_rules.c.experiment == experiment)
    naming = [rule.draft.name for rule in rules if name in rule.draft.channels]
    if naming:
        shown = ", ".join(map(repr, naming[:5])) + (", …" if len(naming) > 5 else "")
        raise Conflict(f"The channel {name!r} is told by the rules {shown}. Take it out of them first.")
    gone = delete(alarm_channels).where(_k.experiment == experiment, _k.name == name)
    if not connection.execute(gone).rowcount:
        raise no_channel(name)
    alarm_outbox.give_up_channel(connection, experiment, name, now_ms=clock_ms())


def no_channel(name: str) -> NotFound:
    """Return the error for a channel that is not there."""
    return NotFound(f"The experiment has no channel {name!r}.")


def _webhook(target: str, secret: str | None) -> tuple[str, str | None]:
    return check_url(target).url, _secret(secret)


def _slack(target: str, secret: str | None) -> tuple[str, str | None]:
    """Return the host of a Slack address, and the address, which is itself the secret."""
    given = _secret(target if "://" in target and secret is None else secret)
    host = check_url(target if "://" in target else f"https://{target or 'hooks.slack.com'}/").netloc
    if given and not given.startswith("env:"):
        meant = check_url(given)
        if not target:
            host = meant.netloc
        if meant.scheme != "https" and meant.host not in ("127.0.0.1", "::1"):
            raise InvalidArgument("The address of a Slack webhook begins with https://.")
        if meant.netloc != host:
            raise InvalidArgument(f"The secret address is at {meant.netloc}, and the channel's target is {host}.")
    return host, given


def _email(target: str, secret: str | None) -> tuple[str, str | None]:
    if secret:
        raise InvalidArgument("An e-mail channel has no secret: the operator names the server, by STEELYARD_SMTP_URL.")
    addresses = [one.strip() for one in target.split(",") if one.strip()]
    if not 1 <= len(addresses) <= _MAX_ADDRESSES:
        raise InvalidArgument(f"An e-mail channel has 1 to {_MAX_ADDRESSES} addresses, with commas between.")
    for address in addresses:
        try:
            fits = _MAILBOX.fullmatch(address) is not None and bool(Address(addr_spec=address).domain)
        except (ValueError, IndexError):
            fits = False
        if not fits:
            raise InvalidArgument(f"{address!r} is no e-mail address. Write it as name@host, without a display name.")
    return ", ".join(addresses), ""


def _secret(secret: str | None) -> str | None:
    if secret is None:
        return None
    check_value(secret, "secret", limit=_MAX_SECRET)
    if secret.startswith("env:") and not _VARIABLE.fullmatch(secret):
        raise InvalidArgument(
            "A secret of the environment is one that the operator meant for channels: its name begins with "
            "STEELYARD_CHANNEL_, as in env:STEELYARD_CHANNEL_ONCALL."
        )
    if any(character < " " or character == "\x7f" for character in secret):
        raise InvalidArgument("The secret holds a line break or another control character. Take it out.")
    return secret


_CHECKED = {"webhook": _webhook, "slack": _slack, "email": _email}
