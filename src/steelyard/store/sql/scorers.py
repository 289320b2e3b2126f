"""Scorers that were registered, in versions that never change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update

from steelyard.errors import NotFound
from steelyard.records import RegisteredScorer
from steelyard.store.limits import MAX_RUN_NAME, check_integer, check_name, check_value
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number
from steelyard.store.sql.json_text import from_json, to_json
from steelyard.store.sql.scorer_schema import registered_scorers, scorer_versions

MAX_DEFINITION = 1_000_000
_MAX_WORD = 250
_s, _v = registered_scorers.c, scorer_versions.c


class SqlScorers:
    """See ``ScorerStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(
        self, experiment_id: str, name: str, *, definition: str, digest: str, kind: str, by: str = ""
    ) -> RegisteredScorer:
        """Keep the next version; the newest one is returned as it is if digest and definition are the same."""
        row: dict[str, Any] = {
            "kind": check_name(kind, "kind of a scorer", limit=_MAX_WORD),
            "definition": check_value(definition, "definition of a scorer", limit=MAX_DEFINITION),
            "digest": check_name(digest, "digest of a scorer", limit=_MAX_WORD),
            "created_by": check_value(by, "user", limit=_MAX_WORD),
        }
        name = check_name(name, "scorer name", limit=MAX_RUN_NAME)
        with self._database.write() as connection:
            scorer, last = self._locked(connection, experiment_number(connection, experiment_id), name)
            newest = connection.execute(_of(experiment_id, name)).mappings().first()
            if newest is not None and (newest["digest"], newest["definition"]) == (row["digest"], row["definition"]):
                return _record(newest)
            numbers = {"scorer": scorer, "version": last + 1, "notes": "{}", "created_time": now_ms()}
            connection.execute(insert(scorer_versions).values(**row, **numbers))
            counted = update(registered_scorers).where(_s.id == scorer).values(last_version=last + 1)
            connection.execute(counted)
            return _version(connection, experiment_id, name, last + 1)

    def get(self, experiment_id: str, name: str, *, version: int | None = None) -> RegisteredScorer:
        """Return a version, the newest unless told."""
        with self._database.read() as connection:
            experiment_number(connection, experiment_id)
            return _version(connection, experiment_id, name, version)

    def list(self, experiment_id: str) -> tuple[RegisteredScorer, ...]:
        """Return the newest version of each, by name."""
        newest = select(func.max(_v.version)).where(_v.scorer == _s.id).correlate(registered_scorers).scalar_subquery()
        with self._database.read() as connection:
            number = experiment_number(connection, experiment_id)
            found = _versions().where(_s.experiment == number, _v.version == newest).order_by(_s.name)
            return tuple(_record(row) for row in connection.execute(found).mappings())

    def versions(self, experiment_id: str, name: str) -> tuple[RegisteredScorer, ...]:
        """Return the versions of one, the newest first; none if there is no such scorer."""
        with self._database.read() as connection:
            experiment_number(connection, experiment_id)
            return tuple(_record(row) for row in connection.execute(_of(experiment_id, name)).mappings())

    def note(self, experiment_id: str, name: str, version: int, notes: dict[str, Any]) -> RegisteredScorer:
        """Add facts to a version; one that is there under the same key is replaced."""
        with self._database.write() as connection:
            scorer, _ = self._locked(connection, experiment_number(connection, experiment_id), name, make=False)
            found = _version(connection, experiment_id, name, check_integer(version, "version"))
            kept = to_json({**found.notes, **notes}, "notes of a scorer")
            where = (_v.scorer == scorer, _v.version == found.version)
            connection.execute(update(scorer_versions).where(*where).values(notes=kept))
            return _version(connection, experiment_id, name, found.version)

    def delete(self, experiment_id: str, name: str, *, version: int | None = None) -> int:
        """Delete a version, or all; return how many there were. A number that was used is not used again."""
        with self._database.write() as connection:
            number = experiment_number(connection, experiment_id)
            scorer, last = self._locked(connection, number, name, make=False)
            if not last:
                return 0
            gone = delete(scorer_versions).where(_v.scorer == scorer)
            if version is not None:
                gone = gone.where(_v.version == check_integer(version, "version"))
            return connection.execute(gone).rowcount

    def _locked(self, connection: Connection, experiment: int, name: str, *, make: bool = True) -> tuple[int, int]:
        """Return a scorer's row and its last version, held until the end; zeros if it is not there nor to be made."""
        where = (_s.experiment == experiment, _s.name == name)
        if make:
            made = self._database.dialect.insert(registered_scorers).on_conflict_do_nothing()
            connection.execute(made.values(experiment=experiment, name=name, last_version=0))
        found = connection.execute(select(_s.id, _s.last_version).where(*where).with_for_update()).first()
        return (0, 0) if found is None else (int(found[0]), int(found[1]))


def _versions() -> Select[tuple[object, ...]]:
    return select(scorer_versions, _s.name, _s.experiment).join(registered_scorers, _s.id == _v.scorer)


def _of(experiment_id: str, name: str) -> Select[tuple[object, ...]]:
    return _versions().where(_s.experiment == int(experiment_id), _s.name == name).order_by(_v.version.desc())


def _version(connection: Connection, experiment_id: str, name: str, version: int | None) -> RegisteredScorer:
    found = _of(experiment_id, name)
    if version is not None:
        found = found.where(_v.version == check_integer(version, "version"))
    row = connection.execute(found.limit(1)).mappings().first()
    if row is not None:
        return _record(row)
    there = [str(each.version) for each in connection.execute(_of(experiment_id, name))]
    if there:
        msg = f"Scorer {name!r} of experiment {experiment_id} has no version {version}; it has {', '.join(there)}."
        raise NotFound(msg)
    names = select(_s.name).where(_s.experiment == int(experiment_id), _s.id.in_(select(_v.scorer)))
    known = ", ".join(repr(found) for found in connection.execute(names.order_by(_s.name).limit(20)).scalars())
    msg = f"Experiment {experiment_id} has no registered scorer {name!r}. It has: {known or 'none'}."
    raise NotFound(msg)


def _record(row: RowMapping) -> RegisteredScorer:
    return RegisteredScorer(
        experiment_id=str(row["experiment"]),
        name=row["name"],
        version=row["version"],
        kind=row["kind"],
        definition=row["definition"],
        digest=row["digest"],
        notes=from_json(row["notes"]),
        created_by=row["created_by"],
        created_time=row["created_time"],
    )
