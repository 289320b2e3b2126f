"""A server of the test's own, with a store behind it and a client before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rest.running import Running

from steelyard import tracking
from steelyard.records import Store
from steelyard.store import open_store


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Store]:
    """The store of the server."""
    opened = open_store(f"sqlite:///{tmp_path}/behind/store.db?artifacts={tmp_path}/behind/artifacts")
    yield opened
    opened.close()


@pytest.fixture
def server(behind: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server on loopback; nothing is waited for long, and nothing is cached in the user's folder."""
    monkeypatch.setenv("STEELYARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STEELYARD_HTTP_PATIENCE", "20")
    monkeypatch.delenv("STEELYARD_TRACKING_TOKEN", raising=False)
    running = Running(behind)
    yield running
    running.close()


@pytest.fixture
def store(server: Running) -> Iterator[Store]:
    """The client."""
    opened = open_store(server.url)
    yield opened
    opened.close()


@pytest.fixture
def store_uri(server: Running, settings_of_nobody: None) -> str:
    """The server's address, which is the current store's."""
    tracking.set_tracking_uri(server.url)
    return server.url
