"""A model's server that the environment names as OpenAI's, for tests of monitors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.llm.server import LlmServer

MODEL = "openai:/gpt-4o-mini"


@contextmanager
def judging(monkeypatch: pytest.MonkeyPatch, script: Any = None, **options: Any) -> Iterator[LlmServer]:
    """Serve as OpenAI until the end of the block."""
    with LlmServer(script, **options) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        yield server
