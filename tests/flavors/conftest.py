"""A store of its own for every test, and no run, experiment or setting left over from another."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _own_store(store_uri: str) -> None:
    """Every test here writes to a store."""
