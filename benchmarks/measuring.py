"""Measure a piece of work in a process of its own: CPU seconds, wall seconds, peak memory above the interpreter.

A script measures itself: the parent starts ``script --child NAME``, the child loads what it needs, then calls
:func:`report` around the work. The parent alternates the contenders, so that a slow minute of the machine falls on
both, and quotes medians.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MARK = "measured: "
_SETTINGS = {"TQDM_DISABLE": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of one contender.

    Args:
        cpu: seconds, of the process with its threads and children, during the work.
        wall: seconds, during the work.
        peak: MB at the process's highest, above an interpreter that does nothing.
        extra: what else the child told.
    """

    cpu: float
    wall: float
    peak: float
    extra: Mapping[str, Any]


def cpu_seconds() -> float:
    """Return the CPU seconds of this process, its threads and its finished children."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mb() -> float:
    """Return the highest resident memory of this process, in MB.

    Linux keeps the parent's peak in ``ru_maxrss`` of a child that it started, so the process's own is read first.
    """
    status = Path("/proc/self/status")
    if status.exists():
        high = next((line for line in status.read_text().splitlines() if line.startswith("VmHWM")), None)
        if high is not None:
            return int(high.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2


def report(work: Callable[[], Mapping[str, Any] | None]) -> None:
    """Run a child's work, and print its figures for the parent; what it returns is passed on."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    extra = work() or {}
    figures = {"wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu, "peak": peak_mb(), **extra}
    print(_MARK + json.dumps(figures), flush=True)


def run_child(command: Sequence[str | os.PathLike[str]], *, folder: Path | None = None) -> Measured:
    """Run a child in a fresh process, and return what it reported.

    Raises:
        SystemExit: with the end of its output, if it failed.
    """
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env={**os.environ, **_SETTINGS}, cwd=folder
    )
    found = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not found:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise SystemExit(f"{' '.join(map(str, command))} failed with {done.returncode}:\n{told}")
    figures = json.loads(found[-1].removeprefix(_MARK))
    cpu, wall, peak = (float(figures.pop(name)) for name in ("cpu", "wall", "peak"))
    return Measured(cpu=cpu, wall=wall, peak=peak - interpreter_mb(command[0]), extra=figures)


_interpreters: dict[str, float] = {}


def interpreter_mb(python: str | os.PathLike[str]) -> float:
    """Return the peak of an interpreter that does nothing, in MB."""
    name = str(python)
    if name not in _interpreters:
        status = "open('/proc/self/status').read()"
        linux = f"print([l for l in {status}.splitlines() if 'VmHWM' in l][0].split()[1])"
        other = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
        code = linux if Path("/proc/self/status").exists() else other
        done = subprocess.run([name, "-c", code], capture_output=True, text=True, check=True)
        _interpreters[name] = int(done.stdout) / 1024
    return _interpreters[name]


def alternate(contenders: Mapping[str, Callable[[], Measured]], *, trials: int) -> dict[str, list[Measured]]:
    """Run every contender ``trials`` times, taking turns."""
    runs: dict[str, list[Measured]] = {name: [] for name in contenders}
    for _ in range(trials):
        for name, run in contenders.items():
            runs[name].append(run())
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return runs


def median(runs: Sequence[Measured], figure: str) -> float:
    """Return the median of a figure, by its name, or by its name in ``extra``."""
    values = [getattr(run, figure) if hasattr(run, figure) else run.extra[figure] for run in runs]
    return statistics.median(map(float, values))


def table(title: str, rows: Sequence[Sequence[str]], *, head: Sequence[str]) -> None:
    """Print rows under a title, the first column left and the others right."""
    print(f"\n{title}")
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells))


def costs(name: str, runs: Sequence[Measured]) -> list[str]:
    """Return a contender's row: CPU, wall and peak as medians, with the range of the CPU seconds."""
    spread = f"{min(run.cpu for run in runs):.2f} to {max(run.cpu for run in runs):.2f}"
    return [name, f"{median(runs, 'cpu'):.2f}", spread, f"{median(runs, 'wall'):.2f}", f"{median(runs, 'peak'):.0f}"]


COSTS = ("", "CPU s", "range", "wall s", "peak MB above interpreter")
