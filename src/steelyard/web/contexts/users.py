"""Users as a list: the one who was seen last first."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.overview import UserSummary
from steelyard.web.contexts.runs import Chip, PageLink, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersPage:
    """The users with a matching trace; their sums are of all their traces."""

    experiment_id: str
    experiment_name: str
    filter: str
    where: tuple[str, ...]
    users: tuple[UserSummary, ...]
    next_page_token: str | None
    chips: tuple[Chip, ...] = ()
    older: PageLink | None = None
    newer: PageLink | None = None
    problem: Problem | None = None
