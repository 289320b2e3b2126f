"""The JSON face: every port of the store over HTTP, for the library on other machines and for people with curl."""

from __future__ import annotations

from steelyard.rest.routing import routes

__all__ = ["routes"]
