"""Who is handed what: in order, never twice to one person, never to more people than an item needs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from reviews_made import item_ids, question, queue, say
from traces_made import trace, trace_id

from steelyard.errors import InvalidArgument
from steelyard.records import ItemDraft, LabelAnswer, QueueCounts, QueueRules, ReviewQueue, Store
from steelyard.store.sql import clock, review_handing


class Clock:
    """The time of reservations, as tests would have it."""

    def __init__(self) -> None:
        self.later_ms = 0

    def now_ms(self) -> int:
        return clock.now_ms() + self.later_ms

    def wait(self, seconds: float) -> None:
        self.later_ms += int(seconds * 1000)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr(review_handing, "now_ms", ours.now_ms)
    return ours


def handed(store: Store, made: ReviewQueue, reviewer: str, **fields: Any) -> int | None:
    """The position of the next item."""
    item = store.reviews.next(made.queue_id, reviewer, **fields)
    return None if item is None else item.position


def test_items_are_handed_out_in_order_until_nothing_is_left(store: Store) -> None:
    made = queue(store, items=3)
    for position, item_id in enumerate(item_ids(store, made)):
        assert handed(store, made, "ada") == position
        say(store, made, item_id, "ada")
    assert handed(store, made, "ada") is None
    assert handed(store, made, "bob") is None


def test_an_item_stays_with_whoever_has_it(store: Store) -> None:
    made = queue(store, items=2)
    assert handed(store, made, "ada") == 0
    assert handed(store, made, "bob") == 1
    assert handed(store, made, "ada") == 0
    assert handed(store, made, "cyd") is None


def test_the_next_but_one_is_kept_too(store: Store) -> None:
    made = queue(store, items=3)
    first, second, _ = item_ids(store, made)
    assert handed(store, made, "ada") == 0
    assert handed(store, made, "ada", not_these=[first]) == 1
    assert handed(store, made, "bob") == 2
    assert handed(store, made, "ada", not_these=[first, second]) is None
    say(store, made, first, "ada")
    assert handed(store, made, "ada") == 1


def test_a_reservation_that_ran_out_holds_nobody_off(store: Store, time: Clock) -> None:
    made = queue(store, items=2, rules=QueueRules(reserve_seconds=60))
    assert handed(store, made, "ada") == 0
    time.wait(50)
    assert handed(store, made, "ada") == 0  # asked again, it is kept for longer
    time.wait(50)
    assert handed(store, made, "bob") == 1
    time.wait(61)
    assert handed(store, made, "bob") == 0
    assert handed(store, made, "ada") == 1


def test_what_is_ones_own_comes_first_then_what_others_have_begun_then_the_rest(store: Store) -> None:
    made = queue(store, items=5, rules=QueueRules(overlap=2))
    ids = item_ids(store, made)
    store.reviews.assign(made.queue_id, [ids[4]], "ada")
    say(store, made, ids[2], "bob")
    order = []
    while (position := handed(store, made, "ada")) is not None:
        order.append(position)
        say(store, made, ids[position], "ada")
    assert order == [4, 2, 0, 1, 3]
    assert [store.reviews.item(one).needed for one in ids] == [2, 2, 2, 2, 1]


def test_what_is_assigned_to_one_is_handed_to_no_other_until_they_skip_it(store: Store) -> None:
    made = queue(store, items=1, users=["ada", "bob"])
    (item_id,) = item_ids(store, made)
    store.reviews.assign(made.queue_id, [item_id], "ada")
    assert handed(store, made, "bob") is None
    say(store, made, item_id, "ada", kind="skipped")
    assert store.reviews.item(item_id).assigned_to == ""
    assert handed(store, made, "ada") is None
    assert handed(store, made, "bob") == 0
    store.reviews.assign(made.queue_id, [item_id], "bob")
    store.reviews.assign(made.queue_id, [item_id], "")
    assert store.reviews.item(item_id).assigned_to == ""
    with pytest.raises(InvalidArgument, match="'zoe' is not among the queue's reviewers"):
        store.reviews.assign(made.queue_id, [item_id], "zoe")


def test_an_item_that_is_kept_for_one_and_assigned_to_another_moves(store: Store) -> None:
    made = queue(store, items=2)
    first, _ = item_ids(store, made)
    assert handed(store, made, "ada") == 0
    store.reviews.assign(made.queue_id, [first], "bob")
    assert handed(store, made, "ada") == 1


def test_assigned_to_a_second_person_an_item_needs_their_answer_too(store: Store) -> None:
    made = queue(store, items=1, rules=QueueRules(overlap=3))
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada")
    store.reviews.assign(made.queue_id, [item_id], "bob")
    assert store.reviews.item(item_id).needed == 2
    say(store, made, item_id, "bob")
    assert store.reviews.item(item_id).status == "complete"


def test_skipped_and_flagged_items_go_to_others_and_never_come_back(store: Store) -> None:
    made = queue(store, items=2)
    first, second = item_ids(store, made)
    say(store, made, first, "ada", kind="skipped")
    say(store, made, second, "ada", kind="flagged")
    assert handed(store, made, "ada") is None
    assert handed(store, made, "bob") == 0


def test_an_answer_that_is_taken_back_is_kept_for_its_reviewer(store: Store) -> None:
    made = queue(store, items=2)
    first, _ = item_ids(store, made)
    say(store, made, first, "ada")
    store.reviews.withdraw(first, "ada")
    assert handed(store, made, "bob") == 1
    assert handed(store, made, "ada") == 0


def test_a_skip_that_is_taken_back_too_late_takes_nothing_from_whoever_has_the_item(store: Store) -> None:
    made = queue(store, items=1)
    (item_id,) = item_ids(store, made)
    say(store, made, item_id, "ada", kind="skipped")
    assert handed(store, made, "bob") == 0
    store.reviews.withdraw(item_id, "ada")
    assert handed(store, made, "ada") is None
    assert handed(store, made, "bob") == 0


def test_only_the_people_of_a_queue_are_asked(store: Store) -> None:
    made = queue(store, items=1, users=["ada"])
    (item_id,) = item_ids(store, made)
    with pytest.raises(InvalidArgument, match=r"'bob' is not among the queue's reviewers \(ada\). Add them"):
        handed(store, made, "bob")
    with pytest.raises(InvalidArgument, match="'bob' is not among the queue's reviewers"):
        say(store, made, item_id, "bob")
    with pytest.raises(InvalidArgument, match="name is empty"):
        handed(store, made, "")
    assert say(store, made, item_id, "bob", decides=True).decides


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What several threads get that call at the same instant."""
    together, results = threading.Barrier(len(calls)), [None] * len(calls)

    def call(place: int) -> None:
        together.wait()
        results[place] = calls[place]()

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_people_who_ask_at_once_are_handed_different_items(store: Store) -> None:
    made = queue(store, items=4)
    found = at_once(*(lambda who=who: handed(store, made, f"r{who}") for who in range(6)))
    assert sorted(found, key=str) == [0, 1, 2, 3, None, None]


