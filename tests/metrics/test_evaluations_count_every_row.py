"""Through the front door: clusters, weights, ids, missing predictions, models that fail on some rows, slices."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from steelyard.errors import DataError, ModelError
from steelyard.evaluation import evaluate
from steelyard.metrics import by_bins
from steelyard.metrics.replicates import load_replicates
from steelyard.records import REPLICATES_PATH

pytestmark = pytest.mark.usefixtures("store")


def frame(n: int = 300, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    p = 1 / (1 + np.exp(-(x + 0.3 * rng.normal(size=n))))
    return pd.DataFrame(
        {
            "x": x, "y": (rng.uniform(size=n) < 1 / (1 + np.exp(-x))).astype(int), "yhat": (p > 0.5).astype(int),
            "p": p, "group": rng.choice(["a", "b", "c"], n), "w": rng.uniform(0.2, 3, n),
            "user": rng.integers(0, 60, n), "key": [f"k{i}" for i in range(n)],
        }
    )  # fmt: skip


def run(data: Any, **named: Any) -> Any:
    given: dict[str, Any] = {"targets": "y", "predictions": "yhat", "model_type": "classifier", "replicates": 40}
    return evaluate(data=data, **{**given, **named})


def replicates(result: Any) -> Any:
    return load_replicates(result.store.artifacts.read(result.run_id, REPLICATES_PATH))


def test_weights_are_scikit_learns_sample_weights() -> None:
    data = frame()
    result = run(data, probabilities="p", weights="w", slices=["group"])
    for name, function, column in (
        ("accuracy_score", sk.accuracy_score, "yhat"),
        ("f1_score", sk.f1_score, "yhat"),
        ("roc_auc", sk.roc_auc_score, "p"),
        ("precision_recall_auc", sk.average_precision_score, "p"),
        ("log_loss", sk.log_loss, "p"),
        ("brier_score_loss", sk.brier_score_loss, "p"),
    ):
        assert result.metrics[name] == pytest.approx(function(data.y, data[column], sample_weight=data.w), abs=1e-10)
        for group, part in data.groupby("group"):
            theirs = function(part.y, part[column], sample_weight=part.w)
            assert result.slices[f"group={group}"][name].value == pytest.approx(theirs, abs=1e-10)
            assert result.slices[f"group={group}"][name].n == len(part)
    as_array = run(data, probabilities="p", weights=data.w.to_numpy())
    assert as_array.metrics == pytest.approx(result.metrics)


def test_clusters_widen_the_interval_when_rows_of_a_cluster_are_copies() -> None:
    data = frame(200)
    copied = pd.concat([data.assign(user=range(200))] * 8, ignore_index=True)
    plain, naive = run(data, probabilities="p", replicates=200), run(copied, probabilities="p", replicates=200)
    honest = run(copied, probabilities="p", clusters="user", replicates=200)
    for name in ("accuracy_score", "roc_auc", "log_loss"):
        assert honest.metrics[name] == pytest.approx(plain.metrics[name])
        assert "clustered" in honest.estimates[name].method
        once, eight, units = (r.estimates[name].se for r in (plain, naive, honest))
        assert eight == pytest.approx(once / np.sqrt(8), rel=0.1)
        assert units == pytest.approx(once, rel=0.2)
    assert honest.summary.clusters == "user"


def test_few_clusters_are_warned_of() -> None:
    result = run(frame().assign(user=lambda d: d.user % 5), clusters="user")
    assert any("only about 5 clusters" in w for w in result.summary.warnings)


def test_a_row_without_a_prediction_is_counted_and_bounds_the_accuracy() -> None:
    data = frame().astype({"yhat": "Int64"})
    data.loc[:29, "yhat"] = pd.NA
    result = run(data, slices=["group"])
    accuracy, kept = result.estimates["accuracy_score"], data.iloc[30:]
    hits = int((kept.y == kept.yhat).sum())
    assert result.summary.outcomes == {"scored": 270, "missing_prediction": 30}
    assert (accuracy.n, accuracy.missing) == (270, 30)
    assert accuracy.value == pytest.approx(hits / 270)
    assert (accuracy.worst, accuracy.best) == (pytest.approx(hits / 300), pytest.approx((hits + 30) / 300))
    for group, part in data.groupby("group"):
        estimate = result.slices[f"group={group}"]["accuracy_score"]
        assert estimate.missing == part.yhat.isna().sum()
        assert estimate.n + estimate.missing == len(part)
    rows = result.tables["eval_results_table"]
    assert (rows.outcome == "missing_prediction").sum() == 30
    assert rows.correct.isna().sum() == 30


@pytest.mark.parametrize(
    "bad", [[5], [0], [299], [10, 11], [0, 1, 2, 3], list(range(140, 170)), [7, 100, 101, 250]], ids=str
)
def test_a_model_that_fails_on_some_rows_loses_those_rows_and_no_other(bad: list[int]) -> None:
    data = frame()
    poison = set(data.loc[bad, "x"])

    def model(rows: pd.DataFrame) -> np.ndarray:
        if poison & set(rows["x"]):
            raise ValueError("no")
        return (rows["x"] > 0).astype(int).to_numpy()

    result = run(data[["x", "y"]], model=model, predictions=None)
    assert result.summary.outcomes == {"scored": 300 - len(bad), "predict_failed": len(bad)}
    rows = result.tables["eval_results_table"]
    assert rows.index[rows.outcome == "predict_failed"].tolist() == bad
    good = data.drop(index=bad)
    assert result.metrics["accuracy_score"] == pytest.approx(((good.x > 0) == good.y).mean())


def test_a_classifier_with_probabilities_may_fail_on_some_rows_too() -> None:
    from sklearn.linear_model import LogisticRegression

    data = frame()[["x", "y"]]
    model = LogisticRegression().fit(data[["x"]], data.y)
    data.loc[[3, 4, 5], "x"] = np.nan  # scikit-learn refuses these
    result = run(data, model=model, predictions=None)
    assert result.summary.outcomes == {"scored": 297, "predict_failed": 3}
    kept = data.dropna()
    theirs = sk.roc_auc_score(kept.y, model.predict_proba(kept[["x"]])[:, 1])
    assert result.metrics["roc_auc"] == pytest.approx(theirs)


def test_the_rows_hold_a_models_predictions_as_it_made_them() -> None:
    """They are compared with the targets by functions of the caller's, so 1 must not become "1"."""
    from sklearn.linear_model import LogisticRegression

    data = frame()[["x", "y"]]
    model = LogisticRegression().fit(data[["x"]], data.y)
    rows = run(data, model=model, predictions=None).tables["eval_results_table"]
    assert rows.prediction.tolist() == model.predict(data[["x"]]).tolist()
    assert ((rows.prediction == rows.target) == rows.correct).all()


