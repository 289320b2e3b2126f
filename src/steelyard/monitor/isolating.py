"""Code of the store run in a process of its own, one for each monitor, which lives as long as it behaves."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from pydantic import PrivateAttr

from steelyard.errors import SteelyardError, UntrustedModel
from steelyard.monitor.isolating_wire import (
    FOLDER,
    HEAD,
    LONGEST_ANSWER,
    Asked,
    Limits,
    Nonsense,
    length_of,
    pack_asked,
    unpack_said,
)
from steelyard.records import Case, Feedback
from steelyard.scorers import Scorer
from steelyard.scorers.binding import Binding, Parameter

DEFAULT_SECONDS = 60.0
_START_SECONDS = 60.0
_MOST_ALIVE = 8
_MOST_SCORINGS = 5_000
_READY = b"ready\n"
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_WHOLE = Binding((Parameter("case", lambda case: case, required=True, by_position=False),))


class CodeFailed(SteelyardError):
    """Code in a process of its own gave no verdict; the message is its own error, or what became of the process."""

    def __init__(self, message: str, *, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack


class IsolatedScorer(Scorer):
    """A scorer whose code runs in another process.

    Args:
        definition: as it was registered.
        takes: the names of its parameters, as far as they are known.
    """

    definition: str
    takes: tuple[str, ...] = ()

    _isolate: Isolate = PrivateAttr()

    def runs_in(self, isolate: Isolate) -> None:
        """Say which process runs it."""
        self._isolate = isolate

    def __call__(self, *, case: Case) -> list[Feedback]:
        return list(self._isolate.score(self.definition, case, seconds=self.seconds))

    @property
    def seconds(self) -> float:
        """How long one scoring may take; there is always an end."""
        return self.timeout or DEFAULT_SECONDS

    @property
    def binding(self) -> Binding:
        return _WHOLE

    @property
    def needs(self) -> tuple[str, ...]:
        return self.takes

    @property
    def is_session_level_scorer(self) -> bool:
        return bool(self.session_level)


class Isolate:
    """One process for code, begun when it is needed and begun anew when it has died.

    Args:
        limits: what it may use.
    """

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._number = 0
        self.used = 0.0

    def score(self, definition: str, case: Case, *, seconds: float) -> tuple[Feedback, ...]:
        """Return what code says of a case.

        Raises:
            CodeFailed: it raised, or its process died, or what came back is nonsense.
            TimeoutError: it took too long; its process was ended.
            UntrustedModel: its text alone is not the same code.
        """
        with self._lock:
            self._number += 1
            self.used = time.monotonic()
            asked = Asked(self._number, definition, seconds, case)
            try:
                question = pack_asked(asked)
            except Nonsense as error:
                raise CodeFailed(f"What is to be scored cannot be handed to the scorer's process: {error}.") from error
            child = self._child
            if child is None or not child.fresh:
                self._end()
                child = self._child = _Child(self._limits)
            try:
                said = unpack_said(child.answer(question, seconds))
            except BaseException as error:
                told = child.end()
                self._child = None
                if isinstance(error, TimeoutError):
                    raise TimeoutError(f"no verdict after {seconds:g} s (the scorer's timeout)") from None
                if isinstance(error, (Nonsense, OSError, EOFError)):
                    raise CodeFailed(_fault(error, told, self._limits)) from error
                raise
            if said.number != asked.number:
                self._end()
                raise CodeFailed("The scorer's process answered something that it was not asked.")
        if said.kind == "untrusted":
            raise UntrustedModel(said.error)
        if said.kind:
            raise CodeFailed(said.error, stack=said.stack)
        return said.feedbacks

    def end_if_idle(self) -> bool:
        """End its process unless it is scoring; return whether there was one."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._end()
        finally:
            self._lock.release()

    def kill(self) -> None:
        """End its process at once, whatever it does."""
        child = self._child
        if child is not None:
            child.kill()

    @property
    def is_alive(self) -> bool:
        return self._child is not None

    def _end(self) -> bool:
        child, self._child = self._child, None
        if child is not None:
            child.end()
        return child is not None


