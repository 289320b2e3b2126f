"""One handler file a page: decode the request, ask the store, encode a context."""

from __future__ import annotations

from starlette.requests import Request

from steelyard.records import Store


def store_of(request: Request) -> Store:
    """Return the store that the app was made for."""
    store: Store = request.app.state.store
    return store
