"""How long traces are kept, and deleting what is kept no longer: a few at a time, the oldest first.

A clock that is wrong must not delete anything, so a trace goes by age only if all of this holds:

* It began ``max_age_days`` before the *earlier* of this machine's clock and the experiment's newest trace. A clock that
  jumps ahead deletes nothing by itself; nor does a trace from the future. So once no more traces come, none goes.
* It came before every trace that is still young: what came after one has been here no longer than that one, whatever
  time it claims to be of. So traces dated 1970, or brought in from elsewhere, stay for their time too.

Spared by age and by size alike are traces that carry people's work: with an expectation, with feedback from a person,
that wait in a review queue, or of an evaluation whose run is not deleted.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, func, literal_column, not_, or_, select

from steelyard.errors import InvalidArgument
from steelyard.records.overview import Retention
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number
from steelyard.store.sql.ledger_schema import ledgers
from steelyard.store.sql.review_schema import review_items
from steelyard.store.sql.schema import experiment_tags, runs
from steelyard.store.sql.space import bytes_of, size_of
from steelyard.store.sql.trace_schema import assessments, trace_runs, traces
from steelyard.store.sql.waiting import mark_windows

MAX_AGE_TAG = "steelyard.retention.maxAgeDays"
MAX_BYTES_TAG = "steelyard.retention.maxBytes"
_TAGS = (MAX_AGE_TAG, MAX_BYTES_TAG)

_DAY_MS = 86_400_000
_MOST_TRACES = 100  # of one transaction
_MOST_SPANS = 500
_log = logging.getLogger("steelyard.store")


def retention_of(database: Database, experiment_id: str) -> Retention:
    """Return how long an experiment's traces are kept; see ``TraceUpkeep.retention``.

    Raises:
        InvalidArgument: a tag of the experiment says something that is none.
    """
    with database.read() as connection:
        number = experiment_number(connection, experiment_id)
        t = experiment_tags.c
        statement = select(t.key, t.value).where(t.experiment == number, t.key.in_(_TAGS))
        return _from_tags(dict(connection.execute(statement).all()))


def set_retention(database: Database, experiment_id: str, retention: Retention) -> None:
    """Say how long an experiment's traces are kept; see ``TraceUpkeep.set_retention``."""
    checked = _checked(retention)
    t = experiment_tags.c
    with database.write() as connection:
        number = experiment_number(connection, experiment_id)
        connection.execute(delete(experiment_tags).where(t.experiment == number, t.key.in_(_TAGS)))
        told = {MAX_AGE_TAG: checked.max_age_days, MAX_BYTES_TAG: checked.max_bytes}
        rows = [{"experiment": number, "key": k, "value": f"{v}"} for k, v in told.items() if v is not None]
        if rows:
            connection.execute(experiment_tags.insert(), rows)


def retain(database: Database, *, until: float) -> tuple[int, bool]:
    """Delete what is kept no longer.

    Args:
        database: where.
        until: when to stop, by ``time.monotonic``.

    Returns:
        How many traces were deleted, and whether all were that had to be.
    """
    deleted = 0
    for number, retention in _retentions(database):
        if retention.max_age_days is not None:
            n, done = _by_age(database, number, retention.max_age_days, until=until)
            deleted += n
            if not done:
                return deleted, False
        if retention.max_bytes is not None:
            n, done = _by_size(database, number, retention.max_bytes, until=until)
            deleted += n
            if not done:
                return deleted, False
    return deleted, True


def _retentions(database: Database) -> list[tuple[int, Retention]]:
    t = experiment_tags.c
    told: dict[int, dict[str, str]] = {}
    with database.read() as connection:
        for number, key, value in connection.execute(select(t.experiment, t.key, t.value).where(t.key.in_(_TAGS))):
            told.setdefault(number, {})[key] = value
    found = []
    for number, words in sorted(told.items()):
        try:
            found.append((number, _from_tags(words)))
        except InvalidArgument as error:
            _log.warning("The traces of the experiment %s are all kept: %s", number, error)
    return found


