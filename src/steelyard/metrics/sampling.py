"""Which items people should label: strata, draws with known probabilities, and how many labels a width takes.

    strata_of(scores)            items of a kind together: by the judge's score, where it is unsure, where judges differ
    draw(keys, n, strata=...)    n of them, each with its probability; a larger n later draws the same and more
    width_curve(), labels_needed(), may_stop()      how wide the interval will be, and when it is narrow enough

**Drawing further.** Every item has a permanent random number, a hash of its key (Ohlsson 1995), and a stratum gives its
items in the order of theirs. The first n_h of them are a simple random sample of the stratum whatever n_h is, so a
larger draw holds the smaller one, and items may be labelled in the order of ``Draw.items`` and left off anywhere. What
an item's probability is then follows from the labels at hand: n_h/N_h, those of its stratum by the stratum's size. That
is what ``prediction_powered(strata=...)`` counts, and why an item keeps its stratum and the stratum's size; the
probability in a draw is right once that draw is labelled in full.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected import CorrectedMean
from steelyard.metrics.intervals import t_quantile
from steelyard.metrics.intervals.interval import check_confidence
from steelyard.metrics.strata import number_each, strata_of

__all__ = [
    "Draw",
    "Drawn",
    "Stop",
    "WidthPoint",
    "allocate",
    "draw",
    "labels_needed",
    "may_stop",
    "strata_of",
    "width_curve",
]

DEFAULT_FLOOR = 0.3
STOP_LABELS = 30
"""Fewer labels never end the labelling: their variance is too uncertain to go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An item that was drawn.

    Args:
        key: the item's.
        index: where it stands in what was given.
        stratum: which it was drawn from.
        stratum_size: N_h, items in it.
        probability: n_h/N_h, above 0 and at most 1.
        new: whether it had not been drawn before.
    """

    key: str
    index: int
    stratum: str
    stratum_size: int
    probability: float
    new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Items to be labelled, in the order in which to do it.

    Args:
        items: all that are drawn, earlier ones too; every stratum in turn, by how many it gives.
        allocation: how many of each stratum.
        sizes: how many items each stratum has.
    """

    items: tuple[Drawn, ...]
    allocation: Mapping[str, int]
    sizes: Mapping[str, int]

    @property
    def new(self) -> tuple[Drawn, ...]:
        """Those that had not been drawn before."""
        return tuple(item for item in self.items if item.new)


def draw(
    keys: Sequence[str],
    n: int,
    *,
    strata: Sequence[str] | None = None,
    uncertainty: npt.ArrayLike | None = None,
    key: int | str = 0,
    floor: float = DEFAULT_FLOOR,
    drawn: Collection[str] = (),
) -> Draw:
    """Draw n items at random, more from where the judge is unsure, each with a known probability above 0.

    Strata get their shares by Neyman's rule, N_h σ_h, mixed with ``floor`` of N_h so that none is left out and no item
    stands for too many; every stratum gets one, then two (see ``allocate``). Within a stratum all are equally likely,
    by the hash of ``key`` and the item's key: the same call draws the same items, and a larger n draws them and more.

    Args:
        keys: of the items, such as trace ids; no two alike.
        n: how many in all, those drawn before counted; all items if that is fewer.
        strata: the stratum of each, see ``strata_of``; one for all unless given. To draw further keep them.
        uncertainty: the judge's of each item, the standard deviation expected of its error, such as √(p(1 − p));
            equal shares unless given.
        key: of the draw; another key is another draw.
        floor: 0 to 1, the part of the allocation that goes by size alone; above 0.
        drawn: keys of items drawn before. A stratum gives as many as it takes to hold them.

    Raises:
        InvalidArgument: two keys are alike, lengths differ, n is below the number of strata, or floor is not above 0.

    Examples:
        >>> names = [f"tr-{i}" for i in range(100)]
        >>> first, more = draw(names, 10), draw(names, 20)
        >>> {i.key for i in first.items} <= {i.key for i in more.items}, first.items[0].probability
        (True, 0.1)
    """
    names = ["all"] * len(keys) if strata is None else [str(s) for s in strata]
    if len(names) != len(keys) or len(set(keys)) != len(keys):
        message = (
            f"Give one stratum an item and no key twice: {len(keys)} keys, {len(set(keys))} different, "
            f"{len(names)} strata."
        )
        raise InvalidArgument(message)
    members: dict[str, list[int]] = {name: [] for name in sorted(set(names))}
    for index in sorted(range(len(keys)), key=lambda i: (_number(key, keys[i]), keys[i])):
        members[names[index]].append(index)
    sizes = {name: len(rows) for name, rows in members.items()}
    spreads = _spreads(uncertainty, members, len(keys))
    before = set(drawn)
    given = allocate(list(sizes.values()), min(n, len(keys)), spreads=spreads, floor=floor) if keys else []
    allocation = {
        name: max(count, 1 + max((at for at, i in enumerate(members[name]) if keys[i] in before), default=-1))
        for name, count in zip(sizes, given, strict=True)
    }
    turns: list[tuple[float, str, Drawn]] = []
    for name, count in allocation.items():
        for at, index in enumerate(members[name][:count]):
            item = Drawn(
                key=keys[index], index=index, stratum=name, stratum_size=sizes[name], probability=count / sizes[name],
                new=keys[index] not in before,
            )  # fmt: skip
            turns.append(((at + 0.5) / count, name, item))
    turns.sort(key=lambda turn: turn[:2])
    return Draw(items=tuple(item for _, _, item in turns), allocation=allocation, sizes=sizes)


