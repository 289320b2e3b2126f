"""The pages: rendered here, readable without a script, each with a fragment and a JSON face at the same address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

__all__ = ["routes"]


def routes() -> list[BaseRoute]:
    """Return the routes of all pages; their app must hold the store as ``app.state.store``."""
    from steelyard.web.routing import page_routes

    return page_routes()
