"""Traces sent over OTLP/HTTP: how many spans a server acknowledges each second, how long it takes, and what it kept.

``python benchmarks/ingest.py`` starts ``steelyard ui`` on a store of its own, and sends three loads:

- batches: 250 spans of about 0.7 KB in a request, as exporters send them, the next when the last is acknowledged;
- singles: one trace in a request, 500 requests a second, each timed from the moment at which it was due;
- overload: batches on many connections, never waiting after a refusal.

The same bytes go to any other server with ``--url`` (``--header name=value`` for what it wants to be told, ``--pid`` to
watch its memory, ``--database`` and ``--table`` to count what it kept). Bodies are made before the clock starts; only
the trace ids are new in each, so that the sender costs little. What was acknowledged and what was kept must be equal.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SPANS_OF_A_TRACE = 10
SPANS_OF_A_SINGLE = 5
WORDS = (Path(__file__).read_text() + Path(__file__).with_name("README.md").read_text()).split()


# --- bodies ---------------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    done = bytearray()
    while value > 127:
        done.append(value & 127 | 128)
        value >>= 7
    done.append(value)
    return bytes(done)


def block(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(key: str, value: str | int) -> bytes:
    held = block(1, value.encode()) if isinstance(value, str) else b"\x18" + varint(value)
    return block(1, key.encode()) + block(2, held)


def span(trace: bytes, number: int, parent: int, attributes: Sequence[bytes], name: str, start: int) -> bytes:
    """Return a span; ids of spans count from 1 in each trace."""
    fields = [block(1, trace), block(2, struct.pack(">Q", number))]
    if parent:
        fields.append(block(4, struct.pack(">Q", parent)))
    fields += [block(5, name.encode()), b"\x30\x01", b"\x39" + struct.pack("<Q", start)]
    fields.append(b"\x41" + struct.pack("<Q", start + 40_000_000 + number * 1_000_000))
    fields += [block(9, one) for one in attributes]
    fields.append(block(15, b"\x18\x01"))
    return b"".join(fields)


def words(draw: random.Random, length: int) -> str:
    text = " ".join(draw.choices(WORDS, k=length // 5))
    return text[:length]


def of_a_trace(draw: random.Random, trace: bytes, n: int, start: int) -> list[bytes]:
    """Return the spans of a small application: it retrieves, asks a model, uses a tool, and so on."""
    session = f"session-{draw.randrange(1000)}"
    made = []
    for number in range(1, n + 1):
        kind = "CHAIN" if number == 1 else ("RETRIEVER", "LLM", "TOOL")[number % 3]
        attributes = [
            attribute("openinference.span.kind", kind),
            attribute("input.value", words(draw, 240)),
            attribute("output.value", words(draw, 240)),
            attribute("session.id", session),
        ]
        if kind == "LLM":
            attributes += [
                attribute("llm.model_name", draw.choice(("gpt-5.2-mini", "claude-sonnet-4-5"))),
                attribute("llm.token_count.prompt", draw.randrange(2000)),
                attribute("llm.token_count.completion", draw.randrange(500)),
            ]
        made.append(span(trace, number, number > 1, attributes, f"{kind.lower()} step", start))
    return made


@dataclass
class Template:
    """A body, and where in it each trace's id stands."""

    body: bytearray
    places: list[list[int]]
    n_spans: int

    def fresh(self, counter: list[int]) -> bytes:
        """Return the body with trace ids that were never sent."""
        for places in self.places:
            counter[0] += 1
            new = struct.pack(">QQ", counter[1], counter[0])
            for at in places:
                self.body[at : at + 16] = new
        return bytes(self.body)


