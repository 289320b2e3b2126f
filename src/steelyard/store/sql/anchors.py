"""Anchor sets and their readings in SQL."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records.anchor import AnchorReading, AnchorSet, AnchorState, AnchorVerdict, ReadingReason
from steelyard.store.limits import MAX_KEY, check_integer, check_value
from steelyard.store.sql.anchor_schema import anchor_readings, anchor_sets, anchor_verdicts
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_schema import dataset_tables, dataset_versions, evaluation_datasets
from steelyard.store.sql.experiments import experiment_number, experiment_numbers
from steelyard.store.sql.json_text import from_json, from_text, to_json, to_text
from steelyard.store.sql.scorer_schema import registered_scorers, scorer_versions

SHORTEST_MS = 60_000
LONGEST_MS = 366 * 86_400_000
MOST_FAILURES = 5
RETRY_MS = 900_000
"""A reading that failed is tried again after so long, twice as long after each further failure."""
_LONGEST_LEASE_MS = 3_600_000
_MAX_TEXT = 4_000
_a, _r, _v = anchor_sets.c, anchor_readings.c, anchor_verdicts.c


class SqlAnchors:
    """See ``AnchorStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        experiment_id: str,
        name: str,
        *,
        dataset_id: str,
        dataset_version: int | None = None,
        every_ms: int = 86_400_000,
        max_cost: float | None = None,
        by: str = "",
    ) -> AnchorSet:
        row: dict[str, Any] = {
            "anchor_id": f"an-{uuid.uuid4().hex}",
            "name": name,
            "every_ms": _checked_every(every_ms),
            "max_cost": _checked_cost(max_cost),
            "created_by": check_value(by, "user", limit=MAX_KEY),
            "created_time": now_ms(),
            "base_reading": "",
            "state": "active",
            "failures": 0,
            "reason": "",
            "asked": False,
        }
        try:
            with self._database.write() as connection:
                row["experiment"] = experiment_number(connection, experiment_id)
                if _newest(connection, row["experiment"], name) is None:
                    raise NotFound(f"No scorer named {name!r} is registered in experiment {experiment_id}.")
                row.update(_rows_of(connection, dataset_id, dataset_version))
                connection.execute(insert(anchor_sets).values(row))
                return _load(connection, row["anchor_id"])
        except IntegrityError as error:
            raise AlreadyExists(f"{name!r} has an anchor set. Delete that one to begin anew on other rows.") from error

    def get(self, anchor_id: str) -> AnchorSet:
        with self._database.read() as connection:
            return _load(connection, anchor_id)

    def find(self, experiment_id: str, name: str) -> AnchorSet | None:
        with self._database.read() as connection:
            number = experiment_number(connection, experiment_id)
            found = select(anchor_sets).where(_a.experiment == number, _a.name == name)
            row = connection.execute(found).mappings().first()
            return None if row is None else _set(row)

    def list(self, experiment_ids: Sequence[str] = ()) -> tuple[AnchorSet, ...]:
        found = select(anchor_sets).order_by(_a.name, _a.id)
        with self._database.read() as connection:
            if experiment_ids:
                found = found.where(_a.experiment.in_(experiment_numbers(connection, experiment_ids)))
            return tuple(_set(row) for row in connection.execute(found).mappings())

    def update(
        self,
        anchor_id: str,
        *,
        every_ms: int | None = None,
        max_cost: float | None = None,
        state: AnchorState | None = None,
        base_reading: str | None = None,
    ) -> AnchorSet:
        changes: dict[str, Any] = {}
        if every_ms is not None:
            changes["every_ms"] = _checked_every(every_ms)
        if max_cost is not None:
            changes["max_cost"] = _checked_cost(max_cost)
        if state is not None:
            if state not in ("active", "stopped"):
                raise InvalidArgument(f"state={state!r} must be 'active' or 'stopped'.")
            changes.update(state=state, failures=0, reason="")
        with self._database.write() as connection:
            found = _load(connection, anchor_id)
            if base_reading is not None:
                reading = _reading(connection, base_reading)
                if reading.anchor_id != anchor_id or reading.state != "done":
                    raise InvalidArgument(f"Reading {base_reading} is no finished reading of this anchor set.")
                changes["base_reading"] = base_reading
            if changes:
                connection.execute(update(anchor_sets).where(_a.anchor_id == found.anchor_id).values(changes))
            return _load(connection, anchor_id)

    def delete(self, anchor_id: str) -> None:
        with self._database.write() as connection:
            number = connection.execute(select(_a.id).where(_a.anchor_id == anchor_id)).scalar()
            if number is None:
                raise _unknown(anchor_id)
            readings = select(_r.id).where(_r.anchor == number)
            connection.execute(delete(anchor_verdicts).where(_v.reading.in_(readings)))
            connection.execute(delete(anchor_readings).where(_r.anchor == number))
            connection.execute(delete(anchor_sets).where(_a.id == number))

    def ask(self, anchor_id: str) -> None:
        with self._database.write() as connection:
            asked = update(anchor_sets).where(_a.anchor_id == anchor_id).values(asked=True)
            if not connection.execute(asked).rowcount:
                raise _unknown(anchor_id)

    def claim(self, worker: str, *, now_ms: int, lease_ms: int = 600_000) -> AnchorReading | None:
        lease_ms = min(max(1, check_integer(lease_ms, "lease_ms")), _LONGEST_LEASE_MS)
        check_integer(now_ms + _LONGEST_LEASE_MS, "now_ms")
        with self._database.read() as connection:
            sets = connection.execute(select(_a.id).order_by(_a.id)).scalars().all()
        for number in sets:
            with self._database.write() as connection:
                # The set is locked, so that two workers never begin the same reading.
                row = (
                    connection.execute(select(anchor_sets).where(_a.id == number).with_for_update()).mappings().first()
                )
                reading_id = None if row is None else _due(connection, row, now_ms)
                if reading_id is None:
                    continue
                lease = {"lease": uuid.uuid4().hex, "lease_until": now_ms + lease_ms}
                connection.execute(update(anchor_readings).where(_r.reading_id == reading_id).values(lease))
                return _reading(connection, reading_id)
        return None

    def put(self, reading: AnchorReading, verdicts: Sequence[AnchorVerdict], *, now_ms: int) -> bool:
        with self._database.write() as connection:
            number = _held(connection, reading)
            if number is None:
                return False
            known = set(connection.execute(select(_v.record_id).where(_v.reading == number)).scalars())
            new = {each.record_id: each for each in verdicts if each.record_id not in known}
            rows = [{"reading": number, "record_id": key, "content": _content(each)} for key, each in new.items()]
            if rows:
                connection.execute(insert(anchor_verdicts), rows)
            spent = {"calls": reading.calls, "cost": reading.cost, "lease_until": now_ms + 600_000}
            connection.execute(update(anchor_readings).where(_r.id == number).values(spent))
            return True

    def finish(self, reading: AnchorReading, *, now_ms: int) -> AnchorReading:
        if reading.state not in ("done", "failed"):
            raise InvalidArgument(f"A reading ends 'done' or 'failed', not {reading.state!r}.")
        with self._database.write() as connection:
            number = _held(connection, reading)
            if number is None:
                return _reading(connection, reading.reading_id)
            said = [_verdict(row) for row in connection.execute(_verdicts(number)).mappings()]
            failed = sum(bool(each.error) for each in said)
            ended = {
                "state": reading.state,
                "models": to_json(list(reading.models), "models"),
                "ended_ms": now_ms,
                "n": len(said) - failed,
                "failed": failed,
                "calls": reading.calls,
                "cost": reading.cost,
                "error": to_text(reading.error[:_MAX_TEXT]),
                "lease": "",
                "lease_until": 0,
            }
            connection.execute(update(anchor_readings).where(_r.id == number).values(ended))
            _end(connection, reading)
            return _reading(connection, reading.reading_id)

    def readings(self, anchor_id: str) -> tuple[AnchorReading, ...]:
        with self._database.read() as connection:
            _load(connection, anchor_id)
            found = _readings().where(_a.anchor_id == anchor_id).order_by(_r.id.desc())
            return tuple(_reading_of(row) for row in connection.execute(found).mappings())

    def verdicts(self, reading_id: str) -> tuple[AnchorVerdict, ...]:
        with self._database.read() as connection:
            number = connection.execute(select(_r.id).where(_r.reading_id == reading_id)).scalar()
            if number is None:
                raise NotFound(f"There is no reading with id {reading_id!r}.")
            return tuple(_verdict(row) for row in connection.execute(_verdicts(number)).mappings())


