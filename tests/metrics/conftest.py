"""A store of its own for every test that evaluates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from steelyard import tracking
    from steelyard.tracking.stores import close_stores

    for name in ("TRACKING_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID", "RUN_ID"):
        for prefix in ("STEELYARD_", "MLFLOW_"):
            monkeypatch.delenv(prefix + name, raising=False)
    tracking.set_tracking_uri(str(tmp_path / "store"))
    yield tmp_path
    while tracking.active_run():
        tracking.end_run()
    tracking.set_tracking_uri("")
    close_stores()
