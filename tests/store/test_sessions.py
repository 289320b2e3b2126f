"""Sessions and users: newest first, by page, with sums over all their traces."""

from __future__ import annotations

import pytest
from traces_made import trace_id
from windows_made import Fact, keep, made

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Store

TALK = [
    Fact(100, session="a", user="ann", tokens=5, cost=0.5),
    Fact(200, session="b", state="ERROR", tokens=7),
    Fact(300, session="a", user="bob", state="ERROR", tokens=1, cost=0.25),
    Fact(400, session=None, user="ann"),
    Fact(50, session="c", user="ann", name="old"),
    Fact(250, session="b", user="ann"),
]


def test_a_session_sums_up_its_traces(store: Store) -> None:
    store.traces.put(
        [
            made(i, fact, request_preview=f"question {i}", response_preview=f"answer {i}")
            for i, fact in enumerate(TALK, start=1)
        ]
    )
    first, second, third = store.overview.sessions(["0"]).items
    assert (first.session, first.experiment_id, first.n, first.errors) == ("a", "0", 2, 1)
    assert (first.first_ms, first.last_ms, first.user) == (100, 300, "bob")
    assert (first.input_tokens, first.output_tokens, first.cost) == (6, 2, 0.75)
    assert (first.request_preview, first.response_preview) == ("question 1", "answer 3")
    assert (second.session, second.user, second.cost, second.errors) == ("b", "ann", None, 1)
    assert third.session == "c"


def test_a_user_sums_up_their_traces(store: Store) -> None:
    keep(store, TALK)
    ann, bob = store.overview.users(["0"]).items
    assert (ann.user, ann.n, ann.errors, ann.first_ms, ann.last_ms, ann.sessions) == ("ann", 4, 0, 50, 400, 3)
    assert (ann.input_tokens, ann.output_tokens, ann.cost) == (5, 4, 0.5)
    assert (bob.user, bob.n, bob.sessions) == ("bob", 1, 1)


def test_a_filter_finds_sessions_by_any_trace_and_sums_up_all(store: Store) -> None:
    keep(store, TALK)
    found = store.overview.sessions(["0"], "status = 'ERROR'").items
    assert [(one.session, one.n) for one in found] == [("a", 2), ("b", 2)]
    assert [one.session for one in store.overview.sessions(["0"], "name = 'old'").items] == ["c"]
    assert [one.user for one in store.overview.users(["0"], "session = 'a'").items] == ["ann", "bob"]


def test_pages_go_through_all_sessions_once(store: Store) -> None:
    keep(store, [Fact(n // 2, session=f"s{n % 7}", user=f"u{n % 5}") for n in range(40)])
    for of in (store.overview.sessions, store.overview.users):
        whole = of(["0"])
        pages, token = [], None
        while True:
            page = of(["0"], max_results=2, page_token=token)
            pages += page.items
            token = page.token
            if token is None:
                break
        assert tuple(pages) == tuple(whole.items)
        assert [one.last_ms for one in whole.items] == sorted((one.last_ms for one in whole.items), reverse=True)
    assert {one.session for one in store.overview.sessions(["0"]).items} == {f"s{n}" for n in range(7)}


def test_a_session_of_two_experiments_is_two(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    keep(store, [Fact(1, session="s")], first=1)
    keep(store, [Fact(2, session="s")], first=2, experiment_id=other)
    found = store.overview.sessions(["0", other]).items
    assert [(one.session, one.experiment_id, one.n) for one in found] == [("s", other, 1), ("s", "0", 1)]
    assert [one.experiment_id for one in store.overview.sessions(["0"]).items] == ["0"]


def test_a_page_goes_on_where_it_was_when_newer_sessions_come(store: Store) -> None:
    keep(store, [Fact(n, session=f"s{n}") for n in range(4)])
    first = store.overview.sessions(["0"], max_results=2)
    store.traces.put([made(9, Fact(99, session="new"))])
    rest = store.overview.sessions(["0"], max_results=2, page_token=first.token)
    assert [one.session for one in [*first.items, *rest.items]] == ["s3", "s2", "s1", "s0"]


def test_a_session_whose_traces_are_deleted_is_gone(store: Store) -> None:
    keep(store, TALK)
    store.traces.delete([trace_id(2), trace_id(6)])
    assert [one.session for one in store.overview.sessions(["0"]).items] == ["a", "c"]


def test_what_cannot_be_listed_is_said(store: Store) -> None:
    keep(store, TALK)
    token = store.overview.sessions(["0"], max_results=1).token
    for of in (store.overview.sessions, store.overview.users):
        with pytest.raises(InvalidArgument, match="max_results"):
            of(["0"], max_results=0)
        with pytest.raises(NotFound):
            of(["77"])
        with pytest.raises(FilterError):
            of(["0"], "nonsense = ")
        with pytest.raises(InvalidArgument, match="page_token"):
            of(["0"], "status = 'OK'", page_token=token)


def test_absurd_numbers_do_not_stop_the_sums(store: Store) -> None:
    keep(store, [Fact(n, session="s", user="u", tokens=2**62, cost=1e308) for n in range(3)])
    (session,) = store.overview.sessions(["0"]).items
    assert session.input_tokens == 3 * 2**40
    assert store.overview.users(["0"]).items[0].cost == 3e12
