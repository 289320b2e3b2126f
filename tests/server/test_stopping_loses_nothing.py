from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from steelyard.store import open_store


def _body(trace: int) -> bytes:
    spans = [
        {
            "traceId": f"{trace:032x}",
            "spanId": f"{n:016x}",
            "name": "s",
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
        }
        for n in range(1, 21)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "steelyard.cli", "ui", "--port", str(port), "--store", str(tmp_path)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    assert process.stderr is not None
    told = process.stderr.readline() + process.stderr.readline()
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{port}" in told
    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.01)
    yield process, port
    process.kill()
    process.communicate()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["sigterm", "sigkill"])
def test_whatever_ends_it_under_load_what_was_acknowledged_is_there_once(
    server: tuple[subprocess.Popen[str], int], tmp_path: Path, end: signal.Signals
):
    process, port = server
    acknowledged: list[int] = []
    unanswered: list[int] = []
    refused: list[str | None] = []
    under_way = threading.Semaphore(0)

    def send(first: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as link:
            for trace in range(first, first + 10_000):
                try:
                    link.request("POST", "/v1/traces", _body(trace), {"content-type": "application/json"})
                    answer = link.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    unanswered.append(trace)
                    return
                if answer.status != 200:
                    refused.append(answer.headers["retry-after"])
                    return
                acknowledged.append(trace)
                under_way.release()

    senders = [threading.Thread(target=send, args=(1 + n * 10_000,)) for n in range(4)]
    for sender in senders:
        sender.start()
    for _ in range(40):
        under_way.acquire()
    process.send_signal(end)
    assert process.wait(60) in (0, -end)
    for sender in senders:
        sender.join(60)
    assert None not in refused
    store = open_store(tmp_path)
    kept = store.traces.infos([f"tr-{trace:032x}" for trace in (*acknowledged, *unanswered)])
    store.close()
    assert {f"tr-{trace:032x}" for trace in acknowledged} <= set(kept)
    assert {info.n_spans for info in kept.values()} == {20}
