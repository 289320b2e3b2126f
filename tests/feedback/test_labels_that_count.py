"""Which of the things that people said count, what an item comes to, and how agreement grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.feedback import (
    PersonLabel,
    agreement_board,
    decide,
    decide_each,
    labels_of_queue,
    labels_of_traces,
    measure_of,
    progress,
    question_agreement,
)
from steelyard.metrics.agreement import agreement
from steelyard.records import (
    AssessmentSource,
    Expectation,
    Feedback,
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    LabelSchema,
    QueueRules,
    Store,
)

from .conftest import Queue

OK = LabelSchema(schema_id="ls-1", experiment_id="0", name="ok", input=InputPassFail())


def label(person: str, value: Any, item: str = "ri-1", **told: Any) -> PersonLabel:
    return PersonLabel(person=person, name="ok", value=value, trace_id="tr-1", item_id=item, **told)


@pytest.mark.parametrize(
    ("values", "value", "how", "agreeing"),
    [
        ([True, True, True], True, "unanimous", 3),
        ([True, False, True], True, "majority", 2),
        ([True, False], None, "undecided", 1),
        ([False], False, "single", 1),
        (["a", "b", "c"], None, "undecided", 1),
        ([["a", "b"], ["b", "a"]], ["a", "b"], "unanimous", 2),
        ([True, 1, 1], 1, "majority", 2),
        ([], None, "undecided", 0),
    ],
    ids=["all", "most", "half", "one", "three ways", "sets", "yes is not one", "nobody"],
)
def test_what_labels_come_to(values: list[Any], value: Any, how: str, agreeing: int) -> None:
    found = decide(label(f"p{place}", said) for place, said in enumerate(values))
    assert (found.value, found.how, found.votes, found.agreeing) == (value, how, len(values), agreeing)


def test_the_last_word_of_an_adjudicator_counts() -> None:
    said = [label("ann", True), label("ben", True), label("cem", False, decides=True, time_ms=5)]
    found = decide([*said, label("dee", True, decides=True, time_ms=4)])
    assert (found.value, found.how, found.votes, found.agreeing) == (False, "adjudicated", 2, 0)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_people_changes_no_decision(values: list[str], rng: Any) -> None:
    said = [label(f"p{place}", value) for place, value in enumerate(values)]
    shuffled = rng.sample(said, len(said))
    assert decide(shuffled) == decide(said)


def test_answers_to_an_earlier_version_are_set_apart_and_counted(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(3, {"stars": InputNumeric(1, 5), "ok": InputPassFail()}, rules=QueueRules(overlap=2))
    for place, person in ((0, "ann"), (0, "ben"), (1, "ann")):
        queue.say(place, person, {"stars": 3, "ok": True})
    queue.store.label_schemas.update(queue.schemas["stars"].schema_id, input=InputNumeric(1, 10))
    queue.say(1, "ben", {"stars": 9, "ok": False})
    told = labels_of_queue(queue.store, queue.queue_id)
    assert [(one.person, one.value) for one in told.of("stars")] == [("ben", 9)]
    assert [one.version for one in told.outdated] == [1, 1, 1]
    board = agreement_board(queue.store, queue.queue_id)
    stars, ok = board.questions
    assert (stars.outdated, ok.outdated, board.outdated) == (3, 0, 3)
    assert (stars.labels, ok.labels) == (1, 4)
    assert stars.agreement is not None
    assert stars.agreement.krippendorff.value is None
    queue.store.reviews.update(queue.queue_id, schema_ids=[queue.schemas["ok"].schema_id])
    assert len(labels_of_queue(queue.store, queue.queue_id).outdated) == 4  # no longer asked


def test_an_adjudicator_decides_and_is_no_part_of_agreement(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(2, {"ok": InputPassFail()}, rules=QueueRules(overlap=2))
    for person, values in (("ann", (True, True)), ("ben", (False, True))):
        for place, value in enumerate(values):
            queue.say(place, person, {"ok": value})
    assert [one.item_id for one in agreement_board(queue.store, queue.queue_id).disputed] == [queue.items[0].item_id]
    queue.say(0, "ann", {"ok": False}, decides=True)
    board = agreement_board(queue.store, queue.queue_id)
    (ok,) = board.questions
    assert ok.agreement is not None
    assert (ok.agreement.raw.value, ok.agreement.ratings) == (0.5, 4)
    assert (board.disputed, ok.disputed, ok.how) == ((), (), {"adjudicated": 1, "unanimous": 1})
    assert [(work.answers, work.decided) for work in board.reviewers] == [(2, 1), (2, 0)]


def test_skips_and_flags_are_counted_and_are_no_answers(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(4, {"ok": InputPassFail()}, rules=QueueRules(overlap=2))
    queue.say(0, "ann", {"ok": True}, seconds=10)
    queue.say(1, "ann", {"ok": True}, seconds=30)
    queue.turn_away(2, "ann", "skipped")
    queue.turn_away(3, "ann", "flagged")
    queue.say(0, "ben", {"ok": False}, kind="flagged", comment="odd", seconds=1)
    board = agreement_board(queue.store, queue.queue_id)
    ann, ben = board.reviewers
    assert (ann.answers, ann.skips, ann.flags, ann.median_seconds) == (2, 1, 1, 20.0)
    assert (ben.answers, ben.flags) == (1, 1)
    (ok,) = board.questions
    assert ok.labels == 3
    done = progress(queue.store, queue.queue_id)
    assert (done.answers_left, done.median_seconds, done.share_done) == (5, 20.0, 0.25)
    assert done.minutes_left == pytest.approx(5 * 20 / 60)
    assert done == board.progress


def test_nothing_said_is_no_agreement(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(2, {"ok": InputPassFail()})
    board = agreement_board(queue.store, queue.queue_id)
    (ok,) = board.questions
    assert ok.agreement is not None
    assert (ok.agreement.raw.value, ok.growth, ok.pairs, board.reviewers) == (None, (), (), ())
    assert (board.progress.minutes_left, board.progress.answers_left) == (None, 2)


def test_agreement_grows_in_the_order_in_which_items_were_done() -> None:
    """The last item was done first; the first has one answer and tells nothing of agreement."""
    values = {"a": (True, None), "b": (True, False), "c": (False, False), "d": (True, True), "e": (True, False)}
    done = {"a": 1, "b": 50, "c": 40, "d": 30, "e": 20}
    labels = [
        label(person, value, item, time_ms=done[item] - place)
        for item, pair in values.items()
        for place, (person, value) in enumerate(zip(("ann", "ben"), pair, strict=True))
        if value is not None
    ]
    growth = question_agreement(OK, labels).growth
    assert [point.items for point in growth] == [2, 3, 4]
    for point in growth:
        first = [values[item] for item in ("e", "d", "c", "b")][: point.items]
        assert point.krippendorff.value == agreement(first).krippendorff.value
    assert [point.raw.value for point in growth] == [0.5, pytest.approx(2 / 3), 0.5]


def test_long_queues_have_twenty_points_of_growth() -> None:
    labels = [label(person, True, f"ri-{item}", time_ms=item) for item in range(137) for person in ("ann", "ben")]
    growth = question_agreement(OK, labels).growth
    assert (len(growth), growth[-1].items) == (20, 137)


@pytest.mark.parametrize(
    ("form", "values", "kind"),
    [
        (InputNumeric(1, 5), [1, 5], "ordinal"),
        (InputNumeric(1, 5), [1.0, 5], "ordinal"),
        (InputNumeric(1, 5), [1.5], "interval"),
        (InputNumeric(0.5, 5), [1], "interval"),
        (InputNumeric(1), [1], "interval"),
        (InputNumeric(0, 1000), [1], "interval"),
        (InputText(), ["x"], "text"),
        (InputCategorical(("a",)), [], "nominal"),
    ],
    ids=["whole", "whole floats", "a half", "half a bound", "no bound", "too long", "text", "options"],
)
def test_numbers_are_ordinal_only_on_a_short_scale_of_whole_numbers(form: Any, values: list[Any], kind: str) -> None:
    assert measure_of(form, values).kind == kind


def test_of_assessments_the_latest_valid_one_of_each_person_counts(
    store: Store, traced: Callable[[int], list[str]]
) -> None:
    first, second = traced(2)
    ann, ben = AssessmentSource("HUMAN", "ann"), AssessmentSource("HUMAN", "ben")
    old = store.assessments.add([Feedback("ok", True, source=ann, trace_id=first)])[0]
    store.assessments.add(
        [
            Feedback("ok", False, source=ann, trace_id=first, rationale="On reflection."),
            Feedback("ok", 1, source=AssessmentSource("LLM_JUDGE", "gpt"), trace_id=first),
            Feedback("ok", True, source=ben, trace_id=first, span_id="s"),
            Feedback("else", True, source=ben, trace_id=first),
            Feedback("ok", False, source=ben, trace_id=second, overrides=None),
            Expectation(
                "ok", "yes", ann, second, {"steelyard.review.comment": "clear", "steelyard.review.version": "1"}
            ),
        ]
    )
    found = labels_of_traces(store, [first, second, "tr-gone"], "ok")
    assert [(one.person, one.value, one.comment) for one in found.labels] == [
        ("ann", False, "On reflection."),
        ("ben", False, ""),
        ("ann", "yes", "clear"),
    ]
    store.assessments.delete(first, str(old.assessment_id))
    newer = LabelSchema(schema_id="ls-1", experiment_id="0", name="ok", input=InputText(), version=2)
    told = labels_of_traces(store, [first, second], "ok", schema=newer)
    assert ([one.person for one in told.labels], [one.value for one in told.outdated]) == (["ann", "ben"], ["yes"])


def test_answers_of_a_queue_and_the_assessments_they_became_are_the_same_labels(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(3, {"ok": InputPassFail()}, rules=QueueRules(overlap=2))
    for person, values in (("ann", (True, False, True)), ("ben", (True, True, False))):
        for place, value in enumerate(values):
            queue.say(place, person, {"ok": value})
    queue.say(1, "ann", {"ok": True})  # thinks again
    queue.say(2, "cem", {"ok": False}, decides=True)
    asked = labels_of_queue(queue.store, queue.queue_id).labels
    kept = labels_of_traces(queue.store, [one.trace_id for one in queue.items], "ok").labels
    said = [{(one.person, one.value, one.item_id, one.version, one.decides) for one in part} for part in (asked, kept)]
    assert said[0] == said[1]
    assert [one.how for one in decide_each(asked).values()] == ["unanimous", "unanimous", "adjudicated"]
