"""A process that evaluates rows of a file and tells how much memory it has as it goes.

    python remembering.py STORE FILE ROWS HOW

Prints JSON: ``[[rows committed, resident MB], …]``, then the memory after the results are written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psutil

import steelyard
from steelyard.genai import evaluate, scorer

STORE, FILE, ROWS, HOW = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
EVERY = 2_500


@scorer
def doubled(outputs: int, inputs: dict[str, int]) -> bool:
    return outputs == 2 * inputs["n"]


def instant(n: int, text: str) -> int:
    return 2 * n


async def awaited(n: int, text: str) -> int:
    return 2 * n


def main() -> None:
    with FILE.open("w") as file:
        for n in range(ROWS):
            file.write(json.dumps({"inputs": {"n": n, "text": f"{n} " * 100}}) + "\n")
    steelyard.set_tracking_uri(STORE)
    process, seen = psutil.Process(), [[0, 0.0]]

    def sample(progress: Any) -> None:
        if progress.predicted >= seen[-1][0] + EVERY:
            seen.append([progress.predicted, process.memory_info().rss / 2**20])

    result = evaluate(str(FILE), [doubled], instant if HOW == "sync" else awaited, progress=sample)
    assert result.metrics["doubled/mean"] == 1.0
    print(json.dumps([*seen[1:], [ROWS, process.memory_info().rss / 2**20]]))


if __name__ == "__main__":
    main()
