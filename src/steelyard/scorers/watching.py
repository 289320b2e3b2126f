"""What a scorer says of itself about live traffic, in MLflow's words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class ScorerStatus(Enum):
    """Whether a scorer scores live traffic.

    MLflow has the first three. A ``PAUSED`` one has stopped by itself; its page, and ``list_monitors()``, say why.
    """

    UNREGISTERED = "UNREGISTERED"
    STARTED = "STARTED"
    STOPPED = "STOPPED"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How a scorer watched when its store was asked.

    Args:
        monitor_id: of its monitor.
        status: whether it works.
        sample_rate: the share that it scores; 0 if it was stopped.
        filter_string: which traffic; None if any.
        reason: why it is paused, in words; empty if it is not.
    """

    monitor_id: str
    status: ScorerStatus
    sample_rate: float
    filter_string: str | None = None
    reason: str = ""


def status_of(scorer: Any) -> ScorerStatus:
    """Return a scorer's status: that of its monitor, else whether it is registered at all."""
    if scorer.watched is not None:
        return scorer.watched.status
    return ScorerStatus.UNREGISTERED if scorer.registered_version is None else ScorerStatus.STOPPED
