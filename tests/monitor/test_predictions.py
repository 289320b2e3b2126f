"""People log predictions and labels from what they have: frames, columns, single rows, in any order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from steelyard.errors import ColumnNotFound, DataError, InvalidArgument, NotFound
from steelyard.monitor import (
    dataset_of_predictions,
    find_production_model,
    list_production_models,
    log_labels,
    log_predictions,
    settle_once,
)
from steelyard.records import PredictedRow
from steelyard.tracking import get_store

pytestmark = pytest.mark.usefixtures("store_uri")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROWS = [
    {"id": "a", "prediction": "cat", "p": 0.9, "when": NOON, "farm": "north", "kg": 3.5},
    {"id": "b", "prediction": "dog", "p": 0.2, "when": NOON + timedelta(1), "farm": None, "kg": 9.0},
]  # fmt: skip
COLUMNS: dict[str, Any] = {"ids": "id", "scores": "p", "timestamps": "when", "slices": "farm", "features": ["kg"]}
FORMS = {
    "pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.Table.from_pylist, "rows": list,
    "columns": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
}  # fmt: skip


def rows_of(model: str) -> dict[str, PredictedRow]:
    page = get_store().predictions.rows(model, start_ms=0, end_ms=2**50, max_results=1000)
    return {row.id: row for row in page.items}


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_frame_gives_the_same_rows(form: str) -> None:
    logged = log_predictions("pets", FORMS[form](ROWS), model_type="classifier", **COLUMNS)
    assert (logged.new, logged.ids) == (2, ("a", "b"))
    rows = rows_of(logged.model)
    assert rows["a"] == PredictedRow(
        id="a", time_ms=1_767_268_800_000, prediction="cat", score=0.9, slices={"farm": "north"}, features={"kg": 3.5}
    )
    assert rows["b"].slices == {"farm": "(missing)"}


def test_columns_may_be_given_as_values_beside_a_frame_or_without_one() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    days = pd.Series(pd.date_range("2026-01-01", periods=3))
    one = log_predictions("m", frame, ids=[7, 8, 9], predictions=np.array([1, 0, 1]), features="all", timestamps=days,
                          model_type="classifier")  # fmt: skip
    assert rows_of(one.model)["8"].features == {"x": 2}
    two = log_predictions("n", [0.5, 1.5], ids=pd.Series(["a", "b"]), timestamps=[0, 5], model_type="regressor")
    assert {row.prediction for row in rows_of(two.model).values()} == {0.5, 1.5}
    three = log_predictions("n", predictions=pl.Series([2.5]), ids=["c"], timestamps=date(2026, 1, 1))
    assert (three.model, rows_of(three.model)["c"].time_ms) == (two.model, 1_767_225_600_000)


def test_one_row_at_a_time_and_without_ids() -> None:
    first = log_predictions("m", predictions="spam", model_type="classifier", scores=0.8)
    second = log_predictions("m", {"prediction": "ham", "length": 3}, features=["length"], model_id="m-2")
    assert log_predictions("m", {"prediction": "ham"}, ids="my own").ids == ("my own",)
    assert len({*first.ids, *second.ids}) == 2
    assert log_labels("m", first.ids[0], "spam").joined == 1
    rows = rows_of(first.model)
    assert rows[first.ids[0]].label == "spam"
    assert rows[second.ids[0]].slices == {"model_id": "m-2"}
    assert find_production_model("m").slices == ("model_id",)


def test_without_predictions_the_most_probable_class_is_taken() -> None:
    rows = [{"c": 0.7, "d": 0.2, "e": 0.1}, {"c": 0.1, "d": 0.2, "e": 0.7}, {"c": None, "d": None, "e": None}]
    logged = log_predictions("m", rows, ids=["a", "b", "x"], probabilities={"cat": "c", "dog": "d", "emu": "e"},
                             model_type="classifier")  # fmt: skip
    found = rows_of(logged.model)
    assert [found[key].prediction for key in ("a", "b", "x")] == ["cat", "emu", None]
    assert found["a"].probabilities == {"cat": 0.7, "dog": 0.2, "emu": 0.1}


def test_labels_not_known_yet_are_left_out_and_counted() -> None:
    log_predictions("m", [1, 0, 1], ids=["a", "b", "c"], model_type="classifier")
    frame = pd.DataFrame({"key": ["a", "b", "z"], "truth": [1.0, np.nan, 0.0]})
    told = log_labels("m", "key", "truth", data=frame)
    assert (told.joined, told.waiting, told.empty) == (1, 1, 1)
    assert find_production_model("m").orphans == 1


def test_numbers_come_from_what_was_logged_after_they_are_counted() -> None:
    n = 25_000  # more than two transactions
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, n)
    predicted = np.where(rng.random(n) < 0.9, true, 1 - true)
    ids = np.arange(n)
    log_labels_first, rest = ids[: n // 2], ids[n // 2 :]
    model = log_predictions("m", predicted[:1], ids=[0], timestamps=[0], model_type="classifier", pos_label=1).model
    assert log_labels("m", log_labels_first, true[: n // 2]).waiting == n // 2 - 1
    logged = log_predictions("m", predicted, ids=ids, timestamps=np.zeros(n, np.int64))
    assert (logged.new, logged.unchanged, logged.joined) == (n - 1, 1, n // 2 - 1)
    assert log_labels("m", rest, true[n // 2 :]).joined == n - n // 2
    assert settle_once(get_store(), worker="me", now_ms=10**12) == 1
    (day,) = get_store().predictions.numbers(model, start_ms=0, end_ms=1)
    assert day.estimates["accuracy_score"].value == pytest.approx((true == predicted).mean())
    assert (day.coverage, list_production_models()[0].n) == (1.0, n)


def test_the_same_id_twice_is_found_before_anything_is_written_however_far_apart() -> None:
    ids = [f"r{i}" for i in range(15_000)]
    ids[-1] = "r3"
    with pytest.raises(InvalidArgument, match="Rows 3 and 14999 have the same id 'r3'"):
        log_predictions("m", ["x"] * 15_000, ids=ids, model_type="classifier")
    assert find_production_model("m").n == 0


def test_an_error_beyond_the_first_transaction_names_the_row_of_the_data() -> None:
    predictions = [1.0] * 12_000
    predictions[11_000] = float("inf")
    ids = [str(i) for i in range(12_000)]
    with pytest.raises(DataError, match="prediction in row 11000 is infinite"):
        log_predictions("m", predictions, ids=ids, model_type="regressor")
    predictions[11_000] = 2.0
    assert log_predictions("m", predictions, ids=ids, timestamps=None).unchanged == 10_000, "the part before is kept"


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no column": ({"ids": "key"}, ColumnNotFound, "no column 'key'"),
    "no predictions": ({"data": [{"x": 1}], "ids": None}, InvalidArgument, "There are no predictions"),
    "lengths": ({"ids": ["a"]}, InvalidArgument, "has 2 rows and ids .* has 1"),
    "ids that are fractions": ({"ids": [0.5, 1.5]}, DataError, "of type double"),
    "a missing id": ({"ids": ["a", None]}, DataError, "Row 1 has no id"),
    "a missing time": ({"timestamps": [datetime(2026, 1, 1, tzinfo=UTC), None]}, DataError, "Row 1 has no time"),
    "times as text": ({"timestamps": ["today", "yesterday"]}, DataError, "times .* are of type string"),
    "text as scores": ({"scores": ["low", "high"]}, DataError, "must hold probabilities"),
    "mixed predictions": ({"predictions": ["x", 3]}, DataError, "mixes types: row 1"),
    "scores twice": ({"scores": [0.1, 0.2], "probabilities": [0.1, 0.2]}, InvalidArgument, "both one column"),
    "no type": ({"model_type": None}, InvalidArgument, "'m' is new: say what it predicts"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_named(name: str) -> None:
    wrong, kind, message = REFUSED[name]
    given = {"data": ROWS, "ids": "id", "model_type": "classifier", **wrong}
    with pytest.raises(kind, match=message):
        log_predictions("m", given.pop("data"), **given)


def test_labels_for_a_model_that_nobody_logged_name_those_that_there_are() -> None:
    log_predictions("fraud", [1], ids=["a"], model_type="classifier")
    with pytest.raises(NotFound, match=r"model 'frod' are logged .* these are: 'fraud'"):
        log_labels("frod", ["a"], [1])


def test_the_wrong_rows_become_an_evaluation_dataset_and_grow_it() -> None:
    log_predictions("pets", ROWS, model_type="classifier", **COLUMNS)
    log_labels("pets", ["a", "b"], ["dog", "dog"])
    dataset = dataset_of_predictions("pets", "mistakes")
    (record,) = dataset.records
    assert (record.inputs, record.expectations) == ({"kg": 3.5}, {"label": "dog"})
    assert record.tags == {"slice.farm": "north"}
    log_labels("pets", ["b"], ["cat"])
    again = dataset_of_predictions("pets", "mistakes")
    assert (again.dataset_id, len(again), again.last_change.unchanged) == (dataset.dataset_id, 2, 1)
    with pytest.raises(DataError, match="has no such row"):
        dataset_of_predictions("pets", "mistakes", slice="farm=south")
    log_predictions("bare", ["x"], ids=["a"], model_type="classifier")
    with pytest.raises(DataError, match="Nothing is kept of the input"):
        dataset_of_predictions("bare", "mistakes", only="")
