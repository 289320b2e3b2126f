from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .synthetic import FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    return FakeStore(tmp_path)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240601)
