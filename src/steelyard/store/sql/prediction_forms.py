"""Batches of predictions and labels in the form of their rows, checked: what cannot be kept is named with its row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.errors import DataError, InvalidArgument
from steelyard.records.prediction import Label, LabelBatch, PredictionBatch
from steelyard.store.sql.json_text import to_json

MOST_ROWS = 50_000
MOST_CLASSES = 2_000
_LONGEST_ID = 500
_LONGEST_VALUE = 250
_MOST_FEATURES = 64 << 10
_LATEST = 253_402_300_800_000  # the year 10000
_MISSING = "(missing)"
_PLAIN = (str, int, bool, type(None))

Value = float | str
"""A class as it is compared, or a number: 1, 1.0 and True are one."""


@dataclass(frozen=True, slots=True)
class PredictedForm:
    """Checked predictions in columns: ``times``, ``scores`` and ``probabilities`` may be empty."""

    ids: tuple[str, ...]
    values: list[Value | None]
    times: tuple[int, ...]
    scores: list[float | None]
    labels: list[Value]
    probabilities: list[tuple[float, ...] | None]
    slices: list[str]
    features: list[str | None]


@dataclass(frozen=True, slots=True)
class LabelForm:
    """Checked labels in columns; ``times`` may be empty."""

    ids: tuple[str, ...]
    values: list[Value]
    times: tuple[int, ...]


def predicted_form(batch: PredictionBatch, *, classifier: bool) -> PredictedForm:
    """Return checked predictions.

    Raises:
        InvalidArgument: a column's length, an id or a time cannot be.
        DataError: a prediction, a probability or a slice cannot be kept; the message names the row.
    """
    n = len(batch.ids)
    _check_ids(batch.ids, batch.first_row)
    _check_lengths(batch, n)
    first = batch.first_row
    values = _values(batch.predictions, "prediction", first, classifier=classifier)
    if batch.scores and not classifier:
        raise InvalidArgument("Scores are probabilities of a class: a regressor has none. Leave scores out.")
    labels = [
        value for value in _values(batch.labels, "label of probabilities", 0, classifier=True) if value is not None
    ]
    if len(labels) != len(set(labels)) or len(labels) != len(batch.labels):
        raise InvalidArgument("probabilities names a label twice, or one that is none: give each class one column.")
    return PredictedForm(
        ids=batch.ids,
        values=values,
        times=_times(batch.times, batch.first_row),
        scores=_shares(batch.scores, "score", first),
        labels=labels,
        probabilities=_rows_of_probabilities(batch),
        slices=_slices(batch.slices, n, first),
        features=_features(batch.features, n, first),
    )


def label_form(batch: LabelBatch, *, classifier: bool) -> LabelForm:
    """Return checked labels.

    Raises:
        InvalidArgument: a column's length, an id or a time cannot be.
        DataError: a label cannot be kept; the message names the row.
    """
    _check_ids(batch.ids, batch.first_row)
    for what, column in (("labels", batch.labels), ("times", batch.times)):
        if len(column) != len(batch.ids) and (column or what == "labels"):
            raise InvalidArgument(f"{what} has {len(column)} rows and ids has {len(batch.ids)}: give one for each id.")
    values = _values(batch.labels, "label", batch.first_row, classifier=classifier)
    whole = [value for value in values if value is not None]
    if len(whole) != len(values):
        raise DataError(
            f"Row {values.index(None) + batch.first_row} has no label. Leave rows out whose label is not known yet."
        )
    return LabelForm(batch.ids, whole, _times(batch.times, batch.first_row))


def value_text(value: Value) -> str:
    """Return a class as JSON: whole numbers without a point."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(to_json(value, "class"))


def shown(value: Value) -> str:
    """Return a class for people."""
    return value if isinstance(value, str) else value_text(value)


def _check_ids(ids: Sequence[str], first_row: int) -> None:
    if len(ids) > MOST_ROWS:
        raise InvalidArgument(f"A batch has at most {MOST_ROWS:,} rows; this one has {len(ids):,}. Send it in parts.")
    for row, key in enumerate(ids, first_row):
        if not isinstance(key, str) or not key:
            raise InvalidArgument(f"Row {row} has no id: an id is a text that is not empty. It is {key!r}.")
        if len(key) > _LONGEST_ID:
            raise InvalidArgument(f"The id in row {row} has {len(key):,} characters; at most {_LONGEST_ID} are kept.")
        if not _is_text(key):
            raise InvalidArgument(
                f"The id in row {row} holds a NUL character or half of a surrogate pair, which no database can find."
            )
    if len(set(ids)) < len(ids):
        key = next(key for key, count in Counter(ids).items() if count > 1)
        rows = [row + first_row for row, other in enumerate(ids) if other == key]
        raise InvalidArgument(
            f"Rows {rows[0]} and {rows[1]} have the same id {key[:60]!r}. Which of them holds? Give each id once; a "
            "correction is logged by a call of its own."
        )


def _check_lengths(batch: PredictionBatch, n: int) -> None:
    columns: dict[str, Sequence[Any]] = {"predictions": batch.predictions}
    columns |= {name: column for name in ("times", "scores") if (column := getattr(batch, name))}
    columns |= {f"the slice {name!r}": column for name, column in batch.slices.items()}
    columns |= {f"the feature {name!r}": column for name, column in batch.features.items()}
    columns |= {f"probabilities of {label!r}": c for label, c in zip(batch.labels, batch.probabilities, strict=False)}
    if len(batch.labels) != len(batch.probabilities):
        raise InvalidArgument("probabilities has another number of columns than there are labels for them.")
    for what, column in columns.items():
        if len(column) != n:
            raise InvalidArgument(f"{what} has {len(column)} rows and ids has {n}: give one for each id.")


