"""The store under test: every test that takes ``store`` runs on SQLite and on PostgreSQL.

A third back end joins by one more name in ``BACK_ENDS`` and one more branch in ``store_url``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.records import Store
from steelyard.store import open_store

sys.path.insert(0, str(Path(__file__).parent))

from postgres import PostgresMissing, empty, fresh_database, shared_server

BACK_ENDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the session's private server, shared by the workers of pytest-xdist if there are any."""
    shared, worker_id = tmp_path_factory.getbasetemp(), os.environ.get("PYTEST_XDIST_WORKER", "alone")
    if worker_id != "alone":
        shared = shared.parent
    try:
        with shared_server(shared, worker=worker_id) as url:
            yield url
    except PostgresMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The URL of this worker's database, with the tables of a new store."""
    with fresh_database(postgres_server) as url:
        open_store(url).close()
        yield url


@pytest.fixture(params=BACK_ENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db?artifacts={tmp_path}/artifacts"
        return
    url = request.getfixturevalue("postgres_database")
    yield f"{url}&artifacts={tmp_path}/artifacts"
    empty(url)  # far quicker than a database for each test


@pytest.fixture(params=BACK_ENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has no tables yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield f"{url}&artifacts={tmp_path}/artifacts"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def run_id(store: Store) -> str:
    """A fresh run of the experiment Default."""
    return store.runs.create("0").info.run_id
