"""Finding few traces that may match a filter, without reading them: what is found this way is only narrowed by it.

Each comparison that must hold is asked of an index: of texts for what spans hold, of values for tags and assessments.
Whatever cannot be answered cheaply, or would be answered with too many traces to list, narrows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, Select, and_, or_, select

from steelyard.records.trace import SESSION_KEY, TRACE_NAME_TAG, USER_KEY
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter import Comparison, Condition, compare
from steelyard.store.sql.filter.terms import Both, Either
from steelyard.store.sql.schema import runs
from steelyard.store.sql.text_index import FACTS
from steelyard.store.sql.text_lookup import TextLookup
from steelyard.store.sql.text_signature import fact_bits, literal_parts, text_bits_of
from steelyard.store.sql.trace_filter import TAG_START, json_pattern, tag_start
from steelyard.store.sql.trace_schema import assessments, trace_runs, trace_tags

FEW = 2_000
"""So many traces are looked into and sorted sooner than they are met among a million, newest first."""

_LISTED = 50  # values of an IN that are looked up one by one
_PLAIN_NUMBER = 1e15  # whole numbers below are written with their digits, perhaps with .0 behind
_COLUMNS = {SESSION_KEY, USER_KEY}  # of the metadata: these have indexes of their own
Clue = list[tuple[int, ...]]
"""Bits of which each group is set together in some document of a trace."""


def candidates(connection: Connection, dialect: Dialect, condition: Condition) -> list[int] | None:
    """Return the numbers of all traces that may match; None if they are too many to list, or nobody can tell."""
    found = _Probes(connection, dialect).narrow(condition)
    return None if found is None else found.tolist()


class _Probes:
    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._lookup = TextLookup(connection, dialect)
        self._most: int | None = None
        self._waiting: np.ndarray | None = None

    def narrow(self, condition: Condition) -> np.ndarray | None:
        """Return traces, in order, that include all that match."""
        if isinstance(condition, Comparison):
            return self._compared(condition)
        if isinstance(condition, Both):
            known = [found for part in condition.conditions if (found := self.narrow(part)) is not None]
            return reduce(np.intersect1d, known) if known else None
        if isinstance(condition, Either):
            known = []
            for part in condition.conditions:
                found = self.narrow(part)
                if found is None:
                    return None
                known.append(found)
            return reduce(np.union1d, known)
        return None

    def _compared(self, comparison: Comparison) -> np.ndarray | None:
        values = _values_statement(comparison, self._dialect)
        if values is not None:
            found = self._connection.execute(values.limit(FEW + 1)).scalars().all()
            return None if len(found) > FEW else np.unique(np.array(found, np.int64))
        clues = clues_of(comparison)
        return self._with_any(clues) if clues and all(clues) else None

    def _with_any(self, clues: Sequence[Clue]) -> np.ndarray | None:
        if self._most is None:
            self._most, self._waiting = self._lookup.most(), self._lookup.waiting()
        if self._waiting is None:
            return None
        every = [self._waiting]
        for clue in clues:
            known = [found for bits in clue if (found := self._lookup.traces(bits, most=self._most)) is not None]
            if not known:
                return None
            every.append(reduce(np.intersect1d, known))
        return reduce(np.union1d, every)


def clues_of(comparison: Comparison) -> list[Clue] | None:
    """Return what the index of texts knows of a trace that matches, in one or several ways; None if nothing."""
    kind, name, operator, value = comparison.key.kind, comparison.key.name, comparison.operator, comparison.value
    if operator == "IN" and isinstance(value, tuple):
        each = [clues_of(Comparison(comparison.key, "=", one)) for one in value[:_LISTED]]
        return None if len(value) > _LISTED else [clue for clues in each for clue in clues or [[]]]
    if (kind, name) in {("attributes", "text"), ("span", "content")}:
        return _like([str(value), json_pattern(str(value))]) if operator in {"LIKE", "ILIKE"} else None
    if kind == "metadata":
        return [[fact_bits("metadata", name, str(value))]] if operator == "=" and name not in _COLUMNS else None
    if kind != "span":
        return None
    if name.startswith("attributes."):
        return _attribute(name.removeprefix("attributes."), operator, value)
    if operator == "=" and name in FACTS:
        return [[fact_bits(name, str(value))]]
    return _like([str(value)]) if name == "name" and operator in {"LIKE", "ILIKE"} else None


def _like(patterns: Sequence[str]) -> list[Clue]:
    return [_texts(literal_parts(pattern)) for pattern in dict.fromkeys(patterns)]


def _attribute(key: str, operator: str, value: Any) -> list[Clue] | None:
    """An attribute stands as ``"key":value`` in the text, a text in quotes and escaped, anything else as it is."""
    if operator == "IS NULL":
        return None
    begin = f"{msgspec.json.encode(key).decode()}:"
    if operator == "=" and isinstance(value, str):
        written = [msgspec.json.encode(value).decode(), *([value] if _is_json(value) else [])]
        return [_texts([begin + one]) for one in written]
    if operator == "=" and isinstance(value, int | float) and 0 < abs(value) < _PLAIN_NUMBER:
        return [_texts([f"{begin}{int(value) if value == int(value) else msgspec.json.encode(value).decode()}"])]
    name = _texts([begin])
    if operator in {"LIKE", "ILIKE"}:
        patterns = dict.fromkeys((str(value), json_pattern(str(value))))
        return [name + _texts(literal_parts(pattern)) for pattern in patterns]
    return [name]


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _texts(texts: Sequence[str]) -> Clue:
    return [bits for text in texts if (bits := text_bits_of(text))]


def _values_statement(comparison: Comparison, dialect: Dialect) -> Select[tuple[int]] | None:
    """Return the statement of all traces with the value, where an index of values knows them."""
    kind, name, operator = comparison.key.kind, comparison.key.name, comparison.operator
    if operator == "IS NULL":
        return None
    if kind in {"feedback", "expectation"}:
        a = assessments.c
        column = a.number if isinstance(comparison.value, int | float) else a.word
        chosen = select(a.trace).where(a.kind == kind, a.name == name, a.valid.is_(True))
        return chosen if operator == "IS NOT NULL" else chosen.where(compare(column, comparison, dialect))
    if kind == "tags" and name != TRACE_NAME_TAG:
        t = trace_tags.c
        chosen = select(t.trace).where(t.key == name, *_beginning(comparison))
        return chosen if operator == "IS NOT NULL" else chosen.where(compare(t.value, comparison, dialect))
    if kind == "attributes" and name == "run_id" and operator in {"=", "IN"}:
        of_run = and_(trace_runs.c.run == runs.c.id, compare(runs.c.run_id, comparison, dialect))
        return select(trace_runs.c.trace).where(of_run)
    return None


def _beginning(comparison: Comparison) -> list[Any]:
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    if comparison.operator not in {"=", "IN"} or len(values) > _LISTED:
        return []
    return [or_(*(tag_start(trace_tags.c.value) == str(value)[:TAG_START] for value in values))]
