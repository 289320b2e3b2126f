"""Which slice each row is in: by a column, by crossed columns, by bins of a number, by a predicate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.errors import DataError, InvalidArgument

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = "(missing)"
MOST_SLICES = 1000

SliceSpec = Any
"""A column name, a list of names or bins (crossed), :func:`by_bins`, or a mapping of names to predicates."""


@dataclass(frozen=True, slots=True)
class Bins:
    """A numeric column cut into bins; see :func:`by_bins`."""

    column: str
    bins: int = 5
    edges: tuple[float, ...] | None = None

    def with_edges(self, values: np.ndarray) -> Bins:
        """Return the bins with edges at quantiles of these values, so that each holds about as many rows."""
        finite = values[np.isfinite(values)]
        if finite.size == 0:
            raise DataError(f"Column {self.column!r} has no numbers to cut into {self.bins} bins.")
        inner = np.unique(np.quantile(finite, np.linspace(0, 1, self.bins + 1)[1:-1]))
        return Bins(self.column, self.bins, tuple(float(e) for e in inner))


def by_bins(column: str, bins: int | Sequence[float] = 5) -> Bins:
    """Slice by bins of a numeric column.

    Args:
        column: the column's name.
        bins: how many bins of about equally many rows, or the inner edges themselves.

    Returns:
        A specification to be given in ``slices=[…]``.

    Raises:
        InvalidArgument: fewer than two bins, or edges that do not increase.

    Examples:
        >>> by_bins("age", [30, 50])
        Bins(column='age', bins=3, edges=(30.0, 50.0))
    """
    if isinstance(bins, int):
        if bins < 2:
            raise InvalidArgument(f"by_bins({column!r}, {bins}): at least 2 bins are needed.")
        return Bins(column, bins)
    edges = tuple(float(e) for e in bins)
    if not edges or any(b <= a for a, b in pairwise(edges)):
        raise InvalidArgument(f"by_bins({column!r}, …): the edges must increase; got {list(edges)}.")
    return Bins(column, len(edges) + 1, edges)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to slice: its parts are crossed; a predicate stands alone."""

    parts: tuple[str | Bins, ...] = ()
    predicate: Callable[..., Any] | None = None
    title: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        if self.predicate is not None:
            return (self.title,)
        return tuple(p.column if isinstance(p, Bins) else p for p in self.parts)

    @property
    def name(self) -> str:
        return " × ".join(self.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read; a predicate may read any."""
        return () if self.predicate is not None else self.names

    def code(self, batch: pa.RecordBatch) -> Coded:
        """Return the slice of every row of a batch."""
        if self.predicate is not None:
            return _by_predicate(self.title, self.predicate, batch)
        coded = [_by_part(part, batch) for part in self.parts]
        codes, words = coded[0].codes.astype(np.int64), coded[0].words
        for other in coded[1:]:
            # Only pairs that occur get words: two columns of names could make millions.
            pairs, codes = np.unique(codes * len(other.words) + other.codes, return_inverse=True)
            if len(pairs) > MOST_SLICES:
                raise too_many(self.name)
            words = [(*words[pair // len(other.words)], *other.words[pair % len(other.words)]) for pair in pairs]
        return Coded(codes, words)


@dataclass(frozen=True, slots=True)
class Coded:
    """Each row's slice as a number, shape (n,), and for each number the values that it stands for."""

    codes: np.ndarray
    words: list[tuple[str, ...]]


class SliceIndex:
    """The slices of one dimension as they turn up, batch after batch.

    Raises:
        DataError: there are more than 1,000 of them.
    """

    def __init__(self, dimension: Dimension) -> None:
        self.dimension = dimension
        self._number: dict[tuple[str, ...], int] = {}

    def add(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return every row's slice number, in order of first appearance: int32, shape (n,)."""
        coded = self.dimension.code(batch)
        used = np.flatnonzero(np.bincount(coded.codes, minlength=len(coded.words)))
        known = np.zeros(len(coded.words), dtype=np.int32)
        for i in used:
            known[i] = self._number.setdefault(coded.words[i], len(self._number))
        if len(self._number) > MOST_SLICES:
            raise too_many(self.dimension.name)
        return known[coded.codes]

    def sorted(self) -> tuple[list[tuple[str, ...]], np.ndarray]:
        """Return the slices' values in order, and for each number given out its place in that order."""
        words = sorted(self._number, key=lambda w: tuple(_sort_key(x) for x in w))
        place = np.zeros(len(words), dtype=np.int32)
        for i, word in enumerate(words):
            place[self._number[word]] = i
        return words, place


def too_many(name: str) -> DataError:
    """Return the error of a dimension with more slices than anyone reads."""
    return DataError(
        f"slices: {name!r} has more than {MOST_SLICES:,} values. Cut a number with by_bins({name!r}, 5), "
        "or slice by a column with fewer values."
    )


def _sort_key(word: str) -> tuple[int, float, str]:
    """Numbers by size (bins among them, by their lower edge), then words, then what is missing."""
    if word == MISSING:
        return (2, 0.0, word)
    if word.startswith("< "):
        return (0, float("-inf"), word)
    try:
        number = float(word.removeprefix("≥ ").removeprefix("[").split(",")[0])
    except ValueError:
        return (1, 0.0, word)
    return (0, number, word) if number == number else (1, 0.0, word)  # a slice named "nan" is a word


def dimensions(slices: Sequence[SliceSpec] | None) -> tuple[Dimension, ...]:
    """Read a ``slices`` argument.

    Args:
        slices: such as ``["category", ["category", "channel"], by_bins("age", 5), {"long text": predicate}]``.

    Raises:
        InvalidArgument: something that is none of these, or the same slicing twice.
    """
    if slices is None:
        return ()
    if isinstance(slices, str | Bins | Mapping):
        slices = [slices]
    found: list[Dimension] = []
    for spec in slices:
        if isinstance(spec, str | Bins):
            found.append(Dimension((spec,)))
        elif isinstance(spec, Mapping):
            found += [Dimension(predicate=_checked(name, p), title=str(name)) for name, p in spec.items()]
        elif isinstance(spec, Sequence) and spec and all(isinstance(p, str | Bins) for p in spec):
            found.append(Dimension(tuple(spec)))
        else:
            raise InvalidArgument(
                f"slices={spec!r} cannot be read: give a column name, a list of column names to cross, "
                "by_bins(column, n), or a mapping of a name to a predicate."
            )
    itself = next((d for d in found if len(set(d.names)) < len(d.names)), None)
    if itself is not None:
        raise InvalidArgument(f"slices crosses {itself.names[0]!r} with itself; give each column once.")
    names = [d.name for d in found]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InvalidArgument(f"slices has {twice!r} twice; give each slicing once.")
    return tuple(found)


def _checked(name: str, predicate: object) -> Callable[..., Any]:
    if not callable(predicate):
        raise InvalidArgument(f"slices: {name!r} must name a function of a DataFrame that returns booleans.")
    return predicate


def _by_part(part: str | Bins, batch: pa.RecordBatch) -> Coded:
    if isinstance(part, str):
        return _by_value(batch.column(part))
    values = numbers(batch.column(part.column), part.column)
    edges = np.asarray(part.edges)
    ends = [_word(float(e)) for e in edges]
    words = [f"< {ends[0]}", *(f"[{a}, {b})" for a, b in pairwise(ends)), f"≥ {ends[-1]}", MISSING]
    where = np.searchsorted(edges, values, side="right")
    where[np.isnan(values)] = len(edges) + 1
    return Coded(where, [(w,) for w in words])


def numbers(column: pa.Array, name: str) -> np.ndarray:
    """Return a column as float64, nulls as NaN; a column of text raises DataError."""
    import pyarrow as pa

    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise DataError(f"Column {name!r} must hold numbers to be cut into bins; it is {column.type}.") from problem


def _by_value(column: pa.Array) -> Coded:
    import pyarrow as pa

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = [(MISSING if v is None else _word(v),) for v in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    return Coded(codes.astype(np.int64), [*words, (MISSING,)])


def _word(value: object) -> str:
    """Return a value as text: short for a number where that loses nothing, so that different numbers stay apart."""
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return MISSING
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _by_predicate(name: str, predicate: Callable[..., Any], batch: pa.RecordBatch) -> Coded:
    try:
        frame = batch.to_pandas()
    except ImportError:
        frame = {c: batch.column(c).to_numpy(zero_copy_only=False) for c in batch.schema.names}
    mask = np.asarray(predicate(frame))
    if mask.shape != (batch.num_rows,) or mask.dtype.kind not in "bO":
        raise DataError(
            f"The slice {name!r} must return one boolean per row ({batch.num_rows} of them); "
            f"it returned {type(mask).__name__} of shape {mask.shape} and type {mask.dtype}."
        )
    # In a column of objects, what is neither true nor false (None, NaN, NA) does not say yes.
    yes = mask if mask.dtype.kind == "b" else np.array([isinstance(v, bool | np.bool_) and bool(v) for v in mask])
    return Coded(yes.astype(np.int64), [("no",), ("yes",)])
