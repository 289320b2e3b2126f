"""A judge's pass rate corrected by its known errors, which may be known from another population: Rogan–Gladen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected.corrected_mean import CorrectedMean
from steelyard.metrics.intervals import wilson
from steelyard.metrics.intervals.interval import Floats, two_sided_z
from steelyard.records import Estimate

MIN_YOUDEN = 0.3
"""Below this the judge hardly tells the classes apart, and dividing by it blows up every error."""

MIN_CLASS = 5
"""Fewer true passes, or true fails, do not tell a sensitivity or specificity."""

IMPOSSIBLE = (
    "The judge passes more, or fewer, of these items than its known errors allow, by more than chance: it does not err "
    "here as it did on the labelled ones."
)

Counts = tuple[float, float]


def rogan_gladen(
    passed: float,
    n: int,
    *,
    sensitivity: Counts,
    specificity: Counts,
    confidence: float = 0.95,
    interval: Literal["fieller", "lee", "delta"] = "fieller",
) -> CorrectedMean:
    """Return the true pass rate of items that only a judge has seen, from how often it is right elsewhere.

    θ̂ = (p̂ + q̂₀ − 1)/(q̂₀ + q̂₁ − 1), clipped to 0 to 1 (Rogan & Gladen 1978). It holds where the share of passes
    has shifted between the labelled items and these, as long as the judge errs as often on a pass, and on a fail, as
    before; prediction-powered inference does not. On one and the same population that is the narrower.

    Args:
        passed: of the n items, how many the judge passed.
        n: items that only the judge scored.
        sensitivity: of the items that people passed, how many the judge passed too, and how many there are (m₁).
        specificity: of the items that people failed, how many the judge failed too, and how many there are (m₀).
        confidence: nominal coverage.
        interval: ``fieller``, all θ that the counts do not contradict, which covers with few labels and after a large
            shift too; ``lee``, the adjusted interval of Lee et al. 2025 (of the form of Lang & Reiczigel 2014), which
            then covered as little as 84 % in simulations (``benchmarks/corrected.py``); ``delta``, the delta method
            around θ̂, which covered less.

    Raises:
        InvalidArgument: a count is below 0 or above its total.

    Examples:
        >>> found = rogan_gladen(780, 1000, sensitivity=(128.8, 140), specificity=(51, 60))
        >>> str(found.corrected), round(found.youden, 2)
        ('0.8182 [0.7584, 0.8921] (n=1000)', 0.77)
    """
    z = two_sided_z(confidence)
    right, wrong = _share(sensitivity, "sensitivity", confidence), _share(specificity, "specificity", confidence)
    raw = _share((passed, n), "passed", confidence)
    labels = int(right.n + wrong.n)
    result = CorrectedMean(
        raw=raw,
        humans=Estimate(None, labels, confidence=confidence, method="people labelled other items"),
        corrected=None,
        method=f"rogan-gladen ({interval})",
        bias=Estimate(None, labels, confidence=confidence, method="people labelled other items"),
        n=labels,
        N=int(n),
        sensitivity=right,
        specificity=wrong,
    )
    refused = _refusal(raw, right, wrong)
    if raw.value is None or right.value is None or wrong.value is None:
        return replace(result, refused=refused)
    known = _Known(raw.value, float(n), right.value, float(sensitivity[1]), wrong.value, float(specificity[1]))
    result = replace(result, youden=known.youden)
    if refused:
        return replace(result, refused=refused)
    value, se = known.value, known.se
    low, high = _ends(known, (raw, right, wrong), interval, z)
    if math.isnan(low):
        return replace(result, refused=IMPOSSIBLE)
    clipped = min(max(value, 0.0), 1.0)
    corrected = Estimate(
        clipped, int(n), se=se, low=min(max(low, 0.0), 1.0), high=min(max(high, 0.0), 1.0), confidence=confidence,
        method=interval,
    )  # fmt: skip
    return replace(
        result,
        corrected=corrected,
        weight=1.0 / known.youden,
        effective_n=clipped * (1.0 - clipped) / se**2 if se > 0 and 0.0 < clipped < 1.0 else None,
        bias=Estimate(raw.value - clipped, int(n), confidence=confidence, method="raw − corrected"),
        label_sd=math.sqrt(clipped * (1.0 - clipped)),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """A pass rate p of n items, sensitivity q1 of m1 and specificity q0 of m0."""

    p: float
    n: float
    q1: float
    m1: float
    q0: float
    m0: float

    @property
    def youden(self) -> float:
        return self.q0 + self.q1 - 1.0

    @property
    def value(self) -> float:
        return (self.p + self.q0 - 1.0) / self.youden

    @property
    def se(self) -> float:
        """By the delta method: √(p(1 − p)/n + (1 − θ)² q₀(1 − q₀)/m₀ + θ² q₁(1 − q₁)/m₁)/J."""
        theta = min(max(self.value, 0.0), 1.0)
        of_p = self.p * (1.0 - self.p) / self.n
        of_q0 = (1.0 - theta) ** 2 * self.q0 * (1.0 - self.q0) / self.m0
        of_q1 = theta**2 * self.q1 * (1.0 - self.q1) / self.m1
        return math.sqrt(of_p + of_q0 + of_q1) / self.youden

    def adjusted(self, z: float) -> tuple[float, float]:
        """Return the interval of Lee et al. 2025: the counts padded (z²/2 of z² for p, 1 of 2 for each q), shifted."""
        padded = _Known(
            (self.n * self.p + z * z / 2.0) / (self.n + z * z), self.n + z * z,
            (self.m1 * self.q1 + 1.0) / (self.m1 + 2.0), self.m1 + 2.0,
            (self.m0 * self.q0 + 1.0) / (self.m0 + 2.0), self.m0 + 2.0,
        )  # fmt: skip
        theta = padded.value
        of_q0 = (1.0 - theta) * padded.q0 * (1.0 - padded.q0) / padded.m0
        of_q1 = theta * padded.q1 * (1.0 - padded.q1) / padded.m1
        centre = theta + 2.0 * z * z * (of_q1 - of_q0)
        return centre - z * padded.se, centre + z * padded.se


def _ends(known: _Known, shares: Sequence[Estimate], interval: str, z: float) -> tuple[float, float]:
    if interval == "lee":
        return known.adjusted(z)
    if interval == "delta":
        return known.value - z * known.se, known.value + z * known.se
    if interval == "fieller":
        return _uncontradicted(*shares)
    message = f'interval is "fieller", "lee" or "delta"; it is {interval!r}.'
    raise InvalidArgument(message)


def _uncontradicted(p: Estimate, q1: Estimate, q0: Estimate) -> tuple[float, float]:
    """Return the least and largest θ for which p − θq₁ − (1 − θ)(1 − q₀) may be 0; NaN if there is none.

    Fieller 1954: the sum is linear in the three shares, so nothing is divided by J. Its limits join Wilson's of each
    share by their distances, squared and added (MOVER; Zou & Donner 2008), so few counts, and shares of 0 or 1, are
    told as uncertain as they are.
    """
    theta = np.linspace(0.0, 1.0, 2001)
    (p_at, p_down, p_up), (q1_at, q1_down, q1_up), (q0_at, q0_down, q0_up) = (_distances(e) for e in (p, q1, q0))
    gap = p_at - theta * q1_at - (1.0 - theta) * (1.0 - q0_at)
    low = gap - np.sqrt(p_down**2 + (theta * q1_up) ** 2 + ((1.0 - theta) * q0_down) ** 2)
    high = gap + np.sqrt(p_up**2 + (theta * q1_down) ** 2 + ((1.0 - theta) * q0_up) ** 2)
    room = np.minimum(-low, high)  # 0 or more where θ is possible
    possible = np.flatnonzero(room >= 0.0)
    if len(possible) == 0:
        return math.nan, math.nan
    return _crossing(theta, room, possible[0], -1), _crossing(theta, room, possible[-1], 1)


def _distances(share: Estimate) -> tuple[float, float, float]:
    at, low, high = (math.nan if v is None else v for v in (share.value, share.low, share.high))
    return at, at - low, high - at


def _crossing(theta: Floats, room: Floats, inside: int, step: int) -> float:
    outside = inside + step
    if not 0 <= outside < len(theta):
        return float(theta[inside])
    part = room[inside] / (room[inside] - room[outside])
    return float(theta[inside] + part * (theta[outside] - theta[inside]))


def _share(counts: Counts, name: str, confidence: float) -> Estimate:
    k, n = float(counts[0]), float(counts[1])
    if not (0.0 <= k <= n):
        message = f"{name}: a count lies between 0 and its total; it is {k:g} of {n:g}."
        raise InvalidArgument(message)
    if n == 0:
        return Estimate(None, 0, confidence=confidence, method="no rows")
    found = wilson(k, n, confidence)
    se = math.sqrt(k / n * (1.0 - k / n) / n)
    return Estimate(
        k / n, int(n), se=se, low=float(found.low), high=float(found.high), confidence=confidence, method="wilson"
    )


def _refusal(raw: Estimate, right: Estimate, wrong: Estimate) -> str:
    if raw.n == 0:
        return "The judge has scored no item."
    for about, word in ((right, "passed"), (wrong, "failed")):
        if about.n < MIN_CLASS:
            return (
                f"People {word} {about.n} labelled items: at least {MIN_CLASS} are needed to know how often the judge "
                "is right on such."
            )
    youden = (right.value or 0.0) + (wrong.value or 0.0) - 1.0
    if youden < MIN_YOUDEN:
        return (
            f"The judge hardly tells passes from fails (J = sensitivity + specificity − 1 = {youden:.2f}, "
            f"{MIN_YOUDEN} is the least): its pass rate cannot be corrected."
        )
    return ""
