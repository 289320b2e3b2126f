"""What an import into a dataset would do, before it does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.records.dataset import Dataset
from steelyard.web.contexts.runs import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChoice:
    """A column of the file: what it becomes, and all that it may become."""

    column: str
    becomes: str
    also: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRecord:
    """A record that would be imported, as texts."""

    inputs: str
    expectations: str
    outputs: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongRow:
    """A row that cannot be imported, counted from 1 as people count, and why."""

    row: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """A row that nearly equals a record of the dataset (``record_id``), or another row."""

    row: int
    similarity: float
    record_id: str
    record_line: str
    other_row: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSeen:
    """What the file holds, and what importing it would do.

    Args:
        token: of the file that waits.
        name: of the file.
        shape: whose rows they are; ``mapping`` if columns were chosen by hand.
        by_hand: whether columns were chosen by hand.
        refused: why nothing can be imported at all, in a sentence.
    """

    token: str
    name: str
    shape: str = ""
    by_hand: bool = False
    columns: tuple[ColumnChoice, ...] = ()
    records: tuple[PreviewRecord, ...] = ()
    n_rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    wrong: tuple[WrongRow, ...] = ()
    n_wrong: int = 0
    near: tuple[NearRow, ...] = ()
    n_near: int = 0
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """A dataset that something is imported into; ``seen`` is None before there is a file."""

    dataset: Dataset
    max_bytes: int
    seen: ImportSeen | None = None
    problem: Problem | None = None
