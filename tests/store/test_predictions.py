"""Predictions and labels are kept with their histories, whichever comes first, on every back end."""

from __future__ import annotations

import pytest
from predictions_made import DAY, HOUR, NOW, label, log, numbers, opened, settled

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import LabelsLogged, PredictionsLogged, Store


def rows_of(store: Store, key: str, **asked: object) -> dict[str, tuple[object, object]]:
    page = store.predictions.rows(key, **{"start_ms": 0, "end_ms": 2 * NOW, **asked})
    return {row.id: (row.prediction, row.label) for row in page.items}


def test_a_prediction_and_its_label_are_joined_in_either_order(store: Store) -> None:
    model = opened(store)
    assert label(store, model, ["b"], ["no"]) == LabelsLogged(waiting=1)
    assert log(store, model, ["a", "b"], ["yes", "yes"]) == PredictionsLogged(new=2, joined=1)
    assert label(store, model, ["a", "c"], ["yes", "yes"]) == LabelsLogged(joined=1, waiting=1)
    assert rows_of(store, model.key) == {"a": ("yes", "yes"), "b": ("yes", "no")}
    found = store.predictions.get(model.key)
    assert (found.n, found.labelled, found.orphans, found.coverage) == (2, 2, 1, 1.0)
    assert found.labels == ("no", "yes")