def _from_tags(words: Mapping[str, str]) -> Retention:
    try:
        age, size = words.get(MAX_AGE_TAG), words.get(MAX_BYTES_TAG)
        retention = Retention(
            max_age_days=None if age is None else float(age), max_bytes=None if size is None else int(size)
        )
    except ValueError as error:
        msg = f"A tag of the experiment is not a number: {dict(words)!r}. Correct {MAX_AGE_TAG} or {MAX_BYTES_TAG}."
        raise InvalidArgument(msg) from error
    return _checked(retention)


def _checked(retention: Retention) -> Retention:
    age, size = retention.max_age_days, retention.max_bytes
    if age is not None and not (isinstance(age, int | float) and math.isfinite(age) and 0 < age <= 100_000):
        msg = f"max_age_days={age!r} is no length of time: give a number of days above 0, or None to keep everything."
        raise InvalidArgument(msg)
    if size is not None and not (type(size) is int and 0 < size < 2**62):
        msg = f"max_bytes={size!r} is no size: give a whole number of bytes above 0, or None to set no limit."
        raise InvalidArgument(msg)
    return retention


def _by_age(database: Database, number: int, max_age_days: float, *, until: float) -> tuple[int, bool]:
    t = traces.c
    deleted = 0
    while time.monotonic() < until:
        with database.read() as connection:
            newest = connection.execute(select(func.max(t.request_time)).where(t.experiment == number)).scalar()
            if newest is None:
                return deleted, True
            now = now_ms()
            young_since = min(now, newest) - int(max_age_days * _DAY_MS)
            young = (t.experiment == number, t.request_time >= young_since, t.request_time <= now)
            first_young = connection.execute(select(func.min(t.id)).where(*young)).scalar()
            old = [t.request_time < young_since]
            if first_young is not None:
                old.append(t.id < first_young)
            found = _oldest(connection, number, old)
        if not found:
            return deleted, True
        deleted += _delete(database, found)
    return deleted, False


def _by_size(database: Database, number: int, max_bytes: int, *, until: float) -> tuple[int, bool]:
    with database.read() as connection:
        size = size_of(connection, database.dialect, number)
    # What a sample makes larger than it is must not cost anybody a trace.
    excess = size.at_least - max_bytes
    deleted = 0
    while excess > 0:
        if time.monotonic() >= until:
            return deleted, False
        with database.read() as connection:
            found = _oldest(connection, number, [])
            sizes = bytes_of(connection, database.dialect, found)
        going = []
        for one in found:
            if excess > 0:
                going.append(one)
                excess -= sizes[one][1]
        if not going:
            return deleted, True
        deleted += _delete(database, going)
    return deleted, True


def _oldest(connection: Connection, number: int, conditions: Sequence[ColumnElement[bool]]) -> list[int]:
    """Return the row ids of the oldest traces that nothing spares: as many as one transaction takes."""
    t = traces.c
    statement = select(t.id, t.n_spans).where(t.experiment == number, *conditions, not_(_spared()))
    found: list[int] = []
    spans = 0
    for one, n_spans in connection.execute(statement.order_by(t.request_time, t.id).limit(_MOST_TRACES)):
        if found and spans + n_spans > _MOST_SPANS:
            break
        found.append(one)
        spans += n_spans
    return found


def _spared() -> ColumnElement[bool]:
    a = assessments.c
    by_people = or_(a.kind == "expectation", a.content.like("%source\\_type%HUMAN%", escape="\\"))
    of_evaluation = (
        select(literal_column("1"))
        .select_from(trace_runs.join(ledgers, ledgers.c.run == trace_runs.c.run).join(runs, runs.c.id == ledgers.c.run))
        .where(trace_runs.c.trace == traces.c.id, runs.c.lifecycle == "active")
    )
    i = review_items.c
    waits = [exists().where(id_ == traces.c.trace_id, i.status == "pending") for id_ in (i.trace_id, i.other_trace_id)]
    return or_(exists().where(a.trace == traces.c.id, by_people), of_evaluation.exists(), *waits)


def _delete(database: Database, numbers: Sequence[int]) -> int:
    with database.write() as connection:
        # Asked again: somebody may have said something about one of them meanwhile.
        chosen = (database.dialect.among(traces.c.id, sorted(numbers)), not_(_spared()))
        going = list(connection.execute(select(traces.c.id).where(*chosen)).scalars())
        mark_windows(connection, database.dialect, going)
        connection.execute(delete(traces).where(database.dialect.among(traces.c.id, sorted(going))))
    return len(going)
