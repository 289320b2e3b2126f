"""What goes wrong among reviewers, through the Python API and over HTTP: at once, offline, twice, late, changed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.rest.running import Running
from tests.store.postgres import PostgresMissing, empty, fresh_database, shared_server

from steelyard import tracking
from steelyard.errors import Conflict, NotFound
from steelyard.genai import label_schemas, review_queues
from steelyard.genai.label_schemas import InputCategorical, InputPassFail
from steelyard.records import AnswerDraft, LabelAnswer, ReviewItem, ReviewQueue, Store, Trace, TraceData, TraceInfo
from steelyard.store import open_store
from steelyard.store.sql import clock, review_handing
from steelyard.tracking.stores import close_stores, get_store


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a store on a private PostgreSQL, for the tests of this file."""
    folder = tmp_path_factory.mktemp("people")
    try:
        with shared_server(folder, worker="alone") as server, fresh_database(server) as url:
            open_store(url).close()
            yield f"{url}&artifacts={folder}/artifacts"
    except PostgresMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "http"])
def address(request: pytest.FixtureRequest, store_uri: str) -> Iterator[str]:
    """The address of the current store: a file, a database, or a server before a file."""
    if request.param == "sqlite":
        yield store_uri
        return
    if request.param == "postgres":
        url = request.getfixturevalue("database")
        tracking.set_tracking_uri(url)
        yield url
        close_stores()
        empty(url.partition("&artifacts=")[0])
        return
    with closing(open_store(store_uri)) as behind:
        server = Running(behind)
        tracking.set_tracking_uri(server.url)
        yield server.url
        close_stores()
        server.close()


def traces(n: int) -> list[str]:
    ids = [f"tr-{number:032x}" for number in range(1, n + 1)]
    made = [Trace(TraceInfo(trace_id=one, request_time=1, state="OK", n_spans=0), TraceData(())) for one in ids]
    get_store().traces.put(made)
    return ids


def queue(items: int = 1, **fields: Any) -> tuple[ReviewQueue, list[ReviewItem]]:
    label_schemas.create_label_schema("helpful", input=InputPassFail(), enable_comment=True)
    made = review_queues.create_review_queue("to do", schema_ids=["helpful"], **fields)
    return made, review_queues.add_items_to_review_queue(made, traces(items))


def values(item: ReviewItem) -> list[Any]:
    return sorted(said.value for said in get_store().assessments.list([item.trace_id]).get(item.trace_id, ()))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
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


