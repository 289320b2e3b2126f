"""The bootstrap replicates of an evaluation: what makes any two runs over the same rows paired for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.records.slices import ALL_ROWS, SliceKey, slice_name

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Replicates:
    """The value of each metric on each slice under each set of hashed weights.

    Args:
        seed: the key of the weights; two tables can be subtracted only if their seeds are equal.
        values: (metric, slice name) to an array of shape (B,), float64, NaN where a replicate is undefined.
    """

    seed: int
    values: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def get(self, metric: str, key: SliceKey = ALL_ROWS) -> np.ndarray | None:
        """Return the replicates of a metric on a slice, shape (B,), or None."""
        return self.values.get((metric, slice_name(key)))