def _number(key: int | str, item: str) -> bytes:
    """Return the item's permanent random number, as bytes that sort."""
    return hashlib.blake2b(f"{key}\x1f{item}".encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _spreads(values: npt.ArrayLike | None, members: Mapping[str, Sequence[int]], n: int) -> list[float] | None:
    if values is None:
        return None
    column = number_each(values, n, "uncertainty")
    if np.any(column < 0):
        raise InvalidArgument("uncertainty is a standard deviation: 0 or more.")
    known = column[~np.isnan(column)]
    usual = float(np.sqrt(np.mean(known**2))) if len(known) else 1.0
    filled = np.where(np.isnan(column), usual, column)
    return [float(np.sqrt(np.mean(filled[list(rows)] ** 2))) for rows in members.values()]


def allocate(
    sizes: Sequence[int], n: int, *, spreads: Sequence[float] | None = None, floor: float = DEFAULT_FLOOR
) -> list[int]:
    """Return how many of n labels each stratum gets, so that the variance of the mean is least.

    One after the other, each to the stratum with the largest share/√(n_h(n_h + 1)): that is exactly optimal (Wright
    2012), and a larger n takes nothing away. The first two go to every stratum in turn, for a variance takes two.

    Args:
        sizes: items of each stratum, above 0.
        n: labels; at least one a stratum.
        spreads: standard deviation within each stratum; all alike unless given.
        floor: part of a stratum's share that goes by its size alone, above 0 and at most 1.

    Raises:
        InvalidArgument: n is below the number of strata, or floor out of range.

    Examples:
        >>> allocate([900, 100], 50, spreads=[0.1, 0.5], floor=0.1)
        [33, 17]
    """
    if not 0.0 < floor <= 1.0:
        message = f"floor must be above 0, so that every item can be drawn, and at most 1; it is {floor!r}."
        raise InvalidArgument(message)
    total = sum(sizes)
    if n < len(sizes) or total == 0:
        message = (
            f"{n} labels for {len(sizes)} strata: every stratum needs one at least. Use fewer strata, or more labels."
        )
        raise InvalidArgument(message)
    spread = [1.0] * len(sizes) if spreads is None else [float(s) for s in spreads]
    worth = sum(size * s for size, s in zip(sizes, spread, strict=True)) or 1.0
    shares = [
        floor * size / total + (1.0 - floor) * size * s / worth for size, s in zip(sizes, spread, strict=True)
    ]  # fmt: skip
    given = [0] * len(sizes)
    queue = [(0, -share, i) for i, share in enumerate(shares)]
    heapq.heapify(queue)
    for _ in range(min(n, total)):
        _, _, i = heapq.heappop(queue)
        given[i] += 1
        if given[i] < sizes[i]:
            first = given[i] if given[i] < 2 else 2
            heapq.heappush(queue, (first, -shares[i] / math.sqrt(given[i] * (given[i] + 1)), i))
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthPoint:
    """What so many labels give.

    Args:
        n: human labels in all.
        half_width: expected of the interval, half its width: the number after ±, in the unit of the labels.
    """

    n: int
    half_width: float


def width_curve(
    ns: Sequence[int],
    *,
    residual_sd: float | Sequence[float],
    population: int | Sequence[int],
    label_sd: float = 0.0,
    finite: bool = False,
    confidence: float = 0.95,
    floor: float = DEFAULT_FLOOR,
) -> tuple[WidthPoint, ...]:
    """Return how wide the corrected mean's interval will be with so many labels.

    Half width t √(Σ (N_h/N)² (1 − n_h/N_h) σ_h²/n_h + σ_Y²/N), the second term not for a finite population, with n_h by
    ``allocate`` and n − H degrees of freedom.

    Args:
        ns: numbers of labels in all.
        residual_sd: σ, standard deviation of what the judge leaves unexplained: ``residual_sd`` of the correction so
            far; ½ is the worst for yes and no. One for each stratum if ``population`` is.
        population: items, labelled or not; of each stratum, or of all.
        label_sd: σ_Y, of the labels themselves: ``label_sd`` of the correction so far.
        finite: whether just these items are the population.
        confidence: nominal coverage.
        floor: of the allocation.

    Raises:
        InvalidArgument: no items, or a standard deviation for each stratum is missing.

    Examples:
        >>> [round(p.half_width, 3) for p in width_curve([50, 200], residual_sd=0.3, label_sd=0.5, population=2000)]
        [0.087, 0.045]
    """
    check_confidence(confidence)
    sizes = np.atleast_1d(np.asarray(population, dtype=np.float64))
    sds = np.atleast_1d(np.asarray(residual_sd, dtype=np.float64))
    if len(sds) == 1:
        sds = np.repeat(sds, len(sizes))
    if len(sds) != len(sizes) or np.any(sizes < 1) or np.any(sds < 0):
        raise InvalidArgument("Give width_curve a residual_sd of 0 or more for each stratum, and strata with items.")
    total = float(sizes.sum())
    points = []
    for n in ns:
        if n > total or n < len(sizes):
            continue
        given = np.asarray(allocate([int(s) for s in sizes], n, spreads=sds.tolist(), floor=floor), dtype=np.float64)
        variance = float(((sizes / total) ** 2 * (1.0 - given / sizes) * sds**2 / given).sum())
        variance += 0.0 if finite else label_sd**2 / total
        t = float(t_quantile(0.5 + confidence / 2.0, max(n - len(sizes), 1)))
        points.append(WidthPoint(n=n, half_width=t * math.sqrt(variance)))
    return tuple(points)


def labels_needed(
    target: float,
    *,
    residual_sd: float | Sequence[float],
    population: int | Sequence[int],
    label_sd: float = 0.0,
    finite: bool = False,
    confidence: float = 0.95,
    floor: float = DEFAULT_FLOOR,
) -> int | None:
    """Return how many labels in all make the half width at most ``target``; None if even labels for all items do not.

    Arguments as for ``width_curve``.

    Raises:
        InvalidArgument: target is not above 0.

    Examples:
        >>> labels_needed(0.05, residual_sd=0.3, label_sd=0.5, population=2000)
        161
    """
    if not target > 0:
        message = f"target is half the width to reach, above 0, such as 0.05; it is {target!r}."
        raise InvalidArgument(message)
    sizes = [population] if isinstance(population, int) else list(population)

    def wide(n: int) -> bool:
        (point,) = width_curve(
            [n], residual_sd=residual_sd, population=population, label_sd=label_sd, finite=finite,
            confidence=confidence, floor=floor,
        )  # fmt: skip
        return point.half_width > target

    few, many = min(len(sizes) + 1, sum(sizes)), sum(sizes)
    if wide(many):
        return None
    while few < many:
        middle = (few + many) // 2
        few, many = (middle + 1, many) if wide(middle) else (few, middle)
    return many


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether labelling may end, and why: true or false in a condition.

    Args:
        may: whether it may.
        why: a sentence.
    """

    may: bool
    why: str

    def __bool__(self) -> bool:
        return self.may


def may_stop(corrected: CorrectedMean, target: float) -> Stop:
    """Return whether the interval is narrow enough to stop labelling.

    Looking again and again at a width does no harm that looking at the value would: the rule stops where the variance
    is small, not where the value pleases (Anscombe 1952; Chow & Robbins 1965). What harm is left, stopping at a moment
    when the variance happens to be underestimated, is met by asking for ``STOP_LABELS`` labels and a width that is
    narrow enough with the variance 4/n larger.

    Args:
        corrected: the correction with the labels so far.
        target: half the width to reach, above 0: the number after ±.

    Examples:
        >>> from steelyard.metrics.corrected import prediction_powered
        >>> found = prediction_powered([0, 1] * 100, [0, 1] * 100, [0, 1] * 2000)
        >>> bool(may_stop(found, 0.05)), may_stop(found, 0.001).why
        (True, 'The interval is ±0.018 with 200 labels: wider than ±0.001.')
    """
    found, n = corrected.corrected, corrected.n
    if found is None or found.low is None or found.high is None:
        return Stop(False, corrected.refused or "There is no interval yet.")
    half = (found.high - found.low) / 2.0
    about = f"The interval is ±{half:.3g} with {n} labels"
    if n < STOP_LABELS:
        return Stop(False, f"{about}: fewer than {STOP_LABELS} do not tell how wide it is.")
    if half > target:
        return Stop(False, f"{about}: wider than ±{target:g}.")
    if half * math.sqrt(1.0 + 4.0 / n) > target:
        return Stop(False, f"{about}: some more labels make sure that it is not narrower than ±{target:g} by chance.")
    return Stop(True, f"{about}: not wider than ±{target:g}.")
