"""The whole demo in a process of its own, where nothing can be downloaded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from steelyard.compare import compare
from steelyard.server import create_app
from steelyard.store import open_store

WITHOUT_NETWORK = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "steelyard.demo", "--folder", str(folder), "--no-ui"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **WITHOUT_NETWORK, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def store(shown):
    opened = open_store(shown[0] / "runs")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def experiment(store):
    return store.experiments.find("Demo: written digits")


@pytest.fixture(scope="module")
def runs(store, experiment):
    return {run.info.run_name: run for run in store.search.search([experiment.experiment_id]).items}


def test_it_says_in_one_sentence_why_other_data_is_shown_and_nothing_on_stderr(shown):
    done = shown[1]
    assert done.stderr == ""
    assert done.stdout.count("The data could not be fetched, so scikit-learn's own is shown instead") == 1


def test_every_experiment_names_its_first_run_as_the_baseline_and_says_where_the_data_is_from(store):
    experiments = [e for e in store.experiments.search().items if e.name.startswith("Demo: ")]
    assert len(experiments) == 3
    for experiment in experiments:
        found = store.search.search([experiment.experiment_id], order_by=["start_time ASC"]).items
        assert experiment.tags["steelyard.baseline"] == found[0].info.run_id
        assert "BSD" in experiment.tags["mlflow.note.content"]
        assert all(run.info.status == "FINISHED" and "mlflow.note.content" in run.data.tags for run in found)


def test_the_candidate_is_better_overall_and_worse_where_labels_were_left_out(shown, store, runs):
    baseline, candidate, check = (
        runs[name].info.run_id for name in ("naive Bayes, all images", "forest, cheaper labels", "forest, all images")
    )
    found = compare(candidate, baseline, store=store)
    cell = found.slices["digit=8"]["accuracy_score"]
    assert (found.verdicts["accuracy_score"], cell.verdict) == ("better", "worse")
    assert compare(check, candidate, store=store).slices["digit=8"]["accuracy_score"].verdict == "better"
    assert found.differences["accuracy_score"].sentence in shown[1].stdout
    assert cell.sentence.replace("digit 8", "digit=8", 1) in shown[1].stdout


def test_what_is_printed_of_accuracy_is_what_scikit_learn_finds_in_the_stored_rows(shown, store, runs):
    import pandas as pd
    from sklearn.metrics import accuracy_score

    row = next(line for line in shown[1].stdout.splitlines() if line.startswith("  Accuracy  "))
    printed = [float(value) for value in re.findall(r"([\d.]+) \[", row)]
    expected = []
    for name in ("naive Bayes, all images", "forest, cheaper labels", "forest, all images"):
        rows = pd.read_parquet(store.artifacts.local_path(runs[name].info.run_id, "rows.parquet"))
        expected.append(round(accuracy_score(rows["target"], rows["prediction"]), 3))
    assert printed == expected


def test_each_run_keeps_its_model_its_own_metric_and_its_own_artifact(store, runs):
    for run in runs.values():
        run_id = run.info.run_id
        assert [model.name for model in store.models.list(run_id=run_id)] == ["model"]
        assert "confident_mistakes/mean" in run.data.metrics
        assert any(artifact.path.startswith("surest_mistakes") for artifact in store.artifacts.walk(run_id))
        assert {"learner", "left_out", "training_rows"} <= run.data.params.keys()


def test_the_address_at_the_end_opens_the_comparison(shown, store):
    address = re.search(r"http://127\.0\.0\.1:5000(/compare\?\S+)", shown[1].stdout.splitlines()[-1])
    page = TestClient(create_app(store), base_url="http://127.0.0.1:5000").get(address[1])
    assert page.status_code == 200
    assert "forest, cheaper labels" in page.text
    assert "naive Bayes, all images" in page.text


def test_nothing_is_left_beside_the_runs_and_the_folder_of_downloads(shown):
    folder = shown[0]
    assert sorted(path.name for path in Path(folder).iterdir()) == ["data", "runs"]
    assert list((folder / "data").iterdir()) == []
