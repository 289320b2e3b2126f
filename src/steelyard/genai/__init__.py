"""Weigh LLM applications: ``evaluate()``, scorers and judges, under the names of ``mlflow.genai``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.evaluation.genai.evaluate import evaluate
    from steelyard.evaluation.genai.result import ApplicationResult as EvaluationResult
    from steelyard.evaluation.genai.serving import to_predict_fn
    from steelyard.genai import datasets, judges, label_schemas, labelling, review_queues, scorers, simulators
    from steelyard.genai.scorers import Scorer, scorer
    from steelyard.judges import make_judge
    from steelyard.tracking.datasets import (
        EvaluationDataset,
        create_dataset,
        delete_dataset,
        delete_dataset_tag,
        get_dataset,
        search_datasets,
        set_dataset_tags,
    )

__all__ = [
    "EvaluationDataset",
    "EvaluationResult",
    "Scorer",
    "create_dataset",
    "datasets",
    "delete_dataset",
    "delete_dataset_tag",
    "evaluate",
    "get_dataset",
    "judges",
    "label_schemas",
    "labelling",
    "make_judge",
    "review_queues",
    "scorer",
    "scorers",
    "search_datasets",
    "set_dataset_tags",
    "simulators",
    "to_predict_fn",
]

_ROOMS = frozenset(("datasets", "judges", "label_schemas", "labelling", "review_queues", "scorers", "simulators"))
_DATASETS = "steelyard.tracking.datasets"
_HOMES = {
    "EvaluationDataset": (_DATASETS, "EvaluationDataset"),
    "EvaluationResult": ("steelyard.evaluation.genai.result", "ApplicationResult"),
    "Scorer": ("steelyard.scorers", "Scorer"),
    "evaluate": ("steelyard.evaluation.genai.evaluate", "evaluate"),
    "make_judge": ("steelyard.judges", "make_judge"),
    "scorer": ("steelyard.scorers", "scorer"),
    "create_dataset": (_DATASETS, "create_dataset"),
    "delete_dataset": (_DATASETS, "delete_dataset"),
    "delete_dataset_tag": (_DATASETS, "delete_dataset_tag"),
    "get_dataset": (_DATASETS, "get_dataset"),
    "search_datasets": (_DATASETS, "search_datasets"),
    "set_dataset_tags": (_DATASETS, "set_dataset_tags"),
    "to_predict_fn": ("steelyard.evaluation.genai.serving", "to_predict_fn"),
}


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return __all__
