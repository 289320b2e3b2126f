"""A store of its own for every test, and no run, experiment or setting left over from another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
