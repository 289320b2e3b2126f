"""A store of its own for every test, and a small table to evaluate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steelyard import tracking
from steelyard.tracking.stores import close_stores


@pytest.fixture(autouse=True)
def store_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("TRACKING_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID", "RUN_ID"):
        for prefix in ("STEELYARD_", "MLFLOW_"):
            monkeypatch.delenv(prefix + name, raising=False)
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    tracking.set_tracking_uri(uri)
    yield uri
    while tracking.active_run():
        tracking.end_run()
    tracking.set_tracking_uri("")
    close_stores()


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
