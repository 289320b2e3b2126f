"""A good server and a key for it; nothing of the machine's own settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.llm.server import LlmServer
from tests.llm.times import FakeTime

from steelyard.llm import Message, Question

SCHEMA = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "result": {"enum": ["yes", "no"]},
        "rationale": {"type": "string"},
    },
    "required": ["score", "result", "rationale"],
}


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(
            ("OPENAI_", "ANTHROPIC_", "STEELYARD_JUDGE", "MLFLOW_GENAI", "AZURE_", "GOOGLE_", "GEMINI_")
        ):
            monkeypatch.delenv(name)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LlmServer]]:
    """Start a server that the environment names as OpenAI's and Anthropic's."""
    started: list[LlmServer] = []

    def start(*args: object, **options: object) -> LlmServer:
        server = LlmServer(*args, **options).__enter__()  # type: ignore[arg-type]
        started.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.root)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-0123456789")
        return server

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def question() -> Callable[..., Question]:
    """Make a question to a judge; ``schema`` and the rest may be changed."""

    def make(text: str = "Is Paris in France?", **fields: object) -> Question:
        given = {"model": "openai:/gpt-4o-mini", "schema": SCHEMA, **fields}
        return Question(messages=(Message("system", "You are a judge."), Message("user", text)), **given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()