def _rows_of(connection: Connection, dataset_id: str, version: int | None) -> dict[str, Any]:
    """Return which rows a version of a dataset holds, in the columns of a set."""
    d, v, t = evaluation_datasets.c, dataset_versions.c, dataset_tables.c
    dataset = connection.execute(select(d.id, d.version).where(d.dataset_id == dataset_id)).first()
    if dataset is None:
        raise NotFound(f"There is no dataset with id {dataset_id!r}.")
    at = dataset.version if version is None else check_integer(version, "version")
    found = connection.execute(select(v.digest, v.n_records).where(v.dataset == dataset.id, v.number == at)).first()
    if found is None:
        raise NotFound(f"The dataset has no version {at}; its newest is {dataset.version}.")
    table = connection.execute(select(t.dataset).where(t.dataset == dataset.id).limit(1)).first()
    if table is not None or not found.n_records:
        why = "is a table" if table is not None else "holds no records"
        raise InvalidArgument(f"Version {at} of the dataset {why}: anchors are records with inputs and outputs.")
    return {"dataset_id": dataset_id, "dataset_version": at, "dataset_digest": found.digest, "n": found.n_records}


def _due(connection: Connection, row: RowMapping, now: int) -> str | None:
    """Return the reading that is to be done of a locked set; a new one is made where none was left unfinished."""
    mine = select(anchor_readings).where(_r.anchor == row["id"]).order_by(_r.id.desc())
    last = connection.execute(mine.limit(1)).mappings().first()
    newest = _newest(connection, row["experiment"], row["name"])
    if newest is None or row["state"] != "active":
        return None
    if last is not None and last["state"] == "running":
        until = last["lease_until"]
        if now < until <= now + _LONGEST_LEASE_MS:  # farther ahead: the clock was put back
            return None
        if last["scorer_digest"] == newest["digest"]:
            return str(last["reading_id"])
        given_up = {"state": "failed", "ended_ms": now, "error": "The judge was changed while it was being read."}
        connection.execute(update(anchor_readings).where(_r.id == last["id"]).values(given_up))
    why = _why(row, last, newest, now)
    if why is None:
        return None
    reading_id = f"rd-{uuid.uuid4().hex}"
    made = {
        "reading_id": reading_id,
        "anchor": row["id"],
        "scorer_version": newest["version"],
        "scorer_digest": newest["digest"],
        "why": why,
        "models": "[]",
        "started_ms": now,
        "state": "running",
        "ended_ms": 0,
        "n": 0,
        "failed": 0,
        "calls": 0,
        "cost": 0.0,
        "error": "",
        "lease": "",
        "lease_until": 0,
    }
    connection.execute(insert(anchor_readings).values(made))
    connection.execute(update(anchor_sets).where(_a.id == row["id"]).values(asked=False))
    return reading_id


