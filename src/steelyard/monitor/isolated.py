"""The process that runs code of the store: ``python -m steelyard.monitor.isolated``, started by ``isolating``.

It reads scorings from its standard input and writes what the code says to its standard output; both are out of the
code's sight, which finds nothing there. Its limits are set before any code is read. It is a fence against accidents and
greed, no prison: code can still read what its user can read, and use the network.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from steelyard.engine.telling import stack_of, told
from steelyard.errors import UntrustedModel
from steelyard.judges.registering import scorer_from
from steelyard.monitor.isolating_wire import (
    FOLDER,
    HEAD,
    LONGEST_QUESTION,
    Asked,
    Limits,
    Nonsense,
    Said,
    length_of,
    pack_said,
    unpack_asked,
)
from steelyard.scorers import Scorer, aassess, assess

READY = b"ready\n"
_GRACE_SECONDS = 5


def main() -> None:
    """Answer until the input ends."""
    limits = msgspec.convert(msgspec.json.decode(sys.argv[1]), Limits)
    questions, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    limit(limits)
    _write(answers, READY)
    folder = Path.cwd()
    try:
        _answer_until_the_end(questions, answers, limits)
    finally:  # whoever began this process was killed, else it would have ended it and tidied up itself
        if folder.name.startswith(FOLDER):
            shutil.rmtree(folder, ignore_errors=True)


def _answer_until_the_end(questions: int, answers: int, limits: Limits) -> None:
    made: dict[str, Scorer] = {}
    while (body := _frame(questions)) is not None:
        asked = unpack_asked(body)
        _allow_time(asked.seconds, limits)
        said = _answer(asked, made)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(answers, _packed(said))


def limit(limits: Limits) -> None:
    """Bound what this process may use from now on."""
    import resource

    bounds = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_CORE: 0,
        getattr(resource, "RLIMIT_NPROC", -1): 0,  # no child processes; the superuser is not held to it
    }
    for what, most in bounds.items():
        if what >= 0:
            _, hard = resource.getrlimit(what)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with suppress(ValueError, OSError):  # a system that does not know this limit
                resource.setrlimit(what, (most, most))


def _allow_time(seconds: float, limits: Limits) -> None:
    """Let one scoring have its time, on the clock and on the processor; after that, the system ends the process."""
    import resource

    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    soft = min(limits.cpu_seconds, math.ceil(used + seconds) + 1)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)


def _answer(asked: Asked, made: dict[str, Scorer]) -> Said:
    try:
        if asked.definition not in made:
            made.clear()  # one scorer a process: a new definition takes the place of the old
            made[asked.definition] = scorer_from(asked.definition, allow_code=True)
        scorer = made[asked.definition]
        if scorer.is_async:
            return Said(asked.number, asyncio.run(aassess(scorer, asked.case)))
        return Said(asked.number, assess(scorer, asked.case))
    except UntrustedModel as error:
        return Said(asked.number, kind="untrusted", error=str(error))
    except BaseException as error:
        return Said(asked.number, kind="failed", error=told(error), stack=stack_of(error))


def _packed(said: Said) -> bytes:
    try:
        return pack_said(said)
    except Nonsense as error:
        return pack_said(Said(said.number, kind="failed", error=f"What the scorer returned cannot be read: {error}."))


def _frame(place: int) -> bytes | None:
    head = _read(place, HEAD)
    return None if head is None else _read(place, length_of(head, LONGEST_QUESTION))


def _read(place: int, length: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < length:
        part = os.read(place, min(length - len(parts), 2**20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _write(place: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(place, left) :]


if __name__ == "__main__":
    main()
