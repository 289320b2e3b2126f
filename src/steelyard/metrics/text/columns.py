"""Columns of text as the metrics read them: which rows are missing, and every (prediction, reference) pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.errors import DataError, InvalidArgument

Texts = Sequence[str | None]
References = Sequence[str | Sequence[str] | None]


def is_absent(value: object) -> bool:
    """Say whether a cell holds nothing: None, a float NaN or a frame's own missing value."""
    if value is None or isinstance(value, str):
        return value is None
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")


def as_rows(column: object) -> list[object]:
    """Return a column of any kind (list, series, array, Arrow array) as a list of Python objects."""
    if hasattr(column, "to_pylist"):
        return column.to_pylist()  # pyrefly: ignore[missing-attribute]  # Arrow, recognised by its method
    if isinstance(column, str) or not hasattr(column, "__iter__"):
        raise InvalidArgument(f"A column of texts is needed, such as a list; this is one {type(column).__name__}.")
    return list(column)  # pyrefly: ignore[bad-argument-type]  # iterable, as checked above


def texts(column: object, *, name: str = "predictions") -> list[str | None]:
    """Return a column of texts with None for missing rows.

    Raises:
        DataError: a cell is neither text nor missing; the message names its row.
    """
    return [None if is_absent(cell) else _text(cell, name, row) for row, cell in enumerate(as_rows(column))]


def references_of(column: object) -> list[tuple[str, ...]]:
    """Return each row's references; a missing row, or one with an empty list, has none.

    Raises:
        DataError: a cell is neither text, a list of texts nor missing; the message names its row.
    """
    return [_row_references(cell, row) for row, cell in enumerate(as_rows(column))]


def is_missing(predictions: object, references: object | None = None) -> np.ndarray:
    """Say which rows cannot be scored: no prediction, or (if references are given) no reference.

    Returns:
        Shape (n,), bool.

    Examples:
        >>> is_missing(["a", None, "c"], ["a", "b", None]).tolist()
        [False, True, True]
    """
    absent = np.array([t is None for t in texts(predictions)], dtype=bool)
    if references is None:
        return absent
    without = np.array([not r for r in references_of(references)], dtype=bool)
    _same_length(len(absent), len(without))
    return absent | without


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every prediction beside each of its references, with the rows they came from.

    Args:
        n: rows, missing ones included.
        predictions, references: texts of equal length, one entry a pair; a row's pairs stand together.
        rows: shape (scored rows,), the rows that have at least one pair, ascending.
        starts: shape (scored rows,), where each such row's pairs begin.
    """

    n: int
    predictions: list[str]
    references: list[str]
    rows: np.ndarray
    starts: np.ndarray

    def best(self, scores: np.ndarray) -> np.ndarray:
        """Return each row's highest score over its references, shape (n,), NaN for missing rows."""
        out = np.full(self.n, np.nan)
        if len(self.rows):
            out[self.rows] = np.maximum.reduceat(scores, self.starts)
        return out

    def first_best(self, scores: np.ndarray) -> np.ndarray:
        """Return the pair with the highest score of each scored row (the first of equals)."""
        if len(self.starts) == len(scores):
            return self.starts
        owner = np.repeat(np.arange(len(self.starts)), np.diff(np.append(self.starts, len(scores))))
        order = np.lexsort((np.arange(len(scores)), -scores, owner))
        return order[self.starts]


def pair_up(predictions: object, references: object) -> Pairs:
    """Put each prediction beside its references, leaving missing rows out."""
    hypotheses, sets = texts(predictions), references_of(references)
    _same_length(len(hypotheses), len(sets))
    rows, starts, left, right = [], [], [], []
    for row, (hypothesis, refs) in enumerate(zip(hypotheses, sets, strict=True)):
        if hypothesis is None or not refs:
            continue
        rows.append(row)
        starts.append(len(right))
        left.extend([hypothesis] * len(refs))
        right.extend(refs)
    return Pairs(len(hypotheses), left, right, np.array(rows, dtype=np.int64), np.array(starts, dtype=np.int64))


def _text(cell: object, name: str, row: int) -> str:
    if isinstance(cell, str):
        return cell
    msg = f"Row {row} of {name} is {cell!r:.60} ({type(cell).__name__}), not text. Turn the column into text first."
    raise DataError(msg)


def _row_references(cell: object, row: int) -> tuple[str, ...]:
    if isinstance(cell, str):
        return (cell,)
    if is_absent(cell):
        return ()
    if isinstance(cell, (list, tuple, np.ndarray)):
        return tuple(_text(ref, "references", row) for ref in cell if not is_absent(ref))
    return (_text(cell, "references", row),)


def _same_length(predictions: int, references: int) -> None:
    if predictions != references:
        msg = f"There are {predictions} predictions and {references} references: give one reference (or list) a row."
        raise InvalidArgument(msg)
