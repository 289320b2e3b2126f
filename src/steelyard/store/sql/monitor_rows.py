"""Monitors as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from steelyard.errors import NotFound
from steelyard.records.monitor import Backfill, Monitor, MonitorChange
from steelyard.store.sql.json_text import from_json_as, from_text, to_json
from steelyard.store.sql.monitor_schema import monitor_backfills, monitor_changes, monitor_tallies, monitors

SETTINGS = (
    *("version", "level", "sample_rate", "filter_string", "settle_ms", "max_cost_per_day", "max_scorings_per_day"),
    *("state", "reason", "held_until_ms", "held_reason", "updated_by", "updated_time"),
)
"""The columns that a change may write."""

_m = monitors.c
_COLUMNS = (_m.monitor_id, _m.experiment, _m.name, _m.created_by, _m.created_time, *(_m[name] for name in SETTINGS))


def monitors_found() -> Select[*tuple[Any, ...]]:
    """Return a SELECT of monitors with their row ids, for ``monitor_from``."""
    tally = monitors.join(monitor_tallies, monitor_tallies.c.monitor == _m.id)
    return select(_m.id, monitor_tallies.c.failures, *_COLUMNS).select_from(tally)


def monitor_from(row: Sequence[Any]) -> Monitor:
    """Return the monitor of a row of ``monitors_found``."""
    _, failures, monitor_id, experiment, name, created_by, created_time, *settings = row
    told = dict(zip(SETTINGS, settings, strict=True))
    told |= {name: from_text(told[name]) for name in ("reason", "held_reason")}
    return Monitor(
        monitor_id=monitor_id,
        experiment_id=str(experiment),
        name=name,
        created_by=created_by,
        created_time=created_time,
        failures=failures,
        **told,
    )


def load_monitor(connection: Connection, monitor_id: str, *, lock: bool = False) -> tuple[int, Monitor]:
    """Return a monitor's row id and the monitor; locked if it is to be changed.

    Raises:
        NotFound: there is none.
    """
    found = monitors_found().where(_m.monitor_id == monitor_id)
    row = connection.execute(found.with_for_update(of=monitors, key_share=True) if lock else found).first()
    if row is None:
        msg = f"There is no monitor with id {monitor_id!r}."
        raise NotFound(msg)
    return row[0], monitor_from(row)


def remember(connection: Connection, number: int, change: MonitorChange) -> None:
    """Add an entry to a monitor's history."""
    row = {"monitor": number, "time": change.time_ms, "action": change.action, "by": change.by}
    connection.execute(insert(monitor_changes).values(**row, content=to_json(change.monitor, "monitor")))


def change_from(row: Sequence[Any]) -> MonitorChange:
    """Return an entry of the history from its content, time, action and person."""
    content, time, action, by = row
    return MonitorChange(monitor=from_json_as(content, Monitor), time_ms=time, action=action, by=by)


_b = monitor_backfills.c


def backfills_found() -> Select[*tuple[Any, ...]]:
    """Return a SELECT of backfills, for ``backfill_from``."""
    told = (_b.start_ms, _b.end_ms, _b.planned, _b.state, _b.created_by, _b.created_time)
    return select(_b.backfill_id, _m.monitor_id, *told).join(monitors, _m.id == _b.monitor)


def backfill_from(row: Sequence[Any]) -> Backfill:
    """Return the backfill of a row of ``backfills_found``."""
    backfill_id, monitor_id, start, end, planned, state, by, time = row
    return Backfill(
        backfill_id=backfill_id,
        monitor_id=monitor_id,
        start_ms=start,
        end_ms=end,
        planned=planned,
        state=state,
        created_by=by,
        created_time=time,
    )
