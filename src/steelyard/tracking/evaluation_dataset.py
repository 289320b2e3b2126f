"""An evaluation dataset as people hold it: one version of it, and what can be done to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.records import Store
from steelyard.records.dataset import Dataset, DatasetChange, DatasetDiff, DatasetRecord, DatasetVersion
from steelyard.tracking.dataset_drafts import drafts_of, ids_of
from steelyard.tracking.origin import user_name

if TYPE_CHECKING:
    import pandas as pd

_PAGE = 5_000
_SHAPED = 1_000  # records that the schema is read from
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


class EvaluationDataset:
    """Test data under versions; made by ``create_dataset`` and ``get_dataset``.

    It stands at one version, the newest when it was got. ``merge_records`` and ``delete_records`` make a new version
    and go on to it; what others do is seen by getting the dataset again.
    """

    def __init__(self, dataset: Dataset, store: Store, *, pinned: DatasetVersion | None = None) -> None:
        self._dataset = dataset
        self._store = store
        self._pinned = pinned
        self._records: list[DatasetRecord] | None = None
        self.last_change: DatasetChange | None = None
        """What the last change by this object did: ``inserted``, ``updated``, ``unchanged``, ``deleted``."""

    @property
    def dataset_id(self) -> str:
        return self._dataset.dataset_id

    @property
    def name(self) -> str:
        return self._dataset.name

    @property
    def tags(self) -> Mapping[str, str]:
        return self._dataset.tags

    @property
    def experiment_ids(self) -> list[str]:
        return list(self._dataset.experiment_ids)

    @property
    def created_by(self) -> str:
        return self._dataset.created_by

    @property
    def created_time(self) -> int:
        """Milliseconds since 1970."""
        return self._dataset.created_time

    @property
    def last_updated_by(self) -> str:
        return self._dataset.last_updated_by

    @property
    def last_update_time(self) -> int:
        """Milliseconds since 1970."""
        return self._dataset.last_update_time

    @property
    def version(self) -> int:
        """The version that this stands at; 0 is the empty dataset."""
        return self._pinned.number if self._pinned else self._dataset.version

    @property
    def digest(self) -> str:
        """SHA-256 of the records in order: equal for equal content."""
        return self._pinned.digest if self._pinned else self._dataset.digest

    @property
    def source_type(self) -> str:
        return "evaluation_dataset"

    @property
    def source(self) -> str:
        """Exactly which version this is, as JSON: what a run that uses it records."""
        told = {"dataset_id": self.dataset_id, "name": self.name, "version": self.version, "digest": self.digest}
        return json.dumps(told)

    @property
    def profile(self) -> str:
        """As JSON: ``num_records``."""
        return json.dumps({"num_records": len(self)})

    @property
    def schema(self) -> str:
        """The types of the fields of inputs, outputs and expectations as JSON, read from the first 1,000 records."""
        page = self._store.datasets.records(self.dataset_id, version=self.version, max_results=_SHAPED)
        return json.dumps(
            {
                "inputs": _types(record.inputs for record in page.items),
                "outputs": _types(one.outputs for one in page.items if isinstance(one.outputs, dict)),
                "expectations": _types(record.expectations for record in page.items),
                "version": "1.0",
            }
        )

    @property
    def records(self) -> list[DatasetRecord]:
        """All records, in order; read once."""
        if self._records is None:
            self._records = list(self.iter_records())
        return self._records

    def iter_records(self) -> Iterator[DatasetRecord]:
        """Yield the records in order, never holding them all."""
        token = None
        while True:
            page = self._store.datasets.records(
                self.dataset_id, version=self.version, max_results=_PAGE, page_token=token
            )
            yield from page.items
            token = page.token
            if token is None:
                return

    def has_records(self) -> bool:
        return len(self) > 0

    def __len__(self) -> int:
        return self._pinned.n_records if self._pinned else self._dataset.n_records

    def __iter__(self) -> Iterator[DatasetRecord]:
        return self.iter_records()

    def merge_records(self, records: Any, *, message: str = "") -> EvaluationDataset:
        """Merge records by their inputs: all of them, or none if one cannot be used.

        A record with inputs that are there already is brought up to date: its outputs are replaced, its expectations
        and tags added, its source kept. Others are put behind. If nothing changes, no version is made.

        Args:
            records: a list of dicts with ``inputs`` and perhaps ``outputs``, ``expectations``, ``tags`` and ``source``;
                a list of traces; a pandas or polars frame, also one of ``search_traces``; or another dataset. Of a
                trace it takes the root's inputs, the expectations that hold, and that it is the source.
            message: why, for the version.

        Returns:
            This dataset; ``last_change`` says what was done.

        Raises:
            InvalidArgument: a record cannot be used; the message says which.
        """
        self._newest_only("merged into")
        drafts = drafts_of(records)
        return self._changed(
            self._store.datasets.merge(self.dataset_id, drafts, by=user_name(), message=message)
        )  # fmt: skip

    def delete_records(self, record_ids: Any, *, message: str = "") -> int:
        """Remove records, given by id or as records, and return how many there were. Older versions keep them."""
        self._newest_only("deleted from")
        change = self._store.datasets.remove(self.dataset_id, ids_of(record_ids), by=user_name(), message=message)
        self._changed(change)
        return change.deleted

    def restore(self, version: int, *, message: str = "") -> EvaluationDataset:
        """Make a new version with what an older one held."""
        self._newest_only("restored")
        return self._changed(
            self._store.datasets.restore(self.dataset_id, version, by=user_name(), message=message)
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
            InvalidArgument: there is no such version.
        """
        found = next((one for one in self.versions() if one.number == version), None)
        if found is None:
            raise InvalidArgument(
                f"The dataset {self.name!r} has no version {version!r}; its newest is {self.version}."
            )
        return EvaluationDataset(self._dataset, self._store, pinned=found)

    def diff(self, before: int, after: int | None = None, *, max_results: int = 1000) -> DatasetDiff:
        """Return what differs between two versions: counts, and at most ``max_results`` changes.

        Args:
            before: a version.
            after: another; this one unless told.
            max_results: how many changes are returned.
        """
        return self._store.datasets.diff(
            self.dataset_id, before, self.version if after is None else after, max_results=max_results
        )

    def to_df(self) -> pd.DataFrame:
        """Return the records as a pandas frame, in order.

        Raises:
            MissingDependency: without pandas.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependency("pandas", extra="ml", purpose="return records as a frame") from error
        records = self.records
        columns: dict[str, list[Any]] = {
            "inputs": [dict(one.inputs) for one in records],
            "outputs": [one.outputs for one in records],
            "expectations": [dict(one.expectations) for one in records],
            "tags": [dict(one.tags) for one in records],
            "source_type": [one.source_type for one in records],
            "source_id": [one.source_id for one in records],
            "source": [one.source for one in records],
            "created_time": [one.created_time for one in records],
            "dataset_record_id": [one.dataset_record_id for one in records],
        }
        return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})

    def evaluation_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the records as ``genai.evaluate()`` reads them; the record's id is the row's."""
        for one in self.iter_records():
            row: dict[str, Any] = {"inputs": one.inputs, "expectations": one.expectations, "tags": one.tags}
            if one.outputs is not None:
                row["outputs"] = one.outputs
            yield row | {"dataset_record_id": one.dataset_record_id}

    def to_dict(self) -> dict[str, Any]:
        """Return what the dataset is, without its records."""
        return {
            "dataset_id": self.dataset_id,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "tags": dict(self.tags),
            "schema": self.schema,
            "profile": self.profile,
            "experiment_ids": self.experiment_ids,
            "created_time": self.created_time,
            "created_by": self.created_by,
            "last_update_time": self.last_update_time,
            "last_updated_by": self.last_updated_by,
        }

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


def _types(values: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        for key, one in value.items():
            if one is None:
                continue
            kind = _TYPES.get(type(one), type(one).__name__)
            if found.setdefault(key, kind) != kind:
                found[key] = "any"
    return found
