"""A process that loads everything once and then, for each line it reads, forks a child that evaluates.

Each line is JSON: ``{"store": …, "how": …, "rows": 40, "seconds": 0.01, "url": …, "options": {…}}``. Answers with the
child's process id, and with its status once it has ended; what the child prints goes to files in its store. The
function notes each of its calls in ``STORE/calls``, and waits for ever from row 20 on unless there is ``STORE/free``.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import steelyard
from steelyard.genai import evaluate, make_judge, scorer
from steelyard.llm import asking, clients  # noqa: F401 - loaded before forking

STORE = Path()
SECONDS = 0.01
BLOCKED_FROM = 20


def noted(n: int) -> None:
    handle = os.open(STORE / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{n}\n".encode())
    os.close(handle)


def wait(n: int) -> None:
    """Take a moment, and for ever from some row on unless ``free`` was written."""
    time.sleep(SECONDS)
    if n >= BLOCKED_FROM and not (STORE / "free").exists():
        threading.Event().wait()


def blocks(n: int) -> int:
    noted(n)
    wait(n)
    return 2 * n


def at_once(n: int) -> int:
    noted(n)
    return 2 * n


async def awaits(n: int) -> int:
    noted(n)
    await asyncio.sleep(SECONDS)
    if n >= BLOCKED_FROM and not (STORE / "free").exists():
        await asyncio.Event().wait()
    return 2 * n


async def holds_the_loop(n: int) -> int:
    noted(n)
    time.sleep(SECONDS)
    if n >= BLOCKED_FROM and not (STORE / "free").exists():
        time.sleep(1000)
    return 2 * n


async def clings(n: int) -> int:
    """Will not be cancelled."""
    noted(n)
    if n >= BLOCKED_FROM and not (STORE / "free").exists():
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
    return 2 * n


@scorer
def doubled(outputs: int, inputs: dict[str, int]) -> bool:
    return outputs == 2 * inputs["n"]


@scorer(name="waiting")
def waiting(outputs: int, inputs: dict[str, int]) -> bool:
    wait(inputs["n"])
    return True


@scorer(name="waiting")
async def awaiting(outputs: int, inputs: dict[str, int]) -> bool:
    if inputs["n"] >= BLOCKED_FROM and not (STORE / "free").exists():
        await asyncio.Event().wait()
    return True


def judge() -> Any:
    words = "Is {{ outputs }} right for {{ inputs }}?"
    return make_judge("waiting", words, model="openai:/gpt-4o-mini", feedback_value_type=bool)


@scorer(name="waiting")
def of_session(session: Any) -> bool:
    if not (STORE / "free").exists():
        threading.Event().wait()
    return True


WAYS: dict[str, tuple[Any, list[Any]]] = {
    "predict": (blocks, [doubled]),
    "async predict": (awaits, [doubled]),
    "async predict holds the loop": (holds_the_loop, [doubled]),
    "async predict clings": (clings, [doubled]),
    "scorer": (at_once, [doubled, waiting]),
    "async scorer": (at_once, [doubled, awaiting]),
    "judge": (at_once, [doubled]),
    "session scorer": (at_once, [doubled, of_session]),
}


LOADED = (
    "numpy", "pyarrow.parquet", "sqlalchemy.dialects.sqlite", "steelyard.store.sql.ledgers",
    "pydantic_ai.models.openai",
    "steelyard.store.sql.traces", "steelyard.store.sql.search", "steelyard.evaluation.genai.evaluate",
)  # fmt: skip
"""What a child would load first, each anew."""


def evaluated(order: dict[str, Any]) -> None:
    global STORE, SECONDS
    STORE, SECONDS = Path(order["store"]), order.get("seconds", 0.01)
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(STORE / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.environ.update(OPENAI_BASE_URL=order.get("url", ""), OPENAI_API_KEY="sk-test")
    steelyard.set_tracking_uri(order.get("address", str(STORE)))
    how = order["how"]
    predict, scorers = WAYS[how]
    if how == "judge":
        scorers = [doubled, judge()]
    session = {"session": "talk"} if how == "session scorer" else {}
    data = [{"inputs": {"n": n}, **session} for n in range(order.get("rows", 40))]
    result = evaluate(data, scorers, predict, **{"concurrency": 6, **order.get("options", {})})
    mean = result.estimates["doubled/mean"]
    print(json.dumps({"run": result.run_id, "value": mean.value, "n": mean.n, "missing": mean.missing}), flush=True)


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            evaluated(json.loads(line))
            sys.exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
