"""Scores over time stay right whatever happens to feedback and its traces, in whatever order, and from many writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from back_ends import DATABASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scores_made import Said, counted, told
from sqlalchemy import select
from traces_made import trace_id
from windows_made import Fact, made

from steelyard.records import Retention, Store
from steelyard.store import open_store
from steelyard.store.sql.score_schema import score_windows
from steelyard.store.sql.score_states import STATE_COLUMNS, kept_counts, rows_of
from steelyard.store.sql.windows_states import WIDTHS

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
DIMENSIONS = ["", "name", "status", "model", "version", "tag.t"]

moments = st.integers(0, 2 * DAY // (7 * MINUTE)).map(lambda n: n * 7 * MINUTE)
facts = st.builds(
    Fact,
    time=moments,
    state=st.sampled_from(["OK", "ERROR", "IN_PROGRESS"]),
    name=st.none() | st.sampled_from(["a", "b"]),
    models=st.lists(st.sampled_from(["x", "y"]), max_size=3).map(tuple),
    tags=st.dictionaries(st.sampled_from(["t", "u"]), st.sampled_from(["", "1", "2"])),
)
values = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(-9, 9), st.sampled_from(["yes", "no", "good", "bad"])
)
said = st.builds(
    Said,
    value=values,
    name=st.sampled_from(["quality", "tone"]),
    source=st.sampled_from(["CODE", "LLM_JUDGE", "HUMAN"]),
    version=st.none() | st.sampled_from(["1", "2"]),
)
trace_numbers, feedback_numbers = st.integers(1, 4), st.integers(1, 3)
changes = st.one_of(
    st.tuples(st.just("put"), trace_numbers, facts),
    st.tuples(st.just("tag"), trace_numbers, st.sampled_from(["1", "2"])),
    st.tuples(st.just("delete trace"), trace_numbers, st.none()),
    st.tuples(st.just("say"), trace_numbers, st.tuples(feedback_numbers, said)),
    st.tuples(st.just("update"), trace_numbers, st.tuples(feedback_numbers, values)),
    st.tuples(st.just("override"), trace_numbers, st.tuples(feedback_numbers, said)),
    st.tuples(st.just("delete"), trace_numbers, feedback_numbers),
    st.tuples(st.just("upkeep"), st.none(), st.none()),
)


class World:
    """What a test knows of a store that it changes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.facts: dict[int, Fact] = {}
        self.said: dict[tuple[int, str], Said] = {}
        self.overridden: dict[tuple[int, str], str] = {}  # what has been overridden, and by which

    def do(self, what: str, number: int, value: object) -> None:
        if what == "upkeep":
            self.store.upkeep.work(0.2)
        elif what == "put":
            self._put(number, value)
        elif number not in self.facts:
            return
        elif what == "tag":
            self.facts[number] = replace(self.facts[number], tags={**self.facts[number].tags, "t": str(value)})
            self.store.traces.update(trace_id(number), tags={"t": str(value)})
        elif what == "delete trace":
            del self.facts[number]
            self.said = {key: one for key, one in self.said.items() if key[0] != number}
            self.overridden = {key: one for key, one in self.overridden.items() if key[0] != number}
            self.store.traces.delete([trace_id(number)])
        else:
            self._assess(what, number, value)

    def _put(self, number: int, fact: object) -> None:
        """A trace that is put again keeps its tags, and its name if it gets none."""
        assert isinstance(fact, Fact)
        old = self.facts.get(number)
        if old is not None:
            fact = replace(fact, name=fact.name or old.name, tags={**old.tags, **fact.tags}, models=old.models)
        self.facts[number] = fact
        self.store.traces.put([made(number, fact)])

    def _assess(self, what: str, number: int, value: object) -> None:
        there = self.store.assessments
        place, more = value if isinstance(value, tuple) else (value, None)
        key = (number, f"a{place}")
        if what == "say" and key not in self.said:
            self.said[key] = more
            there.add([more.feedback(trace_id(number), key[1])])
        elif what == "update" and key in self.said:
            self.said[key] = replace(self.said[key], value=more)
            there.update(self.said[key].feedback(trace_id(number), key[1]))
        elif what == "override" and key in self.said and key not in self.overridden:
            new = (number, f"{key[1]}'")
            if new not in self.said:
                self.said[new] = more
                self.overridden[key] = new[1]
                there.add([more.feedback(trace_id(number), new[1], overrides=key[1])])
        elif what == "delete" and key in self.said:
            new = self.overridden.pop(key, None)
            del self.said[key]
            there.delete(trace_id(number), key[1])
            if new is not None:  # it overrides nothing any more, and goes on being valid
                self.overridden[key] = new

    def pairs(self) -> list[tuple[Fact, Said]]:
        valid = (key for key in self.said if key not in self.overridden)
        return [(self.facts[key[0]], self.said[key]) for key in valid]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    first=st.lists(facts, min_size=4, max_size=4),
    steps=st.lists(changes, max_size=30),
    step=st.sampled_from([MINUTE * 20, 5 * MINUTE, HOUR, 3 * HOUR, DAY]),
    by=st.sampled_from(DIMENSIONS),
)
def test_no_order_of_changes_and_upkeep_makes_them_wrong(
    tmp_path_factory: pytest.TempPathFactory,
    empty_file: Path,
    first: list[Fact],
    steps: list[tuple[str, int, object]],
    step: int,
    by: str,
) -> None:
    file = tmp_path_factory.mktemp("scores") / "store.db"
    file.write_bytes(empty_file.read_bytes())
    with closing(open_store(file)) as store:
        world = World(store)
        for number, fact in enumerate(first, 1):
            world.do("put", number, fact)
        for one in steps:
            world.do(*one)
        _assert_right(world, step, by)


