"""The script as the field publishes it runs with nothing changed but the import, and unchanged through the alias."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.llm.server import LlmServer

from steelyard.store import open_store

# As published, for the comments left out: https://mlflow.org, "Evaluating LLMs/Agents with MLflow".
SCRIPT = """
import os
import openai
import mlflow
from mlflow.genai.scorers import Correctness, Guidelines
client = openai.OpenAI(api_key=os.getenv("OPENAI_API_KEY"))
dataset = [
    {
        "inputs": {"question": "Can MLflow manage prompts?"},
        "expectations": {"expected_response": "Yes!"},
    },
    {
        "inputs": {"question": "Can MLflow create a taco for my lunch?"},
        "expectations": {
            "expected_response": "No, unfortunately, MLflow is not a taco maker."
        },
    },
]
def predict_fn(question: str) -> str:
    response = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
    )
    return response.choices[0].message.content
results = mlflow.genai.evaluate(
    data=dataset,
    predict_fn=predict_fn,
    scorers=[
        Correctness(),
        Guidelines(name="is_english", guidelines="The answer must be in English"),
    ],
)
"""


@pytest.mark.parametrize("way", ["import changed", "alias"])
def test_the_seed_gives_a_run_with_two_judges(tmp_path: Path, serve: Callable[..., LlmServer], way: str) -> None:
    server = serve(rule=lambda prompt, schema: {"result": "no" if "taco" in prompt else "yes"})
    script = tmp_path / "seed.py"
    if way == "alias":
        script.write_text(SCRIPT)
        command = [sys.executable, "-m", "steelyard.mlflow", str(script)]
    else:
        script.write_text(
            SCRIPT.replace("import mlflow", "import steelyard as mlflow").replace("from mlflow", "from steelyard")
        )
        command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert server.calls == 6
    store = open_store(tmp_path / "steelyard.db")
    (run,) = store.search.search(["0"]).items
    assert run.info.status == "FINISHED"
    assert run.data.metrics["correctness/mean"] == run.data.metrics["is_english/mean"] == 0.5
    spans = store.traces.spans([info.trace_id for info in store.traces.search(["0"]).items])
    assert {span.model for each in spans.values() for span in each if span.model} == {"gpt-4o-mini"}
    store.close()
    assert "correctness" in done.stderr
