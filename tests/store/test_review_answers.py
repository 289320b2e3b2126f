"""What any store must do with what people say to an item: check it, keep it, and make it an assessment."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from reviews_made import item_ids, pairs, question, queue, say
from traces_made import trace_id

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import (
    AnswerDraft,
    AssessmentSource,
    Expectation,
    Feedback,
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    LabelAnswer,
    LabelSchema,
    QueueCounts,
    QueueRules,
    Store,
)
from steelyard.store.sql.review_inputs import check_label

T1 = trace_id(1)


def test_an_answer_becomes_an_assessment_of_the_trace(store: Store) -> None:
    tone = question(store, "tone", input=InputCategorical(("warm", "cold")))
    right = question(store, "expected_response", input=InputText(), kind="expectation")
    made = queue(store, items=1, schema_ids=[tone.schema_id, right.schema_id])
    (item_id,) = item_ids(store, made)
    labels = (
        LabelAnswer(schema_id=right.schema_id, value="42", comment="of course"),
        LabelAnswer(schema_id=tone.schema_id, value="warm", comment="friendly"),
    )
    answer = say(store, made, item_id, "ada", labels=labels, seconds=2.5, submission_id="s1")
    assert (answer.labels, answer.seconds, answer.queue_id) == (labels, 2.5, made.queue_id)
    assert store.reviews.answers(item_id) == (answer,)
    expectation, feedback = (store.assessments.get(T1, answer.assessment_ids[one.schema_id]) for one in (right, tone))
    source = AssessmentSource("HUMAN", "ada")
    metadata = {
        "steelyard.review.item": item_id,
        "steelyard.review.queue": made.queue_id,
        "steelyard.review.schema": tone.schema_id,
        "steelyard.review.version": "1",
    }
    assert isinstance(feedback, Feedback)
    assert isinstance(expectation, Expectation)
    assert (feedback.name, feedback.value, feedback.rationale) == ("tone", "warm", "friendly")
    assert (feedback.source, feedback.metadata) == (source, metadata)
    assert (expectation.name, expectation.value, expectation.source) == ("expected_response", "42", source)
    theirs = {"steelyard.review.schema": right.schema_id, "steelyard.review.comment": "of course"}
    assert expectation.metadata == metadata | theirs


def test_answering_again_takes_the_place_of_the_answer_and_the_history_keeps_it(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    first = say(store, made, item_id, "ada", value=True, because="fine")
    again = say(store, made, item_id, "ada", value=False)
    assert again.assessment_ids == first.assessment_ids
    (assessment_id,) = first.assessment_ids.values()
    history = store.assessments.history(T1, assessment_id)
    assert [(change.action, change.assessment.value) for change in history] == [("created", True), ("updated", False)]
    assert store.reviews.answers(item_id) == (again,)
    assert store.reviews.item(item_id).answers == 1


def test_a_question_that_is_left_out_when_answering_again_loses_its_assessment(store: Store) -> None:
    asked = [question(store, name).schema_id for name in ("a", "b")]
    made = queue(store, items=1, schema_ids=asked)
    (item_id,) = item_ids(store, made)
    both = tuple(LabelAnswer(schema_id=one, value=True) for one in asked)
    say(store, made, item_id, "ada", labels=both)
    say(store, made, item_id, "ada", labels=both[1:])
    assert [said.name for said in store.assessments.list([T1])[T1]] == ["b"]
    say(store, made, item_id, "ada", kind="skipped", comment="not mine")
    assert store.assessments.list([T1])[T1] == ()


def test_an_answer_that_is_taken_back_is_as_if_it_had_not_been(store: Store) -> None:
    made = queue(store, items=2)
    item_id = item_ids(store, made)[0]
    answer = say(store, made, item_id, "ada")
    assert store.reviews.item(item_id).status == "complete"
    item = store.reviews.withdraw(item_id, "ada")
    assert (item.status, item.answers) == ("pending", 0)
    assert store.reviews.answers(item_id) == ()
    assert store.assessments.list([T1])[T1] == ()
    (assessment_id,) = answer.assessment_ids.values()
    assert [change.action for change in store.assessments.history(T1, assessment_id)] == ["created", "deleted"]
    assert store.reviews.get(made.queue_id).counts == QueueCounts(pending=2)
    with pytest.raises(NotFound, match="'ada' has said nothing to the item"):
        store.reviews.withdraw(item_id, "ada")


VALUES: dict[str, tuple[Any, Any, Any]] = {
    "false": (InputPassFail(), False, False),
    "an option": (InputCategorical(("a", "b")), "b", "b"),
    "options in their order": (InputCategorical(("a", "b", "c"), True), ["c", "a"], ["a", "c"]),
    "no options": (InputCategorical(("a", "b"), True), [], []),
    "a bound": (InputNumeric(1, 5), 5, 5),
    "a fraction": (InputNumeric(), -0.25, -0.25),
    "the last character": (InputText(3), "äöü", "äöü"),
    "a NUL": (InputText(), "a\x00b", "a\x00b"),
}


def test_values_of_the_form_that_is_asked_for_are_kept(store: Store) -> None:
    asked = [question(store, name, input=form).schema_id for name, (form, _, _) in VALUES.items()]
    made = queue(store, items=1, schema_ids=asked)
    (item_id,) = item_ids(store, made)
    given_values = (value for _, value, _ in VALUES.values())
    labels = tuple(LabelAnswer(schema_id=one, value=value) for one, value in zip(asked, given_values, strict=True))
    answer = say(store, made, item_id, "ada", labels=labels)
    kept = {name: value for name, (_, _, value) in VALUES.items()}
    assert [label.value for label in answer.labels] == list(kept.values())
    assert store.reviews.answers(item_id) == (answer,)
    assert {said.name: said.value for said in store.assessments.list([T1])[T1]} == kept


WRONG_VALUES: dict[str, tuple[Any, Any, str]] = {
    "a word for a verdict": (InputPassFail(), "Pass", "give True or False"),
    "one for a verdict": (InputPassFail(), 1, "give True or False"),
    "nothing": (InputPassFail(), None, "has no value. Leave it out"),
    "no option": (InputCategorical(("a", "b")), "c", "give one of: 'a', 'b'"),
    "a list for one option": (InputCategorical(("a", "b")), ["a"], "give one of: 'a', 'b'"),
    "one option for a list": (InputCategorical(("a", "b"), True), "a", "a list of some of: 'a', 'b'"),
    "a strange option in a list": (InputCategorical(("a", "b"), True), ["a", "c"], "a list of some of"),
    "too large": (InputNumeric(1, 5), 6, "a number, at least 1 and at most 5"),
    "too small": (InputNumeric(min_value=1), 0, "a number, at least 1"),
    "not a number": (InputNumeric(), math.nan, "a finite number"),
    "a verdict for a number": (InputNumeric(), True, "a finite number"),
    "too long": (InputText(3), "long", "has 4 characters: at most 3"),
    "no words": (InputText(), "  ", "give some text"),
}


@pytest.mark.parametrize(("form", "value", "message"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_values_of_another_form_are_refused(form: Any, value: Any, message: str) -> None:
    asked = LabelSchema(schema_id="ls-0", experiment_id="0", name="q", input=form)
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        check_label(asked, value)


def test_a_value_of_another_form_leaves_nothing_behind(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    with pytest.raises(InvalidArgument, match="The answer 'Pass' to 'helpful' cannot be used: give True or False"):
        say(store, made, item_id, "ada", value="Pass")
    assert store.reviews.answers(item_id) == ()
    assert store.assessments.list([T1])[T1] == ()


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"labels": ()}, "Answer at least one question, or skip the item"),
    "a skip with labels": ({"kind": "skipped"}, "An item that is skipped gets no answers"),
    "another kind": ({"kind": "seen"}, "answer"),
    "a decision to skip": ({"kind": "skipped", "labels": (), "decides": True}, "cannot be skipped by one"),
    "negative time": ({"seconds": -1.0}, "seconds=-1.0 is no length of time"),
    "nobody": ({"reviewer": ""}, "name is empty"),
}


def test_an_answer_that_says_what_no_answer_can_is_refused(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    labels = (LabelAnswer(schema_id=made.schema_ids[0], value=True),)
    for fields, message in ANSWERS.values():
        with pytest.raises(InvalidArgument, match=re.escape(message)):
            store.reviews.answer(AnswerDraft(**{"item_id": item_id, "reviewer": "ada", "labels": labels, **fields}))
    assert store.reviews.answers(item_id) == ()


def test_questions_that_are_not_asked_and_comments_that_are_not_taken_are_refused(store: Store) -> None:
    quiet = question(store, "quiet", enable_comment=False)
    other = question(store, "other")
    made = queue(store, items=1, schema_ids=[quiet.schema_id])
    (item_id,) = item_ids(store, made)
    with pytest.raises(InvalidArgument, match=rf"does not ask '{other.schema_id}'. It asks: 'quiet'"):
        say(store, made, item_id, "ada", labels=(LabelAnswer(schema_id=other.schema_id, value=True),))
    with pytest.raises(InvalidArgument, match="The question 'quiet' takes no comment"):
        say(store, made, item_id, "ada", because="so")
    with pytest.raises(InvalidArgument, match="answered twice in one answer"):
        say(store, made, item_id, "ada", labels=(LabelAnswer(schema_id=quiet.schema_id, value=True),) * 2)


def test_a_preference_is_kept_in_the_queue_alone(store: Store) -> None:
    made = pairs(store, rules=QueueRules(overlap=2))
    first, second = item_ids(store, made)
    answer = say(store, made, first, "ada", value="second", swapped=True)
    assert (answer.labels[0].value, answer.swapped, answer.assessment_ids) == ("second", True, {})
    say(store, made, first, "bob", value="tie")
    assert store.reviews.item(first).disputed
    assert not any(store.assessments.list([trace_id(1), trace_id(2)]).values())
    with pytest.raises(InvalidArgument, match="Say one of: first, second, tie"):
        say(store, made, second, "ada", value="third")
    with pytest.raises(InvalidArgument, match="asks which of two is better"):
        say(store, made, second, "ada", labels=(LabelAnswer(schema_id="ls-0", value="first"),))


def test_answers_that_differ_are_disputed_until_somebody_decides(store: Store) -> None:
    made = queue(store, items=1, users=["ada", "bob"], rules=QueueRules(overlap=2))
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada", value=True)
    assert not store.reviews.item(item_id).disputed
    say(store, made, item_id, "bob", value=False)
    assert store.reviews.item(item_id).disputed
    decision = say(store, made, item_id, "lead", value=True, decides=True)
    item = store.reviews.item(item_id)
    assert (item.disputed, item.status, item.answers) == (False, "complete", 2)
    (assessment_id,) = decision.assessment_ids.values()
    said = store.assessments.get(T1, assessment_id)
    assert (said.source.source_id, said.metadata["steelyard.review.decides"]) == ("lead", "true")
    assert [one.reviewer for one in store.reviews.answers(item_id)] == ["ada", "bob", "lead"]
    assert store.reviews.withdraw(item_id, "lead").disputed


def test_a_decision_completes_an_item_and_stands_beside_the_adjudicators_own_answer(store: Store) -> None:
    made = queue(store, items=1, rules=QueueRules(overlap=3))
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada", value=False)
    say(store, made, item_id, "ada", value=True, decides=True)
    item = store.reviews.item(item_id)
    assert (item.status, item.answers, item.disputed) == ("complete", 1, False)
    assert [(one.decides, one.labels[0].value) for one in store.reviews.answers(item_id)] == [
        (False, False),
        (True, True),
    ]
    item = store.reviews.withdraw(item_id, "ada")  # what they said last
    assert (item.status, item.answers) == ("pending", 1)


def test_the_words_of_two_people_do_not_contradict_each_other_but_their_expectations_do(store: Store) -> None:
    note = question(store, "note", input=InputText())
    right = question(store, "right", input=InputText(), kind="expectation")
    made = queue(store, items=2, schema_ids=[note.schema_id, right.schema_id], rules=QueueRules(overlap=2))
    for item_id, schema in zip(item_ids(store, made), (note, right), strict=True):
        for reviewer in ("ada", "bob"):
            label = LabelAnswer(schema_id=schema.schema_id, value=f"by {reviewer}")
            say(store, made, item_id, reviewer, labels=(label,))
    assert [item.disputed for item in store.reviews.items(made.queue_id).items] == [False, True]


def test_everything_said_is_read_at_once_in_order(store: Store) -> None:
    made = queue(store, items=4, rules=QueueRules(overlap=2))
    ids = item_ids(store, made)
    for item_id, reviewer in ((ids[2], "bob"), (ids[0], "ada"), (ids[2], "ada")):
        say(store, made, item_id, reviewer)
    say(store, made, ids[3], "ada", kind="skipped")
    found = store.reviews.reviewed(made.queue_id)
    assert [one.item for one in found] == [store.reviews.item(ids[place]) for place in (0, 2, 3)]
    assert [one.answers for one in found] == [store.reviews.answers(ids[place]) for place in (0, 2, 3)]
    assert [answer.reviewer for answer in found[1].answers] == ["bob", "ada"]