def _why(row: RowMapping, last: RowMapping | None, newest: RowMapping, now: int) -> ReadingReason | None:
    if last is None:
        return "first"
    if row["asked"]:
        return "asked"
    if last["scorer_digest"] != newest["digest"]:
        return "version"
    since = now - last["started_ms"]
    every = min(row["every_ms"], RETRY_MS << max(row["failures"] - 1, 0)) if row["failures"] else row["every_ms"]
    return "scheduled" if since >= every or since < 0 else None


def _newest(connection: Connection, experiment: int, name: str) -> RowMapping | None:
    s, v = registered_scorers.c, scorer_versions.c
    found = (
        select(v.version, v.digest)
        .join(registered_scorers, s.id == v.scorer)
        .where(s.experiment == experiment, s.name == name)
        .order_by(v.version.desc())
    )
    return connection.execute(found.limit(1)).mappings().first()


def _held(connection: Connection, reading: AnchorReading) -> int | None:
    """Return a reading's row, locked, if it is still in the same hands."""
    found = select(_r.id, _r.lease, _r.state).where(_r.reading_id == reading.reading_id).with_for_update()
    row = connection.execute(found).first()
    if row is None:
        raise NotFound(f"Reading {reading.reading_id} was deleted with its anchor set.")
    return int(row.id) if row.state == "running" and row.lease == reading.lease else None


