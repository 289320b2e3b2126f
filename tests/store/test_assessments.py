"""What any store must do with feedback and expectations: nothing that was said is ever lost."""

from __future__ import annotations

import math
import re
import threading
from dataclasses import replace
from typing import Any

import pytest
from test_json_text import alike
from traces_made import trace, trace_id

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import AssessmentError, AssessmentSource, Expectation, Feedback, Store

HUMAN = AssessmentSource("HUMAN", "ada")
T1 = trace_id(1)


@pytest.fixture
def traced(store: Store) -> Store:
    """A store with the traces 1 and 2."""
    store.traces.put([trace(1), trace(2)])
    return store


def add(store: Store, **fields: Any) -> Feedback:
    (added,) = store.assessments.add([Feedback(**{"name": "ok", "value": True, "trace_id": T1, **fields})])
    assert isinstance(added, Feedback)
    return added


def valid(store: Store) -> dict[Any, bool]:
    return {said.value: said.valid for said in store.assessments.list([T1])[T1]}


def test_an_assessment_gets_an_id_and_times_and_comes_back_whole(traced: Store) -> None:
    feedback = Feedback(
        name="correctness",
        value={"score": 0.5, "labels": ["a", None]},
        error=AssessmentError("PARSE", "no number", "line 3"),
        source=AssessmentSource("LLM_JUDGE", "openai:/gpt-4o-mini"),
        trace_id=T1,
        metadata={"cost": 0.01, "nested": {"a": [1]}},
        span_id="0000000000000001",
        rationale="because ≥ 5",
    )
    expectation = Expectation(name="expected_response", value=["42"], trace_id=trace_id(2))
    added = traced.assessments.add([feedback, expectation])
    for given, kept in zip((feedback, expectation), added, strict=True):
        assert re.fullmatch("a-[0-9a-f]{32}", kept.assessment_id or "")
        assert kept.create_time_ms == kept.last_update_time_ms > 0
        assert replace(kept, assessment_id=None, create_time_ms=0, last_update_time_ms=0) == given
        assert traced.assessments.get(str(given.trace_id), str(kept.assessment_id)) == kept
    assert traced.assessments.list([trace_id(2), T1, "tr-none"]) == {trace_id(2): added[1:], T1: added[:1]}
    assert traced.traces.get(T1).info.assessments == added[:1]


VALUES = (
    None,
    True,
    0,
    1,
    -0.0,
    2**63,
    10**400,
    math.inf,
    -math.inf,
    math.nan,
    "",
    "true",
    "NUL \x00",
    "\ud800",
    [],
    {},
)


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_every_kind_of_value_comes_back_as_it_was(traced: Store, number: int) -> None:
    added = add(traced, value=VALUES[number], rationale="\x00\ud800")
    kept = traced.assessments.get(T1, str(added.assessment_id))
    assert alike(kept.value, VALUES[number])
    assert isinstance(kept, Feedback)
    assert kept.rationale == "\x00\ud800"


def test_reasons_that_are_no_text_are_refused(traced: Store) -> None:
    reasons: Any = ("too", "short")
    with pytest.raises(InvalidArgument):
        add(traced, rationale=reasons)
    assert traced.assessments.list([T1]).get(T1, ()) == ()


def test_several_of_one_name_stand_beside_each_other_in_the_order_they_were_made(traced: Store) -> None:
    for value in (3, 1, 2):
        add(traced, value=value, create_time_ms=5)
    assert list(valid(traced)) == [3, 1, 2]


def test_one_that_overrides_another_makes_it_invalid_until_it_is_deleted(traced: Store) -> None:
    first = add(traced, value="judge")
    second = add(traced, value="human", overrides=first.assessment_id, source=HUMAN)
    third = add(traced, value="other", overrides=first.assessment_id)
    assert valid(traced) == {"judge": False, "human": True, "other": True}
    traced.assessments.delete(T1, str(second.assessment_id), by=HUMAN)
    assert valid(traced) == {"judge": False, "other": True}, "it is still overridden by the other one"
    traced.assessments.delete(T1, str(third.assessment_id))
    assert valid(traced) == {"judge": True}
    history = traced.assessments.history(T1, str(first.assessment_id))
    assert [(c.action, c.assessment.valid) for c in history] == [
        ("created", True),
        ("overridden", False),
        ("restored", True),
    ]
    assert history[1].source == HUMAN
    gone = traced.assessments.history(T1, str(second.assessment_id))
    assert [(c.action, c.assessment.value, c.source) for c in gone] == [
        ("created", "human", None),
        ("deleted", "human", HUMAN),
    ]


