"""One record of a dataset, to be read and changed; and what differs between two versions."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.dataset import Dataset, DatasetRecord, DatasetVersion, Statement
from steelyard.web.contexts.runs import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTexts:
    """A record as JSON texts, as they stand in the fields of its form; empty for nothing."""

    inputs: str = ""
    outputs: str = ""
    expectations: str = ""
    tags: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMove:
    """What one version did to a record: the texts that differ, before and after, by their names."""

    version: DatasetVersion
    kind: str
    texts: tuple[tuple[str, str, str], ...]
    trace_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """A record, or a new one.

    Args:
        dataset: whose it is.
        version: that is shown.
        record: what it is; None for one that is being made.
        texts: what stands in the fields.
        cut: whether a text is too long to be changed here.
        moves: each version in which it changed, the newest first.
        said: who said what is expected.
        message: what was typed before.
        back: the place in the list that it is changed in, as a query; empty on a page of its own.
        problem: why it was not kept.
        saved: whether it was kept a moment ago.
    """

    dataset: Dataset
    version: int
    record: DatasetRecord | None
    texts: RecordTexts
    cut: bool = False
    moves: tuple[RecordMove, ...] = ()
    said: tuple[Statement, ...] = ()
    message: str = ""
    problem: Problem | None = None
    back: str = ""
    saved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A record that differs: its inputs as a line, and the texts that differ, before and after, by their names."""

    kind: str
    record_id: str
    line: str
    texts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffPage:
    """What differs between two versions; ``changes`` are the first of them, in the order of the records."""

    dataset: Dataset
    versions: tuple[DatasetVersion, ...]
    before: int
    after: int
    added: int
    removed: int
    changed: int
    changes: tuple[ChangeRow, ...]
