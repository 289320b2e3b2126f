"""What holds for all tests: a busy machine is slow, not wrong, so Hypothesis has no clock; and stores of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

if not os.environ.get("CI"):  # there, Hypothesis's own profile has no deadline and always draws the same cases
    settings.register_profile("steelyard", deadline=None)
    settings.load_profile("steelyard")


@pytest.fixture
def settings_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No store, experiment or run is chosen by the environment, and none is left open."""
    from steelyard import tracking
    from steelyard.tracking.stores import close_stores

    for name in ("TRACKING_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID", "RUN_ID"):
        for prefix in ("STEELYARD_", "MLFLOW_"):
            monkeypatch.delenv(prefix + name, raising=False)
    monkeypatch.setenv("STEELYARD_SPOOL", str(tmp_path / "spool"))
    tracking.set_tracking_uri("")
    yield
    while tracking.active_run():
        tracking.end_run()
    tracking.set_tracking_uri("")
    close_stores()


@pytest.fixture
def store_uri(tmp_path: Path, settings_of_nobody: None) -> str:
    """The address of a store of the test's own, which is the current one."""
    from steelyard import tracking

    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    tracking.set_tracking_uri(uri)
    return uri
