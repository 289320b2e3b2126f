"""The orders that traces can be listed in, each read from an index as far as one goes.

Traces without a value come last. Where a value stands in a table of its own, a list is therefore read in legs: first
from the index of the values, then the traces that have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, not_

from steelyard.errors import FilterError
from steelyard.records.trace import RUN_KEY, TRACE_NAME_TAG
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter import Ordering
from steelyard.store.sql.paging import SortKey
from steelyard.store.sql.trace_filter import TRACE_ATTRIBUTES, of_name, sorted_assessment, tag_start
from steelyard.store.sql.trace_schema import assessments, trace_tags, traces

_VALUES = {"feedback", "expectation"}


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a list: all its traces stand behind those of the legs before.

    Args:
        source: the tables that its keys need.
        keys: what it is sorted by, the last of them unique.
        conditions: which traces are in it.
        nulls: how many of the first keys of the whole list have no value here, and are left out of ``keys``.
        in_time: whether it begins with the traces in time, not with the values.
    """

    source: FromClause
    keys: tuple[SortKey, ...]
    conditions: tuple[ColumnElement[bool], ...] = ()
    nulls: int = 0
    in_time: bool = True


def legs_of(orderings: Sequence[Ordering], dialect: Dialect, *, few: bool) -> tuple[Leg, ...]:
    """Return the legs of a list; tokens have the keys of the first one.

    Args:
        orderings: what was asked for; the newest first among equals.
        dialect: spells JSON.
        few: whether the traces are so few that they are sorted anyway.
    """
    first = orderings[0] if orderings else None
    if first is not None and not few:
        rest, source = _plain(orderings[1:], dialect)
        if first.key.kind in _VALUES:
            return _assessment_legs(first, rest, source, dialect)
        if first.key.kind == "tags" and first.key.name != TRACE_NAME_TAG:
            return _tag_legs(first, rest, source)
    keys, source = _plain(orderings, dialect)
    return (Leg(source, keys),)


def _assessment_legs(
    first: Ordering, rest: tuple[SortKey, ...], source: FromClause, dialect: Dialect
) -> tuple[Leg, ...]:
    kind, name, descending = first.key.kind, first.key.name, first.descending
    a, newer = assessments.alias(), assessments.alias()
    valued = and_(a.c.kind == kind, a.c.name == name, a.c.valid.is_(True))
    again = and_(of_name(newer, kind, name, dialect), newer.c.trace == a.c.trace, newer.c.id > a.c.id)
    joined = a.join(source, a.c.trace == traces.c.id)
    number, word = SortKey(a.c.number, descending, True), SortKey(a.c.word, descending)
    said = (valued, not_(exists().where(again)))
    nothing = tuple(sorted_assessment(kind, name, column, dialect).is_(None) for column in ("number", "word"))
    return (
        Leg(joined, (number, word, *rest), (*said, a.c.number.is_not(None)), in_time=False),
        Leg(
            joined,
            (SortKey(a.c.word, descending, True), *rest),
            (*said, a.c.number.is_(None), a.c.word.is_not(None)),
            nulls=1,
            in_time=False,
        ),
        Leg(source, rest, nothing, nulls=2),
    )


def _tag_legs(first: Ordering, rest: tuple[SortKey, ...], source: FromClause) -> tuple[Leg, ...]:
    name, descending = first.key.name, first.descending
    tag, same = trace_tags.alias(), trace_tags.alias()
    keys = (
        SortKey(tag_start(tag.c.value), descending, True),
        SortKey(tag.c.value, descending, True),
    )
    joined = tag.join(source, tag.c.trace == traces.c.id)
    untold = not_(exists().where(same.c.trace == traces.c.id, same.c.key == name))
    return (Leg(joined, (*keys, *rest), (tag.c.key == name,), in_time=False), Leg(source, rest, (untold,), nulls=2))


def _plain(orderings: Sequence[Ordering], dialect: Dialect) -> tuple[tuple[SortKey, ...], FromClause]:
    """Return keys that can be had of any trace, and the tables that they need."""
    keys: list[SortKey] = []
    source: FromClause = traces
    for ordering in orderings:
        kind, name = ordering.key.kind, ordering.key.name
        if kind in _VALUES:
            values = [sorted_assessment(kind, name, column, dialect) for column in ("number", "word")]
            keys += [SortKey(value, ordering.descending) for value in values]
        elif kind == "tags" and name != TRACE_NAME_TAG:
            tag = trace_tags.alias()
            source = source.outerjoin(tag, and_(tag.c.trace == traces.c.id, tag.c.key == name))
            keys.append(SortKey(tag_start(tag.c.value), ordering.descending))
            keys.append(SortKey(tag.c.value, ordering.descending))
        else:
            keys.append(SortKey(_column(kind, name, dialect), ordering.descending, name == "timestamp"))
    newest = (SortKey(traces.c.request_time, True, True), SortKey(traces.c.id, True, True))
    return (*keys, *newest), source


def _column(kind: str, name: str, dialect: Dialect) -> ColumnElement[Any]:
    if kind == "tags":
        return traces.c.name
    if kind == "attributes" and name == "run_id":
        return dialect.member(traces.c.metadata, RUN_KEY)
    if kind == "attributes" and name == "experiment_id":
        return traces.c.experiment
    if kind == "attributes" and name in TRACE_ATTRIBUTES:
        return TRACE_ATTRIBUTES[name]
    shown = f"{kind}.{name}" if kind != "attributes" else name
    msg = (
        f"Traces cannot be ordered by {shown}: use timestamp, execution_time, end_time, name, status, tokens, cost, "
        "session, user, trace_id, run_id, experiment_id, tag.<key>, feedback.<name> or expectation.<name>."
    )
    raise FilterError(msg)
