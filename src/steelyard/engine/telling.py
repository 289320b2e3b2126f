"""What somebody else's code raised, in words that can be kept.

Whatever it raises is the outcome of its own row. ``SystemExit`` and the like are no exception: none of it runs in the
main thread, to which alone Ctrl-C goes, so nothing that comes out of it is a wish to stop.
"""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

LONGEST = 10_000  # characters of a message that are kept


def told(error: BaseException) -> str:
    """Return the kind of an error and its message, whatever they are made of.

    >>> told(ValueError("no such city"))
    'ValueError: no such city'
    """
    try:
        words = str(error)
    except BaseException as failure:
        words = f"(its message cannot be told: {type(failure).__name__})"
    return clean(f"{type(error).__name__}: {words}")


def stack_of(error: BaseException) -> str:
    """Return the last lines of an error's traceback."""
    try:
        lines = traceback.format_exception(error)
    except BaseException as failure:  # the traceback shows the message, which is somebody else's code too
        return f"(the traceback cannot be told: {type(failure).__name__})"
    return clean("".join(lines[-8:]))


def clean(text: str) -> str:
    """Return text as every file and database keeps it, and no more of it than can be read.

    >>> clean("half a character: \\ud83d")
    'half a character: \\\\ud83d'
    """
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def is_outcome(error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """Whether an error that comes out of a coroutine is its own, and not the engine's ending the task that runs it."""
    if isinstance(error, asyncio.CancelledError):
        return task is None or not task.cancelling()
    return not isinstance(error, GeneratorExit) or _running_task() is task


def _running_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs here: a forgotten coroutine is being closed
        return None
