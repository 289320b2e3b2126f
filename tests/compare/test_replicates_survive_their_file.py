from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import UnreadableFile
from steelyard.metrics.replicates import dump_replicates, load_replicates
from steelyard.records import Replicates

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@settings(max_examples=50)
@given(st.dictionaries(st.tuples(words, words), st.lists(st.floats(), max_size=5), max_size=5), st.integers(0, 2**62))
def test_what_was_written_is_read(values, seed: int) -> None:
    table = Replicates(seed, {key: np.array(draws, float) for key, draws in values.items()})
    found = load_replicates(dump_replicates(table))
    assert found.seed == seed
    assert found.values.keys() == table.values.keys()
    for key, draws in table.values.items():
        np.testing.assert_array_equal(found.values[key], draws)


def test_the_same_replicates_give_the_same_bytes() -> None:
    one = Replicates(1, {("a", ""): np.ones(3), ("b", ""): np.zeros(3)})
    other = Replicates(1, {("b", ""): np.zeros(3), ("a", ""): np.ones(3)})
    assert dump_replicates(one) == dump_replicates(other)


def test_files_that_could_run_code_or_swell_are_refused() -> None:
    pickled, squeezed = io.BytesIO(), io.BytesIO()
    np.savez(pickled, __seed__=np.array(1), **{"a\x1f": np.array([{"run": "me"}], dtype=object)})
    np.savez_compressed(squeezed, __seed__=np.array(1), **{"a\x1f": np.zeros(1_000_000)})
    with pytest.raises(UnreadableFile, match="cannot be read"):
        load_replicates(pickled.getvalue())
    with pytest.raises(UnreadableFile, match="compressed"):
        load_replicates(squeezed.getvalue())


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        load_replicates(content)
