"""Facets: how often each value occurs, and the condition that keeps just these traces."""

from __future__ import annotations

import pytest
from traces_made import trace_id
from windows_made import Fact, keep

from steelyard.errors import InvalidArgument
from steelyard.records import Feedback, Store

FACTS = [
    Fact(1, name="chat", models=("small", "small"), user="ann", tags={"team": "red"}),
    Fact(2, name="chat", models=("small", "large"), user="it's", tags={"team": "blue", "odd `key`": "a 'b' \\ \"c\""}),
    Fact(3, name="search", state="ERROR", tags={"team": "red"}),
    Fact(4, name="chat", user="ann"),
]


def test_values_are_counted_by_trace_the_most_frequent_first(store: Store) -> None:
    keep(store, FACTS)
    store.assessments.add([Feedback(name="correctness", value=True, trace_id=trace_id(1))])
    found = store.overview.facets(["0"])
    shown = {name: [(facet.value, facet.n) for facet in facets] for name, facets in found.items()}
    assert shown["status"] == [("OK", 3), ("ERROR", 1)]
    assert shown["name"] == [("chat", 3), ("search", 1)]
    assert shown["model"] == [("small", 2), ("large", 1)]
    assert shown["span type"] == [("UNKNOWN", 4)]
    assert shown["user"] == [("ann", 2), ("it's", 1)]
    assert shown["feedback"] == [("correctness", 1)]
    assert shown["tag.team"] == [("red", 2), ("blue", 1)]


def test_each_filter_keeps_just_the_traces_that_were_counted(store: Store) -> None:
    keep(store, FACTS)
    store.assessments.add([Feedback(name="is it 'good'?", value=1, trace_id=trace_id(2))])
    for facets in store.overview.facets(["0"]).values():
        for facet in facets:
            assert store.traces.count(["0"], facet.filter) == facet.n, facet


def test_they_count_only_what_matches_the_filter(store: Store) -> None:
    keep(store, FACTS)
    found = store.overview.facets(["0"], "tag.team = 'red'", most=1)
    assert [(facet.value, facet.n) for facet in found["name"]] == [("chat", 1)]
    assert "feedback" not in found


def test_an_empty_experiment_has_none(store: Store) -> None:
    assert store.overview.facets(["0"]) == {}


def test_a_senseless_number_of_values_is_refused(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="most=0"):
        store.overview.facets(["0"], most=0)
