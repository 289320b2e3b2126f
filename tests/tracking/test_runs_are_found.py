"""search_runs: MLflow's columns, pages, experiments, order."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from steelyard import tracking
from steelyard.entities import ViewType
from steelyard.errors import FilterError, InvalidArgument


@pytest.fixture
def runs() -> list[str]:
    ids = []
    tracking.set_experiment("churn")
    for number in range(3):
        with tracking.start_run(run_name=f"r{number}") as run:
            tracking.log_metric("f1", number / 10)
            if number:
                tracking.log_param("depth", number)
                tracking.set_tag("team", "risk")
            ids.append(run.info.run_id)
    return ids


def test_a_frame_has_mlflows_columns(runs: list[str]) -> None:
    frame = tracking.search_runs(order_by=["metrics.f1 DESC"])
    assert isinstance(frame, pd.DataFrame)
    leading = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    assert list(frame.columns[:6]) == leading
    assert {"metrics.f1", "params.depth", "tags.team", "tags.mlflow.runName"} <= set(frame.columns)
    assert list(frame["run_id"]) == runs[::-1]
    assert list(frame["params.depth"]) == ["2", "1", None]
    assert isinstance(frame["start_time"].dtype, pd.DatetimeTZDtype)
    assert str(frame["end_time"].dt.tz) == "UTC"


def test_a_run_without_an_end_or_a_metric_has_gaps(runs: list[str]) -> None:
    tracking.start_run()
    frame = tracking.search_runs(order_by=["start_time DESC"])
    assert isinstance(frame, pd.DataFrame)
    open_run = frame[frame["status"] == "RUNNING"].iloc[0]
    assert pd.isna(open_run["end_time"])
    assert pd.isna(open_run["metrics.f1"])


def test_nothing_found_is_a_frame_without_rows() -> None:
    frame = tracking.search_runs(filter_string="metrics.f1 > 2")
    assert isinstance(frame, pd.DataFrame)
    assert frame.empty
    assert list(frame.columns) == ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]


def test_runs_are_filtered_and_listed(runs: list[str]) -> None:
    found = tracking.search_runs(filter_string="params.depth = '2' OR metrics.f1 < 0.05", output_format="list")
    assert {run.info.run_id for run in found} == {runs[0], runs[2]}
    assert len(tracking.search_runs(max_results=2, output_format="list")) == 2


def test_a_filter_that_does_not_parse_is_refused() -> None:
    with pytest.raises(FilterError):
        tracking.search_runs(filter_string="metrics.f1 >")


def test_deleted_runs_are_seen_on_request(runs: list[str]) -> None:
    tracking.delete_run(runs[0])
    assert len(tracking.search_runs(output_format="list")) == 2
    for view in (ViewType.DELETED_ONLY, 2):
        found = tracking.search_runs(run_view_type=view, output_format="list")
        assert [run.info.run_id for run in found] == [runs[0]]
    assert len(tracking.search_runs(run_view_type=ViewType.ALL, output_format="list")) == 3
    with pytest.raises(InvalidArgument, match="SOME"):
        tracking.search_runs(run_view_type="SOME")


def test_experiments_are_named_by_id_by_name_or_all(runs: list[str]) -> None:
    tracking.set_experiment("other")
    with tracking.start_run():
        pass
    churn = tracking.get_experiment_by_name("churn")
    assert churn is not None

    def count(**where: Any) -> int:
        return len(tracking.search_runs(output_format="list", **where))

    assert count() == 1
    assert count(experiment_names=["churn"]) == 3
    assert count(experiment_ids=[churn.experiment_id]) == 3
    assert count(search_all_experiments=True) == 4
    with pytest.raises(InvalidArgument, match="'nowhere'"):
        count(experiment_names=["nowhere"])
    with pytest.raises(InvalidArgument, match="both"):
        count(experiment_ids=["0"], experiment_names=["churn"])
    with pytest.raises(InvalidArgument, match="lists"):
        count(experiment_names="churn")
    with pytest.raises(InvalidArgument, match="output_format"):
        tracking.search_runs(output_format="polars")  # type: ignore[arg-type] - the point of the test


def test_a_client_reads_page_by_page(runs: list[str]) -> None:
    client = tracking.MlflowClient()
    experiment = client.get_experiment_by_name("churn")
    assert experiment is not None
    seen: list[str] = []
    token = None
    while True:
        page = client.search_runs([experiment.experiment_id], max_results=2, page_token=token)
        seen.extend(run.info.run_id for run in page)
        token = page.token
        if not token:
            break
    assert sorted(seen) == sorted(runs)
