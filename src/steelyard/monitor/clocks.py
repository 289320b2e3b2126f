"""What time it is: the day's clock, which may jump, and one that never goes back."""

from __future__ import annotations

import time
from typing import Protocol

DAY_MS = 86_400_000


class Clock(Protocol):
    """Both clocks; tests bring their own."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC, as the machine has it."""
        ...

    def seconds(self) -> float:
        """Seconds that never go back, from an unknown start."""
        ...


class MachineClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def seconds(self) -> float:
        return time.monotonic()
