"""What looks find, as alarms: opened once, gone on with, recovered, acknowledged, closed, silenced."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from alarms_made import BAD, EVERY, FINE, NOTHING, NOW, UNSURE, actions, draft, look, rule_with
from back_ends import AT_HAND

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records import Finding, Store
from steelyard.store import open_store


def test_a_finding_opens_one_alarm_and_the_next_goes_on_with_it(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft(severity="critical"))
    evidence = {"filter_string": "status = 'ERROR'", "trace_ids": ["tr-1"], "slices": [{"slice": "de", "value": 0.5}]}
    (opened,) = look(store, replace(BAD, evidence=evidence), now_ms=NOW)
    assert (opened.state, opened.severity, opened.opened_ms, opened.rule_id) == ("open", "critical", NOW, rule.rule_id)
    assert opened.first.evidence == evidence
    assert look(store, replace(BAD, value=0.32), now_ms=NOW + EVERY) == ()
    (alarm,) = store.alarms.alarms().items
    assert (alarm.first.value, alarm.last.value) == (0.31, 0.32)
    assert actions(store, alarm.alarm_id) == ["opened"]
    assert store.alarms.events(alarm.alarm_id)[0].text == BAD.sentence


def test_each_group_has_an_alarm_of_its_own(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    found = look(store, [replace(BAD, group="de"), replace(BAD, group="fr"), replace(FINE, group="it")], now_ms=NOW)
    assert [alarm.group for alarm in found] == ["de", "fr"]
    with pytest.raises(InvalidArgument, match="twice"):
        look(store, [BAD, FINE], now_ms=NOW + EVERY)


def test_an_alarm_recovers_after_so_many_fine_looks_in_a_row(store: Store) -> None:
    store.alarms.create_rule("0", draft(recover_after=2))
    (alarm,) = look(store, BAD, now_ms=NOW)
    for n, finding in enumerate((FINE, UNSURE, FINE, BAD, FINE), start=1):
        assert look(store, finding, now_ms=NOW + n * EVERY) == ()
    (over,) = look(store, FINE, now_ms=NOW + 6 * EVERY)
    assert (over.state, over.ended_ms, over.alarm_id) == ("recovered", NOW + 6 * EVERY, alarm.alarm_id)
    assert actions(store, alarm.alarm_id) == ["opened", "recovered"]
    (again,) = look(store, BAD, now_ms=NOW + 7 * EVERY)
    assert again.alarm_id != alarm.alarm_id


@pytest.mark.parametrize(
    ("mode", "states"),
    [
        ("ignore", ["open", "open", "open"]),
        ("alarm", ["open", "open", "open"]),
        ("recover", ["open", "open", "recovered"]),
    ],
)
def test_a_window_without_rows_means_what_the_rule_says(store: Store, mode: str, states: list[str]) -> None:
    store.alarms.create_rule("0", draft(no_data=mode))
    (alarm,) = look(store, BAD, now_ms=NOW)
    seen = [store.alarms.alarm(alarm.alarm_id).state]
    for n in (1, 2):
        look(store, NOTHING, now_ms=NOW + n * EVERY)
        seen.append(store.alarms.alarm(alarm.alarm_id).state)
    assert seen == states
    assert store.alarms.alarm(alarm.alarm_id).last.kind == ("bad" if mode == "ignore" else "no_data")


def test_no_rows_open_an_alarm_only_where_they_should(store: Store) -> None:
    quiet = store.alarms.create_rule("0", draft("quiet"))
    loud = store.alarms.create_rule("0", draft("loud", no_data="alarm"))
    found = []
    for rule in store.alarms.claim_rules("w", now_ms=NOW):
        found += store.alarms.found(rule, [NOTHING], memory=b"", looked_until_ms=NOW, now_ms=NOW)
    assert [alarm.rule_id for alarm in found] == [loud.rule_id]
    assert found[0].first.kind == "no_data"
    assert store.alarms.alarms(rule_id=quiet.rule_id).items == ()


def test_fine_looks_go_on_being_counted_over_windows_that_say_nothing(store: Store) -> None:
    store.alarms.create_rule("0", draft(no_data="ignore", recover_after=2))
    (alarm,) = look(store, BAD, now_ms=NOW)
    for n, finding in enumerate((FINE, NOTHING, FINE), start=1):
        look(store, finding, now_ms=NOW + n * EVERY)
    assert store.alarms.alarm(alarm.alarm_id).state == "recovered"


def test_worse_is_what_lies_beyond_the_interval_of_the_worst_before(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    (alarm,) = look(store, BAD, now_ms=NOW)  # 0.25 to 0.38
    near = replace(BAD, value=0.4, low=0.37, high=0.44)
    far = replace(BAD, value=0.5, low=0.45, high=0.55)
    assert look(store, near, now_ms=NOW + EVERY) == ()
    (worse,) = look(store, far, now_ms=NOW + 2 * EVERY)
    assert worse.alarm_id == alarm.alarm_id
    assert look(store, far, now_ms=NOW + 3 * EVERY) == ()
    assert actions(store, alarm.alarm_id) == ["opened", "worse"]


def test_somebody_has_an_alarm_in_hand_and_notes_what_they_do(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    (alarm,) = look(store, BAD, now_ms=NOW)
    taken = store.alarms.acknowledge(alarm.alarm_id, by="ann", note="on it")
    assert (taken.state, taken.acknowledged_by) == ("acknowledged", "ann")
    noted = store.alarms.note(alarm.alarm_id, "asked three people", by="ann", link="/reviews/rq-1")
    assert (noted.action, noted.link, noted.by) == ("noted", "/reviews/rq-1", "ann")
    closed = store.alarms.close(alarm.alarm_id, by="bob", note="was the proxy")
    assert (closed.state, closed.ended_ms > 0) == ("closed", True)
    events = store.alarms.events(alarm.alarm_id)
    assert [event.action for event in events] == ["opened", "acknowledged", "noted", "closed"]
    assert events[-1].text == "was the proxy"
    for late in (store.alarms.acknowledge, store.alarms.close):
        with pytest.raises(Conflict, match="closed"):
            late(alarm.alarm_id, by="ann")
    store.alarms.note(alarm.alarm_id, "afterthought", by="ann")


@pytest.mark.parametrize("link", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
@AT_HAND
def test_a_note_links_to_this_server_only(store: Store, link: str) -> None:
    store.alarms.create_rule("0", draft())
    (alarm,) = look(store, BAD, now_ms=NOW)
    with pytest.raises(InvalidArgument, match="leads elsewhere"):
        store.alarms.note(alarm.alarm_id, "x", by="ann", link=link)


def test_an_acknowledged_alarm_recovers_like_any_other(store: Store) -> None:
    store.alarms.create_rule("0", draft(recover_after=1))
    (alarm,) = look(store, BAD, now_ms=NOW)
    store.alarms.acknowledge(alarm.alarm_id, by="ann")
    assert look(store, BAD, now_ms=NOW + EVERY) == ()
    (over,) = look(store, FINE, now_ms=NOW + 2 * EVERY)
    assert over.state == "recovered"


def test_alarms_come_by_page_the_newest_first(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    look(store, [replace(BAD, group=f"g{n}") for n in range(5)], now_ms=NOW)
    first = store.alarms.alarms(["0"], states=["open"], max_results=3)
    second = store.alarms.alarms(["0"], states=["open"], max_results=3, page_token=first.token)
    assert [alarm.group for alarm in (*first.items, *second.items)] == ["g4", "g3", "g2", "g1", "g0"]
    assert second.token is None
    assert store.alarms.alarms(states=["closed", "recovered"]).items == ()
    with pytest.raises(InvalidArgument, match="broken"):
        store.alarms.alarms(states=["broken"])
    with pytest.raises(InvalidArgument, match="page_token"):
        store.alarms.alarms(page_token=first.token)


def test_a_silence_covers_a_group_a_rule_or_all(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    found = look(store, [replace(BAD, group="de"), replace(BAD, group="fr")], now_ms=NOW)
    assert [alarm.silenced for alarm in found] == [False, False]
    far = NOW + 10 * 86_400_000
    one = store.alarms.silence("0", until_ms=far, rule_id=rule.rule_id, group="de", reason="known", by="ann")
    assert [store.alarms.alarm(alarm.alarm_id).silenced for alarm in found] == [True, False]
    assert store.alarms.silences("0", now_ms=NOW) == (one,)
    assert store.alarms.silences("0", now_ms=far) == ()
    every = store.alarms.silence("0", until_ms=far)
    assert [store.alarms.alarm(alarm.alarm_id).silenced for alarm in found] == [True, True]
    for silence in (one, every):
        store.alarms.end_silence(silence.silence_id, by="ann")
        store.alarms.end_silence(silence.silence_id, by="ann")
    assert [store.alarms.alarm(alarm.alarm_id).silenced for alarm in found] == [False, False]
    assert store.alarms.silences("0", now_ms=NOW) == ()


def test_silences_are_of_this_experiment(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    other = store.experiments.create("other").experiment_id
    with pytest.raises(InvalidArgument, match="another experiment"):
        store.alarms.silence(other, until_ms=NOW + 1, rule_id=rule.rule_id)
    with pytest.raises(NotFound):
        store.alarms.silence("0", until_ms=NOW + 1, rule_id="ar-none")
    with pytest.raises(NotFound, match="si-none"):
        store.alarms.end_silence("si-none", by="ann")
    with pytest.raises(InvalidArgument, match="until_ms"):
        store.alarms.silence("0", until_ms=0)


def test_strange_findings_are_kept_as_they_are(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    odd = Finding(kind="bad", sentence="“é”", value=float("inf"), low=float("-inf"), n=1, evidence={"x": [None, {}]})
    look(store, odd, now_ms=NOW)
    assert store.alarms.alarms().items[0].first == odd
    (rule,) = store.alarms.claim_rules("w", now_ms=NOW + EVERY)
    with pytest.raises(InvalidArgument, match="awful"):
        store.alarms.found(rule, [replace(BAD, kind="awful")], memory=b"", looked_until_ms=NOW, now_ms=NOW)
    assert len(store.alarms.found(rule, [replace(BAD, group="g")], memory=b"", looked_until_ms=NOW, now_ms=NOW)) == 1


@AT_HAND
def test_workers_that_find_the_same_at_once_open_one_alarm(store: Store, store_url: str) -> None:
    store.alarms.create_rule("0", draft())
    (rule,) = store.alarms.claim_rules("w", now_ms=NOW)
    opened: list[int] = []

    def work() -> None:
        with open_store(store_url) as mine:
            found = mine.alarms.found(rule, [BAD], memory=b"", looked_until_ms=NOW, now_ms=NOW)
            opened.append(len(found))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(opened) == [0, 0, 0, 1]
    assert len(store.alarms.alarms().items) == 1


def test_one_alarm_of_a_rule_and_group_lasts_whatever_is_written(tmp_path: object) -> None:
    from sqlalchemy import insert
    from sqlalchemy.exc import IntegrityError

    from steelyard.store.sql.alarm_schema import alarms

    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        rule = rule_with(store)
        look(store, BAD, now_ms=NOW)
        row = dict.fromkeys((column.name for column in alarms.columns if column.name not in ("id", "tell_ms")), 0)
        row |= {"alarm_id": "al-2", "rule_id": rule.rule_id, "group": "", "ended_ms": 0}
        row |= dict.fromkeys(("rule_name", "state", "severity", "first", "last", "worst", "acknowledged_by"), "")
        with pytest.raises(IntegrityError), store._database.write() as connection:  # type: ignore[attr-defined]
            connection.execute(insert(alarms).values(row))
