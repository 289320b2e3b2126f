"""Numbers of production equal scikit-learn's on the joined frame: by day, by slice, and merged from states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from predictions_made import DAY, HOUR, label, log, numbers, opened, settled
from sklearn import metrics

from steelyard.errors import InvalidArgument
from steelyard.records import ProductionModel, Store
from steelyard.store import open_store

N = 900


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on SQLite: what is counted does not depend on the back end."""
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened_store:
        yield opened_store


def drawn(classes: int) -> dict[str, np.ndarray]:
    """Predictions of ten days, three quarters of them labelled."""
    rng = np.random.default_rng(7)
    chances = rng.dirichlet(np.ones(classes), N)
    true = np.array([rng.choice(classes, p=p) for p in 0.5 * chances + 0.5 / classes])
    return {
        "ids": np.array([f"id-{i}" for i in range(N)]), "times": rng.integers(0, 10 * DAY, N),
        "chances": chances, "predicted": chances.argmax(axis=1), "true": true, "known": rng.random(N) < 0.75,
        "country": rng.choice(["DE", "FR"], N),
    }  # fmt: skip


def kept(store: Store, model: ProductionModel, of: dict[str, np.ndarray], **columns: Any) -> None:
    log(store, model, of["ids"].tolist(), of["predicted"].tolist(), times=of["times"].tolist(),
        slices={"country": tuple(of["country"].tolist())}, **columns)  # fmt: skip
    label(store, model, of["ids"][of["known"]].tolist(), of["true"][of["known"]].tolist())
    settled(store)


def test_a_days_binary_metrics_are_those_of_the_joined_frame_on_every_slice(store: Store) -> None:
    of = drawn(2)
    model = opened(store, slices=["country"])
    kept(store, model, of, scores=of["chances"][:, 1].tolist())
    for country in ("", "DE"):
        told = numbers(store, model, slice=f"country={country}" if country else "")
        assert len(told) == 10
        for one in told:
            day = (of["times"] // DAY == one.start_ms // DAY) & ((of["country"] == country) | (country == ""))
            rows = day & of["known"]
            true, predicted, score = of["true"][rows], of["predicted"][rows], of["chances"][rows, 1]
            assert (one.n, one.labelled, one.scored) == (day.sum(), rows.sum(), rows.sum())
            assert one.predicted_mean == pytest.approx(of["predicted"][day].mean())
            assert one.scored_mean == pytest.approx(predicted.mean())
            found = {name: estimate.value for name, estimate in one.estimates.items()}
            assert found["accuracy_score"] == pytest.approx(metrics.accuracy_score(true, predicted))
            assert found["precision_score"] == pytest.approx(metrics.precision_score(true, predicted))
            assert found["recall_score"] == pytest.approx(metrics.recall_score(true, predicted))
            assert found["f1_score"] == pytest.approx(metrics.f1_score(true, predicted))
            assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(true, score))
            assert found["log_loss"] == pytest.approx(metrics.log_loss(true, score))
            assert found["brier_score_loss"] == pytest.approx(metrics.brier_score_loss(true, score))
            accuracy = one.estimates["accuracy_score"]
            assert accuracy.missing == one.n - one.labelled
            assert accuracy.worst == pytest.approx(accuracy.value * rows.sum() / day.sum())


def test_merged_binary_metrics_are_those_of_all_rows_and_areas_within_what_they_tell(store: Store) -> None:
    of = drawn(2)
    model = opened(store, slices=["country"])
    kept(store, model, of, scores=of["chances"][:, 1].tolist())
    (ten,) = numbers(store, model, step_ms=10 * DAY)
    rows = of["known"]
    true, predicted, score = of["true"][rows], of["predicted"][rows], of["chances"][rows, 1]
    found = {name: estimate.value for name, estimate in ten.estimates.items()}
    assert (ten.n, ten.labelled, ten.version) == (N, rows.sum(), 0)
    assert ten.predicted_mean == pytest.approx(of["predicted"].mean())
    assert ten.scored_mean == pytest.approx(predicted.mean())
    assert found["f1_score"] == pytest.approx(metrics.f1_score(true, predicted))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(true, score))
    assert found["brier_score_loss"] == pytest.approx(metrics.brier_score_loss(true, score))
    area = ten.estimates["roc_auc"]
    bound = float(area.method.split("at most ")[1].split()[0])
    assert abs(area.value - metrics.roc_auc_score(true, score)) <= bound < 0.001
    assert area.low < metrics.roc_auc_score(true, score) < area.high
    mean_of_days = np.mean([one.estimates["f1_score"].value for one in numbers(store, model)])
    assert abs(mean_of_days - found["f1_score"]) > 1e-6, "merged, not averaged"


def test_merged_intervals_are_as_wide_as_those_counted_from_rows(store: Store) -> None:
    of = drawn(2)
    score = of["chances"][:, 1].tolist()
    days, one_day = opened(store, "days", slices=["country"]), opened(store, "one day", slices=["country"])
    kept(store, days, of, scores=score)
    kept(store, one_day, {**of, "times": np.zeros(N, np.int64)}, scores=score)
    (merged,), (counted,) = numbers(store, days, step_ms=10 * DAY), numbers(store, one_day)
    for name in ("accuracy_score", "f1_score", "log_loss", "roc_auc", "expected_calibration_error"):
        a, b = merged.estimates[name], counted.estimates[name]
        assert a.value == pytest.approx(b.value, abs=1e-3)
        assert (a.high - a.low) == pytest.approx(b.high - b.low, rel=0.25)


