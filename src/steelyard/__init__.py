"""Steelyard weighs models: metrics with honest uncertainty, slices, runs, comparison.

Every name below is imported when it is first used, so that ``import steelyard`` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard import artifacts, data, entities, errors, metrics, models, sklearn, tracking
    from steelyard.compare import compare
    from steelyard.data import open_data
    from steelyard.errors import SteelyardError as MlflowException
    from steelyard.evaluation import EvaluationResult, evaluate, validate_evaluation_results
    from steelyard.metrics import by_bins
    from steelyard.records import Estimate
    from steelyard.tracking import (
        ActiveRun,
        MlflowClient,
        active_run,
        create_experiment,
        delete_experiment,
        delete_run,
        delete_tag,
        end_run,
        get_artifact_uri,
        get_experiment,
        get_experiment_by_name,
        get_parent_run,
        get_run,
        get_tracking_uri,
        is_tracking_uri_set,
        last_active_run,
        load_table,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_input,
        log_inputs,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        log_table,
        log_text,
        search_experiments,
        search_runs,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
        set_tag,
        set_tags,
        set_tracking_uri,
        start_run,
    )

__version__ = "0.1.0"

__all__ = [
    "ActiveRun",
    "Estimate",
    "EvaluationResult",
    "MlflowClient",
    "MlflowException",
    "active_run",
    "artifacts",
    "by_bins",
    "compare",
    "create_experiment",
    "data",
    "delete_experiment",
    "delete_run",
    "delete_tag",
    "end_run",
    "entities",
    "errors",
    "evaluate",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_parent_run",
    "get_run",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "last_active_run",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "metrics",
    "models",
    "open_data",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
    "tracking",
    "validate_evaluation_results",
]

_ROOMS = frozenset(("artifacts", "data", "entities", "errors", "metrics", "models", "sklearn", "tracking"))
_HOMES = {
    "Estimate": "records",
    "EvaluationResult": "evaluation",
    "by_bins": "metrics",
    "compare": "compare",
    "evaluate": "evaluation",
    "open_data": "data",
    "validate_evaluation_results": "evaluation",
}


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name == "MlflowException":
        from steelyard.errors import SteelyardError

        return SteelyardError
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'tracking')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Package(ModuleType):
    """This module, keeping ``steelyard.compare`` the function.

    Importing the room of the same name would otherwise bind the room over it, as Python binds every submodule.
    ``from steelyard.compare import …`` finds the room all the same.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "compare" and isinstance(value, ModuleType):
            value = value.compare
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
