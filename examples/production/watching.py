"""What is watched, by which rules, and the workers that do it by the clock of the traffic."""

from __future__ import annotations

import time
from typing import Any

from examples.production.traffic import DAY_MS, Plan
from steelyard.genai.scorers import ScorerSamplingConfig, scorer
from steelyard.monitor import create_alarm_rule, look_once, work_once
from steelyard.records import AlarmRule, Store

SURE, KEPT, MODEL = "sure", "kept", "filing"
EVIDENCE, BY_TEAM = "sure, by evidence", "sure of each team, by evidence"
THRESHOLD, DRIFT = "sure, by a threshold", "boards, by drift"
RULES = (EVIDENCE, BY_TEAM, THRESHOLD, DRIFT)
MARGIN = 0.01
PLAIN_DROP = 0.05
SETTLED_MS = 180_000
"""A look is so much later than the traffic: spans have come, scores are there."""


@scorer
def sure(outputs: dict[str, Any]) -> bool:
    """Whether the model was sure of its answer: production knows that at once, and what is true only later."""
    return outputs["confidence"] >= 0.5


class Clock:
    """The clock of the traffic; stretches of waiting are the machine's."""

    def __init__(self, now_ms: int) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms

    def seconds(self) -> float:
        return time.monotonic()


class OnCall:
    """Workers that score and look, driven by the traffic's clock.

    Args:
        store: what is watched.
        clock: of the traffic.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.scored = 0
        self.looks = 0

    def work(self, until_ms: int) -> None:
        """Score what came in until now, once it has settled, and look at the rules that are due."""
        self._clock.at_ms = until_ms
        work_once(self._store, clock=self._clock)  # plans; what has just come has not settled yet
        self._clock.at_ms = until_ms + SETTLED_MS
        while (report := work_once(self._store, clock=self._clock)).claimed:
            self.scored += report.done
        self.looks += look_once(self._store, worker="on call", now_ms=self._clock.at_ms)


def start_scorer(rate: float) -> None:
    """Register the scorer and have it watch this share of the traffic."""
    sure.register().start(sampling_config=ScorerSamplingConfig(sample_rate=rate))


def make_rules(plan: Plan, mean: float) -> tuple[AlarmRule, ...]:
    """Make the rules, once the baseline is over.

    Args:
        plan: what is played back.
        mean: of the score so far.
    """
    baseline = (plan.start_ms, plan.watched_ms)
    every = f"{plan.look_hours}h"
    return (
        create_alarm_rule(
            EVIDENCE, score=SURE, method="anytime", baseline=baseline, margin=MARGIN, every=every, window="6h",
            false_alarms_per_year=1, severity="critical",
            note="Answers became less sure: see the slices, then what was released.",
        ),
        create_alarm_rule(THRESHOLD, score=SURE, below=limit_of(mean), every=every, window="6h"),
        create_alarm_rule(
            BY_TEAM, score=SURE, by="tag.team", method="anytime", baseline=baseline, margin=MARGIN, every=every,
            window="6h", false_alarms_per_year=1,
        ),
        create_alarm_rule(
            DRIFT, drift="output.board", baseline=baseline, every="1d", window="1d",
        ),
    )  # fmt: skip


def limit_of(mean: float) -> float:
    """Return the limit that somebody would choose by eye: a little below what is usual."""
    return round(mean - PLAIN_DROP, 2)


def mean_of(store: Store, experiment_id: str, start_ms: int, end_ms: int, *, step_ms: int = DAY_MS) -> list[float]:
    """Return the share of sure answers in each stretch that has some."""
    found = store.scores.windows(
        [experiment_id], SURE, start_ms=start_ms, end_ms=end_ms, step_ms=step_ms, origin_ms=start_ms
    )
    return [window.passed / window.verdicts for window in found if window.verdicts]