class Isolates:
    """The processes of a worker, by monitor: the code of one sees nothing of another's.

    Args:
        limits: what each may use.
    """

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._of: dict[str, Isolate] = {}

    def of(self, monitor_id: str) -> Isolate:
        """Return the process of a monitor, which begins with its first scoring."""
        alive = sorted((each for each in self._of.values() if each.is_alive), key=lambda each: each.used)
        for idle in alive[: max(0, len(alive) - _MOST_ALIVE + 1)]:
            idle.end_if_idle()
        if monitor_id not in self._of:
            self._of[monitor_id] = Isolate(self._limits)
        return self._of[monitor_id]

    def rest(self, seconds: float = 120.0) -> None:
        """End processes that have had nothing to do for so long."""
        for each in self._of.values():
            if each.is_alive and time.monotonic() - each.used > seconds:
                each.end_if_idle()

    def close(self) -> None:
        """End all of them, in the middle of a scoring too."""
        for each in self._of.values():
            if not each.end_if_idle():
                each.kill()


class _Child:
    """A process that runs."""

    def __init__(self, limits: Limits) -> None:
        self._folder = tempfile.mkdtemp(prefix=FOLDER)
        self._asked = 0
        errors = Path(self._folder, "errors")
        with errors.open("wb") as told:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "steelyard.monitor.isolated", msgspec.json.encode(limits).decode()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
                cwd=self._folder,
                env=_environment(self._folder),
                start_new_session=True,
                bufsize=0,
            )
        self._errors = errors
        for pipe in (self._in, self._out):
            os.set_blocking(pipe, False)
        try:
            if self._read(len(_READY), time.monotonic() + _START_SECONDS) != _READY:
                raise Nonsense("it did not begin")
        except BaseException as error:
            why = self.end()
            if isinstance(error, (Nonsense, OSError, EOFError, TimeoutError)):
                raise CodeFailed(f"The process for code could not be begun: {why}") from error
            raise

    @property
    def fresh(self) -> bool:
        """Whether it can go on: it runs, and has not done so much that its time is nearly used up."""
        return self._asked < _MOST_SCORINGS and self._process.poll() is None

    def answer(self, question: bytes, seconds: float) -> bytes:
        """Send a question and return the body of the answer.

        Raises:
            TimeoutError, EOFError, OSError, Nonsense: there is none.
        """
        self._asked += 1
        deadline = time.monotonic() + seconds
        self._write(question, deadline)
        return self._read(length_of(self._read(HEAD, deadline), LONGEST_ANSWER), deadline)

    def kill(self) -> None:
        """End the process and all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._process.kill()

    def end(self) -> str:
        """End it for good, and tell what became of it."""
        ended_itself = self._exit_status()
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        told = _last_line(self._errors)
        shutil.rmtree(self._folder, ignore_errors=True)
        return f"{_status(ended_itself)}{': ' + told if told else ''}"

    def _exit_status(self) -> int | None:
        try:  # one that closed its pipes is about to be gone
            return self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            return None

    @property
    def _in(self) -> int:
        return self._process.stdin.fileno() if self._process.stdin is not None else -1

    @property
    def _out(self) -> int:
        return self._process.stdout.fileno() if self._process.stdout is not None else -1

    def _write(self, content: bytes, deadline: float) -> None:
        left = memoryview(content)
        while left:
            _wait(self._in, selectors.EVENT_WRITE, deadline)
            left = left[os.write(self._in, left[: 2**16]) :]

    def _read(self, length: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            _wait(self._out, selectors.EVENT_READ, deadline)
            part = os.read(self._out, min(length - len(parts), 2**16))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


def _wait(place: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(place, event)
        if left <= 0 or not selector.select(left):
            raise TimeoutError


def _environment(folder: str) -> dict[str, str]:
    """Return what the code may know of the environment: no keys, no tokens, no addresses of stores."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **one_thread, "HOME": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"}


def _fault(error: BaseException, told: str, limits: Limits) -> str:
    if isinstance(error, Nonsense):
        return f"The scorer's process answered nonsense ({error}); it was ended."
    return (
        f"The scorer's process ended while it scored ({told}). It may use {limits.memory_bytes / 2**30:g} GiB of "
        f"memory, write files of {limits.file_bytes / 2**20:g} MiB and start no other processes."
    )


def _status(status: int | None) -> str:
    if status is None:
        return "it closed its answers"
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _last_line(path: Path) -> str:
    """Return the last line of what it complained of."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2000))
            lines: Sequence[str] = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return "".join(letter for letter in lines[-1] if letter.isprintable())[:300] if lines else ""
