"""A store of its own for every test that evaluates."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def store(tmp_path: Path, settings_of_nobody: None) -> Path:
    from steelyard import tracking

    tracking.set_tracking_uri(str(tmp_path / "store"))
    return tmp_path
