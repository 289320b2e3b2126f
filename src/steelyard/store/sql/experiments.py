"""Experiments in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import Experiment, Page, ViewType
from steelyard.store.limits import MAX_EXPERIMENT_NAME, MAX_TAG_VALUE, check_name, check_words
from steelyard.store.sql import experiment_search
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.schema import experiment_tags, experiments, runs

_MOST_NAMED = 10_000


class SqlExperiments:
    """See ``ExperimentStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, *, tags: Mapping[str, str] | None = None) -> Experiment:
        check_name(name, "experiment name", limit=MAX_EXPERIMENT_NAME)
        words = check_words(tags or {}, "tag", limit=MAX_TAG_VALUE)
        now = now_ms()
        try:
            with self._database.write() as connection:
                row = {"name": name, "creation_time": now, "last_update_time": now}
                (number,) = connection.execute(insert(experiments).values(row)).inserted_primary_key or (0,)
                if words:
                    tag_rows = [{"experiment": number, "key": k, "value": v} for k, v in words.items()]
                    connection.execute(insert(experiment_tags), tag_rows)
        except IntegrityError as error:
            raise self._taken(name) from error
        return Experiment(experiment_id=str(number), name=name, creation_time=now, last_update_time=now, tags=words)

    def get(self, experiment_id: str) -> Experiment:
        with self._database.read() as connection:
            return load_experiment(connection, experiment_id)

    def find(self, name: str) -> Experiment | None:
        """Return the experiment of this name, deleted or not, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(experiments).where(experiments.c.name == name)).mappings().first()
            return _experiment(connection, row) if row else None

    def search(
        self,
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
        view: ViewType = "ACTIVE_ONLY",
    ) -> Page[Experiment]:
        return experiment_search.search(
            self._database,
            filter_string,
            order_by=order_by,
            max_results=max_results,
            page_token=page_token,
            view=view,
        )

    def rename(self, experiment_id: str, name: str) -> None:
        check_name(name, "experiment name", limit=MAX_EXPERIMENT_NAME)
        try:
            with self._database.write() as connection:
                number = _not_default(connection, experiment_id, "renamed")
                change = update(experiments).where(experiments.c.id == number)
                connection.execute(change.values(name=name, last_update_time=now_ms()))
        except IntegrityError as error:
            raise self._taken(name) from error

    def set_tag(self, experiment_id: str, key: str, value: str) -> None:
        ((key, value),) = check_words({key: value}, "tag", limit=MAX_TAG_VALUE).items()
        upsert = self._database.dialect.insert(experiment_tags)
        upsert = upsert.on_conflict_do_update(
            index_elements=["experiment", "key"], set_={"value": upsert.excluded.value}
        )
        with self._database.write() as connection:
            number = experiment_number(connection, experiment_id)
            connection.execute(upsert.values(experiment=number, key=key, value=value))
            change = update(experiments).where(experiments.c.id == number)
            connection.execute(change.values(last_update_time=now_ms()))

    def delete(self, experiment_id: str) -> None:
        """Delete an experiment and its runs, softly."""
        with self._database.write() as connection:
            number = _not_default(connection, experiment_id, "deleted")
            # Later than every single run's deletion: restore() tells the two apart by this time.
            last = connection.execute(select(func.max(runs.c.deleted_time)).where(runs.c.experiment == number)).scalar()
            now = max(now_ms(), (last or 0) + 1)
            gone = {"lifecycle": "deleted", "deleted_time": now}
            active = (experiments.c.id == number, experiments.c.lifecycle == "active")
            connection.execute(update(experiments).where(*active).values(**gone, last_update_time=now))
            active = (runs.c.experiment == number, runs.c.lifecycle == "active")
            connection.execute(update(runs).where(*active).values(**gone))

    def restore(self, experiment_id: str) -> None:
        """Bring back an experiment and the runs that were deleted with it."""
        back = {"lifecycle": "active", "deleted_time": None}
        with self._database.write() as connection:
            number = experiment_number(connection, experiment_id)
            chosen = experiments.c.id == number
            deleted_time = connection.execute(select(experiments.c.deleted_time).where(chosen)).scalar()
            if deleted_time is None:
                return
            connection.execute(update(experiments).where(chosen).values(**back, last_update_time=now_ms()))
            together = (runs.c.experiment == number, runs.c.deleted_time == deleted_time)
            connection.execute(update(runs).where(*together).values(**back))

    def _taken(self, name: str) -> AlreadyExists:
        found = self.find(name)
        deleted = (
            " (deleted: restore it, or choose another name)" if found and found.lifecycle_stage == "deleted" else ""
        )
        return AlreadyExists(f"There is already an experiment named {name!r}{deleted}.")


def experiment_number(connection: Connection, experiment_id: str) -> int:
    """Return an experiment's row id, deleted or not."""
    return experiment_numbers(connection, [experiment_id])[0]


def experiment_numbers(connection: Connection, experiment_ids: Sequence[str]) -> list[int]:
    """Return experiments' row ids, deleted or not."""
    if isinstance(experiment_ids, str):
        raise InvalidArgument(f"{experiment_ids[:40]!r} is one text: give a list of experiment ids.")
    numbers = [int(i) if _is_number(i) else -1 for i in experiment_ids]
    wanted = sorted(set(numbers))
    if len(wanted) > _MOST_NAMED:
        raise InvalidArgument(f"{len(wanted):,} experiments are too many: name at most {_MOST_NAMED:,}.")
    found = set(connection.execute(select(experiments.c.id).where(experiments.c.id.in_(wanted))).scalars())
    for experiment_id, number in zip(experiment_ids, numbers, strict=True):
        if number not in found:
            msg = f"There is no experiment with id {experiment_id!r}."
            raise NotFound(msg)
    return numbers


def _is_number(text: str) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19


def load_experiment(connection: Connection, experiment_id: str) -> Experiment:
    """Return an experiment, deleted or not."""
    number = experiment_number(connection, experiment_id)
    row = connection.execute(select(experiments).where(experiments.c.id == number)).mappings().one()
    return _experiment(connection, row)


def _experiment(connection: Connection, row: RowMapping) -> Experiment:
    return experiment_search.experiments_from_rows(connection, [row])[0]


def _not_default(connection: Connection, experiment_id: str, verb: str) -> int:
    number = experiment_number(connection, experiment_id)
    if number == 0:
        msg = f"The experiment 'Default' (id 0) cannot be {verb}: runs without an experiment go there."
        raise InvalidArgument(msg)
    return number
