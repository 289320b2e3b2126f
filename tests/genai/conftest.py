"""A store of its own for every test, and a language model on loopback for those that ask for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.llm.server import LlmServer


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

    def start(**options: object) -> LlmServer:
        server = LlmServer(**options).__enter__()  # type: ignore[arg-type]
        started.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        return server

    yield start
    for server in started:
        server.__exit__()
