"""Counting again the windows whose rows have changed.

A window is counted from one snapshot, at the version that it has there. What was counted is written only if no newer
version has been settled meanwhile; what came after the snapshot leaves the window waiting. So a window to which more
comes all the time is settled all the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, and_, insert, literal, or_, select, true, update

from steelyard.data.row_ids import RowIds
from steelyard.records.estimate import Estimate
from steelyard.records.slices import SliceKey
from steelyard.store.sql.bare_rows import chunks
from steelyard.store.sql.database import Database
from steelyard.store.sql.json_text import from_json
from steelyard.store.sql.prediction_counting import Classes, Counted, JoinedRows, classes_of, count
from steelyard.store.sql.prediction_schema import (
    production_classes,
    production_models,
    production_readings,
    production_rows,
    production_windows,
)

_HELD_MS = 120_000
_RESTS = 0.04  # of a window's age
_FIELDS = tuple(field.name for field in fields(Estimate))
_CAME = ("predictions", "corrected", "labels", "relabelled")
_COUNTS = ("n", "labelled", "failed", "scored", "predicted_sum", "scored_sum")
_NO_STATE = b""


@dataclass(frozen=True, slots=True)
class _InHand:
    """A window that a worker has in hand."""

    model: int
    start: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a window was in the snapshot from which it was counted."""

    version: int
    came: Mapping[str, int]
    counted: Sequence[Counted]


class Settling:
    """Counts what waits.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(self, worker: str, *, now_ms: int, most: int, at_once: bool) -> int:
        """Count windows; see ``PredictionStore.settle``."""
        done = 0
        for _ in range(most):
            window = self._claim(worker, now_ms=now_ms, at_once=at_once)
            if window is None:
                break
            with self._database.read() as connection:
                seen = _counted(connection, window)
            done += self._write(window, seen, now_ms=now_ms)
        return done

    def _claim(self, worker: str, *, now_ms: int, at_once: bool) -> _InHand | None:
        w = production_windows.c
        # A clock that jumped back strands nothing: what is held or rests for longer than anything does is free.
        free = or_(w.held_until <= now_ms, w.held_until > now_ms + _HELD_MS)
        rested = true() if at_once else or_(w.rests_until <= now_ms, w.computed > now_ms)
        waiting = and_(w.version > w.settled, free, rested)
        chosen = select(w.model, w.start).where(waiting).order_by(w.model, w.start.desc()).limit(1)
        with self._database.write() as connection:
            row = connection.execute(chosen.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            change = update(production_windows).values(held_until=now_ms + _HELD_MS, held_by=worker)
            connection.execute(change.where(w.model == row.model, w.start == row.start))
        return _InHand(row.model, row.start)

    def _write(self, window: _InHand, seen: _Seen, *, now_ms: int) -> int:
        """Write what was counted; return 1, or 0 if somebody has counted the same or newer rows."""
        w = production_windows.c
        here = and_(w.model == window.model, w.start == window.start)
        with self._database.write() as connection:
            row = connection.execute(select(w.settled).where(here).with_for_update()).first()
            if row is None or row.settled >= seen.version:
                return 0
            _supersede(connection, window, seen, now_ms=now_ms)
            left: dict[str, Any] = {name: w[name] - literal(seen.came[name]) for name in _CAME}
            rests = now_ms + int(_RESTS * max(0, now_ms - window.start))
            change = update(production_windows).where(here)
            connection.execute(
                change.values(
                    settled=seen.version, computed=now_ms, rests_until=rests, held_until=0, held_by="", **left
                )
            )
        return 1


def estimates_to_bytes(estimates: Mapping[str, Estimate]) -> bytes:
    """Return estimates by metric as bytes."""
    told = [(metric, *(getattr(one, name) for name in _FIELDS)) for metric, one in estimates.items()]
    return zlib.compress(msgspec.msgpack.encode(told), 1)


def estimates_from_bytes(data: bytes, metric: str = "") -> dict[str, Estimate]:
    """Return the estimates of ``estimates_to_bytes``; only one metric's if it is named."""
    told = msgspec.msgpack.decode(zlib.decompress(data))
    return {name: Estimate(*values) for name, *values in told if not metric or name == metric}


def load_classes(connection: Connection, model: int, pos_label: str) -> Classes:
    """Return a model's classes."""
    c = production_classes.c
    rows = connection.execute(select(c.number, c.value).where(c.model == model)).all()
    values = {number: from_json(value) for number, value in rows}
    return classes_of({n: v if isinstance(v, str) else float(v) for n, v in values.items()}, pos_label)


def _counted(connection: Connection, window: _InHand) -> _Seen:
    m, w = production_models.c, production_windows.c
    model = connection.execute(select(m.model_type, m.pos_label, m.window).where(m.id == window.model)).one()
    mark = connection.execute(
        select(w.version, *(w[name] for name in _CAME)).where(w.model == window.model, w.start == window.start)
    ).one()
    classes = load_classes(connection, window.model, model.pos_label) if model.model_type == "classifier" else None
    rows = _joined(connection, window.model, window.start, window.start + model.window)
    came = {name: getattr(mark, name) for name in _CAME}
    return _Seen(mark.version, came, count(rows, classes))


