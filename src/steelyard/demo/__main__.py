"""``python -m steelyard.demo``: run the demo, print what it found, show it in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from steelyard.errors import InvalidArgument, SteelyardError

HOST = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo from the command line and return the exit code: 2 if it cannot be done.

    Args:
        arguments: without the program's name; those of this process unless given.
    """
    options = _parser().parse_args(arguments)
    try:
        if not options.no_ui:
            _check_port(options.port)
        _run(options.folder, options.port, show=not options.no_ui)
    except SteelyardError as problem:
        if os.environ.get("STEELYARD_DEBUG"):
            raise
        sys.stderr.write(f"steelyard demo: {problem}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _run(folder: str, port: int, *, show: bool) -> None:
    from steelyard.demo.running import run_demo

    started = time.monotonic()
    report = run_demo(folder=folder, progress=_say_step)
    _say("\n" + str(report))
    _say(f"\n{len(report.run_ids)} runs in {time.monotonic() - started:.0f} s, kept in {report.store_url}")
    if not show:
        _say(f"To see them: steelyard ui --store {report.store_url} --port {port}")
        _say(f"Then open http://{HOST}:{port}{report.page}")
        return
    from steelyard.server import serve

    _say(f"Open http://{HOST}:{port}{report.page}")
    serve(report.store_url, host=HOST, port=port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="steelyard demo", description="Train models on real data, weigh them by slice, compare them."
    )
    parser.add_argument("--folder", default=".demo", help="where data and runs are kept (.demo)")
    parser.add_argument("--port", type=int, default=5000, help="the port of the pages (5000)")
    parser.add_argument("--no-ui", action="store_true", help="end after printing, without serving the pages")
    return parser


def _check_port(port: int) -> None:
    """Refuse a port that cannot be listened on, before the work rather than after it.

    Raises:
        InvalidArgument: it is out of range, taken or not allowed.
    """
    import socket

    if not 0 < port < 65536:
        raise InvalidArgument(f"A port is a number from 1 to 65535; --port is {port}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            message = f"Port {port} on {HOST} cannot be used ({problem.strerror}). Choose another: --port."
            raise InvalidArgument(message) from problem


def _say_step(name: str, done: int, total: int) -> None:
    _say(f"{done}/{total}  {name} …")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
