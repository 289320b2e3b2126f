"""Bringing one scale onto another by items that both have judged: a mean of the new judge on the old one's scale.

A dashboard that goes on over a change of its judge mixes two scales. Items that both versions judged (anchors) tell how
the scales differ. The links here are those of the anchor design in test equating, and symmetric: if nothing changed,
nothing is moved, however noisy a single verdict is. A regression of the old verdict on the new one would not do: it
pulls every mean towards that of the anchors.

- verdicts: logit(old) = logit(new) + shift, where the shift is the difference of the anchors' log-odds;
- numbers: old = slope · new + shift with slope = s_old/s_new and shift = m_old − slope · m_new (mean–sigma).

Sources: Kolen & Brennan 2014, Test Equating, Scaling, and Linking, 3rd ed., chapters 2 and 6; the variance is the
jackknife over anchors (Efron 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import check_confidence, t_quantile
from steelyard.records import Estimate

LEAST_ANCHORS = 20
WEAKEST = 0.3
"""Below this agreement (kappa of verdicts, correlation of numbers) two scales are not the same thing measured."""

LinkKind = Literal["verdicts", "numbers"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a mean of one version of a judge reads on the scale of another.

    Args:
        kind: of the values.
        n: anchors that both versions judged.
        slope, shift: see the module; the slope of verdicts is 1.
        without_one: shape (n, 2), slope and shift without each anchor.
        agreement: Cohen's kappa of verdicts, Pearson's correlation of numbers; NaN where it is undefined.
        refused: why there is no link that could be trusted; empty if there is one.

    Examples:
        >>> old, new = [True] * 40 + [False] * 10, [True] * 36 + [False] * 14
        >>> made = link(old, new)
        >>> made.share(720, 1000).value.__round__(3)
        0.798
    """

    kind: LinkKind
    n: int
    slope: float
    shift: float
    without_one: tuple[tuple[float, float], ...]
    agreement: float
    refused: str = ""

    def share(self, passed: int, n: int, confidence: float = 0.95) -> Estimate:
        """Return a share of good verdicts of the new version on the old one's scale.

        Args:
            passed: good verdicts.
            n: verdicts; at least 1.
            confidence: nominal coverage. The interval holds both the verdicts' and the anchors' uncertainty.

        Raises:
            InvalidArgument: the link was refused, or is one of numbers.
        """
        self._check("verdicts")
        if n < 1 or not 0 <= passed <= n:
            raise InvalidArgument(f"{passed} of {n} verdicts is no share.")
        odds = _logit((passed + 0.5) / (n + 1.0))
        centre = odds + self.shift
        own = 1.0 / (passed + 0.5) + 1.0 / (n - passed + 0.5)
        se = math.sqrt(own + self._variance([shift for _, shift in self.without_one]))
        half = self._quantile(confidence) * se
        exact = passed / n
        value = _expit(_logit(exact) + self.shift) if 0 < exact < 1 else _expit(centre)
        low, high, spread = _expit(centre - half), _expit(centre + half), se * value * (1 - value)
        return Estimate(value, n, se=spread, low=low, high=high, confidence=confidence, method=self._method)

    def mean(self, mean: float, se: float, n: int, confidence: float = 0.95) -> Estimate:
        """Return a mean of numbers of the new version on the old one's scale.

        Args:
            mean: of the numbers.
            se: its standard error, in their unit.
            n: numbers.
            confidence: nominal coverage. The interval holds both the mean's and the anchors' uncertainty.

        Raises:
            InvalidArgument: the link was refused, or is one of verdicts.
        """
        self._check("numbers")
        value = self.slope * mean + self.shift
        moved = [slope * mean + shift for slope, shift in self.without_one]
        spread = math.sqrt((self.slope * se) ** 2 + self._variance(moved))
        half = self._quantile(confidence) * spread
        return Estimate(
            value, n, se=spread, low=value - half, high=value + half, confidence=confidence, method=self._method
        )

    @property
    def _method(self) -> str:
        return f"linked by {self.n} anchors"

    def _quantile(self, confidence: float) -> float:
        return float(t_quantile((1 + check_confidence(confidence)) / 2, self.n - 1))

    def _variance(self, without: Sequence[float]) -> float:
        each = np.asarray(without)
        return float((self.n - 1) / self.n * ((each - each.mean()) ** 2).sum())

    def _check(self, kind: LinkKind) -> None:
        if self.refused:
            raise InvalidArgument(f"These scales cannot be linked: {self.refused}")
        if self.kind != kind:
            raise InvalidArgument(f"This is a link of {self.kind}, not of {kind}.")


