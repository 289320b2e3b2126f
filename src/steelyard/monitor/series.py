"""Reading what is watched: traffic, scores, drift, models, judges and monitors, all as readings of one kind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from steelyard.errors import InvalidArgument
from steelyard.monitor.series_drift import read_drift
from steelyard.monitor.series_judges import read_judge
from steelyard.monitor.series_models import read_model
from steelyard.monitor.series_monitors import read_monitor
from steelyard.monitor.series_reading import Reading
from steelyard.monitor.series_scores import read_scores
from steelyard.monitor.series_traces import read_traces
from steelyard.records import Series, SeriesKind, Store

__all__ = ["READERS", "Reader", "Reading", "history", "read"]


class Reader(Protocol):
    """Reads a series in windows of ``step_ms`` from ``start_ms`` on; windows without anything may be left out."""

    def __call__(
        self,
        store: Store,
        experiment_id: str,
        series: Series,
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        reference: tuple[int, int] | None = None,
    ) -> tuple[Reading, ...]: ...


READERS: dict[SeriesKind, Reader] = {
    "traces": read_traces,
    "score": read_scores,
    "drift": read_drift,
    "model": read_model,
    "judge": read_judge,
    "monitor": read_monitor,
}
"""Who reads a series of each kind. A further kind is one more line."""


def read(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    groups: Collection[str] = (),
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return a series over one stretch of time: a reading for each group, sorted by it.

    Args:
        store: where it is.
        experiment_id: whose.
        series: what is read.
        start_ms, end_ms: the stretch, [start, end), in whole seconds, as milliseconds since 1970.
        groups: only these; all that there are unless given.
        reference: of drift, the stretch that it is measured from; the one before unless given.

    Raises:
        InvalidArgument, FilterError, NotFound: the series cannot be read; the message says why.
    """
    _check(start_ms, end_ms, end_ms - start_ms)
    step = end_ms - start_ms
    found = _reader(series)(
        store, experiment_id, series, start_ms=start_ms, end_ms=end_ms, step_ms=step, reference=reference
    )
    wanted = [reading for reading in found if not groups or reading.group in groups]
    return tuple(sorted(wanted, key=lambda reading: reading.group))


def history(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return a series by window, as charts show it: sorted by time, then by group.

    Args:
        store, experiment_id, series: as for ``read``.
        start_ms, end_ms: the whole stretch, in whole seconds.
        step_ms: how much time a reading takes together, in whole seconds. At most 2,000 windows, of drift 100.
        reference: as for ``read``.

    A monitor's own state is known for now only: its history is that one reading.
    """
    _check(start_ms, end_ms, step_ms)
    found = _reader(series)(
        store, experiment_id, series, start_ms=start_ms, end_ms=end_ms, step_ms=step_ms, reference=reference
    )
    return tuple(sorted(found, key=lambda reading: (reading.start_ms, reading.group)))


def _reader(series: Series) -> Reader:
    if series.kind not in READERS:
        raise InvalidArgument(f"A series is one of {', '.join(READERS)}, not {series.kind!r}.")
    return READERS[series.kind]


def _check(start_ms: int, end_ms: int, step_ms: int) -> None:
    if start_ms >= end_ms or step_ms < 1000 or start_ms % 1000 or step_ms % 1000:
        raise InvalidArgument(
            f"A stretch of time goes from a whole second to a later one, in steps of whole seconds; this one goes from "
            f"{start_ms} to {end_ms} in steps of {step_ms} milliseconds."
        )
