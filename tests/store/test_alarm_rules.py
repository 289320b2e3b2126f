"""Rules of alarms: what they can say, their history, and who looks at them."""

from __future__ import annotations

import math
import re
import threading
from dataclasses import replace

import pytest
from alarms_made import BAD, EVERY, FINE, MINUTE, NOW, actions, draft, look, rule_with
from back_ends import AT_HAND

from steelyard.errors import AlreadyExists, FilterError, InvalidArgument, NotFound
from steelyard.records import AlarmRule, Condition, RuleDraft, Series, Store
from steelyard.store import open_store
from steelyard.store.sql.alarm_drafts import check_draft

DRIFT = Series(kind="drift", what="output.length", method="psi")


def test_a_rule_comes_back_as_it_was_written(store: Store) -> None:
    said = draft(note="wake ann\nor bob", severity="critical", again_ms=MINUTE, window_ms=MINUTE)
    made = store.alarms.create_rule("0", said, by="ann")
    assert made.draft == said
    assert (made.version, made.enabled, made.created_by, made.memory) == (1, True, "ann", b"")
    assert store.alarms.rule(made.rule_id) == made
    assert store.alarms.find_rule("0", "errors") == made
    assert store.alarms.find_rule("0", "other") is None
    assert store.alarms.rules(["0"]) == store.alarms.rules() == (made,)


