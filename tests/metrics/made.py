"""Rows made for a test, and the shortest way from rows to readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.metrics.binary import BinaryState
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.regression import RegressionState
from steelyard.metrics.states.sliced import Rows
from steelyard.metrics.weights import buckets_of, splitmix64


@dataclass(frozen=True)
class Columns:
    """Columns of rows that belong together, and parts of them."""

    ids: np.ndarray
    codes: tuple[np.ndarray, ...] = ()
    weights: np.ndarray | None = None
    values: dict[str, np.ndarray] | None = None

    def __getitem__(self, name: str) -> np.ndarray:
        assert self.values is not None
        return self.values[name]

    @property
    def rows(self) -> Rows:
        return Rows.of(buckets_of(self.ids), self.codes, self.weights)

    def take(self, where: np.ndarray) -> Columns:
        return Columns(
            self.ids[where],
            tuple(c[where] for c in self.codes),
            None if self.weights is None else self.weights[where],
            {name: column[where] for name, column in (self.values or {}).items()},
        )


def made(n: int, seed: int, sizes: Sequence[int] = (), *, weighted: bool = False, **values: Any) -> Columns:
    """Rows with hashed ids, slices drawn at random and the columns given."""
    rng = np.random.default_rng(seed)
    return Columns(
        splitmix64(np.arange(n, dtype=np.uint64) + np.uint64(seed << 32)),
        tuple(rng.integers(0, size, n).astype(np.int32) for size in sizes),
        rng.uniform(0.1, 3.0, n) if weighted else None,
        {name: np.asarray(column) for name, column in values.items()},
    )


def partition(columns: Columns, parts: int, seed: int) -> list[Columns]:
    """The same rows, shuffled and cut; parts may be empty."""
    order = np.random.default_rng(seed).permutation(len(columns.ids))
    return [columns.take(piece) for piece in np.array_split(order, parts)]


def by_key(readings: Sequence[Reading]) -> dict[str, Reading]:
    return {r.key: r for r in readings}


def binary(
    true: Any, predicted: Any, scores: Any = None, weights: Any = None, *, replicates: int = 20
) -> dict[str, Reading]:
    """Binary readings of bools, on all rows."""
    n = len(true)
    plan = Plan(
        labels=("0", "1"), weighted=weights is not None, probabilities=scores is not None, replicates=replicates
    )
    state = BinaryState(plan)
    columns = made(n, 1)
    rows = Rows.of(buckets_of(columns.ids), (), None if weights is None else np.asarray(weights, float))
    state.update(
        rows,
        ids=columns.ids,
        true=np.asarray(true, bool),
        predicted=np.asarray(predicted, bool),
        positive=None if scores is None else np.asarray(scores, float),
    )
    return by_key(state.readings())


def multiclass(
    true: Any,
    predicted: Any,
    k: int,
    probabilities: Any = None,
    weights: Any = None,
    *,
    average: str = "weighted",
    replicates: int = 20,
) -> dict[str, Reading]:
    """Multiclass readings of label numbers, on all rows."""
    plan = Plan(
        labels=tuple(map(str, range(k))),
        weighted=weights is not None,
        probabilities=probabilities is not None,
        average=average,
        replicates=replicates,
    )
    state = MulticlassState(plan)
    columns = made(len(true), 1)
    rows = Rows.of(buckets_of(columns.ids), (), None if weights is None else np.asarray(weights, float))
    state.update(
        rows, ids=columns.ids, true=np.asarray(true), predicted=np.asarray(predicted), probabilities=probabilities
    )
    return by_key(state.readings())


def regression(true: np.ndarray, predicted: np.ndarray, weights: Any = None, **layout: Any) -> dict[str, Reading]:
    """Regression readings with the shift that the evaluation room would choose."""
    plan = Plan(shift=float(true.mean()), weighted=weights is not None, replicates=20, **layout)
    state = RegressionState(plan)
    columns = made(len(true), 1)
    rows = Rows.of(buckets_of(columns.ids), (), None if weights is None else np.asarray(weights, float))
    state.update(rows, ids=columns.ids, true=true, predicted=predicted)
    return by_key(state.readings())
