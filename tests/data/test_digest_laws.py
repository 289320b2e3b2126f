"""The digest and the row ids depend on the content, and on nothing else."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from steelyard.data import Digest, Fingerprint, RowIds, Table, digest_of, open_data, row_id_text

INTEGERS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text(max_size=30).filter(lambda s: "\x00" not in s)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    n = draw(st.integers(1, 30))
    column = {
        "whole": (pa.int64(), INTEGERS),
        "real": (pa.float64(), FLOATS),
        "text": (pa.string(), TEXTS),
        "flag": (pa.bool_(), st.booleans()),
        "vector": (pa.list_(pa.float64()), st.lists(FLOATS, max_size=4)),
        "when": (
            pa.timestamp("us"),
            st.datetimes(min_value=pd.Timestamp(1700, 1, 1), max_value=pd.Timestamp(2200, 1, 1)),
        ),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(column)), min_size=1, unique=True))
    return pa.table(
        {
            name: pa.array(draw(st.lists(st.none() | column[name][1], min_size=n, max_size=n)), column[name][0])
            for name in chosen
        }
    )


def fingerprint(table: Table, *, size: int = 65_536, exclude: frozenset[str] = frozenset()) -> tuple[str, list[int]]:
    maker = Fingerprint(table.schema, exclude=exclude)
    ids = [int(i) for batch in table.batches(size=size) for i in maker.update(batch)]
    return maker.digest(), ids


@given(tables(), st.integers(1, 31))
def test_any_chunking_gives_the_same_digest_and_ids(table: pa.Table, size: int) -> None:
    opened = open_data(table)
    assert fingerprint(opened, size=size) == fingerprint(opened)


@given(tables())
def test_ids_are_unique_even_where_rows_are_equal(table: pa.Table) -> None:
    twice = pa.concat_tables([table, table])
    _, ids = fingerprint(open_data(twice))
    assert len(set(ids)) == twice.num_rows


@given(tables())
@settings(max_examples=60)
def test_polars_arrow_and_lists_of_dicts_agree(table: pa.Table) -> None:
    assume("vector" not in table.column_names)
    expected = fingerprint(open_data(table))
    assert fingerprint(open_data(pl.from_arrow(table))) == expected
    assert fingerprint(open_data(table.to_batches()[0])) == expected
    # A column of nulls alone has no type once it is a list of None.
    assume(all(table.column(n).null_count < table.num_rows for n in table.column_names))
    assert fingerprint(open_data(table.to_pylist())) == expected


@given(table=tables())
@settings(max_examples=30)
def test_parquet_agrees_with_memory(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("digest") / "rows.parquet"
    pq.write_table(table, path, row_group_size=7)
    assert fingerprint(open_data(path)) == fingerprint(open_data(table))


@given(tables(), st.data())
def test_changing_one_cell_changes_the_digest_and_that_rows_id_alone(table: pa.Table, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(table.column_names))
    row = data.draw(st.integers(0, table.num_rows - 1))
    values = table.column(column).to_pylist()
    old = values[row]
    values[row] = data.draw(
        st.sampled_from(
            {
                "whole": [None, 7, -8],
                "real": [None, 0.5, math.inf, 3.0],
                "text": [None, "", "a", "a" * 9],
                "flag": [None, True, False],
                "vector": [None, [], [1.0], [1.0, None], [2.0, 1.0]],
                "when": [
                    None,
                    pd.Timestamp(2020, 1, 1).to_pydatetime(),
                    pd.Timestamp(2020, 1, 1, 0, 0, 1).to_pydatetime(),
                ],
            }[column]
        )
    )
    is_nan = isinstance(old, float) and math.isnan(old)
    assume(values[row] != old and not (values[row] is None and is_nan))
    place = table.column_names.index(column)
    changed = table.set_column(place, column, pa.array(values, table.schema.field(column).type))
    (digest, ids), (other_digest, other_ids) = fingerprint(open_data(table)), fingerprint(open_data(changed))
    assert digest != other_digest
    assert ids[row] != other_ids[row] or len(set(map(str, table.to_pylist()))) < table.num_rows


@given(tables(), st.randoms(use_true_random=False))
def test_row_order_changes_the_digest_and_not_the_ids(table: pa.Table, random: object) -> None:
    order = list(range(table.num_rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = table.take(order)
    (digest, ids), (other, other_ids) = fingerprint(open_data(table)), fingerprint(open_data(shuffled))
    assert sorted(ids) == sorted(other_ids)
    same = [str(r) for r in table.to_pylist()] == [str(r) for r in shuffled.to_pylist()]
    assert (digest == other) == same or "nan" in str(table.to_pylist())


def test_names_and_families_of_type_change_the_digest() -> None:
    values = [1, 2, 3]
    digests = {
        digest_of(open_data(pa.table({name: pa.array(values).cast(kind)})))
        for name, kind in [("a", pa.int64()), ("b", pa.int64()), ("a", pa.float64()), ("a", pa.string())]
    }
    assert len(digests) == 4


def test_widths_layouts_and_dictionaries_do_not() -> None:
    words = ["one", "two", None, "one", "a text that is longer than eight bytes"]
    layouts = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.large_string())]
    assert len({digest_of(open_data(pa.table({"t": pa.array(words, kind)}))) for kind in layouts}) == 1
    numbers = [3, -4, None, 100]
    assert (
        len({digest_of(open_data(pa.table({"n": pa.array(numbers, k)}))) for k in (pa.int8(), pa.int32(), pa.int64())})
        == 1
    )
    moments = pa.array([0, 1_500_000, -1], pa.timestamp("us"))
    assert len({digest_of(open_data(pa.table({"m": moments.cast(f"timestamp[{u}]")}))) for u in ("us", "ns")}) == 1
    lists = [[1.0, 2.0], [3.0, 4.0]]
    kinds = [pa.list_(pa.float64()), pa.large_list(pa.float64()), pa.list_(pa.float64(), 2), pa.list_view(pa.float64())]
    assert len({digest_of(open_data(pa.table({"l": pa.array(lists, kind)}))) for kind in kinds}) == 1


def test_column_order_matters_to_neither() -> None:
    one = open_data({"a": [1, 2], "b": ["x", "y"]})
    other = open_data({"b": ["x", "y"], "a": [1, 2]})
    assert fingerprint(one) == fingerprint(other)


def test_values_that_trade_columns_or_places_are_told_apart() -> None:
    def ids(columns: dict[str, list[object]]) -> tuple[int, ...]:
        return tuple(fingerprint(open_data(columns))[1])

    assert ids({"a": [1], "b": [2]}) != ids({"a": [2], "b": [1]})
    assert ids({"a": ["ab"], "b": ["c"]}) != ids({"a": ["a"], "b": ["bc"]})
    assert ids({"a": [["x", "yz"]]}) != ids({"a": [["xy", "z"]]})
    assert ids({"a": [[1, 2]]}) != ids({"a": [[2, 1]]})
    assert ids({"a": ["a" * 8 + "b" * 8]}) != ids({"a": ["b" * 8 + "a" * 8]})
    assert ids({"a": ["x"]}) != ids({"a": ["x\x00"]})
    assert ids({"a": [True]}) != ids({"a": [1]})
    assert ids({"a": ["3"]}) != ids({"a": [3]})


def test_whole_floats_have_the_ids_of_integers() -> None:
    integers = pd.DataFrame({"x": [1, 2, 3]})
    floats = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    assert fingerprint(open_data(integers))[1] == fingerprint(open_data(floats))[1]
    assert digest_of(open_data(integers)) != digest_of(open_data(floats))


def test_integers_beyond_int64_differ_from_negative_ones() -> None:
    big = pa.table({"x": pa.array([2**64 - 1, 2**63], pa.uint64())})
    small = pa.table({"x": pa.array([-1, -(2**63)], pa.int64())})
    assert not set(fingerprint(open_data(big))[1]) & set(fingerprint(open_data(small))[1])


def test_pandas_and_its_parquet_agree_though_nan_became_null(tmp_path: object) -> None:
    frame = pd.DataFrame({"x": [1.5, np.nan], "t": ["a", None], "c": pd.Categorical(["u", "v"])})
    path = f"{tmp_path}/frame.parquet"
    frame.to_parquet(path)
    assert fingerprint(open_data(frame)) == fingerprint(open_data(path))


def test_slices_of_a_table_hash_as_their_own_rows_do() -> None:
    table = pa.table(
        {
            "t": ["a", "bb", None, "d" * 20, "e"],
            "l": [[1], [], None, [2, 3], [4]],
            "s": [{"k": 1}, None, {"k": None}, {"k": 2}, {"k": 3}],
            "m": pa.array([[("a", 1)], [], None, [("b", 2)], [("c", 3)]], pa.map_(pa.string(), pa.int64())),
            "b": [True, None, False, True, True],
            "f": pa.array([b"xy", b"zz", None, b"ab", b"cd"], pa.binary(2)),
            "d": pa.array([1, 2, None, 3, 4]).cast(pa.decimal128(25, 2)),
            "c": pa.array(["p", "q", None, "p", "q"]).dictionary_encode(),
        }
    )
    part = table.slice(1, 3)
    copied = pa.Table.from_pylist(part.to_pylist(), schema=table.schema)
    assert fingerprint(open_data(part)) == fingerprint(open_data(copied))


def test_decimals_are_hashed_by_value_and_rare_types_are_hashed_too() -> None:
    decimals = pa.array([1, 2]).cast(pa.decimal128(22, 0))
    assert fingerprint(open_data(pa.table({"x": decimals}))) == fingerprint(
        open_data(pa.table({"x": decimals.cast(pa.decimal128(27, 3))}))
    )
    rare = pa.array([(1, 2, 3), (4, 5, 6)], pa.month_day_nano_interval())
    assert len(set(fingerprint(open_data(pa.table({"x": rare})))[1])) == 2


def test_excluded_columns_are_in_the_digest_and_not_in_the_ids() -> None:
    ours = open_data({"x": [1, 2], "prediction": [0, 1]})
    theirs = open_data({"x": [1, 2], "prediction": [1, 1]})
    exclude = frozenset({"prediction"})
    assert fingerprint(ours, exclude=exclude)[1] == fingerprint(theirs, exclude=exclude)[1]
    assert fingerprint(ours, exclude=exclude)[0] != fingerprint(theirs, exclude=exclude)[0]


def test_one_pass_gives_what_two_passes_give() -> None:
    table = open_data({"x": [1, 1, 2], "p": [0.1, 0.2, 0.3]})
    digest, ids = fingerprint(table, exclude=frozenset({"p"}))
    alone, apart = Digest(table.schema), RowIds(exclude={"p"})
    for batch in table.batches(size=2):
        alone.update(batch)
    assert alone.hexdigest() == digest
    assert [int(i) for batch in table.batches(size=1) for i in apart.of(batch)] == ids


def test_hashes_look_random() -> None:
    n = 200_000
    _, ids = fingerprint(open_data({"x": np.arange(n)}))
    bits = np.unpackbits(np.array(ids, dtype=np.uint64).view(np.uint8)).reshape(n, 64).mean(axis=0)
    assert np.abs(bits - 0.5).max() < 5 * 0.5 / math.sqrt(n)
    assert len(set(ids)) == n


def test_digest_and_ids_are_the_same_in_every_version() -> None:
    # Stored runs are paired by these: a change of the hash must be a decision.
    digest, ids = fingerprint(
        open_data({"x": [1, 1, None], "t": ["a", "a", "longer than eight"], "f": [0.5, 0.5, 2.0]})
    )
    assert digest == "e1a6d47fcf080f41b05987375e69b027"
    assert row_id_text(np.array(ids, dtype=np.uint64)).to_pylist() == [
        "3566a63374c6b2ab",
        "a1b30de162fcbc1a",
        "1e512b36801e1ebc",
    ]
