"""What is saved loads as it was: the estimators that people use, compared by what they predict."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler

from steelyard import flavors

CLASSIFIERS = [
    linear_model.LogisticRegression(max_iter=5000),
    linear_model.SGDClassifier(loss="modified_huber", random_state=0),
    linear_model.RidgeClassifier(),
    tree.DecisionTreeClassifier(random_state=0),
    ensemble.RandomForestClassifier(8, random_state=0),
    ensemble.ExtraTreesClassifier(8, random_state=0),
    ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0),
    ensemble.HistGradientBoostingClassifier(max_iter=5, random_state=0),
    ensemble.AdaBoostClassifier(n_estimators=4, random_state=0),
    ensemble.BaggingClassifier(n_estimators=4, max_features=0.5, random_state=0),
    ensemble.VotingClassifier([("a", naive_bayes.GaussianNB()), ("b", tree.DecisionTreeClassifier(max_depth=2))]),
    ensemble.StackingClassifier([("a", naive_bayes.GaussianNB())], tree.DecisionTreeClassifier(max_depth=2), cv=2),
    svm.SVC(probability=False, random_state=0),
    svm.NuSVC(kernel="poly"),
    svm.LinearSVC(random_state=0),
    neighbors.KNeighborsClassifier(algorithm="kd_tree"),
    neighbors.KNeighborsClassifier(algorithm="ball_tree", metric="manhattan"),
    naive_bayes.GaussianNB(),
    neural_network.MLPClassifier((4,), max_iter=5, random_state=0),
    GaussianProcessClassifier(random_state=0, optimizer=None),
    CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2),
    CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=2),
    GridSearchCV(linear_model.LogisticRegression(max_iter=5000), {"C": [0.1, 1.0]}, cv=2),
    make_pipeline(StandardScaler(), SelectKBest(f_classif, k=2), PCA(2), linear_model.LogisticRegression()),
    make_pipeline(FunctionTransformer(np.log1p), PolynomialFeatures(2), linear_model.RidgeClassifier()),
    make_pipeline(KNNImputer(), FeatureUnion([("a", StandardScaler()), ("b", PCA(1))]), svm.SVC()),
    OneVsRestClassifier(linear_model.LogisticRegression(max_iter=5000)),
]
REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.ElasticNet(),
    linear_model.HuberRegressor(max_iter=2000),
    linear_model.PoissonRegressor(),
    linear_model.TweedieRegressor(power=1.5),
    linear_model.QuantileRegressor(),
    ensemble.RandomForestRegressor(8, random_state=0),
    ensemble.GradientBoostingRegressor(n_estimators=5, loss="huber", random_state=0),
    ensemble.HistGradientBoostingRegressor(max_iter=5, loss="poisson", random_state=0),
    svm.SVR(),
    neighbors.KNeighborsRegressor(),
    TransformedTargetRegressor(linear_model.Ridge(), func=np.log, inverse_func=np.exp),
]


@pytest.fixture(autouse=True)
def _fitting_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the models need not be good
        yield


def _reload(model: Any, tmp_path: Path) -> Any:
    flavors.save_model(model, tmp_path / "model")
    return flavors.load_model(tmp_path / "model")


def _assert_equal_predictions(model: Any, loaded: Any, rows: Any) -> None:
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            np.testing.assert_array_equal(getattr(loaded, method)(rows), getattr(model, method)(rows))


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_classifier_predicts_as_before(model: Any, tmp_path: Path) -> None:
    rows, labels = load_iris(return_X_y=True)
    model.fit(rows, labels)
    _assert_equal_predictions(model, _reload(model, tmp_path), rows)


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)
def test_a_regressor_predicts_as_before(model: Any, tmp_path: Path) -> None:
    rows, target = load_diabetes(return_X_y=True)
    model.fit(rows[:150], target[:150])
    _assert_equal_predictions(model, _reload(model, tmp_path), rows)


@pytest.mark.parametrize(
    "vectorizer", [TfidfVectorizer(), CountVectorizer(ngram_range=(1, 2)), HashingVectorizer(n_features=64)]
)
def test_a_text_pipeline_predicts_as_before(vectorizer: Any, tmp_path: Path) -> None:
    texts = ["I love it, __loader__!", "slow and rude", "okay, nothing special", "ünïcode 日本"] * 5
    labels = ["positive", "negative", "neutral", "positive"] * 5
    model = make_pipeline(vectorizer, linear_model.LogisticRegression()).fit(texts, labels)
    _assert_equal_predictions(model, _reload(model, tmp_path), texts)


def test_a_table_with_categories_and_gaps_predicts_as_before(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "age": [20.0, None, 40.0, 50.0] * 10,
            "plan": ["a", "b", None, "a"] * 10,
            "city": ["x", "y", "z", "x"] * 10,
        }
    )
    columns = ColumnTransformer(
        [
            ("number", make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
            (
                "one",
                make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
                ["plan"],
            ),
            ("rank", OrdinalEncoder(), ["city"]),
        ]
    )
    model = make_pipeline(columns, ensemble.RandomForestClassifier(5, random_state=0)).fit(frame, [0, 1, 1, 0] * 10)
    _assert_equal_predictions(model, _reload(model, tmp_path), frame)


def test_categories_in_boosted_trees_predict_as_before(tmp_path: Path) -> None:
    frame = pd.DataFrame({"plan": pd.Categorical(["a", "b", "c", "d"] * 30), "age": np.arange(120.0)})
    target = frame["plan"].isin(["a", "c"]).astype(int)
    model = ensemble.HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype").fit(frame, target)
    _assert_equal_predictions(model, _reload(model, tmp_path), frame)


def test_several_labels_at_once_predict_as_before(tmp_path: Path) -> None:
    rows, _ = load_breast_cancer(return_X_y=True)
    rows = StandardScaler().fit_transform(rows[:, :5])
    labels = (rows[:, :3] > 0).astype(int)
    base = linear_model.LogisticRegression()
    for number, model in enumerate((OneVsRestClassifier(base), MultiOutputClassifier(base), ClassifierChain(base))):
        model.fit(rows, labels)
        loaded = _reload(model, tmp_path / str(number))
        np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))


def test_transformers_and_clusterers_work_as_before(tmp_path: Path) -> None:
    rows, _ = load_iris(return_X_y=True)
    for number, model in enumerate((KMeans(2, n_init=1, random_state=0), TruncatedSVD(2, random_state=0), PCA(2))):
        model.fit(rows)
        np.testing.assert_array_equal(_reload(model, tmp_path / str(number)).transform(rows), model.transform(rows))
    isotonic = IsotonicRegression().fit(rows[:, 0], rows[:, 1])
    np.testing.assert_array_equal(_reload(isotonic, tmp_path / "iso").predict(rows[:, 0]), isotonic.predict(rows[:, 0]))


def test_a_sparse_model_predicts_as_before(tmp_path: Path) -> None:
    rows, labels = load_iris(return_X_y=True)
    model = linear_model.LogisticRegression(max_iter=5000).fit(rows, labels).sparsify()
    _assert_equal_predictions(model, _reload(model, tmp_path), rows)


def test_the_folder_describes_its_model(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1, 0, 1]})
    model = linear_model.LogisticRegression().fit(frame, [0, 1, 1])
    flavors.save_model(model, tmp_path / "m", input_example=frame, metadata={"why": "test"})
    manifest = flavors.describe_model(tmp_path / "m")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
        "input_example.json",
        "model.json",
        "model.skops",
    ]
    assert (manifest.format, manifest.model_type, manifest.metadata) == ("skops", "LogisticRegression", {"why": "test"})
    assert manifest.size == (tmp_path / "m" / "model.skops").stat().st_size
    assert {"python", "scikit-learn", "skops", "steelyard"} <= set(manifest.versions)
    assert manifest.signature is not None
    assert [(column.name, column.type) for column in manifest.signature.inputs] == [("a", "float64"), ("b", "int64")]
    assert (tmp_path / "m").stat().st_mode & 0o077 == 0


def test_without_an_example_the_estimator_names_its_columns(tmp_path: Path) -> None:
    model = linear_model.LogisticRegression().fit(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1])
    manifest = flavors.save_model(model, tmp_path / "m")
    assert manifest.signature is not None
    assert [column.name for column in manifest.signature.inputs] == ["a"]