def make_template(draw: random.Random, *, n_spans: int, per_trace: int) -> Template:
    start = time.time_ns()
    marks = [draw.randbytes(16) for _ in range(-(-n_spans // per_trace))]
    spans: list[bytes] = []
    for mark in marks:
        spans += of_a_trace(draw, mark, min(per_trace, n_spans - len(spans)), start)
        start += 1_000_000
    scope = block(1, block(1, b"benchmark")) + b"".join(block(2, one) for one in spans)
    body = bytearray(block(1, block(1, block(1, attribute("service.name", "shop"))) + block(2, scope)))
    return Template(body, [_all_places(body, mark) for mark in marks], n_spans)


def _all_places(body: bytearray, mark: bytes) -> list[int]:
    places, at = [], body.find(mark)
    while at >= 0:
        places.append(at)
        at = body.find(mark, at + 16)
    return places


# --- sending --------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What a load came to."""

    statuses: Counter[int] = field(default_factory=Counter)
    spans: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    without_retry_after: int = 0

    def quantile(self, q: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(q * len(ordered)), len(ordered) - 1)] * 1000 if ordered else float("nan")


class Connection:
    """A kept-alive connection that sends one request at a time."""

    def __init__(self, url: str, headers: Sequence[str]) -> None:
        place = urllib.parse.urlsplit(url)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        lines = [f"POST {place.path} HTTP/1.1", f"Host: {place.netloc}", "Content-Type: application/x-protobuf"]
        lines += [header.replace("=", ": ", 1) for header in headers]
        self._head = "\r\n".join(lines) + "\r\nContent-Length: "
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, body: bytes) -> tuple[int, bool]:
        """Return the status (0 if the connection broke), and whether a Retry-After came with it."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            self._streams = None
            return 0, False
        if b"connection: close" in head:
            writer.close()
            self._streams = None
        return int(head[9:12]), b"\r\nretry-after:" in head


async def send_closed(target: Target, templates: list[Template], *, connections: int, seconds: float) -> Tally:
    """Send the next when the last is answered, on each connection."""
    tally, ends = Tally(), time.perf_counter() + seconds

    async def one(number: int) -> None:
        link, draw = target.connect(), random.Random(number)
        while time.perf_counter() < ends:
            await _send_one(link, draw.choice(templates), target.counter, tally, time.perf_counter())

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(connections)))
    tally.seconds = time.perf_counter() - began
    return tally


async def send_paced(
    target: Target, templates: list[Template], *, rate: float, connections: int, seconds: float
) -> Tally:
    """Send at a rate, whatever the answers do; the clock of each starts when it is due."""
    tally, due, began = Tally(), iter(range(int(rate * seconds))), time.perf_counter()

    async def one(number: int) -> None:
        link, draw = target.connect(), random.Random(number)
        for turn in due:
            moment = began + turn / rate
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            await _send_one(link, draw.choice(templates), target.counter, tally, moment)

    await asyncio.gather(*(one(number) for number in range(connections)))
    tally.seconds = time.perf_counter() - began
    return tally


async def _send_one(link: Connection, template: Template, counter: list[int], tally: Tally, due: float) -> None:
    body = template.fresh(counter)
    status, told_when = await link.send(body)
    tally.statuses[status] += 1
    if status == 200:
        tally.latencies.append(time.perf_counter() - due)
        tally.spans += template.n_spans
        tally.sent_bytes += len(body)
    elif status == 503 and not told_when:
        tally.without_retry_after += 1
    elif status == 0:
        await asyncio.sleep(0.05)


# --- the server -----------------------------------------------------------------------------------------------------


@dataclass
class Target:
    """Where to send, and how to look at it."""

    url: str
    headers: Sequence[str]
    pid: int | None
    count: Callable[[], int] | None
    counter: list[int] = field(default_factory=lambda: [0, random.SystemRandom().getrandbits(62)])

    def connect(self) -> Connection:
        return Connection(self.url, self.headers)


class Memory:
    """Samples a process's resident memory (with its children's) and CPU every half second."""

    def __init__(self, pid: int | None) -> None:
        self.samples: list[float] = []
        self._process = psutil.Process(pid) if pid else None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Memory:
        self._cpu = self._cpu_seconds()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.cpu = self._cpu_seconds() - self._cpu

    def _all(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)] if self._process else []

    def _cpu_seconds(self) -> float:
        return sum(sum(one.cpu_times()[:2]) for one in self._all())

    def _run(self) -> None:
        while not self._end.wait(0.5):
            self.samples.append(sum(one.memory_info().rss for one in self._all()) / 1e6)

    def told(self) -> str:
        if not self.samples:
            return "-"
        shown = self.samples[:: max(1, len(self.samples) // 6)]
        return f"peak {max(self.samples):.0f} MB (over time {' '.join(f'{one:.0f}' for one in shown)})"


def start_steelyard(folder: Path, *, options: Sequence[str] = ()) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        Path(sys.executable).with_name("steelyard"),
        "ui",
        "--port",
        str(port),
        "--store",
        f"sqlite:///{folder}/steelyard.db",
    ]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, *options], stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server, url
    raise SystemExit(f"The server did not start: {(folder / 'server.log').read_text()}")


def rows_of(database: str, table: str) -> Callable[[], int]:
    def count() -> int:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    return count


# --- the loads ------------------------------------------------------------------------------------------------------


def run_load(name: str, target: Target, options: argparse.Namespace) -> bool:
    draw = random.Random(7)
    batches = [make_template(draw, n_spans=options.batch, per_trace=SPANS_OF_A_TRACE) for _ in range(8)]
    singles = [make_template(draw, n_spans=SPANS_OF_A_SINGLE, per_trace=SPANS_OF_A_SINGLE) for _ in range(32)]
    before = target.count() if target.count else 0
    with Memory(target.pid) as memory:
        if name == "batches":
            work = send_closed(target, batches, connections=options.connections, seconds=options.seconds)
        elif name == "singles":
            work = send_paced(target, singles, rate=options.rate, connections=64, seconds=options.seconds)
        else:
            work = send_closed(target, batches, connections=options.overload, seconds=options.seconds)
        tally = asyncio.run(work)
    kept = target.count() - before if target.count else None
    size = tally.sent_bytes / tally.spans if tally.spans else 0
    print(
        f"{name}: {tally.spans / tally.seconds:,.0f} spans/s, {tally.statuses[200] / tally.seconds:,.0f} requests/s "
        f"acknowledged over {tally.seconds:.0f} s ({size:.0f} bytes a span); "
        f"p50 {tally.quantile(0.5):.0f} ms, p99 {tally.quantile(0.99):.0f} ms"
    )
    print(
        f"  answers {dict(sorted(tally.statuses.items()))}, of them 503 without Retry-After {tally.without_retry_after}"
    )
    cores = memory.cpu / tally.seconds if memory.samples else float("nan")
    print(f"  server {memory.told()}, {cores:.2f} cores")
    if kept is not None:
        print(
            f"  acknowledged {tally.spans:,}, kept {kept:,}: {'equal' if kept == tally.spans else 'NOT EQUAL'}",
            flush=True,
        )
    return kept in (None, tally.spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loads", nargs="*", help="batches, singles, overload; all unless told")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--batch", type=int, default=250, help="spans of a batch")
    parser.add_argument("--connections", type=int, default=4, help="of the batches")
    parser.add_argument("--overload", type=int, default=100, help="connections of the overload")
    parser.add_argument("--rate", type=float, default=500, help="singles a second")
    parser.add_argument("--url", help="of another server's traces, such as http://127.0.0.1:6006/v1/traces")
    parser.add_argument("--header", action="append", default=[], help="name=value, for the other server")
    parser.add_argument("--pid", type=int, help="of the other server")
    parser.add_argument("--database", help="SQLite file of the other server")
    parser.add_argument("--table", default="spans", help="its table of spans")
    parser.add_argument("--keep", type=Path, help="folder for the store, which is kept then")
    options = parser.parse_args()
    loads = options.loads or ["batches", "singles", "overload"]
    if options.url:
        count = rows_of(options.database, options.table) if options.database else None
        equal = [run_load(name, Target(options.url, options.header, options.pid, count), options) for name in loads]
        sys.exit(not all(equal))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        server, url = start_steelyard(folder)
        count = rows_of(f"{folder}/steelyard.db", "spans")
        target = Target(f"{url}/v1/traces", ["x-steelyard-experiment=benchmark", *options.header], server.pid, count)
        try:
            equal = [run_load(name, target, options) for name in loads]
        finally:
            os.kill(server.pid, signal.SIGTERM)
            server.wait(60)
            print((folder / "server.log").read_text()[-1500:], file=sys.stderr)
    sys.exit(not all(equal))


if __name__ == "__main__":
    main()
