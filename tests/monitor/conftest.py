"""Stores for tests of alarms: each a copy of one empty file, which is quicker than making its tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from steelyard.records import Store
from steelyard.store import open_store
from steelyard.tracking import get_store


@pytest.fixture(scope="session")
def empty_alarm_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables of a new store."""
    file = tmp_path_factory.mktemp("alarms") / "runs.db"
    open_store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def alarm_store(store_uri: str, empty_alarm_file: Path, tmp_path: Path) -> Store:
    """An empty store, which is the current one."""
    shutil.copyfile(empty_alarm_file, tmp_path / "runs.db")
    return get_store()
