"""Measures of a ranking, one value a query, exact in the presence of ties.

With ``rank(..., ties="average")`` each is the mean over all orders of equal scores, in closed form: McSherry and Najork
2008, "Computing information retrieval performance measures efficiently in the presence of tied scores".
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.ranking.ranked import Ranked

Gain = Literal["linear", "exponential"]


def dcg(ranked: Ranked, k: int | None = None, *, gain: Gain = "linear") -> np.ndarray:
    """Return the discounted cumulative gain of each query: gains by log2(rank + 1), summed over the first k.

    Source: Järvelin and Kekäläinen 2002. Linear gain is the grade (scikit-learn, trec_eval), exponential 2^grade - 1
    (Burges et al. 2005; LightGBM, XGBoost).

    Returns:
        Shape (q,), 0 and up.
    """
    return ranked.per_query(ranked.over_ties(_gains(ranked.grades, gain)) * _discounts(ranked, k))


def ndcg(ranked: Ranked, k: int | None = None, *, gain: Gain = "linear") -> np.ndarray:
    """Return each query's DCG by that of the best order of its documents; 0 for a query with nothing relevant.

    Equal to ``sklearn.metrics.ndcg_score`` (linear gain), ties included.

    Examples:
        >>> from steelyard.metrics.ranking import rank
        >>> ndcg(rank([1, 1, 1], [0.9, 0.5, 0.1], [3, 2, 0])).tolist()
        [1.0]
    """
    gains = _gains(ranked.grades, gain)
    best = gains[np.lexsort((-gains, ranked.owner))]
    ideal = ranked.per_query(best * _discounts(ranked, k))
    found = dcg(ranked, k, gain=gain)
    return np.minimum(np.divide(found, ideal, out=np.zeros_like(found), where=ideal > 0), 1.0)


def precision(ranked: Ranked, k: int, *, relevant_from: float = 1.0) -> np.ndarray:
    """Return the relevant share of each query's first k places, empty places included (trec_eval's ``P_k``)."""
    return _hits(ranked, k, relevant_from) / _checked(k)


def recall(ranked: Ranked, k: int, *, relevant_from: float = 1.0) -> np.ndarray:
    """Return the share of each query's relevant documents within its first k; 0 if it has none."""
    total = _hits(ranked, None, relevant_from)
    return np.divide(_hits(ranked, k, relevant_from), total, out=np.zeros(len(total)), where=total > 0)


def average_precision(ranked: Ranked, k: int | None = None, *, relevant_from: float = 1.0) -> np.ndarray:
    """Return the precision at each relevant document of the first k, summed, by all relevant documents of the query.

    0 for a query with nothing relevant, as in trec_eval (``map``, ``map_cut_k``).
    """
    relevant = (ranked.grades >= relevant_from).astype(np.float64)
    share = ranked.over_ties(relevant)  # r / n of the tie: the chance that this place is relevant
    tied = share * ranked.size
    so_far = np.concatenate([[0.0], np.cumsum(relevant)])
    start = ranked.offsets[:-1][ranked.owner]
    before = so_far[ranked.first] - so_far[start]
    place = np.arange(len(relevant)) - ranked.first
    expected = before + 1 + place * (tied - 1) / np.maximum(ranked.size - 1, 1)
    terms = np.where(share > 0, share * expected / ranked.rank, 0.0) * _within(ranked, k)
    total = ranked.per_query(relevant)
    return np.divide(ranked.per_query(terms), total, out=np.zeros(len(total)), where=total > 0)


def reciprocal_rank(ranked: Ranked, k: int | None = None, *, relevant_from: float = 1.0) -> np.ndarray:
    """Return 1 by the place of each query's first relevant document, 0 if there is none within the first k."""
    return _first_hit(ranked, k, relevant_from)[1]


def hit_rate(ranked: Ranked, k: int, *, relevant_from: float = 1.0) -> np.ndarray:
    """Return 1 where a query has a relevant document within its first k; with ties, the chance of one."""
    return _first_hit(ranked, k, relevant_from)[0]