def test_the_same_again_changes_nothing_and_waits_for_nothing(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a", "b"], [1, 0], scores=[0.9, 0.2], features={"x": (1.5, None)})
    label(store, model, ["a"], [1])
    assert settled(store) == 1
    assert log(store, model, ["a", "b"], [1, 0], scores=[0.9, 0.2], features={"x": (1.5, None)}) == PredictionsLogged(
        unchanged=2
    )
    assert log(store, model, ["a"], [1.0], times=(), scores=[0.9], features={"x": (1.5,)}).unchanged == 1
    assert label(store, model, ["a"], [True]) == LabelsLogged(unchanged=1)
    assert settled(store) == 0


def test_a_correction_keeps_what_was_before_with_who_and_when(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a"], ["cat"])
    label(store, model, ["a"], ["dog"], times=[100], by="ben")
    assert log(store, model, ["a"], ["dog"]).corrected == 1
    assert label(store, model, ["a"], ["cat"], times=[200], by="eve") == LabelsLogged(corrected=1)
    (row,) = store.predictions.rows(model.key, start_ms=0, end_ms=NOW).items
    assert (row.prediction, row.label, row.label_time) == ("dog", "cat", 200)
    assert [(c.what, c.value, c.by) for c in row.history] == [("prediction", "cat", "ann"), ("label", "dog", "eve")]
    assert row.history[1].value_time == 100


def test_of_two_labels_the_one_known_later_holds_in_whatever_order_they_come(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a"], ["cat"])
    label(store, model, ["a"], ["dog"], times=[200])
    assert label(store, model, ["a"], ["cat"], times=[100]) == LabelsLogged(superseded=1)
    assert label(store, model, ["a"], ["cat"], times=[100]) == LabelsLogged(unchanged=1), "told once"
    assert rows_of(store, model.key) == {"a": ("cat", "dog")}


def test_numbers_are_superseded_with_a_history_and_known_as_of_any_moment(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a", "b", "c", "d"], [1, 1, 0, 0])
    label(store, model, ["a", "b"], [1, 1])
    settled(store, now_ms=NOW)
    label(store, model, ["c"], [1])
    label(store, model, ["b"], [0])
    settled(store, now_ms=NOW + 10)
    (now,) = numbers(store, model, metric="accuracy_score")
    assert (now.n, now.labelled, now.coverage, now.version) == (4, 3, 0.75, 2)
    assert now.estimates["accuracy_score"].value == pytest.approx(1 / 3)
    assert (now.estimates["accuracy_score"].missing, now.why) == (1, "1 label came, 1 label changed")
    (then,) = numbers(store, model, metric="accuracy_score", as_of_ms=NOW + 9)
    assert (then.labelled, then.estimates["accuracy_score"].value, then.superseded_ms) == (2, 1.0, NOW + 10)
    assert numbers(store, model, as_of_ms=NOW - 1) == ()
    newest, first = store.predictions.history(model.key, 0, metric="accuracy_score")
    assert (newest, first) == (now, then)


def test_a_window_that_waits_says_so_and_rests_after_it_was_counted(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a"], [1], times=[NOW - 10 * HOUR])
    assert store.predictions.settle("w", now_ms=NOW) == 1
    label(store, model, ["a"], [1])
    assert numbers(store, model)[0].waiting
    assert store.predictions.get(model.key).waiting == 1
    assert store.predictions.settle("w", now_ms=NOW + 1000) == 0, "it was counted a moment ago"
    assert store.predictions.settle("w", now_ms=NOW - DAY) == 1, "a clock that jumped back strands nothing"
    assert not numbers(store, model)[0].waiting


def test_what_a_killed_worker_had_in_hand_is_counted_by_another_after_two_minutes(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a"], [1])
    assert store.predictions.settle("first", now_ms=NOW) == 1
    label(store, model, ["a"], [0])
    assert store.predictions.settle("second", now_ms=NOW, at_once=True) == 1
    assert store.predictions.settle("third", now_ms=NOW, at_once=True) == 0
    assert [one.version for one in store.predictions.history(model.key, 0)] == [2, 1]


def test_a_prediction_that_moves_to_another_day_or_slice_leaves_the_old_one(store: Store) -> None:
    model = opened(store, slices=["country"])
    log(store, model, ["a", "b"], [1, 1], slices={"country": ("DE", "FR")})
    settled(store, now_ms=NOW)
    log(store, model, ["a"], [1], times=[DAY], slices={"country": ("FR",)})
    settled(store, now_ms=NOW + 1)
    told = {(one.start_ms, one.slice[0][1]): one.n for one in numbers(store, model, by="country")}
    assert told == {(0, "DE"): 0, (0, "FR"): 1, (DAY, "FR"): 1}
    assert [one.n for one in numbers(store, model)] == [1, 1]
    assert [one.n for one in numbers(store, model, slice="country=DE")] == [0]


def test_pages_of_rows_go_on_where_the_last_one_ended(store: Store) -> None:
    model = opened(store, slices=["country"])
    ids = [f"r{i}" for i in range(7)]
    countries = ("DE", None, "FR", "DE", "DE", "DE", "FR")
    log(store, model, ids, ["x"] * 7, times=range(7), slices={"country": countries})
    label(store, model, ids[:5], ["x", "y", "y", "x", "y"])
    asked = {"start_ms": 0, "end_ms": NOW, "max_results": 2}
    first = store.predictions.rows(model.key, only="wrong", **asked)
    second = store.predictions.rows(model.key, only="wrong", page_token=first.token, **asked)
    assert [row.id for row in (*first.items, *second.items)] == ["r4", "r2", "r1"]
    assert second.token is None
    assert set(rows_of(store, model.key, only="unlabelled")) == {"r5", "r6"}
    assert set(rows_of(store, model.key, slice="country=DE")) == {"r0", "r3", "r4", "r5"}
    assert set(rows_of(store, model.key, slice="country=(missing)")) == {"r1"}
    with pytest.raises(InvalidArgument, match="page_token belongs to another"):
        store.predictions.rows(model.key, only="labelled", page_token=first.token, **asked)


def test_a_regressors_wrong_rows_begin_with_the_largest_error(store: Store) -> None:
    model = opened(store, model_type="regressor")
    log(store, model, ["a", "b", "c"], [1.0, 2.0, 3.0])
    label(store, model, ["a", "b", "c"], [1.5, 9.0, 1.0])
    page = store.predictions.rows(model.key, start_ms=0, end_ms=NOW, only="wrong", max_results=2)
    rest = store.predictions.rows(model.key, start_ms=0, end_ms=NOW, only="wrong", max_results=2, page_token=page.token)
    assert [row.id for row in (*page.items, *rest.items)] == ["b", "c", "a"]


def test_a_sample_is_the_same_again_and_has_features(store: Store) -> None:
    model = opened(store)
    ids = [f"r{i}" for i in range(200)]
    log(store, model, ids, ["x"] * 200, times=range(200), features={"odd": tuple(i % 2 for i in range(200))})
    drawn = store.predictions.sample(model.key, start_ms=0, end_ms=150, most=60)
    assert drawn == store.predictions.sample(model.key, start_ms=0, end_ms=150, most=60)
    assert (len({row.id for row in drawn}), max(row.time_ms for row in drawn) < 150) == (60, True)
    assert 18 <= sum(row.features["odd"] for row in drawn) <= 42
    assert len(store.predictions.sample(model.key, start_ms=0, end_ms=150, most=1000)) == 150


def test_coverage_is_told_by_age(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a", "b", "c"], [1, 1, 1], times=[NOW - HOUR, NOW - DAY - HOUR, NOW - 9 * DAY])
    label(store, model, ["b", "c"], [1, 0])
    settled(store)
    told = store.predictions.coverage(model.key, now_ms=NOW)
    assert [(one.from_ms // DAY, one.n, one.coverage) for one in told] == [(0, 1, 0.0), (1, 1, 1.0), (8, 1, 1.0)]


def test_a_model_stays_what_it_was_begun_as(store: Store) -> None:
    model = opened(store)
    assert opened(store) == model
    assert opened(store, slices=["b", "a"]).slices == ("a", "b")
    assert opened(store, slices=["c"]).slices == ("a", "b", "c")
    assert [one.name for one in store.predictions.models(["0"])] == ["fraud"]
    assert store.predictions.find("0", "other") is None
    with pytest.raises(InvalidArgument, match="begun with model_type='classifier'"):
        opened(store, model_type="regressor")
    with pytest.raises(InvalidArgument, match="no positive label"):
        opened(store, "other", model_type="regressor", pos_label="1")
    with pytest.raises(NotFound, match="no model 'pm-0'"):
        store.predictions.get("pm-0")
    with pytest.raises(NotFound, match="no experiment"):
        store.predictions.open("77", "x", model_type="classifier")


def test_a_third_class_makes_every_window_wait_for_the_measures_of_many_classes(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a", "b"], ["x", "y"])
    label(store, model, ["a", "b"], ["x", "x"])
    settled(store, now_ms=NOW)
    assert "recall_score_macro" not in numbers(store, model)[0].estimates
    log(store, model, ["c"], ["z"], times=[DAY])
    label(store, model, ["c"], ["z"])
    assert store.predictions.settle("w", now_ms=NOW + 1, most=1, at_once=True) == 1
    (both,) = numbers(store, model, step_ms=2 * DAY, metric="accuracy_score")
    accuracy = both.estimates["accuracy_score"]
    assert (both.n, both.waiting, accuracy.n, accuracy.missing) == (3, True, 1, 2), "the other day is not counted yet"
    assert settled(store, now_ms=NOW + 1) == 1
    (both,) = numbers(store, model, step_ms=2 * DAY)
    assert (both.waiting, both.estimates["accuracy_score"].value) == (False, pytest.approx(2 / 3))
    first = numbers(store, model)[0]
    assert (first.why, first.version) == ("the model's classes changed", 2)
    assert first.estimates["recall_score_macro"].value == pytest.approx(0.25)
