"""Reading "too many requests" from the errors of any client library, without importing one."""

from __future__ import annotations

import math
import threading
from typing import Any

from steelyard.llm import Limiter, Slot
from steelyard.llm.retries import retry_after as named_wait

_TOO_MANY = 429
_LONGEST = 600.0


class Held:
    """A slot that whoever gives up on its holder may free."""

    def __init__(self, limiter: Limiter) -> None:
        self._context = limiter.slot()
        self.slot = self._context.__enter__()
        self._lock = threading.Lock()
        self._open = True

    def release(self) -> None:
        """Free the slot, once."""
        with self._lock:
            if self._open:
                self._open = False
                self._context.__exit__(None, None, None)


def is_rate_limit(error: BaseException) -> bool:
    """Whether an error says that there were too many requests."""
    status = _field(error, "status_code") or _field(_field(error, "response"), "status_code")
    return status == _TOO_MANY or type(error).__name__ in ("RateLimitError", "LLMRateLimited", "ResourceExhausted")


def retry_after(error: BaseException) -> float | None:
    """Return how many seconds its sender asks to wait, if it says so."""
    direct = _field(error, "retry_after")
    if isinstance(direct, (int, float)) and 0 <= direct < math.inf:
        return min(float(direct), _LONGEST)
    headers = _field(_field(error, "response"), "headers")
    return named_wait(headers, _LONGEST) if hasattr(headers, "get") else None


def _field(thing: object, name: str) -> Any:
    try:
        return getattr(thing, name, None)
    except Exception:  # a property of somebody else's class may fail
        return None


def pause_after(slot: Slot, error: BaseException | None) -> float | None:
    """Tell the limiter how a call went; return the seconds to wait before another try, None if none is needed."""
    if error is None:
        slot.ok()
        return None
    if not is_rate_limit(error):
        return None
    return slot.refused(retry_after(error))