def query_scores(
    ranked: Ranked, k: int = 10, *, gain: Gain = "linear", relevant_from: float = 1.0
) -> dict[str, np.ndarray]:
    """Return every measure of each query, from one sort.

    Args:
        ranked: from ``rank``.
        k: how many places count.
        gain: of the NDCGs.
        relevant_from: the lowest grade that is relevant, for the measures that ask only that.

    Returns:
        Name to values of shape (q,), 0 to 1, in the order of ``ranked.queries``.

    Examples:
        >>> from steelyard.metrics.ranking import rank
        >>> scores = query_scores(rank(["q", "q"], [0.2, 0.1], [0, 1]), k=1)
        >>> {name: float(values[0]) for name, values in scores.items() if name in ("ndcg_at_1", "mrr")}
        {'ndcg_at_1': 0.0, 'mrr': 0.5}
    """
    graded = {"ndcg": ndcg(ranked, gain=gain), f"ndcg_at_{k}": ndcg(ranked, k, gain=gain)}
    hit_at_k, mrr_at_k = _first_hit(ranked, k, relevant_from)
    return graded | {
        f"precision_at_{k}": precision(ranked, k, relevant_from=relevant_from),
        f"recall_at_{k}": recall(ranked, k, relevant_from=relevant_from),
        f"hit_rate_at_{k}": hit_at_k,
        f"mrr_at_{k}": mrr_at_k,
        f"map_at_{k}": average_precision(ranked, k, relevant_from=relevant_from),
        "mrr": reciprocal_rank(ranked, relevant_from=relevant_from),
        "map": average_precision(ranked, relevant_from=relevant_from),
    }


def _checked(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise InvalidArgument(f"k={k!r} must be a whole number of at least 1: how many places count.")
    return int(k)


def _within(ranked: Ranked, k: int | None) -> np.ndarray:
    return np.ones(len(ranked.rank), dtype=bool) if k is None else ranked.rank <= _checked(k)


def _discounts(ranked: Ranked, k: int | None) -> np.ndarray:
    return _within(ranked, k) / np.log2(ranked.rank + 1)


def _gains(grades: np.ndarray, gain: Gain) -> np.ndarray:
    if gain not in ("linear", "exponential"):
        raise InvalidArgument(f"gain={gain!r} is neither 'linear' nor 'exponential'.")
    return grades if gain == "linear" else np.exp2(grades) - 1


def _hits(ranked: Ranked, k: int | None, relevant_from: float) -> np.ndarray:
    return ranked.per_query(ranked.over_ties((ranked.grades >= relevant_from).astype(np.float64)) * _within(ranked, k))


def _first_hit(ranked: Ranked, k: int | None, relevant_from: float) -> tuple[np.ndarray, np.ndarray]:
    """Return each query's chance of a relevant document within the first k, and its expected reciprocal rank."""
    relevant = ranked.grades >= relevant_from
    owner = ranked.owner
    places = np.flatnonzero(relevant)
    queries, where = np.unique(owner[places], return_index=True)
    first = places[where]  # a member of the first tie that holds anything relevant
    limit = np.iinfo(np.int64).max if k is None else _checked(k)
    tie, size = ranked.first[first], ranked.size[first]
    best = tie - ranked.offsets[queries] + 1  # the tie's first place
    hit, reciprocal = np.zeros(len(ranked.queries)), np.zeros(len(ranked.queries))
    hit[queries] = best <= limit
    reciprocal[queries] = hit[queries] / best
    so_far = np.concatenate([[0], np.cumsum(relevant)])
    held = so_far[tie + size] - so_far[tie]
    for index in np.flatnonzero((held < size) & (best <= limit)):
        n, r, start = int(size[index]), int(held[index]), int(best[index])
        skipped = np.arange(n - r)  # places of the tie taken by others before the first relevant one
        chance = np.concatenate([[1.0], np.cumprod((n - r - skipped) / (n - skipped))])
        chance = chance * r / (n - np.arange(n - r + 1))
        chance = chance[: max(limit - start + 1, 0)]
        hit[queries[index]] = min(chance.sum(), 1.0)
        reciprocal[queries[index]] = (chance / (start + np.arange(len(chance)))).sum()
    return hit, reciprocal
