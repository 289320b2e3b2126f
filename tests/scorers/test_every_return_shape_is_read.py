"""What a scorer returns is read as feedback whatever framework taught its author, or it is an error that says why."""

from __future__ import annotations

import enum
import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import DataError
from steelyard.records.assessment import AssessmentError, AssessmentSource, Feedback
from steelyard.scorers import read


class Grade(enum.Enum):
    GOOD = "good"


class Rating(enum.StrEnum):
    YES = "yes"


Point = namedtuple("Point", "x y")


def said(result: Any) -> list[tuple[str, Any, str | None]]:
    return [(each.name, each.value, each.rationale) for each in read(result, scorer="s")]


@pytest.mark.parametrize(
    ("result", "value"),
    [
        (True, True),
        (0, 0),
        (0.25, 0.25),
        ("yes", "yes"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(2.5), 2.5),
        (np.array([2.5]), 2.5),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
        (Grade.GOOD, "good"),
        (Rating.YES, "yes"),
    ],
    ids=lambda each: type(each).__name__ + str(each)[:8],
)
def test_scalars_are_plain_values(result: Any, value: Any) -> None:
    ((name, read_value, rationale),) = said(result)
    assert (name, read_value, rationale) == ("s", value, None)
    assert type(read_value) is type(value)


def test_none_says_nothing() -> None:
    assert said(None) == said({}) == said([]) == said((None, "nothing to compare")) == said({"score": None}) == []


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ((0.5, "half"), [("s", 0.5, "half")]),
        ((True, None), [("s", True, None)]),
        (("factual", 1, "all true"), [("s", 1, "all true")]),
        ((1.0, "factual", "all true"), [("s", 1.0, "all true")]),
        (("factual", None, "all true"), [("s", "factual", "all true")]),
        ({"key": "k", "score": 0.5, "comment": "c"}, [("k", 0.5, "c")]),
        ({"name": "n", "value": "good", "reason": "r"}, [("n", "good", "r")]),
        ({"score": 1, "explanation": "e", "label": "good"}, [("s", 1, "e")]),
        ({"score": 0.5}, [("s", 0.5, None)]),
        ({"results": [{"key": "a", "score": 1}, {"key": "b", "score": 0}]}, [("a", 1, None), ("b", 0, None)]),
        ({"brief": True, "tone": 0.5}, [("brief", True, None), ("tone", 0.5, None)]),
        ({"score": 0.5, "fluency": 1}, [("score", 0.5, None), ("fluency", 1, None)]),
        ({"a": None, "b": 2}, [("b", 2, None)]),
        ({"a": SimpleNamespace(value=True, reason="why")}, [("a", True, "why")]),
        ([{"key": "a", "score": 1}, None, Feedback(name="b", value=2)], [("a", 1, None), ("b", 2, None)]),
        ((Feedback(name="a", value=1), Feedback(name="b", value=2)), [("a", 1, None), ("b", 2, None)]),
        (iter([SimpleNamespace(name="a", score=1)]), [("a", 1, None)]),
    ],
    ids=lambda each: str(each).split(" at 0x")[0],
)
def test_tuples_mappings_and_lists(result: Any, expected: list[Any]) -> None:
    assert said(result) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (SimpleNamespace(name="braintrust", score=0.5, metadata={"a": 1}, error=None), [("braintrust", 0.5, None)]),
        (SimpleNamespace(name="braintrust", score=None, metadata={}, error=None), []),
        (SimpleNamespace(name="opik", value=0.5, reason="r", scoring_failed=False), [("opik", 0.5, "r")]),
        (SimpleNamespace(name="langfuse", value="A", comment="c", data_type="CATEGORICAL"), [("langfuse", "A", "c")]),
        (SimpleNamespace(value=True, reason="pydantic"), [("s", True, "pydantic")]),
        (SimpleNamespace(key="langsmith", score=1, value="ok", comment="c"), [("langsmith", 1, "c")]),
        (SimpleNamespace(score=0.0, label="bad", explanation="phoenix"), [("s", 0.0, "phoenix")]),
        (SimpleNamespace(value=0.75, reason="ragas", traces=None), [("s", 0.75, "ragas")]),
        (SimpleNamespace(value="C", answer="4", explanation="inspect", metadata=None), [("s", 1.0, "inspect")]),
        (SimpleNamespace(value="I", answer="4", explanation=None, metadata=None), [("s", 0.0, None)]),
        (SimpleNamespace(value="P", answer=None, explanation=None, metadata=None), [("s", 0.5, None)]),
        (SimpleNamespace(value={"a": 1, "b": 0}, answer=None, explanation="x"), [("a", 1, None), ("b", 0, None)]),
        (SimpleNamespace(score=0.9, reason="deepeval", error=None, name="Relevancy"), [("Relevancy", 0.9, "deepeval")]),
    ],
    ids=str,
)
def test_other_frameworks_objects(result: Any, expected: list[Any]) -> None:
    assert said(result) == expected


