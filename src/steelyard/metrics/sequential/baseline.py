"""A detector whose target is itself an estimate: the declared rate holds with the baseline's chance included."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential.bets import log_mean, log_wealth
from steelyard.metrics.sequential.counts import Direction, Floats, Scale, SufficientCounts, Values
from steelyard.metrics.sequential.detector import Detector, begun, check_margin, threshold_of

_EDGES = 1.0 / (1.0 + np.exp(-np.linspace(-9.0, 9.0, 3001)))
"""Means that the baseline may have, as badness; fixed before any row is seen."""

_VALUES = 4096
_STEP = 0.75  # of the logarithm of the baseline's evidence, from one part to the next
_SPREADS = np.geomspace(1.5, 24.0, 6)  # how far off the baseline is looked for, in standard errors of verdicts


def against_baseline(
    baseline: SufficientCounts | Values,
    *,
    margin: float = 0.0,
    direction: Direction = "below",
    low: float = 0.0,
    high: float = 1.0,
    looks_between_false_alarms: float | None = None,
    alpha: float | None = None,
) -> Detector:
    """Return a detector that holds the mean against the mean of which the baseline is a sample.

    For every mean m that the baseline may have, B(m) is an e-value of the baseline's rows against m, and M(m) is the
    detector with the known target m. There is an alarm when B(m)·M(m) reaches the threshold for all m: then it does for
    the true one, of which E[B(m)·(M_t(m) − M_{t−1}(m))] ≤ E[B(m)] ≤ 1. So the expected number of false alarms in any T
    looks is at most T / ``looks_between_false_alarms`` over the chance of baseline and looks together, with all
    restarts against the same baseline (and with ``alpha`` the probability of ever one at most alpha). It is the
    two-sample e-process by universal inference over the nuisance mean (Wasserman, Ramdas & Balakrishnan 2020), within
    an e-detector. The means are taken together in some 15 parts, each with the least of its B and the worst of its M.

    What it costs: evidence of e² to e³ more until an alarm with a large baseline; with a small one changes nearer than
    ``Detector.reach`` to its mean may never be found, because the baseline could have had such a mean by chance.

    Args:
        baseline: its rows, or their sums. They must be rows like those to come: independent of each other, as many as
            planned (not collected until they looked well).
        margin: how much worse than the baseline's mean is tolerated, in the unit of the values.
        direction, low, high, looks_between_false_alarms, alpha: see :meth:`Detector.start`.

    Raises:
        InvalidArgument: the baseline has too few rows for any alarm at this rate, or values out of range.

    Examples:
        >>> from steelyard.metrics.sequential import SufficientCounts
        >>> baseline = SufficientCounts.of_verdicts(1800, 200)
        >>> round(against_baseline(baseline, looks_between_false_alarms=8760).reach, 3)
        0.865
    """
    scale = Scale(low, high, direction)
    shift = check_margin(margin, scale)
    threshold = threshold_of(looks_between_false_alarms, alpha)
    logs = _log_evidence_of(baseline, scale)
    # At the last part nothing is bet, so that M there is the weight of all starts: at least 1, or 1/2 under alpha.
    needed = np.log(threshold) + (0.0 if alpha is None else np.log(2.0))
    starts, heads = _parts(logs, needed)
    nulls = _EDGES[starts[1:]] + shift
    inside = nulls < 1.0
    if logs[-1] < needed or not inside.any() or not inside.all():
        raise InvalidArgument(
            "the baseline has too few rows, or the margin leaves too little room: no mean inside of the range could "
            "ever raise an alarm at this rate. Take a longer baseline, a smaller margin, or allow more false alarms."
        )
    return begun(scale, nulls, heads, threshold=threshold, alpha=alpha)


def _log_evidence_of(baseline: SufficientCounts | Values, scale: Scale) -> Floats:
    """Return, for each edge, the logarithm of the baseline's evidence that its mean is better; rising."""
    good = scale.turned()
    if isinstance(baseline, SufficientCounts):
        n = baseline.n
        goodness, rows = good.of_sums(baseline) if n else (np.empty(0), np.empty(0))
    else:
        n = len(baseline)
        goodness, rows = _fewer(*good.of_rows(baseline))
    if n == 0:
        raise InvalidArgument("the baseline has no rows. Choose a window that has some, or give a target.")
    nulls = 1.0 - _EDGES
    spread = np.sqrt(n * nulls * (1.0 - nulls))
    bets = np.minimum(_SPREADS / spread[:, None], 0.98 / nulls[:, None])
    logs = log_mean(log_wealth(goodness, rows, nulls, bets))
    # Half of the stake is kept, so that a mean far better than the baseline's costs no more than that.
    kept = np.logaddexp(logs, 0.0) - np.log(2.0)
    kept[0] = -np.log(2.0)  # the first part begins at 0, nearer to which than the first edge nothing was bet
    return np.minimum.accumulate(kept[::-1])[::-1]


def _fewer(goodness: Floats, rows: npt.NDArray[np.int64]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return at most some thousand different values, each rounded to the worse: never more evidence, and soon done."""
    if len(goodness) <= _VALUES:
        return goodness, rows
    floors, places = np.unique(np.floor(goodness * _VALUES), return_inverse=True)
    return floors / _VALUES, np.bincount(places, rows).astype(np.int64)


def _parts(logs: Floats, needed: float) -> tuple[list[int], Floats]:
    """Return where each part of the edges begins (and the last one ends), and the least evidence in it."""
    starts = [0]
    while logs[starts[-1]] < needed and starts[-1] < len(logs) - 1:
        step = min(logs[starts[-1]] + _STEP, needed)
        starts.append(min(int(np.searchsorted(logs, step)), len(logs) - 1))
    return starts, logs[np.array(starts[:-1], dtype=np.int64)]
