"""What any store must do with logged models."""

from __future__ import annotations

import pytest

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import LoggedModel, Store


def model(run_id: str, **changes) -> LoggedModel:
    fields = {
        "model_id": "",
        "name": "classifier",
        "experiment_id": "0",
        "source_run_id": run_id,
        "artifact_path": "model",
        "params": {"C": "1"},
        "tags": {"größe": "ja"},
    }
    return LoggedModel(**{**fields, **changes})


def test_a_model_is_read_back_and_gets_an_id_and_a_time(store: Store, run_id: str) -> None:
    made = store.models.create(model(run_id))
    assert made.model_id.startswith("m-")
    assert made.creation_timestamp > 0
    assert store.models.get(made.model_id) == made


def test_models_are_listed_by_run_and_by_experiment_newest_first(store: Store, run_id: str) -> None:
    experiment = store.experiments.create("other").experiment_id
    other_run = store.runs.create(experiment).info.run_id
    first = store.models.create(model(run_id, model_id="m-1", creation_timestamp=5))
    second = store.models.create(model(run_id, model_id="m-2", creation_timestamp=9))
    third = store.models.create(model(other_run, model_id="m-3", experiment_id=experiment, creation_timestamp=7))
    assert store.models.list() == (second, third, first)
    assert store.models.list(run_id=run_id) == (second, first)
    assert store.models.list(experiment_ids=[experiment]) == (third,)


def test_a_model_id_is_taken_once(store: Store, run_id: str) -> None:
    store.models.create(model(run_id, model_id="m-1"))
    with pytest.raises(AlreadyExists, match="m-1"):
        store.models.create(model(run_id, model_id="m-1"))


def test_unknown_models_runs_and_experiments_are_not_found(store: Store, run_id: str) -> None:
    for ask in (
        lambda: store.models.get("m-0"),
        lambda: store.models.create(model("nobody")),
        lambda: store.models.create(model(run_id, experiment_id="77")),
        lambda: store.models.list(run_id="nobody"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_model_whose_files_would_lie_elsewhere_is_refused(store: Store, run_id: str) -> None:
    with pytest.raises(InvalidArgument, match="artifact path"):
        store.models.create(model(run_id, artifact_path="../../etc"))
