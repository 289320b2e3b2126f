"""Monitors in every state over a week of traffic, and a judge held to anchors: what their pages are made from."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from steelyard.genai.scorers import scorer
from steelyard.judges import make_judge
from steelyard.judges.registering import define
from steelyard.records import (
    AnchorVerdict,
    Arrival,
    AssessmentError,
    AssessmentSource,
    Feedback,
    Span,
    SpanStatus,
    Store,
)
from steelyard.records.dataset import RecordDraft
from steelyard.records.monitor import MONITOR_KEY, Monitor, ScorerSamplingConfig, Work, WorkDone

HOUR, DAY = 3_600_000, 86_400_000
WORDS = "Is {{ outputs }} a correct answer to {{ inputs }}?"
PRICED = "openai:/gpt-4.1-mini"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Watched:
    """An experiment with a judge that watches it, a week of traffic, and anchors."""

    experiment_id: str
    monitor: Monitor
    anchor_id: str
    dataset_id: str


@scorer
def polite(outputs: str) -> bool:
    return "please" in outputs


def registered(store: Store, experiment_id: str, name: str, words: str = WORDS) -> None:
    """Register the next version of a judge."""
    found = define(make_judge(name, words, model=PRICED, feedback_value_type=bool))
    store.scorers.register(
        experiment_id, found.name, definition=found.text, digest=found.digest, kind=found.kind, by="Ada"
    )


def arrived(store: Store, experiment_id: str, n: int, *, start_ms: int) -> None:
    """Have traces of one span arrive."""
    made = []
    for number in itertools.islice(_numbers, n):
        begun = (start_ms + number % 1000) * 1_000_000
        span = Span(
            trace_id=f"tr-{number:032x}",
            span_id=f"{number:016x}",
            parent_id=None,
            name=("refund", "delivery", "password")[number % 3],
            start_time_ns=begun,
            end_time_ns=begun + 1_200_000,
            status=SpanStatus("OK"),
            inputs="My parcel has not come. Where is it?",
            outputs="It left our warehouse on Tuesday; the carrier expects to bring it on Friday.",
        )
        made.append(Arrival(trace_id=span.trace_id, experiment_id=experiment_id, spans=(span,), metadata={}, tags={}))
    store.traces.arrive(made)


def scored(store: Store, monitor: Monitor, say: Callable[[int], bool | str], *, at_ms: int, version: int = 1) -> int:
    """Do all the work that is due as a worker would; a word instead of a verdict is an error."""
    while store.monitors.plan(now_ms=at_ms):
        pass
    n = 0
    while works := store.monitors.claim("here", now_ms=at_ms, most=500, monitor_ids=[monitor.monitor_id]):
        done = [_done(work, monitor, say(n + i), version) for i, work in enumerate(works)]
        store.monitors.commit(done, now_ms=at_ms)
        n += len(works)
    return n


def _done(work: Work, monitor: Monitor, said: bool | str, version: int) -> WorkDone:
    one = Feedback(
        name=monitor.name,
        value=said if isinstance(said, bool) else None,
        error=AssessmentError("JUDGE_ERROR", said) if isinstance(said, str) else None,
        source=AssessmentSource("LLM_JUDGE", PRICED),
        trace_id=work.subject,
        metadata={MONITOR_KEY: monitor.monitor_id, "steelyard.scorer.version": str(version)},
    )
    failed = isinstance(said, str)
    return WorkDone(
        work=work,
        outcome="scorer_error" if failed else "scored",
        assessments=(one,),
        error=f"JUDGE_ERROR: {said}" if failed else "",
        calls=1,
        input_tokens=400,
        output_tokens=30,
        cost=0.0004,
    )


def fill(store: Store, *, hostile: str = "tone <b>\"'/../x.json", days: int = 7, each: int = 60) -> Watched:
    """Keep monitors: one that works, one paused, one held, one stopped, one with a hostile name; and anchors."""
    experiment_id = store.experiments.create("support-agent").experiment_id
    for name in ("correctness", "tone", "grounded", "refund_policy", "no_promises", hostile):
        registered(store, experiment_id, name)
    code = define(polite)
    store.scorers.register(experiment_id, code.name, definition=code.text, digest=code.digest, kind=code.kind, by="Ada")
    anchor_id = anchors_made(store, experiment_id)
    limits = ScorerSamplingConfig(max_cost_per_day=2.5, max_scorings_per_day=500, settle_seconds=0)
    monitor = store.monitors.start(experiment_id, "correctness", config=limits, by="Ada")
    now, dice = time.time_ns() // 1_000_000, random.Random(6)
    for back in range(days, 0, -1):
        at = now - back * DAY + DAY // 2
        for hour in range(0, 24, 6):
            arrived(store, experiment_id, each // 4, start_ms=at - (24 - hour) * HOUR + HOUR // 2)
        if back == 3:
            registered(store, experiment_id, "correctness", WORDS + " Say no if a policy is wrong.")
        good = 0.9 if back > 3 else 0.8
        scored(
            store,
            monitor,
            lambda i, good=good: "the answer was no JSON" if i % 40 == 7 else dice.random() < good,
            at_ms=now + 2 * HOUR - back * DAY + DAY if back == 1 else at,
            version=1 if back > 3 else 2,
        )
    _others(store, experiment_id, hostile, now)
    arrived(store, experiment_id, 25, start_ms=now - 20 * 60_000)
    while store.monitors.plan(now_ms=now):
        pass
    store.monitors.backfill(monitor.monitor_id, now - 30 * DAY, now - 10 * DAY, by="Ada")
    read(store, anchor_id, wrong=range(22, 40))
    dataset_id = store.anchors.get(anchor_id).dataset_id
    return Watched(experiment_id, store.monitors.get(monitor.monitor_id), anchor_id, dataset_id)


def _others(store: Store, experiment_id: str, hostile: str, now: int) -> None:
    m = store.monitors
    tone = m.start(experiment_id, "tone", config=ScorerSamplingConfig(sample_rate=0.1, settle_seconds=0), by="Ada")
    why = "10 scorings in a row ended without a verdict. The last one: JUDGE_ERROR: the model gpt-5-nonesuch is unknown"
    m.update(tone.monitor_id, state="paused", reason=why)
    held = m.start(experiment_id, "grounded", config=ScorerSamplingConfig(sample_rate=0.25), by="Grace")
    m.hold(held.monitor_id, until_ms=now + 600_000, reason="503 Service Unavailable")
    old = m.start(experiment_id, "refund_policy", config=ScorerSamplingConfig(filter_string="name = 'refund'"))
    m.update(old.monitor_id, state="stopped", by="Linus")
    m.start(experiment_id, hostile, config=ScorerSamplingConfig())


def anchors_made(store: Store, experiment_id: str, *, n: int = 40) -> str:
    """Hold the judge to anchors and have it read them twice; by itself it changes one."""
    dataset = store.datasets.create("anchors of support", experiment_ids=[experiment_id])
    drafts = [
        RecordDraft(inputs={"question": f"May I return order {i} after {10 + i} days?"}, outputs="Yes, within 30 days.")
        for i in range(n)
    ]
    store.datasets.merge(dataset.dataset_id, drafts)
    made = store.anchors.create(experiment_id, "correctness", dataset_id=dataset.dataset_id, max_cost=0.5, by="Ada")
    read(store, made.anchor_id, wrong=range(30, n), hours_ago=3)
    read(store, made.anchor_id, wrong=range(31, n), hours_ago=2)
    return made.anchor_id


def read(store: Store, anchor_id: str, *, wrong: range, hours_ago: int = 1) -> None:
    """Have the judge read its anchors, as a worker would: it says no to the rows of these positions."""
    anchors = store.anchors.get(anchor_id)
    at = time.time_ns() // 1_000_000 - hours_ago * HOUR
    if store.anchors.readings(anchor_id):
        store.anchors.ask(anchor_id)
    reading = store.anchors.claim("here", now_ms=at)
    assert reading is not None
    records = store.datasets.records(anchors.dataset_id, max_results=1000).items
    said = [AnchorVerdict(record_id=one.dataset_record_id, value=i not in wrong) for i, one in enumerate(records)]
    store.anchors.put(reading, said, now_ms=at)
    ended = replace(reading, state="done", calls=len(said), cost=0.012, models=("gpt-4.1-mini-2025-04-14",))
    store.anchors.finish(ended, now_ms=at + 30_000)
