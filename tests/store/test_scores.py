"""Scores over time: from states or from the rows, windows tell exactly what was said of their traces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scores_made import Said, counted, told
from traces_made import trace_id
from windows_made import Fact, keep

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Expectation, Store
from steelyard.records.score_windows import ScoreName

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
DIMENSIONS = ("", "name", "status", "model", "version", "tag.team", "tag.nobody")
FACTS = [
    Fact(0, name="chat", models=("small",), tags={"team": "red"}),
    Fact(4 * MINUTE, state="ERROR", name="chat", models=("small", "large"), tags={"team": "blue"}),
    Fact(6 * MINUTE, state="IN_PROGRESS"),
    Fact(HOUR - 1, name="search", models=("large", "large"), tags={"team": "red"}),
    Fact(HOUR, name="chat", tags={"team": ""}),
    Fact(DAY + 3 * HOUR, name="chat", models=("small",), tags={"other": "x"}),
]
SAID = [
    (0, Said(True)),
    (0, Said(0.1, version="1")),
    (0, Said("Yes", source="LLM_JUDGE", version="2")),
    (1, Said(0.2, version="1")),
    (1, Said(0.3, version="2")),
    (1, Said(error="timed out", source="LLM_JUDGE")),
    (2, Said("no", source="HUMAN")),
    (2, Said("fine")),
    (3, Said("fine")),
    (3, Said(["a", "list"])),
    (3, Said(float("nan"))),
    (3, Said(-4)),
    (4, Said(False)),
    (4, Said(1e17)),
    (5, Said(1.0)),
    (5, Said({"a": "mapping"}, version="2")),
    (5, Said(True, name="other")),
]
PAIRS = [(FACTS[place], said) for place, said in SAID]


def say(store: Store, said: list[tuple[int, Said]]) -> None:
    store.assessments.add([one.feedback(trace_id(place + 1)) for place, one in said])


def settle(store: Store) -> None:
    while store.upkeep.work().left:
        pass


@pytest.fixture(params=["half of it waiting", "counted"])
def filled(store: Store, request: pytest.FixtureRequest) -> Store:
    keep(store, FACTS)
    if request.param == "half of it waiting":
        say(store, SAID[:9])
        settle(store)
        say(store, SAID[9:])
        return store
    say(store, SAID)
    settle(store)
    return store


def test_windows_tell_what_was_said_by_any_step_dimension_and_source(filled: Store) -> None:
    for step in (MINUTE, HOUR, 2 * DAY):
        end = min(1600 * step, 4 * DAY)
        inside = [(fact, said) for fact, said in PAIRS if fact.time < end]
        for by, source in [(by, "") for by in DIMENSIONS] + [("", "LLM_JUDGE"), ("version", "CODE")]:
            found = filled.scores.windows(["0"], "quality", start_ms=0, end_ms=end, step_ms=step, by=by, source=source)
            assert told(found) == counted(inside, step=step, by=by, source=source), (step, by, source)


def test_one_window_may_tell_of_a_whole_period_from_any_moment(filled: Store) -> None:
    for start in (0, 5 * MINUTE, MINUTE):
        (found,) = filled.scores.windows(
            ["0"], "quality", start_ms=start, end_ms=start + 2 * DAY, step_ms=2 * DAY, origin_ms=start
        )
        assert (found.start_ms, found.end_ms) == (start, start + 2 * DAY)
        inside = [(replace(fact, time=0), said) for fact, said in PAIRS if start <= fact.time]
        assert told([replace(found, start_ms=0)]) == counted(inside, step=HOUR)


def test_a_filter_counts_only_what_is_said_of_traces_that_match(filled: Store) -> None:
    inside = [(fact, said) for fact, said in PAIRS if fact.name == "chat" and fact.state == "OK"]
    found = filled.scores.windows(
        ["0"],
        "quality",
        start_ms=0,
        end_ms=2 * DAY,
        step_ms=HOUR,
        by="version",
        filter_string="name = 'chat' AND status = 'OK'",
    )
    assert told(found) == counted(inside, step=HOUR, by="version")


def test_names_are_told_with_their_sources_and_how_often(filled: Store) -> None:
    assert filled.scores.names(["0"]) == (
        ScoreName("other", "CODE", 1),
        ScoreName("quality", "CODE", 13),
        ScoreName("quality", "HUMAN", 1),
        ScoreName("quality", "LLM_JUDGE", 2),
    )
    assert filled.scores.names(["0"], start_ms=4 * MINUTE + 1, end_ms=HOUR) == (
        ScoreName("quality", "CODE", 5),
        ScoreName("quality", "HUMAN", 1),
    )
    assert filled.scores.names(["0"], start_ms=DAY + 4 * HOUR) == ()


def test_expectations_and_what_was_overridden_do_not_count(store: Store) -> None:
    keep(store, FACTS[:1])
    first, _ = store.assessments.add(
        [Said(False).feedback(trace_id(1)), Expectation("quality", value=True, trace_id=trace_id(1))]
    )
    second = Said(True).feedback(trace_id(1), overrides=first.assessment_id)
    for settled in (False, True):
        if settled:
            settle(store)
        (window,) = store.scores.windows(["0"], "quality", start_ms=0, end_ms=1, step_ms=HOUR)
        assert (window.verdicts, window.passed) == (1, 0)
    (correction,) = store.assessments.add([second])
    for settled in (False, True):
        if settled:
            settle(store)
        (window,) = store.scores.windows(["0"], "quality", start_ms=0, end_ms=1, step_ms=HOUR)
        assert (window.verdicts, window.passed) == (1, 1)
    store.assessments.delete(trace_id(1), str(correction.assessment_id))  # and the first is valid again
    (window,) = store.scores.windows(["0"], "quality", start_ms=0, end_ms=1, step_ms=HOUR)
    assert (window.verdicts, window.passed) == (1, 0)
    store.assessments.delete(trace_id(1), str(first.assessment_id))
    for _ in range(2):
        assert store.scores.windows(["0"], "quality", start_ms=0, end_ms=1, step_ms=HOUR) == ()
        assert store.scores.names(["0"]) == ()
        settle(store)


def test_what_happens_to_a_trace_later_moves_what_was_said_of_it(store: Store) -> None:
    keep(store, FACTS)
    say(store, SAID)
    settle(store)
    keep(store, [replace(FACTS[0], time=2 * DAY)])
    store.traces.update(trace_id(2), tags={"team": "green", "mlflow.traceName": "renamed"}, state="OK")
    store.traces.delete_tag(trace_id(4), "team")
    store.traces.delete([trace_id(6)])
    facts = [
        replace(FACTS[0], time=2 * DAY),
        replace(FACTS[1], tags={"team": "green"}, name="renamed", state="OK"),
        FACTS[2],
        replace(FACTS[3], tags={}),
        FACTS[4],
    ]
    pairs = [(facts[place], said) for place, said in SAID if place < 5]
    for _ in range(2):
        for by in ("", "name", "status", "tag.team"):
            found = store.scores.windows(["0"], "quality", start_ms=0, end_ms=3 * DAY, step_ms=HOUR, by=by)
            assert told(found) == counted(pairs, step=HOUR, by=by)
        settle(store)


def test_traces_alone_leave_nothing_to_count_and_feedback_leaves_traces_alone(store: Store) -> None:
    keep(store, FACTS)
    assert store.upkeep.work().windows == 5
    say(store, SAID[:1])
    assert store.upkeep.backlog() == 1
    assert store.upkeep.work().windows == 1
    keep(store, [Fact(10 * HOUR)], first=50)
    assert store.upkeep.work().windows == 1
    assert store.upkeep.backlog() == 0


def test_several_experiments_are_counted_together_and_others_not_at_all(store: Store) -> None:
    one, two = store.experiments.create("one").experiment_id, store.experiments.create("two").experiment_id
    keep(store, FACTS[:2], first=1, experiment_id=one)
    keep(store, FACTS[2:4], first=3, experiment_id=two)
    keep(store, FACTS[4:], first=5)
    say(store, SAID)
    inside = [(fact, said) for fact, said in PAIRS if fact in FACTS[:4]]
    for _ in range(2):
        found = store.scores.windows([one, two, one], "quality", start_ms=0, end_ms=DAY, step_ms=DAY)
        assert told(found) == counted(inside, step=DAY)
        assert sum(name.n for name in store.scores.names([one, two])) == len(inside)
        settle(store)


def test_many_values_words_and_tags_are_counted_all_the_same(store: Store) -> None:
    facts = [Fact(n * 1000, tags={"id": f"{n:03}", **{f"k{k}": "v" for k in range(40 * (n % 2))}}) for n in range(150)]
    keep(store, facts)
    said = [Said(f"word {n}" if n % 3 else "often", version="v" * 300 if n < 10 else str(n)) for n in range(150)]
    said[5] = Said("long " * 100)
    say(store, list(enumerate(said)))

    def ask(by: str) -> tuple[object, ...]:
        return store.scores.windows(["0"], "quality", start_ms=0, end_ms=1, step_ms=HOUR, by=by)

    before = {by: ask(by) for by in ("", "tag.id", "version", "tag.k7")}
    settle(store)
    for by, expected in before.items():
        assert ask(by) == expected
    (whole,) = store.scores.windows(["0"], "quality", start_ms=0, end_ms=1, step_ms=HOUR)
    assert whole.n == sum(whole.words.values()) == 150
    assert next(iter(whole.words.items())) == ("often", 50)
    assert (len(whole.words), whole.words["…"]) == (51, 51)
    assert len(before["tag.id"]) == 51


def test_free_text_is_told_alike_from_rows_and_from_states(store: Store) -> None:
    keep(store, [Fact(n * 5 * MINUTE) for n in range(30)])
    say(store, [(n, Said(f"text {(n * 7 + k) % 400}")) for n in range(30) for k in range(20)])

    def ask() -> tuple[object, ...]:
        return store.scores.windows(["0"], "quality", start_ms=0, end_ms=DAY, step_ms=DAY)

    before = ask()
    settle(store)
    assert ask() == before


def test_sums_do_not_depend_on_how_they_were_added_up(store: Store) -> None:
    values = [1e17, 0.1, -1e17, 3e-9, 2**53 + 1, 1e-300, -0.1, 5e99, -5e99, 1 / 3] * 3
    keep(store, [Fact(n * 7 * MINUTE) for n in range(len(values))])
    say(store, [(n, Said(value)) for n, value in enumerate(values)])
    pairs = [(Fact(n * 7 * MINUTE), Said(value)) for n, value in enumerate(values)]
    for _ in range(2):
        for step in (MINUTE, HOUR, DAY):
            found = store.scores.windows(["0"], "quality", start_ms=0, end_ms=DAY, step_ms=step)
            assert told(found) == counted(pairs, step=step)
        settle(store)


def test_absurd_values_do_not_stop_the_counting(store: Store) -> None:
    keep(store, [Fact(-1), Fact(0)])
    absurd = [10**400, 1e308, float("inf"), "a\x00b", "half \ud800", "", None, {"x": float("nan")}]
    said = [Said(value, version="v\x00" if n % 2 else None) for n, value in enumerate(absurd)]
    said.append(Said(True, source="S" * 3000))
    say(store, [(n % 2, one) for n, one in enumerate(said)])
    pairs = [(Fact(n % 2 - 1), one) for n, one in enumerate(said)]
    for _ in range(2):
        for by in ("", "version"):
            found = store.scores.windows(["0"], "quality", start_ms=-DAY, end_ms=DAY, step_ms=HOUR, by=by)
            assert told(found) == counted(pairs, step=HOUR, by=by)
        assert [name.source for name in store.scores.names(["0"])] == ["CODE", "…"]
        settle(store)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"step_ms": 1500}, "multiple of 1000"),
        ({"end_ms": 0}, "stretch of time"),
        ({"end_ms": DAY, "step_ms": 1000}, "86,400 windows"),
        ({"by": "session"}, "none of name, model, status, version"),
        ({"by": "tag."}, "none of name, model, status, version"),
        ({"source": "ROBOT"}, "none of LLM_JUDGE, CODE, HUMAN"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_counted_is_said(store: Store, asked: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        store.scores.windows(["0"], **{"name": "q", "start_ms": 0, "end_ms": HOUR, "step_ms": HOUR, **asked})


def test_unknown_experiments_and_broken_filters_are_said(store: Store) -> None:
    with pytest.raises(NotFound):
        store.scores.windows(["99"], "q", start_ms=0, end_ms=1, step_ms=HOUR)
    with pytest.raises(NotFound):
        store.scores.names(["99"])
    with pytest.raises(FilterError):
        store.scores.windows(["0"], "q", start_ms=0, end_ms=1, step_ms=HOUR, filter_string="name =")
    assert store.scores.names(["0"]) == ()
    assert np.size(store.scores.windows(["0"], "q", start_ms=0, end_ms=1, step_ms=HOUR)) == 0
