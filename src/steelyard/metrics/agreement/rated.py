"""Ratings read into a table of codes, so that every statistic is arithmetic on whole arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument

Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS: tuple[str, ...] = get_args(Level)

Value: TypeAlias = bool | str | float | frozenset[str]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

ABSENT = -1


@dataclass(frozen=True, slots=True)
class Rated:
    """Ratings as codes.

    Args:
        codes: shape (items, raters): each rating's place in ``categories``, -1 where there is none.
        packed: shape (items, most ratings of an item): the same, each item's ratings sorted and its gaps at the end,
            items without ratings left out, items in the order of their ratings. Equal for any order of raters and
            items, and so is all that is made from it, bootstrap intervals included.
        categories: the values, in their order.
    """

    codes: Codes
    packed: Codes
    categories: tuple[Value, ...]

    @property
    def per_item(self) -> npt.NDArray[np.int64]:
        """How many ratings each item of ``packed`` has."""
        return (self.packed >= 0).sum(axis=1)

    @property
    def paired(self) -> Codes:
        """The rows of ``packed`` with at least two ratings."""
        return self.packed[self.per_item >= 2]

    @property
    def has_sets(self) -> bool:
        """Whether any value is a set of texts."""
        return any(isinstance(value, frozenset) for value in self.categories)

    def numbers(self, level: str) -> Floats:
        """Return the categories as numbers.

        Args:
            level: for the message, and ``ratio`` refuses numbers below 0.

        Raises:
            InvalidArgument: a category is no number.
        """
        wrong = [value for value in self.categories if isinstance(value, str | frozenset)]
        if wrong:
            message = f"The {level} level needs numbers; {_shown(wrong[0])} is none. Use nominal or ordinal."
            raise InvalidArgument(message)
        numbers = np.array([float(value) for value in self.categories if not isinstance(value, str | frozenset)])
        if level == "ratio" and (numbers < 0).any():
            raise InvalidArgument("The ratio level needs numbers of 0 or more, whose zero means none. Use interval.")
        return numbers


def read_ratings(
    ratings: Iterable[Sequence[object]], *, categories: Iterable[object] | None = None, ordered: bool = False
) -> Rated:
    """Return the ratings as codes.

    Args:
        ratings: items, each with one value per rater; None and NaN are missing. A list, tuple or set is taken as the
            set of its texts.
        categories: the values that could be given, in their order. Default: those that were given, numbers and texts
            sorted; for yes and no always both, since everybody knows the one that was not chosen.
        ordered: the order of the categories matters: texts then need ``categories``.

    Raises:
        InvalidArgument: items of different lengths, a value of another kind, or values without an order.
    """
    rows = [[_plain(value) for value in item] for item in ratings]
    width = len(rows[0]) if rows else 0
    for index, row in enumerate(rows):
        if len(row) != width:
            message = f"Item {index} has {len(row)} ratings and item 0 has {width}: give one a rater, None if missing."
            raise InvalidArgument(message)
    given = dict.fromkeys(_key(value) for row in rows for value in row if value is not None)
    order = _ordered_keys(given, categories, ordered)
    place = {key: code for code, key in enumerate(order)}
    flat = [ABSENT if value is None else place[_key(value)] for row in rows for value in row]
    codes = np.array(flat, dtype=np.int32).reshape(len(rows), width)
    return Rated(codes, pack(codes), tuple(value for _, value in order))


def pack(codes: Codes) -> Codes:
    """Return codes with each row sorted, its gaps last, rows without any left out, and the rows sorted."""
    last = np.iinfo(np.int32).max
    filled = np.sort(np.where(codes < 0, last, codes), axis=1)
    filled = filled[(filled < last).any(axis=1)]
    filled = filled[:, (filled < last).any(axis=0)] if len(filled) else filled[:, :0]
    if filled.shape[1]:
        filled = filled[np.lexsort(filled.T[::-1])]
    return np.where(filled == last, ABSENT, filled).astype(np.int32)


def from_counts(counts: npt.ArrayLike) -> Codes:
    """Return packed codes of a table of how many raters put each item into each category.

    Args:
        counts: shape (items, categories), whole numbers of 0 or more.

    Raises:
        InvalidArgument: another shape, or numbers that are no counts.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or (table < 0).any() or (table != np.floor(table)).any():
        raise InvalidArgument("counts must be a table of whole numbers, one row an item and one column a category.")
    whole = table.astype(np.int64)
    per_item = whole.sum(axis=1)
    codes = np.full((len(whole), int(per_item.max(initial=0))), ABSENT, dtype=np.int32)
    flat = np.repeat(np.tile(np.arange(whole.shape[1]), len(whole)), whole.ravel())
    item = np.repeat(np.arange(len(whole)), per_item)
    codes[item, np.arange(len(flat)) - np.repeat(np.cumsum(per_item) - per_item, per_item)] = flat
    return pack(codes)


_Key: TypeAlias = tuple[str, Any]


def _ordered_keys(given: Iterable[_Key], categories: Iterable[object] | None, ordered: bool) -> list[_Key]:
    if categories is not None:
        named = dict.fromkeys(_key(value) for value in map(_plain, categories) if value is not None)
        unknown = sorted((key for key in given if key not in named), key=_sorting)
        if unknown and ordered:
            message = f"{_shown(unknown[0][1])} is not among the categories, so its place in their order is unknown."
            raise InvalidArgument(message)
        return [*named, *unknown]
    keys = sorted(given, key=_sorting)
    kinds = {kind for kind, _ in keys}
    if kinds == {"bool"}:
        return [("bool", False), ("bool", True)]
    if ordered and kinds & {"text", "set"}:
        raise InvalidArgument("Texts have no order of their own: give categories=, from the least to the most.")
    return keys


def _plain(value: object) -> Value | None:
    if hasattr(value, "item") and not isinstance(value, str | bytes) and getattr(value, "ndim", 0) == 0:
        value = value.item()  # a numpy scalar
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return None if value != value else value
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(member) for member in value)
    message = f"A rating is a bool, a text, a number or a list of texts; {_shown(value)} is a {type(value).__name__}."
    raise InvalidArgument(message)


def _key(value: Value) -> _Key:
    """Yes is not the number 1, though Python thinks so."""
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, str):
        return "text", value
    return ("set", value) if isinstance(value, frozenset) else ("number", value)


def _sorting(key: _Key) -> tuple[str, Any]:
    kind, value = key
    return kind, sorted(value) if kind == "set" else value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
