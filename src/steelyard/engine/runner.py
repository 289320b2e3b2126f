"""From work to a full ledger."""

from __future__ import annotations

import contextvars
import inspect
import threading
from collections import Counter
from collections.abc import Iterator

from steelyard.engine.loop import LoopThread
from steelyard.engine.pool import DaemonPool
from steelyard.engine.predicting import Predictor
from steelyard.engine.progress import Counts
from steelyard.engine.sessions import score_sessions, sessions_of
from steelyard.engine.stages import Bench, Speeds
from steelyard.engine.tasks import drive
from steelyard.engine.threads import ThreadDriver
from steelyard.engine.units import Unit, units
from steelyard.engine.work import Work
from steelyard.engine.writer import LedgerWriter
from steelyard.records import LedgerState

_PATIENCE = 10.0  # seconds for coroutines to end
_HURRY = 0.5  # seconds for them once somebody has pressed Ctrl-C


def run_work(work: Work, state: LedgerState) -> None:
    """Do what a ledger has not got yet; every outcome is committed as it happens.

    Args:
        work: what is to do.
        state: how far the ledger is.

    Raises:
        KeyboardInterrupt: it was stopped; what was committed stays, and the same work goes on from there.
        StoreError: the ledger could not be written; what was committed stays.
    """
    _Runner(work, state).run()


class _Runner:
    def __init__(self, work: Work, state: LedgerState) -> None:
        self._work, self._state = work, state
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._loop: LoopThread | None = None
        self._opening = threading.Lock()

    def run(self) -> None:
        work = self._work
        resumed = any(self._state.predictions.values())
        writer = LedgerWriter(
            work.ledger, work.run_id, counts=_counts(work, self._state), progress=work.progress, failed=self._fail
        )
        pool = DaemonPool(max(4, work.concurrency * max(1, len(work.scorers))))
        bench = Bench(work, Predictor(work), Speeds(len(work.scorers)), pool, self._open_loop, writer.put)
        patience = _PATIENCE
        try:
            self._drive(bench, units(work, resumed=resumed))
            if work.session_scorers and not self._stop.is_set():
                writer.flush()  # sessions are read back from the ledger
                score_sessions(bench, sessions_of(work.rows), stop=self._stop)
        except KeyboardInterrupt:
            patience = _HURRY
            raise
        except RuntimeError as error:
            # Ctrl-C while a condition's lock is let go of or taken back surfaces as "release unlocked lock".
            if not isinstance(error.__context__, KeyboardInterrupt):
                raise
            patience = _HURRY
            raise error.__context__ from None
        finally:
            self._stop.set()
            pool.close()
            if self._loop is not None:
                self._loop.close(patience)
            writer.close()
        if self._error is not None:
            raise self._error

    def _drive(self, bench: Bench, todo: Iterator[Unit]) -> None:
        if self._work.predict is None or not inspect.iscoroutinefunction(self._work.predict):
            ThreadDriver(bench, todo, failed=self._fail).run(self._stop)
            return
        done = self._open_loop().submit(drive(bench, todo, contextvars.copy_context()))
        done.add_done_callback(lambda _: self._stop.set())
        while not self._stop.wait(0.1):  # a wait without an end could not be interrupted on every platform
            continue
        if self._error is None:
            self._stop.clear()
            done.result()

    def _open_loop(self) -> LoopThread:
        with self._opening:
            if self._loop is None:
                self._loop = LoopThread()
            return self._loop

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._stop.set()


def _counts(work: Work, state: LedgerState) -> Counts:
    verdicts: Counter[str] = Counter()
    for tally in state.scorers:
        verdicts.update(tally.outcomes)
    return Counts(
        planned_predictions=state.plan.rows * state.plan.repeats,
        planned_verdicts=sum(tally.planned for tally in state.scorers),
        predictions={k: n for k, n in state.predictions.items() if k not in work.redo},
        verdicts={k: n for k, n in verdicts.items() if k not in work.redo},
        usage=state.usage,
    )
