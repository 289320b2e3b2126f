"""Runs as people log them: the active run, what goes into it, finding runs again, and a client for any run.

Names are imported on first use: a script that only reads runs does not pay for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.tracking.artifacts import download_artifacts, list_artifacts, load_dict, load_text
    from steelyard.tracking.client import MlflowClient, PagedList
    from steelyard.tracking.experiments import (
        active_experiment_id,
        create_experiment,
        delete_experiment,
        get_experiment,
        get_experiment_by_name,
        search_experiments,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
    )
    from steelyard.tracking.files import (
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_text,
    )
    from steelyard.tracking.inputs import log_input, log_inputs
    from steelyard.tracking.logging import (
        delete_tag,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        set_tag,
        set_tags,
    )
    from steelyard.tracking.runs import (
        ActiveRun,
        active_run,
        delete_run,
        end_run,
        get_artifact_uri,
        get_parent_run,
        get_run,
        last_active_run,
        run_for_evaluation,
        start_run,
    )
    from steelyard.tracking.searching import runs_frame, search_runs
    from steelyard.tracking.stores import get_store, get_tracking_uri, is_tracking_uri_set, set_tracking_uri
    from steelyard.tracking.tables import load_table, log_table
    from steelyard.tracking.uris import parse_runs_uri, runs_uri

_HOMES = {
    "artifacts": ("download_artifacts", "list_artifacts", "load_dict", "load_text"),
    "client": ("MlflowClient", "PagedList"),
    "experiments": (
        "active_experiment_id",
        "create_experiment",
        "delete_experiment",
        "get_experiment",
        "get_experiment_by_name",
        "search_experiments",
        "set_experiment",
        "set_experiment_tag",
        "set_experiment_tags",
    ),
    "files": ("log_artifact", "log_artifacts", "log_dict", "log_figure", "log_image", "log_text"),
    "inputs": ("log_input", "log_inputs"),
    "logging": ("delete_tag", "log_metric", "log_metrics", "log_param", "log_params", "set_tag", "set_tags"),
    "runs": (
        "ActiveRun",
        "active_run",
        "delete_run",
        "end_run",
        "get_artifact_uri",
        "get_parent_run",
        "get_run",
        "last_active_run",
        "run_for_evaluation",
        "start_run",
    ),
    "searching": ("runs_frame", "search_runs"),
    "stores": ("get_store", "get_tracking_uri", "is_tracking_uri_set", "set_tracking_uri"),
    "tables": ("load_table", "log_table"),
    "uris": ("parse_runs_uri", "runs_uri"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ActiveRun",
    "MlflowClient",
    "PagedList",
    "active_experiment_id",
    "active_run",
    "create_experiment",
    "delete_experiment",
    "delete_run",
    "delete_tag",
    "download_artifacts",
    "end_run",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_parent_run",
    "get_run",
    "get_store",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "last_active_run",
    "list_artifacts",
    "load_dict",
    "load_table",
    "load_text",
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
    "parse_runs_uri",
    "run_for_evaluation",
    "runs_frame",
    "runs_uri",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
]

__getattr__ = lazy_names(__name__, _HOME_OF)
