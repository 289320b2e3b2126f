"""E-values: evidence against a hypothesis that may be multiplied over time, averaged over tests, and stopped at will.

An e-value is 0 or more, and its expectation is at most 1 while the hypothesis is true, so that it reaches 1/alpha with
probability at most alpha (Markov; over a whole sequence of looks by Ville). Shafer 2021; Vovk & Wang 2021.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import Real
from steelyard.metrics.intervals.interval import real

_END = np.log(sys.float_info.max)


def paired_evidence(wins: npt.ArrayLike, losses: npt.ArrayLike) -> Real:
    """Return the e-value against "neither of two is better", from the pairs in which they differ.

    Source: e = 2^(w + l)·B(w + 1, l + 1), the likelihood of a win averaged over all its probabilities (Robbins 1970;
    Jeffreys' uniform mixture), over that of ½. It may be looked at after each pair.

    Args:
        wins, losses: pairs that one and the other has won; any shape. Ties say nothing and are left out.

    Examples:
        >>> round(paired_evidence(8, 2), 7), round(paired_evidence(15, 3), 6)
        (2.0686869, 16.908153)
    """
    from scipy.special import betaln

    w, l = np.asarray(wins, np.float64), np.asarray(losses, np.float64)  # noqa: E741
    if np.any(~(w >= 0)) or np.any(~(l >= 0)):
        raise InvalidArgument("wins and losses count pairs: 0 or more.")
    return real(np.exp(np.minimum((w + l) * np.log(2.0) + betaln(w + 1.0, l + 1.0), _END)))


def calibrated(p_value: npt.ArrayLike, *, kappa: float = 0.5) -> Real:
    """Return an e-value made of a p-value: e = κ·p^(κ − 1), with κ = ½ that is 1/(2√p).

    Source: Vovk & Wang 2021, §2: its integral over p from 0 to 1 is 1. It costs: p = 0.05 gives 2.2, and 20 takes
    p = 0.000625. Over several looks it holds where each p-value is one given the looks before: windows that share no
    rows. Windows that are all held against one sampled reference share its chance; then the reference must be
    large beside them.

    Args:
        p_value: 0 to 1; any shape.
        kappa: between 0 and 1; nearer to 0 for p-values that will be tiny if anything is wrong.

    Examples:
        >>> float(calibrated(0.0025))
        10.0
    """
    p = np.asarray(p_value, np.float64)
    if np.any(~((p >= 0.0) & (p <= 1.0))):
        raise InvalidArgument("a p-value lies between 0 and 1; leave out windows that have none.")
    if not 0.0 < kappa < 1.0:
        raise InvalidArgument(f"kappa lies between 0 and 1, such as 0.5; it is {kappa!r}.")
    return real(kappa * np.power(np.maximum(p, sys.float_info.min), kappa - 1.0))


def multiplied(e_values: npt.ArrayLike) -> float:
    """Return one e-value of several that came one after the other, each valid given those before."""
    e = _checked(e_values)
    if np.any(e == 0.0):
        return 0.0
    return float(np.exp(min(float(np.log(e).sum()), _END)))


def averaged(e_values: npt.ArrayLike) -> float:
    """Return one e-value of several, however they depend on each other (Vovk & Wang 2021, §3)."""
    e = _checked(e_values)
    return float(np.mean(e / len(e)) * len(e))


def e_bh(e_values: npt.ArrayLike, *, alpha: float = 0.05) -> npt.NDArray[np.bool_]:
    """Return which hypotheses are rejected with a false discovery rate of at most ``alpha``, under any dependence.

    Source: Wang & Ramdas 2022: the k largest, for the largest k whose k-th largest e-value is at least m/(alpha·k).

    Args:
        e_values: shape (m,), one a hypothesis.
        alpha: the rate.

    Examples:
        >>> e_bh([90.0, 1.0, 35.0, 0.2]).tolist()
        [True, False, False, False]
        >>> e_bh([90.0, 1.0, 40.0, 0.2]).tolist()
        [True, False, True, False]
    """
    e = _checked(e_values)
    if not 0.0 < alpha < 1.0:
        raise InvalidArgument(f"alpha is a rate between 0 and 1, such as 0.05; it is {alpha!r}.")
    m = len(e)
    falling = np.sort(e)[::-1]
    enough = np.flatnonzero(falling * np.arange(1, m + 1) >= m / alpha)
    return e >= falling[enough[-1]] if len(enough) else np.zeros(m, np.bool_)


def _checked(e_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    e = np.atleast_1d(np.asarray(e_values, np.float64))
    if e.ndim != 1 or not len(e) or np.any(~(e >= 0.0)):
        raise InvalidArgument("e-values are a sequence of at least one number, each 0 or more.")
    return np.minimum(e, sys.float_info.max)
