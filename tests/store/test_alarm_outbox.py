"""The outbox: who is told what, when, how often, and in which order."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from alarms_made import BAD, EVERY, FINE, MINUTE, NOW, actions, draft, look, rule_with, webhook
from back_ends import AT_HAND

from steelyard.errors import NotFound
from steelyard.records import Delivery, Store
from steelyard.store import open_store

pytestmark = AT_HAND


def claim(store: Store, now_ms: int, **more: Any) -> tuple[Delivery, ...]:
    return store.alarms.claim_deliveries("w", now_ms=now_ms, **more)


def tell_all(store: Store, now_ms: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """Tell all that is due; return by channel why which group was told."""
    told = []
    while claimed := claim(store, now_ms):
        for delivery in claimed:
            store.alarms.delivered(delivery, now_ms=now_ms)
            said = json.loads(delivery.body)
            told.append((delivery.channel.name, [(one["what"], one["group"]) for one in said.get("alarms", ())]))
    return told


def test_alarms_of_a_rule_that_change_in_one_look_are_one_message_for_each_channel(store: Store) -> None:
    rule_with(store, "ops", "team", recover_after=1)
    found = look(store, [replace(BAD, group="de"), replace(BAD, group="fr")], now_ms=NOW)
    assert tell_all(store, NOW) == [
        ("ops", [("opened", "de"), ("opened", "fr")]),
        ("team", [("opened", "de"), ("opened", "fr")]),
    ]
    look(store, [replace(FINE, group="de"), replace(BAD, group="it")], now_ms=NOW + EVERY)
    assert tell_all(store, NOW + EVERY)[0] == ("ops", [("recovered", "de"), ("opened", "it")])
    assert actions(store, found[0].alarm_id) == ["opened", "told", "told", "recovered", "told", "told"]
    deliveries = store.alarms.deliveries(found[0].alarm_id)
    assert [one.state for one in deliveries] == ["told"] * 4
    assert {one.secret for one in deliveries} == {""}
    assert set(deliveries[-1].alarm_ids) == {alarm.alarm_id for alarm in found}


def test_a_message_says_what_since_when_and_how_bad(store: Store) -> None:
    rule = rule_with(store, "ops", severity="critical", note="call ann")
    (alarm,) = look(store, replace(BAD, group="de", high=float("inf")), now_ms=NOW)
    (delivery,) = claim(store, NOW)
    said = json.loads(delivery.body)
    assert said["rule"]["id"] == rule.rule_id
    assert (said["rule"]["note"], said["rule"]["severity"]) == ("call ann", "critical")
    assert said["experiment"] == {"id": "0", "name": "Default"}
    (one,) = said["alarms"]
    assert one["path"] == f"/alarms/{alarm.alarm_id}"
    assert (one["sentence"], one["opened_ms"], one["high"], one["n"]) == (BAD.sentence, NOW, None, 412)


def test_a_storm_of_groups_is_one_message_that_counts_them(store: Store) -> None:
    rule_with(store, "ops")
    look(store, [replace(BAD, group=f"g{n:02}") for n in range(60)], now_ms=NOW)
    (delivery,) = claim(store, NOW)
    said = json.loads(delivery.body)
    assert (len(said["alarms"]), said["more"], len(delivery.alarm_ids)) == (20, 40, 60)


def test_an_alarm_that_nobody_acknowledged_is_told_again(store: Store) -> None:
    rule_with(store, "ops", again_ms=20 * MINUTE)
    (alarm,) = look(store, BAD, now_ms=NOW)
    assert tell_all(store, NOW) == [("ops", [("opened", "")])]
    assert tell_all(store, NOW + 20 * MINUTE - 1) == []
    assert tell_all(store, NOW + 20 * MINUTE) == [("ops", [("again", "")])]
    store.alarms.acknowledge(alarm.alarm_id, by="ann")
    look(store, BAD, now_ms=NOW + 45 * MINUTE)
    assert tell_all(store, NOW + 60 * MINUTE) == []
    for n in (10, 11):
        look(store, FINE, now_ms=NOW + n * EVERY)
    assert tell_all(store, NOW + 60 * MINUTE) == [("ops", [("recovered", "")])]


def test_a_rule_that_tells_once_tells_once(store: Store) -> None:
    rule_with(store, "ops")
    look(store, BAD, now_ms=NOW)
    assert len(tell_all(store, NOW)) == 1
    look(store, BAD, now_ms=NOW + EVERY)
    assert tell_all(store, NOW + 86_400_000) == []


def test_a_rule_that_is_to_tell_again_from_now_on_does_so_of_what_lasts(store: Store) -> None:
    rule = rule_with(store, "ops")
    look(store, BAD, now_ms=NOW)
    tell_all(store, NOW)
    store.alarms.update_rule(rule.rule_id, replace(rule.draft, again_ms=20 * MINUTE))
    look(store, BAD, now_ms=NOW + EVERY)
    assert tell_all(store, NOW + 20 * MINUTE - 1) == []
    assert tell_all(store, NOW + 20 * MINUTE) == [("ops", [("again", "")])]


def test_a_clock_that_jumps_back_delays_no_telling_again_beyond_a_look(store: Store) -> None:
    rule_with(store, "ops", again_ms=20 * MINUTE)
    look(store, BAD, now_ms=NOW)
    tell_all(store, NOW)
    back = NOW - 86_400_000
    look(store, BAD, now_ms=back)
    assert tell_all(store, back + 20 * MINUTE) == [("ops", [("again", "")])]


def test_what_a_silence_covers_opens_and_is_told_when_the_silence_ends(store: Store) -> None:
    rule = rule_with(store, "ops")
    store.alarms.silence("0", until_ms=NOW + 30 * MINUTE, rule_id=rule.rule_id, group="de")
    found = look(store, [replace(BAD, group="de"), replace(BAD, group="fr")], now_ms=NOW)
    assert [alarm.silenced for alarm in found] == [True, False]
    assert tell_all(store, NOW) == [("ops", [("opened", "fr")])]
    assert actions(store, found[0].alarm_id) == ["opened", "not_told"]
    assert tell_all(store, NOW + 29 * MINUTE) == []
    assert tell_all(store, NOW + 30 * MINUTE) == [("ops", [("opened", "de")])]
    assert actions(store, found[0].alarm_id) == ["opened", "not_told", "told"]


def test_what_recovered_within_a_silence_is_never_told(store: Store) -> None:
    rule_with(store, "ops", recover_after=1)
    store.alarms.silence("0", until_ms=NOW + 30 * MINUTE)
    (alarm,) = look(store, BAD, now_ms=NOW)
    look(store, FINE, now_ms=NOW + EVERY)
    assert tell_all(store, NOW + 60 * MINUTE) == []
    assert actions(store, alarm.alarm_id) == ["opened", "not_told", "recovered", "not_told"]


def test_a_silence_that_somebody_ends_is_over_at_once_and_a_longer_one_goes_on(store: Store) -> None:
    rule_with(store, "ops")
    short = store.alarms.silence("0", until_ms=NOW + 30 * MINUTE)
    longer = store.alarms.silence("0", until_ms=NOW + 60 * MINUTE)
    look(store, BAD, now_ms=NOW)
    store.alarms.end_silence(short.silence_id, by="ann")
    assert tell_all(store, NOW + MINUTE) == []
    store.alarms.end_silence(longer.silence_id, by="ann")
    assert tell_all(store, NOW + 2 * MINUTE) == [("ops", [("opened", "")])]


def test_a_silence_that_comes_later_holds_back_the_telling_again(store: Store) -> None:
    rule_with(store, "ops", again_ms=20 * MINUTE)
    look(store, BAD, now_ms=NOW)
    tell_all(store, NOW)
    store.alarms.silence("0", until_ms=NOW + 50 * MINUTE)
    assert tell_all(store, NOW + 20 * MINUTE) == []
    assert tell_all(store, NOW + 50 * MINUTE) == [("ops", [("again", "")])]


def test_a_rule_without_channels_tells_nobody(store: Store) -> None:
    rule_with(store, again_ms=MINUTE)
    (alarm,) = look(store, BAD, now_ms=NOW)
    assert tell_all(store, NOW + 10 * MINUTE) == []
    assert actions(store, alarm.alarm_id) == ["opened"]


def test_an_alarm_that_nobody_could_be_told_of_is_told_once_somebody_can(store: Store) -> None:
    rule = rule_with(store)
    look(store, BAD, now_ms=NOW)
    store.alarms.put_channel("0", webhook("late"))
    store.alarms.update_rule(rule.rule_id, replace(rule.draft, channels=("late",)))
    look(store, FINE, now_ms=NOW + EVERY)
    assert tell_all(store, NOW + EVERY) == []
    look(store, BAD, now_ms=NOW + 2 * EVERY)
    look(store, BAD, now_ms=NOW + 3 * EVERY)
    assert tell_all(store, NOW + 3 * EVERY) == [("late", [("opened", "")])]


def test_a_silence_that_ends_while_the_rule_is_off_loses_no_alarm(store: Store) -> None:
    rule = rule_with(store, "ops")
    store.alarms.silence("0", until_ms=NOW + MINUTE)
    look(store, BAD, now_ms=NOW)
    store.alarms.update_rule(rule.rule_id, enabled=False)
    assert tell_all(store, NOW + 2 * MINUTE) == []
    store.alarms.update_rule(rule.rule_id, enabled=True)
    look(store, BAD, now_ms=NOW + 3 * MINUTE)
    assert tell_all(store, NOW + 3 * MINUTE) == [("ops", [("opened", "")])]


def test_a_paused_rule_tells_its_channels_so(store: Store) -> None:
    rule_with(store, "ops")
    at = NOW
    for _ in range(10):
        (claimed,) = store.alarms.claim_rules("a", now_ms=at)
        store.alarms.failed(claimed, "the filter is broken", now_ms=at)
        at += EVERY
    (delivery,) = claim(store, at)
    said = json.loads(delivery.body)
    assert (said["kind"], said["reason"], delivery.alarm_ids) == ("rule_paused", "the filter is broken", ())


def test_nobody_hears_of_a_recovery_before_the_alarm(store: Store) -> None:
    rule_with(store, "ops", recover_after=1)
    look(store, BAD, now_ms=NOW)
    (opening,) = claim(store, NOW)
    store.alarms.delivered(opening, now_ms=NOW, error="away", retry_ms=NOW + 60 * MINUTE)
    look(store, FINE, now_ms=NOW + EVERY)
    assert claim(store, NOW + EVERY) == ()
    assert [what for _, what in tell_all(store, NOW + 60 * MINUTE)] == [[("opened", "")], [("recovered", "")]]


def test_a_delivery_in_hand_is_handed_to_nobody_else_until_its_lease_ends(store: Store) -> None:
    rule_with(store, "ops")
    look(store, BAD, now_ms=NOW)
    (first,) = claim(store, NOW, lease_ms=1_000)
    assert claim(store, NOW + 999) == ()
    (second,) = claim(store, NOW + 1_000, lease_ms=1_000)
    assert (second.delivery_id, second.attempt) == (first.delivery_id, 2)
    store.alarms.delivered(first, now_ms=NOW + 1_001, error="late", retry_ms=NOW)
    assert claim(store, NOW + 1_500) == ()  # only whoever has it in hand says that it failed
    store.alarms.delivered(first, now_ms=NOW + 1_600)  # but that it arrived is so, whoever says it
    assert claim(store, NOW + 5_000) == ()
    store.alarms.delivered(second, now_ms=NOW + 5_000)
    assert actions(store, first.alarm_ids[0]) == ["opened", "told"]


@pytest.mark.parametrize("jump", [3_600_000, 86_400_000], ids=["an hour", "a day"])
def test_a_clock_that_jumps_back_strands_no_delivery(store: Store, jump: int) -> None:
    rule_with(store, "ops")
    look(store, BAD, now_ms=NOW)
    (delivery,) = claim(store, NOW)
    (again,) = claim(store, NOW - 3 * jump)  # in hand since a moment that has not come yet
    store.alarms.delivered(again, now_ms=NOW - 3 * jump, error="away", retry_ms=NOW - 3 * jump + 3_600_000)
    assert len(claim(store, NOW - 6 * jump)) == 1
    assert delivery.delivery_id == again.delivery_id


def test_a_delivery_that_is_given_up_says_why_on_the_alarm(store: Store) -> None:
    rule_with(store, "ops")
    (alarm,) = look(store, BAD, now_ms=NOW)
    (delivery,) = claim(store, NOW)
    store.alarms.delivered(delivery, now_ms=NOW, error="it answered\n404")
    event = store.alarms.events(alarm.alarm_id)[-1]
    assert (event.action, event.text) == ("not_told", "ops (webhook): it answered 404")
    (kept,) = store.alarms.deliveries(alarm.alarm_id)
    assert (kept.state, kept.error) == ("given_up", "it answered 404")


def test_what_waits_for_a_channel_that_goes_is_given_up(store: Store) -> None:
    rule = rule_with(store, "ops")
    (alarm,) = look(store, BAD, now_ms=NOW)
    store.alarms.update_rule(rule.rule_id, draft())
    store.alarms.delete_channel("0", "ops")
    assert claim(store, NOW) == ()
    assert store.alarms.events(alarm.alarm_id)[-1].text == "ops (webhook): the channel was deleted"


def test_a_test_message_is_for_whoever_asks_by_its_id(store: Store) -> None:
    rule_with(store, "ops")
    waiting = store.alarms.test_delivery("0", "ops", now_ms=NOW, by="ann")
    assert waiting.secret == ""
    assert claim(store, NOW) == ()
    (delivery,) = claim(store, NOW, delivery_ids=(waiting.delivery_id,))
    assert delivery.secret == "s3cret-of-ops"
    assert json.loads(delivery.body)["by"] == "ann"
    with pytest.raises(NotFound, match="nobody"):
        store.alarms.test_delivery("0", "nobody", now_ms=NOW)


def test_many_workers_share_the_outbox_and_nothing_is_handed_out_twice(store: Store, store_url: str) -> None:
    for n in range(12):
        rule_with(store, f"c{n}", name=f"rule {n}")
    for rule in store.alarms.claim_rules("w", now_ms=NOW, most=20):
        store.alarms.found(rule, [BAD], memory=b"", looked_until_ms=NOW, now_ms=NOW)
    taken: list[str] = []

    def work() -> None:
        with open_store(store_url) as mine:
            while claimed := claim(mine, NOW, most=2):
                taken.extend(delivery.delivery_id for delivery in claimed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken) == len(set(taken)) == 12
