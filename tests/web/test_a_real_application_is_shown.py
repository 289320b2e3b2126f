"""What genai.evaluate() leaves behind, on the pages: the numbers of its result, its rows and its traces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from steelyard import genai, tracking
from steelyard.genai import scorer
from steelyard.server import create_app
from steelyard.store import open_store


@scorer
def exact(outputs: str, expectations: dict[str, Any]) -> bool:
    return outputs == expectations["expected_response"]


@scorer
def length(outputs: str) -> float:
    return len(outputs) / 10


@scorer
def broken(outputs: str) -> bool:
    raise ValueError(f"cannot judge {outputs[:3]}")


def answer(question: str) -> str:
    if question.endswith("7"):
        raise RuntimeError("seven is not known")
    return f"answer {question}"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Any]]:
    folder: Path = tmp_path_factory.mktemp("real-application")
    data = [
        {
            "inputs": {"question": f"q{i}"},
            "expectations": {"expected_response": f"answer q{i if i % 3 else 0}"},
            "tags": {"topic": "ab"[i % 2]},
        }
        for i in range(12)
    ]
    before = tracking.get_tracking_uri()
    tracking.set_tracking_uri(str(folder))
    try:
        result = genai.evaluate(data=data, predict_fn=answer, scorers=[exact, length, broken], repeats=2)
    finally:
        tracking.set_tracking_uri(before)
    store = open_store(folder)
    yield TestClient(create_app(store), base_url="http://localhost"), result
    store.close()


def test_the_page_of_the_run_tells_the_numbers_of_the_result(evaluated: tuple[TestClient, Any]):
    client, result = evaluated
    data = client.get(f"/runs/{result.run_id}.json").json()
    readings = {r["info"]["name"]: r["estimate"] for r in data["evaluation"]["readings"]}
    for name in ("exact/mean", "length/mean"):
        assert readings[name]["value"] == pytest.approx(result.metrics[name])
        assert (readings[name]["n"], readings[name]["missing"]) == (22, 2)
    assert data["progress"] is None
    for told in data["application"]["scorers"]:
        assert sum(part["count"] for part in told["outcomes"]) == told["planned"] == 24
    assert {p["info"]["name"] for p in data["application"]["passes"]} >= {"exact/pass@2", "exact/pass^2"}


def test_its_rows_are_found_and_stand_beside_their_traces(evaluated: tuple[TestClient, Any]):
    client, result = evaluated
    failed = client.get(f"/runs/{result.run_id}/rows.json", params={"outcome": "predict_failed"}).json()
    assert failed["matching"] == 2
    row = client.get(f"/runs/{result.run_id}/rows/{failed['lines'][0]['position']}.json").json()
    assert "seven is not known" in row["error"]
    right = client.get(f"/runs/{result.run_id}/rows.json", params={"scorer": "exact", "score": "yes"}).json()
    assert right["matching"] == round(result.metrics["exact/mean"] * 22)
    one = client.get(f"/runs/{result.run_id}/rows/{right['lines'][0]['position']}.json").json()
    assert one["waterfall"]["total"] >= 1
    assert {j["name"]: j["outcome"] for j in one["judged"]} == {
        "exact": "scored", "length": "scored", "broken": "scorer_error",
    }  # fmt: skip
    assert len(client.get("/traces.json", params={"run": result.run_id}).json()["traces"]) == 24
    assert client.get("/traces/timeline.json", params={"run": result.run_id}).json()["n"] == 24
