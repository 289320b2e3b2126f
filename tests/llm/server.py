"""A language model's server that does as it is told: good answers by default, and every fault on demand.

It speaks OpenAI's chat API (``/v1/chat/completions`` whole and streamed, ``/v1/models``) and Anthropic's messages
(``/v1/messages``), on loopback, in a thread of the test's own process, with the standard library alone. Answers of
``/v1/embeddings`` and ``/v1/responses`` the script writes itself, as ``raw``.

    with LlmServer() as server:                        # good answers: JSON that fits the schema that was asked for
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)     # http://127.0.0.1:PORT/v1; Anthropic's is server.root
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        ...
        assert server.calls == 3                       # requests that came; server.requests has each with its JSON

What it answers:

    LlmServer(rule=lambda prompt, schema: {"result": "yes"})   # the verdict, by the prompt; the rest is filled in
    LlmServer(latency=0.2)                    # seconds before every answer, or a function of the request's index
    LlmServer(script=lambda index, request: FAULTS["status 500"] if index < 2 else Reply())
    LlmServer(script=seeded(7, share=0.3))    # 30% faults, by what is asked and how often: the order does not matter
    LlmServer(script=in_turn(Reply.rate_limited(1), Reply(value={"score": 3})))   # then good ones

``Reply()`` is a good answer; its fields change one thing each. ``FAULTS`` has a reply by name for every fault that is
known to have hurt somebody; ``TRANSIENT`` has those that a second try may pass, ``WRONG`` those whose content must
never become a score. As a program of its own, ``PYTHONPATH=tests python -m llm.server --latency 0.2 --faults 0.3``
prints its URL; a script finds it as ``llm.server`` once ``tests`` is on its path.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

from .faults import (
    FAULTS,
    FINAL,
    GARBLED,
    HANGING,
    ODD,
    REFUSING,
    STREAMED,
    TRANSIENT,
    WRONG,
    Script,
    always,
    closed_url,
    in_turn,
    seeded,
    storm,
)
from .replies import (
    Reply,
    Rule,
    anthropic_response,
    chat_response,
    prompt_of,
    schema_of,
    streamed_anthropic,
    streamed_response,
)

__all__ = [
    "FAULTS",
    "FINAL",
    "GARBLED",
    "HANGING",
    "ODD",
    "REFUSING",
    "STREAMED",
    "TRANSIENT",
    "WRONG",
    "LlmServer",
    "Reply",
    "Request",
    "always",
    "closed_url",
    "in_turn",
    "prompt_of",
    "schema_of",
    "seeded",
    "storm",
]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    index: int
    path: str
    json: dict[str, Any]
    headers: dict[str, str]
    at: float

    @property
    def prompt(self) -> str:
        return prompt_of(self.json)


class LlmServer:
    """The server; see above. ``with`` starts and stops it.

    Attributes:
        calls: requests that came so far.
        requests: each with its JSON and headers.
        in_flight, peak: how many are being answered, and were at most.
        sent: bytes of bodies that were written.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        rule: Rule | None = None,
        latency: float | Callable[[int], float] = 0.0,
        port: int = 0,
        keep: bool = True,
    ) -> None:
        self.script = script or (lambda index, request: Reply())
        self.rule = rule
        self.latency = latency
        self.requests: list[Request] = []
        self.calls = self.in_flight = self.peak = self.sent = 0
        self._keep = keep
        self._ready = threading.Event()
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[_Connection] = set()

    @property
    def port(self) -> int:
        return self._port

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", self._port), backlog=4096)
        self._port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="llm-server", daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), sock=self._listening)
        )
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        for connection in list(self._connections):
            connection.transport.abort()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def take(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[Reply, float]:
        """Count a request and say how it is answered, and after how many seconds."""
        index = self.calls
        self.calls += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        if self._keep:
            self.requests.append(Request(index, path, body, headers, time.monotonic()))
        reply = self.script(index, body)
        latency = self.latency(index) if callable(self.latency) else self.latency
        return reply, latency + reply.delay

    def spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Connection(asyncio.Protocol):
    """One connection: requests one after another, parsed by hand since that is several times as fast."""

    transport: asyncio.Transport

    def __init__(self, server: LlmServer) -> None:
        self._server = server
        self._came = b""
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._server._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._connections.discard(self)
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._came += data
        end = self._came.find(b"\r\n\r\n")
        if end < 0:
            return
        lines = self._came[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(self._came) < end + 4 + length:
            return
        body = self._came[end + 4 : end + 4 + length]
        self._came = self._came[end + 4 + length :]
        method, target, _ = lines[0].split(" ", 2)
        self._serve(method, target.split("?")[0], headers, body)

    def _serve(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        if method == "GET" and path.endswith("/models"):
            models = [{"id": name, "object": "model", "owned_by": "test"} for name in ("gpt-4o-mini", "gpt-4.1-mini")]
            self._write(200, json.dumps({"object": "list", "data": models}).encode())
            return
        if method != "POST" or not path.endswith(("/chat/completions", "/messages", "/embeddings", "/responses")):
            self._write(404, b'{"error":{"message":"no such endpoint"}}')
            return
        request = json.loads(body)
        reply, delay = self._server.take(path, request, headers)
        index = self._server.calls - 1
        if delay:
            self._server._loop.call_later(delay, self._answer, reply, request, path, index)
        else:
            self._answer(reply, request, path, index)

    def _answer(self, reply: Reply, request: dict[str, Any], path: str, index: int) -> None:
        self._server.in_flight -= 1
        if self.transport.is_closing():
            return
        if reply.how == "silent":
            return
        headers = list(reply.headers)
        rule = self._server.rule
        kind = "application/json"
        if reply.raw is not None:
            body, kind = reply.raw, "text/html" if reply.raw[:1] == b"<" else kind
        elif request.get("stream"):
            stream = streamed_anthropic if path.endswith("/messages") else streamed_response
            body, kind = stream(reply, request, index, rule), "text/event-stream"
        elif path.endswith("/messages"):
            body = json.dumps(anthropic_response(reply, request, index, rule)).encode()
        else:
            body = json.dumps(chat_response(reply, request, index, rule)).encode()
        if not any(name == "content-type" for name, _ in headers):
            headers.append(("content-type", kind))
        if reply.how in ("whole", "no done"):
            self._write(reply.status, body, headers)
        elif reply.how == "endless":
            self._server.spawn(self._endless())
        else:
            self._broken(reply, body, headers)

    def _write(self, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        self._server.sent += len(body)
        self.transport.write(_head(status, headers, len(body)) + body)

    def _broken(self, reply: Reply, body: bytes, headers: list[tuple[str, str]]) -> None:
        head, half = _head(reply.status, headers, len(body)), body[: len(body) // 2]
        if reply.how == "stalled":
            self.transport.write(head)
        elif reply.how == "slow":
            self._server.spawn(self._slowly(head, body))
        elif reply.how == "reset":
            self.transport.write(head + half)
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif reply.how == "cut":  # a whole HTTP response whose content stops in the middle
            self._write(reply.status, half, headers)

    async def _slowly(self, head: bytes, body: bytes) -> None:
        self.transport.write(head)
        for byte in body:
            if self.transport.is_closing():
                return
            self.transport.write(bytes([byte]))
            await asyncio.sleep(1.0)

    async def _endless(self) -> None:
        chunk, count = b" " * 2**20, 100
        self.transport.write(_head(200, [("content-type", "application/json")], len(chunk) * count))
        for _ in range(count):
            await self._writable.wait()
            if self.transport.is_closing():
                return
            self.transport.write(chunk)
            self._server.sent += len(chunk)


def _head(status: int, headers: Iterable[tuple[str, str]], length: int) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} x\r\n{lines}content-length: {length}\r\n\r\n".encode("latin-1")


def main() -> None:
    options = argparse.ArgumentParser(description="Serve a language model that does as it is told.")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--latency", type=float, default=0.0)
    options.add_argument("--faults", type=float, default=0.0, help="share of requests that meet a fault")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    script = seeded(given.seed, share=given.faults) if given.faults else None
    with LlmServer(script, latency=given.latency, port=given.port, keep=False) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
