"""Evaluation datasets: records under immutable, numbered versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


class DatasetRecordSourceType:
    """Where a record comes from."""

    UNSPECIFIED = "UNSPECIFIED"
    TRACE = "TRACE"
    HUMAN = "HUMAN"
    DOCUMENT = "DOCUMENT"
    CODE = "CODE"


SOURCE_TYPES = ("TRACE", "HUMAN", "DOCUMENT", "CODE", "UNSPECIFIED")
SESSION_FIELDS = frozenset(("goal", "persona", "context", "simulation_guidelines"))
"""The inputs of a record that describes a conversation to be simulated; ``goal`` says that it is one."""


@dataclass(frozen=True, slots=True)
class DatasetRecordSource:
    """Where a record comes from: one of ``SOURCE_TYPES``, and what tells more, such as ``{"trace_id": "tr-…"}``."""

    source_type: str
    source_data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDraft:
    """A record as it is given to be merged.

    Args:
        inputs: what identifies the record: one with equal inputs is the same record.
        outputs: what came out; None leaves what is there.
        expectations: ground truth by name; added to what is there, and the new value counts.
        tags: labels; added likewise.
        source: where it comes from; unless given HUMAN if there are expectations, else CODE. What a record that is
            there says of its source stays.
    """

    inputs: Mapping[str, Any]
    outputs: Any = None
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    source: DatasetRecordSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """A record as a version of a dataset holds it.

    Args:
        dataset_record_id: ``dr-`` and 32 hexadecimal digits, which follow from the dataset and the inputs: a record
            that is deleted and merged again has the id it had.
        dataset_id: whose it is.
        inputs, outputs, expectations, tags, source: as for :class:`RecordDraft`.
        position: what the records of a version are in the order of; no record ever takes another's.
        digest: SHA-256 of inputs, outputs, expectations, tags and source.
        created_in, updated_in: the versions in which it came, and in which it became what it is.
        created_by, created_time, last_updated_by, last_update_time: who made these versions, and when (milliseconds
            since 1970).
    """

    dataset_record_id: str
    dataset_id: str
    inputs: Mapping[str, Any]
    outputs: Any = None
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    source: DatasetRecordSource = DatasetRecordSource("UNSPECIFIED")
    position: int = 0
    digest: str = ""
    created_in: int = 0
    updated_in: int = 0
    created_by: str = ""
    created_time: int = 0
    last_updated_by: str = ""
    last_update_time: int = 0

    @property
    def source_type(self) -> str:
        return self.source.source_type

    @property
    def source_id(self) -> str | None:
        """The trace that it comes from, if it does."""
        found = self.source.source_data.get("trace_id") if self.source.source_type == "TRACE" else None
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion:
    """One state of a dataset, which never changes.

    Args:
        number: 0 is the empty dataset as it was created; every change makes the next.
        digest: SHA-256 over the digests of the records, in order: equal content has an equal digest.
        n_records: how many there are.
        parent: the version that was changed; None for 0.
        inserted, updated, deleted: how many records the change touched.
        message: why, in somebody's words.
        restored: the version that was brought back, if that is what the change was.
        created_by, created_time: who and when, milliseconds since 1970.
    """

    number: int
    digest: str
    n_records: int
    parent: int | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    message: str = ""
    restored: int | None = None
    created_by: str = ""
    created_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """An evaluation dataset: what it is called, and its newest version.

    Args:
        dataset_id: ``d-`` and 32 hexadecimal digits.
        name: no other dataset has it.
        tags: labels.
        experiment_ids: the experiments it is used in.
        version, digest, n_records: of the newest version.
        created_by, created_time, last_updated_by, last_update_time: who and when, milliseconds since 1970.
    """

    dataset_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    experiment_ids: tuple[str, ...] = ()
    version: int = 0
    digest: str = ""
    n_records: int = 0
    created_by: str = ""
    created_time: int = 0
    last_updated_by: str = ""
    last_update_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChange:
    """What a change did. Without an effect, ``version`` is the one that was there.

    Args:
        version: the newest version now.
        inserted, updated, unchanged, deleted: how many records.
    """

    version: DatasetVersion
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """How a record differs between two versions; ``before`` is None for one that was added, ``after`` if removed."""

    before: DatasetRecord | None = None
    after: DatasetRecord | None = None

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """What differs between two versions: counts of all of it, and the first changes in the order of the records."""

    added: int
    removed: int
    changed: int
    changes: tuple[RecordChange, ...] = ()
