"""Whatever comes first, the numbers at the end are those of the plain join, and the history tells the truth."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from back_ends import AT_HAND
from hypothesis import given, settings
from hypothesis import strategies as st
from predictions_made import DAY, NOW, label, log, numbers, opened, settled

from steelyard.records import PredictionNumbers, Store
from steelyard.store import open_store

IDS = ("a", "b", "c", "d")
NAMES = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store on SQLite for all examples; each has a model of its own."""
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('laws')}/store.db") as store:
        yield store


predicted = st.tuples(
    st.just("prediction"), st.sampled_from(IDS), st.sampled_from([0, 1, None]), st.sampled_from([0, 1, DAY])
)
labelled = st.tuples(st.just("label"), st.sampled_from(IDS), st.sampled_from([0, 1]), st.just(0))
events = st.lists(st.one_of(predicted, labelled), min_size=1, max_size=12)


def without_history(found: PredictionNumbers) -> PredictionNumbers:
    return replace(found, computed_ms=0, why="", version=0)


def content(store: Store, key: Any) -> list[PredictionNumbers]:
    """The numbers, apart from how they came to be: of days and of all of them merged."""
    told = [*numbers(store, key), *numbers(store, key, step_ms=2 * DAY)]
    return [without_history(one) for one in told if one.n]


@settings(max_examples=25)
@given(events=events, data=st.data())
def test_the_order_of_arrival_does_not_matter(shared: Store, events: list[Any], data: st.DataObject) -> None:
    """Labels carry the time as of which they are known; what one row's predictions are corrected to keeps its order."""
    timed = [(*event, i) for i, event in enumerate(events)]
    shuffled = data.draw(st.permutations(timed))
    of_row = {key: iter([e for e in timed if e[:2] == ("prediction", key)]) for key in IDS}
    in_turn = [next(of_row[e[1]]) if e[0] == "prediction" else e for e in shuffled]
    pauses = data.draw(st.sets(st.integers(0, len(events))))

    moved = opened(shared, f"moved {next(NAMES)}", pos_label="1")
    for i, (kind, key, value, time, at) in enumerate(in_turn):
        if kind == "prediction":
            log(shared, moved, [key], [value], times=[time])
        else:
            label(shared, moved, [key], [value], times=[at])
        if i in pauses:
            settled(shared, now_ms=NOW + i)
    settled(shared, now_ms=NOW + 100)

    plain = opened(shared, f"plain {next(NAMES)}", pos_label="1")
    predictions = {key: (value, time) for kind, key, value, time, _ in timed if kind == "prediction"}
    labels = {key: value for kind, key, value, _, _ in timed if kind == "label"}
    log(shared, plain, list(predictions), [v for v, _ in predictions.values()],
        times=[time for _, time in predictions.values()])  # fmt: skip
    label(shared, plain, list(labels), list(labels.values()))
    settled(shared)
    assert content(shared, moved) == content(shared, plain)
    about, wanted = shared.predictions.get(moved.key), shared.predictions.get(plain.key)
    assert (about.n, about.labelled, about.orphans) == (wanted.n, wanted.labelled, wanted.orphans)


@settings(max_examples=15)
@given(steps=st.lists(st.lists(st.one_of(predicted, labelled), min_size=1, max_size=3), min_size=1, max_size=5))
def test_the_history_tells_what_was_known_at_every_moment(shared: Store, steps: list[list[Any]]) -> None:
    model = opened(shared, f"history {next(NAMES)}", pos_label="1")
    known: dict[int, list[PredictionNumbers]] = {}
    for i, step in enumerate(steps):
        for kind, key, value, time in step:
            if kind == "prediction":
                log(shared, model, [key], [value], times=[time])
            else:
                label(shared, model, [key], [value])
        settled(shared, now_ms=NOW + 10 * i)
        known[NOW + 10 * i] = [replace(one, superseded_ms=None) for one in numbers(shared, model)]
    for moment, then in known.items():
        for at in (moment, moment + 9):
            told = numbers(shared, model, as_of_ms=at)
            assert [replace(one, superseded_ms=None) for one in told] == then
        merged = numbers(shared, model, step_ms=2 * DAY, as_of_ms=moment)
        assert sum(one.n for one in merged) == sum(one.n for one in then)


@AT_HAND
def test_many_workers_and_writers_at_once_count_everything_once(store: Store, store_url: str) -> None:
    model = opened(store)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with open_store(store_url) as mine:
                for i in range(5):
                    ids = [f"{number}-{i}-{j}" for j in range(20)]
                    times = [(j % 3) * DAY for j in range(20)]
                    if number % 2:
                        log(mine, model, ids, [1] * 20, times=times)
                    label(mine, model, ids, [1] * 20)
                    if number % 2 == 0:
                        log(mine, model, ids, [1] * 20, times=times)
                    mine.predictions.settle(f"w{number}", now_ms=NOW + i, at_once=True)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    settled(store, now_ms=NOW + 1000)
    told = numbers(store, model)
    assert [(one.n, one.labelled) for one in told] == [(140, 140), (140, 140), (120, 120)]
    for one in told:
        history = store.predictions.history(model.key, one.start_ms)
        assert [h.version for h in history] == list(range(len(history), 0, -1))
        assert [h.superseded_ms for h in history[1:]] == [h.computed_ms for h in history[:-1]]
