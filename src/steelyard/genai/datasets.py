"""The names of ``mlflow.genai.datasets``: test data under versions that never change."""

from __future__ import annotations

from steelyard.records import DatasetRecord, DatasetRecordSource, DatasetRecordSourceType, DatasetVersion
from steelyard.tracking.datasets import (
    EvaluationDataset,
    add_dataset_to_experiments,
    create_dataset,
    delete_dataset,
    delete_dataset_tag,
    get_dataset,
    remove_dataset_from_experiments,
    search_datasets,
    set_dataset_tags,
)

__all__ = [
    "DatasetRecord",
    "DatasetRecordSource",
    "DatasetRecordSourceType",
    "DatasetVersion",
    "EvaluationDataset",
    "add_dataset_to_experiments",
    "create_dataset",
    "delete_dataset",
    "delete_dataset_tag",
    "get_dataset",
    "remove_dataset_from_experiments",
    "search_datasets",
    "set_dataset_tags",
]
