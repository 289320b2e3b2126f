"""Readings of classic models: a metric of logged predictions whose labels have come."""

from __future__ import annotations

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor.series_reading import Reading
from steelyard.records import Estimate, PredictionNumbers, ProductionModel, Series, Store


def model_of(store: Store, experiment_id: str, series: Series) -> tuple[ProductionModel, str]:
    """Return the model that a series is about, and the name of the metric.

    Raises:
        InvalidArgument: the series is not ``<model>/<metric>``, or has a filter.
        NotFound: the experiment has no such model.
    """
    name, slash, metric = series.what.rpartition("/")
    if not (name and slash and metric):
        raise InvalidArgument(f"A series of a model is '<model>/<metric>', not {series.what!r}.")
    if series.filter_string.strip():
        raise InvalidArgument("A filter finds traces, and logged predictions are none: leave filter_string out.")
    found = store.predictions.find(experiment_id, name)
    if found is None:
        raise NotFound(f"The experiment {experiment_id} has no model named {name!r} with logged predictions.")
    return found, metric


def read_model(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return a metric by window and slice.

    Numbers of predictions are kept by day (or hour): the stretch ends at the last such window that is over, and is so
    long as the one that was asked for, in whole windows. ``by`` is ``tag.<slice>``.
    """
    model, metric = model_of(store, experiment_id, series)
    width = model.window_ms
    step = max(-(-step_ms // width), 1) * width
    end = end_ms // width * width
    windows = max(-(-(end_ms - start_ms) // step), 1)
    start = end - windows * step
    found = store.predictions.numbers(
        model.key,
        start_ms=start,
        end_ms=end,
        step_ms=step,
        by=series.by.removeprefix("tag."),
        metric=metric,
        origin_ms=start,
    )
    return tuple(_reading(one, one.estimates[metric], series) for one in found if metric in one.estimates)


def _reading(numbers: PredictionNumbers, estimate: Estimate, series: Series) -> Reading:
    group = next((value for _, value in numbers.slice), "") if series.by else ""
    unlabelled = numbers.n - numbers.labelled
    return Reading(
        group=str(group),
        start_ms=numbers.start_ms,
        end_ms=numbers.end_ms,
        shape="estimate",
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        se=estimate.se,
        n=estimate.n,
        note=f"{unlabelled:,} of {numbers.n:,} predictions have no label yet" if unlabelled else "",
    )
