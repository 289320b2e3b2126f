"""An evaluation dataset as people hold it: one version of it, and what can be done to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.dataset import (
    Dataset,
    DatasetChange,
    DatasetDiff,
    DatasetSchema,
    DatasetUse,
    DatasetVersion,
    RecordStep,
    Statement,
)
from steelyard.tracking.dataset_drafts import drafts_of, ids_of
from steelyard.tracking.dataset_version import DatasetAtVersion
from steelyard.tracking.origin import user_name

if TYPE_CHECKING:
    from steelyard.data.table import Table
    from steelyard.tracking.dataset_import import ImportPreview
    from steelyard.tracking.dataset_near import NearDuplicates
    from steelyard.tracking.dataset_subset import DatasetSubset


class EvaluationDataset(DatasetAtVersion):
    """Test data under versions; made by ``create_dataset`` and ``get_dataset``.

    It stands at one version, the newest when it was got. ``merge_records`` and ``delete_records`` make a new version
    and go on to it; what others do is seen by getting the dataset again.

    Args:
        dataset: as the store has it.
        store: where it is.
        pinned: an older version at which it stands.
        by: who is said to make changes; this process's user unless told.
    """

    def __init__(
        self, dataset: Dataset, store: Store, *, pinned: DatasetVersion | None = None, by: str | None = None
    ) -> None:
        super().__init__(dataset, store, pinned=pinned)
        self._by = by
        self.last_change: DatasetChange | None = None
        """What the last change did: records ``inserted``, ``updated``, ``unchanged``, ``deleted`` and ``repeated``."""

    def merge_records(self, records: Any, *, message: str = "") -> EvaluationDataset:
        """Merge records by their inputs: all of them, or none if one cannot be used.

        A record with inputs that are there already is brought up to date: its outputs are replaced, its expectations
        and tags added, its source kept. Others are put behind. If nothing changes, no version is made. Of records that
        are given with equal inputs the last counts; what others of them expect is kept in ``statements``.

        Args:
            records: a list of dicts with ``inputs`` and perhaps ``outputs``, ``expectations``, ``tags`` and ``source``;
                a list of traces; a pandas or polars frame, also one of ``search_traces``; or another dataset. Of a
                trace it takes the root's inputs, the expectations that hold, and that it is the source.
            message: why, for the version.

        Returns:
            This dataset; ``last_change`` says what was done, and how many records were ``repeated``.

        Raises:
            InvalidArgument: a record cannot be used; the message says which.
        """
        self._newest_only("merged into")
        drafts = drafts_of(records)
        return self._changed(
            self._store.datasets.merge(self.dataset_id, drafts, by=self._user, message=message)
        )  # fmt: skip

    def delete_records(self, record_ids: Any, *, message: str = "") -> int:
        """Remove records, given by id or as records, and return how many there were. Older versions keep them."""
        self._newest_only("deleted from")
        change = self._store.datasets.remove(self.dataset_id, ids_of(record_ids), by=self._user, message=message)
        self._changed(change)
        return change.deleted

    def restore(self, version: int, *, message: str = "") -> EvaluationDataset:
        """Make a new version with what an older one held."""
        self._newest_only("restored")
        return self._changed(
            self._store.datasets.restore(self.dataset_id, version, by=self._user, message=message)
        )  # fmt: skip

    def versions(self) -> list[DatasetVersion]:
        """Return all versions, the newest first."""
        return list(self._store.datasets.versions(self.dataset_id))

    def list_versions(self) -> list[DatasetVersion]:
        """Return all versions, the newest first."""
        return self.versions()

    def at(self, version: int) -> EvaluationDataset:
        """Return this dataset as it was at a version; it can be read and evaluated, not changed.

        Raises:
            NotFound: there is no such version.
        """
        found = next((one for one in self.versions() if one.number == version), None)
        if found is None:
            raise NotFound(f"The dataset {self.name!r} has no version {version!r}; its newest is {self.version}.")
        return EvaluationDataset(self._dataset, self._store, pinned=found, by=self._by)

    def diff(self, before: int, after: int | None = None, *, max_results: int = 1000) -> DatasetDiff:
        """Return what differs between two versions: counts, and at most ``max_results`` changes.

        Args:
            before: a version.
            after: another; this one unless told.
            max_results: how many changes are returned. Of tables there are counts of rows alone, by their content.
        """
        if self.kind == "table":
            from steelyard.tracking.dataset_table import difference_of_tables

            return difference_of_tables(self._table(before), self._table(self.version if after is None else after))
        return self._store.datasets.diff(
            self.dataset_id, before, self.version if after is None else after, max_results=max_results
        )

    def preview_import(
        self,
        data: Any,
        *,
        mapping: Mapping[str, str | None] | None = None,
        shape: str | None = None,
        n: int = 5,
        near: float | None = 0.8,
    ) -> ImportPreview:
        """Say what ``import_records`` would do, and change nothing; see ``preview_import``."""
        from steelyard.tracking.dataset_import import preview_import

        return preview_import(data, mapping=mapping, shape=shape, dataset=self, n=n, near=near)

    def import_records(
        self,
        data: Any,
        *,
        mapping: Mapping[str, str | None] | None = None,
        shape: str | None = None,
        message: str = "",
    ) -> EvaluationDataset:
        """Merge a file, or rows of any known shape: all of them, or none if one cannot be used.

        Args:
            data: a path, glob or list of paths of CSV, JSONL, JSON, Parquet or YAML files; a list of dicts, traces or
                records; a frame; a dataset of another library.
            mapping: column to place, such as ``{"frage": "inputs.question"}``; the shape says it unless given.
            shape: whose shape the rows have, such as ``Langfuse``; recognised unless given.
            message: why, for the version; the data's name unless given.

        Returns:
            This dataset; ``last_change`` says what was done.

        Raises:
            InvalidArgument: rows cannot be used, or do not conform to the schema; the message names the first 20.
            UnreadableFile: a file is damaged.
        """
        from steelyard.tracking.dataset_import import drafts_to_import

        self._newest_only("imported into")
        read = drafts_to_import(data, mapping=mapping, shape=shape)
        said = message or f"imported from {read.name}"[:200]
        return self._changed(self._store.datasets.merge(self.dataset_id, read.drafts, by=self._user, message=said))

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> int:
        """Write the records into a file (.jsonl, .json, .csv, .parquet) that imports back as what they were.

        Returns:
            How many records, or rows of a table (.parquet), were written.
        """
        if self.kind == "table":
            from steelyard.tracking.dataset_table import export_table

            return export_table(self.table(), path, overwrite=overwrite)
        from steelyard.tracking.dataset_export import export_records

        return export_records(self, path, overwrite=overwrite)

    def set_schema(
        self,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        expectations: Mapping[str, Any] | None = None,
    ) -> DatasetSchema:
        """Say by JSON schemas what records must look like, from now on, whoever merges them.

        Args:
            inputs, outputs, expectations: a schema for each; None lets anything pass. An output that is missing is
                not held against its schema.

        Raises:
            InvalidArgument: it is no JSON schema, or refers to something outside of itself, or records of the newest
                version do not conform, or the dataset holds a table; then nothing is set.
        """
        wanted = DatasetSchema(inputs=inputs, outputs=outputs, expectations=expectations)
        return self._store.datasets.set_schema(self.dataset_id, wanted, by=self._user)

    def get_schema(self) -> DatasetSchema | None:
        """Return the JSON schemas that hold, and who set them when; None if none were ever set."""
        return self._store.datasets.schema(self.dataset_id)

    def split(
        self, parts: Mapping[str, float], *, by: str | None = None, key: int = 0, keep: bool = False
    ) -> dict[str, DatasetSubset]:
        """Give every record a tag ``split`` and return the parts.

        Which part a record belongs to follows from a hash of its inputs alone: it stays where it is when others are
        added. Call it again then, and only the new ones are assigned.

        Args:
            parts: names and their shares, such as ``{"train": 0.8, "test": 0.2}``; they add up to 1.
            by: keeps records together that have the same value there, such as ``inputs.customer``.
            key: another key gives another split.
            keep: whether records that have a part already stay in it.

        Raises:
            InvalidArgument: the shares cannot be used, or a record has no value at ``by``.
        """
        from steelyard.tracking.dataset_split import TAG, split_drafts

        self._newest_only("split")
        drafts = split_drafts(self.iter_records(), parts, by=by, key=key, keep=keep)
        shares = ", ".join(f"{name} {share:g}" for name, share in parts.items())
        change = self._store.datasets.merge(self.dataset_id, drafts, by=self._user, message=f"split: {shares}")
        here = self._changed(change).at(change.version.number)
        from steelyard.tracking.dataset_subset import DatasetSubset

        return {name: DatasetSubset(here, {TAG: name}) for name in parts}

    def subset(
        self,
        *,
        split: str | None = None,
        tags: Mapping[str, object] | None = None,
        ids: Sequence[Any] | str | None = None,
        text: str | None = None,
    ) -> DatasetSubset:
        """Choose records of this version, to be read and evaluated like a dataset.

        Args:
            split: those of this part.
            tags: those with all of these tags; None is for those without the tag.
            ids: those with these ids.
            text: those that hold this text in their inputs, outputs, expectations or tags.

        Raises:
            InvalidArgument: nothing is chosen by, or no record is left.
        """
        from steelyard.tracking.dataset_subset import DatasetSubset

        return DatasetSubset.chosen(self.at(self.version), split=split, tags=tags, ids=ids, text=text)

    def history(self, record_id: str) -> list[RecordStep]:
        """Return each version in which a record came, changed or went: by whom, when, what before, from which trace."""
        return list(self._store.datasets.history(self.dataset_id, record_id))

    def statements(self, record_id: str, name: str | None = None) -> list[Statement]:
        """Return who said what is expected of a record, and when; the last of a name is the one that counts.

        Args:
            record_id: the record.
            name: of one expectation; all of them unless given.
        """
        from steelyard.tracking.dataset_statements import all_statements

        found = all_statements(self.history(record_id), self._store.datasets.statements(self.dataset_id, record_id))
        return [one for one in found if name in (None, one.name)]

    def near_duplicates(self, threshold: float = 0.8) -> list[NearDuplicates]:
        """Return the records whose inputs nearly equal those of an earlier one, each with the one it is most like.

        Args:
            threshold: how alike, above 0 and at most 1: the share of neighbouring words that they have in common.
        """
        from steelyard.tracking.dataset_near import near_within

        return list(near_within(self.iter_records(), threshold=threshold))

    def runs(self) -> list[DatasetUse]:
        """Return the runs that used this dataset, the newest first, each with the version that it used."""
        return list(self._store.datasets.runs(self.dataset_id))

    def put_table(
        self, data: Any, *, targets: str | None = None, predictions: str | None = None, message: str = ""
    ) -> EvaluationDataset:
        """Make a table the next version, kept as Parquet; equal content makes none.

        Args:
            data: a frame, an Arrow table, or a path or glob of Parquet, CSV or JSONL files.
            targets, predictions: columns that play these parts in ``steelyard.evaluate``.
            message: why, for the version.

        Raises:
            InvalidArgument: the dataset holds records.
        """
        from steelyard.tracking.dataset_table import put_table

        self._newest_only("given a table")
        change = put_table(
            self._store,
            self.dataset_id,
            data,
            targets=targets,
            predictions=predictions,
            by=self._user,
            message=message,
        )
        self._dataset = replace(self._dataset, kind="table")
        return self._changed(change)

    def _table(self, version: int) -> Table | None:
        return None if version == 0 else self.at(version).table()

    @property
    def _user(self) -> str:
        return user_name() if self._by is None else self._by

    def _newest_only(self, done: str) -> None:
        if self._pinned is not None:
            raise InvalidArgument(
                f"This is version {self.version} of the dataset {self.name!r}, and a version never changes: only the "
                f"newest can be {done}. Get the dataset again, or call restore({self.version}) on it."
            )

    def _changed(self, change: DatasetChange) -> EvaluationDataset:
        self.last_change = change
        self._records = None
        now = change.version
        self._dataset = replace(
            self._dataset,
            version=now.number,
            digest=now.digest,
            n_records=now.n_records,
            last_updated_by=now.created_by,
            last_update_time=max(now.created_time, self._dataset.last_update_time),
        )
        return self

    def __repr__(self) -> str:
        return f"EvaluationDataset({self.name!r}, version={self.version}, records={len(self)}, {self.dataset_id!r})"
