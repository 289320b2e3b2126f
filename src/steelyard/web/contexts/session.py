"""A session as a conversation."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.overview import SessionSummary
from steelyard.web.contexts.traces import TraceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """What one side said: ``cut`` if more was said than is here, ``whole`` if it is short enough to stand open."""

    text: str
    cut: bool = False
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One trace of a session: what was asked, what was answered, and why it failed if it did.

    Args:
        number: its place in the session, from 1.
        pause: milliseconds since the turn before it ended; None for the first that is shown.
    """

    number: int
    trace: TraceRow
    asked: Bubble | None
    answered: Bubble | None
    error: str = ""
    pause: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Turns of a session, the oldest first, from one page token to the next. ``first`` is the number of the first."""

    experiment_id: str
    experiment_name: str
    session: SessionSummary
    turns: tuple[Turn, ...]
    first: int
    next_page_token: str | None
