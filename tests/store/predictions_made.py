"""Predictions and labels for tests, and the plain join that numbers are held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.records import LabelBatch, PredictionBatch, PredictionNumbers, ProductionModel, Store

DAY = 86_400_000
HOUR = 3_600_000
NOW = 1_800_000_000_000


def opened(store: Store, name: str = "fraud", **settings: Any) -> ProductionModel:
    """A model, a classifier unless told."""
    return store.predictions.open("0", name, **{"model_type": "classifier", **settings})


def log(store: Store, model: ProductionModel, ids: Sequence[str], predictions: Sequence[Any], **columns: Any) -> Any:
    """Log predictions made on the first day unless told."""
    columns.setdefault("times", (0,) * len(ids))
    named = {name: tuple(c) if name in ("times", "scores") else c for name, c in columns.items()}
    return store.predictions.log(
        model.key, PredictionBatch(ids=tuple(ids), predictions=tuple(predictions), **named), by="ann"
    )


def label(store: Store, model: ProductionModel, ids: Sequence[str], labels: Sequence[Any], *, by: str = "ben",
          times: Sequence[int] = ()) -> Any:  # fmt: skip
    """Log labels."""
    batch = LabelBatch(ids=tuple(ids), labels=tuple(labels), times=tuple(times))
    return store.predictions.label(model.key, batch, by=by)


def settled(store: Store, *, now_ms: int = NOW) -> int:
    """Count all that waits."""
    done = 0
    while found := store.predictions.settle("a worker", now_ms=now_ms, most=100, at_once=True):
        done += found
    return done


def numbers(store: Store, model: ProductionModel, **asked: Any) -> tuple[PredictionNumbers, ...]:
    """The numbers of all time."""
    return store.predictions.numbers(model.key, **{"start_ms": 0, "end_ms": 2 * NOW, **asked})
