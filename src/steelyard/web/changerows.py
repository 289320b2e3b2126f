"""From a comparison of two windows to the rows of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from steelyard.metrics.intervals import mean_t, wilson
from steelyard.monitor.windows_compared import WindowComparison, compare_windows
from steelyard.monitor.windows_compared_cells import Cell, Measure, Place, cells_of
from steelyard.monitor.windows_compared_records import WindowChange
from steelyard.monitor.windows_compared_slices import dimensions_of
from steelyard.records import Estimate, Store
from steelyard.web.changewords import STATES, explained, title_of
from steelyard.web.contexts.changes import (
    Compared,
    DimensionParts,
    MeasureChoice,
    MeasureRow,
    SliceChange,
    SlicesPage,
)

_SHOWN = 25
_WORSE = 6


def measures_of(store: Store, view: Compared) -> tuple[tuple[MeasureRow, ...], int, int]:
    """Return the measures of the whole, and how many traces are in each window."""
    found = _compared(store, view, by=[])
    place = Place(store, view.experiment_id, view.condition)
    measures = [Measure(one.measure, one.source) for one in found.overall]
    before, after = (
        {key: cells.get("") for key, cells in cells_of(place, measures, window).items()}
        for window in (found.before, found.after)
    )
    rows = tuple(_row(one, before, after, view.lower) for one in found.overall)
    rate = next((one for one in found.overall if one.measure == "error_rate"), None)
    return rows, rate.before_n if rate else 0, rate.after_n if rate else 0


def told_of(rows: Sequence[MeasureRow]) -> tuple[MeasureRow, ...]:
    """Return what got worse or better for sure, the worse first."""
    return tuple(one for state in ("worse", "better") for one in rows if one.state == state)


def slices_of(store: Store, view: Compared, *, by: str, measure: str) -> SlicesPage:
    """Return where a measure changed; the one that got worst where none is asked for."""
    found = _compared(store, view, by=[by] if by else None)
    windows = (found.before, found.after)
    dimensions = dimensions_of(Place(store, view.experiment_id, view.condition), windows) if by else found.dimensions
    worse: dict[str, int] = {}
    for one in found.worse:
        worse[_key(one)] = worse.get(_key(one), 0) + 1
    sliced = {_key(one) for one in found.slices}
    choices = tuple(
        MeasureChoice(key=_key(one), title=title_of(one), worse=worse.get(_key(one), 0))
        for one in found.overall
        if _key(one) in sliced
    )
    chosen = next((one for one in choices if one.key == measure), None) or _worst(choices, found)
    if chosen is None:
        return SlicesPage(view=view, by=by, dimensions=dimensions, looked_at=found.looked_at)
    whole = next(one for one in found.overall if _key(one) == chosen.key)
    listed = [one for one in found.slices if _key(one) == chosen.key]
    parts = _parts(listed) if not whole.measure.startswith("duration") else ()
    first = listed[0] if listed else None
    return SlicesPage(
        view=view,
        by=by,
        dimensions=dimensions,
        measure=chosen,
        choices=choices,
        whole=whole,
        rows=tuple(SliceChange(change=one, by=_dimension(one), state=STATES[one.verdict]) for one in listed[:_SHOWN]),
        n_slices=len(listed),
        parts=parts,
        looked_at=found.looked_at,
        worse=found.worse[:_WORSE],
        says=explained(whole, first, parts, by or (_dimension(first) if first else "")),
    )


def estimate_of(cell: Cell | None) -> Estimate | None:
    """Return a number of one window with its interval: Wilson's of a share, Student's of a mean, else its own."""
    if cell is None:
        return None
    if cell.shape == "rate":
        ends = wilson(cell.succeeded, cell.n)
        return Estimate(cell.value, cell.n, low=float(ends.low), high=float(ends.high), method="wilson")
    if cell.shape == "quantile":
        return Estimate(cell.value, cell.n, low=cell.low, high=cell.high, method="order statistics, within 1%")
    if cell.se is None or cell.df is None or cell.se <= 0:
        return Estimate(cell.value, cell.n, method="no interval: the spread is not known")
    ends = mean_t(cell.value, cell.se, cell.df)
    return Estimate(cell.value, cell.n, se=cell.se, low=float(ends.low), high=float(ends.high), method="t")


def _compared(store: Store, view: Compared, *, by: Sequence[str] | None) -> WindowComparison:
    return compare_windows(
        view.experiment_id,
        before=view.before,
        after=view.after,
        filter_string=view.condition,
        by=by,
        lower_is_better=view.lower,
        store=store,
    )


def _row(
    change: WindowChange,
    before: Mapping[Measure, Cell | None],
    after: Mapping[Measure, Cell | None],
    lower: Sequence[str],
) -> MeasureRow:
    key = Measure(change.measure, change.source)
    name = key.score
    return MeasureRow(
        change=change,
        title=title_of(change),
        before=estimate_of(before.get(key)),
        after=estimate_of(after.get(key)),
        state=STATES[change.verdict],
        score=name,
        lower=name in lower if name else True,
    )


def _worst(choices: Sequence[MeasureChoice], found: WindowComparison) -> MeasureChoice | None:
    """Return the measure whose slices show most: that of the most harmful slice, else that which got worse."""
    keys = [_key(one) for one in found.worse]
    keys += [_key(one) for one in found.overall if one.verdict == "worse"]
    keys += [one.key for one in choices]
    return next((one for key in keys for one in choices if one.key == key), None)


def _parts(listed: Sequence[WindowChange]) -> tuple[DimensionParts, ...]:
    within: dict[str, float] = {}
    mix: dict[str, float] = {}
    for one in listed:
        name = _dimension(one)
        within[name] = within.get(name, 0.0) + one.within
        mix[name] = mix.get(name, 0.0) + one.mix
    return tuple(DimensionParts(by=name, within=within[name], mix=mix[name]) for name in within)


def _key(change: WindowChange) -> str:
    return f"{change.measure}|{change.source}" if change.source else change.measure


def _dimension(change: WindowChange) -> str:
    """Return the dimension of a slice, such as ``tag.topic`` of ``tag.topic = billing``."""
    return change.slice.partition(" = ")[0]
