"""A process that loads everything once and then, for each line it reads, forks a child that evaluates.

    python killed_child.py STORE URL ROWS

Answers each line with the child's process id; the parent kills it when it likes. A child that ends by itself writes
``STORE/done``. The function and the judge both ask the server at URL, which counts.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import urllib.request
from pathlib import Path
from typing import Any

os.environ["OPENAI_API_KEY"] = "sk-test"

import steelyard
from steelyard.genai import evaluate, make_judge, scorer
from steelyard.llm import asking, clients  # noqa: F401 - loaded before forking

LOADED = (
    "numpy", "pyarrow.parquet", "sqlalchemy.dialects.sqlite", "steelyard.store.sql.ledgers",
    "pydantic_ai.models.openai",
    "steelyard.store.sql.traces", "steelyard.store.sql.search", "steelyard.evaluation.genai.evaluate",
)  # fmt: skip
"""What each child would load anew."""


def ask(n: int) -> str:
    body = json.dumps({"model": "app", "messages": [{"role": "user", "content": f"row {n}."}]}).encode()
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["choices"][0]["message"]["content"]


@scorer
def length(outputs: str, inputs: dict[str, int]) -> int:
    if inputs["n"] % 10 == 3:
        raise ValueError("every tenth row is poisoned")
    return len(outputs)


def main(store: Path, url: str, rows: int) -> None:
    os.environ["OPENAI_BASE_URL"] = url
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # killed children leave no zombies
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            evaluated(store, rows)
            (store / "done").write_text("done")
            os._exit(0)
        print(pid, flush=True)


def evaluated(store: Path, rows: int) -> Any:
    steelyard.set_tracking_uri(store)
    words = "Is {{ outputs }} right for {{ inputs }}?"
    judge = make_judge("right", words, model="openai:/gpt-4o-mini", feedback_value_type=bool)
    data = [{"inputs": {"n": n}, "tags": {"third": str(n % 3)}} for n in range(rows)]
    return evaluate(data, [judge, length], ask, slices=["third"], concurrency=6, progress=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
