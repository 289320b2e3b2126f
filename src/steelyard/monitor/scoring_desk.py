"""A worker's desk: what the store hands out is begun here, and what has ended is committed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from steelyard.engine.telling import clean
from steelyard.errors import NotFound, SteelyardError, StoreUnavailable
from steelyard.llm import Limits, Patience
from steelyard.monitor.anchors_models import AnsweringModels
from steelyard.monitor.budgets import DayBudgets
from steelyard.monitor.clocks import Clock, MachineClock
from steelyard.monitor.isolating import Isolates
from steelyard.monitor.judging_down import LONGEST_WAIT_MS, PROBE_MS, PROBING, Away, Line, Spent, Unfit, wait_ms
from steelyard.monitor.scoring import Around, Asking, Said, Scored
from steelyard.monitor.scoring_cases import cases_of
from steelyard.monitor.scoring_hands import Hands, InHand
from steelyard.monitor.scoring_made import CannotScore, Made, Makers
from steelyard.records import Store
from steelyard.records.monitor import Monitor, Work, WorkDone

FAILURES_TO_PAUSE = 10
LEASE_MS = 45_000
PATIENCE = Patience(tries=2, refusals=4, total_wait=60.0, longest_retry_after=60.0)
_RENEW_SECONDS = 12.0
_READ_AT_ONCE = 50
_KNOWN_SECONDS = 60.0
_MOST_INLINE = 250
_MOST_BESIDE = 64
_MOST_OF_ONE = 32


@dataclass(slots=True, kw_only=True)
class Report:
    """What a step did.

    Args:
        monitors: how many are active.
        planned: traces that were looked at, to be put among the work.
        claimed: work that was handed out.
        done: outcomes that were committed.
        put_back: work that was given back undone.
        in_hand: work that is still being done.
    """

    monitors: int = 0
    planned: int = 0
    claimed: int = 0
    done: int = 0
    put_back: int = 0
    in_hand: int = 0


@dataclass(frozen=True, slots=True)
class _Ended:
    """What came to an end and is to be committed."""

    monitor: Monitor
    done: WorkDone


class Desk:
    """Plans, takes work, has it scored and commits it, step by step. Nothing is lost if it is left at any moment.

    Args:
        store: where monitors, traces and outcomes are.
        worker: names this worker.
        clock: what time it is.
        allow_code: whether code of the store may be run, in processes of its own; None asks
            ``STEELYARD_ALLOW_CODE_SCORERS``.
        patience: how often a judge that fails is asked again before its monitor is held.
        woken: set when something that was in hand has ended.
    """

    def __init__(
        self,
        store: Store,
        *,
        worker: str,
        clock: Clock | None = None,
        allow_code: bool | None = None,
        patience: Patience = PATIENCE,
        woken: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._worker = worker
        self._clock = clock or MachineClock()
        self._woken = woken or threading.Event()
        self._isolates = Isolates()
        self._makers = Makers(store, self._isolates, allow_code=allow_code, seconds=self._clock.seconds)
        self._around = Around(limits=Limits(), cache=store.answers, patience=patience)
        self._budgets = DayBudgets(self._cost_today)
        self._hands = Hands(self._clock, self._woken)
        self._models = AnsweringModels(store)
        self._lines: dict[str, Line] = {}
        self._ended: list[_Ended] = []
        self._renewed = self._clock.seconds()
        self._report = Report()

    def step(self) -> Report:
        """Commit what has ended, and take more work.

        Raises:
            StoreUnavailable: the store is away; what has ended is kept, for the next step to commit.
        """
        report = self._report = Report()
        self._hands.begin_step()
        self._settle()
        self._renew()
        monitors = {monitor.monitor_id: monitor for monitor in self._store.monitors.list()}
        report.monitors = sum(monitor.state == "active" for monitor in monitors.values())
        if monitors:
            report.planned = self._store.monitors.plan(now_ms=self._clock.now_ms())
            self._take(monitors)
            self._settle()
        self._isolates.rest()
        report.in_hand = len(self._hands)
        return report

    def finish(self, seconds: float) -> Report:
        """Take nothing more, wait so long for what is in hand, and commit it; what is left then is put back."""
        report = self._report = Report()
        end = self._clock.seconds() + seconds
        self._settle()
        while len(self._hands) and self._clock.seconds() < end:
            self._woken.wait(0.05)
            self._woken.clear()
            self._settle()
            self._renew()
        self._put_back(self._hands.works)
        self._hands.keep({})
        return report

    def close(self) -> None:
        """End processes, threads and the loop."""
        self._isolates.close()
        self._hands.close()

    # --- taking work --------------------------------------------------------------------------------------------

    def _take(self, monitors: Mapping[str, Monitor]) -> None:
        inline: list[str] = []
        beside: list[str] = []
        now = self._clock.now_ms()
        for monitor in monitors.values():
            if monitor.state != "active" or self._budgets.is_over(monitor, now):
                continue
            if monitor.held_until_ms:
                self._try_again(monitor, now)
            elif self._is_inline(monitor):
                inline.append(monitor.monitor_id)
            elif self._hands.of(monitor.monitor_id) < _MOST_OF_ONE:
                beside.append(monitor.monitor_id)
        if inline:
            self._begin(monitors, self._claim(_MOST_INLINE, inline))
        room = min(_MOST_BESIDE - self._hands.beside, _MOST_OF_ONE * len(beside))
        if room > 0:
            self._begin(monitors, self._claim(room, beside))

    def _is_inline(self, monitor: Monitor) -> bool:
        try:
            made = self._makers.made(monitor, within=_KNOWN_SECONDS)  # what is new is seen once there is work for it
            return made.inline and self._hands.is_quick(monitor.monitor_id)
        except CannotScore:
            return False  # said when there is work for it

    def _try_again(self, monitor: Monitor, now: int) -> None:
        """Ask a judge that was away about one trace, once its time has come; others leave it alone meanwhile."""
        monitor_id = monitor.monitor_id
        held_ms = monitor.held_until_ms - now
        if held_ms > LONGEST_WAIT_MS + PROBE_MS:  # by a clock that has jumped since
            self._hold_until(monitor_id, now, monitor.held_reason)
            return
        if held_ms > 0:
            if not monitor.held_reason.startswith(PROBING):
                self._line(monitor_id).heard_of(held_ms)
            return
        if self._hands.of(monitor_id):
            return
        work = self._claim(1, [monitor_id])
        if work:
            reason = PROBING + monitor.held_reason.removeprefix(PROBING)
            self._hold_until(monitor_id, now + PROBE_MS, reason)
            self._begin({monitor_id: monitor}, work)

    def _claim(self, most: int, monitor_ids: Sequence[str]) -> tuple[Work, ...]:
        work = self._store.monitors.claim(
            self._worker, now_ms=self._clock.now_ms(), most=most, lease_ms=LEASE_MS, monitor_ids=monitor_ids
        )
        self._report.claimed += len(work)
        return work

    def _begin(self, monitors: Mapping[str, Monitor], claimed: Sequence[Work]) -> None:
        """Begin scoring what was handed out; what cannot be begun goes back."""
        by_monitor: dict[str, list[Work]] = {}
        for work in claimed:
            by_monitor.setdefault(work.monitor_id, []).append(work)
        for monitor_id, some in by_monitor.items():
            monitor = monitors[monitor_id]
            try:
                made = self._makers.made(monitor)
            except CannotScore as error:
                self._put_back(some, error=str(error))
                self._pause(monitor_id, str(error))
                continue
            for start in range(0, len(some), _READ_AT_ONCE):
                self._begin_some(monitor, made, some[start : start + _READ_AT_ONCE])

    def _begin_some(self, monitor: Monitor, made: Made, works: Sequence[Work]) -> None:
        cases = cases_of(self._store, monitor, [work.subject for work in works])
        budget = self._budgets.budget_of(monitor, self._clock.now_ms())
        epoch = self._line(monitor.monitor_id).epoch
        for work in works:
            case = cases.get(work.subject)
            if case is None:
                self._ended.append(_Ended(monitor, WorkDone(work=work, outcome="gone")))
                continue
            asking = Asking(
                monitor_id=monitor.monitor_id, scorer=made.scorer, case=case, around=self._around, budget=budget
            )
            each = InHand(work, monitor, made, asking, epoch)
            said = self._hands.ask(each)
            if said is not None:
                self._end(each, said)

    # --- what came of it ----------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Look at what has ended, and commit it."""
        for each, said in self._hands.ended():
            self._end(each, said)
        self._commit()

    def _end(self, each: InHand, said: Said) -> None:
        monitor_id = each.monitor.monitor_id
        if isinstance(said, Away):
            self._hold(each, said)
        elif isinstance(said, Unfit):
            self._put_back([each.work], error=said.reason)
            self._makers.forget(monitor_id)
            self._pause(monitor_id, said.reason)
        elif isinstance(said, Spent):
            self._budgets.over(monitor_id)
            self._put_back([each.work], error=said.reason)
        else:
            if self._line(monitor_id).succeeded(each.epoch) or each.monitor.held_until_ms:
                self._hold_until(monitor_id, 0, "")
            self._ended.append(_Ended(each.monitor, _done(each.work, said)))

    def _hold(self, each: InHand, away: Away) -> None:
        """Leave a judge alone for a while that could not be reached; its work waits behind the rest."""
        monitor_id, line = each.monitor.monitor_id, self._line(each.monitor.monitor_id)
        if line.is_its_own_fault(each.work.work_id):
            said = each.asking.given_up(away.reason)
            self._ended.append(_Ended(each.monitor, _done(each.work, said)))
            return
        if line.failed(each.epoch):
            until = self._clock.now_ms() + wait_ms(monitor_id, line.failures, away.retry_after)
            self._hold_until(monitor_id, until, away.reason)
        self._put_back([each.work], error=away.reason)

    def _hold_until(self, monitor_id: str, until_ms: int, reason: str) -> None:
        with suppress(NotFound):  # deleted meanwhile
            self._store.monitors.hold(monitor_id, until_ms=until_ms, reason=reason)

    def _line(self, monitor_id: str) -> Line:
        return self._lines.setdefault(monitor_id, Line())

    def _commit(self) -> None:
        """Commit what has ended; what cannot be kept of one of them does not spoil the others."""
        if not self._ended:
            return
        ended = self._ended
        try:
            self._report.done += self._store.monitors.commit([one.done for one in ended], now_ms=self._clock.now_ms())
        except StoreUnavailable:
            raise  # kept, for the next step
        except SteelyardError:
            for one in ended:
                self._report.done += self._commit_alone(one.done)
        self._ended = []
        for one in ended:
            self._budgets.committed(one.monitor.monitor_id, one.done.cost)
            self._models.answered(one.monitor, one.done)
        self._pause_the_failing(ended)

    def _commit_alone(self, done: WorkDone) -> int:
        now = self._clock.now_ms()
        try:
            return self._store.monitors.commit([done], now_ms=now)
        except StoreUnavailable:
            raise
        except SteelyardError as error:
            spoiled = replace(done, outcome="scorer_error", assessments=(), error=clean(f"it cannot be kept: {error}"))
            return self._store.monitors.commit([spoiled], now_ms=now)

    def _pause_the_failing(self, ended: Iterable[_Ended]) -> None:
        """Pause monitors that have failed too often in a row, with the last error as the reason."""
        errors = {one.monitor.monitor_id: one.done.error for one in ended if one.done.error}
        for monitor_id, error in errors.items():
            try:
                monitor = self._store.monitors.get(monitor_id)
            except NotFound:  # deleted meanwhile
                continue
            if monitor.state == "active" and monitor.failures >= FAILURES_TO_PAUSE:
                told = f"{monitor.failures} scorings in a row ended without a verdict. The last one: {error}"
                self._pause(monitor_id, told)

    def _pause(self, monitor_id: str, reason: str) -> None:
        with suppress(NotFound):  # deleted meanwhile
            self._store.monitors.update(monitor_id, state="paused", reason=reason)

    def _put_back(self, works: Sequence[Work], *, error: str = "") -> None:
        if works:
            now = self._clock.now_ms()
            self._report.put_back += self._store.monitors.put_back(works, due_ms=now, error=clean(error)[:1_000])

    def _renew(self) -> None:
        """Keep what is in hand for longer; what was handed to others is let go."""
        if not len(self._hands) or self._clock.seconds() - self._renewed < _RENEW_SECONDS:
            return
        self._renewed = self._clock.seconds()
        kept = self._store.monitors.renew(self._hands.works, now_ms=self._clock.now_ms(), lease_ms=LEASE_MS)
        self._hands.keep({work.work_id: work for work in kept})

    def _cost_today(self, monitor_id: str) -> float:
        standing = self._store.monitors.standing([monitor_id], now_ms=self._clock.now_ms()).get(monitor_id)
        return 0.0 if standing is None else standing.cost_today


def _done(work: Work, said: Scored) -> WorkDone:
    return WorkDone(
        work=work,
        outcome=said.outcome,
        assessments=said.feedbacks,
        error=said.error,
        calls=said.calls,
        input_tokens=said.usage.input_tokens,
        output_tokens=said.usage.output_tokens,
        cost=said.usage.cost or 0.0,
    )
