"""A clock that only waiting moves, so that no test sleeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steelyard.llm import Calling, Limits, Patience


class FakeTime:
    """A clock, a sleep and a timer that belong together; ``waits`` tells how long was waited for what."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self._pass(seconds)

    def schedule(self, seconds: float, function: Callable[[], None]) -> None:
        self._pass(seconds)
        function()

    def _pass(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def calling(self, *, patience: dict[str, Any] | None = None, **fields: Any) -> Calling:
        """What stands around calls, on this clock."""
        limits = fields.pop("limits", None) or Limits(clock=self.clock, schedule=self.schedule)
        return Calling(limits=limits, patience=Patience(sleep=self.sleep, **(patience or {})), **fields)
