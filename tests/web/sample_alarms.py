"""A week of traffic in which one slice fell, the rules that watched it, and the alarms that rang."""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import dataclass, replace

from steelyard.monitor import draft_alarm_rule, look_once
from steelyard.records import (
    AssessmentSource,
    Feedback,
    RuleDraft,
    Span,
    SpanStatus,
    Store,
    Trace,
    TraceData,
    TraceInfo,
)
from steelyard.records.alarm import Alarm, AlarmRule, Channel, Finding

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
_numbers = itertools.count(1)
TOPICS = ("billing", "delivery", "space")
ASKED = {
    "billing": "Why was I charged twice for the same router this month?",
    "delivery": "My parcel has not come. Where is it?",
    "space": "Who was the second person to walk on the moon, and when?",
}


@dataclass(frozen=True)
class Rung:
    """An experiment with rules, and the alarms that rang: ``alarm`` is of the slice that fell."""

    experiment_id: str
    alarm: Alarm
    rules: dict[str, AlarmRule]
    now_ms: int


def fill(store: Store, *, days: int = 2, an_hour: int = 24, hostile: str = "", looks: int = 3) -> Rung:
    """Fill a store; ``hostile`` is a tag's value, a rule's name and an answer."""
    now = int(time.time() * 1000) // HOUR * HOUR
    experiment_id = store.experiments.create("support desk").experiment_id
    start, fell = now - days * DAY, now - 10 * HOUR
    traffic(store, experiment_id, start=start, end=now, fell=fell, an_hour=an_hour, hostile=hostile)
    store.alarms.put_channel(experiment_id, Channel(name="on-call", kind="webhook", target="https://example.org/hook"))
    drafts = [quality(now), *others(hostile)]
    for draft in drafts:
        store.alarms.create_rule(experiment_id, draft, by="Ada")
    for ago in range(looks - 1, -1, -1):
        while look_once(store, worker="w", now_ms=now - ago * HOUR):
            pass
    found = store.alarms.alarms([experiment_id], states=("open",)).items
    rules = {rule.draft.name: rule for rule in store.alarms.rules([experiment_id])}
    alarm = next(one for one in found if one.rule_name == "quality")
    return Rung(experiment_id, alarm, rules, now)


def ring(store: Store, *, name: str = "quality", rows: int = 4, group: str = "", days_ago: float = 0.1) -> Rung:
    """Have one alarm ring in a new experiment, without the traffic: the evidence is literal, the rows are there."""
    now = int(time.time() * 1000)
    at = int(now - days_ago * DAY)
    experiment_id = store.experiments.create(f"small desk {next(_numbers)}").experiment_id
    traffic(store, experiment_id, start=at - HOUR, end=at, fell=0, an_hour=rows)
    ids = [info.trace_id for info in store.traces.search([experiment_id]).items]
    draft = draft_alarm_rule(name, score="correctness", below=0.8, by="tag.topic" if group else "")
    rule = store.alarms.create_rule(experiment_id, draft, by="Ada")
    part = {"slice": "tag.topic = space", "filter_string": "tag.topic = 'space'", "worse": True}
    numbers = {"value": 0.3, "n": 60, "baseline": 0.9, "baseline_n": 60, "difference": -0.6, "low": -0.7, "high": -0.5}
    found = Finding(
        group=group,
        kind="bad",
        sentence="correctness is 0.30 [0.20, 0.42] (n=60) in the last hour: below 0.8.",
        start_ms=at - HOUR,
        end_ms=at,
        value=0.3,
        low=0.2,
        high=0.42,
        n=60,
        limit=0.8,
        evidence={
            "shape": "rate",
            "trace_ids": ids,
            "matching": len(ids),
            "slices": [{**part, **numbers}],
            "filter_string": f"timestamp_ms >= {at - HOUR} AND timestamp_ms < {at}",
        },
    )
    (claimed,) = [one for one in store.alarms.claim_rules("w", now_ms=at, most=1_000) if one.rule_id == rule.rule_id]
    (alarm,) = store.alarms.found(claimed, [found], memory=b"", looked_until_ms=at, now_ms=at)
    return Rung(experiment_id, alarm, {name: store.alarms.rule(rule.rule_id)}, now)


def quality(now: int) -> RuleDraft:
    """Return the rule that finds the fall: correctness against the days before."""
    return draft_alarm_rule(
        "quality",
        score="correctness",
        baseline=(now - 2 * DAY, now - DAY),
        margin=0.02,
        window="6h",
        every="1h",
        severity="critical",
        channels=["on-call"],
        note="Look at the slice that fell, then roll back the release of the day.",
    )


def others(hostile: str) -> list[RuleDraft]:
    """Return rules of other kinds."""
    slow = draft_alarm_rule("slow", traces="duration_p95", above=900, window="6h", every="1h", again="4h")
    any_row = draft_alarm_rule(
        "every row",
        score="correctness",
        below=0.7,
        method="anytime",
        every="1h",
        by="tag.topic",
        false_alarms_per_year=2,
    )
    named = [replace(slow, name=f"rule {hostile}"[:200].strip())] if hostile else []
    return [slow, any_row, *named]


def traffic(
    store: Store, experiment_id: str, *, start: int, end: int, fell: int, an_hour: int, hostile: str = ""
) -> None:
    """Have traces arrive whose answers are judged; those about space are wrong from ``fell`` on."""
    drawn = random.Random(7)
    step = HOUR // an_hour
    made = []
    for number, at in enumerate(range(start, end, step)):
        topic = TOPICS[number % 3]
        wrong = topic == "space" and at >= fell
        right = drawn.random() < (0.3 if wrong else 0.93)
        slow = wrong and drawn.random() < 0.7
        trace_id = f"tr-{experiment_id.zfill(8)[-8:]}{number:024x}"
        said = Feedback(
            name="correctness",
            value=right,
            trace_id=trace_id,
            source=AssessmentSource("LLM_JUDGE", "correctness"),
            rationale="It names the right person." if right else f"It is about somebody else. {hostile}",
        )
        info = TraceInfo(
            trace_id=trace_id,
            experiment_id=experiment_id,
            request_time=at + drawn.randrange(step),
            execution_duration=drawn.lognormvariate(6.0, 0.4) * (3 if slow else 1),
            state="OK",
            request_preview=ASKED[topic],
            response_preview=f"It was Buzz Aldrin, on 21 July 1969. {hostile}" if right else "It was Yuri Gagarin.",
            tags={"topic": topic, "release": hostile or ("r42" if at >= fell else "r41")},
            assessments=(said,),
        )
        made.append(Trace(info=info, data=TraceData((_root(info),))))
    for first in range(0, len(made), 500):
        store.traces.put(made[first : first + 500])
    while store.upkeep.work().left:
        pass


def _root(info: TraceInfo) -> Span:
    begun = info.request_time * 1_000_000
    return Span(
        trace_id=info.trace_id,
        span_id=info.trace_id[-16:],
        parent_id=None,
        name="answer",
        start_time_ns=begun,
        end_time_ns=begun + round((info.execution_duration or 0.0) * 1_000_000),
        status=SpanStatus("OK"),
        inputs={"question": info.request_preview},
        outputs=info.response_preview,
    )
