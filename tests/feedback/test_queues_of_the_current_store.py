"""What the people of a queue say together, asked for as a script does: by the queue, its id or its name."""

from __future__ import annotations

import pytest

import steelyard
from steelyard.errors import InvalidArgument, NotFound
from steelyard.genai import review_queues as queues
from steelyard.genai.label_schemas import InputNumeric, InputPassFail, create_label_schema

pytestmark = pytest.mark.usefixtures("store_uri")


def _answered() -> list[queues.ReviewItem]:
    create_label_schema("ok", input=InputPassFail())
    create_label_schema("stars", input=InputNumeric(1, 5))
    queue = queues.create_review_queue("week 34", schema_ids=["ok", "stars"], overlap=2)
    ids = [steelyard.log_trace(name="answer", request=n, response=n) for n in range(4)]
    items = queues.add_items_to_review_queue(queue, ids)
    for person in ("ann", "ben"):
        for place in range(3):
            queues.answer_review_item(items[place], {"ok": place > 0 or person == "ann"}, reviewer=person, seconds=30)
    return items


def test_a_script_asks_by_the_name_of_the_queue() -> None:
    items = _answered()
    queue = queues.get_review_queue("week 34")
    board = queues.queue_agreement("week 34")
    assert board == queues.queue_agreement(queue) == queues.queue_agreement(queue.queue_id)
    assert board.progress == queues.queue_progress("week 34")
    assert (board.progress.answers_left, board.progress.minutes_left) == (2, 1.0)
    decided = queues.queue_decisions("week 34", "ok")
    assert {trace_id: one.how for trace_id, one in decided.items()} == {
        items[0].trace_id: "undecided",
        items[1].trace_id: "unanimous",
        items[2].trace_id: "unanimous",
    }


def test_a_question_is_named_unless_there_is_but_one() -> None:
    _answered()
    for name in ("", "okay"):
        with pytest.raises(InvalidArgument, match="asks 'ok', 'stars'"):
            queues.queue_decisions("week 34", name)
    queues.update_review_queue("week 34", schema_ids=["ok"])
    assert len(queues.queue_decisions("week 34")) == 3
    with pytest.raises(InvalidArgument, match="not pairs"):
        queues.queue_ranking("week 34")
    with pytest.raises(NotFound):
        queues.queue_agreement("week 35")


def test_pairs_come_to_decisions_and_a_ranking() -> None:
    ids = [steelyard.log_trace(name="answer", request=n, response=n) for n in range(4)]
    queue = queues.create_review_queue("pairs", item_type="pair", overlap=2)
    items = queues.add_items_to_review_queue(queue, [{"new": ids[0], "old": ids[1]}, {"new": ids[2], "old": ids[3]}])
    for person, said in (("ann", "first"), ("ben", "second")):
        queues.answer_review_item(items[0], said, reviewer=person)
        queues.answer_review_item(items[1], "first", reviewer=person)
    assert queues.queue_ranking(queue).ranking.names == ("new", "old")
    decided = queues.queue_decisions(queue)
    assert [(decided[item.item_id].value, decided[item.item_id].how) for item in items] == [
        (None, "undecided"),
        ("first", "unanimous"),
    ]
