"""What cannot be loaded safely is refused when it is saved, with the way out in the message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from steelyard import flavors
from steelyard.errors import InvalidArgument, ModelError, UntrustedModel


class Doubler(TransformerMixin, BaseEstimator):
    """A transformer of our own."""

    def fit(self, X: Any, y: Any = None) -> Doubler:
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        return np.asarray(X) * 2


OWN = f"{Doubler.__module__}.Doubler"


def test_a_lambda_is_refused_and_cloudpickle_named(tmp_path: Path) -> None:
    model = FunctionTransformer(lambda rows: rows).fit([[1.0]])
    with pytest.raises(ModelError, match="cloudpickle"):
        flavors.save_model(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_type_of_ones_own_is_saved_and_loaded_when_named(tmp_path: Path) -> None:
    model = make_pipeline(Doubler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ModelError, match="Doubler"):
        flavors.save_model(model, tmp_path / "m")
    flavors.save_model(model, tmp_path / "m", skops_trusted_types=[OWN])
    with pytest.raises(UntrustedModel, match="Doubler"):
        flavors.load_model(tmp_path / "m")
    loaded = flavors.load_model(tmp_path / "m", allow=[OWN])
    np.testing.assert_array_equal(loaded.predict_proba([[0.3]]), model.predict_proba([[0.3]]))


@pytest.mark.parametrize("model", [object(), "model", len, None])
def test_what_is_no_estimator_is_refused(model: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="estimator"):
        flavors.save_model(model, tmp_path / "m")


def test_a_format_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="joblib"):
        flavors.save_model(LogisticRegression(), tmp_path / "m", serialization_format="joblib")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "mine.txt").write_text("keep")
    with pytest.raises(InvalidArgument, match="there already"):
        flavors.save_model(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m")
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["mine.txt"]


def test_a_bad_example_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="input_example"):
        flavors.save_model(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m", input_example=5)
    assert list(tmp_path.iterdir()) == []
