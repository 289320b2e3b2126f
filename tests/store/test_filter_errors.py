"""A filter that does not parse says where, what was expected, and what was perhaps meant."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import FilterError
from steelyard.store.sql.filter import parse_filter, parse_order
from steelyard.store.sql.search import RUNS


def told(text: str) -> str:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, RUNS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("metric.f1 foo 0.5", 11, "Expected an operator, found 'foo'"),
        ("metrics.f1 > ", 14, "Expected a number, found the end"),
        ("metrics.f1 > '0.5'", 14, "without quotes"),
        ("params.C = 10", 12, "put it in quotes: '10'"),
        ("params.C > '1'", 10, "is text: it cannot be compared with >"),
        ("metrics.f1 LIKE 'a'", 12, "is a number: it cannot be compared with LIKE"),
        ("metrcs.f1 > 0.5", 1, "did you mean metrics.f1"),
        ("statu = 'x'", 1, "did you mean status"),
        ("attributes.start > 1", 1, "did you mean start_time"),
        ("datasets.nam = 'x'", 1, "did you mean datasets.name"),
        ("metrics. > 1", 1, "Expected a name behind 'metrics.'"),
        ("status = 'x", 10, "never closed"),
        ("metrics.f1 > 1 metrics.f2 > 1", 16, "join comparisons with AND or OR"),
        ("(metrics.f1 > 1", 16, "Expected ')'"),
        ("status IN ()", 12, "Expected a text in quotes"),
        ("status IN ('a' 'b')", 16, "Expected ')'"),
        ("status IS 'x'", 11, "Expected NULL or NOT NULL"),
        ("status LIKE 'a\\'", 13, "single backslash"),
        ("AND", 1, "no attribute 'AND'"),
        ("status = 'a\x00'", 10, "no database keeps"),
        (") status", 1, "Expected a key"),
        ("a = 'x'\nAND status ! 'x'", None, "  AND status ! 'x'\n             ^"),
    ],
)
def test_the_caret_stands_under_the_place(text: str, column: int | None, says: str) -> None:
    message = told(text)
    assert says in message
    if column is not None:
        line, caret = message.splitlines()[1:3]
        assert line == f"  {text}"
        assert caret.index("^") == column + 1


def test_in_a_long_filter_the_line_is_cut_around_the_caret() -> None:
    text = " AND ".join(f"metrics.m{i} > {i}" for i in range(50)) + " AND oops ~ 1"
    line, caret = told(text).splitlines()[1:3]
    assert len(line) <= 125
    assert line[caret.index("^") :].startswith("oops")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60 + "status = 'x'" + ")" * 60,
        "NOT " * 5_000 + "status = 'x'",
        " OR ".join(["status = 'x'"] * 201),
        "status = '" + "x" * 20_000 + "'",
        "status IN (" + ",".join("'x'" for _ in range(5_001)) + ")",
    ],
)
def test_a_filter_without_measure_is_refused(text: str) -> None:
    told(text)


@pytest.mark.parametrize("order", ["metrics.f1 DOWN", "f1", "start_time, end_time", "", "metrics.f1 DESC x"])
def test_an_order_by_that_does_not_parse_is_refused(order: str) -> None:
    with pytest.raises(FilterError):
        parse_order([order], RUNS)


PIECES = ["metrics.a", "status", "(", ")", "NOT", "AND", "OR", "=", "'x'", "1", ">", "IN", "LIKE", ","]


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_parses_or_is_refused_with_a_filter_error(text: str) -> None:
    with contextlib.suppress(FilterError):
        parse_filter(text, RUNS)
