"""Progress on a terminal: one line that is written over, at most ten times a second; elsewhere only how it began."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from steelyard.engine import Progress

_OFTEN = 0.1  # seconds


class Terminal:
    """Tells people how far an evaluation is.

    Args:
        stream: where to; standard error unless told.
        quiet: say nothing.
        also: called with the same progress.
    """

    def __init__(
        self, stream: TextIO | None = None, *, quiet: bool = False, also: Callable[[Progress], None] | None = None
    ) -> None:
        self._stream = stream or sys.stderr
        self.quiet = quiet
        self._live = not quiet and self._stream.isatty()
        self._also = also
        self._last = 0.0
        self._begun = time.monotonic()
        self._written = 0

    def say(self, line: str) -> None:
        """Write a line that stays."""
        if not self.quiet:
            self._clear()
            print(line, file=self._stream, flush=True)

    def __call__(self, progress: Progress) -> None:
        if self._also is not None:
            self._also(progress)
        now = time.monotonic()
        if self._live and now - self._last >= _OFTEN:
            self._last = now
            line = described(progress, now - self._begun)
            padding = " " * max(0, self._written - len(line))
            self._stream.write(f"\r{line}{padding}")
            self._stream.flush()
            self._written = len(line)

    def close(self) -> None:
        """Wipe the line that was written over."""
        if self._live:
            self._clear()

    def _clear(self) -> None:
        if self._written:
            self._stream.write("\r" + " " * self._written + "\r")
            self._written = 0


def described(progress: Progress, seconds: float) -> str:
    """Return progress in one line.

    >>> described(Progress(predictions={"predicted": 3}, planned_predictions=4), 2.0)
    '3/4 rows · 2 s'
    """
    parts = [f"{progress.predicted:,}/{progress.planned_predictions:,} rows"]
    if progress.planned_verdicts:
        parts.append(f"{progress.judged:,}/{progress.planned_verdicts:,} verdicts")
    failed = sum(n for outcome, n in progress.verdicts.items() if outcome != "scored")
    if failed:
        parts.append(f"{failed:,} not scored")
    parts += [f"{found.name} {found.mean:.3f} (interim, n={found.n:,})" for found in progress.interim[:3]]
    if progress.usage.cost:
        parts.append(f"${progress.usage.cost:.4f}")
    elif progress.usage.total_tokens:
        parts.append(f"{progress.usage.total_tokens:,} tokens")
    return " · ".join([*parts, f"{seconds:.0f} s"])
