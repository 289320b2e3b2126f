"""Which rows a slice holds, in which order slices stand, and that a slice's numbers are those of its rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from steelyard.errors import DataError, InvalidArgument
from steelyard.metrics import by_bins
from steelyard.metrics.binary import BinaryState
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.plan import Plan
from steelyard.metrics.slicing import MISSING, Bins, SliceIndex, dimensions

from .made import by_key, made


def sliced(spec: Any, *batches: dict[str, Any]) -> list[tuple[str, ...]]:
    """The slice of each row in words."""
    (dimension,) = dimensions([spec])
    index = SliceIndex(dimension)
    codes = np.concatenate([index.add(pa.RecordBatch.from_pydict(b)) for b in batches])
    words, place = index.sorted()
    return [words[i] for i in place[codes]]


def order(spec: Any, *batches: dict[str, Any]) -> list[str]:
    (dimension,) = dimensions([spec])
    index = SliceIndex(dimension)
    for batch in batches:
        index.add(pa.RecordBatch.from_pydict(batch))
    return [" × ".join(w) for w in index.sorted()[0]]


def test_a_column_slices_by_its_values_and_what_is_missing_is_a_slice() -> None:
    assert sliced("c", {"c": ["b", None, "a"]}, {"c": ["a"]}) == [("b",), (MISSING,), ("a",), ("a",)]


@pytest.mark.parametrize("gone", [float("nan"), None])
def test_a_number_that_is_missing_is_missing_however_it_is_written(gone: Any) -> None:
    assert sliced("c", {"c": pa.array([1.0, gone], from_pandas=False)}) == [("1",), (MISSING,)]


def test_columns_are_crossed() -> None:
    found = sliced(["c", "d"], {"c": ["x", "y", None], "d": [1, 2, 1]})
    assert found == [("x", "1"), ("y", "2"), (MISSING, "1")]


def test_only_crossings_that_occur_are_slices() -> None:
    assert order(["c", "d"], {"c": ["x", "y"], "d": ["p", "q"]}) == ["x × p", "y × q"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10, 9, 100, None], ["9", "10", "100", MISSING]),
        ([2.5, -1.0, 10.0], ["-1", "2.5", "10"]),
        (["10", "9", "b", "a", None], ["9", "10", "a", "b", MISSING]),
        ([True, False], ["False", "True"]),
    ],
)
def test_numbers_stand_by_size_then_words_then_what_is_missing(values: list[Any], expected: list[str]) -> None:
    assert order("c", {"c": values}) == expected


def test_the_order_does_not_depend_on_the_order_of_the_rows_even_with_a_slice_named_nan() -> None:
    values = ["nan", "3", "1", "b", "2"]
    assert len({tuple(order("c", {"c": values[i:] + values[:i]})) for i in range(5)}) == 1


@pytest.mark.parametrize("kind", [pa.int64(), pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_column_of_any_type_slices_alike(kind: pa.DataType) -> None:
    column = pa.array(["3", "1", "3"]).cast(pa.int64()) if kind == pa.int64() else pa.array(["3", "1", "3"]).cast(kind)
    assert sliced("c", {"c": column}) == [("3",), ("1",), ("3",)]


def test_different_numbers_are_different_slices() -> None:
    """A postcode with a missing value beside it is a float, and floats have more than six digits."""
    values = [1234567.0, 1234568.0, 0.1234567, 0.1234568]
    assert len(set(sliced("c", {"c": values}))) == 4


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.none() | st.floats(-100, 100).map(lambda x: round(x, 1)), min_size=1, max_size=40),
    edges=st.lists(st.integers(-90, 90), min_size=1, max_size=5, unique=True),
)
def test_a_bin_holds_its_lower_edge_and_not_its_upper(values: list[float | None], edges: list[int]) -> None:
    edges = sorted(edges)
    found = sliced(by_bins("c", edges), {"c": pa.array(values, pa.float64())})
    for value, (word,) in zip(values, found, strict=True):
        if value is None:
            assert word == MISSING
        elif value < edges[0]:
            assert word == f"< {edges[0]}"
        elif value >= edges[-1]:
            assert word == f"≥ {edges[-1]}"
        else:
            low, high = map(float, word.strip("[)").split(", "))
            assert low <= value < high


def test_bins_stand_in_order() -> None:
    values = [150.0, 5.0, None, 25.0, 99.0, -3.0]
    expected = ["< 0", "[0, 10)", "[10, 50)", "[50, 100)", "≥ 100", MISSING]
    assert order(by_bins("c", [0, 10, 50, 100]), {"c": values}) == expected


def test_bins_at_quantiles_hold_about_equally_many_rows() -> None:
    values = np.random.default_rng(1).lognormal(size=1_000)
    bins = by_bins("c", 5).with_edges(values)
    assert bins.edges == tuple(np.quantile(values, [0.2, 0.4, 0.6, 0.8]))
    counts = pd.Series(sliced(bins, {"c": values})).value_counts()
    assert sorted(counts) == [200] * 5


def test_bins_whose_edges_differ_only_in_the_seventh_digit_stay_apart() -> None:
    values = [1_000_000.0, 1_000_001.0, 1_000_002.0, 1_000_003.0]
    assert len(set(sliced(by_bins("c", [1_000_001, 1_000_002, 1_000_003]), {"c": values}))) == 4


def test_bins_of_nothing_but_missing_values_are_refused() -> None:
    with pytest.raises(DataError, match="'c' has no numbers"):
        by_bins("c", 5).with_edges(np.array([np.nan]))


def test_a_predicate_says_yes_or_no() -> None:
    spec = {"long": lambda frame: frame["t"].str.len() > 3}
    assert sliced(spec, {"t": ["a", "abcd"]}) == [("no",), ("yes",)]
    with pytest.raises(DataError, match="'long' must return one boolean per row"):
        sliced({"long": lambda frame: frame["t"].str.len()}, {"t": ["a", "abcd"]})
    with pytest.raises(DataError, match="one boolean per row"):
        sliced({"long": lambda _: True}, {"t": ["a", "abcd"]})


@pytest.mark.parametrize("unknown", [None, float("nan"), pd.NA], ids=repr)
def test_a_predicate_that_cannot_tell_does_not_say_yes(unknown: Any) -> None:
    spec = {"odd": lambda _: np.array([True, unknown, False], dtype=object)}
    assert sliced(spec, {"t": ["a", "b", "c"]})[1] != ("yes",)


def test_too_many_values_are_refused_with_a_way_out() -> None:
    (dimension,) = dimensions("c")
    index = SliceIndex(dimension)
    index.add(pa.RecordBatch.from_pydict({"c": np.arange(1_000)}))
    with pytest.raises(DataError, match=r"more than 1,000 values.*by_bins\('c', 5\)"):
        index.add(pa.RecordBatch.from_pydict({"c": [5_000]}))


def test_crossing_two_columns_of_names_is_refused_before_memory_is_spent() -> None:
    import tracemalloc

    (dimension,) = dimensions([["a", "b"]])
    batch = pa.RecordBatch.from_pydict({"a": np.arange(1_500), "b": np.arange(1_500)})
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than 1,000 values"):
            SliceIndex(dimension).add(batch)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([3], "cannot be read"),
        ([[]], "cannot be read"),
        ([{"x": 3}], "must name a function"),
        (["c", "c"], "'c' twice"),
    ],
)
def test_a_specification_that_cannot_be_read_is_refused(spec: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        dimensions(spec)


def test_specifications_are_read_in_all_their_forms() -> None:
    assert dimensions(None) == ()
    spec = ["a", ["a", "b"], by_bins("n", [1]), ["a", by_bins("n", 3)], {"p": len, "q": len}]
    assert [d.name for d in dimensions(spec)] == ["a", "a × b", "n", "a × n", "p", "q"]
    assert dimensions("a")[0].columns == ("a",)
    assert dimensions({"p": len})[0].columns == ()
    assert by_bins("n") == Bins("n", 5)
    with pytest.raises(InvalidArgument, match="at least 2"):
        by_bins("n", 1)
    with pytest.raises(InvalidArgument, match="increase"):
        by_bins("n", [2, 1])


# --- values on slices ------------------------------------------------------------------------------------------------


def test_every_binary_metric_of_a_slice_is_that_of_its_rows_alone() -> None:
    sizes = (3, 4)
    rng = np.random.default_rng(5)
    columns = made(1_200, 5, sizes)
    true, p = rng.uniform(size=1_200) < 0.4, rng.uniform(size=1_200).round(2)

    def readings(where: np.ndarray, plan: Plan) -> Any:
        state, part = BinaryState(plan), columns.take(where)
        rows = part.rows if plan.sizes else type(part.rows).of(part.rows.buckets)
        state.update(rows, ids=part.ids, true=true[where], predicted=p[where] > 0.5, positive=p[where])
        return by_key(state.readings())

    whole = readings(np.arange(1_200), Plan(sizes=sizes, probabilities=True, replicates=20))
    place = 1
    for codes, size in zip(columns.codes, sizes, strict=True):
        for code in range(size):
            where = np.flatnonzero(codes == code)
            alone = readings(where, Plan(probabilities=True, replicates=20))
            assert whole["roc_auc"].values[place] == pytest.approx(sk.roc_auc_score(true[where], p[where]), abs=1e-12)
            assert whole["f1_score"].values[place] == pytest.approx(sk.f1_score(true[where], p[where] > 0.5), abs=1e-12)
            for key, reading in alone.items():
                np.testing.assert_allclose(whole[key].values[place], reading.values[0], rtol=1e-10, err_msg=key)
                np.testing.assert_array_equal(whole[key].n[place], reading.n[0])
                if reading.replicates is not None:
                    np.testing.assert_allclose(whole[key].replicates[place], reading.replicates[0], rtol=1e-9)
            place += 1


def test_every_metric_of_many_labels_on_a_slice_is_that_of_its_rows_alone() -> None:
    rng = np.random.default_rng(6)
    columns = made(900, 6, (3,))
    true, p = rng.integers(0, 3, 900), rng.dirichlet(np.ones(3), 900)

    def readings(where: np.ndarray, plan: Plan) -> Any:
        state, part = MulticlassState(plan), columns.take(where)
        rows = part.rows if plan.sizes else type(part.rows).of(part.rows.buckets)
        state.update(rows, ids=part.ids, true=true[where], predicted=p[where].argmax(axis=1), probabilities=p[where])
        return by_key(state.readings())

    layout: dict[str, Any] = {"labels": ("a", "b", "c"), "probabilities": True, "replicates": 20}
    whole = readings(np.arange(900), Plan(sizes=(3,), **layout))
    for code in range(3):
        where = np.flatnonzero(columns.codes[0] == code)
        for key, reading in readings(where, Plan(**layout)).items():
            np.testing.assert_allclose(whole[key].values[1 + code], reading.values[0], rtol=1e-10, err_msg=key)


def test_a_slice_without_rows_is_undefined_and_raises_nothing() -> None:
    columns = made(60, 7, (2,))
    rows = type(columns.rows).of(columns.rows.buckets, (np.zeros(60, np.int32),))
    rng = np.random.default_rng(7)
    true, p = rng.uniform(size=60) < 0.5, rng.uniform(size=60)
    state = BinaryState(Plan(sizes=(2,), probabilities=True, replicates=20))
    state.update(rows, ids=columns.ids, true=true, predicted=p > 0.5, positive=p)
    for reading in state.readings():
        if reading.interval != "none":
            assert np.isnan(reading.values[2]), reading.key
            assert reading.n[2] == 0
