"""E-mail, by the one server that the operator names: no page can point it elsewhere.

``STEELYARD_SMTP_URL=smtp://user:password@host:587?from=steelyard@example.com`` speaks STARTTLS and refuses to go on
without; ``smtps://`` speaks TLS from the first byte. A server on this machine may do without.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from steelyard.egress.redacting import redact
from steelyard.errors import InvalidArgument
from steelyard.monitor.telling_words import Message
from steelyard.records.alarm import Delivery

VARIABLE = "STEELYARD_SMTP_URL"
_TIMEOUT = 10.0
_PORTS = {"smtp": 587, "smtps": 465}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    scheme: str
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that nobody listens in between."""
        return self.host in _LOOPBACK


def read_mail_server() -> MailServer:
    """Return what ``STEELYARD_SMTP_URL`` names.

    Raises:
        InvalidArgument: it is not set, or cannot be read; the message shows none of it.
    """
    told = os.environ.get(VARIABLE, "").strip()
    if not told:
        raise InvalidArgument(f"No mail is sent: {VARIABLE} is not set where messages are sent from.")
    form = f"{VARIABLE} cannot be read. Write it as smtp://user:password@host:587?from=name@example.com."
    try:
        parts = urlsplit(told)
        port = parts.port
        (sender,) = parse_qs(parts.query, strict_parsing=True)["from"]
        checked = Address(addr_spec=sender)
    except (ValueError, KeyError, IndexError, HeaderParseError):
        raise InvalidArgument(form) from None  # the error would show it
    if parts.scheme not in _PORTS or not parts.hostname or not checked.domain or not sender.isascii():
        raise InvalidArgument(form)
    return MailServer(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        sender=sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def mail_of(delivery: Delivery, message: Message, sender: str, *, now_ms: int) -> EmailMessage:
    """Return a message as mail. Every attempt has the same Message-ID."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())[:_MAX_SUBJECT]
    mail["From"] = sender
    mail["To"] = tuple(Address(addr_spec=one) for one in _addresses(delivery))
    mail["Date"] = format_datetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms))
    mail["Message-ID"] = f"<{delivery.delivery_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")  # no server needs to take eight bits
    return mail


def send_email(delivery: Delivery, message: Message, *, now_ms: int) -> tuple[str, bool, str]:
    """Hand in a message; return what went wrong (empty: nothing), whether to try again, and what is to be noted."""
    server = read_mail_server()
    mail = mail_of(delivery, message, server.sender, now_ms=now_ms)
    try:
        refused = _hand_in(server, mail, _addresses(delivery))
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        return f"{server.host} took none of the addresses ({_codes(codes)}).", any(code < 500 for code in codes), ""
    except smtplib.SMTPAuthenticationError as error:
        return f"{server.host} refuses the user of {VARIABLE} ({error.smtp_code}).", True, ""
    except smtplib.SMTPResponseException as error:
        told = error.smtp_error
        words = told.decode("ascii", "replace") if isinstance(told, bytes) else told
        said = redact(words, server.password, server.user)[:200]
        return f"{server.host} refused the message ({error.smtp_code} {said}).", error.smtp_code < 500, ""
    except (smtplib.SMTPException, OSError) as error:
        return f"{server.host} could not be spoken to ({_reason(error)}).", True, ""
    note = ""
    if refused:
        shown = ", ".join(f"{address} ({code})" for address, (code, _) in sorted(refused.items()))
        note = f"{server.host} did not take these addresses: {shown}."
    return "", False, note


def _hand_in(server: MailServer, mail: EmailMessage, to: list[str]) -> dict[str, tuple[int, bytes]]:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        line = smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT, context=context)
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)
    with line:
        line.ehlo_or_helo_if_needed()
        if server.scheme == "smtp" and (not server.is_here or line.has_extn("starttls")):
            line.starttls(context=context)
        if server.user:
            line.login(server.user, server.password)
        return line.send_message(mail, from_addr=server.sender, to_addrs=to)


def _addresses(delivery: Delivery) -> list[str]:
    return [one.strip() for one in delivery.channel.target.split(",")]


def _codes(codes: set[int]) -> str:
    return ", ".join(map(str, sorted(codes)))


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it does not offer STARTTLS, or no way to log in"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
