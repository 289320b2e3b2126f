"""Numbers without a range, such as durations, as verdicts: beyond a limit or not."""

from __future__ import annotations

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.states.quantiles import Quantiles, buckets_of


def exceedances(state: Quantiles, limit: float) -> tuple[int, int]:
    """Return how many numbers lie above a limit, and how many there are.

    The limit counts as the upper end of its bucket, up to 2% beyond it, in every state alike: the shares of two states
    above one limit compare exactly. "Slower than the baseline's 95th percentile" is then a share, to be watched with
    ``against_baseline(…, direction="above")``. A limit that is a quantile of that same baseline lies at one of its own
    numbers, which has to be counted as above: use ``above + 1`` of the baseline.

    Args:
        state: of a window's or a baseline's numbers.
        limit: in the unit of the numbers.

    Examples:
        >>> exceedances(Quantiles.of([10.0, 20.0, 30.0, 400.0]), 25.0)
        (2, 4)

        As a look of a detector:

        >>> from steelyard.metrics.sequential import SufficientCounts
        >>> above, n = exceedances(Quantiles.of([10.0, 20.0, 30.0, 400.0]), 25.0)
        >>> SufficientCounts(n, above, above)
        SufficientCounts(n=4, total=2, squares=2)
    """
    if not np.isfinite(limit):
        raise InvalidArgument(f"limit must be a finite number; it is {limit!r}.")
    above = state.buckets > buckets_of(np.array([limit]))[0]
    return int(state.counts[above].sum()), state.n
