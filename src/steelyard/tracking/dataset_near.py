"""Records that nearly equal another: within a dataset, and new ones before they are merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """A record that nearly equals an earlier one of its dataset; ``similarity`` is 1 for the same words."""

    record: DatasetRecord
    near: DatasetRecord
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicate:
    """A new record that nearly equals another.

    Args:
        row: which new one, counted from 0 in what was given.
        similarity: 0 to 1; 1 for the same words.
        record: the record of the dataset that it nearly equals.
        other_row: else the earlier new one.
    """

    row: int
    similarity: float
    record: DatasetRecord | None = None
    other_row: int | None = None


def near_within(records: Iterable[DatasetRecord], *, threshold: float) -> tuple[NearDuplicates, ...]:
    """Return the records that nearly equal an earlier one, each with the one that it is most like."""
    from steelyard.data.near_duplicates import near_pairs, text_of

    _check(threshold)
    held = list(records)
    pairs = near_pairs((text_of(one.inputs) for one in held), threshold=threshold)
    return tuple(
        NearDuplicates(record=held[one.second], near=held[one.first], similarity=one.similarity) for one in pairs
    )


def near_existing(
    records: Iterable[DatasetRecord], new: Sequence[tuple[int, Mapping[str, Any]]], *, threshold: float = 0.8
) -> tuple[NearDuplicate, ...]:
    """Return the new records that nearly equal one that is there, or an earlier new one.

    Args:
        records: what is there.
        new: the inputs of new records, each with the number of its row.
        threshold: how alike, above 0 and at most 1.
    """
    from steelyard.data.near_duplicates import near_pairs, text_of

    _check(threshold)
    if not new:
        return ()
    held = list(records)
    texts = [*(text_of(one.inputs) for one in held), *(text_of(inputs) for _, inputs in new)]
    pairs = near_pairs(texts, threshold=threshold, since=len(held))
    return tuple(
        NearDuplicate(
            row=new[one.second - len(held)][0],
            similarity=one.similarity,
            record=held[one.first] if one.first < len(held) else None,
            other_row=new[one.first - len(held)][0] if one.first >= len(held) else None,
        )
        for one in pairs
    )


def _check(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise InvalidArgument(f"threshold={threshold!r} is out of range: above 0 and at most 1, such as 0.8.")
