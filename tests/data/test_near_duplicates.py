"""Texts that nearly equal each other are found, and nothing else is flagged."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.data.near_duplicates import near_pairs, text_of


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return set(pairwise(words)) or {tuple(words)}


def alike(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def texts(n: int, seed: int = 0) -> list[str]:
    made = random.Random(seed)
    words = [f"w{i}" for i in range(60)]
    found = [" ".join(made.choices(words, k=made.randint(4, 30))) for _ in range(n)]
    for _ in range(n // 3):
        changed = made.choice(found[:n]).split()
        changed[made.randrange(len(changed))] = made.choice(words)
        found.append(" ".join(changed))
    return found


def test_what_is_flagged_is_as_alike_as_all_pairs_say() -> None:
    given_texts = texts(300)
    pairs = near_pairs(given_texts, threshold=0.7)
    assert all(one.similarity == pytest.approx(alike(given_texts[one.first], given_texts[one.second])) for one in pairs)
    wanted = {j for j in range(len(given_texts)) if any(alike(given_texts[i], given_texts[j]) >= 0.7 for i in range(j))}
    found = {one.second for one in pairs}
    assert found <= wanted
    assert len(found) >= 0.99 * len(wanted) > 50


@given(st.lists(st.text(max_size=40), max_size=12))
def test_equal_texts_are_always_found(some: list[str]) -> None:
    pairs = near_pairs([*some, *some])
    assert {one.second for one in pairs} >= set(range(len(some), 2 * len(some)))
    assert all(one.first < one.second for one in pairs)


def test_only_new_texts_are_looked_at() -> None:
    pairs = near_pairs(["same words here", "same words here", "other words there", "Same words, here!"], since=2)
    assert [(one.second, one.similarity) for one in pairs] == [(3, 1.0)]


def test_words_without_spaces_between_them_are_told_apart() -> None:
    one = "フランスの首都はどこですか、教えてください"
    assert len(near_pairs([one, one.replace("教えて", "説明して")], threshold=0.6)) == 1
    assert near_pairs([one, "今日の天気はとても良いですね散歩しましょう"], threshold=0.6) == []


def test_the_words_of_a_value_stand_in_the_order_of_its_keys() -> None:
    assert text_of({"b": [1, "two"], "a": "x"}) == text_of({"a": "x", "b": [1, "two"]}) == "x 1 two"


def test_there_may_be_none() -> None:
    assert near_pairs([]) == near_pairs(["one"]) == near_pairs(["", "a b"]) == []
