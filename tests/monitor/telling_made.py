"""Stores with alarms to tell, and a mail server that keeps what it is handed."""

from __future__ import annotations

import socketserver
import ssl
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from steelyard.records import Alarm, Channel, Condition, Finding, RuleDraft, Series, Store

NOW = time.time_ns() // 1_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
CANARY = "canary-41c7-secret"
BAD = Finding(kind="bad", sentence="31% of traces fail.", value=0.31, low=0.25, high=0.38, n=1412, limit=0.1)


def alarmed(store: Store, *channels: Channel, secret: str = "", now_ms: int = NOW, **changes: Any) -> tuple[Alarm, ...]:
    """Open alarms of a rule that tells these channels."""
    for channel in channels:
        store.alarms.put_channel("0", channel, secret=secret if channel.kind != "email" else None)
    groups = changes.pop("groups", ("",))
    draft = RuleDraft(
        name=changes.pop("name", "errors"),
        series=Series(kind="traces", what="error_rate"),
        condition=Condition(value=0.1, direction="above"),
        channels=tuple(channel.name for channel in channels),
    )
    rule = store.alarms.create_rule("0", replace(draft, **changes))
    (claimed,) = (one for one in store.alarms.claim_rules("w", now_ms=now_ms) if one.rule_id == rule.rule_id)
    found = [replace(BAD, group=group) for group in groups]
    return store.alarms.found(claimed, found, memory=b"", looked_until_ms=now_ms, now_ms=now_ms)


def webhook(url: str, name: str = "ops") -> Channel:
    return Channel(name=name, kind="webhook", target=url)


@dataclass
class MailServer:
    """SMTP on loopback: keeps what it takes, and refuses what it is told to."""

    refuse: dict[str, str] = field(default_factory=dict)
    """By the beginning of a command (or of the address in RCPT), the answer."""
    offers: tuple[str, ...] = ()
    certificate: Path | None = None
    """If given, STARTTLS is offered; what was said before and after it is told apart by a line that says ``TLS``."""
    mails: list[tuple[str, list[str], str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __enter__(self) -> MailServer:
        mail_server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if mail_server._talk(self.rfile, self.wfile) == "STARTTLS":
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(str(mail_server.certificate))
                    with context.wrap_socket(self.request, server_side=True) as line:
                        mail_server.said.append("TLS")
                        mail_server._talk(line.makefile("rb"), line.makefile("wb", buffering=0), greet=False)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._server.server_address[1]}?from=steelyard@example.com"

    def _talk(self, heard: Any, says: Any, *, greet: bool = True) -> str:
        if greet:
            says.write(b"220 here\r\n")
        sender, to = "", []
        for raw in heard:
            verb, space, rest = raw.decode().strip().partition(" ")
            line = f"{verb.upper()}{space}{rest}"
            self.said.append(line)
            refusal = next((said for start, said in self.refuse.items() if start in line), None)
            if refusal is not None:
                says.write(refusal.encode() + b"\r\n")
            elif line.startswith("EHLO"):
                offered = ["here", *self.offers, *(["STARTTLS"] if self.certificate and greet else [])]
                says.writelines(f"250{'-' if one != offered[-1] else ' '}{one}\r\n".encode() for one in offered)
            elif line.startswith("MAIL"):
                sender, to = line, []
                says.write(b"250 ok\r\n")
            elif line.startswith("RCPT"):
                to.append(line.partition("<")[2].partition(">")[0])
                says.write(b"250 ok\r\n")
            elif line == "DATA":
                says.write(b"354 go\r\n")
                lines = iter(heard.readline, b".\r\n")
                self.mails.append((sender, to, b"".join(lines).decode()))
                says.write(b"250 taken\r\n")
            elif line == "STARTTLS" and self.certificate:
                says.write(b"220 go\r\n")
                return "STARTTLS"
            elif line == "QUIT":
                says.write(b"221 bye\r\n")
                return ""
            else:
                says.write(b"235 ok\r\n" if line.startswith("AUTH") else b"250 ok\r\n")
        return ""
