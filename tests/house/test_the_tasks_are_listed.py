"""``make help`` lists the tasks, and each of them exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TASKS = {"help", "setup", "assets", "demo", "test", "check", "fix", "bench", "docs", "serve"}


def make(*arguments: str) -> str:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_make_alone_lists_every_task() -> None:
    assert set(re.findall(r"^  make (\w+)", make(), re.MULTILINE)) == TASKS


def test_every_program_that_a_task_runs_is_there() -> None:
    for task in sorted(TASKS - {"help"}):
        for path in re.findall(r"(?:tools|benchmarks|\.ci)/[\w.]+", make("-n", "-B", task)):
            assert (ROOT / path).exists(), f"make {task} runs {path}"


def test_continuous_integration_runs_the_same_tasks() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert set(re.findall(r"^make (\w+)", script, re.MULTILINE)) <= TASKS
    assert {"check", "test"} <= set(re.findall(r"^make (\w+)", script, re.MULTILINE))