def test_a_model_that_fails_on_every_row_is_an_error() -> None:
    def model(rows: pd.DataFrame) -> Any:
        raise ValueError("never")

    with pytest.raises((ModelError, DataError), match="every row"):
        run(frame(40)[["x", "y"]], model=model, predictions=None)


def test_no_set_of_failing_rows_makes_a_model_look_certain_to_be_better() -> None:
    data = frame()
    honest = run(data).estimates["accuracy_score"]
    cheat = data.astype({"yhat": "Int64"})
    cheat.loc[cheat.y != cheat.yhat, "yhat"] = pd.NA
    estimate = run(cheat).estimates["accuracy_score"]
    assert estimate.value == 1
    assert estimate.worst == pytest.approx(honest.value)  # where it stands when its silence is counted


def test_rows_keep_the_names_of_their_id_column_in_any_order() -> None:
    data = frame()
    one, two = run(data, id_column="key"), run(data.sample(frac=1, random_state=3), id_column="key")
    assert one.tables["eval_results_table"].row_id.tolist() == data.key.tolist()
    assert one.summary.dataset.rows_digest == two.summary.dataset.rows_digest
    ours, theirs = replicates(one), replicates(two)
    assert ours.values.keys() == theirs.values.keys()
    for key, drawn in ours.values.items():
        np.testing.assert_allclose(drawn, theirs.values[key], rtol=1e-10, err_msg=str(key))


def test_slices_of_every_kind_equal_scikit_learn_on_their_rows() -> None:
    data = frame()
    data.loc[:9, "group"] = None
    spec = ["group", ["group", "key2"], by_bins("x", [-1, 0, 1]), {"high": lambda f: f["x"] > 0.5}]
    data["key2"] = np.where(data.user % 2, "odd", "even")
    result = run(data, probabilities="p", slices=spec)
    masks = {"high=yes": data.x > 0.5, "high=no": data.x <= 0.5, "group=(missing)": data.group.isna()}
    masks |= {f"group={g}": data.group == g for g in "abc"}
    masks |= {f"group={g}, key2={k}": (data.group == g) & (data.key2 == k) for g in "abc" for k in ("odd", "even")}
    masks |= {"x=< -1": data.x < -1, "x=[-1, 0)": data.x.between(-1, 0, inclusive="left"), "x=≥ 1": data.x >= 1}
    for name, mask in masks.items():
        part, found = data[mask], result.slices[name]
        assert found["accuracy_score"].value == pytest.approx(sk.accuracy_score(part.y, part.yhat)), name
        assert found["accuracy_score"].n == len(part)
        assert found["f1_score"].value == pytest.approx(sk.f1_score(part.y, part.yhat, zero_division=0)), name
        if part.y.nunique() == 2:
            assert found["roc_auc"].value == pytest.approx(sk.roc_auc_score(part.y, part.p)), name
    small = {s.name for s in result.summary.slices if s.small}
    assert small == {s.name for s in result.summary.slices if s.n < 30}


