"""What is kept of a window's rows, so that weeks and months are merged from days without reading a row again.

A state of the metric families adds up by 4,096 buckets of rows. Here it is kept by 256 groups of them, which is enough
for replicates (the relative error of a standard error from 256 groups is 4%, beside the 5% of 200 replicates), and
scores in bins of log-odds that are the same for all windows. Merging adds; then the family's own state is filled again
and read.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from steelyard.metrics.binary import BinaryState
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading, ratio
from steelyard.metrics.regression import RegressionState
from steelyard.metrics.states.sliced import Rows, SlicedTally
from steelyard.metrics.weights import BUCKETS

GROUPS = 256
_WIDE = BUCKETS // GROUPS
_GROUPING = np.repeat(np.eye(GROUPS), _WIDE, axis=1)
EDGES = 1 / (1 + np.exp(-np.linspace(-12, 12, 4095)))
"""Inner edges of the bins of scores."""

_NO_EDGES = np.zeros(0)  # what is kept of scores is put in ready: nothing has to be made room for

FINE = "scores"
_CELLS, _MARGINS, _LABEL_ROWS = "cells", "margins", "label_rows"
_ROUNDED = "confidence"  # kept as float32: only calibration errors are made from it


@dataclass(frozen=True, slots=True)
class KeptState:
    """The state of one slice of one window.

    Args:
        task: ``binary``, ``multiclass`` or ``regression``.
        labels: the classes' numbers, of a multiclass state in the order of its cells; of a binary one the positive.
        parts: sums by cell and group, shape (C, 256); ``scores`` by class and bin, shape (2, 4096).
        shift: what was subtracted from targets and predictions of a regression.
        largest: the largest absolute error of a regression.
    """

    task: str
    labels: tuple[int, ...]
    parts: Mapping[str, np.ndarray]
    shift: float = 0.0
    largest: float = 0.0

    def to_bytes(self) -> bytes:
        """Return the state as bytes: only what is not zero, squeezed."""
        packed = {name: _packed(part, rounded=name.endswith(_ROUNDED)) for name, part in self.parts.items()}
        return zlib.compress(
            msgspec.msgpack.encode((self.task, self.labels, packed, self.shift, float(self.largest))), 1
        )


def kept_from_bytes(data: bytes) -> KeptState:
    """Return the state of ``to_bytes``."""
    task, labels, packed, shift, largest = msgspec.msgpack.decode(zlib.decompress(data))
    return KeptState(task, tuple(labels), {name: _unpacked(*one) for name, one in packed.items()}, shift, largest)


State = BinaryState | MulticlassState | RegressionState


def tallies_of(state: State) -> dict[str, SlicedTally]:
    """Return the tallies that a state is made of."""
    if isinstance(state, RegressionState):
        return {"sums": state.sums, "rows": state.rows, "mass": state.mass}
    if isinstance(state, BinaryState):
        found = {_CELLS: state.cells}
    else:
        found = {_MARGINS: state.margins, _LABEL_ROWS: state.rows}
    if state.calibration is not None:
        of = state.calibration
        found |= {"hits": of.hits, _ROUNDED: of.confidence, "losses": of.losses}
    return found


def by_group(state: State) -> dict[str, np.ndarray]:
    """Return a state's sums by group: shape (C, slices, 256) each."""
    return {name: tally.replicate(_GROUPING) for name, tally in tallies_of(state).items()}


def binned_scores(
    scores: np.ndarray, positive: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int]
) -> np.ndarray:
    """Return how many scores are in each bin, negatives first: shape (1 + slices, 2, bins)."""
    width = len(EDGES) + 1
    cells = np.searchsorted(EDGES, scores, side="right") + width * positive
    parts = [np.bincount(cells, minlength=2 * width).reshape(1, 2, width)]
    for code, size in zip(codes, sizes, strict=True):
        counted = np.bincount(cells + code.astype(np.int64) * 2 * width, minlength=size * 2 * width)
        parts.append(counted.reshape(size, 2, width))
    return np.concatenate(parts)


def merged(states: Sequence[KeptState]) -> KeptState:
    """Return the state of all parts' rows; they are of one task, and binary ones have one positive class."""
    first = states[0]
    if first.task == "multiclass":
        labels = tuple(sorted({label for state in states for label in state.labels}))
        states = [_spread_out(state, labels) for state in states]
        first = states[0]
    if first.task == "regression":
        mass = [float(state.parts["rows"].sum()) for state in states]
        shift = sum(s.shift * m for s, m in zip(states, mass, strict=True)) / max(sum(mass), 1.0)
        states = [_shifted(state, shift) for state in states]
        first = states[0]
    parts: dict[str, np.ndarray] = {}
    for state in states:
        for name, part in state.parts.items():
            parts[name] = parts[name] + part if name in parts else part
    return replace(first, parts=parts, largest=max(state.largest for state in states))


def readings_of_kept(kept: KeptState, names: Mapping[int, str], order: Sequence[int]) -> tuple[list[Reading], int]:
    """Return every metric that a kept state tells of all its rows, and how many rows it holds.

    Args:
        kept: the state.
        names: the classes' names by number.
        order: the classes' numbers in their order.
    """
    if kept.task == "regression":
        regression = RegressionState(Plan(shift=kept.shift))
        _fill(regression, kept.parts)
        regression.largest[0] = kept.largest
        return regression.readings(), int(kept.parts["rows"].sum())
    labels: tuple[str, ...] = ()
    if kept.task == "multiclass":
        place = {number: i for i, number in enumerate(order)}
        kept = _spread_out(kept, tuple(sorted(kept.labels, key=lambda number: place[number])))
        labels = tuple(names[number] for number in kept.labels)
    plain, scored = (_of_classes(kept, labels, prefix) for prefix in ("", "scored."))
    readings = [] if plain is None else plain.readings()
    n = 0 if plain is None else int(_rows_of(kept, "").sum())
    if scored is None:
        return readings, n
    with_scores = scored.readings()
    if FINE in kept.parts:
        with_scores = [_from_bins(reading, kept.parts[FINE]) for reading in with_scores]
    return together(readings, with_scores), n


