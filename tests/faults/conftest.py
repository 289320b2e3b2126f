"""A store of its own for every test, a language model on loopback for those that ask for one, PostgreSQL for a few."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.llm.server import LlmServer
from tests.store.postgres import PostgresMissing, fresh_database, shared_server

from steelyard import tracking


@pytest.fixture(autouse=True)
def _own_store(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here writes to a store, and none sees the machine's own keys."""
    for name in os.environ:
        if name.startswith(("OPENAI_", "ANTHROPIC_", "STEELYARD_JUDGE", "MLFLOW_GENAI")):
            monkeypatch.delenv(name)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LlmServer]]:
    """Start a server that the environment names as OpenAI's."""
    started: list[LlmServer] = []

    def start(script: object = None, **options: object) -> LlmServer:
        server = LlmServer(script, **options).__enter__()  # type: ignore[arg-type]
        started.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        return server

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def postgres_uri(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, _own_store: None) -> Iterator[str]:
    """The address of an empty store on a private PostgreSQL, which is the current one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    shared = tmp_path_factory.getbasetemp() if worker == "alone" else tmp_path_factory.getbasetemp().parent
    folder = shared / "faults-postgres"
    folder.mkdir(exist_ok=True)
    try:
        with shared_server(folder, worker=worker) as server, fresh_database(server) as url:
            uri = f"{url}&artifacts={tmp_path}/artifacts"
            tracking.set_tracking_uri(uri)
            yield uri
            tracking.set_tracking_uri("")
            from steelyard.tracking.stores import close_stores

            close_stores()
    except PostgresMissing as missing:
        pytest.fail(str(missing), pytrace=False)
