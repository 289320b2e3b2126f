"""What of the work that is due matches a monitor's filter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, and_, select, true

from steelyard.records.trace import RUN_KEY
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter import compile_condition, parse_filter
from steelyard.store.sql.monitor_schema import monitor_work
from steelyard.store.sql.trace_filter import TRACES, trace_comparison
from steelyard.store.sql.trace_schema import traces


@dataclass(frozen=True, slots=True)
class Sieved:
    """Work that was looked at, by number: to be scored, without a match, without a trace."""

    good: list[int] = field(default_factory=list)
    filtered: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    @property
    def looked(self) -> int:
        """How much was looked at."""
        return len(self.good) + len(self.filtered) + len(self.gone)


class _Filtering(Protocol):
    """The part of a monitor that this is about."""

    @property
    def number(self) -> int: ...
    @property
    def experiment(self) -> int: ...
    @property
    def level(self) -> str: ...
    @property
    def filter_string(self) -> str: ...


def sieve(
    connection: Connection, dialect: Dialect, monitor: _Filtering, *, due: ColumnElement[bool], most: int
) -> Sieved:
    """Look at what is due next, what is new first.

    Raises:
        FilterError: the monitor's filter does not parse.
    """
    matches = _condition(monitor.filter_string, dialect)
    w, t = monitor_work.c, traces.c
    next_ones = select(w.id, w.trace, w.session).where(w.monitor == monitor.number, w.outcome.is_(None), due)
    if monitor.level == "trace":
        next_ones = next_ones.where(w.trace.is_not(None))
    else:
        next_ones = next_ones.where(w.session.is_not(None))
    work = next_ones.order_by(w.past, w.due_ms).limit(most).subquery()
    if monitor.level == "trace":
        found = select(work.c.id, true(), matches).join(traces, t.id == work.c.trace)
    else:
        of_session = (t.experiment == monitor.experiment, t.session == work.c.session)
        of_nobody = dialect.member(t.metadata, RUN_KEY).is_(None)
        there = select(t.id).where(*of_session).exists()
        found = select(work.c.id, there, select(t.id).where(*of_session, of_nobody, matches).exists())
    sieved = Sieved()
    for number, is_there, good in connection.execute(found):
        kept = sieved.gone if not is_there else sieved.good if good else sieved.filtered
        kept.append(number)
    return sieved


def _condition(filter_string: str, dialect: Dialect) -> ColumnElement[Any]:
    condition = parse_filter(filter_string, TRACES)
    if condition is None:
        return true()
    return and_(compile_condition(condition, lambda one: trace_comparison(one, dialect)))
