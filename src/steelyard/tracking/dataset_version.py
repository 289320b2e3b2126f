"""An evaluation dataset at a version: what it says of itself, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.records.dataset import Dataset, DatasetRecord, DatasetVersion, MergePreview
from steelyard.tracking.dataset_drafts import drafts_of

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.data.table import Table

_PAGE = 5_000
_SHAPED = 1_000  # records that the schema is read from
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


class DatasetAtVersion:
    """What can be read of an evaluation dataset; see ``EvaluationDataset``."""

    def __init__(self, dataset: Dataset, store: Store, *, pinned: DatasetVersion | None = None) -> None:
        self._dataset = dataset
        self._store = store
        self._pinned = pinned
        self._records: list[DatasetRecord] | None = None

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
    def version_digest(self) -> str:
        """The digest of the version: the same as ``digest``, for all of it is here."""
        return self.digest

    @property
    def kind(self) -> str:
        """``records``, or ``table`` for a dataset whose versions are tables."""
        return self._dataset.kind

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
        if self.kind == "table":
            found = self._store.datasets.table(self.dataset_id, version=self.version)
            return json.dumps(dict(found.columns) if found else {})
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

    def iter_records(self, *, text: str = "") -> Iterator[DatasetRecord]:
        """Yield the records in order, never holding them all; only those that hold a text, if one is given."""
        if self.kind == "table":
            raise InvalidArgument(
                f"The dataset {self.name!r} holds a table, not records: read it with to_df() or table(), evaluate it "
                "with steelyard.evaluate(data=…)."
            )
        token = None
        while True:
            page = self._store.datasets.records(
                self.dataset_id, version=self.version, text=text, max_results=_PAGE, page_token=token
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

    def to_df(self) -> pd.DataFrame:
        """Return the records, or the table, as a pandas frame, in order.

        Raises:
            MissingDependency: without pandas.
        """
        if self.kind == "table":
            return self.table().to_pandas()
        from steelyard.tracking.dataset_frame import frame_of

        return frame_of(self.records)

    def try_merge(self, records: Any) -> MergePreview:
        """Say which records would be new, changed and unchanged if they were merged, and change nothing."""
        return self._store.datasets.preview(self.dataset_id, drafts_of(records))

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

    def table(self) -> Table:
        """Return the table that this version is, read in batches from a file of this machine.

        Raises:
            InvalidArgument: the dataset holds records.
        """
        from steelyard.tracking.dataset_table import open_table

        return open_table(self._store, self.dataset_id, self.name, self.version)


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
