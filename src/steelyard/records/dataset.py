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
SAID_BY = {"TRACE": "HUMAN", "DOCUMENT": "HUMAN", "UNSPECIFIED": "HUMAN"}
"""The source type of what a record expects, by where the record comes from; others are called what they are."""
SESSION_FIELDS = frozenset(("goal", "persona", "context", "simulation_guidelines"))
"""The inputs of a record that describes a conversation to be simulated; ``goal`` says that it is one."""


@dataclass(frozen=True, slots=True)
class DatasetRecordSource:
    """Where a record comes from: one of ``SOURCE_TYPES``, and what tells more, such as ``{"trace_id": "tr-…"}``."""

    source_type: str
    source_data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody said is expected: beside the value that counts, all others of its name are kept like this.

    Args:
        name: of the expectation.
        value: what was said.
        by: who: a person, a judge's model, a function.
        source_type: HUMAN, LLM_JUDGE or CODE.
        time: when, milliseconds since 1970.
        trace_id: the trace on which it was said, if it was.
        version: the version of the dataset in which it came; 0 in a draft.
    """

    name: str
    value: Any
    by: str = ""
    source_type: str = "HUMAN"
    time: int = 0
    trace_id: str | None = None
    version: int = 0


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
        said: who said which expectation and when, where that is known; kept beside the versions.
    """

    inputs: Mapping[str, Any]
    outputs: Any = None
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    source: DatasetRecordSource | None = None
    said: tuple[Statement, ...] = ()


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
        kind: ``records``, or ``table`` for one whose versions are tables.
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
    kind: str = "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChange:
    """What a change did. Without an effect, ``version`` is the one that was there.

    Args:
        version: the newest version now.
        inserted, updated, unchanged, deleted: how many records.
        repeated: how many more were given to be merged: each is the same record as another that was given.
    """

    version: DatasetVersion
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    repeated: int = 0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordProblem:
    """What is wrong with a record that was to be merged.

    Args:
        index: which, counted from 0 in the order in which they were given.
        path: where in it, such as ``inputs.question``; empty for all of it.
        reason: what is wrong, as a sentence.
    """

    index: int
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What a merge would do, while nothing is changed.

    Args:
        version: the newest version, which it would rest on.
        record_ids: the id of each record that was given; equal ones are one record.
        kinds: of each, ``new``, ``changed`` or ``same``.
        inserted, updated, unchanged: how many records.
        repeated: how many more were given: each is the same record as another that was given.
        problems: what the dataset's schema has against them: then nothing would be merged.
        n_problems: how many there are in all; the first are listed.
    """

    version: int
    record_ids: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: tuple[RecordProblem, ...] = ()
    n_problems: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSchema:
    """What the records of a dataset must look like: JSON schemas (draft 2020-12 unless they say ``$schema``).

    Args:
        inputs, outputs, expectations: a schema each; None lets anything pass.
        number: 1 for the first that was set, then counted up.
        version: the newest version of the dataset when it was set.
        created_by, created_time: who and when, milliseconds since 1970.
    """

    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    expectations: Mapping[str, Any] | None = None
    number: int = 0
    version: int = 0
    created_by: str = ""
    created_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStep:
    """A version in which a record changed.

    Args:
        version: which; who made it, when and why stand in it.
        before, after: the record; None before it came, and after it was removed.
        trace_ids: the traces that it, or expectations that came with this version, come from.
    """

    version: DatasetVersion
    before: DatasetRecord | None = None
    after: DatasetRecord | None = None
    trace_ids: tuple[str, ...] = ()

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetUse:
    """A run that used a dataset.

    Args:
        run_id, run_name, experiment_id, status, start_time: of the run.
        version, digest: which version, by the run's own record.
        context: what for.
        subset: what was chosen of the version (``split``, ``tags``, ``ids``, ``text``); None for all of it.
    """

    run_id: str
    version: int
    digest: str
    run_name: str = ""
    experiment_id: str = ""
    status: str = ""
    start_time: int = 0
    context: str = ""
    subset: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetTable:
    """The table that a version of a dataset is: a Parquet file, in parts.

    Args:
        version: of the dataset.
        digest: of the table's content, whatever file holds it; see ``steelyard.data.digest_of``.
        n_rows: how many rows.
        columns: the family of type by column, in order.
        size: of the file, in bytes.
        sha256: of the file.
        parts: SHA-256 of each part of the file, in order.
        targets, predictions: columns that play these parts.
        source: where it came from, such as a path.
    """

    version: int = 0
    digest: str = ""
    n_rows: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    sha256: str = ""
    parts: tuple[str, ...] = ()
    targets: str | None = None
    predictions: str | None = None
    source: str = ""
