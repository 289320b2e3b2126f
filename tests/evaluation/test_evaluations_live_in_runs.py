"""Where an evaluation is kept: the caller's run, a run of its own, nested runs, two evaluations in one run."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pandas as pd
import pytest

import steelyard
from steelyard.errors import NotFound, StoreUnavailable, UnreadableFile
from steelyard.records import EvaluationSummary

RIGHT = {"targets": "y", "predictions": "yhat", "model_type": "classifier"}


def test_a_run_is_started_and_ended_if_none_is_active(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table, run_name="alone", name="mine", **RIGHT)
    assert steelyard.active_run() is None
    run = steelyard.get_run(result.run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "alone")
    assert run.data.metrics["accuracy_score"] == result.metrics["accuracy_score"]
    assert run.inputs.dataset_inputs[0].name == "mine"
    assert run.inputs.dataset_inputs[0].digest == result.summary.dataset.digest


def test_the_callers_run_stays_open(table: pd.DataFrame) -> None:
    with steelyard.start_run() as parent:
        with steelyard.start_run(nested=True) as child:
            inner = steelyard.evaluate(data=table, **RIGHT)
        outer = steelyard.evaluate(data=table, **RIGHT)
        assert (inner.run_id, outer.run_id) == (child.info.run_id, parent.info.run_id)
        active = steelyard.active_run()
        assert active is not None
        assert active.info.run_id == parent.info.run_id


def test_two_evaluations_with_prefixes_share_a_run(table: pd.DataFrame) -> None:
    with steelyard.start_run() as run:
        first = steelyard.evaluate(data=table, evaluator_config={"metric_prefix": "train_"}, **RIGHT)
        second = steelyard.evaluate(data=table.head(50), evaluator_config={"metric_prefix": "test_"}, **RIGHT)
    kept = steelyard.get_run(run.info.run_id)
    for prefix, result in (("train_", first), ("test_", second)):
        assert kept.data.metrics[f"{prefix}accuracy_score"] == result.metrics[f"{prefix}accuracy_score"]
        stored = result.store.artifacts.read(run.info.run_id, f"{prefix}evaluation.json")
        assert msgspec.json.decode(stored, type=EvaluationSummary) == result.summary
        assert len(result.tables["eval_results_table"]) == result.summary.n_rows
        assert result.artifacts["confusion_matrix"].path == f"{prefix}confusion_matrix.png"
    assert {d.context for d in kept.inputs.dataset_inputs} == {"train_", "test_"}


def test_evaluating_again_in_one_run_replaces_the_whole_of_it(table: pd.DataFrame) -> None:
    with steelyard.start_run():
        steelyard.evaluate(data=table, **RIGHT)
        second = steelyard.evaluate(data=table.head(50), **RIGHT)
    stored = msgspec.json.decode(second.store.artifacts.read(second.run_id, "evaluation.json"), type=EvaluationSummary)
    assert stored == second.summary
    assert len(second.tables["eval_results_table"]) == 50


def test_a_result_is_saved_in_mlflows_layout_and_loaded_without_a_store(table: pd.DataFrame, tmp_path: Path) -> None:
    result = steelyard.evaluate(
        data=table, probabilities="p", slices=["category"], evaluator_config={"metric_prefix": "v_"}, **RIGHT
    )
    folder = tmp_path / "saved"
    result.save(folder)
    assert json.loads((folder / "metrics.json").read_text())["v_accuracy_score"] == result.metrics["v_accuracy_score"]
    about = json.loads((folder / "artifacts_metadata.json").read_text())
    assert (folder / about["roc_curve_plot"]["path"]).read_bytes().startswith(b"\x89PNG")
    steelyard.set_tracking_uri(f"sqlite:///{tmp_path / 'other.db'}")
    loaded = steelyard.EvaluationResult.load(folder)
    assert loaded.summary == result.summary
    assert loaded.metrics == pytest.approx(result.metrics, nan_ok=True)
    assert loaded.estimates == result.estimates
    assert loaded.slices == result.slices
    assert list(loaded.artifacts) == list(result.artifacts)
    assert loaded.tables["eval_results_table"].equals(result.tables["eval_results_table"])
    loaded.save(tmp_path / "again")
    assert steelyard.EvaluationResult.load(tmp_path / "again").summary == result.summary


def test_a_folder_without_a_result_is_told(tmp_path: Path, table: pd.DataFrame) -> None:
    with pytest.raises(NotFound, match="no result was saved there"):
        steelyard.EvaluationResult.load(tmp_path)
    (tmp_path / "evaluation.json").write_text('{"run_id": 3')
    with pytest.raises(UnreadableFile, match="damaged"):
        steelyard.EvaluationResult.load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be saved"):
        steelyard.evaluate(data=table, **RIGHT).save(tmp_path / "file" / "below")


def test_progress_is_told_step_by_step(table: pd.DataFrame) -> None:
    told: list[tuple[str, int, int]] = []
    steelyard.evaluate(data=table, progress=lambda *step: told.append(step), **RIGHT)
    assert told == [("predict", 120, 120), ("score", 120, 120)]
