"""A model's numbers over a period: as they are known now or were at a date, by window, by slice, with their history."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.records import Estimate, MetricInfo, PredictionNumbers, ProductionModel, Store
from steelyard.web.contexts.models import ModelNumbers, ModelReading, ModelSlice
from steelyard.web.evaluations import describe
from steelyard.web.modellist import headlines_of
from steelyard.web.modelperiod import ModelPeriod
from steelyard.web.scales import Scale, estimate_scale

_READINGS = 5
_SLICES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedNumbers:
    """What is asked for: a metric, a dimension, a moment of knowledge, and the window whose history is told."""

    metric: str = ""
    by: str = ""
    as_of_ms: int | None = None
    history_ms: int | None = None


def numbers_of(
    store: Store, model: ProductionModel, period: ModelPeriod, asked: AskedNumbers, *, now_ms: int
) -> ModelNumbers:
    """Return a model's numbers.

    Raises:
        InvalidArgument: there is no such metric or dimension.
    """
    whole = _whole(store, model, period, asked.as_of_ms)
    now = _whole(store, model, period, None) if asked.as_of_ms is not None else None
    best = now if now is not None else whole
    choices = _choices(best)
    metric = _metric(choices, headlines_of(model, best), asked.metric)
    by = asked.by or next(iter(model.slices), "")
    slices = _slices(store, model, period, by, asked.as_of_ms, metric) if by else ()
    return ModelNumbers(
        whole=whole,
        now=now,
        readings=_readings(model, best, whole if now is not None else None),
        metric=metric,
        choices=choices,
        windows=_windows(store, model, period, asked.as_of_ms),
        by=by,
        slices=slices,
        scale=_scale(slices, whole, metric),
        coverage=store.predictions.coverage(model.key, now_ms=now_ms),
        history=() if asked.history_ms is None else store.predictions.history(model.key, asked.history_ms),
        history_ms=asked.history_ms,
    )


def _whole(store: Store, model: ProductionModel, period: ModelPeriod, as_of_ms: int | None) -> PredictionNumbers | None:
    found = store.predictions.numbers(
        model.key,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        step_ms=period.length_ms,
        origin_ms=period.start_ms,
        as_of_ms=as_of_ms,
    )
    return found[0] if found else None


def _windows(
    store: Store, model: ProductionModel, period: ModelPeriod, as_of_ms: int | None
) -> tuple[PredictionNumbers, ...]:
    """Return every window of the period, the empty ones too."""
    found = store.predictions.numbers(
        model.key,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        step_ms=period.step_ms,
        origin_ms=period.start_ms,
        as_of_ms=as_of_ms,
    )
    by_start = {one.start_ms: one for one in found}
    return tuple(
        by_start.get(start) or PredictionNumbers(start_ms=start, end_ms=start + period.step_ms)
        for start in range(period.start_ms, period.end_ms, period.step_ms)
    )


def _slices(
    store: Store,
    model: ProductionModel,
    period: ModelPeriod,
    by: str,
    as_of_ms: int | None,
    metric: MetricInfo | None,
) -> tuple[ModelSlice, ...]:
    found = store.predictions.numbers(
        model.key,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        step_ms=period.length_ms,
        origin_ms=period.start_ms,
        by=by,
        as_of_ms=as_of_ms,
    )
    rows = [ModelSlice(numbers=one, estimate=one.estimates.get(metric.name) if metric else None) for one in found]
    return tuple(sorted(rows, key=lambda row: (-row.numbers.n, row.name))[:_SLICES])


def _choices(whole: PredictionNumbers | None) -> tuple[MetricInfo, ...]:
    found = () if whole is None else tuple(describe(name) for name in whole.estimates)
    return tuple(one for one in found if one.unit != "count")


def _metric(choices: tuple[MetricInfo, ...], first: tuple[MetricInfo, ...], asked: str) -> MetricInfo | None:
    if asked and choices:
        found = next((one for one in choices if one.name == asked), None)
        if found is None:
            names = ", ".join(one.name for one in choices)
            raise InvalidArgument(f"metric={asked[:100]!r} is none of this model's: {names}.")
        return found
    return next(iter(first or choices), None)


def _readings(
    model: ProductionModel, whole: PredictionNumbers | None, then: PredictionNumbers | None
) -> tuple[ModelReading, ...]:
    if whole is None:
        return ()
    return tuple(
        ModelReading(
            info=info,
            estimate=whole.estimates[info.name],
            then=None if then is None else then.estimates.get(info.name),
        )
        for info in headlines_of(model, whole)[:_READINGS]
    )


def _scale(slices: tuple[ModelSlice, ...], whole: PredictionNumbers | None, metric: MetricInfo | None) -> Scale | None:
    if metric is None:
        return None
    told: list[Estimate] = [one.estimate for one in slices if one.estimate and one.estimate.value is not None]
    total = whole.estimates.get(metric.name) if whole else None
    if total is not None and total.value is not None:
        told.append(total)
    return estimate_scale(told, metric) if told else None
