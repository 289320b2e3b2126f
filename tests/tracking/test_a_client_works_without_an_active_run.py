"""MlflowClient: any run of any store."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from steelyard import data, tracking
from steelyard.entities import DatasetInput, Metric, Param, RunStatus, RunTag
from steelyard.errors import InvalidArgument, NotFound


@pytest.fixture
def client() -> tracking.MlflowClient:
    return tracking.MlflowClient()


@pytest.fixture
def run_id(client: tracking.MlflowClient) -> str:
    return client.create_run("0", run_name="made", tags={"team": "risk"}).info.run_id


def test_a_run_is_made_changed_and_ended(client: tracking.MlflowClient, run_id: str) -> None:
    assert tracking.active_run() is None
    client.update_run(run_id, name="renamed")
    client.set_terminated(run_id, RunStatus.FAILED, end_time=2**41)
    run = client.get_run(run_id)
    assert (run.info.run_name, run.info.status, run.info.end_time) == ("renamed", "FAILED", 2**41)
    assert run.data.tags["mlflow.runName"] == "renamed"
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    client.restore_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_a_batch_is_kept_wholly_or_not_at_all(client: tracking.MlflowClient, run_id: str) -> None:
    client.log_batch(run_id, [Metric("f1", 0.5, 10, 1)], [Param("depth", "3")], [RunTag("stage", "x")])
    run = client.get_run(run_id)
    assert (run.data.metrics, run.data.params, run.data.tags["stage"]) == ({"f1": 0.5}, {"depth": "3"}, "x")
    assert client.get_metric_history(run_id, "f1") == [Metric("f1", 0.5, 10, 1)]
    with pytest.raises(InvalidArgument, match="'depth'"):
        client.log_batch(run_id, [Metric("new", 1.0)], [Param("depth", "3"), Param("depth", "4")])
    assert "new" not in client.get_run(run_id).data.metrics


def test_values_are_logged_one_by_one(client: tracking.MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "f1", 0.5, synchronous=True)
    assert client.log_param(run_id, "depth", 3) == 3
    client.set_tag(run_id, "a", 1)
    client.delete_tag(run_id, "team")
    run = client.get_run(run_id)
    assert (run.data.metrics, run.data.params, run.data.tags["a"]) == ({"f1": 0.5}, {"depth": "3"}, "1")
    assert "team" not in run.data.tags


def test_artifacts_are_kept_listed_and_copied_out(client: tracking.MlflowClient, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    client.log_artifact(run_id, tmp_path / "in" / "a.txt", "one")
    client.log_artifacts(run_id, tmp_path / "in", "two")
    client.log_text(run_id, "hello", "b.txt")
    client.log_dict(run_id, {"a": 1}, "c.json")
    client.log_table(run_id, {"a": [1]}, "d.json")
    client.log_image(run_id, [[0, 255]], "e.png")
    assert [info.path for info in client.list_artifacts(run_id)] == ["b.txt", "c.json", "d.json", "e.png", "one", "two"]
    assert Path(client.download_artifacts(run_id, "two", tmp_path / "out")).joinpath("a.txt").read_text() == "a"


def test_experiments_are_made_renamed_and_brought_back(client: tracking.MlflowClient) -> None:
    made = client.create_experiment("a", tags={"x": 1})
    client.rename_experiment(made, "b")
    client.set_experiment_tag(made, "y", 2)
    experiment = client.get_experiment(made)
    assert (experiment.name, experiment.tags) == ("b", {"x": "1", "y": "2"})
    client.delete_experiment(made)
    assert [e.name for e in client.search_experiments()] == ["Default"]
    client.restore_experiment(made)
    assert {e.name for e in client.search_experiments()} == {"Default", "b"}


def test_two_clients_have_two_stores(client: tracking.MlflowClient, run_id: str, tmp_path: Path) -> None:
    other = tracking.MlflowClient(str(tmp_path / "other.db"))
    with pytest.raises(NotFound, match=run_id):
        other.get_run(run_id)


def test_datasets_are_recorded_whatever_they_are(client: tracking.MlflowClient, run_id: str) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    foreign = SimpleNamespace(name="theirs", digest="1a2b3c4d", source=None, schema=None, profile={"rows": 2})
    with tracking.start_run() as run:
        tracking.log_input(data.from_pandas(frame, name="ours"), context="training")
        tracking.log_input(foreign, context="testing")
        tracking.log_input(DatasetInput(name="record", digest="d"))
        tracking.log_inputs([frame], contexts=["raw"])
        with pytest.raises(InvalidArgument, match="2 contexts"):
            tracking.log_inputs([frame], contexts=["a", "b"])
    inputs = tracking.get_run(run.info.run_id).inputs.dataset_inputs
    assert [(one.name, one.context) for one in inputs[:3]] == [
        ("ours", "training"),
        ("theirs", "testing"),
        ("record", ""),
    ]
    assert inputs[1].profile == '{"rows": 2}'
    assert inputs[3].context == "raw"
    assert inputs[3].digest == inputs[0].digest != ""
    client.log_inputs(run_id, [frame])
    assert client.get_run(run_id).inputs.dataset_inputs[0].digest == inputs[0].digest


def test_durable_and_quick_points_are_both_there(client: tracking.MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "quick", 1.0)
    client.log_metric(run_id, "sure", 2.0, synchronous=True)
    assert client.get_run(run_id).data.metrics == {"quick": 1.0, "sure": 2.0}