def test_people_who_work_at_once_give_every_item_the_answers_it_needs(store: Store) -> None:
    made = queue(store, items=6, rules=QueueRules(overlap=2))

    def work(reviewer: str) -> int:
        done = 0
        while (item := store.reviews.next(made.queue_id, reviewer)) is not None:
            say(store, made, item.item_id, reviewer, value=reviewer < "r2")
            done += 1
        return done

    done = at_once(*(lambda who=who: work(f"r{who}") for who in range(4)))
    assert sum(done) == 12
    reviewed = store.reviews.reviewed(made.queue_id)
    assert all(len({answer.reviewer for answer in one.answers}) == 2 for one in reviewed)
    disputed = sum(one.item.disputed for one in reviewed)
    counts = QueueCounts(complete=6, disputed=disputed, answers=12)
    assert store.reviews.get(made.queue_id).counts == counts


REVIEWERS = ("ada", "bob", "cyd")
NEEDED = (1, 2, 2, 3)
SECONDS = 600


def machine(store: Store, time: Clock) -> type[RuleBasedStateMachine]:  # noqa: C901 - one class
    """A machine that does the same to a queue and to three dictionaries."""
    store.traces.put([trace(number) for number in range(len(NEEDED))])
    schema_id = question(store).schema_id
    label = {value: LabelAnswer(schema_id=schema_id, value=value) for value in (False, True)}
    reviewer, position, value = st.sampled_from(REVIEWERS), st.integers(0, len(NEEDED) - 1), st.booleans()

    class Queue(RuleBasedStateMachine):
        @initialize(named=st.booleans())
        def begin(self, named: bool) -> None:
            name = f"queue {len(store.reviews.list())}"
            self.users = REVIEWERS if named else ()
            self.made = store.reviews.create("0", name, schema_ids=[schema_id], users=self.users)
            drafts = [ItemDraft(trace_id=trace_id(number), needed=needed) for number, needed in enumerate(NEEDED)]
            self.ids = [item.item_id for item in store.reviews.add(self.made.queue_id, drafts)]
            self.said: dict[tuple[int, str], tuple[str, bool | None]] = {}
            self.until: dict[tuple[int, str], int] = {}
            self.surplus: set[int] = set()

        def holders(self, place: int) -> set[str]:
            """Who has an item before them now."""
            return {who for (at, who), until in self.until.items() if at == place and until > time.later_ms}

        def values(self, place: int) -> list[bool]:
            return [value for (at, _), (_, value) in self.said.items() if at == place and value is not None]

        def status(self, place: int) -> str:
            if len(self.values(place)) >= NEEDED[place]:
                return "complete"
            kinds = [(kind, value) for (at, _), (kind, value) in self.said.items() if at == place]
            spoken = {who for at, who in self.said if at == place}
            waits = any(kind == "flagged" and value is None for kind, value in kinds)
            nobody = bool(self.users) and spoken == set(self.users) and any(kind == "skipped" for kind, _ in kinds)
            return "declined" if nobody and not waits else "pending"

        def is_open(self, place: int, who: str) -> bool:
            coming = len(self.values(place)) + len(self.holders(place) - {who})
            return self.status(place) == "pending" and (place, who) not in self.said and coming < NEEDED[place]

        def expected(self, who: str) -> int | None:
            places = [place for place in range(len(NEEDED)) if self.is_open(place, who)]
            kept = [place for place in places if who in self.holders(place)]
            begun = [place for place in places if self.values(place)]
            return next(iter((*kept, *begun, *places)), None)

        @rule(who=reviewer)
        def ask(self, who: str) -> None:
            place = self.expected(who)
            assert handed(store, self.made, who) == place
            if place is not None:
                self.until[place, who] = time.later_ms + SECONDS * 1000 - 1

        @precondition(lambda self: any(until > time.later_ms for until in self.until.values()))
        @rule(data=st.data(), value=value)
        def answer_what_one_has(self, data: st.DataObject, value: bool) -> None:
            held = sorted(one for one, until in self.until.items() if until > time.later_ms)
            self.speak(*data.draw(st.sampled_from(held)), "answered", value)

        @rule(who=reviewer, place=position, value=value)
        def answer_anything(self, who: str, place: int, value: bool) -> None:
            if who not in self.holders(place):
                self.surplus.add(place)
            self.speak(place, who, "answered", value)

        @rule(who=reviewer, place=position)
        def skip(self, who: str, place: int) -> None:
            self.speak(place, who, "skipped", None)

        @rule(who=reviewer, place=position, value=st.sampled_from([None, True]))
        def flag(self, who: str, place: int, value: bool | None) -> None:
            if who not in self.holders(place):
                self.surplus.add(place)
            self.speak(place, who, "flagged", value)

        def speak(self, place: int, who: str, kind: str, value: bool | None) -> None:
            labels = () if value is None else (label[value],)
            say(store, self.made, self.ids[place], who, kind=kind, labels=labels)
            # To say the same again changes nothing, not even for whom the item is kept.
            if self.said.get((place, who)) != (kind, value):
                self.until.pop((place, who), None)
            self.said[place, who] = (kind, value)

        @precondition(lambda self: self.said)
        @rule(data=st.data())
        def withdraw(self, data: st.DataObject) -> None:
            place, who = data.draw(st.sampled_from(sorted(self.said)))
            store.reviews.withdraw(self.ids[place], who)
            del self.said[place, who]
            if self.is_open(place, who):
                self.until[place, who] = time.later_ms + SECONDS * 1000 - 1

        @rule()
        def wait_until_all_reservations_have_run_out(self) -> None:
            time.wait(SECONDS + 1)

        @invariant()
        def never_more_answers_than_needed_are_asked_for(self) -> None:
            for place, needed in enumerate(NEEDED):
                if place not in self.surplus:
                    assert len(self.values(place)) <= needed

        @invariant()
        def items_stand_as_their_answers_say(self) -> None:
            items = store.reviews.items(self.made.queue_id).items
            assert [item.status for item in items] == [self.status(place) for place in range(len(NEEDED))]
            for place, item in enumerate(items):
                kinds = {kind for (at, _), (kind, _) in self.said.items() if at == place}
                values = self.values(place)
                assert (item.answers, item.disputed) == (len(values), len(set(values)) > 1)
                assert item.flagged == ("flagged" in kinds)
            statuses = Counter(item.status for item in items)
            counts = QueueCounts(
                **statuses,
                flagged=sum(item.flagged for item in items),
                disputed=sum(item.disputed for item in items),
                answers=sum(item.answers for item in items),
            )
            assert store.reviews.get(self.made.queue_id).counts == counts

        @invariant()
        def everybody_has_one_answer_an_item(self) -> None:
            found = store.reviews.reviewed(self.made.queue_id)
            said = {(one.item.position, answer.reviewer): answer for one in found for answer in one.answers}
            assert len(said) == sum(len(one.answers) for one in found)
            assert {place: answer.kind for place, answer in said.items()} == {
                place: kind for place, (kind, _) in self.said.items()
            }

    return Queue


def test_a_queue_hands_out_what_three_dictionaries_would(store: Store, time: Clock) -> None:
    calm = settings(
        max_examples=12, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_machine(machine(store, time), settings=calm)
