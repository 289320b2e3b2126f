"""``/health``: whether what is sent can be kept at this moment."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from steelyard.records import Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from steelyard.wires.otlp import Intake

_PROBE_KEY = "steelyard.server.health"
_PROBE_SECONDS = 1.0


class Health:
    """Says OK, or 503 with the reason when the last write failed for the store being away.

    While it is degraded, a small write is tried at most once a second when somebody asks, so that it recovers alone
    even if nobody sends traces any more.
    """

    def __init__(self, store: Store, intake: Intake) -> None:
        self._store = store
        self._intake = intake
        self._lock = threading.Lock()
        self._next_probe = 0.0

    async def answer(self, _: Request) -> Response:
        if self._intake.trouble is not None:
            await asyncio.to_thread(self._probe)
        trouble = self._intake.trouble
        if trouble is None:
            return PlainTextResponse("OK")
        return PlainTextResponse(f"degraded: {trouble}\n", 503, headers={"retry-after": "5"})

    def _probe(self) -> None:
        if not self._lock.acquire(blocking=False):  # another is trying
            return
        try:
            if time.monotonic() < self._next_probe:
                return
            self._store.answers.put(_PROBE_KEY, b"")
            self._intake.recovered()
        except Exception:
            self._next_probe = time.monotonic() + _PROBE_SECONDS  # the reason is told already
        finally:
            self._lock.release()