def together(plain: Sequence[Reading], scored: Sequence[Reading]) -> list[Reading]:
    """Return the readings of all rows, and those that only rows with probabilities have."""
    known = {reading.key for reading in plain}
    n = next((reading.values for reading in plain if reading.key == "example_count"), np.zeros(1))
    with_scores = next((reading.values for reading in scored if reading.key == "example_count"), n)
    without = (n - with_scores).astype(np.int64)
    return [*plain, *(replace(one, missing=without) for one in scored if one.key not in known)]


def _of_classes(kept: KeptState, labels: tuple[str, ...], prefix: str) -> BinaryState | MulticlassState | None:
    parts = {name.removeprefix(prefix): part for name, part in kept.parts.items() if name.startswith(prefix)}
    if prefix == "":
        parts = {name: part for name, part in parts.items() if "." not in name and name != FINE}
    if not parts:
        return None
    with_chances = "hits" in parts
    if kept.task == "binary":
        state: BinaryState | MulticlassState = BinaryState(Plan(probabilities=with_chances, edges=_NO_EDGES))
    else:
        state = MulticlassState(Plan(labels=labels, probabilities=with_chances))
    _fill(state, parts)
    if isinstance(state, BinaryState) and state.streamed is not None and FINE in kept.parts:
        state.streamed.fine = kept.parts[FINE][None]
    return state


def _fill(state: State, parts: Mapping[str, np.ndarray]) -> None:
    for name, tally in tallies_of(state).items():
        cells, groups = np.nonzero(parts[name])
        if len(cells):
            tally.add(Rows.of((groups * _WIDE).astype(np.int32)), cells=cells, values=parts[name][cells, groups])


def _rows_of(kept: KeptState, prefix: str) -> np.ndarray:
    return kept.parts[prefix + (_CELLS if kept.task == "binary" else _LABEL_ROWS)]


def _from_bins(reading: Reading, counts: np.ndarray) -> Reading:
    """Give an area its interval from the bins alone; the curve by bucket is not kept."""
    if reading.key == "roc_auc":
        return replace(
            reading,
            interval="auc",
            se=np.array([binned_auc_se(counts)]),
            successes=counts[1].sum(keepdims=True),
            replicates=None,
        )
    if reading.key == "precision_recall_auc":
        return replace(reading, interval="none", replicates=None)
    return reading


def binned_auc_se(counts: np.ndarray) -> float:
    """Return the standard error of the ROC area (DeLong, DeLong & Clarke-Pearson 1988), each bin being one tie.

    Args:
        counts: shape (2, bins), negatives first.
    """
    q, p = counts
    n, m = q.sum(), p.sum()
    if min(n, m) < 2:
        return float("nan")
    v_positive = ratio(np.cumsum(q) - q / 2, n)
    v_negative = ratio(m - np.cumsum(p) + p / 2, m)
    auc = (p * v_positive).sum() / m
    spread = (p * (v_positive - auc) ** 2).sum() / (m - 1) / m + (q * (v_negative - auc) ** 2).sum() / (n - 1) / n
    return float(np.sqrt(spread))


def _spread_out(kept: KeptState, labels: tuple[int, ...]) -> KeptState:
    """Return a multiclass state with its cells in the order of other labels, which hold its own."""
    if kept.labels == labels:
        return kept
    places = [labels.index(label) for label in kept.labels]
    parts = dict(kept.parts)
    for name, part in kept.parts.items():
        blocks = {_MARGINS: 3, _LABEL_ROWS: 1}.get(name.removeprefix("scored."))
        if blocks is not None:
            wide = np.zeros((blocks, len(labels), GROUPS))
            wide[:, places] = part.reshape(blocks, -1, GROUPS)
            parts[name] = wide.reshape(-1, GROUPS)
    return replace(kept, labels=labels, parts=parts)


def _shifted(kept: KeptState, shift: float) -> KeptState:
    """Return a regression's state with another number subtracted from targets and predictions."""
    d = kept.shift - shift
    sums, n = kept.parts["sums"].copy(), kept.parts["mass"][0]
    y, yy, p, pp, yp = 4, 5, 6, 7, 8  # cells of RegressionState
    sums[yy] += 2 * d * sums[y] + n * d**2
    sums[pp] += 2 * d * sums[p] + n * d**2
    sums[yp] += d * (sums[y] + sums[p]) + n * d**2
    sums[y] += n * d
    sums[p] += n * d
    return replace(kept, shift=shift, parts={**kept.parts, "sums": sums})


def _packed(part: np.ndarray, *, rounded: bool) -> tuple[int, int, str, bytes, bytes]:
    flat = part.reshape(-1)
    at = np.flatnonzero(flat)
    values = flat[at]
    whole = bool((values == np.rint(values)).all()) and float(np.abs(values).max(initial=0)) < 2**31
    kind = "<i4" if whole else "<f4" if rounded else "<f8"
    gaps = np.diff(at, prepend=0).astype("<u4")
    return part.shape[0], part.shape[1], kind, gaps.tobytes(), values.astype(kind).tobytes()


def _unpacked(rows: int, columns: int, kind: str, gaps: bytes, values: bytes) -> np.ndarray:
    flat = np.zeros(rows * columns)
    flat[np.cumsum(np.frombuffer(gaps, "<u4").astype(np.int64))] = np.frombuffer(values, kind)
    return flat.reshape(rows, columns)
