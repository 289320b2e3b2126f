"""Some records of a version, chosen by split, tags, ids or text: what can be read and evaluated like a dataset."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetRecord
from steelyard.tracking.dataset_drafts import ids_of, tag_text
from steelyard.tracking.dataset_export import export_records
from steelyard.tracking.dataset_split import TAG

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.tracking.dataset_version import DatasetAtVersion

_TOLD_IDS = 1_000  # more are told by their digest


class DatasetSubset:
    """Records of a dataset at one version that were chosen; made by ``EvaluationDataset.subset``.

    Its digest is that of a dataset which holds these records in this order, and no others.
    """

    def __init__(self, dataset: DatasetAtVersion, chosen: Mapping[str, Any]) -> None:
        self._dataset = dataset
        self._chosen = dict(chosen)

    @classmethod
    def chosen(
        cls,
        dataset: DatasetAtVersion,
        *,
        split: str | None,
        tags: Mapping[str, object] | None,
        ids: Sequence[Any] | str | None,
        text: str | None,
    ) -> DatasetSubset:
        """Choose records of a dataset at a version that stays.

        Raises:
            InvalidArgument: nothing is chosen by, or nothing is left.
        """
        told: dict[str, Any] = {}
        if split is not None:
            told["split"] = split
        if tags is not None:
            told["tags"] = {str(key): None if one is None else tag_text(one) for key, one in tags.items()}
        if ids is not None:
            told["ids"] = ids_of(ids)
        if text is not None:
            told["text"] = text
        if not told:
            raise InvalidArgument("subset needs split=, tags=, ids= or text=: by what are the records chosen?")
        found = cls(dataset, told)
        found._refuse_none()
        return found

    @property
    def dataset_id(self) -> str:
        return self._dataset.dataset_id

    @property
    def name(self) -> str:
        return self._dataset.name

    @property
    def version(self) -> int:
        return self._dataset.version

    @property
    def choice(self) -> Mapping[str, Any]:
        """What was chosen by: ``split``, ``tags``, ``ids`` or ``text``."""
        return self._chosen

    @cached_property
    def records(self) -> list[DatasetRecord]:
        """The records that were chosen, in order."""
        return list(self._read())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the records in order."""
        return _digest(one.digest for one in self.records)

    @property
    def version_digest(self) -> str:
        """The digest of the version that they are of."""
        return self._dataset.digest

    @property
    def source_type(self) -> str:
        return "evaluation_dataset"

    @property
    def source(self) -> str:
        """Exactly what this is, as JSON: what a run that uses it records."""
        ids = self._chosen.get("ids")
        told = dict(self._chosen)
        if ids is not None and len(ids) > _TOLD_IDS:
            told["ids"] = {"n": len(ids), "sha256": _digest(ids)}
        whole = json.loads(self._dataset.source)
        return json.dumps({**whole, "subset": told, "subset_digest": self.digest})

    @property
    def profile(self) -> str:
        """As JSON: ``num_records``."""
        return json.dumps({"num_records": len(self)})

    @property
    def schema(self) -> str:
        """The types of the fields of the whole dataset."""
        return self._dataset.schema

    def iter_records(self) -> Iterator[DatasetRecord]:
        """Yield the records in order."""
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[DatasetRecord]:
        return iter(self.records)

    def evaluation_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the records as ``genai.evaluate()`` reads them."""
        return (one for one in map(_row_of, self.records))

    def to_df(self) -> pd.DataFrame:
        """Return the records as a pandas frame, as a dataset's own."""
        from steelyard.tracking.dataset_frame import frame_of

        return frame_of(self.records)

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> int:
        """Write the records into a file; see ``EvaluationDataset.export``."""
        return export_records(self, path, overwrite=overwrite)

    def _read(self) -> Iterator[DatasetRecord]:
        chosen = self._chosen
        tags = dict(chosen.get("tags") or {}) | ({TAG: chosen["split"]} if "split" in chosen else {})
        ids = None if chosen.get("ids") is None else frozenset(chosen["ids"])
        for record in self._dataset.iter_records(text=chosen.get("text", "")):
            if ids is not None and record.dataset_record_id not in ids:
                continue
            if all(record.tags.get(key) == value for key, value in tags.items()):
                yield record

    def _refuse_none(self) -> None:
        if self.records:
            return
        splits = sorted({one.tags[TAG] for one in self._dataset.iter_records() if TAG in one.tags})
        known = f" There are the splits {', '.join(map(repr, splits))}." if "split" in self._chosen and splits else ""
        raise InvalidArgument(
            f"Version {self.version} of the dataset {self.name!r} has no record with {json.dumps(self._chosen)[:200]}."
            + known
        )

    def __repr__(self) -> str:
        return f"DatasetSubset({self.name!r}, version={self.version}, {self._chosen!r}, records={len(self)})"


def _row_of(record: DatasetRecord) -> dict[str, Any]:
    row: dict[str, Any] = {"inputs": record.inputs, "expectations": record.expectations, "tags": record.tags}
    if record.outputs is not None:
        row["outputs"] = record.outputs
    return row | {"dataset_record_id": record.dataset_record_id}


def _digest(digests: Any) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()
