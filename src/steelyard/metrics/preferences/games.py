"""Comparisons as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.preferences.preference import FIRST, SECOND, TIE, Preference

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Games:
    """Comparisons as arrays, one entry a comparison; ``side`` is +1 if ``first`` was shown first, -1 if not."""

    names: tuple[str, ...]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    outcome: Floats
    side: Floats | None
    cluster: npt.NDArray[np.int64]

    def pairs(self, amount: Floats | None = None) -> Floats:
        """Return a table of how many comparisons (or how much of ``amount``) ``first`` had with ``second``."""
        k = len(self.names)
        return np.bincount(self.first * k + self.second, amount, minlength=k * k).reshape(k, k).astype(np.float64)

    def won(self) -> Floats:
        """Return how often i was preferred to j, ties as halves: shape (k, k)."""
        return self.pairs(self.outcome) + self.pairs(1.0 - self.outcome).T


def read_games(preferences: Iterable[Preference]) -> Games:
    told = list(preferences)
    for preference in told:
        if preference.outcome not in (FIRST, TIE, SECOND):
            message = f"An outcome is 1.0 (first won), 0.5 (tie) or 0.0 (second won); it is {preference.outcome!r}."
            raise InvalidArgument(message)
        if preference.first == preference.second:
            message = f"{preference.first!r} is compared with itself."
            raise InvalidArgument(message)
    # In a canonical order, so that the order of telling changes nothing, the bootstrap included.
    told.sort(key=lambda one: (one.item or "", one.first, one.second, one.outcome, bool(one.swapped)))
    names = tuple(sorted({name for one in told for name in (one.first, one.second)}))
    place = {name: index for index, name in enumerate(names)}
    items = {item: index for index, item in enumerate(dict.fromkeys(one.item for one in told if one.item is not None))}
    sides = None
    if all(one.swapped is not None for one in told):
        sides = np.array([-1.0 if one.swapped else 1.0 for one in told])
    return Games(
        names,
        np.array([place[one.first] for one in told], dtype=np.int64),
        np.array([place[one.second] for one in told], dtype=np.int64),
        np.array([one.outcome for one in told], dtype=np.float64),
        sides,
        np.array([items[one.item] if one.item is not None else len(items) + row for row, one in enumerate(told)], int),
    )


def is_connected(games: Games) -> bool:
    from scipy.sparse.csgraph import connected_components

    parts, _ = connected_components(games.won() > 0, directed=True, connection="strong")
    return int(parts) == 1
