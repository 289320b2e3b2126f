"""The traffic: when requests come in, what they hold, and by which release they are answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from examples.production.material import Item, Material

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CHANNELS = ("web", "mail", "app")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played back.

    Args:
        start_ms: the first midnight, UTC.
        days: how many.
        baseline_days: after so many somebody makes the alarm rules, against what was so far.
        planted_day: release 2 goes out as this day begins (the first is 0).
        requests_a_day: in the mean.
        look_hours: from one look of the rules to the next.
        label_days: so many days later it is known where a request belonged.
    """

    start_ms: int
    days: int = 14
    baseline_days: int = 4
    planted_day: int = 10
    requests_a_day: int = 500
    look_hours: int = 3
    label_days: int = 2

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.days * DAY_MS

    @property
    def watched_ms(self) -> int:
        """When the rules are made."""
        return self.start_ms + self.baseline_days * DAY_MS

    @property
    def planted_ms(self) -> int:
        return self.start_ms + self.planted_day * DAY_MS


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``number`` counts them, ``answered`` says whether somebody clicks what they think of the answer."""

    number: int
    time_ms: int
    item: Item
    channel: str
    release: str
    took_ms: int
    answered: bool


def requests_of(material: Material, plan: Plan, seed: int) -> Iterator[list[Request]]:
    """Yield the requests of each stretch between two looks: Poisson, with more by day than by night.

    What is asked comes in random order, and again from the beginning when all of it was.
    """
    import numpy as np

    draw = np.random.default_rng([seed, 1])
    order = draw.permutation(len(material.asked))
    number = 0
    for start in range(plan.start_ms, plan.end_ms, plan.look_hours * HOUR_MS):
        hour = (start - plan.start_ms) % DAY_MS / HOUR_MS + plan.look_hours / 2
        mean = plan.requests_a_day / 24 * plan.look_hours * (1 - 0.6 * np.cos(2 * np.pi * hour / 24))
        times = np.sort(draw.integers(0, plan.look_hours * HOUR_MS, draw.poisson(mean)))
        stretch = []
        for offset in times.tolist():
            time_ms = start + offset
            stretch.append(
                Request(
                    number=number,
                    time_ms=time_ms,
                    item=material.asked[order[number % len(order)]],
                    channel=CHANNELS[int(draw.integers(len(CHANNELS)))],
                    release="2" if time_ms >= plan.planted_ms else "1",
                    took_ms=5 + int(draw.gamma(2.0, 6.0)),
                    answered=bool(draw.random() < 0.1),
                )
            )
            number += 1
        yield stretch
