"""Files and rows of any shape into a dataset: looked at first, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.data.json_values import lenient
from steelyard.errors import InvalidArgument
from steelyard.records.dataset import RecordDraft
from steelyard.tracking.dataset_near import NearDuplicate, near_existing
from steelyard.tracking.dataset_rows import ColumnUse, ReadRecords, RowError

if TYPE_CHECKING:
    from steelyard.tracking.dataset_version import DatasetAtVersion

__all__ = ["ColumnUse", "ImportPreview", "NearDuplicate", "RowError", "preview_import"]

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """What an import would do.

    Args:
        name: what the data is called.
        shape: whose shape the rows have, ``mapping`` if a mapping was given, empty if they have none that is known.
        columns: what each column becomes.
        records: the first records.
        n_rows: how many rows there are.
        errors: what is wrong with which row, the first 20.
        n_errors: how many rows are wrong: an import would be refused if there is one.
        inserted, updated, unchanged: how many records of the dataset would be new, changed and as they are; without a
            dataset all are new.
        repeated: how many more were read: each is the same record as another that was read.
        near: new records that nearly equal another, of the dataset or of the import.
    """

    name: str
    shape: str
    columns: tuple[ColumnUse, ...]
    records: tuple[RecordDraft, ...]
    n_rows: int
    errors: tuple[RowError, ...] = ()
    n_errors: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    near: tuple[NearDuplicate, ...] = ()

    @property
    def mapping(self) -> Mapping[str, str]:
        """What each column becomes first of all, by column: what a form begins with."""
        return {one.column: one.becomes[0] for one in self.columns}

    @property
    def accepted(self) -> bool:
        """Whether an import would be taken."""
        return not self.n_errors


def preview_import(
    data: Any,
    *,
    mapping: Mapping[str, str | None] | None = None,
    shape: str | None = None,
    dataset: DatasetAtVersion | None = None,
    n: int = 5,
    near: float | None = 0.8,
) -> ImportPreview:
    """Say what an import would do, and change nothing.

    Args:
        data: a path, glob or list of paths of CSV, JSONL, JSON, Parquet or YAML files; a list of dicts, traces or
            records; a frame; a dataset of another library.
        mapping: column to place, such as ``{"frage": "inputs.question"}``; the shape says it unless given.
        shape: whose shape the rows have, such as ``Langfuse``; recognised unless given.
        dataset: what it would be imported into: the preview tells new from changed, and holds rows against its schema.
        n: how many records are shown.
        near: how alike a new record must be to another to be flagged, 0 to 1; None looks for none.

    Raises:
        InvalidArgument: the mapping or the shape cannot be used.
        DataError: there are no rows.
        UnreadableFile: a file is damaged.

    Examples:
        >>> seen = preview_import([{"input": "2+2", "expected": "4", "tags": ["maths"]}])
        >>> seen.shape, seen.mapping["expected"], seen.inserted
        ('Braintrust', 'expectations.expected_response', 1)
    """
    from steelyard.tracking.dataset_reading import read_records  # every shape is loaded with it

    read = read_records(data, mapping=mapping, shape=shape)
    fresh = len({lenient(one.inputs) for one in read.drafts})
    counts = {"inserted": fresh, "repeated": len(read.drafts) - fresh}
    errors: Sequence[RowError] = read.errors
    n_errors = len(read.errors)
    kinds: Sequence[str] = ["new"] * len(read.drafts)
    if dataset is not None and read.drafts:
        found = dataset.try_merge(read.drafts)
        counts = {name: getattr(found, name) for name in ("inserted", "updated", "unchanged", "repeated")}
        kinds = found.kinds
        wrong = [RowError(row=read.rows[one.index], reason=one.reason, path=one.path) for one in found.problems]
        n_errors += len({one.row for one in wrong})
        errors = sorted([*errors, *wrong], key=lambda one: one.row)
    flagged: tuple[NearDuplicate, ...] = ()
    if near is not None:
        new = [place for place, kind in enumerate(kinds) if kind == "new"]
        there = dataset.iter_records() if dataset is not None else ()
        flagged = near_existing(there, [(read.rows[one], read.drafts[one].inputs) for one in new], threshold=near)
    return ImportPreview(
        name=read.name,
        shape=read.shape,
        columns=read.columns,
        records=read.drafts[:n],
        n_rows=read.n_rows,
        errors=tuple(errors[:_SHOWN]),
        n_errors=n_errors,
        near=flagged,
        **counts,
    )


def drafts_to_import(
    data: Any, *, mapping: Mapping[str, str | None] | None = None, shape: str | None = None
) -> ReadRecords:
    """Read what is to be imported.

    Raises:
        InvalidArgument: a row cannot be used; the message names the first 20 and says why.
    """
    from steelyard.tracking.dataset_reading import read_records  # every shape is loaded with it

    read = read_records(data, mapping=mapping, shape=shape)
    if read.errors:
        lines = [f"  row {one.row}: {one.reason}" for one in read.errors[:_SHOWN]]
        more = f"\n  … and {len(read.errors) - _SHOWN:,} more" if len(read.errors) > _SHOWN else ""
        raise InvalidArgument(
            f"Nothing was imported: {len(read.errors):,} of {read.n_rows:,} rows of {read.name} cannot be used (rows "
            "are counted from 0).\n" + "\n".join(lines) + more
        )
    return read
