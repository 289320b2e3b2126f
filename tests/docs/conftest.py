"""Each page has a working folder of its own, with its store in it, as a reader's project has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard import tracking
from steelyard.tracking.stores import close_stores


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder that is the working folder; no setting is left over from another test."""
    for name in ("TRACKING_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID", "RUN_ID"):
        for prefix in ("STEELYARD_", "MLFLOW_"):
            monkeypatch.delenv(prefix + name, raising=False)
    monkeypatch.chdir(tmp_path)
    tracking.set_tracking_uri("")
    yield tmp_path
    while tracking.active_run():
        tracking.end_run()
    tracking.set_tracking_uri("")
    close_stores()
