"""Bets against "the mean is no worse than this": what is won by rows if it is.

A bet of size λ pays 1 + λ(z − q) on a row with badness z in [0, 1]. While the mean of z is at most q its expectation is
at most 1, whatever the law of z, so that the product over rows is an e-value (Waudby-Smith & Ramdas 2024, §4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.metrics.sequential.counts import Floats

BETS = 12
"""How many sizes of bets are held at once."""

_AT_ONCE = 1_000_000  # numbers held in memory
_SHIFTS = np.geomspace(0.02, 4.0, BETS)


def bets_against(nulls: npt.ArrayLike) -> Floats:
    """Return the sizes of bets that are held against each null: shape (c, ``BETS``), rising.

    For verdicts 1 + λ(z − q) is the likelihood ratio of another share r to q, with λ = (r − q)/(q(1 − q)). The sizes
    are those of r whose log-odds lie 0.02 to 4 above q's, in equal steps of the logarithm: a change of a fifth of a
    point and a collapse each have a size that suits them within a quarter, which costs less than a tenth of the speed.

    Args:
        nulls: shape (c,), each between 0 and 1.
    """
    q = np.asarray(nulls, np.float64)[:, None]
    odds = q / (1.0 - q) * np.exp(_SHIFTS)
    return (odds / (1.0 + odds) - q) / (q * (1.0 - q))


def log_wealth(badness: Floats, rows: npt.ArrayLike, nulls: Floats, bets: Floats) -> Floats:
    """Return the logarithm of what each bet has made of 1 after all rows.

    Args:
        badness: shape (k,), the different values, 0 to 1.
        rows: shape (k,), how many rows have each.
        nulls: shape (c,).
        bets: shape (c, b), each below 1/null.

    Returns:
        Shape (c, b).
    """
    counts = np.asarray(rows, np.float64)
    if bets.size * len(badness) <= _AT_ONCE:
        return np.log1p((badness - nulls[:, None])[:, None, :] * bets[:, :, None]) @ counts
    wealth = np.empty(bets.shape)
    for i, (null, sizes) in enumerate(zip(nulls, bets, strict=True)):
        wealth[i] = np.log1p((badness - null)[:, None] * sizes).T @ counts
    return wealth


def log_mean(logs: Floats) -> Floats:
    """Return the logarithm of the mean over the last axis of what is given as logarithms."""
    return np.logaddexp.reduce(logs, axis=-1) - np.log(logs.shape[-1])
