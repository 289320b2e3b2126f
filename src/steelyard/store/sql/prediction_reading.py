"""Reading predictions themselves: pages of them with their labels and histories, and samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, or_, select

from steelyard.errors import InvalidArgument
from steelyard.records.prediction import PredictedRow, PredictionChange, PredictionsOnly
from steelyard.records.run import Page
from steelyard.records.slices import SliceKey
from steelyard.store.limits import check_integer
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.json_text import from_json
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token
from steelyard.store.sql.prediction_schema import production_changes, production_rows

_MOST_SAMPLED = 50_000
_MOST_RESULTS = 1_000
_PRIME, _MULTIPLIER = 2**31 - 1, 48_271  # squares modulo a prime: drawn rows have no period
_ONLY = ("", "wrong", "unlabelled", "labelled")
_r = production_rows.c


def page_of_rows(
    connection: Connection, dialect: Dialect, model: int, *, names: Mapping[int, str] | None, start_ms: int,
    end_ms: int, only: PredictionsOnly, key: SliceKey, max_results: int, page_token: str | None,
) -> Page[PredictedRow]:  # fmt: skip
    """Return a page of predictions; see ``PredictionStore.rows``.

    Args:
        connection: a reading transaction.
        dialect: its database.
        model: its row id.
        names: a classifier's classes by number; None for a regressor.
        start_ms, end_ms, only, max_results, page_token: as there.
        key: the slice.
    """
    if only not in _ONLY:
        raise InvalidArgument(f"only={only!r} is none of: {', '.join(map(repr, _ONLY))}.")
    if not 1 <= max_results <= _MOST_RESULTS:
        raise InvalidArgument(f"max_results={max_results}: a page has 1 to {_MOST_RESULTS:,} rows.")
    by_error = only == "wrong" and names is None
    first = func.abs(_r.predicted - _r.label) if by_error else _r.time
    keys = [SortKey(first, descending=True, never_null=True), SortKey(_r.id, descending=True, never_null=True)]
    query = fingerprint("predictions", model, start_ms, end_ms, only, key)
    chosen = [*_between(model, start_ms, end_ms), *_only(only, names), *_of_slice(dialect, key)]
    if page_token:
        chosen.append(after(keys, read_token(page_token, query, keys)))
    statement = select(first, production_rows).where(*chosen).order_by(*(k.order for k in keys)).limit(max_results + 1)
    rows = connection.execute(statement).all()
    more = len(rows) > max_results
    rows = rows[:max_results]
    token = make_token(query, [rows[-1][0], rows[-1].id]) if more else None
    histories = _histories(connection, dialect, [row.id for row in rows], names)
    return Page(tuple(_row(row, names, histories.get(row.id, ())) for row in rows), token)


def sample_of_rows(
    connection: Connection, dialect: Dialect, model: int, *, names: Mapping[int, str] | None, start_ms: int,
    end_ms: int, most: int,
) -> tuple[PredictedRow, ...]:  # fmt: skip
    """Return predictions drawn by a hash of their numbers; see ``PredictionStore.sample``."""
    if not 1 <= most <= _MOST_SAMPLED:
        raise InvalidArgument(f"most={most}: a sample has 1 to {_MOST_SAMPLED:,} rows.")
    mixed = _r.id % _PRIME * _MULTIPLIER % _PRIME
    drawn = select(production_rows).where(*_between(model, start_ms, end_ms)).order_by(mixed * mixed % _PRIME, _r.id)
    rows = connection.execute(drawn.limit(most)).all()
    return tuple(_row(row, names, ()) for row in sorted(rows, key=lambda row: (row.time, row.id)))


def _between(model: int, start_ms: int, end_ms: int) -> list[ColumnElement[bool]]:
    start, end = check_integer(start_ms, "start_ms"), check_integer(end_ms, "end_ms")
    return [_r.model == model, _r.time >= start, _r.time < end]


def _only(only: PredictionsOnly, names: Mapping[int, str] | None) -> list[ColumnElement[bool]]:
    if only == "unlabelled":
        return [_r.label.is_(None)]
    if only == "labelled":
        return [_r.label.is_not(None)]
    if only == "wrong" and names is None:
        return [_r.label.is_not(None), _r.predicted.is_not(None)]
    if only == "wrong":
        return [_r.label.is_not(None), or_(_r.predicted.is_(None), _r.predicted != _r.label)]
    return []


def _of_slice(dialect: Dialect, key: SliceKey) -> list[ColumnElement[bool]]:
    conditions = []
    for dimension, value in key:
        member = dialect.member(_r.slices, dimension)
        conditions.append(or_(member == value, member.is_(None)) if value == "(missing)" else member == value)
    return conditions


def _histories(
    connection: Connection, dialect: Dialect, ids: Sequence[int], names: Mapping[int, str] | None
) -> dict[int, tuple[PredictionChange, ...]]:
    h = production_changes.c
    found: dict[int, list[PredictionChange]] = defaultdict(list)
    for row in connection.execute(select(production_changes).where(dialect.among(h.row, ids)).order_by(h.id)):
        change = PredictionChange(
            what=row.what, value=_value(row.value, names), value_time=row.value_time, time_ms=row.time, by=row.by
        )
        found[row.row].append(change)
    return {number: tuple(changes) for number, changes in found.items()}


def _value(kept: float | None, names: Mapping[int, str] | None) -> str | float | None:
    if kept is None or names is None:
        return kept
    return names[int(kept)]


def _row(row: Any, names: Mapping[int, str] | None, history: tuple[PredictionChange, ...]) -> PredictedRow:
    probabilities = {}
    if row.probabilities is not None and names is not None:
        labels, shares = msgspec.json.decode(row.probabilities)
        probabilities = {names[label]: share for label, share in zip(labels, shares, strict=True)}
    return PredictedRow(
        id=row.key, time_ms=row.time, prediction=_value(row.predicted, names), score=row.score,
        probabilities=probabilities, label=_value(row.label, names), label_time=row.label_time or 0,
        slices=from_json(row.slices) or {}, features=from_json(row.features) or {}, history=history,
    )  # fmt: skip