def _values(column: Sequence[Label | None], what: str, first_row: int, *, classifier: bool) -> list[Value | None]:
    """Return labels as they are compared; NaN is none."""
    known: dict[Any, Value | None] = {}
    out: list[Value | None] = []
    for row, given in enumerate(column, first_row):
        if type(given) is float and not classifier and math.isfinite(given):
            out.append(given)
            continue
        kind = type(given)
        if kind not in _PLAIN:
            out.append(_value(given, f"The {what} in row {row}", classifier=classifier))
            continue
        if (kind, given) not in known:
            known[kind, given] = _value(given, f"The {what} in row {row}", classifier=classifier)
        out.append(known[kind, given])
    return out


def _value(given: object, where: str, *, classifier: bool) -> Value | None:
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return None
    if isinstance(given, str):
        if not classifier:
            raise DataError(f"{where} is the text {given[:60]!r}, and this model is a regressor: give numbers.")
        if not _is_text(given) or len(given) > _LONGEST_VALUE:
            raise DataError(
                f"{where} is no class: it holds a NUL character or half of a surrogate pair, or more than "
                f"{_LONGEST_VALUE} characters. It begins {given[:40]!r}."
            )
        return given
    if not isinstance(given, bool | int | float):
        raise DataError(f"{where} is of type {type(given).__name__}. Give a text, a number or a bool.")
    if isinstance(given, int) and abs(given) > 2**53:
        raise DataError(f"{where} is {given}: beyond 2^53 numbers run together. If it is a class, give it as text.")
    number = float(given)
    if math.isinf(number):
        raise DataError(f"{where} is infinite. Give a finite number, or None where there is none.")
    if classifier and not number.is_integer():
        raise DataError(
            f"{where} is {number:.6g}, which is no class. Give the positive class's probability as scores=…; for "
            "numbers use model_type='regressor'."
        )
    return number


def _times(times: Sequence[int], first_row: int) -> tuple[int, ...]:
    for row, time in enumerate(times, first_row):
        if type(time) is not int or not 0 <= time < _LATEST:
            raise InvalidArgument(
                f"The time in row {row} is {time!r}: give milliseconds since 1970, before the year 10000."
            )
    return tuple(times)


def _shares(column: Sequence[float | None], what: str, first_row: int) -> list[float | None]:
    out: list[float | None] = []
    for row, given in enumerate(column, first_row):
        if given is not None and not isinstance(given, (int, float)):
            raise DataError(f"The {what} in row {row} is of type {type(given).__name__}. Give a number, or None.")
        share = None if given is None or given != given else given
        if share is not None and not 0.0 <= share <= 1.0:
            raise DataError(f"The {what} in row {row} is {str(share)[:20]}: a probability lies between 0 and 1.")
        out.append(None if share is None else float(share))
    return out


def _rows_of_probabilities(batch: PredictionBatch) -> list[tuple[float, ...] | None]:
    named = zip(batch.labels, batch.probabilities, strict=True)
    columns = [_shares(column, f"probability of {label!r}", batch.first_row) for label, column in named]
    out: list[tuple[float, ...] | None] = []
    for row, given in enumerate(zip(*columns, strict=True), batch.first_row):
        whole = tuple(share for share in given if share is not None)
        if whole and len(whole) != len(given):
            raise DataError(f"Row {row} has probabilities of some classes and not of others. Give all, or none.")
        out.append(whole or None)
    return out


def _slices(columns: Mapping[str, Sequence[str | None]], n: int, first_row: int) -> list[str]:
    """Return each row's slices as a JSON object, with the dimensions in order."""
    if not columns:
        return ["{}"] * n
    names = sorted(columns)
    for name in names:
        for row, value in enumerate(columns[name], first_row):
            if value is not None and not (isinstance(value, str) and _is_text(value) and len(value) <= _LONGEST_VALUE):
                raise DataError(
                    f"The slice {name!r} in row {row} cannot be kept: give a text without NUL characters, of at most "
                    f"{_LONGEST_VALUE} characters."
                )
    spelt: dict[tuple[str | None, ...], str] = {}
    out = []
    for row in zip(*(columns[name] for name in names), strict=True):
        if row not in spelt:
            words = {name: _MISSING if value is None else value for name, value in zip(names, row, strict=True)}
            spelt[row] = str(to_json(words, "slices"))
        out.append(spelt[row])
    return out


def _features(columns: Mapping[str, Sequence[Any]], n: int, first_row: int) -> list[str | None]:
    if not columns:
        return [None] * n
    out: list[str | None] = []
    for row, values in enumerate(_by_row(columns), first_row):
        text = str(to_json(values, f"features in row {row}"))
        if len(text) > _MOST_FEATURES:
            largest = max(values, key=lambda name: len(repr(values[name])))
            raise DataError(
                f"The features in row {row} take {len(text):,} bytes, most of it {largest!r}; at most "
                f"{_MOST_FEATURES:,} are kept. Leave that column out."
            )
        out.append(text)
    return out


def _by_row(columns: Mapping[str, Sequence[Any]]) -> Iterable[dict[str, Any]]:
    names = sorted(columns)
    for values in zip(*(columns[name] for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _is_text(text: str) -> bool:
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))
