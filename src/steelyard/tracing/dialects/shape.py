"""What the keys of a span's attributes tell alone. Spans of one instrumentation share it, so it is found once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_Place = tuple[int, str, list[str], str]
_LAID_OUT = re.compile(r"(.+?)\.([0-9]{1,6})\.(.+)", re.DOTALL)
_DEEPEST_PATH = 20
_MOST_SHAPES = 1024
_MOST_KEYS, _LONGEST_KEYS = 200, 10_000  # of a shape that is remembered


class Shape:
    """The keys of a span's attributes.

    Attributes:
        keys: themselves.
        words: what they begin with, up to the first dot; they tell which dialects the span speaks.
    """

    __slots__ = ("_any", "_lists", "keys", "words")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.words = frozenset([key.partition(".")[0] for key in keys])
        self._any: dict[frozenset[str], bool] = {}
        self._lists: dict[str, list[_Place]] | None = None

    def has_any(self, keys: frozenset[str], prefixes: tuple[str, ...]) -> bool:
        """Say whether one of the keys is there, or one with such a beginning."""
        found = self._any.get(keys)
        if found is None:
            found = self._any[keys] = any(key in keys or key.startswith(prefixes) for key in self.keys)
        return found

    def unflattened(self, attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
        """Return the items of a list that was laid out as ``prefix.0.a.b``, ``prefix.1.a.b``, each as nested dicts.

        Args:
            attributes: with these keys.
            prefix: the list's name.

        Examples:
            >>> flat = {"docs.1.document.id": "b", "docs.0.document.id": "a", "k": 3}
            >>> shape_of(flat).unflattened(flat, "docs")
            [{'document': {'id': 'a'}}, {'document': {'id': 'b'}}]
        """
        if self._lists is None:
            self._lists = _lists(self.keys)
        layout = self._lists.get(prefix)
        if layout is None:
            return []
        items: list[dict[str, Any]] = []
        item: dict[str, Any] = {}
        last_place = -1
        for place, key, inner, last in layout:
            if place != last_place:
                last_place = place
                item = {}
                items.append(item)
            target = item
            for name in inner:
                below = target.get(name)
                if type(below) is not dict:
                    below = target[name] = {}
                target = below
            target[last] = attributes[key]
        return items


def _lists(keys: tuple[str, ...]) -> dict[str, list[_Place]]:
    """Return for each list, in its order, the keys with their places, and where in its item each belongs."""
    found: dict[str, list[_Place]] = {}
    for key in keys:
        match = _LAID_OUT.fullmatch(key)
        if match is None:
            continue
        prefix, place, path = match.groups()
        *inner, last = path.split(".", _DEEPEST_PATH)
        found.setdefault(prefix, []).append((int(place), key, inner, last))
    for places in found.values():
        places.sort(key=lambda each: each[0])
    return found


_shapes: dict[tuple[str, ...], Shape] = {}


def shape_of(attributes: Mapping[str, Any]) -> Shape:
    """Return what the keys of attributes tell."""
    keys = tuple(attributes)
    shape = _shapes.get(keys)
    if shape is None:
        shape = Shape(keys)
        if len(keys) <= _MOST_KEYS and sum(map(len, keys)) <= _LONGEST_KEYS:
            if len(_shapes) >= _MOST_SHAPES:
                _shapes.clear()
            _shapes[keys] = shape
    return shape
