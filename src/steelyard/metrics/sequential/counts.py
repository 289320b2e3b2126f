"""Bounded numbers of a look as their sums, and how bad they are on a scale from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument

Floats = npt.NDArray[np.float64]
Values = Sequence[float] | npt.NDArray[Any]
"""Rows: numbers, or verdicts as bools."""

Direction = Literal["below", "above"]
_SLACK = 1e-9  # sums that were added in another order differ by less


@dataclass(frozen=True, slots=True)
class SufficientCounts:
    """What a look needs of its rows where they are not at hand: how many, their sum, the sum of their squares.

    Args:
        n: rows.
        total: sum of their values.
        squares: sum of their squared values; None where it is not known, which costs evidence for values between the
            ends of the range and nothing for verdicts.

    Examples:
        >>> SufficientCounts.of_verdicts(45, 5)
        SufficientCounts(n=50, total=45, squares=45)
    """

    n: int
    total: float
    squares: float | None = None

    def __post_init__(self) -> None:
        if self.n < 0 or int(self.n) != self.n:
            raise InvalidArgument(f"n counts rows: a whole number, 0 or more; it is {self.n!r}.")
        if not np.isfinite(self.total) or (self.squares is not None and not np.isfinite(self.squares)):
            raise InvalidArgument("total and squares must be finite numbers; leave missing values out of the sums.")
        if self.squares is not None and self.n * self.squares < self.total**2 * (1 - _SLACK) - _SLACK:
            raise InvalidArgument(
                f"squares={self.squares!r} is less than total²/n: no {self.n} numbers have these sums. "
                "Pass the sum of the squared values, not the variance."
            )

    @classmethod
    def of_verdicts(cls, passed: int, failed: int) -> SufficientCounts:
        """Return the counts of verdicts, of which each that passed is a 1 and each that failed a 0."""
        if passed < 0 or failed < 0:
            raise InvalidArgument(f"passed and failed count verdicts; they are {passed!r} and {failed!r}.")
        return cls(passed + failed, passed, passed)

    @classmethod
    def of(cls, values: Values) -> SufficientCounts:
        """Return the sums of finite numbers."""
        x = np.asarray(values, np.float64)
        return cls(len(x), float(x.sum()), float(np.square(x).sum()))


@dataclass(frozen=True, slots=True)
class Scale:
    """From values in [low, high] to badness in [0, 1], where 1 is the bad end.

    Args:
        low, high: the range of the values.
        direction: which side is bad.
    """

    low: float
    high: float
    direction: Direction

    def __post_init__(self) -> None:
        if self.direction not in ("below", "above"):
            raise InvalidArgument(f"direction is 'below' or 'above', the side that is bad; it is {self.direction!r}.")
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise InvalidArgument(
                f"low and high are the ends of the range that no value can leave; they are {self.low!r} and "
                f"{self.high!r}. For numbers without a range watch the share beyond a limit (see exceedances)."
            )

    @property
    def width(self) -> float:
        return self.high - self.low

    def badness(self, value: float) -> float:
        """Return how bad a value is."""
        return ((self.high - value) if self.direction == "below" else (value - self.low)) / self.width

    def value(self, badness: float) -> float:
        """Return the value that is so bad."""
        return self.high - badness * self.width if self.direction == "below" else self.low + badness * self.width

    def turned(self) -> Scale:
        """Return the scale on which the other side is bad."""
        return Scale(self.low, self.high, "above" if self.direction == "below" else "below")

    def of_rows(self, values: Values) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return the different badnesses, rising, and how many rows have each; the order of the rows is forgotten.

        Raises:
            InvalidArgument: a value is missing or outside of the range.
        """
        x = np.asarray(values, np.float64)
        if x.ndim != 1:
            raise InvalidArgument(f"a look is a sequence of numbers; it has shape {x.shape}.")
        if not np.isfinite(x).all():
            raise InvalidArgument("a value is missing (NaN) or infinite. Leave out rows without a value.")
        if len(x) and (x.min() < self.low or x.max() > self.high):
            raise InvalidArgument(
                f"values must lie in [{self.low:g}, {self.high:g}]; they reach from {x.min():g} to {x.max():g}. "
                "Set low and high to a range that no value can leave."
            )
        bad = (self.high - x) if self.direction == "below" else (x - self.low)
        return np.unique(bad / self.width, return_counts=True)

    def of_sums(self, counts: SufficientCounts) -> tuple[Floats, Floats]:
        """Return two badnesses and how many rows have each, such that no rows with these sums say less.

        For any f with f''' ≥ 0 on [0, 1], such as the logarithm of a bet, the least Σf(z) over rows with given Σz and
        Σz² is that of rows at 0 and at t = Σz²/Σz: the quadratic through f(0), f(t) with f's slope at t lies below f
        (the remainder is f'''·z(z − t)²/6), and all rows with these sums have the same sum of it. Without Σz² the
        worst is Σz² = Σz, which is verdicts. (Chebyshev–Markov; Karlin & Studden 1966, lower principal
        representation.)
        """
        n, total = counts.n, counts.total
        bad = (n * self.high - total) if self.direction == "below" else (total - n * self.low)
        bad /= self.width
        if not -_SLACK * n <= bad <= n * (1 + _SLACK):
            raise InvalidArgument(
                f"the mean of a look must lie in [{self.low:g}, {self.high:g}]; {n} rows with the sum {total:g} have "
                f"the mean {total / n:g}."
            )
        bad = min(max(bad, 0.0), float(n))
        if bad == 0.0:
            return np.array([0.0, 1.0]), np.array([float(n), 0.0])
        squared, lost = (bad, 0.0) if counts.squares is None else self._squared(n, total, counts.squares)
        if squared > bad + _SLACK * n + lost:
            raise InvalidArgument(
                f"values must lie in [{self.low:g}, {self.high:g}]; the sum of squares says that some do not."
            )
        far = min(max((squared + lost) / bad, bad / n), 1.0)
        return np.array([0.0, far]), np.array([n - bad / far, bad / far])

    def _squared(self, n: int, total: float, squares: float) -> tuple[float, float]:
        """Return Σz², and what of it rounding may have lost where the range is narrow beside its distance from 0."""
        end = self.high if self.direction == "below" else self.low
        lost = 1e-14 * (n * end * end + squares) / self.width**2
        return (n * end * end - 2.0 * end * total + squares) / self.width**2, lost
