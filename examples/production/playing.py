"""Playing the traffic back: the application answers, people click, labels come late, workers work, rules look."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import steelyard
from examples.production.application import Filing
from examples.production.material import Material
from examples.production.traffic import DAY_MS, HOUR_MS, Plan, Request, requests_of
from examples.production.watching import KEPT, MODEL, Clock, OnCall, make_rules, mean_of, start_scorer
from steelyard.entities import AssessmentSource
from steelyard.monitor import log_labels, log_predictions, search_alarms, settle_once
from steelyard.records import Alarm
from steelyard.tracking import get_store


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it.

    Args:
        experiment_id: where it is.
        requests, affected: how many there were, and of them how many were of the broken team after the release.
        scored: how many the scorer was asked about.
        looks, clean_looks: of the rules, and of them those before the release.
        mean: of the score when the rules were made.
        alarms: all, the first first.
        rows_after: requests between the release and each alarm's opening, by its id.
    """

    experiment_id: str
    requests: int
    affected: int
    scored: int
    looks: int
    clean_looks: int
    mean: float
    alarms: tuple[Alarm, ...]
    rows_after: dict[str, int]


def play(material: Material, plan: Plan, *, seed: int, rate: float, say: Callable[[str], None]) -> Played:
    """Send the traffic of a plan to the current store, and watch it as it comes.

    Args:
        material: what is asked.
        plan: when.
        seed: of the traffic.
        rate: share of the traffic that is scored.
        say: is told what would be seen.
    """
    experiment_id = steelyard.set_experiment("Production").experiment_id
    store, clock = get_store(), Clock(plan.start_ms)
    filing = Filing(material.fit(), broken_team=material.broken_team, cut=material.cut)
    on_call = OnCall(store, clock)
    start_scorer(rate)
    late: deque[tuple[int, str, str]] = deque()
    times: list[int] = []
    affected = clean_looks = 0
    mean = 0.0
    known: set[str] = set()
    for turn, stretch in enumerate(requests_of(material, plan, seed)):
        until = plan.start_ms + (turn + 1) * plan.look_hours * HOUR_MS
        _answer(filing, stretch, late, label_ms=plan.label_days * DAY_MS)
        times += [request.time_ms for request in stretch]
        affected += sum(one.release == "2" and one.item.team == material.broken_team for one in stretch)
        _label(late, until)
        on_call.work(until)
        if until == plan.watched_ms:
            (mean,) = mean_of(store, experiment_id, plan.start_ms, until, step_ms=until - plan.start_ms)
            make_rules(plan, mean)
        if until <= plan.planted_ms:
            clean_looks = on_call.looks
        for alarm in search_alarms():
            if alarm.alarm_id not in known:
                known.add(alarm.alarm_id)
                say(f"    {_hour(plan, alarm.opened_ms)}: {alarm.rule_name}: {alarm.first.sentence}")
        if until % DAY_MS == 0:
            settle_once(store, worker="on call", now_ms=clock.at_ms, most=100)
            day = (until - plan.start_ms) // DAY_MS
            told = "" if day != plan.planted_day else "; now release 2 goes out"
            say(f"Day {day} of {plan.days} is over: {len(times):,} requests, {on_call.looks:,} looks{told}.")
    alarms = tuple(sorted(search_alarms(), key=lambda alarm: (alarm.opened_ms, alarm.rule_name)))
    rows = {one.alarm_id: sum(plan.planted_ms <= at < one.opened_ms for at in times) for one in alarms}
    return Played(
        experiment_id, len(times), affected, on_call.scored, on_call.looks, clean_looks, mean, alarms, rows
    )  # fmt: skip


def _answer(filing: Filing, stretch: list[Request], late: deque[tuple[int, str, str]], *, label_ms: int) -> None:
    """Answer requests; somebody says of a few whether they kept the answer; the classic model's log has all of them."""
    rows: list[dict[str, Any]] = []
    clicked: list[tuple[str, bool]] = []
    for request, (trace_id, answer) in zip(stretch, filing.answer(stretch), strict=True):
        row_id = f"{request.number:06d}"
        rows.append({"id": row_id, "time": request.time_ms, "team": request.item.team, "release": request.release}
                    | {"prediction": answer["board"], "confidence": answer["confidence"]})  # fmt: skip
        late.append((request.time_ms + label_ms, row_id, request.item.board))
        if request.answered:
            clicked.append((trace_id, answer["board"] == request.item.board))
    steelyard.flush_trace_async_logging()
    for trace_id, kept in clicked:
        steelyard.log_feedback(
            trace_id=trace_id, name=KEPT, value=kept, source=AssessmentSource("HUMAN", "whoever sent it")
        )
    if rows:
        log_predictions(
            MODEL, rows, ids="id", timestamps="time", features=["confidence"], slices=["team", "release"],
            model_type="classifier",
        )  # fmt: skip


def _label(late: deque[tuple[int, str, str]], now_ms: int) -> None:
    """Log the labels that are known by now: where a request ended up is known days later."""
    known = []
    while late and late[0][0] <= now_ms:
        known.append(late.popleft())
    if known:
        ids, labels = [one[1] for one in known], [one[2] for one in known]
        log_labels(MODEL, ids, labels, timestamps=[one[0] for one in known])


def _hour(plan: Plan, at_ms: int) -> str:
    day, rest = divmod(at_ms - plan.start_ms, DAY_MS)
    return f"day {day}, {rest // HOUR_MS:02d}:{rest % HOUR_MS // 60_000:02d}"
