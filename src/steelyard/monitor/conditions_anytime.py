"""Watching every new row: sequential tests whose rate of false alarms is declared, however often one looks.

Each group has a detector (``metrics.sequential``). Its rows come in looks: the rows of one aligned stretch as long as
the time between two looks of the rule, each stretch once. A year has year/``every_ms`` of them, so that a rule which
allows f false alarms a year has (year / every_ms) / f looks between two.

The groups of a rule share its false alarms. Groups that join together share a batch evenly, and the j-th batch has
1/(j(j + 1)) of all: whatever comes later, the parts add up to no more than 1. A rule without groups has the whole.

A detector says that the mean became worse; that it is well again is found by a second one, the other way round: it is
over once the rows since speak for a mean nearer to what it was than to what it fell to. Until then it stays bad, also
where the drop is too small to be seen in a single window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import Detector, SufficientCounts, against_baseline
from steelyard.monitor.rules_memory import Watched
from steelyard.monitor.series_reading import Reading
from steelyard.records import Condition

YEAR_MS = 31_557_600_000
"""365.25 days."""

SHAPES = frozenset({"rate", "mean", "quantile"})
"""What can be tested so: shares, means with a range, and quantiles as the share of rows beyond a limit."""

KEPT_STARTS = 300
"""Of so many looks it is known when they were, so that the beginning of a change can be told."""


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one group in one stretch, as sums."""

    start_ms: int
    group: str
    rows: SufficientCounts


def looks_between(condition: Condition, every_ms: int, share: float) -> float:
    """Return how many looks lie between two false alarms of a group, in the mean and at least.

    Args:
        condition: with its ``false_alarms_per_year``.
        every_ms: from one look to the next.
        share: the group's part of the false alarms.

    Raises:
        InvalidArgument: more false alarms than looks are allowed.

    Examples:
        >>> looks_between(Condition(false_alarms_per_year=1.0), 300_000, 1.0)
        105192.0
    """
    looks = YEAR_MS / every_ms / condition.false_alarms_per_year / share
    if looks <= 1.0:
        raise InvalidArgument(
            f"false_alarms_per_year={condition.false_alarms_per_year:g} is more than the looks that a rule takes in a "
            f"year when it looks every {every_ms / 1000:g} seconds: allow fewer, or look more often."
        )
    return looks


def share_of_batch(batch: int, groups: int) -> float:
    """Return the part of the false alarms of each group of the j-th batch.

    Examples:
        >>> share_of_batch(1, 2), share_of_batch(2, 1)
        (0.25, 0.16666666666666666)
    """
    return 1.0 / (batch * (batch + 1)) / groups


def detector_for(
    condition: Condition, baseline: Reading | None, *, shape: str, looks: float, q: float | None = None
) -> Detector:
    """Return the detector of a group before its first rows.

    Args:
        condition: with a baseline or a ``value``.
        baseline: what was; None if the value is known. What the baseline may be off by is allowed for.
        shape: of the series.
        looks: between two false alarms.
        q: of a quantile, which: its detector watches the share of rows beyond the limit, which is 1 − q.

    Raises:
        InvalidArgument: the baseline has too few rows, or the limit lies outside of the range.
    """
    low, high = (condition.low, condition.high) if shape == "mean" else (0.0, 1.0)
    if q is not None:
        return Detector.start(target=1.0 - q, direction=condition.direction, looks_between_false_alarms=looks)
    if baseline is not None:
        return against_baseline(
            sums_of(baseline),
            margin=condition.margin,
            direction=condition.direction,
            low=low,
            high=high,
            looks_between_false_alarms=looks,
        )
    if condition.value is None:
        raise InvalidArgument("A sequential test needs a baseline or a value.")
    return Detector.start(
        target=condition.value,
        margin=condition.margin,
        direction=condition.direction,
        low=low,
        high=high,
        looks_between_false_alarms=looks,
    )


def sums_of(reading: Reading) -> SufficientCounts:
    """Return the rows of a rate or a mean as sums."""
    if reading.shape == "rate":
        passed = round(reading.total)
        return SufficientCounts.of_verdicts(passed, reading.n - passed)
    return SufficientCounts(reading.n, reading.total, reading.squares)


def fed(watched: Watched, blocks: Sequence[Block]) -> Watched:
    """Return a test after the blocks of its group, the oldest first; each is one look.

    Args:
        watched: the test as it was.
        blocks: of its group, none of which it has seen.
    """
    detector = Detector.from_bytes(watched.detector)
    back = Detector.from_bytes(watched.back) if watched.back else None
    alarmed, starts, since = watched.alarmed, list(watched.starts), watched.since_ms
    for block in blocks:
        if block.rows.n == 0:
            continue
        if alarmed:
            back = None if back is None else back.update(block.rows)
            alarmed = back is None or not back.is_alarm
            continue
        detector = detector.update(block.rows)
        starts = [*starts, block.start_ms][-KEPT_STARTS:]
        if detector.is_alarm:
            since = _began(detector, starts)
            detector, starts, alarmed, back = detector.restarted(), [], True, None
    return replace(
        watched,
        detector=detector.to_bytes(),
        back=b"" if back is None or not alarmed else back.to_bytes(),
        alarmed=alarmed,
        since_ms=since if alarmed else 0,
        starts=tuple(starts),
        fed=watched.fed + sum(block.rows.n for block in blocks),
    )


def _began(detector: Detector, starts: Sequence[int]) -> int:
    """Return the beginning of the stretch in which a change began, or the oldest that is remembered."""
    look = detector.began_at or detector.looks
    back = detector.looks - look
    return starts[-1 - back] if back < len(starts) else starts[0]


def way_back(condition: Condition, limit: float, fallen: Reading, *, looks: float, q: float | None) -> Detector | None:
    """Return the detector that finds a change to be over.

    Args:
        condition: whose direction is turned round.
        limit: where the mean should have stayed.
        fallen: what it was while it was wrong; of a quantile the share of rows beyond the limit.
        looks: until it is found over by chance while it is not.
        q: of a quantile, which.

    Returns:
        None if the range leaves no room between the two.
    """
    if fallen.value is None:
        return None
    should = 1.0 - q if q is not None else limit
    middle = (should + fallen.value) / 2.0
    low, high = (condition.low, condition.high) if fallen.shape == "mean" else (0.0, 1.0)
    if not low < middle < high:
        return None
    turned = "above" if condition.direction == "below" else "below"
    return Detector.start(target=middle, direction=turned, low=low, high=high, looks_between_false_alarms=looks)
