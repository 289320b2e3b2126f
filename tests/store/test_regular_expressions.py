"""RLIKE means the same in both databases, and what it might not is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.records import Store
from steelyard.store.sql.patterns import matches, pattern_problem

ATOMS = st.sampled_from(
    ["a", "b", ".", "\\.", "\\d", "\\w", "\\s", "[ab]", "[^a]", "[a-c1]", "[[:digit:]]", "[]a]", "\\-", "1"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,}"])).map(lambda t: f"(?:{t[0]}){t[1]}")
        | st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda t: f"({t[0]}|{t[1]})")
        | inner.map(lambda one: f"^{one}")
        | inner.map(lambda one: f"{one}$")
    ),
    max_leaves=5,
)
TEXTS = st.text("ab1.- \n]é", max_size=6)


@settings(max_examples=150, deadline=None)
@given(PATTERNS, TEXTS)
def test_our_matches_are_those_of_python(pattern: str, text: str) -> None:
    assert pattern_problem(pattern) is None
    in_python = re.sub(r"\$", r"\\Z", pattern).replace("[:digit:]", "0-9")
    assert matches(pattern, text) == bool(re.search(in_python, text, re.DOTALL | re.ASCII))


@pytest.mark.postgres
def test_postgres_matches_as_we_do(postgres_database: str) -> None:
    import psycopg

    with psycopg.connect(postgres_database) as connection:

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
        @given(PATTERNS, TEXTS)
        def agree(pattern: str, text: str) -> None:
            asked = 'SELECT (%s::text COLLATE "C") ~ %s'
            assert connection.execute(asked, (text, pattern)).fetchone() == (matches(pattern, text),)

        agree()


REFUSED = [
    "(",
    "[",
    "a**",
    "(?i)a",
    "(?P<n>a)",
    "(?=a)",
    "(a)\\1",
    "\\bword",
    "\\y",
    "\\Aa",
    "\\pL",
    "\\x41",
    "a{",
    "a{,3}",
]
REFUSED += ["a{256}", "^*", "$?", "[[.a.]]", "[[=a=]]", "[\\W]", "***:a", "\\", "x" * 501, "[[:alpha:", "[z-a]", "(?"]


@pytest.mark.parametrize("pattern", REFUSED, ids=range(len(REFUSED)))
def test_a_pattern_that_is_not_read_the_same_everywhere_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern)


@pytest.mark.postgres
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.text("ab(){}[]^$|?*+\\.-:=!<12,dwWb\n", min_size=1, max_size=7))
def test_postgres_reads_what_we_let_through(postgres_database: str, pattern: str) -> None:
    import psycopg

    if pattern_problem(pattern) is None:
        with psycopg.connect(postgres_database) as connection:
            connection.execute("SELECT 'a' ~ %s", (pattern,))


def test_no_pattern_keeps_a_search_busy(store: Store) -> None:
    from traces_made import trace

    store.traces.put([trace(1, tags={"a": "a" * 50_000 + "b"})])
    assert store.traces.count(["0"], "tag.a RLIKE '^((a+)+)+$'") == 0
