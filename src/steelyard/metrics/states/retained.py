"""Rows kept for metrics that need an order: all of them, or beyond a limit a sample that a hash draws."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from steelyard.metrics.weights import splitmix64

STREAM_LIMIT = 1_000_000


@dataclass(slots=True)
class Retained:
    """Columns of rows by id; with more than ``limit`` rows, those with the smallest hashes (Broder 1997's bottom-k).

    Which rows are kept depends on their ids alone, so merging parts in any order keeps the same rows.

    Args:
        limit: the most rows that are kept.
    """

    limit: int = STREAM_LIMIT
    seen: int = 0
    _parts: list[dict[str, np.ndarray]] = field(default_factory=list, repr=False)
    _held: int = 0

    @property
    def complete(self) -> bool:
        """Whether no row was left out."""
        return self.seen <= self.limit

    def add(self, ids: np.ndarray, **columns: np.ndarray) -> None:
        """Add a batch: ``ids`` uint64, shape (n,), and columns of the same length."""
        self.seen += len(ids)
        self._parts.append({"_id": np.asarray(ids), **columns})
        self._held += len(ids)
        if self._held > self.limit + max(self.limit // 4, 4096):
            self._shrink()

    def _shrink(self) -> None:
        whole = self._concatenated()
        order = splitmix64(whole["_id"])
        keep = np.argpartition(order, self.limit)[: self.limit] if len(order) > self.limit else slice(None)
        self._parts = [{name: column[keep] for name, column in whole.items()}]
        self._held = len(self._parts[0]["_id"])

    def _concatenated(self) -> dict[str, np.ndarray]:
        if len(self._parts) == 1:
            return self._parts[0]
        return {name: np.concatenate([p[name] for p in self._parts]) for name in self._parts[0]} if self._parts else {}

    def merge(self, other: Retained) -> Retained:
        """Return what would have been kept of both parts' rows."""
        merged = Retained(self.limit, self.seen + other.seen, [*self._parts, *other._parts], self._held + other._held)
        if merged._held > merged.limit:
            merged._shrink()
        return merged

    def columns(self) -> dict[str, np.ndarray]:
        """Return the kept rows' columns, ``_id`` among them."""
        if self._held > self.limit:
            self._shrink()
        elif len(self._parts) > 1:
            self._parts = [self._concatenated()]
        return self._parts[0] if self._parts else {}
