"""What became of the tests of channels, remembered by this server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

_KEPT = 200


@dataclass(frozen=True, slots=True)
class Probed:
    """When a channel was tested, whether the message arrived, and what happened."""

    time_ms: int
    told: bool
    text: str


class ProbeMemory:
    """The last test of each channel."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Probed] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, experiment_id: str, name: str, tested: Probed) -> None:
        """Remember a test in place of the one before."""
        with self._lock:
            self._kept[(experiment_id, name)] = tested
            self._kept.move_to_end((experiment_id, name))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def forget(self, experiment_id: str, name: str) -> None:
        """Forget the test of a channel that is no more, or is another now."""
        with self._lock:
            self._kept.pop((experiment_id, name), None)

    def of(self, experiment_id: str, name: str) -> Probed | None:
        """Return the last test of a channel."""
        with self._lock:
            return self._kept.get((experiment_id, name))
