"""Drift of one feature, measured: the distance, its floor, its interval, its p-value, and where it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift.cells import BINS, Cells, Counts, number_cells, pooled, word_cells
from steelyard.metrics.drift.distances import (
    Distance,
    chi_square,
    cramers_v,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    psi,
)
from steelyard.metrics.drift.drift import LEVEL, METHODS, Drift, DriftBin, DriftMethod
from steelyard.metrics.drift.floors import (
    REPLICATES,
    Blocks,
    blocks_of,
    expected_shares,
    overdispersion,
    p_value,
    redrawn_blocks,
    redrawn_rows,
)
from steelyard.metrics.drift.kolmogorov import ks_cells, ks_p_value
from steelyard.metrics.drift.sentences import with_sentence
from steelyard.metrics.intervals import benjamini_hochberg

FloorFrom = Literal["rows", "days"] | None
LEAST_ROWS = 10
_MOST_SHOWN = 40
_MOST_ROWS = 20
_DISTANCES: dict[str, Distance] = {
    "psi": psi,
    "js": jensen_shannon_distance,
    "ks": kolmogorov_smirnov,
    "chi2": cramers_v,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of one feature.

    Args:
        values: shape (n,): numbers (NaN where one is missing), or a sequence of words (None where one is missing).
        times: shape (n,), when each row was, milliseconds since 1970; None if they have no time.
        window: the stretch of time [start, end) they are of, milliseconds; None if there is none.
        ids: shape (n,), to name rows; none unless given.
    """

    values: Any
    times: npt.NDArray[np.int64] | None = None
    window: tuple[int, int] | None = None
    ids: Sequence[str] = ()


def drift_of_numbers(
    feature: str,
    reference: Sample,
    current: Sample,
    *,
    method: DriftMethod = "js",
    bins: int = BINS,
    floor_from: FloorFrom = None,
    replicates: int = REPLICATES,
) -> Drift:
    """Return how far a number has moved.

    Args:
        feature: its name, which also keys the draws: the same samples give the same floor.
        reference: what it was.
        current: what it is.
        method: ``psi``, ``js`` or ``chi2`` on bins between the reference's quantiles; ``ks`` without bins, where a
            missing number counts as larger than any.
        bins: about how many.
        floor_from: ``rows`` draws the reference's rows, ``days`` blocks of time of it, each as long as the current
            window, at most a day; unless told whichever gives the higher floor, if the reference is 8 blocks long.
        replicates: how often the floor is drawn.

    Examples:
        >>> week, today = Sample(np.arange(1000.0) % 50), Sample(np.arange(500.0) % 50 + 10)
        >>> found = drift_of_numbers("output.length", week, today)
        >>> found.is_drift, found.method, found.n_reference
        (True, 'js', 1000)
    """
    _check(method, ("psi", "js", "ks", "chi2"), "a number")
    drift = Drift(
        feature=feature, kind="number", method=method, n_reference=len(reference.values), n=len(current.values)
    )
    if min(drift.n, drift.n_reference) < LEAST_ROWS:
        return with_sentence(drift)
    cells = number_cells(reference.values, current.values, bins=bins)
    fine = ks_cells(reference.values, current.values) if method == "ks" else None
    tail = ks_p_value(reference.values, current.values) if method == "ks" else None
    found = _measured(drift, cells, fine or cells, _blocks(reference, current), floor_from, replicates, tail)
    return replace(found, rows=_rows(cells, current.ids))


def drift_of_words(
    feature: str,
    reference: Sample,
    current: Sample,
    *,
    method: DriftMethod = "js",
    floor_from: FloorFrom = None,
    replicates: int = REPLICATES,
) -> Drift:
    """Return how far the shares of words (names, models, statuses, tags) have moved.

    Args:
        feature: its name, which also keys the draws.
        reference, current: what they were, and are.
        method: ``psi``, ``js`` or ``chi2``.
        floor_from, replicates: as for ``drift_of_numbers``.
    """
    _check(method, ("psi", "js", "chi2"), "a word")
    drift = Drift(feature=feature, kind="word", method=method, n_reference=len(reference.values), n=len(current.values))
    if min(drift.n, drift.n_reference) < LEAST_ROWS:
        return with_sentence(drift)
    cells = word_cells(reference.values, current.values)
    found = _measured(drift, cells, cells, _blocks(reference, current), floor_from, replicates, None)
    return replace(found, rows=_rows(cells, current.ids))


def adjusted(drifts: Sequence[Drift]) -> tuple[Drift, ...]:
    """Return drifts with their p-values adjusted for how many there are (Benjamini & Hochberg 1995), furthest first.

    A feature that is not adjusted for the others has drifted by chance once in a hundred looks; of those that are said
    to have drifted after it, one in a hundred has not.
    """
    p_values = benjamini_hochberg([np.nan if one.p_value is None else one.p_value for one in drifts])
    judged = [
        with_sentence(
            replace(
                one,
                p_adjusted=None if np.isnan(p) else float(p),
                is_drift=bool(one.excess > 0 and p <= LEVEL),
            )
        )
        for one, p in zip(drifts, p_values, strict=True)
    ]
    return tuple(sorted(judged, key=lambda one: (not one.is_drift, -one.excess, one.feature)))


