"""What a window says of each slice of its traffic: shares, means and quantiles with what their spread is known from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steelyard.metrics.intervals import clustered_se_from_sums
from steelyard.metrics.score_estimates import mean_of
from steelyard.records import ScoreWindow, Store, TraceWindow

QUANTILES = {"duration_p50": 0.5, "duration_p95": 0.95}
MEANS = ("input_tokens", "output_tokens", "cost")
_WIDTHS = (86_400, 3_600, 300, 60, 1)  # seconds: those whose counts are kept come first
_LEAST_PARTS, _MOST_PARTS = 8, 60

Shape = Literal["rate", "mean", "quantile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One number of one slice in one window.

    Args:
        shape: a share of rows, a mean of rows, or a quantile of rows.
        n: rows.
        value: the number.
        succeeded: of a share, the rows that count.
        se, df: of a mean its standard error and degrees of freedom; None where they are not known.
        low, high: of a quantile its 95% interval; None where too few rows lie beyond it.
        missing: rows that have an error instead of a value; they are not among ``n``.
    """

    shape: Shape
    n: int
    value: float
    succeeded: int = 0
    se: float | None = None
    df: float | None = None
    low: float | None = None
    high: float | None = None
    missing: int = 0

    @property
    def total(self) -> float:
        """The sum over its rows."""
        return self.value * self.n


Cells = dict[str, Cell]
"""By slice; the whole under an empty name."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: ``error_rate``, ``duration_p50`` … or ``score:<name>``, and of a score its source."""

    name: str
    source: str = ""

    @property
    def score(self) -> str:
        """The feedback's name; empty for a measure of traffic."""
        return self.name.removeprefix("score:") if self.name.startswith("score:") else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where numbers are read: a store, an experiment, and a filter of its traces."""

    store: Store
    experiment_id: str
    filter_string: str = ""


def cells_of(
    place: Place, measures: Sequence[Measure], window: tuple[int, int], by: str = ""
) -> Mapping[Measure, Cells]:
    """Return measures of a window, for each value of a dimension or for the whole.

    Args:
        place: where.
        measures: which.
        window: [start, end), milliseconds, in whole seconds.
        by: ``name``, ``model`` or ``tag.<key>``; the whole if it is empty.
    """
    found: dict[Measure, Cells] = {}
    traffic = {one.name: one for one in measures if not one.score}
    if traffic:
        cells = _of_traffic(place, set(traffic), window, by)
        found |= {traffic[name]: cells.get(name, {}) for name in traffic}
    for measure in measures:
        if measure.score:
            found[measure] = _of_scores(place, measure, window, by)
    return found


def remainder(whole: Cell, parts: Iterable[Cell]) -> Cell | None:
    """Return what is in the whole and in none of its parts; None if nothing is, or if it cannot be told."""
    listed = list(parts)
    n = whole.n - sum(part.n for part in listed)
    if whole.shape == "quantile" or n <= 0:
        return None
    succeeded = whole.succeeded - sum(part.succeeded for part in listed)
    total = whole.total - sum(part.total for part in listed)
    missing = whole.missing - sum(part.missing for part in listed)
    return Cell(shape=whole.shape, n=n, value=total / n, succeeded=succeeded, missing=max(missing, 0))


def part_ms(window: tuple[int, int]) -> int:
    """Return how long the parts are that a window is divided into, so that 8 to 60 of them make it up exactly.

    Returns:
        Milliseconds; the whole length where it cannot be divided so.

    Examples:
        >>> part_ms((0, 86_400_000)), part_ms((0, 7_000))
        (3600000, 7000)
    """
    seconds = (window[1] - window[0]) // 1000
    for unit in _WIDTHS:
        for parts in range(_LEAST_PARTS, _MOST_PARTS + 1):
            if seconds % parts == 0 and seconds // parts % unit == 0:
                return _widest(seconds, unit) * 1000
    return seconds * 1000


def _widest(seconds: int, unit: int) -> int:
    """Return the part nearest to a 24th of the whole among those of a unit."""
    fitting = [n for n in range(_LEAST_PARTS, _MOST_PARTS + 1) if seconds % n == 0 and seconds // n % unit == 0]
    return seconds // min(fitting, key=lambda n: abs(n - 24))


def _of_traffic(place: Place, names: set[str], window: tuple[int, int], by: str) -> Mapping[str, Cells]:
    found: dict[str, Cells] = defaultdict(dict)
    if names - set(MEANS):
        for one in _trace_windows(place, window, window[1] - window[0], by):
            found["error_rate"][one.group] = Cell(
                shape="rate", n=one.n, value=one.errors / max(one.n, 1), succeeded=one.errors
            )
            for name, q in QUANTILES.items():
                if q in one.durations:
                    low, high = one.duration_intervals.get(q, (None, None))
                    found[name][one.group] = Cell(
                        shape="quantile", n=one.ended, value=one.durations[q], low=low, high=high
                    )
    if names & set(MEANS):
        parts: dict[str, list[TraceWindow]] = defaultdict(list)
        for one in _trace_windows(place, window, part_ms(window), by):
            parts[one.group].append(one)
        for group, listed in parts.items():
            for name in names & set(MEANS):
                cell = _mean_per_trace(name, listed)
                if cell is not None:
                    found[name][group] = cell
    return found


def _trace_windows(place: Place, window: tuple[int, int], step_ms: int, by: str) -> Iterable[TraceWindow]:
    return place.store.overview.windows(
        [place.experiment_id],
        place.filter_string,
        start_ms=window[0],
        end_ms=window[1],
        step_ms=step_ms,
        by=by,
        origin_ms=window[0],
    )


def _mean_per_trace(name: str, parts: Sequence[TraceWindow]) -> Cell | None:
    """Return tokens or cost per trace. The spread of traces is not kept, but that of the window's parts is seen.

    Each part of the window is a cluster of traces (Miller 2024): what arrives together is alike, and counts as less
    than as many independent traces.
    """
    rows = np.array([one.priced if name == "cost" else one.n for one in parts], np.float64)
    sums = np.array([float(getattr(one, name) or 0.0) for one in parts])
    n = int(rows.sum())
    if not n:
        return None
    se = float(np.asarray(clustered_se_from_sums(rows, sums)))
    clusters = int((rows > 0).sum())
    known = clusters >= _LEAST_PARTS and not np.isnan(se)
    return Cell(
        shape="mean",
        n=n,
        value=float(sums.sum()) / n,
        se=se if known else None,
        df=clusters - 1.0 if known else None,
    )


def _of_scores(place: Place, measure: Measure, window: tuple[int, int], by: str) -> Cells:
    windows = place.store.scores.windows(
        [place.experiment_id],
        measure.score,
        start_ms=window[0],
        end_ms=window[1],
        step_ms=window[1] - window[0],
        source=measure.source,
        by=by,
        filter_string=place.filter_string,
        origin_ms=window[0],
    )
    return {one.group: cell for one in windows if (cell := _of_score(one)) is not None}


def _of_score(window: ScoreWindow) -> Cell | None:
    """Return the share of good verdicts, or the mean where most values are numbers; None where there are only words."""
    if window.numbers > window.verdicts:
        mean = mean_of(window)
        if mean.value is None:
            return None
        df = mean.n - 1.0 if mean.n > 1 else None
        return Cell(shape="mean", n=mean.n, value=mean.value, se=mean.se, df=df, missing=window.errors)
    if not window.verdicts:
        return None
    share = window.passed / window.verdicts
    return Cell(shape="rate", n=window.verdicts, value=share, succeeded=window.passed, missing=window.errors)