def link(old: Sequence[bool] | Sequence[float], new: Sequence[bool] | Sequence[float]) -> Link:
    """Return how the new version's scale lies to the old one's, by what both said of the same anchors.

    Args:
        old, new: shape (n,), verdicts (bools) or finite numbers of the same anchors, in the same order.

    Raises:
        InvalidArgument: they are not equally many, of different kinds, or not finite.
    """
    if len(old) != len(new):
        raise InvalidArgument(f"{len(old)} values cannot be linked with {len(new)}: give both of the same anchors.")
    verdicts = {isinstance(value, (bool, np.bool_)) for value in (*old, *new)}
    if len(verdicts) > 1:
        raise InvalidArgument("Verdicts cannot be linked with numbers.")
    first, second = np.asarray(old, np.float64), np.asarray(new, np.float64)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InvalidArgument("Only finite numbers can be linked; leave out anchors without a value.")
    if verdicts == {True}:
        return _of_verdicts(first, second)
    return _of_numbers(first, second)


def _of_verdicts(old: Floats, new: Floats) -> Link:
    n = len(old)
    agreement = _kappa(old, new)
    refused = _too_few(n)
    if not refused and (old != new).any() and not agreement >= WEAKEST:
        refused = f"the two versions hardly agree on them (kappa {agreement:.2f}, at least {WEAKEST} is needed)."
    shift = _odds(old.sum(), n) - _odds(new.sum(), n) if n else 0.0
    rest = max(n - 1, 1)
    without = _odds(old.sum() - old, rest) - _odds(new.sum() - new, rest)
    pairs = tuple((1.0, float(each)) for each in np.atleast_1d(without)) if n else ()
    return Link(
        kind="verdicts", n=n, slope=1.0, shift=float(shift), without_one=pairs, agreement=agreement, refused=refused
    )


def _of_numbers(old: Floats, new: Floats) -> Link:
    n = len(old)
    refused = _too_few(n)
    steady = n > 1 and old.std() > 0 and new.std() > 0
    agreement = float(np.corrcoef(old, new)[0, 1]) if steady else math.nan
    if not refused and not steady:
        refused = "all anchors have the same value in one of the versions, so that a scale cannot be told."
    if not refused and (_hangs_on_one(old) or _hangs_on_one(new)):
        refused = "all anchors but one have the same value in one of the versions, so that a scale hangs on that one."
    if not refused and not agreement >= WEAKEST:
        refused = f"the two versions hardly agree on them (correlation {agreement:.2f}, at least {WEAKEST} is needed)."
    if refused:
        return Link(kind="numbers", n=n, slope=1.0, shift=0.0, without_one=(), agreement=agreement, refused=refused)
    slope = float(old.std(ddof=1) / new.std(ddof=1))
    spread_old, mean_old = _without_one(old)
    spread_new, mean_new = _without_one(new)
    slopes = spread_old / spread_new
    shifts = mean_old - slopes * mean_new
    return Link(
        kind="numbers",
        n=n,
        slope=slope,
        shift=float(old.mean() - slope * new.mean()),
        without_one=tuple(zip(slopes.tolist(), shifts.tolist(), strict=True)),
        agreement=agreement,
    )


def _hangs_on_one(values: Floats) -> bool:
    """Return whether the values are all equal without one of them."""
    return bool(np.unique(values, return_counts=True)[1].max() >= len(values) - 1)


def _without_one(values: Floats) -> tuple[Floats, Floats]:
    """Return standard deviation and mean without each value, shapes (n,)."""
    n, centred = len(values), values - values.mean()
    mean = -centred / (n - 1)  # of the centred values without each
    squares = (centred**2).sum() - centred**2
    variance = np.maximum(squares - (n - 1) * mean**2, 0.0) / (n - 2)
    return np.sqrt(variance), mean + values.mean()


def _too_few(n: int) -> str:
    return "" if n >= LEAST_ANCHORS else f"only {n} anchors were judged by both, and {LEAST_ANCHORS} are needed."


def _kappa(old: Floats, new: Floats) -> float:
    if not len(old):
        return math.nan
    p, q, agree = old.mean(), new.mean(), (old == new).mean()
    chance = p * q + (1 - p) * (1 - q)
    return float((agree - chance) / (1 - chance)) if chance < 1 else math.nan


def _odds(passed: npt.ArrayLike, n: int) -> Floats:
    """Return the log-odds of a share, with half a verdict on either side (Haldane 1956), so that they are finite."""
    passed = np.asarray(passed, np.float64)
    return np.log((passed + 0.5) / (n - passed + 0.5))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _expit(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))
