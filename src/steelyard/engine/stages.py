"""A unit in a thread: predicted, then scored step by step, with a watchdog that goes on without a step that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as GaveUp
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from steelyard.engine.limited import Held
from steelyard.engine.pool import DaemonPool
from steelyard.engine.predicting import Predicted, Predictor
from steelyard.engine.scoring import ascore, score, timed_out, unscored, waits
from steelyard.engine.units import Unit
from steelyard.engine.work import Work
from steelyard.records import LedgerEntry, Verdict

if TYPE_CHECKING:
    from steelyard.engine.loop import LoopThread

_QUICK = 0.002  # seconds: a step as quick as this is done in the unit's own thread
_SLOW_PREDICTION = 0.05  # seconds: a prediction as dear as this is committed before anything else is tried


class Speeds:
    """How long each scorer takes, as a moving mean; unknown ones count as slow."""

    def __init__(self, scorers: int) -> None:
        self._means: list[float | None] = [None] * scorers

    def quick(self, place: int) -> bool:
        mean = self._means[place]
        return mean is not None and mean < _QUICK

    def took(self, place: int, seconds: float) -> None:
        mean = self._means[place]
        self._means[place] = seconds if mean is None else 0.8 * mean + 0.2 * seconds


@dataclass(frozen=True, slots=True)
class Bench:
    """What every unit works with."""

    work: Work
    predictor: Predictor
    speeds: Speeds
    pool: DaemonPool
    loop: Callable[[], LoopThread]
    commit: Callable[[LedgerEntry], None]


@dataclass(eq=False)
class ThreadedUnit:
    """One unit on its way.

    Whoever holds the current ``turn`` may write down a step's result. A watchdog that gives up on a step writes down
    that it timed out and takes the turn away, so that the thread that hangs finds itself out of the game.
    """

    bench: Bench
    unit: Unit
    turn: int = 0
    deadline: float | None = None
    begun: float = 0.0
    _predicted: Predicted | None = None
    _fresh: bool = False
    _left: list[int] = field(default_factory=list)
    _slow: list[int] = field(default_factory=list)
    _verdicts: list[Verdict] = field(default_factory=list)
    _held: Held | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go(self, turn: int) -> bool:
        """Do what is left; return False if the watchdog took the turn."""
        if self._predicted is None and not self._predict(turn):
            return False
        while self._left:
            if not self._step(turn, self._left[0]):
                return False
        self._rest()
        return True

    def _predict(self, turn: int) -> bool:
        found = self.bench.predictor.given(self.unit)
        if found is None:
            found = self.bench.predictor.call(self.unit, begun=self._called)
        return self._hold(turn, partial(self._take, found))

    def _called(self, held: Held) -> None:
        self._held = held
        self._watch(self.bench.work.predict_timeout)

    @property
    def _found(self) -> Predicted:
        if self._predicted is None:
            raise RuntimeError("A unit is predicted before it is scored.")
        return self._predicted

    def _take(self, found: Predicted) -> None:
        self._predicted, self._fresh = found, self.unit.stored is None
        places = self.unit.scorers
        if found.prediction.outcome != "predicted":
            self._verdicts += unscored(found.prediction, places)
            return
        scorers, speeds = self.bench.work.scorers, self.bench.speeds
        for place in places:
            inline = not scorers[place].is_async and speeds.quick(place)
            (self._left if inline else self._slow).append(place)
        if (found.prediction.latency or 0.0) >= _SLOW_PREDICTION or self._slow:
            self._flush()
        if len(self._slow) == 1 and waits(scorers[self._slow[0]]):
            self._left.append(self._slow.pop())  # nothing else is to be asked meanwhile: this thread can wait for it

    def _step(self, turn: int, place: int) -> bool:
        self._watch(self.bench.work.scorers[place].time_limit)
        verdict = score(self.bench.work, place, self._found.case)
        return self._hold(turn, partial(self._note, place, verdict))

    def _note(self, place: int, verdict: Verdict) -> None:
        self._left.pop(0)
        self._verdicts.append(verdict)
        self.bench.speeds.took(place, verdict.latency or 0.0)

    def _rest(self) -> None:
        """Ask the slow scorers, all at once, and commit each verdict as it comes."""
        if not self._slow:
            self._flush()
            return
        if self._verdicts:
            self._flush()
        bench, case = self.bench, self._found.case
        asked: list[tuple[int, Future[Verdict]]] = []
        for place in self._slow:
            if waits(bench.work.scorers[place]):
                asked.append((place, bench.pool.submit(partial(score, bench.work, place, case))))
            else:
                asked.append((place, bench.loop().submit(ascore(bench.work, place, case))))
        for place, future in asked:
            scorer = bench.work.scorers[place]
            limit = scorer.time_limit if waits(scorer) else None  # a loop keeps the time itself
            try:
                verdict = future.result(limit)
            except GaveUp:
                bench.pool.give_up()
                verdict = timed_out(bench.work, place, case, limit or 0.0)
            except CancelledError:
                return  # the engine was stopped
            bench.speeds.took(place, verdict.latency or 0.0)
            bench.commit(LedgerEntry(verdicts=(verdict,)))

    def _watch(self, seconds: float | None) -> None:
        self.begun = time.monotonic()
        self.deadline = None if seconds is None else self.begun + seconds

    def _hold(self, turn: int, write: Callable[[], None]) -> bool:
        with self._lock:
            if self.turn != turn:
                return False
            self.deadline = None
            write()
            return True

    def expire(self, now: float) -> int | None:
        """Give up on the present step if its time is over; return the turn of whoever goes on, else None."""
        with self._lock:
            if self.deadline is None or now < self.deadline:
                return None
            seconds = self.deadline - self.begun
            self.deadline = None
            self.turn += 1
            if self._predicted is None:
                if self._held is not None:
                    self._held.release()
                self._take(self.bench.predictor.timed_out(self.unit, seconds))
            else:
                place = self._left[0]
                self._note(place, timed_out(self.bench.work, place, self._found.case, seconds))
            return self.turn

    def _flush(self) -> None:
        """Commit what is written down."""
        verdicts, self._verdicts = tuple(self._verdicts), []
        if self._fresh:
            self._fresh = False
            found = self._found
            self.bench.commit(LedgerEntry(prediction=found.prediction, trace=found.trace, verdicts=verdicts))
        elif verdicts:
            self.bench.commit(LedgerEntry(verdicts=verdicts))
