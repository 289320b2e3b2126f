"""A store behind a server: every port, over HTTP. ``protocol`` is the table that both sides read."""

from __future__ import annotations

from steelyard.store.remote.bundle import RemoteStore
from steelyard.store.remote.place import Place, find_place

__all__ = ["Place", "RemoteStore", "find_place"]
