"""What clients had to give up, counted by experiment, source and reason."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, func, select

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.arrival import Loss
from steelyard.store.limits import check_integer, check_name
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.schema import experiments
from steelyard.store.sql.trace_choice import chosen_experiments
from steelyard.store.sql.window_schema import trace_losses

_MOST = 1_000
_MAX_WORD = 1_000


def add_losses(database: Database, losses: Sequence[Loss]) -> None:
    """Count what was lost; see ``TraceStore.lost``."""
    rows = [_row(one) for one in losses]
    if not rows:
        return
    table = trace_losses.c
    upsert = database.dialect.insert(trace_losses)
    later = case((upsert.excluded.time > table.time, upsert.excluded.time), else_=table.time)
    add = database.positional(
        upsert.on_conflict_do_update(
            index_elements=["experiment", "source", "reason"], set_={"n": table.n + upsert.excluded.n, "time": later}
        )
    )
    known = database.positional(select(func.count()).where(experiments.c.id == bindparam("experiment")))

    def work(cursor: Cursor) -> None:
        for number in sorted({row[0] for row in rows}):
            cursor.execute(known, (number,))
            if not cursor.fetchone()[0]:
                msg = f"There is no experiment with id '{number}'."
                raise NotFound(msg)
        cursor.executemany(add, sorted(rows))

    database.run(work)


def losses_of(connection: Connection, experiment_ids: Sequence[str]) -> tuple[Loss, ...]:
    """Return what was lost, newest first; see ``TraceOverview.losses``."""
    table = trace_losses.c
    statement = (
        select(table.experiment, table.source, table.n, table.reason, table.time)
        .where(table.experiment.in_(chosen_experiments(connection, experiment_ids)))
        .order_by(table.time.desc(), table.experiment, table.source, table.reason)
        .limit(_MOST)
    )
    return tuple(
        Loss(experiment_id=str(experiment), source=source, n=n, reason=reason, time_ms=time)
        for experiment, source, n, reason, time in connection.execute(statement)
    )


def _row(loss: Loss) -> tuple[int, str, str, int, int]:
    n = check_integer(loss.n, "number of lost traces")
    if not 0 < n < 2**40:
        msg = f"A loss of {n} traces cannot be counted: give a number from 1 to 2^40."
        raise InvalidArgument(msg)
    if not (loss.experiment_id.isascii() and loss.experiment_id.isdecimal() and len(loss.experiment_id) < 19):
        msg = f"There is no experiment with id {loss.experiment_id!r}."
        raise NotFound(msg)
    source = check_name(loss.source, "source of a loss", limit=_MAX_WORD)
    reason = check_name(loss.reason, "reason of a loss", limit=_MAX_WORD)
    return int(loss.experiment_id), source, reason, n, check_integer(loss.time_ms, "time of a loss")
