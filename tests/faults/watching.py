"""A process that loads everything once and then, for each line it reads, forks a child that is a worker of monitors.

Each line is the address of a store; the child is ``steelyard monitors work`` on it. Answers with its process id, and
with its status once it has ended.
"""

from __future__ import annotations

import importlib
import os
import sys

from steelyard import cli

LOADED = (
    "steelyard.monitor.workers", "steelyard.store.sql.monitors", "steelyard.store.sql.traces",
    "steelyard.store.sql.scorers", "steelyard.store.sql.assessments", "steelyard.store.sql.experiments",
    "sqlalchemy.dialects.sqlite", "steelyard.store.sql.answers", "steelyard.judges", "steelyard.scorers.rules",
)  # fmt: skip


def worked(address: str) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    sys.argv = ["steelyard", "monitors", "work", "--store", address]
    cli.main()


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            worked(line.strip())
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
