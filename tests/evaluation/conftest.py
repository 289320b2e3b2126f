"""A store of its own for every test, and a small table to evaluate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def _own_store(store_uri: str) -> None:
    """Every test here writes to a store."""


@pytest.fixture(scope="session")
def _table() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 120
    x = rng.normal(size=n)
    y = (x + rng.normal(size=n) > 0).astype(int)
    return pd.DataFrame(
        {
            "x": x,
            "z": rng.normal(size=n),
            "category": rng.choice(["billing", "sales"], n),
            "user": rng.integers(0, 40, n),
            "id": np.arange(n),
            "w": rng.random(n) + 0.1,
            "y": y,
            "yhat": (x > 0).astype(int),
            "p": 1 / (1 + np.exp(-2 * x)),
            "price": 2 * x + rng.normal(size=n),
            "label": np.where(y == 1, "yes", "no"),
        }
    )


@pytest.fixture
def table(_table: pd.DataFrame) -> pd.DataFrame:
    return _table.copy()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the caller's functions all the time they need, so that a busy machine changes no result."""
    from steelyard.evaluation import custom

    monkeypatch.setattr(custom, "PATIENCE", 600.0)
