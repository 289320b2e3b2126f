"""A model's server on loopback, and nothing of the machine's own settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.llm.server import LlmServer
from tests.llm.times import FakeTime


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OPENAI_", "ANTHROPIC_", "STEELYARD_JUDGE", "MLFLOW_")):
            monkeypatch.delenv(name)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LlmServer]]:
    """Start a server that the environment names as OpenAI's."""
    started: list[LlmServer] = []

    def start(*args: object, **options: object) -> LlmServer:
        server = LlmServer(*args, **options).__enter__()  # type: ignore[arg-type]
        started.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        return server

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()
