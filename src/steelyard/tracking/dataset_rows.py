"""What rows were read into: records, what each column became, and what is wrong with which row."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.dataset import RecordDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUse:
    """What a column becomes.

    Args:
        column: its name.
        becomes: places such as ``inputs.question``, ``outputs``, ``expectations``, ``tags.lang`` and ``source``, or
            ``ignored``.
    """

    column: str
    becomes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """What is wrong with a row.

    Args:
        row: which, counted from 0.
        reason: what is wrong, as a sentence.
        path: where in it, if that is known.
    """

    row: int
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecords:
    """Rows that were read as records.

    Args:
        name: what the data is called.
        shape: whose shape the rows have; empty if they have none that is known.
        columns: what each column became.
        drafts: the records.
        rows: of each record the row that it comes from, counted from 0.
        errors: rows that cannot be used.
        n_rows: how many rows were read.
    """

    name: str
    shape: str
    columns: tuple[ColumnUse, ...]
    drafts: tuple[RecordDraft, ...]
    rows: tuple[int, ...]
    errors: tuple[RowError, ...]
    n_rows: int
