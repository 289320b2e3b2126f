"""The area under the ROC curve and average precision, exactly, with each row's influence on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Areas:
    """Both areas of one set of rows; the influences stand in the order in which the rows were given.

    Args:
        roc_auc: the chance that a positive scores above a negative, ties half; NaN with one class only.
        average_precision: the sum of precision over steps of recall; NaN without positives.
        roc_influence: for each row of weight w, w × (its placement − AUC), to be divided by its class's weight.
        precision_influence: for each row, n × the derivative of average precision by its weight, at weight 1.
        roc_se: DeLong's standard error (NaN with weights or fewer than two rows in a class).
    """

    roc_auc: float
    average_precision: float
    roc_influence: np.ndarray
    precision_influence: np.ndarray
    roc_se: float


def areas(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray | None = None) -> Areas:
    """Compute both areas from one sort, ties exact.

    The influence of a row on the ROC area is its placement value (DeLong et al. 1988; Sun & Xu 2014). That on average
    precision, AP = Σ w⁺ precision(s) / P, follows by differentiating each precision(t), t ≤ s, by the row's weight.

    Args:
        scores: shape (n,), finite.
        positive: shape (n,), bool.
        weights: shape (n,), or None.

    Examples:
        >>> a = areas(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
        >>> a.roc_auc, round(a.average_precision, 4)
        (0.75, 0.8333)
    """
    order = np.argsort(scores)
    return areas_sorted(scores[order], positive[order], None if weights is None else weights[order], order)


def areas_sorted(s: np.ndarray, y: np.ndarray, w: np.ndarray | None, order: np.ndarray) -> Areas:
    """As :func:`areas`, for rows already sorted by score; ``order`` says where each belongs in the result."""
    n = len(s)
    empty = np.zeros(n)
    positive = y.astype(float) if w is None else np.where(y, w, 0.0)
    negative = 1.0 - positive if w is None else np.where(y, 0.0, w)
    total_p, total_n = positive.sum(), negative.sum()
    if n == 0 or total_p == 0:
        return Areas(np.nan, np.nan, empty, empty, np.nan)

    # Ties form groups; everything below is worked out once a group and then given to its rows.
    first = np.empty(n, dtype=bool)
    first[0] = True
    np.not_equal(s[1:], s[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    p, q = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    below_q = np.cumsum(q) - q
    from_p, from_n = total_p - np.cumsum(p) + p, total_n - below_q  # weight at or above each group
    sizes = np.diff(np.append(starts, n))

    above = from_p + from_n
    above[above == 0] = 1.0  # rows of weight 0 at the top: nothing is called, and nothing follows from them
    precision = from_p / above
    ap = float((p * precision).sum() / total_p)
    c1 = np.cumsum(p / above)
    c2 = np.cumsum(p * precision / above)
    if_positive, if_negative = (precision - ap + c1 - c2), -c2
    scale = (total_p + total_n) / total_p
    ap_rows = np.where(y, np.repeat(if_positive, sizes), np.repeat(if_negative, sizes)) * scale
    precision_influence = _unsort(ap_rows if w is None else ap_rows * w, order)

    if total_n == 0:
        return Areas(np.nan, ap, empty, precision_influence, np.nan)
    v_positive = (below_q + q / 2) / total_n
    v_negative = (from_p - p / 2) / total_p
    auc = float((p * v_positive).sum() / total_p)
    placement = np.where(y, np.repeat(v_positive, sizes), np.repeat(v_negative, sizes)) - auc
    influence = _unsort(placement if w is None else placement * w, order)
    se = _delong_se(p, q, v_positive - auc, v_negative - auc) if w is None else np.nan
    return Areas(auc, ap, influence, precision_influence, se)


def _delong_se(p: np.ndarray, q: np.ndarray, dp: np.ndarray, dn: np.ndarray) -> float:
    m, n = p.sum(), q.sum()
    if m < 2 or n < 2:
        return np.nan
    return float(np.sqrt((p * dp**2).sum() / (m - 1) / m + (q * dn**2).sum() / (n - 1) / n))


def _unsort(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    out = np.empty_like(values)
    out[order] = values
    return out
