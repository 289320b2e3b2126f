"""Every measure of every slice of two windows, with one family of tests over all that were looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from steelyard.metrics.intervals import benjamini_hochberg
from steelyard.monitor.windows_compared_cells import MEANS, QUANTILES, Cell, Cells, Measure, Place, cells_of, remainder
from steelyard.monitor.windows_compared_changes import (
    Difference,
    difference_of,
    margin_of,
    verdict_of,
)
from steelyard.monitor.windows_compared_parts import parts_of
from steelyard.monitor.windows_compared_records import WindowChange
from steelyard.monitor.windows_compared_words import sentence_of
from steelyard.records.filters import condition

Direction = Literal["above", "below"]
"""Which side of a measure is bad."""

Windows = tuple[tuple[int, int], tuple[int, int]]

REST = "…"
NONE = "(none)"
_LEAST_ROWS = 10
_MOST_SCORES = 20
_MOST_DIMENSIONS = 8
_MOST_VALUES = 50
_ALL = 0.999
_UNITS = {"error_rate": "share", "duration_p50": "ms", "duration_p95": "ms", "cost": "USD"}


@dataclass(frozen=True, slots=True)
class _Judged:
    """A change with what its verdict is made of."""

    change: WindowChange
    difference: Difference | None
    margin: float
    bad: Direction


def measures_of(place: Place, windows: Windows) -> list[Measure]:
    """Return what can be compared: of the traffic all, and the scores that are most frequent."""
    counted: dict[tuple[str, str], int] = {}
    for start, end in windows:
        for one in place.store.scores.names([place.experiment_id], start_ms=start, end_ms=end):
            counted[one.name, one.source] = counted.get((one.name, one.source), 0) + one.n
    frequent = sorted(counted, key=lambda key: (-counted[key], key))[:_MOST_SCORES]
    traffic = [Measure(name) for name in ("error_rate", *QUANTILES, *MEANS)]
    return [*traffic, *(Measure(f"score:{name}", source) for name, source in sorted(frequent))]


def dimensions_of(place: Place, windows: Windows) -> tuple[str, ...]:
    """Return the dimensions of which traffic has several values, and that are no identifiers."""
    found: dict[str, dict[str, int]] = {}
    for start, end in windows:
        within = f"timestamp_ms >= {start} AND timestamp_ms < {end}"
        filters = f"{within} AND ({place.filter_string})" if place.filter_string.strip() else within
        facets = place.store.overview.facets([place.experiment_id], filters, most=_MOST_VALUES)
        for name, values in facets.items():
            if name in ("name", "model") or name.startswith("tag."):
                counts = found.setdefault(name, {})
                for facet in values:
                    counts[facet.value] = counts.get(facet.value, 0) + facet.n
    several = [name for name, counts in found.items() if len(counts) > 1 and _repeats(counts)]
    rows = {name: sum(found[name].values()) for name in several}
    return tuple(sorted(sorted(several, key=lambda name: (-rows[name], name))[:_MOST_DIMENSIONS]))


def changes_of(
    place: Place,
    measures: Sequence[Measure],
    windows: Windows,
    dimensions: Sequence[str],
    *,
    margin: float | Mapping[str, float] | None,
    bad: Mapping[str, Direction],
) -> tuple[tuple[WindowChange, ...], tuple[WindowChange, ...]]:
    """Return the changes of the whole, and those of all slices, the most harmful first.

    Args:
        place: where.
        measures: which.
        windows: before and after.
        dimensions: what to slice by.
        margin: as for ``compare_windows``.
        bad: the bad side of measures that have another than usual.
    """
    old, new = (cells_of(place, measures, window) for window in windows)
    whole, slices = [], []
    for measure in measures:
        before, after = old[measure].get(""), new[measure].get("")
        if before is not None or after is not None:
            whole.append(_judged(measure, before, after, margin=margin, bad=bad))
    for dimension in dimensions:
        parts_old, parts_new = (cells_of(place, measures, window, dimension) for window in windows)
        for measure in measures:
            before = _complete(parts_old[measure], old[measure].get(""))
            after = _complete(parts_new[measure], new[measure].get(""))
            slices += _sliced(dimension, measure, before, after, margin=margin, bad=bad)
    return tuple(_decided(whole)), ranked(_decided(slices))


def ranked(changes: Sequence[WindowChange]) -> tuple[WindowChange, ...]:
    """Return changes of slices, those that got worse for sure first, and of these the most harmful."""
    return tuple(sorted(changes, key=lambda one: (one.verdict != "worse", -one.harm, one.measure, one.slice)))


def _complete(parts: Cells, whole: Cell | None) -> Cells:
    """Return slices with what has no value of the dimension as one more, so that they make up the whole."""
    rest = None if whole is None or not parts else remainder(whole, parts.values())
    return parts if rest is None else {**parts, "": rest}


def _sliced(
    dimension: str,
    measure: Measure,
    before: Cells,
    after: Cells,
    *,
    margin: float | Mapping[str, float] | None,
    bad: Mapping[str, Direction],
) -> list[_Judged]:
    parts = parts_of(before, after)
    if not parts:
        return []
    total = sum(part.contribution for part in parts.values())
    found = []
    for value, part in parts.items():
        if part.weight > _ALL:
            continue
        one = _judged(measure, before.get(value), after.get(value), margin=margin, bad=bad)
        sign, size = (1.0 if one.bad == "above" else -1.0), _size(before, after, one.bad)
        change = replace(
            one.change,
            slice=slice_of(dimension, value),
            filter_string=filter_of(dimension, value),
            weight=part.weight,
            within=part.within,
            mix=part.mix,
            harm=sign * (part.contribution - part.weight * total) / size,
        )
        found.append(replace(one, change=change))
    return found


def _judged(
    measure: Measure,
    before: Cell | None,
    after: Cell | None,
    *,
    margin: float | Mapping[str, float] | None,
    bad: Mapping[str, Direction],
) -> _Judged:
    told = margin.get(measure.name) if isinstance(margin, Mapping) else margin
    difference, width = None, 0.0
    if before is not None and after is not None:
        difference, width = difference_of(before, after), margin_of(before, after, told)
        if min(before.n, after.n) < _LEAST_ROWS:
            difference = Difference(difference.value)
    cell = before or after
    change = WindowChange(
        measure=measure.name,
        source=measure.source,
        unit=_UNITS.get(measure.name, _unit(measure, cell)),
        before=None if before is None else before.value,
        before_n=0 if before is None else before.n,
        after=None if after is None else after.value,
        after_n=0 if after is None else after.n,
        before_missing=0 if before is None else before.missing,
        after_missing=0 if after is None else after.missing,
        difference=None if difference is None else difference.value,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        p_value=None if difference is None else difference.p_value,
    )
    return _Judged(change, difference, width, bad.get(measure.name, "below" if measure.score else "above"))


def _decided(judged: Sequence[_Judged]) -> list[WindowChange]:
    """Return changes with their verdicts, their p-values adjusted for all of them together."""
    adjusted = benjamini_hochberg([np.nan if one.change.p_value is None else one.change.p_value for one in judged])
    found = []
    for one, p in zip(judged, adjusted.tolist(), strict=True):
        change = replace(one.change, p_adjusted=None if np.isnan(p) else p)
        if one.difference is not None:
            verdict = verdict_of(
                one.difference,
                margin=one.margin,
                higher_is_better=one.bad == "below",
                p_adjusted=change.p_adjusted,
            )
            change = replace(change, verdict=verdict)
        found.append(replace(change, sentence=sentence_of(change)))
    return found


def slice_of(dimension: str, value: str) -> str:
    """Return the name of a slice."""
    return f"{dimension} = {value or NONE}"


def filter_of(dimension: str, value: str) -> str:
    """Return the filter that finds a slice's traces; empty for all that have no value, or a rare one."""
    if value in ("", REST):
        return ""
    return condition("span.model" if dimension == "model" else dimension, "=", value)


def _unit(measure: Measure, cell: Cell | None) -> str:
    if not measure.score:
        return "tokens"
    return "share" if cell is not None and cell.shape == "rate" else ""


def _size(before: Cells, after: Cells, bad: Direction) -> float:
    """Return how large the bad side of a measure is, so that harm to different measures can stand in one order."""
    shares = any(cell.shape == "rate" for cell in (*before.values(), *after.values()))
    sizes = [abs(_mean(cells)) for cells in (before, after)]
    return max(1.0 - size if shares and bad == "below" else size for size in sizes) or 1.0


def _mean(cells: Cells) -> float:
    n = sum(cell.n for cell in cells.values())
    return sum(cell.total for cell in cells.values()) / n if n else 0.0


def _repeats(counts: Mapping[str, int]) -> bool:
    """Return whether values come often enough to be slices rather than identifiers."""
    return max(counts.values()) >= _LEAST_ROWS and sum(n >= _LEAST_ROWS for n in counts.values()) * 4 >= len(counts)
