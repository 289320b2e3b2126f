"""Estimates of runs, by metric and slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Insert, func, select

from steelyard.errors import NotFound
from steelyard.records import Estimate, ScoredMetric, SliceKey
from steelyard.store.limits import check_key
from steelyard.store.sql.database import Database
from steelyard.store.sql.runs import active_run_number
from steelyard.store.sql.schema import estimates, runs

_NUMBERS = ("value", "n", "missing", "se", "low", "high", "confidence", "method", "worst", "best")
_COLUMNS = tuple(estimates.c[name] for name in _NUMBERS)


class SqlEstimates:
    """See ``EstimateStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, run_id: str, estimates: Sequence[ScoredMetric]) -> None:
        """Write estimates; an undefined number (NaN) comes back as None."""
        rows = [_row(scored) for scored in estimates]
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            if not rows:
                return
            for position, row in enumerate(rows, _next_position(connection, number)):
                row |= {"run": number, "position": position}
            connection.execute(self._upsert(), rows)

    def list(
        self, run_ids: Sequence[str], *, metrics: Sequence[str] | None = None, slices: Sequence[SliceKey] | None = None
    ) -> Mapping[str, Sequence[ScoredMetric]]:
        with self._database.read() as connection:
            numbers = _run_numbers(connection, run_ids)
            statement = select(estimates.c.run, estimates.c.metric, estimates.c.slice, *_COLUMNS)
            statement = statement.where(self._database.dialect.among(estimates.c.run, list(numbers)))
            if metrics is not None:
                statement = statement.where(estimates.c.metric.in_(list(metrics)))
            if slices is not None:
                statement = statement.where(estimates.c.slice.in_([_slice_text(key) for key in slices]))
            rows = connection.execute(statement.order_by(estimates.c.run, estimates.c.position)).all()
        found: dict[str, list[ScoredMetric]] = {run_id: [] for run_id in run_ids}
        keys: dict[str, SliceKey] = {}
        for run, metric, text, *numbers_of_row in rows:
            if text not in keys:
                keys[text] = _slice_key(text)
            found[numbers[run]].append(
                ScoredMetric(metric=metric, slice=keys[text], estimate=Estimate(*numbers_of_row))
            )
        return found

    def _upsert(self) -> Insert:
        upsert = self._database.dialect.insert(estimates)
        changed = {name: upsert.excluded[name] for name in (*_NUMBERS, "position")}
        return upsert.on_conflict_do_update(index_elements=["run", "metric", "slice"], set_=changed)


def _next_position(connection: Connection, number: int) -> int:
    statement = select(func.coalesce(func.max(estimates.c.position) + 1, 0)).where(estimates.c.run == number)
    return connection.execute(statement).scalar_one()


def _run_numbers(connection: Connection, run_ids: Sequence[str]) -> dict[int, str]:
    found = connection.execute(select(runs.c.id, runs.c.run_id).where(runs.c.run_id.in_(run_ids)))
    numbers = {row[0]: row[1] for row in found}
    unknown = set(run_ids) - set(numbers.values())
    if unknown:
        msg = f"There is no run with id {min(unknown)!r}."
        raise NotFound(msg)
    return numbers


def _row(scored: ScoredMetric) -> dict[str, Any]:
    row = {name: _number(getattr(scored.estimate, name)) for name in _NUMBERS}
    return {"metric": check_key(scored.metric, "metric name"), "slice": _slice_text(scored.slice), **row}


def _number(value: Any) -> Any:
    """Return a number as Python's own, None for NaN; text as it is."""
    if value is None or isinstance(value, str):
        return value
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    return None if value != value else value


def _slice_text(key: SliceKey) -> str:
    return msgspec.json.encode(key).decode()


def _slice_key(text: str) -> SliceKey:
    return msgspec.json.decode(text, type=tuple[tuple[str, str], ...])