# --- the positive label ----------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[Any, Any]] = {
    "numbers": (0, 1),
    "text": ("cat", "dog"),
    "bools": (False, True),
    "odd numbers": (7, -3),
}


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_follow_the_positive_label(kind: str, positive: int) -> None:
    """A positive label that reorders labels must reorder the columns of probabilities too."""
    data, labels = frame(), KINDS[kind]
    y, yhat = ([labels[v] for v in data[c]] for c in ("y", "yhat"))
    chance = {labels[0]: 1 - data.p, labels[1]: data.p}
    rows = pd.DataFrame({"y": y, "yhat": yhat, "first": chance[sorted(labels)[0]], "last": chance[sorted(labels)[1]]})
    pos = labels[positive]
    is_positive = np.array(y) == pos
    expected = {
        "precision_recall_auc": sk.average_precision_score(is_positive, chance[pos]),
        "roc_auc": sk.roc_auc_score(is_positive, chance[pos]),
        "brier_score_loss": sk.brier_score_loss(is_positive, chance[pos]),
        "precision_score": sk.precision_score(y, yhat, pos_label=pos),
        "recall_score": sk.recall_score(y, yhat, pos_label=pos),
        "f1_score": sk.f1_score(y, yhat, pos_label=pos),
    }
    config = {"pos_label": pos}
    named = {sorted(labels)[0]: "first", sorted(labels)[1]: "last"}
    results = [
        run(rows, probabilities=["first", "last"], evaluator_config=config),
        run(rows, probabilities=dict(reversed(named.items())), evaluator_config=config),
        run(rows, probabilities=named[pos], evaluator_config=config),
    ]
    for result in results:
        assert result.summary.positive_label == str(pos)
        for name, theirs in expected.items():
            assert result.metrics[name] == pytest.approx(theirs, abs=1e-12), name
        counts = np.array(result.summary.confusion.counts)
        assert np.array_equal(counts, sk.confusion_matrix(y, yhat, labels=sorted(labels)))


@pytest.mark.parametrize("order", list(permutations(["high", "low", "mid"]))[::2], ids=str)
def test_columns_of_many_labels_may_come_in_any_order(order: tuple[str, ...]) -> None:
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.ones(3), 200)
    names = ["high", "low", "mid"]
    true = np.array(names)[[rng.choice(3, p=row) for row in p]]
    rows = pd.DataFrame(dict(zip([f"p_{n}" for n in names], p.T, strict=True)))
    rows["y"], rows["yhat"] = true, np.array(names)[p.argmax(axis=1)]
    result = run(rows, probabilities={name: f"p_{name}" for name in order})
    assert result.metrics["log_loss"] == pytest.approx(sk.log_loss(true, p))
    theirs = sk.roc_auc_score(true, p, multi_class="ovr", average="macro")
    assert result.metrics["roc_auc_macro"] == pytest.approx(theirs)
    for i, name in enumerate(names):
        theirs = sk.average_precision_score(true == name, p[:, i])
        assert result.estimates[f"precision_recall_auc/{name}"].value == pytest.approx(theirs)


def test_long_numbers_that_floats_cannot_tell_apart_are_no_labels() -> None:
    """Two account numbers must not become one label."""
    big = 2**53
    rows = pd.DataFrame({"y": [big, big + 1, big + 2] * 20, "yhat": [big] * 60})
    with pytest.raises(DataError, match="text"):  # the way out: turn them into text
        run(rows)


def test_a_model_knows_labels_that_the_test_set_lacks() -> None:
    from sklearn.naive_bayes import GaussianNB

    rng = np.random.default_rng(6)
    rows = pd.DataFrame({"x": rng.normal(size=200)})
    rows["y"] = np.select([rows.x < -0.5, rows.x > 0.5], ["low", "high"], "mid")
    model = GaussianNB().fit(rows[["x"]], rows.y)
    test = rows[rows.y != "mid"]
    result = run(test, model=model, predictions=None)
    p = model.predict_proba(test[["x"]])
    assert result.metrics["log_loss"] == pytest.approx(sk.log_loss(test.y, p, labels=model.classes_))
    assert any("do not occur in the test set: 'mid'" in w for w in result.summary.warnings)
    assert np.isnan(result.metrics["roc_auc_macro"])
    theirs = sk.f1_score(test.y, model.predict(test[["x"]]), average="macro", zero_division=0)
    assert result.metrics["f1_score_macro"] == pytest.approx(theirs)


def test_the_digest_of_the_rows_is_told_with_a_run(store: Path) -> None:
    data = frame(60)
    assert run(data).summary.dataset.rows_digest == run(data.assign(yhat=1 - data.yhat)).summary.dataset.rows_digest
    assert (store / "store").exists()
