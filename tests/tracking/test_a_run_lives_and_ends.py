"""Starting, nesting, resuming and ending runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from steelyard import tracking
from steelyard.errors import InvalidArgument, NotFound


def test_a_with_block_ends_its_run_as_finished() -> None:
    with tracking.start_run(run_name="first", description="why") as run:
        assert tracking.active_run() is run
        assert run.info.status == "RUNNING"
    ended = tracking.get_run(run.info.run_id)
    assert (ended.info.status, ended.info.run_name) == ("FINISHED", "first")
    assert ended.info.end_time is not None
    assert ended.info.end_time >= ended.info.start_time
    assert ended.data.tags["mlflow.note.content"] == "why"
    assert ended.data.tags["mlflow.runName"] == "first"
    assert tracking.active_run() is None
    assert tracking.last_active_run() == ended


def test_an_exception_ends_its_run_as_failed_and_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), tracking.start_run() as run:
        _ = 1 / 0
    assert tracking.get_run(run.info.run_id).info.status == "FAILED"
    assert tracking.active_run() is None


def test_end_run_takes_a_status() -> None:
    run = tracking.start_run()
    tracking.end_run("KILLED")
    assert tracking.get_run(run.info.run_id).info.status == "KILLED"
    tracking.end_run()  # without an active run there is nothing to end


def test_an_unknown_status_is_refused_and_the_run_stays_open() -> None:
    run = tracking.start_run()
    with pytest.raises(InvalidArgument, match="'DONE'"):
        tracking.end_run("DONE")
    assert tracking.active_run() is run


def test_a_second_run_needs_to_be_nested() -> None:
    with tracking.start_run() as outer:
        with pytest.raises(InvalidArgument, match=outer.info.run_id):
            tracking.start_run()
        with tracking.start_run(nested=True) as inner:
            assert tracking.active_run() is inner
        assert tracking.active_run() is outer
    assert tracking.get_parent_run(outer.info.run_id) is None
    parent = tracking.get_parent_run(inner.info.run_id)
    assert parent is not None
    assert parent.info.run_id == outer.info.run_id
    assert tracking.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"] == outer.info.run_id


def test_a_parent_can_be_named() -> None:
    with tracking.start_run() as parent:
        pass
    with tracking.start_run(parent_run_id=parent.info.run_id) as child:
        pass
    assert tracking.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    with pytest.raises(NotFound):
        tracking.start_run(parent_run_id="0" * 32)
    assert tracking.active_run() is None


def test_ending_the_outer_run_first_leaves_the_inner_active() -> None:
    outer = tracking.start_run()
    with tracking.start_run(nested=True) as inner:
        outer.__exit__(None, None, None)
        assert tracking.active_run() is inner
    assert tracking.active_run() is None


def test_a_run_can_be_resumed() -> None:
    with tracking.start_run() as first:
        tracking.log_param("depth", 3)
    with tracking.start_run(run_id=first.info.run_id, tags={"again": "yes"}) as again:
        assert again.data.params == {"depth": "3"}
        assert tracking.get_run(first.info.run_id).info.status == "RUNNING"
    resumed = tracking.get_run(first.info.run_id)
    assert resumed.info.status == "FINISHED"
    assert resumed.data.tags["again"] == "yes"


def test_a_deleted_run_is_not_resumed() -> None:
    with tracking.start_run() as run:
        pass
    tracking.delete_run(run.info.run_id)
    with pytest.raises(InvalidArgument, match="deleted"):
        tracking.start_run(run_id=run.info.run_id)


def test_a_run_is_resumed_only_in_its_own_experiment() -> None:
    with tracking.start_run() as run:
        pass
    other = tracking.create_experiment("other")
    with pytest.raises(InvalidArgument, match="experiment"):
        tracking.start_run(run_id=run.info.run_id, experiment_id=other)


def test_logging_starts_a_run_when_none_is_active() -> None:
    tracking.log_metric("loss", 0.5)
    run = tracking.active_run()
    assert run is not None
    tracking.end_run()
    assert tracking.get_run(run.info.run_id).data.metrics == {"loss": 0.5}


def test_an_evaluation_uses_the_active_run_and_leaves_it_open() -> None:
    with tracking.start_run() as run, tracking.run_for_evaluation() as used:
        assert used is run
    with tracking.run_for_evaluation("mine") as own:
        assert own.info.run_name == "mine"
    assert tracking.active_run() is None
    assert tracking.get_run(own.info.run_id).info.status == "FINISHED"


def test_an_active_run_keeps_its_store_when_the_tracking_uri_changes(tmp_path: Path, store_uri: str) -> None:
    with tracking.start_run() as run:
        tracking.set_tracking_uri(tmp_path / "other.db")
        tracking.log_metric("loss", 1.0)
    kept = tracking.MlflowClient(store_uri).get_run(run.info.run_id)
    assert (kept.data.metrics, kept.info.status) == ({"loss": 1.0}, "FINISHED")


def test_a_change_of_folder_does_not_change_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    tracking.set_tracking_uri("sqlite:///here.db")
    with tracking.start_run():
        monkeypatch.chdir(tmp_path / "b")
        tracking.log_metric("loss", 1.0)
    assert [path.name for path in (tmp_path / "b").iterdir()] == []


_SCRIPT = """
import sys, steelyard
steelyard.set_tracking_uri(sys.argv[1])
print(steelyard.start_run().info.run_id, flush=True)
{last}
"""


@pytest.mark.parametrize(("last", "status"), [("pass", "FINISHED"), ("raise RuntimeError('no')", "FAILED")])
def test_a_run_left_open_is_ended_with_its_process(store_uri: str, last: str, status: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(last=last), store_uri], capture_output=True, text=True, check=False
    )
    assert tracking.get_run(done.stdout.strip()).info.status == status
