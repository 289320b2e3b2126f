"""Tracking URIs, experiments, settings from the environment, and the tags that tell where a run comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from steelyard import tracking
from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.tracking import origin


def test_our_own_setting_comes_before_mlflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking.set_tracking_uri("")
    assert tracking.get_tracking_uri() == "sqlite:///steelyard.db"
    assert not tracking.is_tracking_uri_set()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/theirs.db")
    assert tracking.get_tracking_uri().endswith("theirs.db")
    monkeypatch.setenv("STEELYARD_TRACKING_URI", f"sqlite:///{tmp_path}/ours.db")
    assert tracking.get_tracking_uri().endswith("ours.db")
    assert tracking.is_tracking_uri_set()


@pytest.mark.parametrize("uri", ["ftp://host/runs", "http://", 7])
def test_a_uri_that_no_store_can_have_is_refused_where_it_is_set(uri: Any, store_uri: str) -> None:
    with pytest.raises(InvalidArgument):
        tracking.set_tracking_uri(uri)
    assert tracking.get_tracking_uri() == store_uri


def test_an_experiment_is_made_when_it_is_first_named() -> None:
    made = tracking.set_experiment("churn", tags={"team": "risk"})
    assert tracking.get_experiment(made.experiment_id).tags["team"] == "risk"
    assert tracking.set_experiment("churn").experiment_id == made.experiment_id
    with tracking.start_run() as run:
        pass
    assert run.info.experiment_id == made.experiment_id


def test_without_an_experiment_runs_go_to_the_default() -> None:
    with tracking.start_run() as run:
        pass
    assert run.info.experiment_id == "0"
    assert tracking.get_experiment("0").name == "Default"


def test_a_chosen_experiment_holds_only_for_its_store(tmp_path: Path) -> None:
    tracking.set_experiment("churn")
    tracking.set_tracking_uri(tmp_path / "elsewhere.db")
    assert tracking.active_experiment_id() == "0"


def test_experiments_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "nightly")
    with tracking.start_run() as run:
        pass
    found = tracking.get_experiment_by_name("nightly")
    assert found is not None
    assert run.info.experiment_id == found.experiment_id
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", found.experiment_id)
    assert tracking.active_experiment_id() == found.experiment_id


def test_a_run_id_from_the_environment_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = tracking.MlflowClient().create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    with tracking.start_run() as first:
        assert first.info.run_id == run_id
    with tracking.start_run() as second:
        assert second.info.run_id != run_id


def test_experiments_are_created_found_and_deleted() -> None:
    made = tracking.create_experiment("a", tags={"k": "v"})
    with pytest.raises(AlreadyExists, match="'a'"):
        tracking.create_experiment("a")
    tracking.create_experiment("b")
    names = [experiment.name for experiment in tracking.search_experiments(order_by=["name ASC"])]
    assert names == ["Default", "a", "b"]
    assert [e.name for e in tracking.search_experiments(filter_string="name LIKE 'a%'")] == ["a"]
    assert len(tracking.search_experiments(max_results=2)) == 2
    tracking.delete_experiment(made)
    assert [e.name for e in tracking.search_experiments(view_type="DELETED_ONLY")] == ["a"]
    with pytest.raises(InvalidArgument, match="deleted"):
        tracking.set_experiment("a")


@pytest.mark.parametrize("arguments", [{}, {"experiment_name": "a", "experiment_id": "0"}, {"experiment_name": " "}])
def test_an_experiment_is_named_once(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        tracking.set_experiment(**arguments)


def test_an_unknown_experiment_id_is_not_found() -> None:
    with pytest.raises(NotFound):
        tracking.set_experiment(experiment_id="12345")


def test_a_place_for_artifacts_cannot_be_chosen() -> None:
    with pytest.raises(InvalidArgument, match="artifact_location"):
        tracking.create_experiment("x", artifact_location="/etc")


def test_a_run_tells_its_user_and_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["https://ann:secret@host/train.py", "--token", "secret"])
    with tracking.start_run() as run:
        pass
    tags = tracking.get_run(run.info.run_id).data.tags
    assert tags["mlflow.source.name"] == "https://***@host/train.py"
    assert tags["mlflow.source.type"] == "LOCAL"
    assert tags["mlflow.user"] == run.info.user_id != ""
    assert not any("secret" in value for value in tags.values())


def test_the_commit_is_read_as_git_tells_it(tmp_path: Path) -> None:
    def git(*words: str, folder: Path = tmp_path) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert origin.git_commit(tmp_path) is None
    git("init", "-q")
    assert origin.git_commit(tmp_path) is None
    git("commit", "-q", "--allow-empty", "-m", "one")
    (tmp_path / "deep").mkdir()
    assert origin.git_commit(tmp_path / "deep") == git("rev-parse", "HEAD")
    git("pack-refs", "--all")
    assert origin.git_commit(tmp_path) == git("rev-parse", "HEAD")
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    assert origin.git_commit(tmp_path / "tree") == git("rev-parse", "HEAD", folder=tmp_path / "tree")
    git("checkout", "-q", "--detach")
    assert origin.git_commit(tmp_path) == git("rev-parse", "HEAD")
