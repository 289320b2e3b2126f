"""How often k tries succeed: pass@k (at least one of them) and pass^k (all of them), from c successes in n tries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument

Floats = npt.NDArray[np.float64]


def pass_at_k(successes: npt.ArrayLike, tries: npt.ArrayLike, k: int) -> Floats:
    """Return the chance that at least one of k tries succeeds, without bias, for each row.

    Source: Chen et al. 2021 (arXiv 2107.03374), 1 − C(n − c, k)/C(n, k): the share of the k-subsets of the n tries that
    hold a success. It is computed as 1 − Π (n − c − i)/(n − i), i < k, which cannot overflow.

    Args:
        successes: c, successful tries of each row; any shape.
        tries: n, usable tries of each row, broadcast against it.
        k: how many tries are allowed, at least 1.

    Returns:
        Shares of the same shape; NaN where there are fewer than k tries, from which nothing can be told without bias.

    Raises:
        InvalidArgument: k is below 1, or a row has more successes than tries.

    Examples:
        >>> pass_at_k([0, 1, 2, 3], 3, 2).round(4).tolist()
        [0.0, 0.6667, 1.0, 1.0]
        >>> pass_at_k([1], [1], 2).tolist()
        [nan]
    """
    c, n = _counts(successes, tries, k)
    return np.where(n >= k, 1.0 - _share_of_subsets(n - c, n, k), np.nan)


def pass_hat_k(successes: npt.ArrayLike, tries: npt.ArrayLike, k: int) -> Floats:
    """Return the chance that k tries all succeed, without bias, for each row.

    Source: Yao et al. 2024 (τ-bench, arXiv 2406.12045), C(c, k)/C(n, k). Arguments as for :func:`pass_at_k`.

    Examples:
        >>> pass_hat_k([0, 1, 2, 3], 3, 2).round(4).tolist()
        [0.0, 0.0, 0.3333, 1.0]
    """
    c, n = _counts(successes, tries, k)
    return np.where(n >= k, _share_of_subsets(c, n, k), np.nan)


def _counts(successes: npt.ArrayLike, tries: npt.ArrayLike, k: int) -> tuple[Floats, Floats]:
    if k < 1:
        message = f"k must be at least 1 try; it is {k!r}."
        raise InvalidArgument(message)
    c, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(tries, dtype=np.float64))
    if np.any((c < 0) | (c > n)):
        raise InvalidArgument("Each row's successes must lie between 0 and its tries.")
    return c, n


def _share_of_subsets(chosen: Floats, of: Floats, k: int) -> Floats:
    """C(chosen, k)/C(of, k); what it gives where ``of`` is below k means nothing."""
    share = np.ones_like(of)
    for i in range(k):
        share = share * np.maximum(chosen - i, 0.0) / np.maximum(of - i, 1.0)
    return share