def worked_off(address: str, queue_id: str, names: Sequence[str]) -> list[list[str]]:
    """What each of several people answered who worked a queue off together, each in a process of their own."""
    script, pipes = str(Path(__file__).with_name("reviewing.py")), {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    people = [
        subprocess.Popen([sys.executable, script, address, queue_id, name], text=True, **pipes)  # type: ignore[call-overload]
        for name in names
    ]
    for one in people:
        assert one.stdout.readline() == "ready\n"
    for one in people:
        one.stdin.write("go\n")
        one.stdin.flush()
    return [json.loads(one.communicate()[0]) for one in people]


def sums(store: Store, made: ReviewQueue) -> None:
    counts = store.reviews.get(made.queue_id).counts
    items = store.reviews.items(made.queue_id, max_results=1000).items
    assert counts.answers == sum(item.answers for item in items)
    assert counts.complete == sum(item.status == "complete" for item in items)
    assert counts.disputed == sum(item.disputed for item in items)


def test_two_people_answer_one_item_at_once(address: str) -> None:
    made, (item,) = queue(overlap=2)
    found = at_once(
        lambda: review_queues.answer_review_item(item, {"helpful": True}, reviewer="ada"),
        lambda: review_queues.answer_review_item(item, {"helpful": False}, reviewer="bob"),
    )
    assert [one.reviewer for one in found] == ["ada", "bob"]
    now = get_store().reviews.item(item.item_id)
    assert (now.answers, now.status, now.disputed) == (2, "complete", True)
    assert values(item) == [False, True]
    sums(get_store(), made)


def test_two_people_who_ask_at_once_are_not_handed_the_same_last_answer(address: str) -> None:
    made, _ = queue()
    names = ("ada", "bob", "cyd")
    found = at_once(*(lambda who=who: review_queues.next_review_item(made, reviewer=who) for who in names))
    assert sum(one is not None for one in found) == 1


def test_people_in_processes_of_their_own_work_a_queue_off(address: str) -> None:
    """Nobody answers an item that has all it needs, and nothing is left."""
    made, items = queue(items=12, overlap=2)
    done = worked_off(address, made.queue_id, ("ada", "bob", "cyd"))
    assert sorted(one for mine in done for one in mine) == sorted([item.item_id for item in items] * 2)
    assert all(len(set(mine)) == len(mine) for mine in done)
    counts = review_queues.get_review_queue(made.queue_id).counts
    assert (counts.complete, counts.answers) == (12, 24)
    sums(get_store(), made)


def test_an_answer_of_somebody_who_was_offline_is_kept(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, (item,) = queue(reserve_seconds=60)
    assert review_queues.next_review_item(made, reviewer="ada")
    assert review_queues.next_review_item(made, reviewer="bob") is None
    monkeypatch.setattr(review_handing, "now_ms", lambda: clock.now_ms() + 61_000)
    assert review_queues.next_review_item(made, reviewer="bob")
    review_queues.answer_review_item(item, {"helpful": True}, reviewer="bob")
    review_queues.answer_review_item(item, {"helpful": False}, reviewer="ada")
    now = get_store().reviews.item(item.item_id)
    assert (now.answers, now.status, now.disputed) == (2, "complete", True)
    assert values(item) == [False, True]
    sums(get_store(), made)


def test_what_is_sent_twice_is_one_answer(address: str) -> None:
    made, (item,) = queue(overlap=2)

    def send() -> Any:
        return review_queues.answer_review_item(item, {"helpful": True}, reviewer="ada", submission_id="one")

    found = at_once(send, send, send)
    assert found == [found[0]] * 3
    assert review_queues.get_review_queue(made.queue_id).counts.answers == 1
    assert values(item) == [True]


def test_of_a_deleted_trace_no_label_is_kept_and_the_next_item_comes(address: str) -> None:
    made, (item, other) = queue(items=2)
    assert review_queues.next_review_item(made, reviewer="ada") == item
    get_store().traces.delete([item.trace_id])
    with pytest.raises(NotFound, match="declined"):
        review_queues.answer_review_item(item, {"helpful": True}, reviewer="ada")
    assert values(item) == []
    assert get_store().reviews.item(item.item_id).status == "declined"
    assert review_queues.next_review_item(made, reviewer="ada") == other
    sums(get_store(), made)


def test_while_traces_are_deleted_people_answer_on(address: str) -> None:
    made, items = queue(items=10, overlap=2)

    def answer(who: str) -> list[Any]:
        outcomes: list[Any] = []
        for item in items:
            try:
                outcomes.append(review_queues.answer_review_item(item, {"helpful": True}, reviewer=who))
            except NotFound as error:
                outcomes.append(error)
        return outcomes

    deleted = [item.trace_id for item in items[::2]]
    found = at_once(lambda: answer("ada"), lambda: answer("bob"), lambda: get_store().traces.delete(deleted))
    assert not any(isinstance(one, Exception) for one in found[:2]), found
    for item in items[1::2]:
        assert values(item) == [True, True]
    assert all(values(item) == [] for item in items[::2])
    sums(get_store(), made)


def test_a_question_changed_under_an_open_queue_is_a_conflict(address: str) -> None:
    made, (item,) = queue(overlap=2)
    schema_id = made.schema_ids[0]
    before = AnswerDraft(
        item_id=item.item_id,
        reviewer="ada",
        labels=(LabelAnswer(schema_id=schema_id, value=True),),
        submission_id="one",
    )
    label_schemas.update_label_schema(schema_id, input=InputCategorical(("yes", "no")))
    with pytest.raises(Conflict, match="version 2"):
        get_store().reviews.answer(before)
    assert values(item) == []
    review_queues.answer_review_item(item, {"helpful": "no"}, reviewer="ada", submission_id="one")
    assert values(item) == ["no"]
    sums(get_store(), made)


def test_while_the_question_changes_every_answer_is_of_the_form_that_it_was_given_for(address: str) -> None:
    made, items = queue(items=8)
    forms = [InputCategorical(("yes", "no")), InputPassFail(), InputCategorical(("good",))]

    def change() -> None:
        for form in forms:
            label_schemas.update_label_schema(made.schema_ids[0], input=form)

    def answer() -> None:
        for item in items:
            schema = label_schemas.get_label_schema("helpful")
            value = True if isinstance(schema.input, InputPassFail) else schema.input.options[0]
            label = LabelAnswer(schema_id=schema.schema_id, value=value, version=schema.version)
            try:
                get_store().reviews.answer(AnswerDraft(item_id=item.item_id, reviewer="ada", labels=(label,)))
            except Conflict:
                continue

    assert at_once(change, answer) == [None, None]
    wanted = {1: True, 2: "yes", 3: True, 4: "good"}
    for item in items:
        for said in get_store().reviews.answers(item.item_id):
            assert said.labels[0].value == wanted[said.labels[0].version]
    sums(get_store(), made)


def test_an_item_is_closed_through_its_own_queue_alone(address: str) -> None:
    made, (item,) = queue()
    other = review_queues.create_review_queue("other", schema_ids=["helpful"])
    with pytest.raises(NotFound, match="'other' has no item"):
        review_queues.set_review_queue_item_status(other, item_id=item, status="declined")
    assert review_queues.remove_items_from_review_queue(other, [item]) == 0
    with pytest.raises(NotFound, match="'other' has no item"):
        review_queues.assign_review_items(other, [item], user="ada")
    assert review_queues.list_review_queue_items(made) == [item]
