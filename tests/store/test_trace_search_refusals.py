"""What any store must refuse when traces are searched: filters and orders that do not parse, with advice."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.store.sql.filter import parse_filter, parse_order
from steelyard.store.sql.paging import fingerprint, make_token
from steelyard.store.sql.trace_filter import TRACES


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("statu = 'OK'", "did you mean status"),
        ("spn.name = 'x'", "did you mean span.name"),
        ("span.nam = 'x'", "did you mean span.name"),
        ("span.attributes = 'x'", "did you mean span.attributes"),
        ("feedback.score > 'x'", "compares numbers, and what stands behind it is none"),
        ("timestamp = '5'", "numbers stand without quotes"),
        ("name > 5", "is text"),
        ("name = 5", "put it in quotes"),
        ("tag.a RLIKE '('", "does not parse"),
        ("tag.a RLIKE '(?=x)'", "not read the same everywhere"),
        ("tag.a RLIKE '\\bx'", "not read the same everywhere"),
        ("tag.a RLIKE 'x{1000}'", "at most 255 times"),
        ("timestamp RLIKE '5'", "Expected an operator"),
        ("span.content = 'x'", "LIKE and ILIKE only"),
        ("trace.text IN ('x')", "LIKE and ILIKE only"),
        ("span.name = 3", "compare it with a text"),
        ("span.duration = '3'", "compare it with =, !=, >"),
        ("span.cost LIKE '3'", "compare it with =, !=, >"),
        ("prompt = 'greeting'", "as in prompt = 'greeting/3'"),
        ("prompt LIKE 'greeting/3'", "compared with = only"),
        ("issue.id = 'i-1'", "Issues are not kept here"),
        ("issue.name = 'i-1'", "did you mean issue.id"),
        ("metadata.`a\"b` = 'x'", "holds a quote"),
        ("span.attributes.`a\\b` = 'x'", "holds a quote or a backslash"),
        ("status = 'OK' AND", "Expected a key"),
        ("__class__ = 'x'", "traces have no attribute"),
    ],
)
def test_a_wrong_filter_is_refused_with_advice(store: Store, text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says.replace("(", r"\(")):
        store.traces.search(["0"], text)
    with pytest.raises(FilterError):
        store.traces.count(["0"], text)


@pytest.mark.parametrize("order", ["span.name", "metadata.x", "text", "issue.id", "speed", "timestamp UP", ""])
def test_a_wrong_order_is_refused_with_advice(store: Store, order: str) -> None:
    with pytest.raises(FilterError):
        store.traces.search(["0"], order_by=[order])


def test_wrong_arguments_are_refused(store: Store, run_id: str) -> None:
    for ask in (
        lambda: store.traces.search("0"),
        lambda: store.traces.search(["0"], max_results=0),
        lambda: store.traces.search(["0"], page_token="x"),
        lambda: store.traces.search(["0"], page_token=make_token(fingerprint(["0"], "", [], None), ["x", 1])),
    ):
        with pytest.raises(InvalidArgument):
            ask()
    for experiments, run in ((["9"], None), (["0"], "no such run"), (["x"], run_id)):
        with pytest.raises(NotFound):
            store.traces.search(experiments, run_id=run)


PIECES = [
    "tag.a",
    "span.attributes.x",
    "feedback.f",
    "(",
    ")",
    "NOT",
    "AND",
    "OR",
    "=",
    "'x'",
    "1",
    ">",
    "RLIKE",
    "TRUE",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(text=st.text(max_size=40) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_parses_or_is_refused_with_a_filter_error(text: str) -> None:
    with contextlib.suppress(FilterError):
        parse_filter(text, TRACES)
    with contextlib.suppress(FilterError):
        parse_order([text], TRACES)
