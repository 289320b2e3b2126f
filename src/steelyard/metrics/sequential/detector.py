"""A sequential detector of change: it may be looked at for ever, and false alarms come no more often than declared."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import memory
from steelyard.metrics.sequential.bets import bets_against, log_mean, log_wealth
from steelyard.metrics.sequential.counts import Direction, Floats, Scale, SufficientCounts, Values

_FLOAT_END = np.log(sys.float_info.max)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Detector:
    """Evidence, look by look, that a mean has become worse than it should be. Immutable: each look gives a new one.

    While nothing is wrong, the expected number of alarms in any T looks is at most T / ``looks_between_false_alarms``,
    each alarm followed by a new start; from a start to the first alarm pass at least ``looks_between_false_alarms``
    looks in the mean. No law of the values is assumed, only their range, and that the mean of each row, given all that
    came before it, is not beyond the limit. What follows from that:

    - A row belongs to one look: give each look only rows that are new, not a rolling window.
    - Where the mean wobbles from day to day by itself, ``margin`` has to hold the wobble.
    - Where rows of a look depend on each other (many of one session), give its mean as its only value:
      ``update([mean])``.
    - Several detectors, such as one a group, have that rate each: declare a share of it to each.

    How: the e-detector of Shin, Ramdas & Rinaldo (2024) in its Shiryaev–Roberts form, M ← (M + 1)·e, with e the
    product of a look's bets, and the mean of M over ``BETS`` sizes of bets. It is never behind the CUSUM form
    M ← max(M, 1)·e, which the same threshold would guard. M less the number of looks is a supermartingale, and so it
    stays when M falls to 0 at an alarm and the threshold is counted instead, whence the statement above. With ``alpha``
    the start at look t has the weight 1/(t(t + 1)) in place of 1: M is then an e-process, and the probability that it
    ever reaches 1/alpha is at most alpha (Ville).

    Make one with :meth:`start`, :meth:`start_evidence` or :func:`against_baseline`.

    Args:
        scale: the range, and which side is bad; None if e-values are watched.
        nulls: shape (c,), the limit as badness; against a baseline one for each part of what its mean may be.
        heads: shape (c,), logarithm of the baseline's own evidence that its mean is not in that part; 0 without.
        threshold: evidence at which it is an alarm.
        alpha: probability of ever a false alarm; None if their rate is limited.
        looks: since the start; a look without rows is none.
        rows: since the start.
        log_evidence_by_bet: shape (c, bets).
        log_run: shape (bets,), the CUSUM form, which tells when it began.
        run_starts: shape (bets,), the look at which each run began.

    Examples:
        >>> watched = Detector.start(target=0.9, margin=0.02, looks_between_false_alarms=24 * 365)
        >>> for passed in [92, 89, 91, 74, 71]:
        ...     watched = watched.update(SufficientCounts.of_verdicts(passed, 100 - passed))
        >>> watched.is_alarm, watched.began_at, watched.looks
        (True, 4, 5)
        >>> Detector.from_bytes(watched.to_bytes()) == watched
        True
    """

    scale: Scale | None
    nulls: Floats
    heads: Floats
    threshold: float
    alpha: float | None
    looks: int
    rows: int
    log_evidence_by_bet: Floats
    log_run: Floats
    run_starts: Floats

    @classmethod
    def start(
        cls,
        *,
        target: float,
        margin: float = 0.0,
        direction: Direction = "below",
        low: float = 0.0,
        high: float = 1.0,
        looks_between_false_alarms: float | None = None,
        alpha: float | None = None,
    ) -> Detector:
        """Return a detector that holds the mean against a known number.

        Args:
            target: what the mean should be, in the unit of the values.
            margin: how much worse is tolerated, in the same unit. Under ``below`` an alarm means that the mean has
                fallen under ``target - margin``; under ``above`` that it has risen over ``target + margin``.
            direction: which side is bad.
            low, high: the range that no value can leave.
            looks_between_false_alarms: looks per year divided by false alarms per year.
            alpha: instead of it: the probability that there is ever a false alarm, in all time.

        Raises:
            InvalidArgument: the limit is not inside the range, or not just one of the last two is given.
        """
        scale = Scale(low, high, direction)
        null = scale.badness(target) + check_margin(margin, scale)
        if not 0.0 < null < 1.0:
            raise InvalidArgument(
                f"target {target:g} with margin {margin:g} sets the limit {scale.value(null):g}, which must lie inside "
                f"of ({low:g}, {high:g}): at an end of the range every row, or none, would be against it. "
                "Change the target or the margin."
            )
        threshold = threshold_of(looks_between_false_alarms, alpha)
        return begun(scale, np.array([null]), np.zeros(1), threshold=threshold, alpha=alpha)

    @classmethod
    def start_evidence(
        cls, *, looks_between_false_alarms: float | None = None, alpha: float | None = None
    ) -> Detector:  # fmt: skip
        """Return a detector that is given an e-value a look (:meth:`update_evidence`), such as a calibrated p-value."""
        threshold = threshold_of(looks_between_false_alarms, alpha)
        return begun(None, np.array([np.nan]), np.zeros(1), threshold=threshold, alpha=alpha)

    def update(self, values: Values | SufficientCounts) -> Detector:
        """Return the detector after one more look.

        Args:
            values: the look's rows in any order, or their sums; sums never give more evidence than rows, and of
                verdicts just as much. A look without rows changes nothing.

        Raises:
            InvalidArgument: a value is missing or out of range, or the detector watches e-values.
        """
        if self.scale is None:
            raise InvalidArgument("this detector watches e-values: call update_evidence(e_value).")
        if isinstance(values, SufficientCounts):
            n = values.n
            badness, rows = self.scale.of_sums(values) if n else (np.empty(0), np.empty(0))
        else:
            n = len(values)
            badness, rows = self.scale.of_rows(values)
        if n == 0:
            return self
        return self._after(log_wealth(badness, rows, self.nulls, bets_against(self.nulls)), n)

    def update_evidence(self, e_value: float) -> Detector:
        """Return the detector after a look that gave an e-value: 0 or more, with mean at most 1 given the past."""
        if self.scale is not None:
            raise InvalidArgument("this detector watches values: call update(values).")
        if not e_value >= 0.0:
            raise InvalidArgument(f"an e-value is 0 or more; it is {e_value!r}.")
        capped = min(float(e_value), sys.float_info.max)
        return self._after(np.array([[np.log(capped) if capped > 0.0 else -np.inf]]), 1)

    def _after(self, gained: Floats, rows: int) -> Detector:
        look = self.looks + 1
        weight = 0.0 if self.alpha is None else -np.log(look * (look + 1.0))
        began_anew = ~(self.log_run > 0.0)
        return replace(
            self,
            looks=look,
            rows=self.rows + rows,
            log_evidence_by_bet=np.logaddexp(self.log_evidence_by_bet, weight) + gained,
            log_run=np.where(began_anew, 0.0, self.log_run) + gained[0],
            run_starts=np.where(began_anew, float(look), self.run_starts),
        )

    @property
    def log_evidence(self) -> float:
        """The logarithm of ``evidence``, without an end."""
        return float((self.heads + log_mean(self.log_evidence_by_bet)).min())

    @property
    def evidence(self) -> float:
        """How much speaks for a change: an alarm at ``threshold``; the greatest float stands for all beyond it."""
        return float(np.exp(min(self.log_evidence, _FLOAT_END)))

    @property
    def is_alarm(self) -> bool:
        """Whether the evidence has reached the threshold at this look."""
        return self.log_evidence >= math.log(self.threshold)

    @property
    def began_at(self) -> int | None:
        """The look, 1 for the first since the start, at which the change most probably began; None if none is seen.

        The start of the longest-winning run of the best bet (Page 1954): the maximum-likelihood estimate.
        """
        best = int(np.argmax(self.log_run))
        return int(self.run_starts[best]) if self.log_run[best] > 0.0 else None

    @property
    def reach(self) -> float | None:
        """A mean that stays beyond this will be found, however long it takes; in the unit of the values.

        Against a known target it is the limit itself. Against a baseline it lies further out: nearer than this the
        baseline has too few rows to tell a change from its own chance. None if e-values are watched.
        """
        return None if self.scale is None else self.scale.value(float(self.nulls[-1]))

    def restarted(self) -> Detector:
        """Return the detector as at its start, with the same target or baseline: after an alarm.

        With ``alpha`` every start has that probability of its own.
        """
        return begun(self.scale, self.nulls, self.heads, threshold=self.threshold, alpha=self.alpha)

    def to_bytes(self) -> bytes:
        """Return all of it, to go on from elsewhere with :meth:`from_bytes`."""
        scale = self.scale
        return memory.packed(
            memory.Packed(
                direction="" if scale is None else scale.direction,
                low=0.0 if scale is None else scale.low,
                high=0.0 if scale is None else scale.high,
                threshold=self.threshold,
                alpha=self.alpha,
                looks=self.looks,
                rows=self.rows,
                arrays=(self.nulls, self.heads, self.log_evidence_by_bet, self.log_run, self.run_starts),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Detector:
        """Return the detector that :meth:`to_bytes` wrote.

        Raises:
            InvalidArgument: the bytes are of something else, cut off, or of a newer version.
        """
        kept = memory.unpacked(data)
        nulls, heads, evidence, run, starts = kept.arrays
        direction: Literal["below", "above"] | None = kept.direction or None
        return cls(
            scale=None if direction is None else Scale(kept.low, kept.high, direction),
            nulls=nulls,
            heads=heads,
            threshold=kept.threshold,
            alpha=kept.alpha,
            looks=kept.looks,
            rows=kept.rows,
            log_evidence_by_bet=evidence,
            log_run=run,
            run_starts=starts,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Detector) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        what = "alarm" if self.is_alarm else "no alarm"
        return f"Detector({what}, evidence {self.evidence:.4g} of {self.threshold:.4g} after {self.looks} looks)"


def begun(scale: Scale | None, nulls: Floats, heads: Floats, *, threshold: float, alpha: float | None) -> Detector:
    """Return a detector before its first look."""
    bets = 1 if scale is None else bets_against(nulls).shape[1]
    return Detector(
        scale=scale,
        nulls=nulls,
        heads=heads,
        threshold=threshold,
        alpha=alpha,
        looks=0,
        rows=0,
        log_evidence_by_bet=np.full((len(nulls), bets), -np.inf),
        log_run=np.zeros(bets),
        run_starts=np.zeros(bets),
    )


def threshold_of(looks_between_false_alarms: float | None, alpha: float | None) -> float:
    """Return the evidence at which it is an alarm."""
    if (looks_between_false_alarms is None) == (alpha is None):
        raise InvalidArgument(
            "give either looks_between_false_alarms (looks per year / false alarms per year) or alpha (the "
            "probability that there is ever a false alarm)."
        )
    if alpha is not None:
        if not 0.0 < alpha < 1.0:
            raise InvalidArgument(f"alpha is a probability between 0 and 1, such as 0.05; it is {alpha!r}.")
        return 1.0 / alpha
    looks = looks_between_false_alarms
    if looks is None or not (np.isfinite(looks) and looks > 1.0):
        raise InvalidArgument(
            f"looks_between_false_alarms must be a number above 1; it is {looks!r}. More false alarms than looks "
            "cannot be declared: look more often, or allow fewer."
        )
    return float(looks)


def check_margin(margin: float, scale: Scale) -> float:
    """Return the margin as badness."""
    if not (np.isfinite(margin) and margin >= 0.0):
        raise InvalidArgument(f"margin says how much worse is tolerated: 0 or more; it is {margin!r}.")
    return margin / scale.width
