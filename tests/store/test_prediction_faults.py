"""A killed writer leaves whole batches; what cannot be kept is refused whole, with its row; the rest is kept as is."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from back_ends import AT_HAND
from predictions_made import DAY, NOW, label, log, numbers, opened, settled

from steelyard.errors import DataError, InvalidArgument
from steelyard.records import Store

BATCH = 50

WRITER = """
import sys
sys.path.insert(0, sys.argv[3])
from predictions_made import DAY, label, log
from steelyard.store import open_store
store = open_store(sys.argv[1])
model = store.predictions.get(sys.argv[2])
for at in range(0, 1_000_000, 50):
    ids = [f"r{i}" for i in range(at, at + 50)]
    log(store, model, ids, [i % 2 for i in range(50)], times=[(i % 3) * 86_400_000 for i in range(50)])
    label(store, model, ids, [1] * 50, times=[5] * 50)
    store.predictions.settle("killed", now_ms=at + 1, at_once=True)
    print(at, flush=True)
"""


@AT_HAND
def test_after_kill_minus_nine_batches_are_whole_and_repeating_changes_nothing(store: Store, store_url: str) -> None:
    model = opened(store)
    command = [sys.executable, "-c", WRITER, store_url, model.key, str(Path(__file__).parent)]
    writer = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(3)]
    os.killpg(writer.pid, signal.SIGKILL)
    rest, errors = writer.communicate()
    assert errors == ""
    acknowledged = max(int(line) for line in [*lines, *rest.splitlines()] if line.strip()) + BATCH
    found = store.predictions.get(model.key)
    assert found.n % BATCH == 0
    assert found.labelled % BATCH == 0
    assert acknowledged <= found.labelled <= found.n <= acknowledged + 2 * BATCH
    for at in range(0, found.n, BATCH):  # repeated from the beginning
        ids = [f"r{i}" for i in range(at, at + BATCH)]
        again = log(store, model, ids, [i % 2 for i in range(BATCH)], times=[(i % 3) * DAY for i in range(BATCH)])
        assert again.unchanged == BATCH
        label(store, model, ids, [1] * BATCH, times=[5] * BATCH)
    settled(store)
    assert sum(one.labelled for one in numbers(store, model)) == found.n
    assert store.predictions.get(model.key).labelled == found.n


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "fraction": ({"predictions": ["x", 0.5]}, "prediction in row 1 is 0.5, which is no class"),
    "infinite": ({"predictions": ["x", math.inf]}, "prediction in row 1 is infinite"),
    "mixed": ({"predictions": ["x", 1]}, "both text, such as 'x', and numbers, such as 1"),
    "a list": ({"predictions": ["x", ["y"]]}, "row 1 is of type list|cannot|Expected"),
    "huge number": ({"predictions": [1, 2**60]}, "row 1 is 1152921504606846976: beyond 2"),
    "NUL in a class": ({"predictions": ["x", "a\x00b"]}, "prediction in row 1 is no class"),
    "long class": ({"predictions": ["x", "y" * 300]}, "prediction in row 1 is no class"),
    "long id": ({"ids": ["a", "b" * 501]}, "id in row 1 has 501 characters"),
    "NUL in an id": ({"ids": ["a", "b\x00"]}, "id in row 1 holds a NUL"),
    "half a pair in an id": ({"ids": ["a", "b\ud800"]}, "id in row 1 holds a NUL character or half"),
    "empty id": ({"ids": ["a", ""]}, "Row 1 has no id"),
    "one id twice": ({"ids": ["a", "a"]}, "Rows 0 and 1 have the same id 'a'"),
    "score as text": ({"scores": [0.5, "high"]}, "score in row 1 is of type str"),
    "time before 1970": ({"times": [0, -1]}, "time in row 1 is -1"),
    "time after 9999": ({"times": [0, 10**15]}, "time in row 1 is 1000000000000000"),
    "score": ({"scores": [0.5, 1.5]}, "score in row 1 is 1.5: a probability"),
    "unknown slice": ({"slices": {"city": ("a", "b")}}, "no slice 'city'"),
    "long slice": ({"slices": {"country": ("a", "b" * 300)}}, "slice 'country' in row 1"),
    "short column": ({"scores": [0.5]}, "scores has 1 rows and ids has 2"),
    "large features": ({"features": {"text": ("a", "b" * 70_000)}}, "features in row 1 take .* most of it 'text'"),
    "some probabilities": (
        {"labels": ("x", "y"), "probabilities": ((0.5, 0.5), (0.5, None))}, "Row 1 has probabilities of some classes",
    ),
    "a class named twice": ({"labels": ("x", "x"), "probabilities": ((0.5, 0.5), (0.5, 0.5))}, "names a label twice"),
}  # fmt: skip


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_whole_with_its_row(store: Store, name: str) -> None:
    model = opened(store, slices=["country"])
    wrong, message = REFUSED[name]
    columns = {"ids": ["a", "b"], "predictions": ["x", "y"], **wrong}
    with pytest.raises((InvalidArgument, DataError), match=message):
        log(store, model, columns.pop("ids"), columns.pop("predictions"), **columns)
    found = store.predictions.get(model.key)
    assert (found.n, found.labels, found.waiting) == (0, (), 0)


def test_labels_that_cannot_be_kept_are_refused_whole_with_their_row(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a", "b"], ["x", "y"])
    for labels, message in (
        (["x", None], r"Row 1 has no label|labels\[1\]"),
        (["x", 3], "both text"),
        (["x"], "1 rows and ids"),
    ):
        with pytest.raises((InvalidArgument, DataError), match=message):
            label(store, model, ["a", "b"], labels)
    with pytest.raises(DataError, match="2,001 different classes"):
        log(store, model, [f"r{i}" for i in range(1999)], [f"c{i}" for i in range(1999)])
    assert store.predictions.get(model.key).labelled == 0
    numeric = opened(store, "age", model_type="regressor")
    with pytest.raises(DataError, match="row 0 is the text 'old', and this model is a regressor"):
        log(store, numeric, ["a"], ["old"])
    with pytest.raises(InvalidArgument, match="a regressor has none"):
        log(store, numeric, ["a"], [3.0], scores=[0.5])


def test_what_is_odd_but_can_be_kept_is_kept_as_it_is(store: Store) -> None:
    model = opened(store, slices=["country"])
    odd = {"nul": "a\x00b", "nan": math.nan, "pair": "\ud83d", "big": 2**70, "deep": {"a": [1, None, {"b": "ü"}]}}
    log(
        store, model, ["🎈" * 100, "x" * 500], [None, math.nan], times=[0, 2_145_916_800_000],
        features={name: (value, None) for name, value in odd.items()}, slices={"country": ("", None)},
    )  # fmt: skip
    label(store, model, ["🎈" * 100], ["a class that no prediction had"], times=[2_145_916_800_000])
    settled(store)
    first, last = numbers(store, model, end_ms=3_000_000_000_000)
    assert [(one.n, one.labelled, one.failed) for one in (first, last)] == [(1, 1, 1), (1, 0, 1)]
    assert first.estimates == {}, "no row has both"
    row = store.predictions.rows(model.key, start_ms=0, end_ms=DAY, only="wrong").items[0]
    assert (row.prediction, row.label) == (None, "a class that no prediction had")
    nan = row.features["nan"]
    assert nan != nan
    assert {**row.features, "nan": None} == {**odd, "nan": None}


def test_a_settled_window_is_not_written_again_by_a_worker_that_was_slow(store: Store) -> None:
    model = opened(store)
    log(store, model, ["a"], [1])
    settled(store, now_ms=NOW)
    settled(store, now_ms=NOW + 1)
    assert len(store.predictions.history(model.key, 0)) == 1


def test_numbers_that_no_database_holds_are_refused_by_name(store: Store) -> None:
    model, far = opened(store).key, 2**63
    predictions = store.predictions
    for name, call in {
        "start_ms": lambda: predictions.rows(model, start_ms=-far - 1, end_ms=0),
        "end_ms": lambda: predictions.sample(model, start_ms=0, end_ms=far, most=1),
        "as_of_ms": lambda: predictions.numbers(model, start_ms=0, end_ms=1, as_of_ms=far),
        "start_ms ": lambda: predictions.history(model, far),
        "now_ms": lambda: predictions.settle("w", now_ms=far),
        "now_ms ": lambda: predictions.coverage(model, now_ms=far),
    }.items():
        with pytest.raises(InvalidArgument, match=name.strip()):
            call()


def test_a_share_that_no_float_holds_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="a probability lies between 0 and 1"):
        log(store, opened(store), ["a"], [True], scores=[2**63 + 1])