def _end(connection: Connection, reading: AnchorReading) -> None:
    """Say to the set how its reading ended."""
    where = _a.anchor_id == reading.anchor_id
    if reading.state == "done":
        connection.execute(update(anchor_sets).where(where).values(failures=0, reason=""))
        first = update(anchor_sets).where(where, _a.base_reading == "")
        connection.execute(first.values(base_reading=reading.reading_id))
        return
    connection.execute(update(anchor_sets).where(where).values(failures=_a.failures + 1))
    stopped = f"Stopped after {MOST_FAILURES} readings that failed. {reading.error}"[:_MAX_TEXT]
    too_often = update(anchor_sets).where(where, _a.failures >= MOST_FAILURES)
    connection.execute(too_often.values(state="stopped", reason=to_text(stopped)))


def _checked_every(every_ms: int) -> int:
    if not SHORTEST_MS <= check_integer(every_ms, "every_ms") <= LONGEST_MS:
        raise InvalidArgument(f"every_ms={every_ms} must lie between a minute ({SHORTEST_MS}) and a year.")
    return int(every_ms)


def _checked_cost(max_cost: float | None) -> float | None:
    if max_cost is None:
        return None
    if isinstance(max_cost, bool) or not isinstance(max_cost, (int, float)) or not 0 <= max_cost <= sys.float_info.max:
        raise InvalidArgument(f"max_cost={max_cost!r} is no amount of US dollars.")
    return float(max_cost)


def _load(connection: Connection, anchor_id: str) -> AnchorSet:
    row = connection.execute(select(anchor_sets).where(_a.anchor_id == anchor_id)).mappings().first()
    if row is None:
        raise _unknown(anchor_id)
    return _set(row)


def _unknown(anchor_id: str) -> NotFound:
    return NotFound(f"There is no anchor set with id {anchor_id!r}.")


def _set(row: RowMapping) -> AnchorSet:
    same = (
        *("anchor_id", "name", "dataset_id", "dataset_version", "dataset_digest", "n", "every_ms", "max_cost"),
        *("base_reading", "state", "failures", "created_by", "created_time"),
    )
    experiment, reason = str(row["experiment"]), from_text(row["reason"])
    return AnchorSet(experiment_id=experiment, reason=reason, **{name: row[name] for name in same})


def _readings() -> Any:
    return select(anchor_readings, _a.anchor_id).join(anchor_sets, _a.id == _r.anchor)


def _reading(connection: Connection, reading_id: str) -> AnchorReading:
    row = connection.execute(_readings().where(_r.reading_id == reading_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no reading with id {reading_id!r}.")
    return _reading_of(row)


def _reading_of(row: RowMapping) -> AnchorReading:
    same = (
        *("reading_id", "anchor_id", "scorer_version", "scorer_digest", "why", "started_ms", "ended_ms", "state"),
        *("n", "failed", "calls", "cost", "lease"),
    )
    models, error = tuple(from_json(row["models"])), from_text(row["error"])
    return AnchorReading(models=models, error=error, **{name: row[name] for name in same})


def _verdicts(number: int) -> Any:
    return select(anchor_verdicts).where(_v.reading == number).order_by(_v.id)


def _content(verdict: AnchorVerdict) -> str | None:
    cut = replace(verdict, error=verdict.error[:_MAX_TEXT], rationale=verdict.rationale[:_MAX_TEXT])
    return to_json({"value": cut.value, "error": cut.error, "rationale": cut.rationale}, "verdict")


def _verdict(row: RowMapping) -> AnchorVerdict:
    return AnchorVerdict(record_id=row["record_id"], **from_json(row["content"]))
