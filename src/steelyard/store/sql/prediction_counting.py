"""Counting a window's rows: every metric on all of them and on every slice, and the state that is kept of each.

Rows are put in the order of their ids' hashes first, so that a number is the same in its last bit whatever came first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.metrics.binary import BinaryState
from steelyard.metrics.estimates import Context, estimates
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.regression import RegressionState
from steelyard.metrics.states.sliced import Rows
from steelyard.metrics.weights import buckets_of
from steelyard.records.estimate import Estimate
from steelyard.records.slices import ALL_ROWS, SliceInfo, SliceKey
from steelyard.store.sql.prediction_forms import Value, shown
from steelyard.store.sql.prediction_states import FINE, KeptState, State, binned_scores, by_group, together

MOST_VALUES = 50
"""The slices of a dimension that are told by name, the largest; the others are one, named ``…``."""

OTHERS = "…"
_MOST_LABELS = 20  # beyond these, metrics of single classes are left out
_ABSENT = -1


@dataclass(frozen=True, slots=True)
class Classes:
    """A model's classes.

    Args:
        numbers: how they are kept, in their order (numbers, or words, rising).
        names: for people, likewise.
        positive: the number of the positive class of two; None where there are more.
    """

    numbers: tuple[int, ...]
    names: tuple[str, ...]
    positive: int | None

    @property
    def by_number(self) -> dict[int, str]:
        """The names by number."""
        return dict(zip(self.numbers, self.names, strict=True))


def classes_of(values: Mapping[int, Value], pos_label: str) -> Classes:
    """Return a model's classes.

    Args:
        values: by number.
        pos_label: the positive one, as text; empty means the greater of two. A class alone is the positive one unless
            another is named, or it is 0.
    """
    order = sorted(values, key=lambda number: values[number])
    names = tuple(shown(values[number]) for number in order)
    if len(order) > 2:
        return Classes(tuple(order), names, None)
    if pos_label:
        return Classes(tuple(order), names, order[names.index(pos_label)] if pos_label in names else _ABSENT)
    if len(order) == 1 and values[order[0]] == 0.0:
        return Classes(tuple(order), names, _ABSENT)
    return Classes(tuple(order), names, order[-1] if order else _ABSENT)


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """The predictions of a window with their labels, in columns of one length; NaN where there is none.

    Args:
        ids: uint64.
        predicted, label: numbers, or classes by number.
        score: the probability of the positive class.
        chances: for each row its probabilities by class, shape (n, len(chance_labels)).
        chance_labels: the classes' numbers.
        dimensions: by name the row's slice as a number, and what each number stands for.
    """

    ids: np.ndarray
    predicted: np.ndarray
    label: np.ndarray
    score: np.ndarray
    chances: np.ndarray
    chance_labels: tuple[int, ...]
    dimensions: Mapping[str, tuple[np.ndarray, Sequence[str]]]

    def in_order(self) -> JoinedRows:
        """Return the rows in the order of their ids."""
        order = np.argsort(self.ids, kind="stable")
        dimensions = {name: (codes[order], words) for name, (codes, words) in self.dimensions.items()}
        return JoinedRows(
            self.ids[order], self.predicted[order], self.label[order], self.score[order], self.chances[order],
            self.chance_labels, dimensions,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """One slice of a window, counted. ``state`` is None without any row that could be scored."""

    slice: SliceKey
    n: int
    labelled: int
    failed: int
    scored: int
    predicted_sum: float | None
    scored_sum: float | None
    estimates: Mapping[str, Estimate]
    state: KeptState | None


def count(rows: JoinedRows, classes: Classes | None) -> list[Counted]:
    """Return all rows and every slice, counted: one dimension after the other, so that memory is that of one.

    Args:
        rows: of one window.
        classes: of a classifier; None of a regressor.
    """
    rows = rows.in_order()
    found: list[Counted] = []
    for name in rows.dimensions or ("",):
        part = _count(rows, name, classes)
        found += part[1:] if found else part
    return found


def _count(rows: JoinedRows, dimension: str, classes: Classes | None) -> list[Counted]:
    """Return all rows, and the slices of a dimension if one is named."""
    codes, sizes, keys = _slices(rows, dimension)
    labelled, there = ~np.isnan(rows.label), ~np.isnan(rows.predicted)
    scored = labelled & there
    counts = [_by_slice(mask, codes, sizes) for mask in (np.ones_like(scored), labelled, ~there, scored)]
    abouts = [SliceInfo(key, int(counts[3][i]), missing=int(counts[0][i] - counts[3][i])) for i, key in enumerate(keys)]
    if not scored.any():
        readings, states = [], [None] * len(keys)
    elif classes is None:
        readings, states = _regression(rows, scored, codes, sizes)
    else:
        readings, states = _classification(rows, scored, codes, sizes, classes)
    told = by_slice(readings, abouts)
    sums = _sums(rows, (there, scored), codes, sizes, classes)
    return [
        Counted(
            slice=key, n=int(counts[0][i]), labelled=int(counts[1][i]), failed=int(counts[2][i]),
            scored=int(counts[3][i]), predicted_sum=sums[0][i], scored_sum=sums[1][i], estimates=told[key],
            state=states[i] if counts[3][i] else None,
        )
        for i, key in enumerate(keys)
    ]  # fmt: skip


def by_slice(readings: Sequence[Reading], abouts: Sequence[SliceInfo]) -> dict[SliceKey, dict[str, Estimate]]:
    """Return estimates by slice and metric; a slice in which no row was scored has none."""
    found: dict[SliceKey, dict[str, Estimate]] = {about.key: {} for about in abouts}
    some = {about.key for about in abouts if about.n}
    for one in estimates(readings, Context(abouts)):
        if one.slice in some:
            found[one.slice][one.metric] = one.estimate
    return found


def without_many_labels(readings: Sequence[Reading], labels: int) -> list[Reading]:
    """Leave the metrics of single classes out where there are many."""
    return [reading for reading in readings if reading.label is None or labels <= _MOST_LABELS]


def _slices(rows: JoinedRows, dimension: str) -> tuple[list[np.ndarray], list[int], list[SliceKey]]:
    if not dimension:
        return [], [], [ALL_ROWS]
    given, words = rows.dimensions[dimension]
    found = np.bincount(given, minlength=len(words))
    largest = sorted(range(len(words)), key=lambda i: (-found[i], words[i]))[:MOST_VALUES]
    kept = sorted(words[i] for i in largest)
    kept += [OTHERS] if len(words) > MOST_VALUES and OTHERS not in kept else []
    place = {word: i for i, word in enumerate(kept)}
    codes = np.array([place.get(word, place.get(OTHERS, 0)) for word in words], np.int32)[given]
    return [codes], [len(kept)], [ALL_ROWS, *(((dimension, word),) for word in kept)]


def _by_slice(mask: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    parts = [np.array([mask.sum()])]
    parts += [np.bincount(code[mask], minlength=size) for code, size in zip(codes, sizes, strict=True)]
    return np.concatenate(parts)


def _sums(
    rows: JoinedRows, masks: Sequence[np.ndarray], codes: Sequence[np.ndarray], sizes: Sequence[int],
    classes: Classes | None,
) -> list[list[float | None]]:  # fmt: skip
    """Return, for each mask and slice, the sum of the predictions: of numbers, or of ones for the positive class."""
    if classes is not None and classes.positive is None:
        return [[None] * (1 + sum(sizes)) for _ in masks]
    values = rows.predicted if classes is None else (rows.predicted == classes.positive).astype(np.float64)
    found: list[list[float | None]] = []
    for mask in masks:
        parts = [np.array([values[mask].sum()])]
        for code, size in zip(codes, sizes, strict=True):
            parts.append(np.bincount(code[mask], weights=values[mask], minlength=size))
        found.append(np.concatenate(parts).tolist())
    return found


def _regression(
    rows: JoinedRows, scored: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int]
) -> tuple[list[Reading], list[KeptState | None]]:
    true, predicted, ids = rows.label[scored], rows.predicted[scored], rows.ids[scored]
    shift = float(true.mean())
    state = RegressionState(Plan(sizes=tuple(sizes), shift=shift))
    state.update(Rows.of(buckets_of(ids), [c[scored] for c in codes]), ids=ids, true=true, predicted=predicted)
    kept = [
        KeptState("regression", (), parts, shift, float(state.largest[i]))
        for i, parts in enumerate(_cut(by_group(state), 1 + sum(sizes)))
    ]
    return state.readings(), [*kept]


def _classification(
    rows: JoinedRows, scored: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int], classes: Classes
) -> tuple[list[Reading], list[KeptState | None]]:
    if classes.positive is not None:
        return _binary(rows, scored, codes, sizes, classes.positive)
    return _multiclass(rows, scored, codes, sizes, classes)


def _binary(
    rows: JoinedRows, scored: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int], positive: int
) -> tuple[list[Reading], list[KeptState | None]]:
    chance = rows.score
    if positive in rows.chance_labels:
        chance = np.where(np.isnan(chance), rows.chances[:, rows.chance_labels.index(positive)], chance)
    known = scored & ~np.isnan(chance)
    states: list[State] = []
    for mask, with_chance in ((scored, False), (known, True)):
        state = BinaryState(Plan(sizes=tuple(sizes), probabilities=with_chance))
        ids, true = rows.ids[mask], rows.label[mask] == positive
        state.update(
            Rows.of(buckets_of(ids), [c[mask] for c in codes]), ids=ids, true=true,
            predicted=rows.predicted[mask] == positive, positive=chance[mask] if with_chance else None,
        )  # fmt: skip
        states.append(state)
    bins = binned_scores(chance[known], rows.label[known] == positive, [c[known] for c in codes], sizes)
    return _both(states, bool(known.any()), "binary", (positive,), bins)


def _multiclass(
    rows: JoinedRows, scored: np.ndarray, codes: Sequence[np.ndarray], sizes: Sequence[int], classes: Classes
) -> tuple[list[Reading], list[KeptState | None]]:
    """Score with the labels that occur in the window, so that a class of another day changes nothing here."""
    occur = {int(number) for number in np.unique(np.concatenate([rows.label[scored], rows.predicted[scored]]))}
    known = scored & ~np.isnan(rows.chances).all(axis=1) if rows.chance_labels else np.zeros_like(scored)
    if known.any():
        told = np.flatnonzero(~np.isnan(rows.chances[known]).all(axis=0))
        occur |= {rows.chance_labels[column] for column in told}
    labels = tuple(number for number in classes.numbers if number in occur)
    places = np.zeros(max(classes.numbers) + 1, np.int64)
    places[list(labels)] = np.arange(len(labels))
    names = tuple(classes.by_number[number] for number in labels)
    chances = np.zeros((len(scored), len(labels)))
    for column, label in enumerate(rows.chance_labels):
        if label in labels:
            chances[:, labels.index(label)] = np.nan_to_num(rows.chances[:, column])
    states: list[State] = []
    for mask, with_chance in ((scored, False), (known, True)):
        state = MulticlassState(Plan(labels=names, sizes=tuple(sizes), probabilities=with_chance))
        ids = rows.ids[mask]
        state.update(
            Rows.of(buckets_of(ids), [c[mask] for c in codes]), ids=ids,
            true=places[rows.label[mask].astype(np.int64)], predicted=places[rows.predicted[mask].astype(np.int64)],
            probabilities=chances[mask] if with_chance else None,
        )  # fmt: skip
        states.append(state)
    readings, kept = _both(states, bool(known.any()), "multiclass", labels, None)
    return without_many_labels(readings, len(labels)), kept


def _both(
    states: Sequence[State], with_chances: bool, task: str, labels: tuple[int, ...], bins: np.ndarray | None
) -> tuple[list[Reading], list[KeptState | None]]:
    """Return the readings of all scored rows and of those with probabilities, and what is kept of both."""
    plain, scored = states
    slices = plain.plan.n_slices
    parts = [dict(one) for one in _cut(by_group(plain), slices)]
    if not with_chances:
        return plain.readings(), [KeptState(task, labels, one) for one in parts]
    for i, one in enumerate(_cut(by_group(scored), slices)):
        parts[i] |= {f"scored.{name}": part for name, part in one.items()}
        if bins is not None:
            parts[i][FINE] = bins[i].astype(np.float64)
    return together(plain.readings(), scored.readings()), [KeptState(task, labels, one) for one in parts]


def _cut(grouped: Mapping[str, np.ndarray], slices: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield each slice's part."""
    for i in range(slices):
        yield {name: part[:, i] for name, part in grouped.items()}
