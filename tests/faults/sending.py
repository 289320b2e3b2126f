"""A process that loads everything once and then, for each line it reads, forks a child that makes traces.

Each line is JSON: ``{"store": folder, "how": …, "traces": 40, "url": …}``. The child notes the id of each trace in
``STORE/calls`` after the traced call has returned, and ends in the way of ``WAYS``. As long as there is a file
``STORE/away`` its store is away, and with ``STORE/silent`` it does not answer. Answers with the child's process id, and
with its status once it has ended; what the child prints goes to files in its store.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import steelyard
from steelyard.errors import StoreUnavailable
from steelyard.tracking import trace_writing

STORE = Path()
open_store = trace_writing.get_store


class Door:
    """A store that may be away."""

    def __init__(self, address: str) -> None:
        self._address = address

    @property
    def traces(self) -> Any:
        while (STORE / "silent").exists():
            time.sleep(0.01)
        if (STORE / "away").exists():
            raise StoreUnavailable("nobody is there")
        return open_store(self._address).traces


@steelyard.trace
def work(n: int, text: str = "word " * 100) -> dict[str, Any]:
    return {"n": n, "infinite": float("inf")}


def noted(n: int) -> None:
    """Make a trace, and note it when it is done."""
    work(n)
    line = f"{steelyard.get_last_active_trace_id(thread_local=True)}\n"
    handle = os.open(STORE / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, line.encode())
    os.close(handle)


def some(traces: int) -> None:
    for n in range(traces):
        noted(n)


def for_ever(traces: int) -> None:
    n = 0
    while True:
        noted(n)
        n += 1


def leaves(traces: int) -> None:
    some(traces)
    sys.exit(3)


def raises(traces: int) -> None:
    some(traces)
    raise RuntimeError("the end")


def in_threads(traces: int) -> None:
    threads = [threading.Thread(target=for_ever, args=(0,), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    threads[0].join()


def graceful(traces: int) -> None:
    """Serve as servers do: finish what is open after the signal, put back what was there, end by the same signal."""
    asked = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    trace_writing.trace_exits.guard(trace_writing.writer)  # as when the application is loaded by the server
    while not asked.is_set():
        noted(0)
    some(5)
    signal.signal(signal.SIGTERM, signal.SIG_DFL if traces else before)
    signal.raise_signal(signal.SIGTERM)


def bare_fork(traces: int) -> None:
    some(traces)
    pid = os.fork()
    if pid == 0:
        some(traces)
        sys.exit(0)
    os.waitpid(pid, 0)


def children(kind: str, *, terminated: bool = False) -> Any:
    def way(traces: int) -> None:
        some(traces)
        context = multiprocessing.get_context(kind)
        target = for_ever if terminated else some
        found = [context.Process(target=in_child, args=(target, str(STORE), traces)) for _ in range(2)]
        for child in found:
            child.start()
        while terminated and len((STORE / "calls").read_text().split()) < 3 * traces:
            time.sleep(0.01)
        for child in found:
            if terminated:
                child.terminate()
            child.join()

    return way


def in_child(target: Any, store: str, traces: int) -> None:
    global STORE
    STORE = Path(store)
    trace_writing.get_store = Door  # type: ignore[assignment]
    steelyard.set_tracking_uri(STORE)
    target(traces)


WAYS: dict[str, Any] = {
    "the end": some,
    "sys.exit": leaves,
    "an exception": raises,
    "for ever": for_ever,
    "in threads": in_threads,
    "as a server": graceful,
    "a fork": bare_fork,
    "forked children": children("fork"),
    "spawned children": children("spawn"),
    "children of a fork server": children("forkserver"),
    "terminated forks": children("fork", terminated=True),
    "terminated spawns": children("spawn", terminated=True),
}

LOADED = ("sqlalchemy.dialects.sqlite", "steelyard.store.sql.traces", "multiprocessing.forkserver")


def sent(order: dict[str, Any]) -> None:
    global STORE
    STORE = Path(order["store"])
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(STORE / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.environ.update({"STEELYARD_SPOOL": str(STORE / "spool"), **order.get("settings", {})})
    if "url" not in order:
        trace_writing.get_store = Door  # type: ignore[assignment]
    steelyard.set_tracking_uri(order.get("url", STORE))
    WAYS[order["how"]](order.get("traces", 40))


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sent(json.loads(line))
            sys.exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
