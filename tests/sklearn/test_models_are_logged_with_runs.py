"""steelyard.sklearn under MLflow's names: log_model, load_model, save_model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

import steelyard
from steelyard import tracking
from steelyard.errors import InvalidArgument, ModelError, NotFound

TEXTS = ["The product is amazing", "Terrible service", "It is okay", "Best purchase ever"] * 3
LABELS = ["positive", "negative", "neutral", "positive"] * 3


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    steps = [("tfidf", TfidfVectorizer()), ("logreg", LogisticRegression(max_iter=1000, random_state=42))]
    return Pipeline(steps).fit(TEXTS, LABELS)


def test_the_articles_call_logs_a_model_that_loads(pipeline: Pipeline) -> None:
    with steelyard.start_run() as run:
        info = steelyard.sklearn.log_model(pipeline, "sentiment_model")
        assert tracking.active_run() is run
    assert (info.run_id, info.name, info.artifact_path) == (run.info.run_id, "sentiment_model", "sentiment_model")
    assert info.model_uri == f"models:/{info.model_id}"
    files = [entry.path for entry in tracking.list_artifacts(run_id=run.info.run_id, artifact_path="sentiment_model")]
    assert files == ["sentiment_model/model.json", "sentiment_model/model.skops"]
    for uri in (info.model_uri, f"runs:/{run.info.run_id}/sentiment_model"):
        loaded = steelyard.sklearn.load_model(uri)
        np.testing.assert_array_equal(loaded.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))
        assert list(loaded.predict(TEXTS)) == list(pipeline.predict(TEXTS))


def test_without_a_run_one_is_made_and_ended(pipeline: Pipeline) -> None:
    info = steelyard.sklearn.log_model(pipeline, name="m", input_example=TEXTS[:2], params={"C": 1})
    assert tracking.active_run() is None
    assert tracking.get_run(info.run_id).info.status == "FINISHED"
    logged = tracking.MlflowClient().get_logged_model(info.model_id)
    assert (logged.source_run_id, logged.name, logged.params) == (info.run_id, "m", {"C": "1"})
    assert info.digest == "sha256:" + logged.tags["steelyard.model.sha256"]


def test_a_name_used_again_is_the_later_model_and_the_earlier_is_kept(pipeline: Pipeline) -> None:
    other = Pipeline([("tfidf", TfidfVectorizer()), ("logreg", LogisticRegression(C=0.01))]).fit(TEXTS, LABELS)
    with steelyard.start_run() as run:
        first = steelyard.sklearn.log_model(pipeline, "m")
        second = steelyard.sklearn.log_model(other, "m")
    assert (first.artifact_path, second.artifact_path) == ("m", "m-2")
    by_name = steelyard.sklearn.load_model(f"runs:/{run.info.run_id}/m")
    np.testing.assert_array_equal(by_name.predict_proba(TEXTS), other.predict_proba(TEXTS))
    earlier = steelyard.sklearn.load_model(first.model_uri)
    np.testing.assert_array_equal(earlier.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))


def test_a_model_that_cannot_be_saved_logs_nothing() -> None:
    with steelyard.start_run() as run:
        model = Pipeline([("tfidf", TfidfVectorizer(tokenizer=lambda text: text.split())), ("m", LogisticRegression())])
        with pytest.raises(ModelError, match="cloudpickle"):
            steelyard.sklearn.log_model(model, "m")
    assert tracking.list_artifacts(run_id=run.info.run_id) == []
    assert tracking.MlflowClient().search_logged_models(["0"]) == []


def test_mlflows_arguments_are_known_and_others_are_not(pipeline: Pipeline) -> None:
    steelyard.sklearn.log_model(pipeline, "m", pip_requirements=["x"], await_registration_for=0)
    with pytest.raises(InvalidArgument, match="'colour'"):
        steelyard.sklearn.log_model(pipeline, "m", colour="red")
    with pytest.raises(InvalidArgument, match="registry"):
        steelyard.sklearn.log_model(pipeline, "m", registered_model_name="x")
    with pytest.raises(InvalidArgument, match="once"):
        steelyard.sklearn.log_model(pipeline, "a", name="b")


def test_a_saved_model_loads_from_its_folder(pipeline: Pipeline, tmp_path: Path) -> None:
    steelyard.sklearn.save_model(pipeline, tmp_path / "m", input_example=pd.DataFrame({"text": TEXTS[:2]}))
    for uri in (str(tmp_path / "m"), tmp_path / "m", (tmp_path / "m").as_uri()):
        assert list(steelyard.sklearn.load_model(uri).predict(TEXTS)) == list(pipeline.predict(TEXTS))


def test_a_model_that_is_not_there_is_not_found() -> None:
    with steelyard.start_run() as run:
        pass
    with pytest.raises(NotFound):
        steelyard.sklearn.load_model(f"runs:/{run.info.run_id}/nothing")
    with pytest.raises(NotFound):
        steelyard.sklearn.load_model("runs:/0123/nothing")


def test_artifacts_altered_after_logging_are_refused_even_if_they_agree(pipeline: Pipeline, tmp_path: Path) -> None:
    info = steelyard.sklearn.log_model(pipeline, "m")
    other = Pipeline([("tfidf", TfidfVectorizer()), ("logreg", LogisticRegression(C=0.01))]).fit(TEXTS, LABELS)
    steelyard.sklearn.save_model(other, tmp_path / "m")
    for file in ("model.json", "model.skops"):
        tracking.get_store().artifacts.put(info.run_id, f"m/{file}", tmp_path / "m" / file)
    with pytest.raises(ModelError, match="altered"):
        steelyard.sklearn.load_model(info.model_uri)
