"""Retrieval: each row is a query with the list of ids that came back and the set of ids that should have.

The values of ``precision_at_k``, ``recall_at_k`` and ``ndcg_at_k`` are MLflow's, edge cases included.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from math import log2

import numpy as np

from steelyard.errors import DataError, InvalidArgument
from steelyard.records import MetricInfo

_TITLES = {
    "precision_at_{k}": "Precision at {k}",
    "recall_at_{k}": "Recall at {k}",
    "ndcg_at_{k}": "NDCG at {k}",
    "f1_at_{k}": "F1 at {k}",
    "hit_rate_at_{k}": "Hit rate at {k}",
    "mrr_at_{k}": "Reciprocal rank at {k}",
    "map_at_{k}": "Average precision at {k}",
    "mrr": "Reciprocal rank",
    "map": "Average precision",
    "r_precision": "R-precision",
}
_HEADLINE = ("precision_at_{k}", "recall_at_{k}", "ndcg_at_{k}")

Ids = Sequence[Hashable]


def metric_infos(k: int = 3) -> tuple[MetricInfo, ...]:
    """Return the descriptions of the metrics that ``row_scores`` counts, in its order."""
    return tuple(
        MetricInfo(name=name.format(k=k), title=title.format(k=k), headline=name in _HEADLINE, family="retrieval")
        for name, title in _TITLES.items()
    )


def row_scores(retrieved: Iterable[object], relevant: Iterable[object], k: int = 3) -> dict[str, np.ndarray]:
    """Return every retrieval metric of each query.

    - ``precision_at_k``: hits among the first k by how many of those there are (not by k); a repeated id hits again.
      0 if nothing was retrieved.
    - ``recall_at_k``: different hits among the first k by the relevant ids.
    - ``ndcg_at_k``: relevance is 1 or 0; with m ids among the first k, the ideal ranking has m places too, and each
      repetition of a relevant id counts as one more relevant id.
    - ``f1_at_k``: harmonic mean of the two first. ``hit_rate_at_k``: 1 if there is any hit.
    - ``mrr``, ``mrr_at_k``: 1 by the place of the first hit, 0 without one.
    - ``map``, ``map_at_k``: precision at the place of each different hit, summed, by the relevant ids (as trec_eval).
    - ``r_precision``: different hits among the first R by R, the number of relevant ids.

    A query without relevant ids scores 1 if nothing was retrieved either, else 0; but ``precision`` and ``f1`` are 0 in
    both cases, as MLflow's precision is.

    Args:
        retrieved: n lists of ids, best first; None where the model gave nothing to score.
        relevant: n lists or sets of ids; None where it is not known what is relevant.
        k: how many of the retrieved ids count.

    Returns:
        Name to scores of shape (n,), 0 to 1; NaN where missing.

    Raises:
        DataError: a cell is not a list of ids; the message names its row.

    Examples:
        >>> scores = row_scores([["a", "x", "b"]], [["a", "b"]], k=2)
        >>> scores["precision_at_2"].tolist(), scores["recall_at_2"].tolist(), scores["mrr"].tolist()
        ([0.5], [0.5], [1.0])
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise InvalidArgument(f"k={k!r} must be a whole number of at least 1: how many retrieved ids count.")
    found, wanted = _rows(retrieved), _rows(relevant)
    if len(found) != len(wanted):
        raise InvalidArgument(
            f"There are {len(found)} retrieved lists and {len(wanted)} relevant ones: give one a row."
        )
    out = np.full((len(_TITLES), len(found)), np.nan)
    for row, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        ids, targets = _ids(ours, row, "retrieved"), _ids(theirs, row, "relevant")
        if ids is not None and targets is not None:
            out[:, row] = _score(ids, frozenset(t for t in targets if t is not None and t == t), int(k))
    return {name.format(k=k): out[i] for i, name in enumerate(_TITLES)}


def _score(ids: Ids, relevant: frozenset[Hashable], k: int) -> tuple[float, ...]:
    top = ids[:k]
    if not relevant:
        whole, cut = float(not ids), float(not top)
        return (0.0, cut, cut, 0.0, cut, cut, cut, whole, whole, whole)
    hits = [i in relevant for i in ids]
    fresh = _first_times(ids, hits)
    precision = sum(hits[:k]) / len(top) if top else 0.0
    recall = sum(fresh[:k]) / len(relevant)
    both = precision + recall
    return (
        precision,
        recall,
        _ndcg(hits[:k], len(relevant) + sum(hits[:k]) - sum(fresh[:k])),
        2 * precision * recall / both if both else 0.0,
        float(any(hits[:k])),
        _reciprocal_rank(hits[:k]),
        _average_precision(fresh[:k], len(relevant)),
        _reciprocal_rank(hits),
        _average_precision(fresh, len(relevant)),
        sum(fresh[: len(relevant)]) / len(relevant),
    )


def _first_times(ids: Ids, hits: Sequence[bool]) -> list[bool]:
    seen: set[Hashable] = set()
    fresh = []
    for i, hit in zip(ids, hits, strict=True):
        fresh.append(hit and i not in seen)
        if hit:
            seen.add(i)
    return fresh


def _ndcg(hits: Sequence[bool], relevant: int) -> float:
    gain = sum(1 / log2(place + 2) for place, hit in enumerate(hits) if hit)
    ideal = sum(1 / log2(place + 2) for place in range(min(relevant, len(hits))))
    return gain / ideal if ideal else 0.0


def _reciprocal_rank(hits: Sequence[bool]) -> float:
    return next((1 / (place + 1) for place, hit in enumerate(hits) if hit), 0.0)


def _average_precision(fresh: Sequence[bool], relevant: int) -> float:
    total, count = 0.0, 0
    for place, hit in enumerate(fresh, start=1):
        if hit:
            count += 1
            total += count / place
    return total / relevant


def _rows(column: Iterable[object]) -> list[object]:
    if hasattr(column, "to_pylist"):
        return column.to_pylist()  # pyrefly: ignore[missing-attribute]  # Arrow, recognised by its method
    return list(column)


def _ids(cell: object, row: int, name: str) -> Ids | None:
    if cell is None or (isinstance(cell, float) and cell != cell) or type(cell).__name__ == "NAType":
        return None
    ids = cell.tolist() if isinstance(cell, np.ndarray) else cell
    unordered = (set, frozenset) if name == "relevant" else ()
    if not isinstance(ids, (list, tuple, *unordered)):
        shown = f"{cell!r:.60} ({type(cell).__name__})"
        raise DataError(
            f"Row {row} of {name} is {shown}, not a list of ids. Give each query a list, such as ['a', 'b']."
        )
    if any(isinstance(i, (list, dict, set)) for i in ids):
        raise DataError(f"Row {row} of {name} has an id that is itself a list or dict. Ids are texts or numbers.")
    return list(ids)