def test_an_override_of_nothing_or_of_another_kind_or_trace_is_refused(traced: Store) -> None:
    first = add(traced)
    with pytest.raises(NotFound, match="could be overridden"):
        add(traced, overrides="a-none")
    with pytest.raises(NotFound):
        add(traced, overrides=first.assessment_id, trace_id=trace_id(2))
    with pytest.raises(InvalidArgument, match="expectation 'e' cannot override the feedback"):
        traced.assessments.add([Expectation(name="e", value=1, trace_id=T1, overrides=first.assessment_id)])
    assert traced.assessments.list([T1, trace_id(2)]) == {T1: (first,), trace_id(2): ()}


def test_an_update_keeps_who_said_it_of_what_and_merges_metadata(traced: Store) -> None:
    first = add(traced, metadata={"a": 1, "b": 1}, span_id="s", source=HUMAN, rationale="old")
    wanted = Feedback(
        name="renamed",
        value=False,
        trace_id=T1,
        assessment_id=first.assessment_id,
        metadata={"b": 2, "c": 3},
        span_id="other",
        rationale="new",
    )
    changed = traced.assessments.update(wanted, by=AssessmentSource("HUMAN", "bob"))
    kept = traced.assessments.get(T1, str(first.assessment_id))
    assert kept == changed
    assert (changed.name, changed.source, changed.span_id) == ("ok", HUMAN, "s")
    assert (changed.value, changed.metadata) == (False, {"a": 1, "b": 2, "c": 3})
    assert (changed.create_time_ms, changed.valid) == (first.create_time_ms, True)
    history = traced.assessments.history(T1, str(first.assessment_id))
    assert [(c.action, c.assessment, c.source) for c in history] == [
        ("created", first, None),
        ("updated", changed, AssessmentSource("HUMAN", "bob")),
    ]
    with pytest.raises(InvalidArgument, match="cannot become a"):
        traced.assessments.update(Expectation(name="e", value=1, trace_id=T1, assessment_id=first.assessment_id))


def test_an_overridden_one_stays_so_when_it_is_updated(traced: Store) -> None:
    first = add(traced, value=1)
    add(traced, value=2, overrides=first.assessment_id)
    traced.assessments.update(replace(first, value=3))
    assert valid(traced) == {3: False, 2: True}


def test_what_does_not_exist_is_not_found(traced: Store) -> None:
    first = add(traced)
    this = str(first.assessment_id)
    for ask in (
        lambda: traced.assessments.add([replace(first, trace_id="tr-none")]),
        lambda: traced.assessments.get("tr-none", this),
        lambda: traced.assessments.get(trace_id(2), this),
        lambda: traced.assessments.update(replace(first, trace_id=trace_id(2))),
        lambda: traced.assessments.update(replace(first, assessment_id="a-none")),
        lambda: traced.assessments.delete(T1, "a-none"),
        lambda: traced.assessments.delete(trace_id(2), this),
        lambda: traced.assessments.history(trace_id(2), this),
    ):
        with pytest.raises(NotFound):
            ask()
    assert traced.assessments.list(["tr-none"]) == {}


BAD = {
    "no trace": {"trace_id": None},
    "no name": {"name": ""},
    "NUL in the name": {"name": "a\x00"},
    "a long name": {"name": "x" * 251},
    "no JSON": {"value": object()},
    "no JSON in the metadata": {"metadata": {"a": object()}},
    "an id that cannot be kept": {"assessment_id": "\ud800"},
}


@pytest.mark.parametrize("what", BAD)
def test_a_damaged_assessment_is_refused_and_nothing_of_its_batch_is_written(traced: Store, what: str) -> None:
    good = Feedback(name="ok", value=1, trace_id=T1)
    with pytest.raises(InvalidArgument):
        traced.assessments.add([good, replace(good, **BAD[what])])
    assert traced.assessments.list([T1]) == {T1: ()}


def test_writers_at_once_lose_nothing(traced: Store) -> None:
    first = add(traced, metadata={})
    together, failures = threading.Barrier(6), []

    def write(who: int) -> None:
        together.wait()
        try:
            for step in range(8):
                traced.assessments.update(replace(first, value=who, metadata={f"{who}.{step}": 1}))
                add(traced, value=f"{who}.{step}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(traced.assessments.get(T1, str(first.assessment_id)).metadata) == 48
    assert len(traced.assessments.list([T1])[T1]) == 49
    history = traced.assessments.history(T1, str(first.assessment_id))
    assert [len(change.assessment.metadata) for change in history] == list(range(49))
