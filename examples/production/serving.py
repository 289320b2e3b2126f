"""A server of Steelyard's in a process of its own, as `steelyard ui` is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 120  # a busy machine is slow to start it


@contextmanager
def server(store: Path, *, port: int = 0) -> Iterator[str]:
    """Serve a store until the block ends; yield the server's address.

    It has no workers of its own: those of this example go by the clock of the traffic that is played back, and the
    server's would go by the machine's.
    """
    port = port or _free_port()
    command = [sys.executable, "-m", "steelyard.cli", "ui", "--store", str(store), "--port", str(port), "--no-workers"]
    environment = {name: value for name, value in os.environ.items() if name != "STEELYARD_TRACKING_URI"}
    store.mkdir(parents=True, exist_ok=True)
    log = store.with_name("server.log")
    with log.open("w") as said, subprocess.Popen(command, stderr=said, env=environment) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield url
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url + "/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    lines = log.read_text().splitlines()
    raise SystemExit("\n".join([f"The server on {url} did not start. It said:", *lines[-5:]]))
