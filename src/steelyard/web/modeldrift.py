"""How far a model's features, predictions and scores have moved, from a sample of its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift import Drift, adjusted
from steelyard.monitor.features import FeatureTable
from steelyard.monitor.features_compared import compared, features_to_compare
from steelyard.records import PredictedRow, ProductionModel, Store
from steelyard.web.changedrift import scale_of
from steelyard.web.contexts.models import ModelDrift
from steelyard.web.formats import plural
from steelyard.web.modelperiod import ModelPeriod
from steelyard.web.traceview import DAY

REFERENCES = ("before", "first")
_FIRST_DAYS = 7
_SAMPLED = 5_000
_LONGEST_WORD = 64


def drift_of_model(store: Store, model: ProductionModel, period: ModelPeriod, *, reference: str) -> ModelDrift:
    """Return how far a model's inputs and outputs have moved.

    Args:
        store: where.
        model: whose.
        period: the stretch that is looked at.
        reference: ``before``, the stretch before it as long, or ``first``, the model's first week; unless told the
            stretch before, if there are predictions from then.

    Raises:
        InvalidArgument: there is no such reference.
    """
    reference = reference or ("before" if model.first_ms < period.start_ms else "first")
    if reference not in REFERENCES:
        raise InvalidArgument(f"reference={reference[:50]!r} is not known. Use before, or first.")
    held = _window(model, period, reference)
    old = _table(store.predictions.sample(model.key, start_ms=held[0], end_ms=held[1], most=_SAMPLED))
    window = (period.start_ms, period.end_ms)
    new = _table(store.predictions.sample(model.key, start_ms=window[0], end_ms=window[1], most=_SAMPLED))
    drifts: tuple[Drift, ...] = ()
    if old.n and new.n:
        names = features_to_compare(old, new, shared=True)
        drifts = adjusted(
            [
                compared(name, old, new, window=window, method=None, strict=False, floor_from=None, embed=None)
                for name in names
            ]
        )
    return ModelDrift(
        reference=reference,
        reference_ms=held,
        says=_said(drifts, old.n, new.n),
        drifts=drifts,
        scale=scale_of(drifts),
        n_reference=old.n,
        n=new.n,
    )


def _window(model: ProductionModel, period: ModelPeriod, reference: str) -> tuple[int, int]:
    if reference == "first":
        start = model.first_ms - model.first_ms % model.window_ms
        return start, start + _FIRST_DAYS * DAY
    return period.start_ms - period.length_ms, period.start_ms


def _table(rows: Sequence[PredictedRow]) -> FeatureTable:
    told = [dict(_fields(row)) for row in rows]
    names = dict.fromkeys(name for one in told for name in one)
    times = np.array([row.time_ms for row in rows], np.int64)
    return FeatureTable(tuple(row.id for row in rows), times, {name: [one.get(name) for one in told] for name in names})


def _fields(row: PredictedRow) -> Iterator[tuple[str, float | str | None]]:
    yield "prediction", row.prediction
    if row.score is not None:
        yield "score", row.score
    for name, value in row.slices.items():
        yield name, value
    for name, value in _scalars(row.features):
        yield name, value


def _scalars(features: Mapping[str, Any]) -> Iterator[tuple[str, float | str]]:
    """Yield what can be measured: numbers and short words; truth values count as words."""
    for name, value in features.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, int | float):
            yield name, float(value)
        elif isinstance(value, str) and len(value) <= _LONGEST_WORD:
            yield name, value


def _said(drifts: Sequence[Drift], n_reference: int, n: int) -> str:
    if not n_reference or not n:
        return ""
    moved = [one.feature for one in drifts if one.is_drift]
    looked = f"{plural(len(drifts), 'feature')} looked at"
    if not moved:
        return f"Nothing has moved beyond chance ({looked})."
    return f"{', '.join(moved)} moved beyond chance ({looked})."
