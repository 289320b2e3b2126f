"""Ids from a column, ordinals of duplicates, and what bounds their memory."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.data import Fingerprint, RowIds, open_data
from steelyard.data.ordinals import BLOCK_ROWS, Ordinals
from steelyard.data.seen import Filter, Runs
from steelyard.errors import ColumnNotFound, DataError


def counted(hashes: np.ndarray) -> list[int]:
    seen: Counter[int] = Counter()
    out = []
    for h in hashes.tolist():
        out.append(seen[h])
        seen[h] += 1
    return out


def in_parts(ordinals: Ordinals, hashes: np.ndarray, cuts: list[int]) -> list[int]:
    parts = np.split(hashes, sorted(c for c in cuts if c < len(hashes)))
    return [int(o) for part in parts for o in ordinals.of(part)]


@given(st.lists(st.integers(0, 9), max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_ordinals_count_the_equal_rows_before(values: list[int], cuts: list[int]) -> None:
    hashes = np.array(values, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert in_parts(Ordinals(), hashes, cuts) == counted(hashes)


def test_ordinals_are_exact_over_many_blocks() -> None:
    rng = np.random.default_rng(1)
    pool = rng.integers(0, 2**64, 150_000, dtype=np.uint64)
    hashes = pool[rng.integers(0, len(pool), 300_000)]
    ordinals = Ordinals()
    assert in_parts(ordinals, hashes, [1, 70_000, 70_001, 140_000]) == counted(hashes)
    assert ordinals.exact


def test_beyond_the_bound_equal_rows_still_differ_and_batches_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    n = 6 * BLOCK_ROWS
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    hashes[rng.integers(0, n, n // 5)] = hashes[: n // 5]
    whole, pieces = Ordinals(exact_rows=BLOCK_ROWS), Ordinals(exact_rows=BLOCK_ROWS)
    got = in_parts(whole, hashes, [])
    assert not whole.exact
    assert in_parts(pieces, hashes, [5, 40_000, 65_536, 65_537, 200_000]) == got
    assert len(set(zip(hashes.tolist(), got, strict=True))) == n
    exact = counted(hashes)
    assert all(g >= e for g, e in zip(got, exact, strict=True))
    assert np.mean(np.array(got) == np.array(exact)) > 0.95


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=200, unique=True))
def test_the_filter_never_forgets(words: list[int]) -> None:
    keys = np.sort(np.array(words, dtype=np.uint64))
    filter_ = Filter(10)
    filter_.add(keys)
    assert filter_.maybe(keys).all()


def test_the_filter_seldom_errs_at_sixteen_bits_a_word() -> None:
    rng = np.random.default_rng(3)
    filter_ = Filter(20)
    filter_.add(np.sort(rng.integers(0, 2**64, 1 << 16, dtype=np.uint64)))
    assert filter_.maybe(rng.integers(0, 2**64, 1 << 16, dtype=np.uint64)).mean() < 0.03


def test_runs_are_a_map() -> None:
    rng = np.random.default_rng(4)
    runs, known = Runs(), {}
    for _ in range(20):
        keys = np.unique(rng.integers(0, 2_000, 300).astype(np.uint64))
        new = keys[runs.get(keys) == 0]
        runs.insert(new, np.ones(len(new), np.uint32))
        runs.raise_by(keys, np.full(len(keys), 2, np.uint32))
        for key in keys.tolist():
            known[key] = known.get(key, 1 if key in new else 0) + 2
    asked = np.arange(2_000, dtype=np.uint64)
    assert runs.get(asked).tolist() == [known.get(k, 0) for k in range(2_000)]
    assert runs.size == len(known)


@pytest.mark.slow
def test_ordinals_of_ten_million_rows_stay_under_100_mb_and_nearly_exact() -> None:
    rng = np.random.default_rng(5)
    ordinals, most, wrong = Ordinals(), 0, 0
    for _ in range(150):
        wrong += int((ordinals.of(rng.integers(0, 2**64, BLOCK_ROWS, dtype=np.uint64)) > 0).sum())
        most = max(most, ordinals.nbytes)
    assert most < 100e6
    assert wrong < 0.01 * 150 * BLOCK_ROWS


def column_ids(values: object, size: int = 65_536) -> list[int]:
    table = open_data({"id": values, "x": list(range(len(values)))}, id_column="id")  # type: ignore[arg-type]
    maker = Fingerprint(table.schema, id_column=table.id_column)
    return [int(i) for batch in table.batches(size=size) for i in maker.update(batch)]


def test_an_id_column_names_rows_whatever_its_type_and_place() -> None:
    assert column_ids(["a", "b"]) == column_ids(pa.array(["b", "a"]).dictionary_encode())[::-1]
    assert column_ids([1, 2]) == column_ids(np.array([1, 2], dtype=np.int8))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_duplicate_id_is_named_with_both_its_rows(size: int) -> None:
    with pytest.raises(DataError, match=r"'id' has 'b' \(str\) in row 1 and again in row 3 "):
        column_ids(["a", "b", "c", "b", "a"], size)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_id_is_named_by_its_row(missing: object) -> None:
    with pytest.raises(DataError, match="'id' has no value in row 3"):
        column_ids([1.0, 2.0, 3.0, missing], 2)


def test_a_duplicate_id_is_found_across_many_batches() -> None:
    ids = np.arange(300_000)
    ids[250_000] = 17
    with pytest.raises(DataError, match=r"17 .* in row 17 and again in row 250000"):
        column_ids(ids)
    assert len(set(column_ids(np.arange(300_000)))) == 300_000


def test_a_misspelt_id_column_gets_the_nearest_name() -> None:
    batch = pa.record_batch({"order_id": [1]})
    with pytest.raises(ColumnNotFound, match="Did you mean 'order_id'"):
        RowIds(id_column="order_ids").of(batch)
    with pytest.raises(ColumnNotFound, match="Did you mean 'order_id'"):
        Fingerprint(batch.schema, id_column="order_ids")


def test_ids_are_shown_as_the_columns_values_or_as_digits() -> None:
    batch = pa.record_batch({"id": [7, 8], "x": [1, 2]})
    by_column, by_content = RowIds(id_column="id"), RowIds()
    assert by_column.text(batch, by_column.of(batch)).to_pylist() == ["7", "8"]
    ids = by_content.of(batch)
    assert by_content.text(batch, ids).to_pylist() == [f"{i:016x}" for i in ids.tolist()]
