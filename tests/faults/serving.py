"""Starts servers in forks of a process that has loaded everything: an order a line on stdin, answers on stdout."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from steelyard.server import app, serving, stopping, upkeep  # noqa: F401 - loaded here once, not in each child
from steelyard.store import open_store, sql  # noqa: F401
from steelyard.tracing import otlp  # noqa: F401
from steelyard.web import routes  # noqa: F401


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            sys.stderr = Path(order["err"]).open("a", buffering=1)  # noqa: SIM115 - for as long as the child lives
            code = 1
            try:
                serving.serve(order["store"], port=order["port"])
                code = 0
            finally:
                os._exit(code)
        print(pid, flush=True)
        threading.Thread(target=_tell_end, args=(pid,), daemon=True).start()


def _tell_end(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    print(f"ended {pid} {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
