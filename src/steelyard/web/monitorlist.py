"""From what a store keeps of monitors to the rows of their page."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from steelyard.records import Estimate, Monitor, RegisteredScorer, Store
from steelyard.records.monitor import MonitorDay, MonitorStanding
from steelyard.records.score_windows import ScoreName
from steelyard.web.contexts.monitors import Agreement, MonitorRow, SettingsForm, Unwatched
from steelyard.web.judgedefinitions import model_of_definition
from steelyard.web.judgelist import judge_rows
from steelyard.web.monitorscores import quality_of, source_of
from steelyard.web.monitorsettings import watching_of
from steelyard.web.monitorwords import behind_ms, word_of
from steelyard.web.scales import Scale, nice_scale
from steelyard.web.traceview import DAY

_KEPT_SECONDS = 60.0
_KEPT = 50
_ORDER = {"paused": 0, "held": 1, "behind": 2, "spent": 3, "active": 4, "idle": 5, "stopped": 6}


class Agreements:
    """How far judges agree with people, counted anew after a minute: it reads 2,000 traces."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, dict[str, Agreement]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, store: Store, experiment_id: str, names: Sequence[ScoreName]) -> Mapping[str, Agreement]:
        """Return them by the judge's name; only of names that people have labelled something under."""
        if not any(one.source == "HUMAN" for one in names):
            return {}
        now = time.monotonic()
        with self._lock:
            at, found = self._kept.get(experiment_id, (float("-inf"), {}))
        if now - at < _KEPT_SECONDS:
            return found
        rows, _ = judge_rows(store, experiment_id)
        found = {
            row.name: Agreement(estimate=row.agreement, measure=row.measure, labels=row.labels)
            for row in rows
            if row.labels
        }
        with self._lock:
            self._kept[experiment_id] = (now, found)
            self._kept.move_to_end(experiment_id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def monitor_rows(
    store: Store, experiment_id: str, agreements: Agreements, *, now_ms: int, name: str | None = None
) -> tuple[MonitorRow, ...]:
    """Return the monitors of an experiment (or only that of a name), those that need somebody first."""
    monitors = store.monitors.list([experiment_id])
    if name is not None:
        monitors = tuple(one for one in monitors if one.name == name)
    if not monitors:
        return ()
    standings = store.monitors.standing([one.monitor_id for one in monitors], now_ms=now_ms)
    kinds = {one.name: one.kind for one in store.scorers.list(experiment_id)}
    names = store.scores.names([experiment_id])
    agreed = agreements.of(store, experiment_id, names)
    rows = [
        _row(store, one, kinds.get(one.name, ""), standings[one.monitor_id], names, agreed.get(one.name), now_ms)
        for one in monitors
    ]
    return tuple(sorted(rows, key=lambda row: (_ORDER[row.state.kind], row.monitor.name)))


def _row(
    store: Store,
    monitor: Monitor,
    kind: str,
    standing: MonitorStanding,
    names: Sequence[ScoreName],
    agreement: Agreement | None,
    now_ms: int,
) -> MonitorRow:
    today = now_ms - now_ms % DAY
    days = store.monitors.days(monitor.monitor_id, start_ms=today, end_ms=today + DAY)
    return MonitorRow(
        monitor=monitor,
        kind=kind,
        standing=standing,
        state=word_of(monitor, standing, now_ms),
        behind_ms=behind_ms(standing, now_ms),
        quality=quality_of(store, monitor.experiment_id, monitor.name, source_of(names, monitor.name), now_ms),
        today=days[0] if days else MonitorDay(day_ms=today),
        agreement=agreement,
    )


def scale_of(rows: Sequence[MonitorRow]) -> Scale:
    """Return the scale that all pass rates share."""
    rates = [e for row in rows if row.quality.rate for e in (row.quality.now, row.quality.before) if e is not None]
    ends = [end for e in rates for end in _ends(e)]
    return nice_scale(ends, within=(0.0, 1.0)) if ends else Scale(0.0, 1.0, (0.0, 0.5, 1.0))


def _ends(e: Estimate) -> list[float]:
    return [] if e.value is None else [end for end in (e.low, e.value, e.high) if end is not None]


def unwatched(
    store: Store,
    experiment_id: str,
    watched: Sequence[MonitorRow],
    *,
    asked: str = "",
    typed: SettingsForm | None = None,
) -> tuple[Unwatched, ...]:
    """Return the registered scorers that watch nothing; the one that was asked for keeps what was typed."""
    taken = {row.monitor.name for row in watched}
    return tuple(
        _unwatched(one, typed if one.name == asked else None)
        for one in store.scorers.list(experiment_id)
        if one.name not in taken
    )


def _unwatched(registered: RegisteredScorer, typed: SettingsForm | None) -> Unwatched:
    level, why_not = watching_of(registered)
    return Unwatched(
        name=registered.name,
        kind=registered.kind,
        version=registered.version,
        model=model_of_definition(registered.definition),
        level=level,
        why_not=why_not,
        form=typed or SettingsForm(settle="300" if level == "session" else "10"),
        asked=typed is not None,
    )
