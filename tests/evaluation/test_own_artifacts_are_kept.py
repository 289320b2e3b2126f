"""Artifacts of the caller's own: paths, objects, mappings of them, and every way to get one wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import steelyard
from steelyard.errors import InvalidArgument
from steelyard.models import EvaluationArtifact

mpl.use("agg")
PNG = b"\x89PNG\r\n\x1a\n"


def _evaluate(table: pd.DataFrame, **arguments: Any) -> steelyard.EvaluationResult:
    return steelyard.evaluate(data=table, targets="y", predictions="yhat", model_type="classifier", **arguments)


def test_a_returned_path_is_kept_under_the_artifacts_name(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def wrong_rows(eval_df: pd.DataFrame, _builtin_metrics: dict[str, float]) -> str:
        eval_df[eval_df["targets"] != eval_df["predictions"]].to_csv("out.csv", index=False)
        return "out.csv"

    result = _evaluate(table, extra_artifacts=[EvaluationArtifact(name="wrong_samples", func=wrong_rows)])
    assert result.artifacts["wrong_samples"].path == "wrong_samples.csv"
    frame = result.artifacts["wrong_samples"].content
    assert len(frame) == (table.y != table.yhat).sum()
    assert {"x", "category", "targets", "predictions"} <= set(frame.columns)


def test_mlflows_functions_get_a_folder_and_return_a_mapping(table: pd.DataFrame) -> None:
    def many(eval_df: pd.DataFrame, builtin_metrics: dict[str, float], artifacts_dir: str) -> dict[str, Any]:
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().plot([1, 2])
        figure.savefig(Path(artifacts_dir) / "drawn.png")
        (Path(artifacts_dir) / "words.txt").write_text("hello")
        eval_df.to_parquet(Path(artifacts_dir) / "all.parquet")
        return {
            "drawn": str(Path(artifacts_dir) / "drawn.png"),
            "figure": figure,
            "words": Path(artifacts_dir) / "words.txt",
            "all": Path(artifacts_dir) / "all.parquet",
            "frame": pd.DataFrame({"a": [1, 2]}),
            "array": np.arange(3),
            "numbers": {"accuracy": builtin_metrics["accuracy_score"], "of": np.int64(3), "list": np.ones(2)},
            "json_text": '{"a": 1}',
            "text": "plain words",
        }

    result = _evaluate(table, custom_artifacts=[many])
    assert not result.failures
    kept = {name: result.artifacts[name] for name in result.artifacts}
    assert kept["drawn"].path == "drawn.png"
    assert kept["drawn"].content.startswith(PNG)
    assert kept["figure"].content.startswith(PNG)
    assert kept["words"].content == "hello"
    assert len(kept["all"].content) == 120
    assert kept["frame"].content["a"].tolist() == [1, 2]
    assert kept["array"].content.tolist() == [0, 1, 2]
    assert kept["numbers"].content["accuracy"] == pytest.approx(result.metrics["accuracy_score"])
    assert kept["numbers"].content["list"] == [1, 1]
    assert kept["json_text"].content == {"a": 1}
    assert kept["text"].content == "plain words"


def test_two_functions_that_write_to_one_place_are_kept_apart(table: pd.DataFrame, tmp_path: Path) -> None:
    def writes(text: str) -> Any:
        def function(eval_df: Any, _: Any) -> Path:
            (tmp_path / "same.txt").write_text(text)
            return tmp_path / "same.txt"

        return function

    result = _evaluate(table, extra_artifacts=[EvaluationArtifact(name=n, func=writes(n)) for n in ("one", "two")])
    assert [result.artifacts[n].content for n in ("one", "two")] == ["one", "two"]


def _raises(eval_df: Any, _: Any) -> str:
    raise OSError("no space")


WRONG: list[tuple[Any, str, str]] = [
    (_raises, "a", "OSError: no space"),
    (lambda e, _: None, "a", "returned nothing"),
    (lambda e, _: "missing.csv", "a", "there is no such file"),
    (lambda e, _: Path("missing"), "a", "there is no such file"),
    (lambda e, _: object(), "a", "cannot be kept"),
    (lambda e, _: {"fine": "x", "bad": {1, 2}}, "a", "cannot be kept"),
    (lambda e, _: b"bytes", "a", "cannot be kept"),
    (lambda e, _: {"a": float}, "a", "cannot be kept"),
    (lambda e, _: "x", "../up", "it has a part '..'"),
    (lambda moon, sun, e, d: "x", "a", "asks for 'moon'"),
]


@pytest.mark.parametrize(("function", "name", "told"), WRONG, ids=[f"{i}" for i in range(len(WRONG))])
def test_an_artifact_that_fails_is_named_and_the_others_are_kept(
    table: pd.DataFrame, function: Any, name: str, told: str
) -> None:
    good = EvaluationArtifact(name="good", func=lambda e, _: "kept")
    result = _evaluate(table, extra_artifacts=[EvaluationArtifact(name=name, func=function), good])
    assert told in result.failures[name]
    assert result.summary.failures[0].kind == "artifact"
    assert result.artifacts["good"].content == "kept"
    assert json.loads(result.store.artifacts.read(result.run_id, "evaluation.json"))["task"] == "binary"


@pytest.mark.parametrize("name", ["evaluation", "confusion_matrix.vl", "confusion_matrix"])
def test_an_artifact_never_replaces_one_of_the_evaluations_own(table: pd.DataFrame, name: str) -> None:
    def png(eval_df: Any, _: Any, folder: str) -> Any:
        (Path(folder) / "x.png").write_bytes(PNG)
        return Path(folder) / "x.png" if name == "confusion_matrix" else {name: {"mine": 1}}

    result = _evaluate(table, extra_artifacts=[EvaluationArtifact(name=name, func=png)])
    assert "is taken by another artifact" in result.failures[name]


@pytest.mark.parametrize("name", ["", 3])
def test_an_artifact_needs_a_name(name: Any) -> None:
    with pytest.raises(InvalidArgument, match="name"):
        EvaluationArtifact(name=name, func=len)
