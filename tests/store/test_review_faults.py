"""What goes wrong among people: sent twice, sent late, the trace deleted, the question changed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from back_ends import AT_HAND
from reviews_made import item_ids, pairs, question, queue, say
from traces_made import trace, trace_id

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records import (
    AssessmentSource,
    InputCategorical,
    InputPassFail,
    LabelAnswer,
    QueueCounts,
    QueueRules,
    Store,
)
from steelyard.store import open_store
from steelyard.store.sql import clock, review_handing

T1 = trace_id(1)


def outcomes(*calls: Callable[[], Any]) -> list[Any]:
    """What several threads get, or what is raised, that call at the same instant."""
    together, results = threading.Barrier(len(calls)), [None] * len(calls)

    def call(place: int) -> None:
        together.wait()
        try:
            results[place] = calls[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def values(store: Store, trace_id: str = T1) -> list[Any]:
    return [said.value for said in store.assessments.list([trace_id])[trace_id]]


def test_told_twice_an_answer_counts_once(store: Store) -> None:
    made = queue(store, items=1, rules=QueueRules(overlap=2))
    (item_id,) = item_ids(store, made)
    first = say(store, made, item_id, "ada", submission_id="s1", seconds=3.0)
    assert say(store, made, item_id, "ada", submission_id="s1", seconds=3.0) == first
    assert store.reviews.get(made.queue_id).counts == QueueCounts(pending=1, answers=1)
    assert values(store) == [True]


def test_told_twice_at_once_an_answer_counts_once(store: Store) -> None:
    made = queue(store, items=1, rules=QueueRules(overlap=2))
    (item_id,) = item_ids(store, made)
    calls = [lambda: say(store, made, item_id, "ada", submission_id="s1")] * 4
    found = outcomes(*calls)
    assert found == [found[0]] * 4
    assert store.reviews.answers(item_id) == (found[0],)
    assert values(store) == [True]
    (assessment_id,) = found[0].assessment_ids.values()
    assert len(store.assessments.history(T1, assessment_id)) == 1


def test_an_old_answer_that_is_told_again_does_not_come_back(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada", value=True, submission_id="s1")
    now = say(store, made, item_id, "ada", value=False, submission_id="s2")
    assert say(store, made, item_id, "ada", value=True, submission_id="s1") == now
    store.reviews.withdraw(item_id, "ada")
    echo = say(store, made, item_id, "ada", value=False, submission_id="s2")
    assert (echo.submission_id, echo.assessment_ids) == ("s2", {})
    assert (store.reviews.answers(item_id), values(store)) == ((), [])


def test_the_same_answer_without_a_submission_id_changes_nothing(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    first = say(store, made, item_id, "ada", because="so")
    assert say(store, made, item_id, "ada", because="so") == first
    (assessment_id,) = first.assessment_ids.values()
    assert len(store.assessments.history(T1, assessment_id)) == 1


def test_a_submission_id_is_of_one_answer(store: Store) -> None:
    made = queue(store, items=2, rules=QueueRules(overlap=2))
    first, second = item_ids(store, made)
    say(store, made, first, "ada", submission_id="s1")
    for item_id, reviewer in ((second, "ada"), (first, "bob")):
        with pytest.raises(InvalidArgument, match="'s1' was that of another answer"):
            say(store, made, item_id, reviewer, submission_id="s1")
    assert store.reviews.get(made.queue_id).counts.answers == 1


def test_two_people_on_one_item_at_once_are_both_kept(store: Store) -> None:
    made = queue(store, items=1, rules=QueueRules(overlap=2))
    (item_id,) = item_ids(store, made)
    outcomes(*(lambda who=who: say(store, made, item_id, who, value=who == "ada") for who in ("ada", "bob")))
    item = store.reviews.item(item_id)
    assert (item.answers, item.status, item.disputed) == (2, "complete", True)
    assert sorted(values(store)) == [False, True]


def test_an_answer_that_comes_late_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    assert store.reviews.next(made.queue_id, "ada")
    monkeypatch.setattr(review_handing, "now_ms", lambda: clock.now_ms() + 601_000)
    assert store.reviews.next(made.queue_id, "bob")
    say(store, made, item_id, "bob", value=True)
    say(store, made, item_id, "ada", value=False)
    item = store.reviews.item(item_id)
    assert (item.needed, item.answers, item.status, item.disputed) == (1, 2, "complete", True)
    assert values(store) == [True, False]


def test_of_a_deleted_trace_the_item_is_declined(store: Store) -> None:
    made = queue(store, items=2, rules=QueueRules(overlap=2))
    first, second = item_ids(store, made)
    before = say(store, made, first, "ada")
    store.traces.delete([T1])
    for _ in range(2):
        with pytest.raises(NotFound, match="Its trace was deleted, so nobody can answer the item"):
            say(store, made, first, "bob", submission_id="s1")
    item = store.reviews.item(first)
    assert (item.status, item.reason, item.answers) == ("declined", "the trace was deleted", 1)
    assert store.reviews.get(made.queue_id).counts == QueueCounts(pending=1, declined=1, answers=1)
    assert store.reviews.answers(first) == (before,)
    following = store.reviews.next(made.queue_id, "bob")
    assert following is not None
    assert following.item_id == second


def test_what_was_said_of_a_trace_outlives_it(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada", value=False)
    store.traces.delete([T1])
    with pytest.raises(NotFound, match="was deleted after the item"):
        say(store, made, item_id, "bob")
    (reviewed,) = store.reviews.reviewed(made.queue_id)
    assert (reviewed.item.status, reviewed.answers[0].labels[0].value) == ("complete", False)
    assert store.reviews.withdraw(item_id, "ada").answers == 0


def test_of_a_pair_with_a_deleted_trace_the_item_is_declined(store: Store) -> None:
    made = pairs(store)
    first, second = item_ids(store, made)
    store.traces.delete([trace_id(2)])
    with pytest.raises(NotFound, match="One of its traces was deleted"):
        say(store, made, first, "ada", value="first")
    assert store.reviews.item(first).status == "declined"
    assert say(store, made, second, "ada", value="first").labels[0].value == "first"


def test_an_answer_to_a_question_that_was_changed_is_a_conflict(store: Store) -> None:
    made = queue(store, items=2, rules=QueueRules(overlap=2))
    first, second = item_ids(store, made)
    (schema_id,) = made.schema_ids
    say(store, made, first, "ada", value=True)
    form = InputCategorical(("yes", "no"))
    store.label_schemas.update(schema_id, input=form, by="bob")
    store.label_schemas.update(schema_id, instruction="Look closely.", by="cyd")
    with pytest.raises(Conflict, match=r"'helpful' was changed by bob: it is at version 2 now.*to version 1"):
        say(store, made, second, "ada", value=True)
    label = LabelAnswer(schema_id=schema_id, value="no", version=2)
    answer = say(store, made, first, "bob", labels=(label,))
    assert [one.labels[0].version for one in store.reviews.answers(first)] == [1, 2]
    said = store.assessments.get(T1, answer.assessment_ids[schema_id])
    assert said.metadata["steelyard.review.version"] == "2"
    item = store.reviews.item(first)
    assert (item.answers, item.disputed) == (2, False)  # two answers to two questions


def test_a_question_of_another_name_makes_another_assessment(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    (schema_id,) = made.schema_ids
    say(store, made, item_id, "ada", value=True)
    store.label_schemas.update(schema_id, name="useful")
    say(store, made, item_id, "ada", value=False)
    assert [(said.name, said.value) for said in store.assessments.list([T1])[T1]] == [("useful", False)]


def test_an_assessment_that_somebody_deleted_is_made_again(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    (assessment_id,) = say(store, made, item_id, "ada", value=True).assessment_ids.values()
    store.assessments.delete(T1, assessment_id, by=AssessmentSource("HUMAN", "lead"))
    say(store, made, item_id, "ada", value=False)
    assert values(store) == [False]
    (assessment_id,) = store.reviews.answers(item_id)[0].assessment_ids.values()
    store.assessments.delete(T1, assessment_id)
    assert store.reviews.withdraw(item_id, "ada").answers == 0


def test_an_item_that_was_taken_out_takes_no_answer(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    assert store.reviews.next(made.queue_id, "ada")
    store.reviews.remove(made.queue_id, [item_id])
    with pytest.raises(NotFound, match="It may have been taken out of its queue"):
        say(store, made, item_id, "ada")
    assert values(store) == []


@AT_HAND
def test_an_answer_that_fails_half_way_leaves_nothing(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    from steelyard.store.sql.review_items import ItemWriter

    def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(ItemWriter, "settle", die)
        with pytest.raises(RuntimeError, match="the power is gone"):
            say(store, made, item_id, "ada", submission_id="s1")
    with open_store(store_url) as again:
        assert again.reviews.answers(item_id) == ()
        assert values(again) == []
        assert say(again, made, item_id, "ada", submission_id="s1").labels[0].value is True


def test_questions_and_queues_come_and_go_while_others_answer(store: Store) -> None:
    """Whatever comes first, nothing is half done and nothing but our own errors comes out."""
    made = queue(store, items=4, rules=QueueRules(overlap=2))
    store.traces.put([trace(9)])
    other = question(store, "other", input=InputPassFail())
    ids = item_ids(store, made)

    def answer(reviewer: str) -> None:
        for item_id in ids:
            say(store, made, item_id, reviewer)

    found = outcomes(
        lambda: answer("ada"),
        lambda: answer("bob"),
        lambda: store.reviews.update(made.queue_id, schema_ids=[*made.schema_ids, other.schema_id]),
        lambda: store.reviews.update(made.queue_id, rules=QueueRules(overlap=1)),
        lambda: store.traces.delete([trace_id(4)]),
        lambda: store.label_schemas.update(other.schema_id, input=InputCategorical(("a",))),
    )
    assert all(one is None or not isinstance(one, Exception) or isinstance(one, NotFound) for one in found)
    counts = store.reviews.get(made.queue_id).counts
    items = store.reviews.items(made.queue_id).items
    assert (counts.items, counts.answers) == (4, sum(item.answers for item in items))
    said = [len(one.answers) for one in store.reviews.reviewed(made.queue_id)]
    assert sum(said) == counts.answers
