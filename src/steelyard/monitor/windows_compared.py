"""One window of traffic compared with another, as a whole and by slice: what changed, where, and whether it is real."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.monitor.drifting import Window, method_of, store_of, traffic_table, window_of
from steelyard.monitor.drifting_slices import drift_slices
from steelyard.monitor.windows_compared_cells import MEANS, QUANTILES, Measure, Place
from steelyard.monitor.windows_compared_changes import WindowVerdict
from steelyard.monitor.windows_compared_records import WindowChange
from steelyard.monitor.windows_compared_slices import (
    Direction,
    Windows,
    changes_of,
    dimensions_of,
    measures_of,
)
from steelyard.monitor.windows_compared_volume import volume_slices
from steelyard.records import Series, Store
from steelyard.records.filters import condition

__all__ = ["WindowChange", "WindowComparison", "compare_windows", "slices_of_change"]

_MOST_SLICES = 10
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowComparison:
    """Two windows compared.

    Args:
        experiment_id: whose traffic.
        before, after: the windows, [start, end), milliseconds since 1970.
        overall: each measure of the whole.
        slices: each measure of each slice, those first that explain most of what got worse.
        dimensions: what the traffic was sliced by.
        looked_at: how many differences of slices were tested: their p-values are adjusted for as many.
    """

    experiment_id: str
    before: tuple[int, int]
    after: tuple[int, int]
    overall: tuple[WindowChange, ...] = ()
    slices: tuple[WindowChange, ...] = ()
    dimensions: tuple[str, ...] = ()
    looked_at: int = 0

    @property
    def verdicts(self) -> Mapping[str, WindowVerdict]:
        """The verdict on each measure of the whole."""
        return {one.measure: one.verdict for one in self.overall}

    def __getitem__(self, measure: str) -> WindowChange:
        found = next((one for one in self.overall if one.measure == measure), None)
        if found is None:
            names = ", ".join(one.measure for one in self.overall)
            raise KeyError(f"{measure!r} was not compared; there are {names or 'none'}.")
        return found

    def slices_of(self, measure: str) -> tuple[WindowChange, ...]:
        """Return the slices of one measure, the one that explains most of what got worse first."""
        return tuple(one for one in self.slices if one.measure == measure)

    @property
    def worse(self) -> tuple[WindowChange, ...]:
        """The slices that got worse for sure."""
        return tuple(one for one in self.slices if one.verdict == "worse")

    def __str__(self) -> str:
        lines = [one.sentence for one in self.overall]
        lines += [one.sentence for one in self.worse[:_MOST_LISTED]]
        return "\n".join([*lines, f"{self.looked_at} differences of slices were looked at."])


def compare_windows(
    experiment_id: str,
    *,
    before: Window,
    after: Window,
    filter_string: str = "",
    by: Sequence[str] | None = None,
    margin: float | Mapping[str, float] | None = None,
    lower_is_better: Collection[str] = (),
    store: Store | None = None,
) -> WindowComparison:
    """Compare a window of traffic with an earlier one: errors, duration, tokens, cost and scores, overall and by slice.

    Args:
        experiment_id: whose traffic.
        before: the earlier stretch ``(start, end)``, each milliseconds since 1970, a datetime or its ISO text; whole
            seconds of it are taken.
        after: the later one.
        filter_string: only traces that match, in the language of ``search_traces``.
        by: what to slice by: ``name``, ``model``, ``tag.<key>``; unless told those of which both windows have several
            values. An empty list slices by nothing.
        margin: what counts as no difference, in each measure's unit, or by measure; unless told 0.01 for a share and
            5% of the size for anything else.
        lower_is_better: names of scores of which less is better, such as ``toxicity``.
        store: where; the current tracking store unless given.

    Returns:
        ``error_rate``, ``duration_p50``, ``duration_p95`` (ms), ``input_tokens``, ``output_tokens`` and ``cost`` per
        trace (US dollars), and ``score:<name>`` by source. P-values are adjusted after Benjamini and Hochberg: those of
        the whole among each other, those of slices for every slice and measure that was looked at.

    Raises:
        InvalidArgument, FilterError: an argument cannot be used; the message says why.
    """
    if isinstance(by, str):
        raise InvalidArgument(f"by is a list of dimensions, not one text: write [{by!r}].")
    place = Place(store_of(store), experiment_id, filter_string)
    windows = _seconds(window_of(before, "before")), _seconds(window_of(after, "after"))
    measures = measures_of(place, windows)
    dimensions = dimensions_of(place, windows) if by is None else tuple(dict.fromkeys(by))
    bad: dict[str, Direction] = {f"score:{name}": "above" for name in lower_is_better}
    overall, slices = changes_of(place, measures, windows, dimensions, margin=margin, bad=bad)
    return WindowComparison(
        experiment_id=experiment_id,
        before=windows[0],
        after=windows[1],
        overall=overall,
        slices=slices,
        dimensions=dimensions,
        looked_at=sum(one.p_value is not None for one in slices),
    )


def slices_of_change(
    store: Store,
    experiment_id: str,
    series: Series,
    before: Window,
    after: Window,
    *,
    group: str = "",
    direction: Direction | None = None,
    most: int = _MOST_SLICES,
) -> list[dict[str, object]]:
    """Return the slices that explain most of a series' change for the worse, as an alarm's evidence shows them.

    Args:
        store: where.
        experiment_id: whose.
        series: of kind ``traces``, ``score`` or ``drift``; others have no slices: an empty list.
        before: the baseline, ``(start, end)``.
        after: the window that was found wrong.
        group: the value of ``series.by`` that it is about.
        direction: which side is bad, as in ``Condition``; unless told more errors, time, tokens and cost, and lower
            scores.
        most: how many.

    Returns:
        Of each slice: ``slice`` (such as ``tag.topic = billing``), ``filter_string``, ``value``, ``low``, ``high`` (of
        the difference), ``n``, ``baseline``, ``baseline_n``, ``difference``, ``contribution``, ``p_value`` (adjusted
        for every slice looked at) and ``worse``. Of a drift the value is the distance and the baseline its 99% floor.
    """
    measure = _measure_of(series)
    volume = series.kind == "traces" and series.what == "count"
    if measure is None and not volume and series.kind != "drift":
        return []
    filters = [f"({series.filter_string})"] if series.filter_string.strip() else []
    if group and series.by and series.by != "version":
        filters.append(condition("span.model" if series.by == "model" else series.by, "=", group))
    place = Place(store, experiment_id, " AND ".join(filters))
    windows = _seconds(window_of(before, "before")), _seconds(window_of(after, "after"))
    dimensions = [one for one in dimensions_of(place, windows) if one != series.by or not group]
    if series.kind == "drift":
        return slices_of_drift(place, series, windows, dimensions)[:most]
    if measure is None:
        rows = volume_slices(place, windows, dimensions, direction=direction)
        return [row for row in rows if row["filter_string"]][:most]
    bad: dict[str, Direction] = {} if direction is None else {measure.name: direction}
    _, slices = changes_of(place, [measure], windows, dimensions, margin=None, bad=bad)
    return [_evidence(one) for one in slices if one.filter_string][:most]


def slices_of_drift(
    place: Place, series: Series, windows: Windows, dimensions: Sequence[str]
) -> list[dict[str, object]]:
    """Return the slices in which a feature moved; see ``drift_slices``."""
    wanted = [series.what, *dimensions]
    old, new = (
        traffic_table(place.store, place.experiment_id, window, place.filter_string, wanted) for window in windows
    )
    return drift_slices(series.what, old, new, window=windows[1], dimensions=dimensions, method=method_of(series))


def _seconds(window: tuple[int, int]) -> tuple[int, int]:
    start, end = window[0] // 1000 * 1000, window[1] // 1000 * 1000
    if start >= end:
        raise InvalidArgument("A window is at least a second long; one of these is shorter.")
    return start, end


def _measure_of(series: Series) -> Measure | None:
    if series.kind == "score":
        return Measure(f"score:{series.what}", series.source)
    known = {"error_rate", *QUANTILES, *MEANS}
    return Measure(series.what) if series.kind == "traces" and series.what in known else None


def _evidence(change: WindowChange) -> dict[str, object]:
    return {
        "slice": change.slice,
        "filter_string": change.filter_string,
        "value": change.after,
        "low": change.low,
        "high": change.high,
        "n": change.after_n,
        "baseline": change.before,
        "baseline_n": change.before_n,
        "difference": change.difference,
        "contribution": change.contribution,
        "p_value": change.p_adjusted,
        "worse": change.verdict == "worse",
    }
