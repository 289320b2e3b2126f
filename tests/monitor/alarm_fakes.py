"""A store of scores in memory, for months of looks in a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from steelyard.monitor.rules import Look, look_at
from steelyard.monitor.rules_memory import to_keep
from steelyard.records import AlarmRule, Monitor, MonitorStanding, RuleDraft, ScoreWindow, Store


@dataclass
class Scores:
    """Verdicts by the time their trace began and their group; ``known_ms`` is when each was scored."""

    times: np.ndarray
    passed: np.ndarray
    groups: np.ndarray
    known_ms: np.ndarray
    now_ms: int = 2**62

    def windows(
        self, experiment_ids: list[str], name: str, *, start_ms: int, end_ms: int, step_ms: int, by: str = "", **_: Any
    ) -> tuple[ScoreWindow, ...]:
        first, last = np.searchsorted(self.times, [start_ms, end_ms])
        part = slice(first, last)
        there = self.known_ms[part] <= self.now_ms
        place = (self.times[part][there] - start_ms) // step_ms
        group = self.groups[part][there] if by else np.zeros(there.sum(), np.int64)
        groups = int(self.groups.max()) + 1
        keys, where, n = np.unique(place * groups + group, return_inverse=True, return_counts=True)
        good = np.bincount(where, self.passed[part][there], minlength=len(keys)).astype(int)
        return tuple(
            ScoreWindow(
                start_ms=start_ms + int(key // groups) * step_ms,
                end_ms=start_ms + (int(key // groups) + 1) * step_ms,
                group=f"g{key % groups}" if by else "",
                n=int(rows),
                verdicts=int(rows),
                passed=int(ok),
            )
            for key, rows, ok in zip(keys, n, good, strict=True)
        )


@dataclass
class Monitors:
    """No monitor, or one whose standing a test sets."""

    monitor: Monitor | None = None
    now: MonitorStanding = field(default_factory=MonitorStanding)

    def find(self, experiment_id: str, name: str) -> Monitor | None:
        return self.monitor if self.monitor is not None and self.monitor.name == name else None

    def list(self, experiment_ids: Sequence[str]) -> tuple[Monitor, ...]:
        return () if self.monitor is None else (self.monitor,)

    def standing(self, monitor_ids: Sequence[str], *, now_ms: int) -> dict[str, MonitorStanding]:
        return dict.fromkeys(monitor_ids, self.now)


@dataclass
class FakeStore:
    scores: Scores
    monitors: Monitors = field(default_factory=Monitors)

    @property
    def store(self) -> Store:
        return cast("Store", SimpleNamespace(scores=self.scores, monitors=self.monitors))


def traffic(
    start: int, *, hours: int, an_hour: int, rate: float, seed: int, groups: int = 1, late_ms: int = 1000
) -> Scores:
    """Return independent verdicts, so many an hour."""
    draws = np.random.default_rng(seed)
    n = hours * an_hour
    times = np.sort(draws.integers(start, start + hours * 3_600_000, n))
    return Scores(times, draws.random(n) < rate, draws.integers(0, groups, n), times + late_ms)


class Watching:
    """One rule that is looked at again and again."""

    def __init__(self, fake: FakeStore, draft: RuleDraft) -> None:
        self.fake = fake
        self.rule = AlarmRule(rule_id="ar-1", experiment_id="0", draft=draft)

    def look(self, now_ms: int) -> Look:
        self.fake.scores.now_ms = now_ms
        look = look_at(self.fake.store, self.rule, now_ms=now_ms)
        self.rule = replace(self.rule, memory=to_keep(look.memory), looked_until_ms=look.until_ms)
        return look
