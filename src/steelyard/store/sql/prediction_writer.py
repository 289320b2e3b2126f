"""Writing predictions and labels: a batch in one transaction, with the marks of the windows that it changes.

Writers of one model wait for each other, so that a label and its prediction that come at the same moment see each
other, whoever is first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, select, update

from steelyard.errors import DataError, NotFound
from steelyard.records.prediction import LabelsLogged, PredictionsLogged
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.json_text import from_json, to_json
from steelyard.store.sql.prediction_bulk import Bulk
from steelyard.store.sql.prediction_forms import MOST_CLASSES, LabelForm, PredictedForm, Value, shown, value_text
from steelyard.store.sql.prediction_schema import (
    production_changes,
    production_classes,
    production_models,
    production_rows,
    production_windows,
)

_CONTENT = ("predicted", "score", "probabilities", "slices", "features")
_CAME = ("predictions", "corrected", "labels", "relabelled")
_BINARY = 2


@dataclass(frozen=True, slots=True)
class _Model:
    """A model's row, locked."""

    id: int
    classifier: bool
    window: int


@dataclass(slots=True)
class _Came:
    """What came to a window."""

    predictions: int = 0
    corrected: int = 0
    labels: int = 0
    relabelled: int = 0


class PredictionWriter:
    """Writes batches; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        m, c, r, w = production_models.c, production_classes.c, production_rows.c, production_windows.c
        locked = select(m.id, m.model_type, m.window).where(m.key == bindparam("key_"))
        # The weaker lock leaves room for whoever refers to the model, such as a worker that writes readings.
        self._lock_model = text(locked.with_for_update(key_share=True))
        of_model = bindparam("of")
        self._classes = text(select(c.number, c.value).where(c.model == of_model))
        self._add_class = text(insert(production_classes))
        there = select(r.key, r.id, r.time, r.label, r.label_time, *(r[name] for name in _CONTENT))
        self._there = text(there.where(r.model == of_model, dialect.listed(r.key)))
        labelled = select(r.key, r.id, r.time, r.label, r.label_time)
        self._labelled = text(labelled.where(r.model == of_model, dialect.listed(r.key)))
        self._add_row = Bulk(database, production_rows, ("model", "key", "time", "predicted", "score", *_CONTENT[2:]))
        self._add_orphan = Bulk(database, production_rows, ("model", "key", "label", "label_time"))
        self._set_row = Bulk(database, production_rows, ("time", *_CONTENT), key="id")
        self._set_label = Bulk(database, production_rows, ("label", "label_time"), key="id")
        self._remember = Bulk(
            database, production_changes, ("row", "what", "value", "value_time", "time", "by", "content")
        )
        h = production_changes.c
        remembered = select(h.row, h.value, h.value_time).where(dialect.listed(h.row))
        self._remembered = text(remembered.where(h.what == literal_column("'label'")))
        mark = dialect.insert(production_windows)
        again = {"version": w.version + literal_column("1")} | {name: w[name] + mark.excluded[name] for name in _CAME}
        marked = mark.on_conflict_do_update(index_elements=["model", "start"], set_=again)
        self._mark = text(marked, ("model", "start", "version", *_CAME))
        all_windows = update(production_windows).values(version=w.version + literal_column("1"))
        self._mark_all = text(all_windows.where(w.model == of_model))
        counts = [(m[name], m[name] + bindparam(f"{name}_")) for name in ("n", "labelled", "orphans")]
        self._count = text(update(production_models).ordered_values(*counts).where(m.id == of_model))

    def log(self, cursor: Cursor, key: str, form: PredictedForm, by: str) -> PredictionsLogged:
        """Write predictions that are new or another."""
        model = self._lock(cursor, key)
        numbers = self._numbers(cursor, model, [*form.values, *form.labels])
        now = now_ms()
        there = self._rows(cursor, self._there, model, form.ids)
        came: dict[int, _Came] = defaultdict(_Came)
        new, changed, history = [], [], []
        joined = corrected = 0
        for row_key, asked, content in zip(form.ids, form.times or (None,) * len(form.ids), _contents(form, numbers),
                                           strict=True):  # fmt: skip
            kept = there.get(row_key)
            if kept is None:
                time = now if asked is None else asked
                new.append((model.id, row_key, time, *content))
                came[_start(time, model)].predictions += 1
                continue
            number, old_time, _, _, *old = kept
            if old_time is None:  # its label came first
                time = now if asked is None else asked
                joined += 1
                came[_start(time, model)].predictions += 1
                came[_start(time, model)].labels += 1
                changed.append((time, *content, number))
                continue
            time = old_time if asked is None else asked
            if (time, *content) == (old_time, *old):
                continue
            corrected += 1
            history.append((number, "prediction", old[0], old_time, now, by, _rest(old)))
            changed.append((time, *content, number))
            for start in {_start(old_time, model), _start(time, model)}:
                came[start].corrected += 1
        self._add_row.run(cursor, new)
        self._set_row.run(cursor, changed)
        self._remember.run(cursor, history)
        self._note(cursor, model, came, n=len(new) + joined, labelled=joined, orphans=-joined)
        unchanged = len(form.ids) - len(new) - joined - corrected
        return PredictionsLogged(new=len(new) + joined, corrected=corrected, unchanged=unchanged, joined=joined)

    def label(self, cursor: Cursor, key: str, form: LabelForm, by: str) -> LabelsLogged:
        """Write labels that are new or another; of two the later holds."""
        model = self._lock(cursor, key)
        numbers = self._numbers(cursor, model, form.values)
        now = now_ms()
        there = self._rows(cursor, self._labelled, model, form.ids)
        came: dict[int, _Came] = defaultdict(_Came)
        orphans, changed, history, late = [], [], [], []
        told = {"joined": 0, "corrected": 0, "superseded": 0, "unchanged": 0, "waiting": 0}
        for row_key, asked, value in zip(form.ids, form.times or (None,) * len(form.ids), form.values, strict=True):
            code = numbers[value]
            kept = there.get(row_key)
            if kept is None:
                told["waiting"] += 1
                orphans.append((model.id, row_key, code, now if asked is None else asked))
                continue
            number, time, label, label_time = kept
            if label is not None:
                at = max(now, label_time) if asked is None else asked  # without a time, what comes later is later
                if label == code and (asked is None or at <= label_time):
                    told["unchanged"] += 1
                    continue
                if at < label_time:
                    late.append((number, code, at))
                    continue
                if label != code:
                    history.append((number, "label", label, label_time, now, by, None))
                changed.append((code, at, number))
                told["corrected" if label != code else "unchanged"] += 1
                if time is not None and label != code:
                    came[_start(time, model)].relabelled += 1
                continue
            changed.append((code, now if asked is None else asked, number))
            told["joined"] += 1
            came[_start(time, model)].labels += 1
        unknown = self._not_remembered(cursor, late)
        history += [(number, "label", code, at, now, by, None) for number, code, at in unknown]
        told["superseded"] += len(unknown)
        told["unchanged"] += len(late) - len(unknown)
        self._add_orphan.run(cursor, orphans)
        self._set_label.run(cursor, changed)
        self._remember.run(cursor, history)
        self._note(cursor, model, came, labelled=told["joined"], orphans=len(orphans))
        return LabelsLogged(**told)

    def _lock(self, cursor: Cursor, key: str) -> _Model:
        cursor.execute(self._lock_model, (key,))
        row = cursor.fetchone()
        if row is None:
            raise NotFound(f"There is no model {key!r} whose predictions are logged.")
        return _Model(row[0], row[1] == "classifier", row[2])

    def _numbers(self, cursor: Cursor, model: _Model, values: Iterable[Value | None]) -> dict[Value | None, Any]:
        """Return how each value is kept; classes that are new get a number."""
        found = set(values) - {None}
        if not model.classifier:
            return {None: None} | {value: value for value in found}
        cursor.execute(self._classes, (model.id,))
        known: dict[Value, int] = {_read(text): number for number, text in cursor.fetchall()}
        fresh = sorted((value for value in found if value is not None and value not in known), key=_in_order)
        _refuse_mixed([*known, *fresh])
        if len(known) + len(fresh) > MOST_CLASSES:
            raise DataError(
                f"The model has {len(known) + len(fresh):,} different classes by now, such as {shown(fresh[0])!r}; at "
                f"most {MOST_CLASSES:,} can be told apart. For numbers use model_type='regressor'."
            )
        if fresh:
            self._many(
                cursor,
                self._add_class,
                [(model.id, len(known) + i, value_text(value)) for i, value in enumerate(fresh)],
            )
            if len(known) <= _BINARY:  # which class is the positive one, and whether there is one, may be another now
                cursor.execute(self._mark_all, (model.id,))
        known |= {value: len(known) + i for i, value in enumerate(fresh)}
        return {None: None} | {value: float(known[value]) for value in found if value is not None}

    def _rows(self, cursor: Cursor, statement: str, model: _Model, keys: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        cursor.execute(statement, (model.id, self._pack(keys)))
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}

    def _not_remembered(self, cursor: Cursor, late: Sequence[tuple[int, float, int]]) -> list[tuple[int, float, int]]:
        """Return the labels older than what is there that the history does not hold yet."""
        if not late:
            return []
        cursor.execute(self._remembered, (self._pack([number for number, _, _ in late]),))
        known = set(cursor.fetchall())
        return [one for one in late if one not in known]

    def _note(
        self, cursor: Cursor, model: _Model, came: dict[int, _Came], *, n: int = 0, labelled: int = 0, orphans: int = 0
    ) -> None:
        marks = [
            (model.id, start, 1, of.predictions, of.corrected, of.labels, of.relabelled)
            for start, of in sorted(came.items())
        ]
        self._many(cursor, self._mark, marks)
        if n or labelled or orphans:
            cursor.execute(self._count, (n, labelled, orphans, model.id))

    @staticmethod
    def _many(cursor: Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            cursor.executemany(statement, rows)


def _contents(form: PredictedForm, numbers: dict[Value | None, Any]) -> Iterable[tuple[Any, ...]]:
    """Yield each row's values of ``_CONTENT``."""
    labels = [int(numbers[label]) for label in form.labels]
    for i, value in enumerate(form.values):
        given = form.probabilities[i] if form.probabilities else None
        text = None if given is None else f"[{labels},[{','.join(map(repr, given))}]]"
        yield numbers[value], form.scores[i] if form.scores else None, text, form.slices[i], form.features[i]


def _rest(old: Sequence[Any]) -> str | None:
    """Return what a prediction was, apart from its value."""
    told = {name: value for name, value in zip(_CONTENT[1:], old[1:], strict=True) if value is not None}
    return to_json(told, "prediction")


def _start(time: int, model: _Model) -> int:
    return time - time % model.window


def _read(text: str) -> Value:
    value = from_json(text)
    return value if isinstance(value, str) else float(value)


def _in_order(value: Value) -> tuple[bool, Value]:
    return isinstance(value, str), value


def _refuse_mixed(values: Sequence[Value]) -> None:
    words = next((value for value in values if isinstance(value, str)), None)
    number = next((value for value in values if not isinstance(value, str)), None)
    if words is not None and number is not None:
        raise DataError(
            f"This model's classes are both text, such as {words!r}, and numbers, such as {shown(number)}: no "
            "prediction would ever be right. Give predictions and labels in one form."
        )
