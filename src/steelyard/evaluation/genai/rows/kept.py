"""Rows that are kept as a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.tracking.dataset_subset import DatasetSubset
from steelyard.tracking.evaluation_dataset import EvaluationDataset


@dataclass(frozen=True, slots=True)
class Kept:
    """The records of a stored dataset at a version, or some of them, which never change; read anew on every pass."""

    dataset: EvaluationDataset | DatasetSubset
    columnar: bool = True

    @property
    def name(self) -> str:
        return self.dataset.name

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return self.dataset.evaluation_rows()
