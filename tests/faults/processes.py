"""Evaluations in processes of their own, which tests signal as they like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self


class Zygote:
    """Starts evaluations in forks of a process that has loaded everything."""

    def __init__(self, script: str = "evaluating.py") -> None:
        path = Path(__file__).with_name(script)
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen([sys.executable, str(path)], text=True, **pipes)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        assert self._out.readline() == "ready\n"

    def start(self, store: Path, how: str, **order: Any) -> Evaluation:
        store.mkdir(exist_ok=True)
        self._in.write(json.dumps({"store": str(store), "how": how, **order}) + "\n")
        self._in.flush()
        return Evaluation(store, int(self._out.readline()), self._out)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        self._out.close()
        self._process.wait(20)


class Evaluation:
    """One that runs."""

    def __init__(self, store: Path, pid: int, out: Any) -> None:
        self.store, self.pid, self._out = store, pid, out

    def wait_for_calls(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.calls()) < count:
            assert time.monotonic() < deadline, (self.store / "err").read_text()
            threading.Event().wait(0.003)

    def calls(self) -> list[int]:
        path = self.store / "calls"
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []

    def signal(self, number: int, *, patience: float = 30.0) -> tuple[int, float]:
        """Send a signal; return the exit status, and after how many seconds it came."""
        sent = time.monotonic()
        os.kill(self.pid, number)
        return self.ended(patience), time.monotonic() - sent

    def ended(self, patience: float = 60.0) -> int:
        """Wait for the end, and return the exit status."""
        watch = threading.Timer(patience, os.kill, (self.pid, 9))
        watch.start()
        try:
            return int(self._out.readline())
        finally:
            watch.cancel()

    @property
    def err(self) -> str:
        return (self.store / "err").read_text()

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.store / "out").read_text())
