"""Equal, containing, alike: against other implementations where there are any."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from steelyard.errors import DataError
from steelyard.records import Case
from steelyard.scorers import (
    Bleu,
    Contains,
    ExactMatch,
    JsonMatch,
    JsonValid,
    LevenshteinSimilarity,
    RougeL,
    Scorer,
    TokenF1,
    assess,
)
from steelyard.scorers.matching import edit_distance

TEXTS = st.text("ab cd.", max_size=30)


@pytest.mark.parametrize(
    ("outputs", "expected", "same"),
    [
        ("Paris", "Paris", True),
        (" Paris\n", "Paris", True),
        ("paris", "Paris", False),
        ("Paris", ["Rome", "Paris"], True),
        (4, 4.0, True),
        (1, True, False),
        ("4", 4, False),
        ({"a": [1]}, {"a": [1]}, True),
        ([1, 2], [1, 2], True),
        ([1], [[1], [2]], False),
        ({"choices": [{"message": {"role": "assistant", "content": "Paris"}}]}, "Paris", True),
        ({"answer": "Paris"}, "Paris", True),
        (None, "Paris", False),
        ("", "", True),
    ],
    ids=str,
)
def test_exact_match(outputs: Any, expected: Any, same: bool) -> None:
    assert ExactMatch()(outputs=outputs, expected=expected) is same


def test_exact_match_may_forgive_capitals_and_more() -> None:
    assert ExactMatch(case_sensitive=False)(outputs="PARIS", expected="Paris")
    assert ExactMatch(normalize=True)(outputs="The Eiffel Tower!", expected="eiffel tower")


@pytest.mark.parametrize(
    "scorer",
    [ExactMatch(), Contains(), JsonMatch(), TokenF1(), RougeL(), Bleu(), LevenshteinSimilarity()],
    ids=lambda scorer: scorer.name,
)
def test_without_ground_truth_there_is_an_error_and_no_score(scorer: Scorer) -> None:
    with pytest.raises(DataError):
        assess(scorer, Case(inputs={"q": 1}, outputs="x"))
    with pytest.raises(DataError, match="nothing to compare with"):
        assess(scorer, Case(inputs={"q": 1}, outputs="x", expectations={"expected_response": None}))


def test_contains_all_or_any_of_the_values() -> None:
    answer = "A refund within 14 DAYS."
    assert Contains(values=["refund", "days"])(outputs=answer)
    assert not Contains(values=["refund", "days"], case_sensitive=True)(outputs=answer)
    assert not Contains(values=["refund", "voucher"])(outputs=answer)
    assert Contains(values=["refund", "voucher"], mode="any")(outputs=answer)
    assert assess(Contains(), Case(outputs=answer, expectations={"expected_response": "14 days"}))[0].value is True


@pytest.mark.parametrize(
    ("outputs", "valid"),
    [('{"a": 1}', True), ("3", True), ({"a": 1}, True), ("{'a': 1}", False), ("NaN", False), ("[" * 100_000, False)],
    ids=["object", "number", "mapping", "quotes", "nan", "deep"],
)
def test_json_valid(outputs: Any, valid: bool) -> None:
    assert JsonValid()(outputs=outputs) is valid


@pytest.mark.parametrize(
    ("outputs", "expected", "share"),
    [
        ('{"a": 1, "b": [1, 2]}', {"b": [1, 2], "a": 1}, 1.0),
        ({"a": 1, "b": [1, 2]}, {"b": [2, 1], "a": 1}, 1 / 3),
        ({"a": 1, "c": 1}, {"a": 1}, 0.5),
        ({"a": True}, {"a": 1}, 0.0),
        ({"a": {}}, {"a": []}, 1.0),
        ({"a": 1}, '{"a": 1}', 1.0),
        ("not JSON", {"a": 1}, 0.0),
        ("[" * 100_000, {"a": 1}, 0.0),
    ],
    ids=["equal", "order of a list", "surplus", "true is not 1", "empty", "text", "no JSON", "deep"],
)
def test_json_match_is_the_share_of_equal_fields(outputs: Any, expected: Any, share: float) -> None:
    assert JsonMatch()(outputs=outputs, expected=expected) == pytest.approx(share)


def test_json_match_may_ignore_what_was_not_expected() -> None:
    assert JsonMatch(ignore_extra=True)(outputs={"a": 1, "c": 1}, expected={"a": 1}) == 1.0
    with pytest.raises(DataError, match="expects JSON"):
        JsonMatch()(outputs={"a": 1}, expected="no JSON")


def test_json_match_takes_depth_as_it_comes() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = {"a": deep}
    assert JsonMatch()(outputs=deep, expected=deep) == 1.0


@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(), st.text(max_size=3)),
        lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
    )
)
def test_json_matches_itself_through_text(value: Any) -> None:
    assert (
        JsonMatch()(outputs=json.dumps(value), expected=value if not isinstance(value, str) else json.dumps(value)) == 1
    )


def by_the_textbook(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        above, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


@given(st.text("abcé ", max_size=80), st.text("abcé ", max_size=80))
def test_the_edit_distance_is_the_textbooks(left: str, right: str) -> None:
    assert edit_distance(left, right) == by_the_textbook(left, right)


def test_likeness_is_the_best_of_the_expected_texts() -> None:
    alike = LevenshteinSimilarity()
    assert alike(outputs="kitten", expected=["sitting", "kitten"]) == 1.0
    assert (alike(outputs="", expected=""), alike(outputs="abc", expected="")) == (1.0, 0.0)
    assert LevenshteinSimilarity(case_sensitive=False)(outputs="ABC", expected="abc") == 1.0
    with pytest.raises(DataError, match="empty"):
        alike(outputs="a", expected=[])


@given(TEXTS, TEXTS)
def test_rouge_l_is_googles(answer: str, reference: str) -> None:
    theirs = RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    assert RougeL()(outputs=answer, expected=reference) == theirs


@given(st.text("ab cd.", min_size=1, max_size=30), st.text("ab cd.", min_size=1, max_size=30))
def test_bleu_is_sacrebleus(answer: str, reference: str) -> None:
    theirs = sacrebleu.sentence_bleu(answer, [reference]).score / 100
    assert Bleu()(outputs=answer, expected=reference) == pytest.approx(min(theirs, 1.0), abs=1e-12)


def test_token_f1_is_squads() -> None:
    assert TokenF1()(outputs="the cat sat down", expected=["nothing", "a cat sat"]) == pytest.approx(0.8)
