"""What the rest of the house may ask of a store about evaluation datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from steelyard.records.dataset import (
    Dataset,
    DatasetChange,
    DatasetDiff,
    DatasetRecord,
    DatasetSchema,
    DatasetTable,
    DatasetUse,
    DatasetVersion,
    MergePreview,
    RecordDraft,
    RecordStep,
    Statement,
)
from steelyard.records.run import Page


class DatasetStore(Protocol):
    """Evaluation datasets. A version never changes: every change makes the next, and one without effect makes none."""

    def create(
        self,
        name: str,
        *,
        experiment_ids: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        by: str = "",
    ) -> Dataset:
        """Create an empty dataset.

        Raises:
            AlreadyExists: there is one of this name.
        """
        ...

    def get(self, dataset_id: str) -> Dataset: ...
    def find(self, name: str) -> Dataset | None: ...
    def search(
        self,
        experiment_ids: Sequence[str] = (),
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Dataset]:
        """Find datasets, those of some experiments if any are named, the newest first unless told."""
        ...

    def set_tags(self, dataset_id: str, tags: Mapping[str, str], *, by: str = "") -> None: ...
    def delete_tag(self, dataset_id: str, key: str, *, by: str = "") -> None: ...
    def add_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> Dataset: ...
    def remove_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> Dataset: ...
    def delete(self, dataset_id: str) -> None:
        """Delete a dataset with all its versions."""
        ...

    def merge(
        self, dataset_id: str, records: Sequence[RecordDraft], *, by: str = "", message: str = ""
    ) -> DatasetChange:
        """Merge records by their inputs, all of them or none: new ones are put behind those that are there."""
        ...

    def remove(self, dataset_id: str, record_ids: Sequence[str], *, by: str = "", message: str = "") -> DatasetChange:
        """Remove records; ids that are not there are ``unchanged``. Older versions keep them."""
        ...

    def revise(
        self, dataset_id: str, record_id: str, draft: RecordDraft, *, digest: str = "", by: str = "", message: str = ""
    ) -> DatasetChange:
        """Put a record in place of what it was, where it stood: what the draft does not hold is gone.

        Args:
            dataset_id: the dataset.
            record_id: the record of the newest version.
            draft: what it becomes; with other inputs it has another id from then on. Its source stays unless given.
            digest: what the record's must still be; anything unless given.
            by, message: who, and why.

        Raises:
            Conflict: the record has another digest by now.
            AlreadyExists: another record has these inputs.
        """
        ...

    def restore(self, dataset_id: str, version: int, *, by: str = "", message: str = "") -> DatasetChange:
        """Make a new version that holds what an older one held, in its order."""
        ...

    def versions(self, dataset_id: str) -> tuple[DatasetVersion, ...]:
        """Return the versions, the newest first."""
        ...

    def records(
        self,
        dataset_id: str,
        *,
        version: int | None = None,
        text: str = "",
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[DatasetRecord]:
        """Return records of a version (the newest unless told), in order; only those that hold a text, if one is given.

        A page token stays with the version that it was made for.
        """
        ...

    def record(self, dataset_id: str, record_id: str, *, version: int | None = None) -> DatasetRecord: ...
    def count(self, dataset_id: str, *, version: int | None = None, text: str = "") -> int: ...
    def diff(self, dataset_id: str, before: int, after: int, *, max_results: int = 1000) -> DatasetDiff: ...
    def preview(self, dataset_id: str, records: Sequence[RecordDraft]) -> MergePreview:
        """Return what ``merge`` would do with records, changing nothing."""
        ...

    def set_schema(self, dataset_id: str, schema: DatasetSchema, *, by: str = "") -> DatasetSchema:
        """Say what records must look like from now on; setting the same again changes nothing.

        Raises:
            InvalidArgument: it is no JSON schema, or records of the newest version do not conform: nothing is set.
        """
        ...

    def schema(self, dataset_id: str) -> DatasetSchema | None:
        """Return the schema that holds, or None if none was ever set."""
        ...

    def history(self, dataset_id: str, record_id: str) -> tuple[RecordStep, ...]:
        """Return each version in which a record came, changed or went, the first one first."""
        ...

    def statements(self, dataset_id: str, record_id: str) -> tuple[Statement, ...]:
        """Return who said which expectation of a record, in the order in which they came."""
        ...

    def runs(self, dataset_id: str, *, max_results: int = 1000) -> tuple[DatasetUse, ...]:
        """Return the runs that used a dataset, the newest first; deleted ones are left out."""
        ...

    def put_part(self, dataset_id: str, content: bytes) -> str:
        """Keep a part of a file and return its SHA-256; it stays if a table that names it is put within a day."""
        ...

    def part(self, dataset_id: str, sha256: str) -> bytes:
        """Return a part of a file."""
        ...

    def put_table(self, dataset_id: str, table: DatasetTable, *, by: str = "", message: str = "") -> DatasetChange:
        """Make a new version that is a table, whose parts are there already; an equal digest makes none.

        Raises:
            InvalidArgument: the dataset holds records, or a part is missing.
        """
        ...

    def table(self, dataset_id: str, *, version: int | None = None) -> DatasetTable | None:
        """Return the table that a version is (the newest unless told), or None if it holds records."""
        ...
