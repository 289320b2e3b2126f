"""From what a store keeps of models in production to the rows of their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from steelyard.records import Alarm, MetricInfo, PredictionNumbers, ProductionModel, Store
from steelyard.web import links
from steelyard.web.contexts.models import ModelRow
from steelyard.web.evaluations import describe
from steelyard.web.formats import plural
from steelyard.web.timecharts import trend_of
from steelyard.web.traceview import DAY

DAYS, LATELY = 30, 7
_FIRST: Mapping[str, tuple[str, ...]] = {
    "classifier": ("accuracy_score", "roc_auc", "f1_score", "f1_score_macro", "brier_score_loss"),
    "regressor": ("mean_absolute_error", "root_mean_squared_error", "mean_error", "r2_score"),
}
_MOST_ALARMS = 100


def model_rows(store: Store, experiment_id: str, *, now_ms: int) -> tuple[ModelRow, ...]:
    """Return the models of an experiment by name."""
    alarms = alarms_of(store, experiment_id)
    return tuple(
        _row(store, one, len(alarms.get(one.name, ())), now_ms) for one in store.predictions.models([experiment_id])
    )


def address_of(model: ProductionModel) -> str:
    """Return the page of a model: by its name, or by its key where an address cannot hold the name."""
    name = model.key if model.name in (".", "..") or model.name.endswith(".json") else model.name
    return links.model(model.experiment_id, name)


def alarms_of(store: Store, experiment_id: str) -> Mapping[str, Sequence[Alarm]]:
    """Return the open alarms about each model, by its name."""
    found = store.alarms.alarms([experiment_id], states=("open", "acknowledged"), max_results=_MOST_ALARMS).items
    if not found:
        return {}
    rules = {one.rule_id: one.draft.series for one in store.alarms.rules([experiment_id])}
    by_model: dict[str, list[Alarm]] = {}
    for alarm in found:
        series = rules.get(alarm.rule_id)
        if series is not None and series.kind == "model":
            by_model.setdefault(series.what.rpartition("/")[0], []).append(alarm)
    return by_model


def headlines_of(model: ProductionModel, numbers: PredictionNumbers | None) -> tuple[MetricInfo, ...]:
    """Return the metrics that say most of a model, the first of them first."""
    if numbers is None:
        return ()
    known = [name for name in _FIRST[model.model_type] if name in numbers.estimates]
    return tuple(describe(name) for name in known or list(numbers.estimates)[:4])


def said_of(rows: Sequence[ModelRow]) -> str:
    """Return the first line of the list."""
    if not rows:
        return ""
    n, labelled = (sum(getattr(row.model, name) for row in rows) for name in ("n", "labelled"))
    share = f", {labelled / n:.0%} of them labelled" if n else ""
    said = f"{plural(len(rows), 'model')} with {plural(n, 'prediction')}{share}."
    ringing = [row.model.name for row in rows if row.alarms]
    return said if not ringing else f"{said} Alarms are open about {', '.join(ringing[:5])}."


def _row(store: Store, model: ProductionModel, alarms: int, now_ms: int) -> ModelRow:
    end = now_ms - now_ms % DAY + DAY
    start = end - DAYS * DAY
    daily = store.predictions.numbers(model.key, start_ms=start, end_ms=end, step_ms=DAY, metric="example_count")
    counts = [0] * DAYS
    for one in daily:
        counts[(one.start_ms - start) // DAY] += one.n
    week = end - LATELY * DAY
    found = store.predictions.numbers(model.key, start_ms=week, end_ms=end, step_ms=LATELY * DAY, origin_ms=week)
    lately = found[0] if found else None
    info = next(iter(headlines_of(model, lately)), None)
    return ModelRow(
        model=model,
        href=address_of(model),
        trend=trend_of(counts),
        days=DAYS,
        lately=lately,
        info=info,
        estimate=lately.estimates.get(info.name) if lately and info else None,
        alarms=alarms,
    )