def test_what_comes_beside_the_score_is_kept() -> None:
    (verdict,) = read({"key": "k", "score": 1, "value": "good", "metadata": {"turns": 2}}, scorer="s")
    assert dict(verdict.metadata) == {"turns": 2, "value": "good"}
    (labelled,) = read(SimpleNamespace(score=1, label="factual"), scorer="s")
    assert dict(labelled.metadata) == {"label": "factual"}


def test_feedback_is_named_after_its_scorer_only_if_it_has_no_name() -> None:
    judged = AssessmentSource("LLM_JUDGE", "openai:/x")
    named, unnamed = read([Feedback(name="own", value=1, source=judged), Feedback(value={"a": [1]})], scorer="s")
    assert (named.name, named.source) == ("own", judged)
    assert (unnamed.name, unnamed.source.source_id, unnamed.value) == ("s", "s", {"a": [1]})


def test_feedback_with_an_error_keeps_it_and_feedback_with_nothing_has_one() -> None:
    (failed,) = read(Feedback(error=AssessmentError("E", "why")), scorer="s")
    assert failed.error == AssessmentError("E", "why")
    (empty,) = read(Feedback(), scorer="s")
    assert empty.error is not None
    assert empty.error.error_code == "NO_VALUE"


NOT_FINITE = [math.nan, math.inf, -math.inf, np.float64("nan"), Decimal("NaN"), Decimal("Infinity"), 10**400]
SHAPES = {
    "bare": lambda value: value,
    "tuple": lambda value: (value, "why"),
    "mapping": lambda value: {"score": value},
    "by name": lambda value: {"a": True, "b": value},
    "list": lambda value: [{"key": "a", "score": value}],
    "object": lambda value: SimpleNamespace(value=value, reason=""),
    "feedback": lambda value: Feedback(value=value),
    "within": lambda value: Feedback(value={"a": [value]}),
}


@pytest.mark.parametrize("value", NOT_FINITE, ids=lambda value: type(value).__name__ + str(value)[:5])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_number_that_is_not_finite_is_an_error_in_every_shape(shape: str, value: Any) -> None:
    with pytest.raises(DataError, match=r"'s' returned .* not a score"):
        read(SHAPES[shape](value), scorer="s")


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (object(), "object"),
        (b"yes", "bytes"),
        (1 + 2j, "complex"),
        (np.array([1.0, 2.0]), "without names"),
        (pd.NA, "NAType"),
        ([True, False], "without names"),
        ({"a": [1, 2]}, "the value of 'a' is a list"),
        ({1: True}, "key 1 is not a name"),
        (Point(1, 2), "without names"),
        ((1, 2), "reason"),
        ((1, 2, "three"), "label"),
        (Feedback(value=object()), "object"),
        (lambda: True, "function"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_cannot_be_read_is_told_by_its_type(result: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read(result, scorer="s")


def test_a_scorer_that_says_it_failed_has_not_scored() -> None:
    failed = SimpleNamespace(name="m", value=0.0, reason="no JSON", scoring_failed=True)
    with pytest.raises(DataError, match="says that it failed: no JSON"):
        read(failed, scorer="s")
    with pytest.raises(DataError, match="timeout"):
        read({"key": "k", "score": 0, "error": "timeout"}, scorer="s")


def test_a_result_that_holds_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(DataError, match="nested too deeply"):
        read(circle, scorer="s")
    ring: dict[str, Any] = {}
    ring["a"] = ring
    with pytest.raises(DataError, match="nested too deeply"):
        read(Feedback(value=ring), scorer="s")


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.just(object()),
    st.decimals(),
    st.complex_numbers(),
)
KEYS = st.one_of(
    st.sampled_from(["key", "name", "score", "value", "label", "reason", "error", "results", "metadata"]),
    st.text(max_size=3),
    st.integers(),
)
RESULTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
        st.builds(Feedback, value=inner, rationale=st.none()),
        st.dictionaries(st.sampled_from(["name", "score", "value", "reason", "error"]), inner, max_size=4).map(
            lambda fields: SimpleNamespace(**fields)
        ),
    ),
    max_leaves=8,
)


@given(RESULTS)
def test_any_result_is_read_as_plain_finite_values_or_refused(result: Any) -> None:
    try:
        verdicts = read(result, scorer="s")
    except DataError:
        return
    for verdict in verdicts:
        assert verdict.name
        assert (verdict.value is None) == (verdict.error is not None)
        assert _is_plain(verdict.value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, str) or (type(value) in (int, float) and math.isfinite(value))