def _joined(connection: Connection, model: int, start: int, end: int) -> JoinedRows:
    r = production_rows.c
    statement = select(r.key, r.predicted, r.label, r.score, r.probabilities, r.slices)
    statement = statement.where(r.model == model, r.time >= start, r.time < end)
    ids, numbers, chances, slices = [], [], [], []
    namer = RowIds(id_column="id")
    for part in chunks(connection, statement):
        keys, *columns, probabilities, texts = zip(*part, strict=True)
        ids.append(namer.of(pa.record_batch({"id": pa.array(keys, pa.string())})))
        numbers.append(np.array(columns, np.float64))
        chances += probabilities
        slices.append(pa.array(texts, pa.string()))
    values = np.concatenate(numbers, axis=1) if numbers else np.zeros((3, 0))
    matrix, labels = _chances(chances)
    return JoinedRows(
        ids=np.concatenate(ids) if ids else np.zeros(0, np.uint64),
        predicted=values[0], label=values[1], score=values[2], chances=matrix, chance_labels=labels,
        dimensions=_dimensions(pa.chunked_array(slices, pa.string())),
    )  # fmt: skip


def _chances(texts: Sequence[str | None]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the rows' probabilities, shape (n, classes), and which classes those are."""
    if not any(texts):
        return np.zeros((len(texts), 0)), ()
    given = [None if text is None else msgspec.json.decode(text) for text in texts]
    labels = tuple(sorted({label for one in given if one for label in one[0]}))
    place = {label: i for i, label in enumerate(labels)}
    matrix = np.full((len(texts), len(labels)), np.nan)
    for row, one in enumerate(given):
        if one is not None:
            matrix[row, [place[label] for label in one[0]]] = one[1]
    return matrix, labels


def _dimensions(texts: pa.ChunkedArray) -> dict[str, tuple[np.ndarray, Sequence[str]]]:
    """Return by dimension each row's value as a number; a row that says nothing of one has ``(missing)``."""
    encoded = texts.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    told: list[dict[str, str]] = [from_json(text) for text in encoded.dictionary.to_pylist()]
    places = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    found: dict[str, tuple[np.ndarray, Sequence[str]]] = {}
    for name in sorted({name for one in told for name in one}):
        values = [one.get(name, "(missing)") for one in told]
        words = sorted(set(values))
        at = {word: i for i, word in enumerate(words)}
        found[name] = (np.array([at[value] for value in values], np.int64)[places], words)
    return found


def _supersede(connection: Connection, window: _InHand, seen: _Seen, *, now_ms: int) -> None:
    """Put readings that say something else in the place of those that hold."""
    r = production_readings.c
    of_window = and_(r.model == window.model, r.start == window.start)
    columns = ("id", "dimension", "value", "version", *_COUNTS, "numbers", "state")
    rows = connection.execute(select(*(r[name] for name in columns)).where(of_window, r.superseded.is_(None))).all()
    old = {(row.dimension, row.value): row for row in rows}
    gone = {place: Counted((place,) if place[0] else (), 0, 0, 0, 0, None, None, {}, None) for place in old}
    found = gone | {_place(one.slice): one for one in seen.counted}
    why = _why(seen.came)
    for place, one in found.items():
        content = {
            **{name: getattr(one, name) for name in _COUNTS}, "numbers": estimates_to_bytes(one.estimates),
            "state": _NO_STATE if one.state is None else one.state.to_bytes(),
        }  # fmt: skip
        kept = old.get(place)
        if kept is not None and all(_same(getattr(kept, name), value) for name, value in content.items()):
            continue
        if kept is not None:
            connection.execute(update(production_readings).values(superseded=now_ms).where(r.id == kept.id))
        version = 1 if kept is None else kept.version + 1
        row = {"model": window.model, "dimension": place[0], "value": place[1], "start": window.start,
               "version": version, "computed": now_ms, "why": why, **content}  # fmt: skip
        connection.execute(insert(production_readings).values(row))


def _place(key: SliceKey) -> tuple[str, str]:
    return key[0] if key else ("", "")


def _same(kept: object, value: object) -> bool:
    return bytes(kept) == value if isinstance(kept, (bytes, memoryview)) else kept == value


def _why(came: Mapping[str, int]) -> str:
    """Return what came, in words."""
    told = {"predictions": "prediction came", "corrected": "prediction changed", "labels": "label came",
            "relabelled": "label changed"}  # fmt: skip
    parts = []
    for name, words in told.items():
        noun, verb = words.split()
        if came[name]:
            parts.append(f"{came[name]:,} {noun}{'' if came[name] == 1 else 's'} {verb}")
    return ", ".join(parts) or "the model's classes changed"
