"""Windows: traces counted over time are right at any moment, whatever upkeep has got to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traces_made import trace_id
from windows_made import Fact, assert_same, counted, keep, made

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.store import open_store

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FACTS = [
    Fact(0, 10.0, "OK", "chat", ("small",), "s1", "u1", {"team": "red"}, 5, 0.5),
    Fact(4 * MINUTE, 20.0, "ERROR", "chat", ("small", "large"), "s1", "u1", {"team": "blue"}, 7, 0.25),
    Fact(6 * MINUTE, None, "IN_PROGRESS", None, (), None, None, {}, 0, None),
    Fact(HOUR - 1, 5.0, "OK", "search", ("large", "large"), "s2", None, {"team": "red"}, 11, None),
    Fact(HOUR, 40.0, "OK", "chat", (), "s2", "u2", {"team": ""}, 3, 0.125),
    Fact(DAY + 3 * HOUR, 0.0, "OK", "chat", ("small",), "s3", "u1", {"other": "x"}, 1, 2.0),
]
DIMENSIONS = ("", "name", "status", "model", "session", "user", "tag.team", "tag.nobody")


@pytest.mark.parametrize("step", [MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 2 * DAY])
def test_counted_directly_and_from_states_they_are_the_same(store: Store, step: int) -> None:
    keep(store, FACTS)
    end = min(2000 * step, 4 * DAY)
    before = {by: store.overview.windows(["0"], start_ms=0, end_ms=end, step_ms=step, by=by) for by in DIMENSIONS}
    for by, found in before.items():
        assert_same(found, counted([fact for fact in FACTS if fact.time < end], step=step, by=by))
    while store.upkeep.backlog():
        store.upkeep.work()
    for by, found in before.items():
        assert store.overview.windows(["0"], start_ms=0, end_ms=end, step_ms=step, by=by) == found


def test_windows_are_whole_and_begin_at_multiples_of_the_step(store: Store) -> None:
    keep(store, [Fact(HOUR - 1), Fact(HOUR), Fact(2 * HOUR - 1), Fact(2 * HOUR)])
    found = store.overview.windows(["0"], start_ms=HOUR + 5, end_ms=2 * HOUR - 5, step_ms=HOUR)
    assert [(w.start_ms, w.end_ms, w.n) for w in found] == [(HOUR, 2 * HOUR, 2)]


def test_traces_before_1970_have_windows_too(store: Store) -> None:
    facts = [Fact(-1), Fact(-HOUR), Fact(-HOUR - 1)]
    keep(store, facts)
    store.upkeep.work()
    found = store.overview.windows(["0"], start_ms=-DAY, end_ms=DAY, step_ms=HOUR)
    assert_same(found, counted(facts, step=HOUR))


def test_a_filter_counts_only_what_matches(store: Store) -> None:
    keep(store, FACTS)
    store.upkeep.work()
    found = store.overview.windows(["0"], "name = 'chat' AND status = 'OK'", start_ms=0, end_ms=DAY, step_ms=HOUR)
    assert_same(found, counted([FACTS[0], FACTS[4]], step=HOUR))


def test_several_experiments_are_counted_together_and_others_not_at_all(store: Store) -> None:
    one, two = store.experiments.create("one").experiment_id, store.experiments.create("two").experiment_id
    keep(store, FACTS[:2], first=1, experiment_id=one)
    keep(store, FACTS[2:4], first=10, experiment_id=two)
    keep(store, FACTS[4:], first=20)
    store.upkeep.work()
    found = store.overview.windows([one, two, one], start_ms=0, end_ms=DAY, step_ms=DAY)
    assert_same(found, counted(FACTS[:4], step=DAY))


def test_rare_values_are_counted_together(store: Store) -> None:
    facts = [Fact(n * MINUTE, name=f"n{n:02}") for n in range(60)] + [Fact(0, name="n55")]
    keep(store, facts)
    for _ in range(2):
        found = store.overview.windows(["0"], start_ms=0, end_ms=HOUR, step_ms=HOUR, by="name")
        names = {w.group: w.n for w in found}
        assert len(names) == 51
        assert names["n55"] == 2
        assert names["…"] == 10
        store.upkeep.work()


def test_a_tag_with_a_value_for_each_trace_is_counted_all_the_same(store: Store) -> None:
    keys = [{f"key {k}": "v" for k in range(40)} if n % 2 else {} for n in range(150)]
    facts = [Fact(n * 1000, name="é" * 300, tags={"id": f"{n:03}", **keys[n]}) for n in range(150)]
    keep(store, facts)
    before = {by: store.overview.windows(["0"], start_ms=0, end_ms=1, step_ms=HOUR, by=by) for by in ("tag.id", "name")}
    assert sum(w.n for w in before["tag.id"]) == 150
    while store.upkeep.backlog():
        store.upkeep.work()
    for by, expected in before.items():
        assert store.overview.windows(["0"], start_ms=0, end_ms=1, step_ms=HOUR, by=by) == expected
    found = store.overview.windows(["0"], start_ms=0, end_ms=1, step_ms=HOUR, by="tag.key 7")
    assert_same(found, counted(facts, step=HOUR, by="tag.key 7"))


def test_numbers_that_are_absurd_do_not_stop_the_counting(store: Store) -> None:
    keep(store, [Fact(0, 1e300, tokens=2**62, cost=1e308), Fact(1, -5.0, tokens=2**62, cost=1e308)])
    for _ in range(2):
        (found,) = store.overview.windows(["0"], start_ms=0, end_ms=1, step_ms=HOUR)
        assert found.n == 2
        assert found.input_tokens == 2 * 2**40
        store.upkeep.work()


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"step_ms": 1500}, "multiple of 1000"),
        ({"step_ms": 0}, "multiple of 1000"),
        ({"end_ms": 0}, "stretch of time"),
        ({"end_ms": 2**60}, "stretch of time"),
        ({"end_ms": DAY, "step_ms": 1000}, "86,400 windows"),
        ({"by": "colour"}, "none of model, name"),
        ({"by": "tag."}, "none of model, name"),
    ],
)
def test_what_cannot_be_counted_is_said(store: Store, asked: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        store.overview.windows(["0"], **{"start_ms": 0, "end_ms": HOUR, "step_ms": HOUR, **asked})


def test_unknown_experiments_and_broken_filters_are_said(store: Store) -> None:
    with pytest.raises(NotFound):
        store.overview.windows(["99"], start_ms=0, end_ms=1, step_ms=HOUR)
    with pytest.raises(FilterError):
        store.overview.windows(["0"], "name =", start_ms=0, end_ms=1, step_ms=HOUR)


def test_the_span_of_time_is_that_of_the_first_and_the_last_trace(store: Store) -> None:
    assert store.overview.span_of_time(["0"]) is None
    keep(store, FACTS)
    assert store.overview.span_of_time(["0"]) == (0, DAY + 3 * HOUR)


moments = st.integers(0, 2 * DAY // (7 * MINUTE)).map(lambda n: n * 7 * MINUTE)
facts = st.builds(
    Fact,
    time=moments,
    duration=st.none() | st.floats(0.001, 1e6),
    state=st.sampled_from(["OK", "ERROR", "IN_PROGRESS"]),
    name=st.none() | st.sampled_from(["a", "b"]),
    models=st.lists(st.sampled_from(["x", "y"]), max_size=3).map(tuple),
    tags=st.dictionaries(st.sampled_from(["t", "u"]), st.sampled_from(["", "1", "2"])),
    tokens=st.integers(0, 9),
    cost=st.none() | st.integers(0, 8).map(lambda n: n / 8),
)
changes = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 12), facts),
    st.tuples(st.just("tag"), st.integers(1, 12), st.sampled_from(["1", "2"])),
    st.tuples(st.just("state"), st.integers(1, 12), st.sampled_from(["OK", "ERROR"])),
    st.tuples(st.just("delete"), st.integers(1, 12), st.none()),
    st.tuples(st.just("upkeep"), st.none(), st.none()),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    steps=st.lists(changes, max_size=14),
    step=st.sampled_from([5 * MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, DAY]),
    by=st.sampled_from(["", "name", "status", "model", "tag.t"]),
)
def test_no_order_of_changes_and_upkeep_makes_them_wrong(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, object]], step: int, by: str
) -> None:
    folder: Path = tmp_path_factory.mktemp("windows")
    known: dict[int, Fact] = {}
    with open_store(f"sqlite:///{folder}/store.db") as store:
        for what, number, value in steps:
            if what == "put" and number not in known:
                known[number] = value
                store.traces.put([made(number, value)])
            elif what == "tag" and number in known:
                known[number] = replace(known[number], tags={**known[number].tags, "t": value})
                store.traces.update(trace_id(number), tags={"t": value})
            elif what == "state" and number in known:
                known[number] = replace(known[number], state=value)
                store.traces.update(trace_id(number), state=value)
            elif what == "delete":
                store.traces.delete([trace_id(number)] if known.pop(number, None) else [])
            elif what == "upkeep":
                store.upkeep.work(0.2)
        found = store.overview.windows(["0"], start_ms=0, end_ms=2 * DAY + HOUR, step_ms=step, by=by)
        assert_same(found, counted(known.values(), step=step, by=by))
