"""An answer has the type that was asked for, exactly, or it is unreadable."""

from __future__ import annotations

import math
from typing import Any, Literal, Optional

import pytest
from hypothesis import given, strategies
from tests.judges.given import drive, questions_of, system_of

from steelyard.errors import AnswerUnreadable, InvalidArgument
from steelyard.judges import make_judge
from steelyard.judges.values import ValueType, read_verdict, verdict_schema
from steelyard.llm.schemas import check, check_schema
from steelyard.records.case import Case

OPTIONAL = Optional[int]  # noqa: UP045 - as people still write it
GOOD: list[tuple[Any, Any, Any]] = [
    (bool, True, True),
    (bool, False, False),
    (int, 4, 4),
    (int, 4.0, 4),
    (int, -1, -1),
    (float, 0.5, 0.5),
    (float, 1, 1.0),
    (str, "", ""),
    (str, "yes", "yes"),
    (Literal["yes", "no"], "no", "no"),
    (Literal[1, 2, 3], 2, 2),
    (Literal["a", 1], 1, 1),
    (OPTIONAL, None, None),
    (OPTIONAL, 3, 3),
    (int | None, None, None),
    (Literal["x"] | None, "x", "x"),
    (int | str | None, "x", "x"),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (dict[str, float], {"a": 1, "b": 0.5}, {"a": 1.0, "b": 0.5}),
    (list[str], [], []),
    (list[bool], [True], [True]),
]
BAD: list[tuple[Any, Any]] = [
    (bool, "true"),
    (bool, 1),
    (bool, "yes"),
    (bool, None),
    (int, "4"),
    (int, "4/5"),
    (int, "４"),
    (int, 4.5),
    (int, True),
    (int, None),
    (int, [4]),
    (float, "0,5"),
    (float, math.nan),
    (float, math.inf),
    (float, 10**400),
    (float, True),
    (str, 4),
    (str, None),
    (Literal["yes", "no"], "YES"),
    (Literal["yes", "no"], "yes "),
    (Literal["yes", "no"], "yes\u200b"),
    (Literal["yes", "no"], "maybe"),
    (Literal["yes", "no"], True),
    (Literal["yes", "no"], ["yes"]),
    (Literal[1, 2], True),
    (Literal[1, 2], "1"),
    (Literal[True], 1),
    (OPTIONAL, "none"),
    (dict[str, int], [1]),
    (dict[str, int], {"a": "1"}),
    (dict[str, int], {"a": True}),
    (dict[str, float], {"a": math.nan}),
    (list[str], "abc"),
    (list[str], ["a", 1]),
    (list[int], {"0": 1}),
]


def name_of(value: Any) -> str:
    return repr(value).replace("typing.", "")[:40]


@pytest.mark.parametrize(("kind", "value", "read"), GOOD, ids=name_of)
def test_values_of_the_type_are_read(kind: Any, value: Any, read: Any) -> None:
    found = ValueType(kind).read(value)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(("kind", "value"), BAD, ids=name_of)
def test_no_other_value_is_mended(kind: Any, value: Any) -> None:
    with pytest.raises(AnswerUnreadable):
        ValueType(kind).read(value)


@pytest.mark.parametrize(("kind", "value", "read"), GOOD, ids=name_of)
def test_the_schema_says_the_same_as_the_reader(kind: Any, value: Any, read: Any) -> None:
    schema = verdict_schema(ValueType(kind))
    check_schema(schema)
    check({"rationale": "r", "result": value}, schema)


@pytest.mark.parametrize(
    "kind", [bytes, list, dict, dict[int, str], list[list[int]], set[str], tuple[int], int | str, Any]
)
def test_other_types_are_refused_when_the_judge_is_made(kind: Any) -> None:
    with pytest.raises(InvalidArgument, match="feedback_value_type"):
        make_judge("quality", "Judge {{ outputs }}", feedback_value_type=kind)


def test_a_literal_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="Literal"):
        ValueType(Literal[b"yes"])


def test_reasons_are_written_before_the_verdict_unless_asked_otherwise() -> None:
    first = make_judge("a", "Judge {{ outputs }}")
    last = make_judge("b", "Judge {{ outputs }}", generate_rationale_first=False)
    (one,), (two,) = (questions_of(judge.judging(Case(outputs="x"))) for judge in (first, last))
    assert one.schema is not None
    assert two.schema is not None
    assert list(one.schema["properties"]) == one.schema["required"] == ["rationale", "result"]
    assert list(two.schema["properties"]) == two.schema["required"] == ["result", "rationale"]
    assert system_of(one).index("`rationale`") < system_of(one).index("`result`")
    assert system_of(two).index("`result`") < system_of(two).index("`rationale`")


def test_without_a_type_the_value_is_text() -> None:
    (feedback,), _ = drive(make_judge("a", "Judge {{ outputs }}").judging(Case(outputs="x")), lambda _: VERDICT)
    assert feedback.value == "4"


VERDICT = {"rationale": "r", "result": "4"}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "yes",
        [],
        {},
        {"result": "yes"},
        {"rationale": "r"},
        {"rationale": None, "result": "yes"},
        {"rationale": ["r"], "result": "yes"},
        {"rationale": "r", "result": "yes", "score": 10},
        {"Rationale": "r", "Result": "yes"},
    ],
    ids=name_of,
)
def test_an_answer_has_a_rationale_and_a_result_and_no_more(answer: Any) -> None:
    with pytest.raises(AnswerUnreadable):
        read_verdict(ValueType(str), answer)


PLAIN = strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text()
JSON = PLAIN | strategies.lists(PLAIN, max_size=3) | strategies.dictionaries(strategies.text(), PLAIN, max_size=3)


@given(JSON, strategies.sampled_from([kind for kind, _, _ in GOOD]))
def test_what_is_read_always_fits_the_schema(value: Any, kind: Any) -> None:
    wanted = ValueType(kind)
    try:
        read = wanted.read(value)
    except AnswerUnreadable:
        return
    check(read, wanted.schema)
