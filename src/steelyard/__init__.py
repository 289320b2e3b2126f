"""Steelyard weighs models and applications: metrics and scores with honest uncertainty, runs, traces, comparison.

Every name below is imported when it is first used, so that ``import steelyard`` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard import (
        agno,
        anthropic,
        artifacts,
        autogen,
        bedrock,
        crewai,
        data,
        dspy,
        entities,
        errors,
        gemini,
        genai,
        groq,
        haystack,
        langchain,
        litellm,
        llama_index,
        metrics,
        mistral,
        models,
        openai,
        pydantic_ai,
        sklearn,
        smolagents,
        tracing,
        tracking,
    )
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
        add_trace,
        assessment_history,
        autolog,
        carry_context,
        context,
        create_experiment,
        delete_assessment,
        delete_experiment,
        delete_run,
        delete_tag,
        delete_trace_tag,
        delete_traces,
        end_run,
        export_traces,
        flush_trace_async_logging,
        get_active_trace_id,
        get_artifact_uri,
        get_assessment,
        get_current_active_span,
        get_experiment,
        get_experiment_by_name,
        get_last_active_trace_id,
        get_parent_run,
        get_run,
        get_trace,
        get_tracking_uri,
        import_traces,
        is_tracking_uri_set,
        last_active_run,
        load_table,
        log_artifact,
        log_artifacts,
        log_assessment,
        log_dict,
        log_expectation,
        log_feedback,
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
        log_trace,
        override_feedback,
        search_experiments,
        search_runs,
        search_sessions,
        search_traces,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
        set_tag,
        set_tags,
        set_trace_tag,
        set_tracking_uri,
        start_run,
        start_span,
        start_span_no_context,
        trace,
        update_assessment,
        update_current_trace,
    )

__version__ = "0.5.0"

__all__ = [
    "ActiveRun",
    "Estimate",
    "EvaluationResult",
    "MlflowClient",
    "MlflowException",
    "active_run",
    "add_trace",
    "agno",
    "anthropic",
    "artifacts",
    "assessment_history",
    "autogen",
    "autolog",
    "bedrock",
    "by_bins",
    "carry_context",
    "compare",
    "context",
    "create_experiment",
    "crewai",
    "data",
    "delete_assessment",
    "delete_experiment",
    "delete_run",
    "delete_tag",
    "delete_trace_tag",
    "delete_traces",
    "dspy",
    "end_run",
    "entities",
    "errors",
    "evaluate",
    "export_traces",
    "flush_trace_async_logging",
    "gemini",
    "genai",
    "get_active_trace_id",
    "get_artifact_uri",
    "get_assessment",
    "get_current_active_span",
    "get_experiment",
    "get_experiment_by_name",
    "get_last_active_trace_id",
    "get_parent_run",
    "get_run",
    "get_trace",
    "get_tracking_uri",
    "groq",
    "haystack",
    "import_traces",
    "is_tracking_uri_set",
    "langchain",
    "last_active_run",
    "litellm",
    "llama_index",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_assessment",
    "log_dict",
    "log_expectation",
    "log_feedback",
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
    "log_trace",
    "metrics",
    "mistral",
    "models",
    "open_data",
    "openai",
    "override_feedback",
    "pydantic_ai",
    "search_experiments",
    "search_runs",
    "search_sessions",
    "search_traces",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_tag",
    "set_tags",
    "set_trace_tag",
    "set_tracking_uri",
    "sklearn",
    "smolagents",
    "start_run",
    "start_span",
    "start_span_no_context",
    "trace",
    "tracing",
    "tracking",
    "update_assessment",
    "update_current_trace",
    "validate_evaluation_results",
]

_ROOMS = frozenset(
    (
        "agno",
        "anthropic",
        "artifacts",
        "autogen",
        "bedrock",
        "crewai",
        "data",
        "dspy",
        "entities",
        "errors",
        "gemini",
        "genai",
        "groq",
        "haystack",
        "langchain",
        "litellm",
        "llama_index",
        "metrics",
        "mistral",
        "models",
        "openai",
        "pydantic_ai",
        "sklearn",
        "smolagents",
        "tracing",
        "tracking",
    )
)
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
