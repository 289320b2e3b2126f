"""The review page in Chromium: fifty items by keyboard alone, undo, flag, a phone, no script, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import Store
from steelyard.records.review import QueueRules, ReviewItem
from steelyard.store import open_store

from . import sample_reviews
from .conftest import live, quiet
from .contrast import faint

pytestmark = pytest.mark.browser

Opened = Callable[..., Any]
FITS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Room:
    """A store with queues, and where it is served."""

    def __init__(self, store: Store, address: str, reviews: sample_reviews.Reviews) -> None:
        self.store, self.address, self.reviews = store, address, reviews

    def items(self, queue_id: str) -> tuple[ReviewItem, ...]:
        return self.store.reviews.items(queue_id, max_results=200).items

    def values(self, queue_id: str, reviewer: str) -> list[list[object]]:
        """Return what somebody answered, in the order of the items."""
        return [
            [label.value for label in answer.labels]
            for one in self.store.reviews.reviewed(queue_id)
            for answer in one.answers
            if answer.reviewer == reviewer and answer.kind == "answered"
        ]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    store = open_store(tmp_path)
    reviews = sample_reviews.fill(store, answered=0)
    with live(store) as address:
        yield Room(store, address, reviews)
    store.close()


@pytest.fixture
def open_page(chromium: Any, room: Room) -> Iterator[Opened]:
    with quiet(chromium, room.address) as opened:
        yield opened


def begin(open_page: Opened, queue_id: str, name: str, **more: Any) -> Any:
    """Open a queue and say who one is, with the keyboard."""
    page = open_page(f"/review/{queue_id}", **more)
    page.set_default_timeout(10_000)
    page.focus(".naming input[name=reviewer]")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer")
    if more.get("script", True):
        page.wait_for_selector("review-keys:defined")
    return page


def at_item(page: Any, number: int) -> None:
    page.wait_for_selector(f".reviewing-head .sub:has-text('Item {number} of ')")


def test_fifty_items_are_done_by_keyboard_alone(open_page: Opened, room: Room):
    queue = room.reviews.plain.queue_id
    page = begin(open_page, queue, "Ada", width=1440)
    wanted = []
    for number in range(1, 51):
        at_item(page, number)
        assert page.locator("#answer input:checked").count() == 0
        wanted.append([number % 3 != 0])
        page.keyboard.press("1" if number % 3 else "2")
        page.keyboard.press("Enter")
    page.wait_for_selector("h2:has-text('Nothing is left for you')")
    assert room.values(queue, "Ada") == wanted
    assert all(a.seconds > 0 for one in room.store.reviews.reviewed(queue) for a in one.answers)
    page.keyboard.press("u")
    at_item(page, 50)


def test_undo_comment_skip_and_flag_each_have_a_key(open_page: Opened, room: Room):
    queue = room.reviews.plain.queue_id
    page = begin(open_page, queue, "Ada")
    first = room.items(queue)[0].item_id
    page.keyboard.press("Enter")
    page.wait_for_selector(".question.asked")
    page.keyboard.press("2")
    page.keyboard.press("c")
    page.keyboard.type("Shipping, too: us?")
    page.keyboard.press("Enter")
    at_item(page, 2)
    (said,) = room.store.reviews.answers(first)
    assert (said.labels[0].value, said.labels[0].comment) == (False, "Shipping, too: us?")
    page.keyboard.press("u")
    page.wait_for_selector(".note:has-text('You had said: No (Shipping, too: us?)')")
    assert room.store.reviews.answers(first) == ()
    page.keyboard.press("f")
    page.keyboard.type("Not a customer of ours")
    page.keyboard.press("Enter")
    at_item(page, 2)
    assert room.store.reviews.answers(first)[0].comment == "Not a customer of ours"
    page.keyboard.press("s")
    at_item(page, 3)
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")


def test_digits_answer_the_question_at_hand_and_enter_goes_on_to_the_next(open_page: Opened, room: Room):
    queue = room.reviews.many.queue_id
    page = begin(open_page, queue, "Ada")
    for number, keys in ((1, ["1", "Enter", "3", "Enter", "4", "Enter", "Enter"]), (2, ["2", "Enter", "1", "Enter"])):
        at_item(page, number)
        for key in keys:
            page.keyboard.press(key)
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.keyboard.type("One more word")
    page.keyboard.press("Enter")
    at_item(page, 3)
    assert room.values(queue, "Ada") == [[True, "rude", 4], [False, "polite", 5, "One more word"]]


def test_pairs_are_answered_by_their_places(open_page: Opened, room: Room):
    queue = room.reviews.pairs.queue_id
    page = begin(open_page, queue, "Ada", width=1440)
    boxes = [box.bounding_box() for box in page.locator(".side-of").all()]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] < boxes[1]["x"]
    for number in (1, 2, 3):
        at_item(page, number)
        page.keyboard.press(str(number))
        page.keyboard.press("Enter")
    at_item(page, 4)
    told = [answer for one in room.store.reviews.reviewed(queue) for answer in one.answers]
    left = ["second" if answer.swapped else "first" for answer in told]
    right = ["first" if answer.swapped else "second" for answer in told]
    assert [answer.labels[0].value for answer in told] == [left[0], right[1], "tie"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_the_choices_at_the_thumb(open_page: Opened, room: Room, scheme: str):
    page = begin(open_page, room.reviews.plain.queue_id, "Ada", width=390, scheme=scheme)
    assert page.evaluate(FITS) <= 0
    for box in page.locator(".choices label, .does .btn, .comment summary").all():
        assert box.bounding_box()["height"] >= 44
    assert faint(page) == []
    page.set_viewport_size({"width": 390, "height": 640})
    for button in page.locator(".choices label, [data-save]").all():
        box = button.bounding_box()
        assert box["y"] + box["height"] <= 640
    page.locator(".choices label", has_text="Yes").click()
    page.locator("[data-save]").click()
    at_item(page, 2)
    for where in ("", "/board", "/items", "/settings"):
        page.goto(f"/review/{room.reviews.many.queue_id}{where}")
        assert page.evaluate(FITS) <= 0, where
        assert page.locator("main h1").count() == 1
        assert faint(page) == [], where


def test_everything_works_without_a_script(open_page: Opened, room: Room):
    queue = room.reviews.plain.queue_id
    page = begin(open_page, queue, "Ada", script=False)
    page.locator(".choices label").first.click()
    page.locator("[data-save]").click()
    at_item(page, 2)
    page.locator("[data-undo]").click()
    page.wait_for_selector(".note:has-text('Taken back')")
    page.locator(".flagging summary").click()
    page.fill("#reason", "Not ours")
    page.locator("[data-flag]").click()
    at_item(page, 2)
    assert [a.comment for one in room.store.reviews.reviewed(queue) for a in one.answers] == ["Not ours"]


def test_two_reviewers_at_once_get_through_and_nobody_twice(open_page: Opened, room: Room):
    queue = room.reviews.plain.queue_id
    room.store.reviews.update(queue, rules=QueueRules(overlap=1))
    people = {name: begin(open_page, queue, name) for name in ("Ada", "Grace")}
    for _ in range(5):
        for page in people.values():
            before = page.locator("review-keys").get_attribute("data-item")
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            page.wait_for_selector(f"review-keys:not([data-item='{before}'])")
    told = room.store.reviews.reviewed(queue)
    assert [len(one.answers) for one in told] == [1] * 10
    assert {a.reviewer for one in told for a in one.answers} == {"Ada", "Grace"}


def test_an_answer_given_while_the_network_is_away_is_kept_and_sent_once(chromium: Any, room: Room):
    queue = room.reviews.plain.queue_id
    context = chromium.new_context(base_url=room.address)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"/review/{queue}")
    page.fill(".naming input[name=reviewer]", "Ada")
    page.keyboard.press("Enter")
    page.wait_for_selector("review-keys:defined #answer")
    first = room.items(queue)[0].item_id
    context.set_offline(True)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#kept:has-text('Your answer is not saved yet')")
    assert page.locator("#answer input:checked").count() == 1
    page.close()
    assert room.store.reviews.answers(first) == ()
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"/review/{queue}")
    at_item(page, 2)
    assert [a.labels[0].value for a in room.store.reviews.answers(first)] == [False]
    page.reload()
    page.wait_for_selector("review-keys:defined #answer")
    context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#kept .note")
    context.set_offline(False)
    at_item(page, 3)
    assert room.store.reviews.get(queue).counts.answers == 2
    context.close()


def test_a_dispute_is_decided_on_the_board(open_page: Opened, room: Room):
    queue = room.reviews.plain.queue_id
    for name, key in (("Ada", "1"), ("Grace", "2")):
        page = begin(open_page, queue, name)
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        at_item(page, 2)
    page.goto(f"/review/{queue}/board")
    assert "1 disputed" in page.locator(".tabs").inner_text()
    dispute = page.locator(".dispute")
    assert dispute.locator(".judgement").count() == 2
    dispute.locator("label", has_text="No").click()
    dispute.get_by_role("button", name="Decide").click()
    page.wait_for_selector(".note:has-text('Decided')")
    assert room.store.reviews.get(queue).counts.disputed == 0
