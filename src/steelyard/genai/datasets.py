"""The names of ``mlflow.genai.datasets``: test data under versions that never change."""

from __future__ import annotations

from steelyard.records import (
    DatasetChange,
    DatasetDiff,
    DatasetRecord,
    DatasetRecordSource,
    DatasetRecordSourceType,
    DatasetSchema,
    DatasetUse,
    DatasetVersion,
    RecordStep,
    Statement,
)
from steelyard.tracking.datasets import (
    DatasetSubset,
    EvaluationDataset,
    ImportPreview,
    add_dataset_to_experiments,
    create_dataset,
    delete_dataset,
    delete_dataset_tag,
    get_dataset,
    import_dataset,
    preview_import,
    remove_dataset_from_experiments,
    search_datasets,
    set_dataset_tags,
)

__all__ = [
    "DatasetChange",
    "DatasetDiff",
    "DatasetRecord",
    "DatasetRecordSource",
    "DatasetRecordSourceType",
    "DatasetSchema",
    "DatasetSubset",
    "DatasetUse",
    "DatasetVersion",
    "EvaluationDataset",
    "ImportPreview",
    "RecordStep",
    "Statement",
    "add_dataset_to_experiments",
    "create_dataset",
    "delete_dataset",
    "delete_dataset_tag",
    "get_dataset",
    "import_dataset",
    "preview_import",
    "remove_dataset_from_experiments",
    "search_datasets",
    "set_dataset_tags",
]