def test_metrics_of_many_classes_are_those_of_the_joined_frame_by_day_and_merged(store: Store) -> None:
    of = drawn(4)
    of["predicted"], of["true"] = np.array(list("abcd"))[of["predicted"]], np.array(list("abcd"))[of["true"]]
    model = opened(store, slices=["country"])
    chances = tuple(tuple(column) for column in of["chances"].T.tolist())
    kept(store, model, of, labels=tuple("abcd"), probabilities=chances)
    (ten,) = numbers(store, model, step_ms=10 * DAY)
    for one in (*numbers(store, model), ten):
        rows = of["known"] & (of["times"] >= one.start_ms) & (of["times"] < one.end_ms)
        true, predicted = of["true"][rows], of["predicted"][rows]
        found = {name: estimate.value for name, estimate in one.estimates.items()}
        assert found["accuracy_score"] == pytest.approx(metrics.accuracy_score(true, predicted))
        for average in ("macro", "micro", "weighted"):
            told = metrics.f1_score(true, predicted, average=average)
            assert found[f"f1_score_{average}"] == pytest.approx(told)
        assert found["precision_score/b"] == pytest.approx(
            metrics.precision_score(true, predicted, labels=["b"], average="macro", zero_division=0)
        )
        assert found["log_loss"] == pytest.approx(metrics.log_loss(true, of["chances"][rows], labels=list("abcd")))
    day = numbers(store, model)[0]
    rows = of["known"] & (of["times"] < DAY)
    assert day.estimates["roc_auc_macro"].value == pytest.approx(
        metrics.roc_auc_score(of["true"][rows], of["chances"][rows], multi_class="ovr")
    )


@pytest.mark.parametrize("mean", [0.0, 1e7], ids=["around-zero", "far-from-zero"])
def test_metrics_of_a_regressor_are_those_of_the_joined_frame_by_hour_and_merged(store: Store, mean: float) -> None:
    rng = np.random.default_rng(3)
    of = {**drawn(2), "true": mean + rng.normal(0, 2, N)}
    of["predicted"] = of["true"] + rng.normal(0.3, 1, N)
    of["times"] = rng.integers(0, 5 * HOUR, N)
    model = opened(store, slices=["country"], model_type="regressor", hourly=True)
    kept(store, model, of)
    hours, (day,) = numbers(store, model, step_ms=HOUR), numbers(store, model)
    assert len(hours) == 5
    for one in (*hours, day):
        rows = of["known"] & (of["times"] >= one.start_ms) & (of["times"] < one.end_ms)
        true, predicted = of["true"][rows], of["predicted"][rows]
        found = {name: estimate.value for name, estimate in one.estimates.items()}
        assert found["mean_absolute_error"] == pytest.approx(metrics.mean_absolute_error(true, predicted))
        assert found["root_mean_squared_error"] == pytest.approx(metrics.root_mean_squared_error(true, predicted))
        assert found["r2_score"] == pytest.approx(metrics.r2_score(true, predicted), rel=1e-6)
        assert found["mean_error"] == pytest.approx((predicted - true).mean())
        assert found["max_error"] == pytest.approx(metrics.max_error(true, predicted))
    with pytest.raises(InvalidArgument, match="kept by hour"):
        numbers(store, model, step_ms=HOUR // 2)


def test_rows_without_a_score_count_for_accuracy_and_are_missing_from_the_areas(store: Store) -> None:
    model = opened(store)
    log(store, model, list("abcdef"), [1, 0, 1, 0, 1, None], scores=[0.9, 0.1, 0.8, None, None, 0.7])
    label(store, model, list("abcdef"), [1, 0, 0, 0, 1, 1])
    settled(store)
    for one in (*numbers(store, model), *numbers(store, model, step_ms=7 * DAY)):
        accuracy, area = one.estimates["accuracy_score"], one.estimates["roc_auc"]
        assert (one.n, one.labelled, one.failed) == (6, 6, 1)
        assert (accuracy.value, accuracy.n, accuracy.missing) == (0.8, 5, 1)
        assert (area.value, area.n, area.missing) == (1.0, 3, 3)


def test_a_slice_with_very_many_values_is_told_by_its_fifty_largest(store: Store) -> None:
    model = opened(store, slices=["user"])
    users = tuple(f"u{i % 150:03}" if i < 1000 else "big" for i in range(1100))
    log(store, model, [f"r{i}" for i in range(1100)], ["x"] * 1100, slices={"user": users})
    settled(store)
    told = {one.slice[0][1]: one.n for one in numbers(store, model, by="user")}
    assert (len(told), told["big"], sum(told.values())) == (51, 100, 1100)
    with pytest.raises(InvalidArgument, match="none of the model's slices"):
        numbers(store, model, by="city")
    with pytest.raises(InvalidArgument, match="none of this model's"):
        numbers(store, model, slice="city=Bonn")


def test_slices_whose_values_look_like_anything_are_found_by_name(store: Store) -> None:
    model = opened(store, slices=["where"])
    odd = ("a=b", "", 'quote" \\ back', "ü,=🎈", None)
    log(store, model, list("abcde"), ["x"] * 5, slices={"where": odd})
    settled(store)
    for value in odd:
        name = f"where={'(missing)' if value is None else value}"
        assert [one.n for one in numbers(store, model, slice=name)] == [1]
        asked = {"start_ms": 0, "end_ms": DAY, "slice": name}
        assert len(store.predictions.rows(model.key, **asked).items) == 1
