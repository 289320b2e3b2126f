"""A server under load that is killed at random keeps everything it has acknowledged, once."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

SENDERS = 3
_numbers = itertools.count(1)


class Servers:
    """One server after another on one store and one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("serving.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        assert self._out.readline() == "ready\n"

    def start(self) -> int:
        order = {"store": str(self.store), "port": self.port, "err": str(self.folder / "err")}
        self._in.write(json.dumps(order) + "\n")
        self._in.flush()
        pid = int(self._out.readline())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    connection.close()
                    return pid
            except OSError:
                threading.Event().wait(0.01)
        raise AssertionError((self.folder / "err").read_text())

    def end(self, pid: int, number: int) -> int:
        os.kill(pid, number)
        watch = threading.Timer(30, os.kill, (pid, signal.SIGKILL))
        watch.start()
        try:
            said, of, code = self._out.readline().split()
            assert (said, int(of)) == ("ended", pid)
            return int(code)
        finally:
            watch.cancel()

    def close(self) -> None:
        self._in.close()
        self._process.wait(30)
        self._out.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    running = Servers(tmp_path)
    yield running
    running.close()


class Sender(threading.Thread):
    """Sends traces without pause until its server is gone; its journal says which spans were acknowledged."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.acknowledged: dict[str, int] = {}
        self.unsure: dict[str, int] = {}
        self.stop = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stop.is_set():
            made = dict(one_trace(next(_numbers)) for _ in range(3))
            spans = [span for of_trace in made.values() for span in of_trace]
            body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
            counts = {trace_id: len(of_trace) for trace_id, of_trace in made.items()}
            try:
                connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self.unsure |= counts
                break
            if answer.status == 200:
                assert json.loads(said) in ({}, {"partialSuccess": {}}), said
                self.acknowledged |= counts
            else:
                assert answer.status == 503, (answer.status, said)
                assert int(answer.headers["Retry-After"]) >= 1
                connection.close()
        connection.close()


def one_trace(number: int) -> tuple[str, list[dict[str, object]]]:
    trace_id, size = f"{number:032x}", 1 + number % 7
    return trace_id, [
        {
            "traceId": trace_id,
            "spanId": f"{at + 1:016x}",
            "parentSpanId": f"{1:016x}" if at else "",
            "name": f"step {at}",
            "startTimeUnixNano": str(1_790_000_000_000_000_000 + number),
            "endTimeUnixNano": str(1_790_000_000_100_000_000 + number),
            "attributes": [{"key": "input.value", "value": {"stringValue": f"question {number} " * 20}}],
        }
        for at in range(size)
    ]


def kept_in(store: Path) -> dict[str, tuple[int, int]]:
    """Spans by trace: how many the trace says it has, and how many there are."""
    engine = sqlalchemy.create_engine(f"sqlite:///{store}/steelyard.db")
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("PRAGMA integrity_check")).scalar() == "ok"
        rows = connection.execute(
            sqlalchemy.text(
                "SELECT t.trace_id, t.n_spans, count(s.span_id) FROM traces t LEFT JOIN spans s ON s.trace = t.id"
                " GROUP BY t.id"
            )
        )
        found = {trace_id.removeprefix("tr-"): (told, there) for trace_id, told, there in rows}
    engine.dispose()
    return found


def rounds(servers: Servers, number: int, *, trials: int, seed: int) -> tuple[int, list[int]]:
    """Kill a server under load again and again; return how many spans were acknowledged, and the exit codes."""
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    unsure: dict[str, int] = {}
    codes = []
    for _ in range(trials):
        pid = servers.start()
        senders = [Sender(servers.port) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        threading.Event().wait(chance.uniform(0.02, 0.5))
        codes.append(servers.end(pid, number))
        for sender in senders:
            sender.stop.set()
            sender.join()
            acknowledged |= sender.acknowledged
            unsure |= sender.unsure
    found = kept_in(servers.store)
    missing = {trace_id: n for trace_id, n in acknowledged.items() if found.get(trace_id) != (n, n)}
    assert missing == {}
    assert all(found[trace_id] in ((n, n), (0, 0)) for trace_id, n in unsure.items() if trace_id in found)
    assert found.keys() <= acknowledged.keys() | unsure.keys()
    return sum(acknowledged.values()), codes


def test_a_few_kills_lose_nothing(servers: Servers) -> None:
    acknowledged, _ = rounds(servers, signal.SIGKILL, trials=3, seed=1)
    assert acknowledged > 0


def test_asked_to_end_it_answers_what_it_took_and_ends(servers: Servers) -> None:
    acknowledged, codes = rounds(servers, signal.SIGTERM, trials=2, seed=2)
    assert acknowledged > 0
    assert set(codes) <= {0, -signal.SIGTERM}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_kills_lose_nothing(servers: Servers, seed: int) -> None:
    acknowledged, _ = rounds(servers, signal.SIGKILL, trials=50, seed=seed)
    assert acknowledged > 1_000


@pytest.mark.slow
def test_fifty_ends_in_order_lose_nothing(servers: Servers) -> None:
    acknowledged, codes = rounds(servers, signal.SIGTERM, trials=50, seed=5)
    assert acknowledged > 1_000
    assert set(codes) <= {0, -signal.SIGTERM}
