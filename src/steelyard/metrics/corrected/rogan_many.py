"""The shares of several answers of a judge, corrected by its known confusions: Rogan–Gladen for more than two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected.corrected_mean import CorrectedMean
from steelyard.metrics.corrected.rogan import MIN_CLASS, MIN_YOUDEN
from steelyard.metrics.intervals import wilson
from steelyard.metrics.intervals.interval import Floats, check_confidence
from steelyard.records import Estimate


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many items the judge gave each class, and the labelled ones by what people and the judge said."""

    judged: Floats
    confusion: Floats

    def shares(self, judged: Floats, confusion: Floats) -> Floats:
        """Return the π ≥ 0 with sum 1 nearest to solving Cᵀπ = p, for one or many draws of both."""
        solved = np.linalg.solve(np.swapaxes(confusion, -1, -2), judged[..., None])[..., 0]
        kept = np.clip(solved, 0.0, None)
        return kept / kept.sum(axis=-1, keepdims=True)


def rogan_gladen_many(
    judged: npt.ArrayLike,
    confusion: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    confidence: float = 0.95,
    replicates: int = 4000,
    key: int = 0,
) -> dict[str, CorrectedMean]:
    """Return the true share of each class among items that only a judge has seen, from its known confusions.

    Solves p = Cᵀπ, where C has the judge's answers to each true class as rows; shares below 0 become 0 and the others
    are divided by their sum. For two classes that is ``rogan_gladen``. The interval is the middle of parametric
    replicates: every row of counts, and the judge's own, drawn anew from its Dirichlet posterior under Jeffreys' prior
    (½ for each cell).

    Args:
        judged: how many items the judge gave each class, shape (K,).
        confusion: labelled items by what people said (rows) and the judge (columns), shape (K, K).
        names: of the classes; ``"0"`` to ``"K−1"`` unless given.
        confidence: nominal coverage.
        replicates: draws behind the interval.
        key: of the draws: the same key draws the same.

    Returns:
        A correction of each class, by name. ``youden`` is the smallest absolute eigenvalue of C: J for two classes, and
        the least that the judge tells any mixture of classes from any other.

    Raises:
        InvalidArgument: shapes differ, or a count is below 0.

    Examples:
        >>> found = rogan_gladen_many([220, 780], [[51, 9], [11.2, 128.8]], names=["fail", "pass"])
        >>> round(found["pass"].corrected.value, 4), round(found["pass"].youden, 2)
        (0.8182, 0.77)
    """
    check_confidence(confidence)
    counts = _checked(judged, confusion)
    k, n = len(counts.judged), int(counts.judged.sum())
    labels = [str(i) for i in range(k)] if names is None else [str(name) for name in names]
    if len(labels) != k:
        message = f"names must name each class: {len(labels)} for {k} classes."
        raise InvalidArgument(message)
    rows = counts.confusion.sum(axis=1)
    known = counts.confusion / np.maximum(rows, 1.0)[:, None]
    youden = float(np.abs(np.linalg.eigvals(known)).min())
    refused = _refusal(labels, rows, n, youden)
    raw = [_raw(counts.judged[i], n, confidence) for i in range(k)]
    corrected: list[Estimate | None] = [None] * k
    if not refused:
        corrected = list(_estimates(counts, known, confidence, replicates, key))
    elsewhere = Estimate(None, int(rows.sum()), confidence=confidence, method="people labelled other items")
    return {
        name: CorrectedMean(
            raw=raw[i], humans=elsewhere, corrected=corrected[i], method="rogan-gladen (bootstrap)",
            effective_n=_effective_n(corrected[i]), bias=_bias(raw[i], corrected[i], elsewhere),
            n=int(rows.sum()), N=n, refused=refused, youden=youden,
        )
        for i, name in enumerate(labels)
    }  # fmt: skip


def _checked(judged: npt.ArrayLike, confusion: npt.ArrayLike) -> _Counts:
    counts, table = np.asarray(judged, dtype=np.float64), np.asarray(confusion, dtype=np.float64)
    if counts.ndim != 1 or len(counts) < 2 or table.shape != (len(counts), len(counts)):
        message = f"judged is one count a class, confusion a square of them: {counts.shape} and {table.shape}."
        raise InvalidArgument(message)
    if not (np.all(counts >= 0) and np.all(table >= 0)):
        raise InvalidArgument("A count of items is 0 or more.")
    return _Counts(counts, table)


def _refusal(names: Sequence[str], rows: Floats, n: int, youden: float) -> str:
    if n == 0:
        return "The judge has scored no item."
    few = int(np.argmin(rows))
    if rows[few] < MIN_CLASS:
        return (
            f"People gave {names[few]!r} to {int(rows[few])} labelled items: at least {MIN_CLASS} of each class are "
            "needed to know what the judge makes of it."
        )
    if youden < MIN_YOUDEN:
        return (
            f"The judge hardly tells some classes apart (smallest eigenvalue of its confusions {youden:.2f}, "
            f"{MIN_YOUDEN} is the least): its shares cannot be corrected."
        )
    return ""


def _raw(count: float, n: int, confidence: float) -> Estimate:
    if n == 0:
        return Estimate(None, 0, confidence=confidence, method="no rows")
    found = wilson(count, n, confidence)
    return Estimate(
        float(count) / n, n, low=float(found.low), high=float(found.high), confidence=confidence, method="wilson"
    )


def _estimates(counts: _Counts, known: Floats, confidence: float, replicates: int, key: int) -> list[Estimate]:
    rng = np.random.default_rng(key)
    n = counts.judged.sum()
    value = counts.shares(counts.judged / n, known)
    judged = rng.dirichlet(counts.judged + 0.5, size=replicates)
    tables = np.stack([rng.dirichlet(row + 0.5, size=replicates) for row in counts.confusion], axis=1)
    # Draws in which the judge tells classes apart the wrong way round are of another judge than the one that is shown.
    usable = np.linalg.det(tables) * np.sign(np.linalg.det(known)) > 1e-6
    drawn = counts.shares(judged[usable], tables[usable])
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    se = drawn.std(axis=0, ddof=1)
    return [
        Estimate(
            float(value[i]), int(n), se=float(se[i]), low=float(min(low[i], value[i])),
            high=float(max(high[i], value[i])), confidence=confidence, method="bootstrap",
        )
        for i in range(len(value))
    ]  # fmt: skip


def _effective_n(found: Estimate | None) -> float | None:
    if found is None or found.value is None or not found.se or not 0.0 < found.value < 1.0:
        return None
    return found.value * (1.0 - found.value) / found.se**2


def _bias(raw: Estimate, found: Estimate | None, unknown: Estimate) -> Estimate:
    if found is None or found.value is None or raw.value is None:
        return unknown
    return Estimate(raw.value - found.value, raw.n, confidence=raw.confidence, method="raw − corrected")
