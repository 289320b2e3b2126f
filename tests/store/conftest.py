"""The store under test: every test that takes ``store`` runs on SQLite, on PostgreSQL and against a server.

Another back end joins by one more name in ``BACK_ENDS`` and one more branch in ``store_url``. Tests that look into the
database or onto its disk are marked ``AT_HAND`` (see ``back_ends.py``).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.rest.running import Running

from steelyard.records import Store
from steelyard.store import open_store

sys.path.insert(0, str(Path(__file__).parent))

from back_ends import DATABASES
from postgres import PostgresMissing, empty, fresh_database, shared_server

BACK_ENDS = (*DATABASES, pytest.param("remote", marks=pytest.mark.slow))
"""A server's cases are as many again and see the same code behind it: with the long suites, which CI runs."""


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


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables of a new store, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "store.db"
    open_store(file).close()
    return file


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A server on loopback, whose store each test brings."""
    server = Running()
    yield server
    server.close()


@pytest.fixture(params=BACK_ENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db?artifacts={tmp_path}/artifacts"
        return
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database")
        yield f"{url}&artifacts={tmp_path}/artifacts"
        empty(url)  # far quicker than a database for each test
        return
    monkeypatch.setenv("STEELYARD_CACHE", f"{tmp_path}/cache")
    running: Running = request.getfixturevalue("running")
    shutil.copyfile(request.getfixturevalue("empty_file"), tmp_path / "store.db")
    with closing(open_store(f"sqlite:///{tmp_path}/store.db?artifacts={tmp_path}/artifacts")) as behind:
        running.store = behind
        yield running.url


@pytest.fixture(params=DATABASES)
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
