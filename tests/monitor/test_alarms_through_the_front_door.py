"""Rules are written in plain words, tried on the past, and what they find becomes reviews and test data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.monitor.alarm_traffic import DAY, HOUR, START, only, put, trace, verdicts

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.monitor import (
    acknowledge_alarm,
    create_alarm_rule,
    dataset_from_alarm,
    delete_alarm_rule,
    draft_alarm_rule,
    list_alarm_rules,
    look_once,
    preview_rule,
    review_alarm,
    search_alarms,
    set_channel,
    silence_alarms,
    update_alarm_rule,
)
from steelyard.monitor.alarm_times import moment_ms, span_ms
from steelyard.records import Span, Store, Trace, TraceData


@pytest.fixture
def store(alarm_store: Store) -> Store:
    return alarm_store


@pytest.mark.parametrize(
    ("what", "method", "direction", "value"),
    [
        ({"score": "correctness", "below": 0.8}, "threshold", "below", 0.8),
        ({"score": "toxicity", "above": 0.1}, "threshold", "above", 0.1),
        ({"traces": "error_rate", "baseline": "last_week", "margin": 0.01}, "change", "above", None),
        ({"traces": "count", "baseline": "last_week"}, "change", "below", None),
        ({"score": "correctness", "baseline": (0, 1000), "method": "anytime"}, "anytime", "below", None),
        ({"drift": "output.length", "baseline": (0, 1000)}, "threshold", "above", None),
        ({"model": "churn/roc_auc", "baseline": "previous"}, "change", "below", None),
        ({"model": "churn/log_loss", "baseline": "previous"}, "change", "above", None),
        ({"judge": "polite"}, "threshold", "above", 0.0),
        ({"monitor": "backlog:correctness", "above": 1000}, "threshold", "above", 1000),
    ],
    ids=["score", "bad above", "errors", "count", "anytime", "drift", "model", "loss", "judge", "monitor"],
)
def test_a_rule_is_what_its_words_say(what: Any, method: str, direction: str, value: float | None) -> None:
    condition = draft_alarm_rule("r", **what).condition
    assert (condition.method, condition.direction, condition.value) == (method, direction, value)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({}, "one of score, traces"),
        ({"score": "a", "traces": "count"}, "just one"),
        ({"score": "a", "below": 0.1, "above": 0.9}, "One side"),
        ({"score": "a", "below": 0.1, "direction": "above"}, "below is bad"),
        ({"score": "a", "below": 0.1, "every": "soon"}, "every is a stretch"),
        ({"traces": "cost", "baseline": "previous", "method": "anytime"}, "anytime"),
    ],
    ids=["nothing", "two", "two sides", "against itself", "span", "anytime of money"],
)
def test_what_cannot_be_meant_is_refused(what: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        draft_alarm_rule("r", **what)


def test_stretches_and_moments_are_given_as_people_like() -> None:
    assert {span_ms(one, "every") for one in ("1h", "60m", 3600, timedelta(hours=1), "3600 s")} == {HOUR}
    midnight = datetime(2023, 11, 15, tzinfo=UTC)
    assert {moment_ms(one, "start") for one in (START, midnight, "2023-11-15", "2023-11-15T01:00+01:00")} == {START}
    for wrong in ("5 parsecs", -1, True, float("nan")):
        with pytest.raises(InvalidArgument, match="stretch of time"):
            span_ms(wrong, "every")
    with pytest.raises(InvalidArgument, match="datetime"):
        moment_ms("yesterday", "start")


def test_rules_are_made_listed_changed_and_deleted(store: Store) -> None:
    rule = create_alarm_rule("quality", score="correctness", below=0.8)
    with pytest.raises(AlreadyExists):
        create_alarm_rule("quality", score="correctness", below=0.8)
    assert list_alarm_rules() == (rule,)
    changed = update_alarm_rule("quality", draft_alarm_rule("quality", score="correctness", below=0.7))
    assert changed.draft.condition.value == 0.7
    assert not update_alarm_rule(rule.rule_id, enabled=False).enabled
    delete_alarm_rule(rule)
    with pytest.raises(NotFound, match="quality"):
        delete_alarm_rule("quality")


def test_a_draft_says_all_of_a_rule(store: Store) -> None:
    draft = draft_alarm_rule("quality", score="correctness", below=0.8)
    with pytest.raises(InvalidArgument, match="draft_alarm_rule"):
        create_alarm_rule(draft, below=0.7)
    assert create_alarm_rule(draft).draft == draft


def test_alarms_are_found_taken_in_hand_and_silenced(store: Store) -> None:
    create_alarm_rule("quality", score="correctness", below=0.8)
    create_alarm_rule("hope", score="correctness", below=0.1)
    put(store, verdicts(START, START + HOUR, n=100, passed=40))
    look_once(store, worker="w", now_ms=START + HOUR)
    (alarm,) = search_alarms(states="open")
    assert search_alarms(rule="quality")[0] == alarm
    assert list(search_alarms(rule="hope")) == []
    assert acknowledge_alarm(alarm, note="looking").state == "acknowledged"
    assert silence_alarms("2h", rule="quality", reason="known").rule_id == alarm.rule_id
    with pytest.raises(InvalidArgument, match="name the rule"):
        silence_alarms("2h", group="billing")


def test_a_channel_is_kept_without_showing_its_secret(store: Store) -> None:
    channel = set_channel("on-call", target="https://hooks.example.com/x", secret="a long secret of ours")
    assert channel.has_secret
    assert "long" not in repr(channel)
    create_alarm_rule("quality", score="correctness", below=0.8, channels=["on-call"])


def spoken(at: int, *, passed: bool) -> Trace:
    bare = trace(at, scores={"correctness": passed})
    span = Span(
        span_id="0000000000000001",
        parent_id=None,
        trace_id=bare.info.trace_id,
        name="answer",
        start_time_ns=at * 1_000_000,
        end_time_ns=(at + 100) * 1_000_000,
        inputs={"question": f"When? {at}"},
        outputs="Soon.",
    )
    return Trace(info=bare.info, data=TraceData(spans=(span,)))


def opened(store: Store) -> str:
    create_alarm_rule("quality", score="correctness", below=0.8)
    put(store, [spoken(START + i * 60_000, passed=i % 2 == 0) for i in range(50)])
    look_once(store, worker="w", now_ms=START + HOUR)
    return only(store).alarm_id


def test_the_rows_of_an_alarm_go_to_people_and_the_alarm_says_so(store: Store) -> None:
    alarm_id = opened(store)
    queue = review_alarm(alarm_id, users=["ann"])
    assert (queue.name, queue.users, queue.counts.pending) == ("quality 2023-11-15 review", ("ann",), 25)
    (schema,) = store.label_schemas.list("0")
    assert (schema.name, schema.input.kind) == ("correctness", "pass_fail")
    assert queue.schema_ids == (schema.schema_id,)
    note = store.alarms.events(alarm_id)[-1]
    assert (note.action, note.link) == ("noted", f"/review/{queue.queue_id}")
    assert "25 of its rows" in note.text
    again = review_alarm(alarm_id)
    assert (again.queue_id, again.counts.pending) == (queue.queue_id, 25)


def test_the_rows_of_an_alarm_grow_a_dataset_that_knows_its_traces(store: Store) -> None:
    alarm_id = opened(store)
    dataset = dataset_from_alarm(alarm_id, name="regressions")
    assert len(dataset) == 25
    wrong = set(only(store).first.evidence["trace_ids"])
    assert {record.source.source_data["trace_id"] for record in dataset.records if record.source} == wrong
    assert dataset_from_alarm(alarm_id, name="regressions").version == dataset.version
    assert store.alarms.events(alarm_id)[-1].link == f"/datasets/{dataset.dataset_id}"


def test_rows_that_are_gone_are_no_review(store: Store) -> None:
    alarm_id = opened(store)
    store.traces.delete(only(store).first.evidence["trace_ids"])
    with pytest.raises(NotFound, match="have been deleted"):
        review_alarm(alarm_id)


def test_a_rule_is_tried_on_the_past_before_it_is_turned_on(store: Store) -> None:
    put(store, verdicts(START, START + 5 * HOUR, n=500, passed=475))
    put(store, verdicts(START + 5 * HOUR, START + 8 * HOUR, n=300, passed=180))
    put(store, verdicts(START + 8 * HOUR, START + DAY, n=1600, passed=1520))
    draft = draft_alarm_rule("quality", score="correctness", below=0.8, every="30m")
    preview = preview_rule(draft, START + HOUR, START + DAY)
    (alarm,) = preview.alarms
    assert START + 5 * HOUR < alarm.opened_ms <= START + 6 * HOUR
    assert START + 8 * HOUR < alarm.ended_ms <= START + 10 * HOUR
    assert alarm.sentence.startswith("correctness is 0.")
    assert (preview.looks, sum(preview.counts.values())) == (47, 47)
    assert search_alarms() == []
    with pytest.raises(InvalidArgument, match="1 to 5,000"):
        preview_rule(draft, START, START + 365 * DAY)


def test_a_preview_of_a_sequential_rule_tells_what_the_rule_finds(store: Store) -> None:
    put(store, verdicts(START, START + 2 * DAY, n=2000, passed=1800))
    put(store, verdicts(START + 2 * DAY, START + 3 * DAY, n=1000, passed=800))
    draft = draft_alarm_rule(
        "quality", score="correctness", baseline=(START, START + DAY), method="anytime", every="2h"
    )
    preview = preview_rule(draft, START + DAY + HOUR, START + 3 * DAY)
    (alarm,) = preview.alarms
    assert START + 2 * DAY < alarm.opened_ms <= START + 2 * DAY + 15 * HOUR
