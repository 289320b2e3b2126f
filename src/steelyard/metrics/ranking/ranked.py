"""Documents in the order of their scores, query by query: the one sort that all ranking measures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from steelyard.errors import DataError, InvalidArgument

Ties = Literal["average", "row"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Every query's documents, best first, in one array after another.

    Args:
        queries: shape (q,), the queries' ids, sorted.
        offsets: shape (q + 1,), where each query's documents begin and end in the arrays below.
        grades: shape (n,), relevance in ranked order.
        rank: shape (n,), place within the query from 1.
        first, size: shape (n,), where the tie that a document belongs to begins in these arrays, and how many it holds
            (itself alone: 1).
        order: shape (n,), the row that each document came from.
    """

    queries: np.ndarray
    offsets: np.ndarray
    grades: np.ndarray
    rank: np.ndarray
    first: np.ndarray
    size: np.ndarray
    order: np.ndarray

    def per_query(self, values: np.ndarray) -> np.ndarray:
        """Sum a value of each document over its query, shape (q,)."""
        return np.add.reduceat(values, self.offsets[:-1]) if len(values) else np.zeros(0)

    def over_ties(self, values: np.ndarray) -> np.ndarray:
        """Give each document the mean of its tie, which is its expected value in a random order of equals."""
        if not len(values) or (self.size == 1).all():
            return values
        starts = np.flatnonzero(self.first == np.arange(len(values)))
        return np.repeat(np.add.reduceat(values, starts) / self.size[starts], self.size[starts])

    @property
    def owner(self) -> np.ndarray:
        """The index of each document's query, shape (n,)."""
        return np.repeat(np.arange(len(self.queries)), np.diff(self.offsets))


def rank(queries: object, scores: object, relevance: object, *, ties: Ties = "average") -> Ranked:
    """Sort documents by score within their queries.

    Args:
        queries: n query ids, all texts or all numbers; a query's rows may stand anywhere.
        scores: n numbers, higher is better; a missing score (NaN) ranks below all others.
        relevance: n grades, 0 and up; an unjudged document (NaN) counts as 0, as in trec_eval.
        ties: ``average`` makes every measure its expected value over the orders of equal scores (McSherry and Najork
            2008), so that the order of rows never matters; ``row`` takes equal scores in the order of the rows.

    Raises:
        InvalidArgument: columns of different lengths, or an unknown way with ties.
        DataError: a missing query id, ids of mixed kinds, or a negative or infinite grade; the message names the row.

    Examples:
        >>> ranked = rank(["q", "q", "p"], [0.1, 0.9, 0.5], [0, 1, 2])
        >>> ranked.queries.tolist(), ranked.grades.tolist(), ranked.rank.tolist()
        (['p', 'q'], [2.0, 1.0, 0.0], [1, 1, 2])
    """
    if ties not in ("average", "row"):
        raise InvalidArgument(f"ties={ties!r} is neither 'average' nor 'row'.")
    ids, codes = _queries(queries)
    values, grades = _numbers(scores, "scores"), _numbers(relevance, "relevance")
    if not len(codes) == len(values) == len(grades):
        lengths = f"{len(codes)} query ids, {len(values)} scores and {len(grades)} grades"
        raise InvalidArgument(f"There are {lengths}: each document needs one of each.")
    grades = _checked_grades(grades)
    order = np.lexsort((np.arange(len(codes)), -values, codes))
    codes, values = codes[order], values[order]
    places = np.arange(len(codes))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(ids)))]).astype(np.int64)
    starts = places == offsets[codes]
    if ties == "row":
        starts[:] = True
    else:
        differs = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
        starts[1:] |= differs
    begin = np.flatnonzero(starts)
    size = np.diff(np.append(begin, len(codes)))
    return Ranked(
        queries=ids,
        offsets=offsets,
        grades=grades[order],
        rank=places - offsets[codes] + 1,
        first=np.repeat(begin, size),
        size=np.repeat(size, size),
        order=order,
    )


def _queries(column: object) -> tuple[np.ndarray, np.ndarray]:
    ids = np.asarray(column)
    if ids.ndim != 1:
        raise InvalidArgument(f"Query ids must be one column; these have shape {ids.shape}.")
    absent = np.isnan(ids) if ids.dtype.kind == "f" else np.array([i is None or i != i for i in ids], dtype=bool)
    if absent.any():
        raise DataError(f"Row {int(np.flatnonzero(absent)[0])} has no query id: each document belongs to a query.")
    if ids.dtype.kind != "O":
        return np.unique(ids, return_inverse=True)
    try:
        distinct = sorted(dict.fromkeys(ids))
    except TypeError:
        raise DataError("Query ids are of different kinds (texts and numbers): turn them all into texts.") from None
    index = {query: code for code, query in enumerate(distinct)}
    unique = np.empty(len(distinct), dtype=object)
    unique[:] = distinct
    return unique, np.array([index[query] for query in ids], dtype=np.int64)


def _numbers(column: object, name: str) -> np.ndarray:
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"The column {name} must hold numbers: {error}.") from None
    if values.ndim != 1:
        raise InvalidArgument(f"The column {name} must be one column; it has shape {values.shape}.")
    return values


def _checked_grades(grades: np.ndarray) -> np.ndarray:
    grades = np.nan_to_num(grades, nan=0.0, posinf=np.inf, neginf=-np.inf)
    wrong = np.flatnonzero((grades < 0) | np.isinf(grades))
    if len(wrong):
        raise DataError(f"Row {wrong[0]} has relevance {grades[wrong[0]]:g}; a grade is 0 (not relevant) or more.")
    return grades
