"""What ``import steelyard`` costs, beside numpy and MLflow, and what it does not load.

    python benchmarks/import_time.py
    python benchmarks/import_time.py --peer-python peer/bin/python

Each import is a process of its own; the interpreter's own start is subtracted. Goal: under 150 ms, without numpy or
SQLAlchemy.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from measuring import Measured, alternate, cpu_seconds, median, table

NOT_LOADED = ("numpy", "sqlalchemy", "pandas", "pyarrow", "sklearn", "scipy", "fastapi", "jinja2", "vl_convert")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=11)
    parser.add_argument("--peer-python", type=Path, help="a Python with MLflow, to measure beside")
    arguments = parser.parse_args()
    contenders = {"nothing": _run(sys.executable, "pass"), "steelyard": _run(sys.executable, "import steelyard")}
    contenders["numpy"] = _run(sys.executable, "import numpy")
    if arguments.peer_python:
        contenders["MLflow"] = _run(arguments.peer_python, "import mlflow")
    for run in contenders.values():
        run()  # the first reads from disk and may write byte code
    runs = alternate(contenders, trials=arguments.trials)
    start = {figure: median(runs["nothing"], figure) for figure in ("wall", "cpu")}
    rows = [
        [name, *(f"{(median(done, figure) - start[figure]) * 1000:.0f}" for figure in ("wall", "cpu"))]
        for name, done in runs.items()
        if name != "nothing"
    ]
    table(f"Import, medians of {arguments.trials} processes", rows, head=("", "wall ms", "CPU ms"))
    print(f"The interpreter alone: {start['wall'] * 1000:.0f} ms.")
    loaded = _loaded()
    print(f"steelyard loads {loaded or 'none'} of {', '.join(NOT_LOADED)}.")
    if loaded:
        raise SystemExit(1)


def _run(python: Path | str, code: str) -> Callable[[], Measured]:
    def once() -> Measured:
        cpu, wall = cpu_seconds(), time.perf_counter()
        # Away from this folder, whose scripts must not stand in for modules of the same name.
        subprocess.run([str(python), "-c", code], check=True, cwd=os.sep)
        return Measured(wall=time.perf_counter() - wall, cpu=cpu_seconds() - cpu, peak=0.0, extra={})

    return once


def _loaded() -> str:
    code = f"import sys, steelyard; print(', '.join(m for m in {NOT_LOADED!r} if m in sys.modules))"
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=os.sep
    ).stdout.strip()


if __name__ == "__main__":
    main()
