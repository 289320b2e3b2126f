"""Sessions as a list: the one with the newest trace first."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.overview import SessionSummary
from steelyard.web.contexts.runs import Chip, PageLink, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session, with how it began and what was answered last as one line each."""

    session: SessionSummary
    request: str
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage:
    """The sessions with a matching trace; their sums are of all their traces."""

    experiment_id: str
    experiment_name: str
    filter: str
    where: tuple[str, ...]
    sessions: tuple[SessionRow, ...]
    next_page_token: str | None
    chips: tuple[Chip, ...] = ()
    older: PageLink | None = None
    newer: PageLink | None = None
    problem: Problem | None = None