def _assert_right(world: World, step: int, by: str) -> None:
    pairs = world.pairs()
    for name in ("quality", "tone"):
        found = world.store.scores.windows(["0"], name, start_ms=0, end_ms=2 * DAY + HOUR, step_ms=step, by=by)
        assert told(found) == counted(pairs, step=step, by=by, name=name)
    names = [(one.name, one.source, one.n) for one in world.store.scores.names(["0"])]
    kinds = {(one.name, one.source) for _, one in pairs}
    assert names == [(*kind, sum((one.name, one.source) == kind for _, one in pairs)) for kind in sorted(kinds)]


@pytest.mark.parametrize("store_url", DATABASES, indirect=True)
def test_hours_are_the_merge_of_minutes_and_days_that_of_hours(store: Store) -> None:
    random = Random(6)
    numbers = range(1, 80)
    kept = [
        Fact(random.randrange(2 * DAY), name=random.choice("ab"), tags={"t": random.choice("xyz")}) for _ in numbers
    ]
    store.traces.put([made(n, fact) for n, fact in zip(numbers, kept, strict=True)])
    store.assessments.add(
        [
            Said(random.choice([True, "no", random.gauss(0, 1e6), random.random(), "word"]), version="1").feedback(
                trace_id(n)
            )
            for n in numbers
            for _ in range(2)
        ]
    )
    while store.upkeep.work().left:
        pass
    w = score_windows.c
    with store._database.read() as connection:  # type: ignore[attr-defined]
        rows = connection.execute(select(w.width, w.dimension, *(w[name] for name in STATE_COLUMNS))).all()
    for fine, wide in pairwise(WIDTHS):
        for dimension in ("", "name", "status", "version", "tag.t"):
            of_fine = [tuple(row[2:]) for row in rows if (row[0], row[1]) == (fine, dimension)]
            of_wide = [tuple(row[2:]) for row in rows if (row[0], row[1]) == (wide, dimension)]
            assert of_wide
            assert sorted(rows_of(kept_counts(of_fine).regrouped(wide))) == sorted(map(tuple, of_wide))


@pytest.mark.parametrize("store_url", DATABASES, indirect=True)
def test_retention_takes_what_was_said_with_the_traces(store: Store) -> None:
    store.traces.put([made(n, Fact(n * HOUR)) for n in range(1, 5)])
    store.assessments.add([Said(n / 4).feedback(trace_id(n)) for n in range(1, 5)])
    while store.upkeep.work().left:
        pass
    store.upkeep.set_retention("0", Retention(max_age_days=0.001))
    assert store.upkeep.work().deleted == 3  # the newest stays
    for _ in range(2):
        (left,) = store.scores.windows(["0"], "quality", start_ms=0, end_ms=DAY, step_ms=HOUR)
        assert (left.start_ms, left.n, left.total) == (4 * HOUR, 1, 1.0)
        assert [one.n for one in store.scores.names(["0"])] == [1]
        while store.upkeep.work().left:
            pass


@pytest.mark.parametrize("store_url", DATABASES, indirect=True)
def test_many_writers_and_two_upkeeps_leave_nothing_uncounted(store: Store, store_url: str) -> None:
    n = 40
    kept = {number: Fact(number * 2 * MINUTE, tags={"t": "0"}) for number in range(1, n + 1)}
    store.traces.put([made(number, fact) for number, fact in kept.items()])
    done = []

    def write(seed: int) -> list[tuple[int, Said]]:
        random, written = Random(seed), []
        for k in range(25):
            number = random.randrange(1, n + 1)
            one = Said(random.choice([True, False, random.random()]), version=str(seed))
            store.assessments.add([one.feedback(trace_id(number), f"{seed}-{k}")])
            written.append((number, one))
        return written

    def move() -> None:
        random = Random(7)
        for k in range(25):
            number = random.randrange(1, n + 1)
            kept[number] = replace(kept[number], time=random.randrange(3 * HOUR), tags={"t": str(k)})
            store.traces.put([made(number, kept[number])])

    def keep_up() -> None:
        with closing(open_store(store_url)) as other:
            while not done:
                other.upkeep.work(0.05)

    with ThreadPoolExecutor(6) as pool:
        upkeeps = [pool.submit(keep_up) for _ in range(2)]
        others = [pool.submit(write, seed) for seed in range(3)]
        mover = pool.submit(move)
        try:
            pairs = [pair for other in others for pair in other.result()]
            mover.result()
        finally:
            done.append(True)
        for upkeep in upkeeps:
            upkeep.result()
    expected = [(kept[number], one) for number, one in pairs]
    for _ in range(2):
        for by in ("", "tag.t", "version"):
            found = store.scores.windows(["0"], "quality", start_ms=0, end_ms=DAY, step_ms=HOUR, by=by)
            assert [row | {"words": {}} for row in told(found)] == counted(expected, step=HOUR, by=by)
        while store.upkeep.work().left:
            pass
