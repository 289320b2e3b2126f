"""What evaluate() leaves behind, on the pages: every number and every chart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from steelyard import tracking
from steelyard.evaluation import evaluate
from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web.formats import interval, score

from .conftest import live


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def runs(folder: Path) -> Iterator[dict[str, Any]]:
    """Three evaluations of static predictions: binary, of three classes, and a regression."""
    binary = {"targets": "yes", "predictions": "called", "probabilities": "share"}
    moods = {"targets": "mood", "predictions": "mood_called"}
    random = np.random.default_rng(5)
    n = 400
    truth = random.integers(0, 3, n)
    guess = np.where(random.random(n) < 0.8, truth, random.integers(0, 3, n))
    share = random.beta(2, 2, n)
    data = pd.DataFrame(
        {
            "review": [f"a review of some length, number {i}" for i in range(n)],
            "city": random.choice(["Basel", "Delft", "Ghent"], n),
            "yes": (random.random(n) < share).astype(int),
            "share": share,
            "called": (share > 0.5).astype(int),
            "mood": np.array(["bad", "fair", "good"])[truth],
            "mood_called": np.array(["bad", "fair", "good"])[guess],
            "price": random.gamma(4, 50, n),
        }
    )
    data["price_called"] = data["price"] + random.normal(0, 10, n)
    before = tracking.get_tracking_uri()
    tracking.set_tracking_uri(str(folder))
    try:
        yield {
            "binary": evaluate(data=data, model_type="classifier", slices=["city"], **binary),
            "multiclass": evaluate(data=data, model_type="classifier", slices=["city"], **moods),
            "regression": evaluate(data=data, targets="price", predictions="price_called", model_type="regressor"),
        }
    finally:
        tracking.set_tracking_uri(before)


@pytest.fixture(scope="module")
def real_store(folder: Path, runs: dict[str, Any]) -> Iterator[Store]:
    opened = open_store(folder)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_every_metric_stands_on_the_page_of_its_run(real_store: Store, runs: dict[str, Any], kind: str):
    result = runs[kind]
    with TestClient(create_app(real_store), base_url="http://localhost") as client:
        page = client.get(f"/runs/{result.run_id}").text
        data = client.get(f"/runs/{result.run_id}.json").json()
    infos = {r["info"]["name"]: r["info"] for f in data["evaluation"]["families"] for r in f["readings"]}
    assert infos
    for name in infos:
        estimate = result.estimates[name]
        if estimate.value is not None and infos[name]["unit"] != "count":
            assert score(estimate.value) in page
            assert interval(estimate) in page


def test_metrics_of_single_labels_stand_in_a_table_of_their_own(real_store: Store, runs: dict[str, Any]):
    with TestClient(create_app(real_store), base_url="http://localhost") as client:
        labels = client.get(f"/runs/{runs['multiclass'].run_id}.json").json()["evaluation"]["labels"]
    assert [label for label, _ in labels["rows"]] == ["bad", "fair", "good"]
    assert {"Precision", "Recall", "F1"} <= {m["title"] for m in labels["metrics"]}


def test_rows_that_cannot_be_read_leave_the_rest_of_the_page(real_store: Store, runs: dict[str, Any]):
    run_id = runs["regression"].run_id
    kept = real_store.artifacts.read(run_id, "rows.parquet")
    real_store.artifacts.put(run_id, "rows.parquet", kept[:100])
    with TestClient(create_app(real_store), base_url="http://localhost") as client:
        page, rows = client.get(f"/runs/{run_id}"), client.get(f"/runs/{run_id}/rows")
    real_store.artifacts.put(run_id, "rows.parquet", kept)
    assert page.status_code == 200
    assert "The rows cannot be read" in page.text
    assert "Mean absolute error" in page.text
    assert rows.status_code == 500
    assert "The rows cannot be read" in rows.text


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_every_chart_is_drawn_under_the_strict_policy(
    real_store: Store, runs: dict[str, Any], chromium: Any, kind: str
):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    troubles: list[str] = []
    page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: troubles.append(str(e)))
    with live(real_store) as address:
        page.goto(f"{address}/runs/{runs[kind].run_id}")
        charts = page.locator("vega-chart")
        assert charts.count() >= 3
        for i in range(charts.count()):
            charts.nth(i).scroll_into_view_if_needed()
            charts.nth(i).locator("svg").wait_for()
        assert page.locator("vega-chart:not([data-state=drawn])").count() == 0
        page.close()
    assert not troubles
