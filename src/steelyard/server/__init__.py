"""The server: pages, health and version in one ASGI app, behind checks that hold on every address."""

from __future__ import annotations

from steelyard.server.app import create_app
from steelyard.server.serving import serve

__all__ = ["create_app", "serve"]
