"""A change of a dataset on its way: who makes it, what is locked, and what is to become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steelyard.store.sql.dataset_rows import ContentRow


@dataclass(frozen=True, slots=True)
class Said:
    """Who makes a change, and why."""

    by: str
    message: str


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a version without its content."""

    position: int
    content: int
    born: int
    record_id: str
    digest: str


@dataclass(slots=True)
class LockedDataset:
    """A dataset that is locked, as it stands and as it becomes."""

    id: int
    dataset_id: str
    version: int
    next_position: int
    next_content: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a version.

    Args:
        members: all records of the next version, in order.
        closes: positions whose members end.
        opens: members that begin; each is among ``members``.
        contents: contents that are not there yet, by number.
        inserted, updated, unchanged, deleted: how many records.
        restored: the version that is brought back.
    """

    members: Sequence[Member]
    closes: Sequence[int]
    opens: Sequence[Member]
    contents: Mapping[int, ContentRow]
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    restored: int | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge comes to: the change, the records that change or come, and what those were that were there."""

    change: Change
    changed: Mapping[str, ContentRow]
    there: Mapping[str, ContentRow]


class SchemaChanged(Exception):
    """Somebody has set another schema since the records were held against the dataset's."""