def test_a_name_is_used_once_in_an_experiment(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    other = store.experiments.create("other").experiment_id
    store.alarms.create_rule(other, draft())
    with pytest.raises(AlreadyExists, match="'errors' already"):
        store.alarms.create_rule("0", draft())
    second = store.alarms.create_rule("0", draft("second"))
    with pytest.raises(AlreadyExists):
        store.alarms.update_rule(second.rule_id, draft())
    assert [rule.draft.name for rule in store.alarms.rules(["0"])] == ["errors", "second"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (draft(""), "name of the rule is empty"),
        (draft("two\nlines"), "not one line"),
        (draft("x" * 201), "at most 200"),
        (draft("a\x00b"), "NUL"),
        (draft(window_ms=59_999), "window_ms=59999"),
        (draft(window_ms=90 * 86_400_000 + 1), "90 days"),
        (draft(every_ms=9_999), "every_ms=9999"),
        (draft(again_ms=5), "again_ms=5"),
        (draft(again_ms=-1), "again_ms=-1"),
        (draft(recover_after=0), "recover_after=0"),
        (draft(no_data="maybe"), "no_data"),
        (draft(severity="dire"), "severity"),
        (draft(channels=("a", "a")), "each channel once"),
        (draft(channels="ops"), "brackets"),
        (draft(series=Series(kind="wind", what="count")), "kind of the series"),
        (draft(series=Series(kind="traces", what="happiness")), "happiness"),
        (draft(series=Series(kind="traces", what="count", source="HUMAN")), "source='HUMAN'"),
        (draft(series=Series(kind="traces", what="count", method="psi")), "method='psi'"),
        (draft(series=Series(kind="traces", what="count", by="colour")), "by='colour'"),
        (draft(series=Series(kind="traces", what="count", by="tag.")), "by='tag.'"),
        (draft(series=Series(kind="score", what="")), "what of the series is empty"),
        (draft(series=Series(kind="score", what="x", source="ROBOT")), "ROBOT"),
        (draft(series=Series(kind="model", what="churn")), "<model>/<metric>"),
        (draft(series=Series(kind="monitor", what="backlog")), "backlog:<name>"),
        (draft(series=Series(kind="monitor", what="backlog:x", filter_string="name = 'a'")), "filter_string"),
        (draft(series=Series(kind="judge", what="x", by="model")), "no groups"),
        (draft(series=replace(DRIFT, method="feeling")), "feeling"),
        (draft(condition=Condition(method="guess", value=1.0)), "guess"),
        (draft(condition=Condition(direction="beside", value=1.0)), "beside"),
        (draft(condition=Condition(value=math.nan)), "value=nan"),
        (draft(condition=Condition(value=math.inf)), "value=inf"),
        (draft(condition=Condition(value=10**400)), "value=1000"),
        (draft(condition=Condition(value=True)), "value=True"),
        (draft(condition=Condition()), "nothing to hold the series against"),
        (draft(condition=Condition(baseline="previous")), "threshold needs its value"),
        (draft(condition=Condition(method="change", value=1.0)), "against a baseline"),
        (draft(condition=Condition(value=1.0, margin=-0.1)), "margin=-0.1"),
        (draft(condition=Condition(value=1.0, confidence=1.0)), "confidence=1.0"),
        (draft(condition=Condition(value=1.0, min_n=0)), "min_n=0"),
        (draft(condition=Condition(value=1.0, false_alarms_per_year=0.0)), "false_alarms_per_year"),
        (draft(condition=Condition(value=1.0, baseline="yesterday")), "yesterday"),
        (draft(condition=Condition(value=1.0, baseline="window:5:5")), "ends before it begins"),
        (draft(condition=Condition(value=1.0, low=1.0, high=1.0)), "low=1.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_that_could_never_be_evaluated_is_refused(wrong: RuleDraft, said: str) -> None:
    with pytest.raises(InvalidArgument, match=re.escape(said)):
        check_draft(wrong)


def test_nothing_of_a_refused_rule_is_kept(store: Store) -> None:
    rule_with(store, "ops")
    with pytest.raises(InvalidArgument, match="no channel 'nobody' in the experiment; it has: 'ops'"):
        store.alarms.create_rule("0", draft("second", channels=("ops", "nobody")))
    with pytest.raises(InvalidArgument, match="every_ms=1"):
        store.alarms.create_rule("0", draft("third", every_ms=1))
    assert [rule.draft.name for rule in store.alarms.rules()] == ["errors"]


@pytest.mark.parametrize(
    "good",
    [
        draft(series=DRIFT, condition=Condition(baseline="window:1:2", direction="above")),
        draft(series=Series(kind="score", what="correctness", by="tag.tenant", source="LLM_JUDGE")),
        draft(series=Series(kind="model", what="fraud/v2/auc")),
        draft(series=Series(kind="monitor", what="failures:tone")),
        draft(series=Series(kind="judge", what="tone")),
        draft(condition=Condition(method="anytime", baseline="window:1:2")),
        draft(condition=Condition(method="change", baseline="last_week", margin=0.1)),
    ],
    ids=["drift", "score", "model", "monitor", "judge", "anytime", "change"],
)
def test_rules_on_every_kind_of_series_can_be_kept(good: RuleDraft) -> None:
    assert check_draft(good) == good


def test_a_filter_that_does_not_parse_is_refused(store: Store) -> None:
    with pytest.raises(FilterError):
        store.alarms.create_rule("0", draft(series=Series(kind="traces", what="count", filter_string="name =")))


def test_what_is_not_there_is_said_so(store: Store) -> None:
    for asked in (store.alarms.rule, store.alarms.delete_rule, store.alarms.history, store.alarms.update_rule):
        with pytest.raises(NotFound, match="ar-none"):
            asked("ar-none")
    for asked in (store.alarms.alarm, store.alarms.events, store.alarms.deliveries):
        with pytest.raises(NotFound, match="al-none"):
            asked("al-none")
    with pytest.raises(NotFound):
        store.alarms.create_rule("77", draft())


def test_each_change_is_in_the_history_with_who_made_it(store: Store) -> None:
    made = store.alarms.create_rule("0", draft(), by="ann")
    store.alarms.update_rule(made.rule_id, draft(note="new"), by="bob")
    store.alarms.update_rule(made.rule_id, draft(note="new"), by="nobody")  # says nothing new
    store.alarms.update_rule(made.rule_id, enabled=False, by="cid")
    store.alarms.update_rule(made.rule_id, enabled=True, by="dan")
    store.alarms.delete_rule(made.rule_id, by="eve")
    changes = store.alarms.history(made.rule_id)
    assert [(change.action, change.by, change.version) for change in changes] == [
        ("deleted", "eve", 2),
        ("enabled", "dan", 2),
        ("disabled", "cid", 2),
        ("updated", "bob", 2),
        ("created", "ann", 1),
    ]
    assert [change.draft.note for change in changes] == ["new", "new", "new", "new", ""]


def test_another_series_or_condition_forgets_what_was_remembered_and_another_note_does_not(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    look(store, FINE, now_ms=NOW)
    noted = store.alarms.update_rule(rule.rule_id, draft(note="n"))
    assert (noted.memory, noted.looked_until_ms) == (b"m", NOW)
    changed = store.alarms.update_rule(rule.rule_id, draft(note="n", condition=Condition(value=0.2)))
    assert (changed.memory, changed.looked_until_ms, changed.version) == (b"", 0, 3)


def test_another_series_closes_the_alarms_of_the_old_one_and_another_condition_goes_on_with_them(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    (alarm,) = look(store, BAD, now_ms=NOW)
    store.alarms.update_rule(rule.rule_id, draft(condition=Condition(value=0.2, direction="above")))
    assert store.alarms.alarm(alarm.alarm_id).state == "open"
    store.alarms.update_rule(rule.rule_id, draft(series=Series(kind="traces", what="count")), by="ann")
    assert store.alarms.alarm(alarm.alarm_id).state == "closed"
    assert store.alarms.events(alarm.alarm_id)[-1].by == "ann"


def test_alarms_stay_when_their_rule_goes(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    (alarm,) = look(store, BAD, now_ms=NOW)
    store.alarms.delete_rule(rule.rule_id, by="ann")
    kept = store.alarms.alarm(alarm.alarm_id)
    assert (kept.rule_name, kept.state, kept.first) == ("errors", "closed", BAD)
    assert actions(store, alarm.alarm_id) == ["opened", "closed"]
    assert store.alarms.rules() == ()


def test_a_rule_in_hand_is_handed_to_nobody_else_until_its_lease_ends(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    (first,) = store.alarms.claim_rules("a", now_ms=NOW, lease_ms=1_000)
    assert store.alarms.claim_rules("b", now_ms=NOW + 999, lease_ms=1_000) == ()
    (second,) = store.alarms.claim_rules("b", now_ms=NOW + 1_000, lease_ms=1_000)
    assert second.lease != first.lease
    late = store.alarms.found(first, [BAD], memory=b"late", looked_until_ms=NOW, now_ms=NOW + 1_001)
    assert late == ()
    assert store.alarms.rule(first.rule_id).memory == b""
    kept = store.alarms.found(second, [BAD], memory=b"kept", looked_until_ms=NOW, now_ms=NOW + 1_001)
    assert len(kept) == 1
    assert store.alarms.rule(first.rule_id).memory == b"kept"


def test_a_look_counts_once(store: Store) -> None:
    store.alarms.create_rule("0", draft())
    (rule,) = store.alarms.claim_rules("a", now_ms=NOW)
    assert len(store.alarms.found(rule, [BAD], memory=b"", looked_until_ms=NOW, now_ms=NOW)) == 1
    assert store.alarms.found(rule, [BAD], memory=b"x", looked_until_ms=NOW, now_ms=NOW) == ()
    assert store.alarms.found(store.alarms.rule(rule.rule_id), [], memory=b"x", looked_until_ms=1, now_ms=NOW) == ()
    assert store.alarms.rule(rule.rule_id).memory == b""


def test_a_look_at_a_rule_that_changed_meanwhile_counts_for_nothing(store: Store) -> None:
    made = store.alarms.create_rule("0", draft())
    (rule,) = store.alarms.claim_rules("a", now_ms=NOW)
    store.alarms.update_rule(made.rule_id, draft(condition=Condition(value=0.9, direction="above")))
    assert store.alarms.found(rule, [BAD], memory=b"", looked_until_ms=NOW, now_ms=NOW) == ()
    assert len(store.alarms.claim_rules("a", now_ms=NOW)) == 1


def test_looks_keep_their_step_and_skip_those_that_were_missed(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    look(store, FINE, now_ms=NOW)
    assert store.alarms.claim_rules("a", now_ms=NOW + EVERY - 1) == ()
    look(store, FINE, now_ms=NOW + EVERY + 7)
    assert store.alarms.rule(rule.rule_id).next_look_ms == NOW + 2 * EVERY
    look(store, FINE, now_ms=NOW + 9 * EVERY + 11)
    assert store.alarms.rule(rule.rule_id).next_look_ms == NOW + 10 * EVERY


@pytest.mark.parametrize("jump", [3_600_000, 86_400_000], ids=["an hour", "a day"])
def test_a_clock_that_jumps_back_strands_no_rule(store: Store, jump: int) -> None:
    store.alarms.create_rule("0", draft())
    look(store, FINE, now_ms=NOW)
    look(store, FINE, now_ms=NOW - jump)  # due later than anything could be: due now
    assert store.alarms.claim_rules("a", now_ms=NOW - jump + EVERY - 1) == ()
    assert len(store.alarms.claim_rules("a", now_ms=NOW - jump + EVERY)) == 1
    assert len(store.alarms.claim_rules("b", now_ms=NOW - 2 * jump)) == 1  # nor one in hand


def test_disabled_rules_and_those_of_deleted_experiments_are_not_looked_at(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    gone = store.experiments.create("gone").experiment_id
    store.alarms.create_rule(gone, draft())
    store.alarms.update_rule(rule.rule_id, enabled=False)
    store.experiments.delete(gone)
    assert store.alarms.claim_rules("a", now_ms=NOW) == ()
    store.alarms.update_rule(rule.rule_id, enabled=True)
    assert [one.rule_id for one in store.alarms.claim_rules("a", now_ms=NOW)] == [rule.rule_id]


def test_a_rule_pauses_after_ten_looks_that_could_not_be_done_and_says_so(store: Store) -> None:
    rule = rule_with(store, "ops")
    at = NOW
    for n in range(1, 11):
        (claimed,) = store.alarms.claim_rules("a", now_ms=at)
        failed = store.alarms.failed(claimed, "the filter\nis broken", now_ms=at)
        assert (failed.failures, failed.enabled) == (n, n < 10)
        at += EVERY
    paused = store.alarms.rule(rule.rule_id)
    assert paused.reason == "the filter is broken"
    assert store.alarms.claim_rules("a", now_ms=at) == ()
    assert store.alarms.history(rule.rule_id)[0].action == "paused"
    again = store.alarms.update_rule(rule.rule_id, enabled=True)
    assert (again.reason, again.failures) == ("", 0)


def test_a_look_that_could_be_done_forgets_the_failures_before(store: Store) -> None:
    rule = store.alarms.create_rule("0", draft())
    (claimed,) = store.alarms.claim_rules("a", now_ms=NOW)
    assert store.alarms.failed(claimed, "x", now_ms=NOW).failures == 1
    assert store.alarms.failed(claimed, "x", now_ms=NOW).failures == 1  # said twice
    look(store, FINE, now_ms=NOW + EVERY)
    assert store.alarms.rule(rule.rule_id).failures == 0


@AT_HAND
def test_many_workers_share_the_rules_and_none_is_looked_at_twice(store: Store, store_url: str) -> None:
    for n in range(24):
        store.alarms.create_rule("0", draft(f"rule {n:02}"))
    taken: list[AlarmRule] = []

    def work() -> None:
        with open_store(store_url) as mine:
            while claimed := mine.alarms.claim_rules("w", now_ms=NOW, most=2):
                taken.extend(claimed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(rule.draft.name for rule in taken) == [f"rule {n:02}" for n in range(24)]
