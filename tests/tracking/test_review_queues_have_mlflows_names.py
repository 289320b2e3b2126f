"""Review queues under the names of ``mlflow.genai.review_queues``: made, filled, answered, with ours beside them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import steelyard
from steelyard.entities import Trace, TraceInfo
from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.genai import review_queues as queues
from steelyard.genai.label_schemas import InputNumeric, InputPassFail, create_label_schema
from steelyard.genai.review_queues import ItemDraft, ReviewQueue
from steelyard.tracking import get_store


def made(*numbers: int) -> list[str]:
    """Keep traces, and return their ids."""
    traces = [Trace(TraceInfo(trace_id=f"tr-{number:032x}", request_time=number)) for number in numbers]
    get_store().traces.put(traces)
    return [trace.info.trace_id for trace in traces]


@pytest.fixture
def queue() -> ReviewQueue:
    create_label_schema("ok", input=InputPassFail(), enable_comment=True)
    create_label_schema("stars", input=InputNumeric(1, 5))
    return queues.create_review_queue("week 34", schema_ids=["ok", "stars"], users=["ann", "ben"])


def test_a_queue_is_made_with_its_rules_and_found_by_name_or_id(queue: ReviewQueue) -> None:
    assert (queue.queue_type, queue.item_type, queue.users) == ("custom", "trace", ("ann", "ben"))
    assert len(queue.schema_ids) == 2
    assert queues.get_review_queue(queue.queue_id) == queues.get_review_queue(name="week 34") == queue
    shared = queues.create_review_queue(
        "shared", users=["ann", "ben"], overlap=2, overlap_share=0.5, blind=False, reserve_seconds=60
    )
    assert shared.rules == queues.QueueRules(overlap=2, overlap_share=0.5, blind=False, reserve_seconds=60)
    changed = queues.update_review_queue("shared", overlap_share=1.0, schema_ids=["ok"], instruction="Slowly.")
    assert changed.rules == queues.QueueRules(overlap=2, overlap_share=1.0, blind=False, reserve_seconds=60)
    assert (len(changed.schema_ids), changed.instruction, changed.users) == (1, "Slowly.", ("ann", "ben"))
    assert {one.name for one in queues.list_review_queues()} == {"shared", "week 34"}
    assert len(queues.list_review_queues(max_results=1)) == 1
    queues.delete_review_queue("shared")
    queues.delete_review_queue(shared.queue_id)  # as with MLflow: gone is gone
    assert [one.name for one in queues.list_review_queues(user="ann")] == ["week 34"]
    assert queues.list_review_queues(user="zoe") == []


def test_the_queue_of_one_person_asks_all_questions(queue: ReviewQueue) -> None:
    own = queues.get_or_create_user_queue("ann")
    assert (own.queue_type, own.name, own.users, set(own.schema_ids)) == (
        "user",
        "ann",
        ("ann",),
        set(queue.schema_ids),
    )
    new = create_label_schema("new", input=InputPassFail())
    again = queues.get_or_create_user_queue("ann")
    assert (again.queue_id, set(again.schema_ids)) == (own.queue_id, {*queue.schema_ids, new.schema_id})
    with pytest.raises(InvalidArgument, match="not the queue of one person"):
        queues.get_or_create_user_queue("week 34")
    with pytest.raises(InvalidArgument, match="named like it"):
        queues.create_review_queue("cem", queue_type="user", users=["ann"])
    with pytest.raises(InvalidArgument, match="leave schema_ids out"):
        queues.create_review_queue("cem", queue_type="user", schema_ids=["ok"])


def test_items_come_in_however_traces_are_named(queue: ReviewQueue) -> None:
    ids = made(*range(6))
    traces = [steelyard.get_trace(one) for one in ids]
    frame = steelyard.search_traces(experiment_ids=["0"], filter_string=f"trace_id = '{ids[4]}'")
    ways: list[Any] = [ids[0], [ids[1]], traces[2], [traces[3]], frame, [ItemDraft(trace_id=ids[5], assigned_to="ben")]]
    found = [queues.add_items_to_review_queue(queue, way) for way in ways]
    assert [items[0].trace_id for items in found] == ids
    assert found[-1][0].assigned_to == "ben"
    again = queues.add_items_to_review_queue(queue.queue_id, item_ids=[ids[3], ids[1]])
    assert [item.trace_id for item in again] == [ids[3], ids[1]]
    assert [item.trace_id for item in queues.list_review_queue_items("week 34")] == ids
    assert len(queues.list_review_queue_items(queue, max_results=4)) == 4
    assert queues.list_review_queue_items(queue, status="complete") == []
    assert queues.remove_items_from_review_queue(queue, item_ids=[ids[0], found[1][0].item_id, "tr-gone"]) == 2
    assert len(queues.list_review_queue_items(queue)) == 4


def test_what_no_queue_could_have_is_refused_and_nothing_is_added(queue: ReviewQueue) -> None:
    first, second = made(1, 2)
    pairs = queues.create_review_queue("pairs", item_type="pair")
    refused: list[tuple[ReviewQueue, Any, str]] = [
        (queue, [first, 3], "Item 1"),
        (queue, [(first, second)], "queue of traces"),
        (queue, pd.DataFrame({"id": [first]}), "no column 'trace_id'"),
        (queue, [{"trace_id": first, "weight": 2}], "no field 'weight'"),
        (queue, 5, "nothing that a queue could have"),
        (queue, None, "Name the items once"),
        (pairs, [first], "queue of pairs"),
        (pairs, [{"a": first, "b": 3}], "queue of pairs"),
    ]
    for where, what, said in refused:
        with pytest.raises(InvalidArgument, match=said):
            queues.add_items_to_review_queue(where, what)
    with pytest.raises(NotFound, match="tr-none"):
        queues.add_items_to_review_queue(queue, [first, "tr-none"])
    assert queues.list_review_queue_items(queue) == queues.list_review_queue_items(pairs) == []


def test_an_item_is_handed_out_answered_and_taken_back(queue: ReviewQueue) -> None:
    (trace_id,) = made(1)
    queues.add_items_to_review_queue(queue, trace_id)
    item = queues.next_review_item(queue, reviewer="ann")
    assert item is not None
    assert queues.next_review_item(queue, reviewer="ben") is None  # one answer is enough, and ann has it
    said = queues.answer_review_item(
        item, {"ok": False, "stars": 2}, comments={"ok": "Rude."}, reviewer="ann", seconds=4.5
    )
    assert (said.reviewer, said.seconds, [label.value for label in said.labels]) == ("ann", 4.5, [False, 2])
    kept = {one.name: one for one in get_store().assessments.list([trace_id])[trace_id]}
    assert (kept["ok"].value, kept["ok"].rationale, kept["ok"].source.source_id) == (False, "Rude.", "ann")  # type: ignore[union-attr]
    assert kept["stars"].metadata["steelyard.review.queue"] == queue.queue_id
    assert [one.status for one in queues.list_review_queue_items(queue)] == ["complete"]
    assert queues.withdraw_review_answer(item, reviewer="ann").status == "pending"
    assert get_store().assessments.list([trace_id]).get(trace_id, ()) == ()


def test_only_what_the_queue_asks_is_answered(queue: ReviewQueue) -> None:
    (item,) = queues.add_items_to_review_queue(queue, made(1))
    for values, comments, said in (
        ({"okay": True}, "", "asks 'ok', 'stars'; 'okay'"),
        ({"ok": True}, {"stars": "why"}, "'stars' is not answered"),
        ("yes", "", "answers by question"),
        ({"ok": "yes"}, "", "True or False"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            queues.answer_review_item(item, values, comments=comments, reviewer="ann")
    with pytest.raises(InvalidArgument, match="ann, ben"):
        queues.answer_review_item(item, {"ok": True}, reviewer="zoe")
    assert get_store().reviews.answers(item.item_id) == ()


def test_items_are_skipped_flagged_assigned_and_declined(queue: ReviewQueue) -> None:
    items = queues.add_items_to_review_queue(queue, made(1, 2, 3))
    queues.skip_review_item(items[0], reviewer="ann", comment="Not my language.")
    queues.flag_review_item(items[1], reviewer="ann", comment="Empty.")
    queues.assign_review_items(queue, [items[2]], user="ben")
    assert [one.trace_id for one in queues.list_review_queue_items(queue, only="flagged")] == [items[1].trace_id]
    assert queues.next_review_item(queue, reviewer="ann") is None
    handed = queues.next_review_item(queue, reviewer="ben")
    assert handed is not None
    assert handed.item_id == items[2].item_id
    declined = queues.set_review_queue_item_status(
        queue, item_id=items[0].trace_id, status="declined", completed_by="ann", reason="gone"
    )
    assert (declined.item_id, declined.status, declined.reason) == (items[0].item_id, "declined", "gone")
    with pytest.raises(InvalidArgument, match="pending, complete, declined"):
        queues.set_review_queue_item_status(queue, item_id=items[0].item_id, status="done")
    with pytest.raises(NotFound, match="tr-none"):
        queues.assign_review_items(queue, ["tr-none"], user="ann")


def test_pairs_are_compared_and_named(queue: ReviewQueue) -> None:
    ids = made(*range(6))
    pairs = queues.create_review_queue("pairs", item_type="pair")
    items = queues.add_items_to_review_queue(
        pairs, [{"small": ids[0], "large": ids[1]}, (ids[2], ids[3]), ItemDraft(trace_id=ids[4], other_trace_id=ids[5])]
    )
    assert [(one.name, one.other_name) for one in items] == [("small", "large"), ("", ""), ("", "")]
    assert queues.add_items_to_review_queue(pairs, (ids[1], ids[0])) == [items[0]]  # the same two
    said = queues.answer_review_item(items[0], "second", comments="Longer.", reviewer="ann", swapped=True)
    assert [(label.value, label.comment) for label in said.labels] == [("second", "Longer.")]
    assert queues.answer_review_item(items[1], {"preference": "tie"}, reviewer="ann").labels[0].value == "tie"
    with pytest.raises(InvalidArgument, match="'first', 'second' or 'tie'"):
        queues.answer_review_item(items[2], "large", reviewer="ann")
    with pytest.raises(AlreadyExists):
        queues.create_review_queue("pairs")
