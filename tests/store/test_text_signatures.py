"""A signature never says no of a text that is there; this is the one law that searches lean on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.store.sql.text_signature import (
    BITS,
    DOCUMENT_BYTES,
    Documents,
    bitmap_of,
    fact_bits,
    literal_parts,
    text_bits_of,
    turned_over,
)

FILLING = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=30), st.integers(0, 600))


def has(signature: bytes, bits: tuple[int, ...]) -> bool:
    return all(signature[bit // 8] & (128 >> bit % 8) for bit in bits)


def swapped_ascii(text: str) -> str:
    return "".join(c.swapcase() if c.isascii() else c for c in text)


@settings(max_examples=60, deadline=None)
@given(before=FILLING, needle=st.text(max_size=200), behind=FILLING)
def test_what_stands_in_a_text_is_found_wherever_the_text_is_cut(before: str, needle: str, behind: str) -> None:
    documents = Documents()
    documents.add("something else")
    documents.add(before + needle + behind)
    signatures = documents.signatures()
    for looked_for in (needle, swapped_ascii(needle)):
        assert any(has(signature, text_bits_of(looked_for)) for signature in signatures)


@given(st.lists(st.tuples(st.sampled_from(("type", "name")), st.text(max_size=9)), max_size=9))
def test_facts_are_found(facts: list[tuple[str, str]]) -> None:
    documents = Documents()
    for fact in facts:
        documents.add_fact(*fact)
    (signature,) = documents.signatures()
    assert all(has(signature, fact_bits(*fact)) for fact in facts)
    assert facts or signature == bytes(BITS // 8)


def test_most_of_what_is_not_there_is_not_found() -> None:
    draw = np.random.default_rng(3)
    words = ["".join(draw.choice(list("etaoinshrdlucm"), 7)) for _ in range(1_200)]
    documents = Documents()
    documents.add(" ".join(words[:150]))
    (signature,) = documents.signatures()
    found = sum(has(signature, text_bits_of(word)) for word in words[600:])
    assert found < 30


def test_a_long_text_makes_several_documents() -> None:
    documents = Documents()
    documents.add("x" * (10 * DOCUMENT_BYTES))
    assert len(documents.signatures()) == 11


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [("", []), ("%", []), ("a%b_c", ["a", "b", "c"]), ("\\%\\_\\\\x", ["%_\\x"]), ("%é≥%", ["é≥"]), ("\\", [])],
)
def test_the_literal_parts_of_a_pattern(pattern: str, parts: list[str]) -> None:
    assert literal_parts(pattern) == parts


@settings(max_examples=5, deadline=None)
@given(st.dictionaries(st.integers(0, 4_095), st.integers(0, 2**32), max_size=40))
def test_a_block_turned_over_has_the_same_bits(seeds: dict[int, int]) -> None:
    signatures = [
        (place, np.random.default_rng(seed).integers(0, 256, BITS // 8, np.uint8).tobytes())
        for place, seed in sorted(seeds.items())
    ]
    back = np.zeros((BITS, 4_096), np.uint8)
    for bit, row in turned_over(signatures):
        back[bit] = np.unpackbits(bitmap_of(row))
    expected = np.zeros((BITS, 4_096), np.uint8)
    for place, signature in signatures:
        expected[:, place] = np.unpackbits(np.frombuffer(signature, np.uint8))
    assert np.array_equal(back, expected)
