"""What any store must do with the answers of judges."""

from __future__ import annotations

import pytest

from steelyard.errors import InvalidArgument
from steelyard.records import Store


def test_an_answer_comes_back_byte_for_byte(store: Store) -> None:
    answer = bytes(range(256)) * 4_000
    store.answers.put("k", answer)
    assert store.answers.get("k") == answer
    assert store.answers.get("other") is None


def test_the_last_answer_counts(store: Store) -> None:
    store.answers.put("k", b"first")
    store.answers.put("k", b"")
    assert store.answers.get("k") == b""


@pytest.mark.parametrize("key", ["", "a\x00b", "\ud800"])
def test_a_key_that_no_database_keeps_is_refused(store: Store, key: str) -> None:
    with pytest.raises(InvalidArgument):
        store.answers.put(key, b"x")
