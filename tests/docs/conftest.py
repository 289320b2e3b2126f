"""Each page has a working folder of its own, with its store in it, as a reader's project has; and a model to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.llm.server import LlmServer


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings_of_nobody: None) -> Path:
    """An empty folder that is the working folder; no setting is left over from another test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    """A model on loopback, named as a reader names one; it dislikes answers that do not know."""
    with LlmServer(rule=_says) as server:
        for name in ("STEELYARD_JUDGE_MODEL", "STEELYARD_JUDGE_BASE_URL", "MLFLOW_GENAI_JUDGE_DEFAULT_MODEL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "no-real-key")
        yield server


def _says(prompt: str, schema: Mapping[str, Any] | None) -> Any:
    """Return a yes-or-no verdict; None leaves the answer to the server: it fits the schema and has no meaning."""
    verdict = (schema or {}).get("properties", {}).get("result", {})
    good = "I do not know" not in prompt
    if verdict.get("type") == "boolean":
        return {"result": good}
    return {"result": "yes" if good else "no"} if "yes" in verdict.get("enum", ()) else None
