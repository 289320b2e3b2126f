"""What any store must do with review queues: what is in them, who may answer, and what follows from the answers."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reviews_made import item_ids, pairs, question, queue, say
from traces_made import trace, trace_id

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import (
    AnswerDraft,
    ItemDraft,
    LabelAnswer,
    QueueCounts,
    QueueRules,
    Store,
)
from steelyard.store.sql.review_standing import overlaps, subject_of

T1 = trace_id(1)


def test_a_queue_comes_back_as_it_was_made(store: Store) -> None:
    first, second = question(store, "b"), question(store, "a")
    rules = QueueRules(overlap=2, overlap_share=0.25, blind=False, reserve_seconds=60)
    made = store.reviews.create(
        "0",
        "to do",
        users=["bob", "ada", "bob"],
        schema_ids=[first.schema_id, second.schema_id],
        rules=rules,
        instruction="Be kind.",
        by="lead",
    )
    assert re.fullmatch("rq-[0-9a-f]{32}", made.queue_id)
    assert (made.users, made.schema_ids) == (("bob", "ada"), (first.schema_id, second.schema_id))
    assert (made.rules, made.instruction, made.counts) == (rules, "Be kind.", QueueCounts())
    assert (made.created_by, made.last_updated_by) == ("lead", "lead")
    assert store.reviews.get(made.queue_id) == store.reviews.find("0", "to do") == made
    assert store.reviews.find("0", "done") is None


def test_queues_are_listed_the_newest_first_by_experiment_and_by_who_may_review(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    ours = store.reviews.create("0", "ours")
    mine = store.reviews.create("0", "mine", queue_type="user", users=["ada"])
    theirs = store.reviews.create(other, "theirs", users=["bob", "cyd"])
    assert store.reviews.list() == (theirs, mine, ours)
    assert store.reviews.list(["0"]) == (mine, ours)
    assert store.reviews.list(user="ada") == (mine, ours)
    assert store.reviews.list(["0"], user="cyd") == (ours,)
    assert store.reviews.list(user="cyd") == (theirs, ours)


def test_a_name_is_taken_once_in_an_experiment(store: Store) -> None:
    store.reviews.create("0", "a")
    made = store.reviews.create("0", "b")
    with pytest.raises(AlreadyExists, match="review queue named 'a' already"):
        store.reviews.create("0", "a")
    with pytest.raises(AlreadyExists, match="review queue named 'a' already"):
        store.reviews.update(made.queue_id, name="a")


def test_a_queue_is_changed(store: Store) -> None:
    made = store.reviews.create("0", "a", by="ada")
    asked = question(store).schema_id
    rules = QueueRules(overlap=2)
    changed = store.reviews.update(
        made.queue_id, name="b", users=["x", "y"], schema_ids=[asked], rules=rules, instruction="i", by="bob"
    )
    assert (changed.name, changed.users, changed.schema_ids) == ("b", ("x", "y"), (asked,))
    assert (changed.rules, changed.instruction, changed.last_updated_by) == (rules, "i", "bob")
    assert store.reviews.update(made.queue_id, by="bob").users == ("x", "y")
    assert store.reviews.update(made.queue_id, users=[], rules=QueueRules()).users == ()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a queue type": ({"queue_type": "team"}, "There is no queue_type 'team'"),
    "an item type": ({"item_type": "session"}, "There is no item_type 'session'"),
    "one person's queue for two": ({"queue_type": "user", "users": ["a", "b"]}, "is for one person; 2 are named"),
    "one person's queue for all": ({"queue_type": "user"}, "is for one person; 0 are named"),
    "more answers than people": ({"users": ["a", "b"], "rules": QueueRules(overlap=3)}, "has 2: a, b. Add people"),
    "no answers": ({"rules": QueueRules(overlap=0)}, "overlap=0 cannot be used"),
    "half an overlap": ({"rules": QueueRules(overlap_share=math.nan)}, "overlap_share=nan is no share"),
    "no time": ({"rules": QueueRules(reserve_seconds=0)}, "reserve_seconds=0 cannot be used"),
    "a nameless reviewer": ({"users": [""]}, "name is empty"),
    "a bell": ({"users": ["a\a"]}, "holds a control character"),
}


def test_a_queue_that_cannot_work_is_refused(store: Store) -> None:
    for fields, message in REFUSED.values():
        with pytest.raises(InvalidArgument, match=re.escape(message)):
            store.reviews.create("0", "a", **fields)
    assert store.reviews.list() == ()


def test_a_change_that_cannot_work_changes_nothing(store: Store) -> None:
    made = store.reviews.create("0", "a", users=["ada", "bob"], rules=QueueRules(overlap=2))
    with pytest.raises(InvalidArgument, match="Add people, or lower the overlap"):
        store.reviews.update(made.queue_id, name="b", users=["ada"])
    assert store.reviews.get(made.queue_id) == made


def test_a_queue_asks_only_questions_of_its_experiment(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    asked = question(store)
    with pytest.raises(InvalidArgument, match="belongs to another experiment"):
        store.reviews.create(other, "a", schema_ids=[asked.schema_id])
    with pytest.raises(NotFound, match="There is no label schema with id 'ls-0'"):
        store.reviews.create("0", "a", schema_ids=["ls-0"])
    with pytest.raises(InvalidArgument, match="which of two is better, and nothing else"):
        store.reviews.create("0", "a", item_type="pair", schema_ids=[asked.schema_id])


def test_items_stand_in_the_order_they_came_and_once(store: Store) -> None:
    made = queue(store, items=2)
    store.traces.put([trace(3)])
    drafts = [ItemDraft(trace_id=trace_id(number)) for number in (3, 1, 3)]
    (new,) = store.reviews.add(made.queue_id, drafts)
    assert (new.trace_id, new.position, new.status) == (trace_id(3), 2, "pending")
    assert store.reviews.item(new.item_id) == new
    items = store.reviews.items(made.queue_id).items
    assert [item.trace_id for item in items] == [trace_id(1), trace_id(2), trace_id(3)]
    assert store.reviews.get(made.queue_id).counts == QueueCounts(pending=3)


def test_a_draw_is_kept_with_its_item(store: Store) -> None:
    made = queue(store, items=0)
    store.traces.put([trace(1)])
    draft = ItemDraft(trace_id=T1, assigned_to="ada", propensity=0.125, stratum="low", population=800)
    (item,) = store.reviews.add(made.queue_id, [draft])
    kept = (item.trace_id, item.assigned_to, item.propensity, item.stratum, item.population)
    assert kept == (T1, "ada", 0.125, "low", 800)
    assert store.reviews.items(made.queue_id).items == (item,)


def test_all_items_go_in_or_none(store: Store) -> None:
    made = queue(store, items=1)
    store.traces.put([trace(2)])
    with pytest.raises(NotFound, match=f"There is no trace with id '{trace_id(9)}'"):
        store.reviews.add(made.queue_id, [ItemDraft(trace_id=trace_id(2)), ItemDraft(trace_id=trace_id(9))])
    assert len(item_ids(store, made)) == 1


DRAFTS: dict[str, tuple[dict[str, Any], str]] = {
    "a pair": ({"other_trace_id": trace_id(2)}, "leave other_trace_id out"),
    "no chance": ({"propensity": 0.0}, "propensity=0.0 is no probability"),
    "too sure": ({"propensity": 1.5}, "propensity=1.5 is no probability"),
    "a negative population": ({"population": -1}, "population=-1 is no count"),
    "nobody": ({"needed": 0}, "needed=0 cannot be used"),
    "more than there are": ({"needed": 3}, "at most 2 people can answer it"),
    "two of one": ({"needed": 2, "assigned_to": "ada"}, "it is for ada alone"),
    "a stranger": ({"assigned_to": "zoe"}, "'zoe' is not among the queue's reviewers (ada, bob)"),
}


def test_an_item_that_does_not_fit_is_refused(store: Store) -> None:
    made = queue(store, items=0, users=["ada", "bob"])
    store.traces.put([trace(1), trace(2)])
    for fields, message in DRAFTS.values():
        with pytest.raises(InvalidArgument, match=re.escape(message)):
            store.reviews.add(made.queue_id, [ItemDraft(trace_id=T1, **fields)])
    assert item_ids(store, made) == []


def test_a_pair_is_in_its_queue_once_whichever_comes_first(store: Store) -> None:
    made = pairs(store)
    turned = ItemDraft(trace_id=trace_id(2), other_trace_id=trace_id(1))
    assert store.reviews.add(made.queue_id, [turned]) == ()
    assert [item.other_name for item in store.reviews.items(made.queue_id).items] == ["b2", "b3"]
    with pytest.raises(InvalidArgument, match="cannot be compared with itself"):
        store.reviews.add(made.queue_id, [ItemDraft(trace_id=T1, other_trace_id=T1)])
    with pytest.raises(InvalidArgument, match="two traces: set other_trace_id"):
        store.reviews.add(made.queue_id, [ItemDraft(trace_id=T1)])


def test_items_are_read_in_pages_and_narrowed(store: Store) -> None:
    made = queue(store, items=5, rules=QueueRules(overlap=2))
    ids = item_ids(store, made)
    page = store.reviews.items(made.queue_id, max_results=2)
    rest = store.reviews.items(made.queue_id, max_results=9, page_token=page.token)
    assert [item.item_id for item in (*page.items, *rest.items)] == ids
    assert rest.token is None
    say(store, made, ids[0], "ada")
    say(store, made, ids[0], "bob", value=False)
    say(store, made, ids[1], "ada", kind="flagged", comment="empty")
    store.reviews.set_status(ids[2], "declined")

    def found(**which: str) -> list[int]:
        return [item.position for item in store.reviews.items(made.queue_id, **which).items]

    assert found(status="complete") == [0]
    assert found(status="declined") == [2]
    assert found(status="pending") == [1, 3, 4]
    assert (found(only="disputed"), found(only="flagged")) == ([0], [1])
    assert found(status="pending", only="disputed") == []
    counts = QueueCounts(pending=3, complete=1, declined=1, flagged=1, disputed=1, answers=2)
    assert store.reviews.get(made.queue_id).counts == counts
    with pytest.raises(InvalidArgument, match="There is no status 'open'"):
        store.reviews.items(made.queue_id, status="open")
    with pytest.raises(InvalidArgument, match="say 'flagged' or 'disputed'"):
        store.reviews.items(made.queue_id, only="late")
    with pytest.raises(InvalidArgument, match="belongs to another search"):
        store.reviews.items(made.queue_id, status="pending", page_token=page.token)


def test_what_is_taken_out_leaves_its_assessments(store: Store) -> None:
    made = queue(store, items=3)
    ids = item_ids(store, made)
    say(store, made, ids[0], "ada")
    assert store.reviews.remove(made.queue_id, [ids[0], ids[1], "ri-0"]) == 2
    assert store.reviews.get(made.queue_id).counts == QueueCounts(pending=1)
    with pytest.raises(NotFound, match="There is no review item with id"):
        store.reviews.item(ids[0])
    assert [said.value for said in store.assessments.list([T1])[T1]] == [True]
    store.reviews.delete(made.queue_id)
    with pytest.raises(NotFound, match="There is no review queue with id"):
        store.reviews.get(made.queue_id)
    assert [said.value for said in store.assessments.list([T1])[T1]] == [True]


def test_a_flag_stands_and_the_item_waits_for_others(store: Store) -> None:
    made = queue(store, items=2)
    bare, with_labels = item_ids(store, made)
    say(store, made, bare, "ada", kind="flagged", comment="no output")
    item = store.reviews.item(bare)
    assert (item.flagged, item.status, item.answers) == (True, "pending", 0)
    assert store.reviews.answers(bare)[0].comment == "no output"
    label = LabelAnswer(schema_id=made.schema_ids[0], value=False)
    say(store, made, with_labels, "ada", kind="flagged", labels=(label,))
    item = store.reviews.item(with_labels)
    assert (item.flagged, item.status, item.answers) == (True, "complete", 1)
    declined = store.reviews.set_status(bare, "declined", reason="nothing to see", by="lead")
    assert (declined.status, declined.reason) == ("declined", "nothing to see")
    assert store.reviews.get(made.queue_id).counts == QueueCounts(complete=1, declined=1, flagged=2, answers=1)


def test_what_everybody_skipped_is_declined_until_there_is_somebody_else(store: Store) -> None:
    made = queue(store, items=1, users=["ada", "bob"])
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada", kind="skipped", comment="too long")
    assert store.reviews.item(item_id).status == "pending"
    say(store, made, item_id, "bob", kind="skipped")
    item = store.reviews.item(item_id)
    assert (item.status, item.reason) == ("declined", "nobody is left to answer it: ada, bob skipped it")
    with pytest.raises(InvalidArgument, match="cannot be opened again: nobody is left"):
        store.reviews.set_status(item_id, "pending")
    assert store.reviews.update(made.queue_id, users=["ada", "bob", "cyd"]).counts == QueueCounts(pending=1)
    assert store.reviews.item(item_id).reason == ""


def test_a_status_that_somebody_gave_an_item_stays_until_it_is_opened_again(store: Store) -> None:
    made = queue(store, items=2)
    first, second = item_ids(store, made)
    assert store.reviews.set_status(first, "declined", by="lead").reason == "declined by lead"
    say(store, made, first, "ada")
    assert store.reviews.item(first).status == "declined"
    assert store.reviews.set_status(second, "complete").answers == 0
    assert store.reviews.get(made.queue_id).counts == QueueCounts(complete=1, declined=1, answers=1)
    assert store.reviews.set_status(second, "pending").needed == 1
    opened = store.reviews.set_status(first, "pending")
    assert (opened.status, opened.needed, opened.reason) == ("pending", 2, "")
    with pytest.raises(InvalidArgument, match="There is no status 'open'"):
        store.reviews.set_status(first, "open")
    say(store, made, first, "lead", decides=True)
    with pytest.raises(InvalidArgument, match=r"was decided by 'lead'\. Withdraw the decision"):
        store.reviews.set_status(first, "pending")


def test_other_rules_count_anew_what_pending_items_need(store: Store) -> None:
    made = queue(store, items=3, rules=QueueRules(overlap=2))
    ids = item_ids(store, made)
    for item_id, reviewers in zip(ids, (("ada", "bob"), ("ada",), ()), strict=True):
        for reviewer in reviewers:
            say(store, made, item_id, reviewer)
    changed = store.reviews.update(made.queue_id, rules=QueueRules(overlap=1))
    assert changed.counts == QueueCounts(pending=1, complete=2, answers=3)
    assert [store.reviews.item(one).needed for one in ids] == [2, 1, 1]
    changed = store.reviews.update(made.queue_id, rules=QueueRules(overlap=3))
    assert [store.reviews.item(one).needed for one in ids] == [2, 1, 3]


def test_a_share_of_the_items_overlaps_and_adding_items_moves_none(store: Store) -> None:
    made = queue(store, items=60, rules=QueueRules(overlap=3, overlap_share=0.3))
    before = {item.trace_id: item.needed for item in store.reviews.items(made.queue_id).items}
    assert set(before.values()) == {1, 3}
    store.traces.put([trace(number) for number in range(61, 81)])
    store.reviews.add(made.queue_id, [ItemDraft(trace_id=trace_id(number)) for number in range(61, 81)])
    after = {item.trace_id: item.needed for item in store.reviews.items(made.queue_id).items}
    assert {trace_id: after[trace_id] for trace_id in before} == before


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_what_overlaps_at_a_share_overlaps_at_a_larger_one(one: str, other: str, share: float, more: float) -> None:
    subject = subject_of(one, other)
    assert subject == (subject_of(other, one) if other else subject)
    low, high = sorted((share, more))
    rules = QueueRules(overlap_share=low)
    assert not overlaps(subject, rules) or overlaps(subject, replace(rules, overlap_share=high))
    assert overlaps(subject, QueueRules(overlap_share=1))
    assert not overlaps(subject, QueueRules(overlap_share=0))


def test_what_does_not_exist_is_not_found(store: Store) -> None:
    calls = (
        lambda: store.reviews.get("rq-0"),
        lambda: store.reviews.update("rq-0", name="a"),
        lambda: store.reviews.delete("rq-0"),
        lambda: store.reviews.add("rq-0", []),
        lambda: store.reviews.remove("rq-0", []),
        lambda: store.reviews.items("rq-0"),
        lambda: store.reviews.reviewed("rq-0"),
        lambda: store.reviews.next("rq-0", "ada"),
    )
    for call in calls:
        with pytest.raises(NotFound, match="There is no review queue with id 'rq-0'"):
            call()
    item_calls = (
        lambda: store.reviews.item("ri-0"),
        lambda: store.reviews.answers("ri-0"),
        lambda: store.reviews.withdraw("ri-0", "ada"),
        lambda: store.reviews.set_status("ri-0", "declined"),
        lambda: store.reviews.answer(AnswerDraft(item_id="ri-0", reviewer="ada", kind="skipped")),
    )
    for call in item_calls:
        with pytest.raises(NotFound, match="There is no review item with id 'ri-0'"):
            call()
