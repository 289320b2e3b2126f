"""What feedback over time says: rates, means and quantiles of a window's states, each with its interval.

Values of one window are taken as independent; of several by the same session they are not quite, and the intervals are
then somewhat too short. Errors are told as missing and never left out in silence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.estimates import FEW
from steelyard.metrics.intervals import Real, mean_interval, missing_bounds, quantile_ranks, wilson
from steelyard.metrics.states.quantiles import RELATIVE_ERROR, Quantiles
from steelyard.metrics.states.quantiles import merged as merged_quantiles
from steelyard.records.estimate import Estimate
from steelyard.records.score_windows import ScoreWindow

_OTHERS = "…"
_SHOWN_WORDS = 50
_UNIT = 2.0**-53  # how far a float64 may be from what it stands for, as a share of it


def headline(window: ScoreWindow, *, confidence: float = 0.95) -> Estimate | None:
    """Return what a page shows: the pass rate if most of what can be counted are verdicts, else the mean.

    Returns:
        None where there are only words, lists or mappings: they have no one number. Where there are only errors, an
        estimate without a value that says how many are missing.

    Examples:
        >>> print(headline(ScoreWindow(start_ms=0, end_ms=1, n=50, verdicts=50, passed=45)))
        0.9 [0.7864, 0.9565] (n=50)
    """
    return headlines((window,), confidence=confidence)[0]


def headlines(windows: Sequence[ScoreWindow], *, confidence: float = 0.95) -> list[Estimate | None]:
    """Return the headline of each of many windows: the quick way for a chart."""
    shown = [_shown_as(window) for window in windows]
    rates = iter(pass_rates([w for w, way in zip(windows, shown, strict=True) if way == "rate"], confidence=confidence))
    means = iter(means_of([w for w, way in zip(windows, shown, strict=True) if way == "mean"], confidence=confidence))
    return [next(rates) if way == "rate" else next(means) if way == "mean" else None for way in shown]


def pass_rate(window: ScoreWindow, *, confidence: float = 0.95) -> Estimate:
    """Return the share of the verdicts that are good, with Wilson's interval (Wilson 1927).

    ``worst`` and ``best`` are what it could be had every error been a bad verdict, or a good one (Manski 1989).
    """
    return pass_rates((window,), confidence=confidence)[0]


def pass_rates(windows: Sequence[ScoreWindow], *, confidence: float = 0.95) -> list[Estimate]:
    """Return the pass rate of each of many windows."""
    n = np.array([one.verdicts for one in windows], np.float64)
    passed = np.array([one.passed for one in windows], np.float64)
    missing = np.array([one.errors for one in windows], np.float64)
    found = wilson(passed, n, confidence)
    bounds = missing_bounds(passed / np.maximum(n, 1), n, missing)
    columns = (_column(end) for end in (found.se, found.low, found.high, bounds.low, bounds.high))
    return [
        Estimate(
            one.passed / one.verdicts,
            one.verdicts,
            one.errors,
            se=se,
            low=low,
            high=high,
            confidence=confidence,
            method=found.method,
            worst=worst if one.errors else None,
            best=best if one.errors else None,
        )
        if one.verdicts
        else Estimate(None, 0, one.errors, confidence=confidence, method="no verdicts")
        for one, se, low, high, worst, best in zip(windows, *columns, strict=True)
    ]


def mean_of(window: ScoreWindow, *, confidence: float = 0.95) -> Estimate:
    """Return the mean of the numbers with Student's interval, from their sum and the sum of their squares.

    There is no interval for fewer than five numbers, nor where all are equal: a spread of nothing says nothing.
    """
    return means_of((window,), confidence=confidence)[0]


def means_of(windows: Sequence[ScoreWindow], *, confidence: float = 0.95) -> list[Estimate]:
    """Return the mean of each of many windows."""
    n = np.array([one.numbers for one in windows], np.float64)
    squares = np.array([_squared_deviations(one) for one in windows], np.float64)
    found = mean_interval(total=np.zeros(len(windows)), squares=squares, n=n, confidence=confidence)
    columns = zip(windows, _column(found.se), _column(found.high), strict=True)
    return [_mean(one, se, half, confidence=confidence) for one, se, half in columns]


def _mean(window: ScoreWindow, se: float, half: float, *, confidence: float) -> Estimate:
    n, missing = window.numbers, window.errors
    if not n or window.low is None or window.high is None:
        return Estimate(None, 0, missing, confidence=confidence, method="no numbers")
    mean = min(max(window.total / n, window.low), window.high)
    if n < FEW:
        return Estimate(mean, n, missing, se=se if n > 1 else None, confidence=confidence, method=_few(n))
    if window.low == window.high:
        return Estimate(mean, n, missing, confidence=confidence, method=f"no interval: all {n} are equal")
    return Estimate(mean, n, missing, se=se, low=mean - half, high=mean + half, confidence=confidence, method="t")


def quantile_of(window: ScoreWindow, q: float, *, confidence: float = 0.95) -> Estimate:
    """Return a quantile of the numbers with the interval between two of them (Conover 1999, §3.2).

    What is kept tells a number within 1%; the interval is wider by as much, and ends at the least and the greatest.

    Args:
        window: the feedback.
        q: which, above 0 and below 1.
        confidence: least coverage. Where too few numbers lie beyond the quantile there is no interval.

    Raises:
        InvalidArgument: ``q`` is none.
    """
    if not 0.0 < q < 1.0:
        message = f"q must lie between 0 and 1, such as 0.9; it is {q!r}."
        raise InvalidArgument(message)
    n, missing = window.numbers, window.errors
    if not n or window.low is None or window.high is None:
        return Estimate(None, 0, missing, confidence=confidence, method="no numbers")
    state = Quantiles.from_bytes(window.quantiles)
    value = min(max(state.quantile(q), window.low), window.high)
    first, last = quantile_ranks(n, q, confidence)
    if first < 1 or last > n:
        return Estimate(value, n, missing, confidence=confidence, method=_few(n))
    low, high = (state.quantile((rank - 1) / max(n - 1, 1)) for rank in (first, last))
    return Estimate(
        value,
        n,
        missing,
        low=max(low - abs(low) * RELATIVE_ERROR, window.low),
        high=min(high + abs(high) * RELATIVE_ERROR, window.high),
        confidence=confidence,
        method="order statistics, within 1%",
    )


def merged(windows: Iterable[ScoreWindow]) -> ScoreWindow:
    """Return windows as one, over all the time from the first to the last; their order does not matter.

    Sums are those of ``math.fsum``: each window's was rounded once, and their sum is once more. Of words that were
    told under ``…`` in one of them it is not known any more which they were.

    Raises:
        InvalidArgument: there are none.
    """
    found = list(windows)
    if not found:
        raise InvalidArgument("There are no windows to merge. Give at least one.")
    groups = {one.group for one in found}
    states = [Quantiles.from_bytes(one.quantiles) for one in found if one.quantiles]
    return ScoreWindow(
        start_ms=min(one.start_ms for one in found),
        end_ms=max(one.end_ms for one in found),
        group=groups.pop() if len(groups) == 1 else "",
        n=sum(one.n for one in found),
        errors=sum(one.errors for one in found),
        verdicts=sum(one.verdicts for one in found),
        passed=sum(one.passed for one in found),
        numbers=sum(one.numbers for one in found),
        total=math.fsum(one.total for one in found),
        squares=math.fsum(one.squares for one in found),
        low=min((one.low for one in found if one.low is not None), default=None),
        high=max((one.high for one in found if one.high is not None), default=None),
        quantiles=merged_quantiles(states).to_bytes() if states else b"",
        words=_words(one.words for one in found),
    )


def _shown_as(window: ScoreWindow) -> str:
    if window.numbers > window.verdicts:
        return "mean"
    return "rate" if window.verdicts or (window.errors and not window.n) else ""


def _squared_deviations(window: ScoreWindow) -> float:
    """Return Σ(x − x̄)², which is more than what rounding makes of it where the numbers are large and close together.

    Σx² and (Σx)² are each known to a few units in the last place: of a difference that is not well above these only so
    much is certain that the least and the greatest number lie as far apart as they do.
    """
    n, low, high = window.numbers, window.low, window.high
    if not n or low is None or high is None or low == high:
        return 0.0
    found = window.squares - window.total * (window.total / n)
    unsure = 8 * _UNIT * window.squares
    if found > 1e6 * unsure:
        return found
    return max(found + unsure, (high - low) ** 2 / 2)


def _words(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for words in parts:
        total.update(words)
    rest = total.pop(_OTHERS, 0)
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    rest += sum(n for _, n in ordered[_SHOWN_WORDS:])
    return dict(ordered[:_SHOWN_WORDS]) | ({_OTHERS: rest} if rest else {})


def _few(n: int) -> str:
    return f"no interval: {n} {'value is' if n == 1 else 'values are'} too few"


def _column(values: Real | None) -> list[float]:
    return np.atleast_1d(np.asarray(values, np.float64)).tolist()