def _measured(
    drift: Drift,
    cells: Cells,
    measured: Cells,
    blocks: Blocks | None,
    floor_from: FloorFrom,
    replicates: int,
    tail: float | None,
) -> Drift:
    distance = _distance(drift.method, measured)
    old, new = measured.counts
    value = float(np.asarray(distance(old, new)))
    floors = _floors(drift, cells, measured, blocks, floor_from, replicates, distance)
    kind, floor = max(floors, key=lambda one: float(np.quantile(one[1], 1.0 - LEVEL)))
    squared = drift.method != "psi"  # a distance whose square adds up over cells
    p = p_value(value**2 if squared else value, floor**2 if squared else floor, tail=tail if kind == "rows" else None)
    low, high = _interval(drift, value, old, new, distance, replicates)
    floor_95, floor_99 = (float(np.quantile(floor, q)) for q in (0.95, 1.0 - LEVEL))
    return with_sentence(
        replace(
            drift,
            value=value,
            low=low,
            high=high,
            statistic=float(np.asarray(chi_square(*_grouped(measured)))) if drift.method == "chi2" else value,
            floor_95=floor_95,
            floor_99=floor_99,
            floor_from=kind,
            p_value=p,
            p_adjusted=p,
            bins=_bins(cells),
            is_drift=value > floor_99 and p <= LEVEL,
        )
    )


def _floors(
    drift: Drift,
    cells: Cells,
    measured: Cells,
    blocks: Blocks | None,
    floor_from: FloorFrom,
    replicates: int,
    distance: Distance,
) -> list[tuple[Literal["rows", "days"], npt.NDArray[np.float64]]]:
    """Return the floors to choose the higher of: each replicate's distance, shape (B,)."""
    n, m, key = drift.n_reference, drift.n, drift.feature
    old = measured.counts[0]
    expected = expected_shares(measured, key=key, replicates=replicates)
    found: list[tuple[Literal["rows", "days"], npt.NDArray[np.float64]]] = []
    if floor_from != "days" or blocks is None:
        drawn = redrawn_rows(old / n, expected, n, m, key=key, replicates=replicates)
        found.append(("rows", np.asarray(distance(*drawn))))
    if floor_from != "rows" and blocks is not None:
        spread = overdispersion(cells.reference, blocks)
        drawn = redrawn_blocks(
            measured.reference, blocks, expected, n, m, spread=spread, key=key, replicates=replicates
        )
        found.append(("days", np.asarray(distance(*drawn))))
    return found


def _interval(
    drift: Drift, value: float, old: Counts, new: Counts, distance: Distance, replicates: int
) -> tuple[float, float]:
    """Return the basic bootstrap's interval, which takes off what drawing again adds to a distance."""
    key = ("interval", drift.feature)
    drawn = redrawn_rows(old / old.sum(), new / new.sum(), drift.n_reference, drift.n, key=key, replicates=replicates)
    first, last = np.quantile(np.asarray(distance(*drawn)), (0.025, 0.975))
    return max(2.0 * value - float(last), 0.0), max(2.0 * value - float(first), 0.0)


def _distance(method: str, cells: Cells) -> Distance:
    if method != "chi2":
        return _DISTANCES[method]
    groups = pooled(*cells.counts)
    return _on_groups(groups)


def _on_groups(groups: Counts) -> Distance:
    into = (groups[:, None] == np.arange(int(groups.max()) + 1)).astype(np.float64)
    return lambda old, new: cramers_v(np.asarray(old, np.float64) @ into, np.asarray(new, np.float64) @ into)


def _grouped(cells: Cells) -> tuple[Counts, Counts]:
    groups = pooled(*cells.counts)
    old, new = (np.bincount(groups, counts) for counts in cells.counts)
    return old.astype(np.int64), new.astype(np.int64)


def _bins(cells: Cells) -> tuple[DriftBin, ...]:
    """Return the cells with their part of the Jensen–Shannon divergence, which all cells make up together."""
    old, new = cells.counts
    p, q = old / old.sum(), new / new.sum()
    middle = (p + q) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.sum([np.where(share > 0, share * np.log2(share / middle), 0.0) for share in (p, q)], axis=0)
    total = float(parts.sum())
    shown = range(min(len(cells.labels), _MOST_SHOWN))
    return tuple(
        DriftBin(cells.labels[i], float(p[i]), float(q[i]), float(parts[i]) / total if total > 0 else 0.0)
        for i in shown
    )


def _rows(cells: Cells, ids: Sequence[str]) -> tuple[str, ...]:
    """Return current rows of the cell that has grown most beyond what it was."""
    old, new = cells.counts
    grown = int(np.argmax(new / new.sum() - old / old.sum()))
    return tuple(ids[i] for i in np.flatnonzero(cells.current == grown)[:_MOST_ROWS]) if len(ids) else ()


def _blocks(reference: Sample, current: Sample) -> Blocks | None:
    return None if reference.times is None else blocks_of(reference.times, current.window)


def _check(method: str, offered: Sequence[str], what: str) -> None:
    if method in offered:
        return
    known = f"method={method!r} does not measure {what}: choose one of {', '.join(offered)}."
    unknown = f"method={method!r} is none of {', '.join(METHODS)}."
    raise InvalidArgument(known if method in METHODS else unknown)
