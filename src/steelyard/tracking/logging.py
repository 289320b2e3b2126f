"""Params, metrics and tags of the active run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from steelyard.records import Metric
from steelyard.tracking.checks import metric_step, metric_value, texts
from steelyard.tracking.runs import require_run
from steelyard.tracking.stores import get_store

if TYPE_CHECKING:
    from steelyard.records import Store


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: object = None,
) -> None:
    """Record one point of a metric in the active run, starting a run if there is none.

    The point is with the store when the call returns, and outlives the death of this process; it outlives the death of
    the machine after the next durable write, of which the end of the run is one.

    Args:
        key: the metric's name.
        value: a number; NaN and infinities are kept as they are.
        step: a whole number, 0 unless told.
        synchronous: True to return only after the point is on disk.
        timestamp: milliseconds since 1970; now unless told.
        run_id: another run than the active one.
        model_id: accepted for MLflow's callers.
        dataset: accepted for MLflow's callers.

    Raises:
        InvalidArgument: if the name or the value cannot be kept; nothing is written.
    """
    point = Metric(
        key,
        metric_value(key, value),
        time.time_ns() // 1_000_000 if timestamp is None else int(timestamp),
        0 if step is None else metric_step(key, step),
    )
    store, target = target_run(run_id)
    store.runs.log_batch(target, metrics=(point,), durable=synchronous is True)


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: object = None,
) -> None:
    """Record one point of several metrics, all of them or none. See ``log_metric``."""
    points = metric_points(metrics, step=step, timestamp=timestamp)
    store, target = target_run(run_id)
    store.runs.log_batch(target, metrics=points, durable=synchronous is True)


def log_param(key: str, value: object, synchronous: bool | None = None) -> object:
    """Record a param of the active run. A param is written once: another value for it is refused.

    Returns:
        The value, so that it can be recorded where it is used.

    Raises:
        AlreadyExists: if the param has another value already.
        InvalidArgument: if the name or the value cannot be kept.
    """
    log_params({key: value}, synchronous=synchronous)
    return value


def log_params(params: Mapping[str, object], synchronous: bool | None = None, run_id: str | None = None) -> None:
    """Record several params, all of them or none. See ``log_param``."""
    checked = texts("param", params)
    store, target = target_run(run_id)
    store.runs.log_batch(target, params=checked)


def set_tag(key: str, value: object, synchronous: bool | None = None) -> None:
    """Set a tag of the active run, replacing an earlier value."""
    set_tags({key: value}, synchronous=synchronous)


def set_tags(tags: Mapping[str, object], synchronous: bool | None = None) -> None:
    """Set several tags of the active run, all of them or none."""
    checked = texts("tag", tags)
    store, target = target_run(None)
    store.runs.log_batch(target, tags=checked)


def delete_tag(key: str) -> None:
    """Remove a tag of the active run.

    Raises:
        NotFound: if the run has no such tag.
    """
    store, target = target_run(None)
    store.runs.delete_tag(target, key)


def target_run(run_id: str | None) -> tuple[Store, str]:
    """Return the store and id of a named run, or of the active one, which is started if need be."""
    if run_id is not None:
        return get_store(), run_id
    run = require_run()
    return get_store(run.store_uri), run.info.run_id


def metric_points(
    metrics: Mapping[str, float], *, step: int | None = None, timestamp: int | None = None
) -> tuple[Metric, ...]:
    """Return checked points of several metrics, with one timestamp."""
    now = time.time_ns() // 1_000_000 if timestamp is None else int(timestamp)
    return tuple(Metric(key, metric_value(key, value), now, metric_step(key, step)) for key, value in metrics.items())
