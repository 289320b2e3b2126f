"""One handler file a page: decode the request, ask the store, encode a context."""

from __future__ import annotations

from starlette.requests import Request

from steelyard.records import Store
from steelyard.web.contexts.runs import PageLink

_REMEMBERED = 4
_FIRST = "-"


def store_of(request: Request) -> Store:
    """Return the store that the app was made for."""
    store: Store = request.app.state.store
    return store


def older_page(token: str | None, after: str | None, trail: str) -> PageLink | None:
    """Return the next page; it remembers the last few pages before it, so that Newer need not begin at the first."""
    if token is None:
        return None
    passed = [*(trail.split(".") if trail else []), after or _FIRST]
    return PageLink(after=token, trail=".".join(passed[-_REMEMBERED:]))


def newer_page(after: str | None, trail: str) -> PageLink | None:
    """Return the page before this one; None on the first."""
    if not after:
        return None
    rest, _, last = trail.rpartition(".")
    return PageLink(after="" if last == _FIRST else last, trail=rest)
