"""What scorers have said so far of a running evaluation, from its ledger.

A page asks every two seconds, and a ledger may hold a million verdicts: they are read anew only when that costs less
than a tenth of the time since they were read last, so that looking at an evaluation hardly slows it down.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from steelyard.metrics.intervals import mean_t, wilson
from steelyard.records import Estimate, LedgerState, Store, ValueKind
from steelyard.web.contexts.application import Interim
from steelyard.web.judging import kind_of, truth, word_of
from steelyard.web.scales import Scale, nice_scale

_KEPT = 16
_PATIENCE = 10.0
_WORDS = 50
_LONGEST, _LOOK = 1.5, 500
"""Seconds that a reading may take, and after how many verdicts the clock is looked at."""


@dataclass(slots=True)
class _Tally:
    """Counts and sums of the values under one name; ``kind`` is that of all of them."""

    kind: ValueKind = "none"
    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: float = 0.0
    high: float = 0.0
    words: Counter[str] = field(default_factory=Counter)

    def add(self, value: object) -> None:
        kind = kind_of([value])
        self.kind = kind if self.kind in ("none", kind) else "other"
        said = truth(value)
        number = float(said) if said is not None else float(value) if isinstance(value, int | float) else None
        if number is not None and number == number:
            self.low = min(number, self.low) if self.n else number
            self.high = max(number, self.high) if self.n else number
            self.total += number
            self.squares += number * number
        elif len(self.words) < _WORDS or word_of(value) in self.words:
            self.words[word_of(value)] += 1
        self.n += 1


@dataclass(frozen=True, slots=True)
class InterimValues:
    """Interim values of each scorer's place, how many verdicts they are made from, and whether those are all."""

    by_scorer: Mapping[int, tuple[Interim, ...]]
    verdicts: int
    complete: bool = True


class _Readings:
    """What was read last of each run."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[float, float, InterimValues]] = OrderedDict()
        self._lock = Lock()

    def get(self, store: Store, run_id: str) -> InterimValues:
        key, now = (store.url, run_id), time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and now - kept[0] < _PATIENCE * kept[1]:
            return kept[2]
        made = _read(store, run_id)
        with self._lock:
            self._kept[key] = (time.monotonic(), time.monotonic() - now, made)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


_readings = _Readings()


def interim_values(store: Store, state: LedgerState) -> InterimValues:
    """Return the means, or the most frequent values, of what has been judged so far."""
    return _readings.get(store, state.run_id)


def _read(store: Store, run_id: str) -> InterimValues:
    tallies: dict[int, dict[str, _Tally]] = {}
    verdicts, complete, end = 0, True, time.monotonic() + _LONGEST
    for verdict in store.ledgers.verdicts(run_id):
        verdicts += 1
        if verdicts % _LOOK == 0 and time.monotonic() > end:
            complete = False
            break
        for feedback in verdict.feedbacks:
            if feedback.error is None and feedback.value is not None:
                tallies.setdefault(verdict.scorer, {}).setdefault(feedback.name, _Tally()).add(feedback.value)
    made = {place: tuple(_interim(name, t) for name, t in named.items()) for place, named in tallies.items()}
    return InterimValues(made, verdicts, complete)


def _interim(name: str, tally: _Tally) -> Interim:
    if tally.kind not in ("boolean", "number"):
        common, n = tally.words.most_common(1)[0] if tally.words else ("", 0)
        return Interim(name=name, kind=tally.kind, n=tally.n, common=common, common_share=n / tally.n)
    mean = tally.total / tally.n
    if tally.kind == "boolean":
        ends = wilson(tally.total, tally.n)
        method, scale = "wilson", Scale(0.0, 1.0, (0.0, 0.5, 1.0))
    else:
        variance = max(0.0, tally.squares / tally.n - mean * mean) * tally.n / max(tally.n - 1, 1)
        ends = mean_t(mean, (variance / tally.n) ** 0.5, max(tally.n - 1, 1))
        unit = tally.low >= 0 and tally.high <= 1
        method = "t"
        scale = Scale(0.0, 1.0, (0.0, 0.5, 1.0)) if unit else nice_scale([tally.low, tally.high])
    known = tally.n > 1
    low, high = (float(ends.low), float(ends.high)) if known else (None, None)
    estimate = Estimate(mean, tally.n, low=low, high=high, method=method)
    return Interim(name=name, kind=tally.kind, n=tally.n, estimate=estimate, scale=scale)
