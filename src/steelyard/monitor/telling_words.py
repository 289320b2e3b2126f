"""A message about alarms in words: what, of which group, since when, how bad, what to do, and where to look."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from steelyard.errors import InvalidArgument

PUBLIC_URL = "STEELYARD_PUBLIC_URL"
_WHAT = {"opened": "opened", "again": "still open", "recovered": "recovered"}
_MAX_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One thing that is said: its headline, what is said below it, and where to look."""

    headline: str
    lines: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, whatever the channel.

    Args:
        subject: in one line.
        paragraphs: one for each alarm, and what holds for all of them.
    """

    subject: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "\n\n".join("\n".join(filter(None, (p.headline, *p.lines, p.link))) for p in self.paragraphs)


def message_of(body: Mapping[str, Any]) -> Message:
    """Return the words of a delivery's body."""
    if body["kind"] == "test":
        return _trial(body)
    if body["kind"] == "rule_paused":
        return _paused(body)
    rule, alarms = body["rule"], body["alarms"]
    about = f"[{rule['severity']}] {rule['name']}: {_counted(alarms, body['more'])}"
    paragraphs = [_about_alarm(alarm) for alarm in alarms]
    if body["more"]:
        link = link_to(f"/experiments/{body['experiment']['id']}/alarms")
        paragraphs.append(Paragraph(f"And {body['more']:,} more of the same rule.", link=link))
    note = (Paragraph("What to do:", (rule["note"],)),) if rule["note"].strip() else ()
    return Message(_line(about), (*paragraphs, *note, Paragraph(_line(f"Experiment: {_experiment(body)}"))))


def link_to(path: str) -> str:
    """Return the address of a page: whole if the operator named the server's address, else its path on the server.

    Raises:
        InvalidArgument: ``STEELYARD_PUBLIC_URL`` is no address of the web.
    """
    base = os.environ.get(PUBLIC_URL, "").strip().rstrip("/")
    if not base:
        return path
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise InvalidArgument(f"{PUBLIC_URL} is no address of the web. Write it as https://host or https://host/path.")
    return base + path


def moment(ms: int) -> str:
    """Return a moment as people write it, UTC.

    Examples:
        >>> moment(1_700_000_000_000)
        '2023-11-14 22:13 UTC'
    """
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).strftime("%Y-%m-%d %H:%M UTC")
    except OverflowError:
        return "an unknown moment"


def _about_alarm(alarm: Mapping[str, Any]) -> Paragraph:
    group = f" ({alarm['group']})" if alarm["group"] else ""
    headline = _line(f"{_WHAT[alarm['what']].capitalize()}{group}: {alarm['sentence'] or 'no words were found for it'}")
    lines = [figures(alarm)]
    if alarm["what"] == "recovered":
        lines += [f"It was: {_line(alarm['first_sentence'])}"] if alarm["first_sentence"] else []
        lines.append(f"From {moment(alarm['opened_ms'])} to {moment(alarm['ended_ms'])}.")
    else:
        lines.append(f"Since {moment(alarm['opened_ms'])}.")
    return Paragraph(headline, tuple(filter(None, lines)), link_to(alarm["path"]))


def figures(alarm: Mapping[str, Any]) -> str:
    """Return an alarm's numbers: the value, its interval, how many rows, and what it was held against.

    Examples:
        >>> figures({"value": 0.31, "low": 0.25, "high": 0.38, "n": 1412, "limit": 0.1})
        '0.31, interval 0.25 to 0.38, n 1,412, limit 0.1'
    """
    said = []
    if alarm["value"] is not None:
        said.append(f"{alarm['value']:.4g}")
        if alarm["low"] is not None and alarm["high"] is not None:
            said.append(f"interval {alarm['low']:.4g} to {alarm['high']:.4g}")
        said.append(f"n {alarm['n']:,}")
        if alarm["limit"] is not None:
            said.append(f"limit {alarm['limit']:.4g}")
    return ", ".join(said)


def _counted(alarms: Sequence[Mapping[str, Any]], more: int) -> str:
    if len(alarms) == 1 and not more:
        group = f" ({alarms[0]['group']})" if alarms[0]["group"] else ""
        return _WHAT[alarms[0]["what"]] + group
    counts = ((word, sum(alarm["what"] == what for alarm in alarms)) for what, word in _WHAT.items())
    said = [f"{n} {word}" for word, n in counts if n]
    return ", ".join([*said, f"{more:,} more"] if more else said)


def _paused(body: Mapping[str, Any]) -> Message:
    rule = body["rule"]
    headline = _line(f"The rule {rule['name']} is not looked at any more: its looks could not be done.")
    link = link_to(f"/experiments/{body['experiment']['id']}/alarms")
    lines = (_line(body["reason"]), "Nothing alarms you by it until somebody enables it again.")
    return Message(
        _line(f"[{rule['severity']}] {rule['name']}: paused"),
        (Paragraph(headline, lines, link), Paragraph(_line(f"Experiment: {_experiment(body)}"))),
    )


def _trial(body: Mapping[str, Any]) -> Message:
    by = f", sent by {body['by']}" if body["by"] else ""
    headline = _line(f"This is a test of the channel{by}. Nothing is wrong.")
    link = link_to(f"/experiments/{body['experiment']['id']}/alarms")
    return Message(
        "Steelyard: a test message",
        (Paragraph(headline, link=link), Paragraph(_line(f"Experiment: {_experiment(body)}"))),
    )


def _experiment(body: Mapping[str, Any]) -> str:
    return body["experiment"]["name"] or body["experiment"]["id"]


def _line(text: str) -> str:
    """Return a text as one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MAX_LINE]
