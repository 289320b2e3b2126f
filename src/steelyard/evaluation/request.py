"""The arguments of ``evaluate()``, read once: both spellings of the field end as one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard._lib.names import nearest
from steelyard.errors import InvalidArgument
from steelyard.evaluation.arguments import check_list, check_mapping, is_whole
from steelyard.evaluation.extras import EvaluationArtifact, EvaluationMetric
from steelyard.metrics.slicing import Bins, Dimension, dimensions

MODEL_TYPES = (
    "classifier", "regressor", "question-answering", "text-summarization", "text", "retriever", "ranker", "multilabel",
)  # fmt: skip
_ALIASES = {
    "text_classification": "classifier",
    "text-classification": "classifier",
    "classification": "classifier",
    "regression": "regressor",
    "question_answering": "question-answering",
    "text_summarization": "text-summarization",
    "summarization": "text-summarization",
    "ranking": "ranker",
    "retrieval": "retriever",
    "multilabel-classifier": "multilabel",
}
_CONFIG = {
    "metric_prefix", "pos_label", "label_list", "average", "sample_weights", "col_mapping", "retriever_k",
    "max_classes_for_multiclass_roc_pr", "log_metrics_with_dataset_info", "min_slice_rows", "missing_targets",
}  # fmt: skip
# Keys of MLflow's that configure explanation plots: accepted, because scripts carry them, and without effect here.
_EXPLAIN = {
    "log_model_explainability", "log_explainer", "explainability_algorithm", "explainability_nsamples",
    "explainability_kernel_link", "ignore_exceptions",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """``evaluator_config``, by name; what is not known here is for the caller's metric functions (``extra``)."""

    metric_prefix: str = ""
    pos_label: Any = None
    label_list: Sequence[Any] | None = None
    average: str = "weighted"
    sample_weights: Any = None
    col_mapping: Mapping[str, str] = field(default_factory=dict)
    retriever_k: int = 3
    max_classes_for_multiclass_roc_pr: int = 10
    log_metrics_with_dataset_info: bool = True
    min_slice_rows: int = 30
    missing_targets: str = "refuse"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One evaluation as asked for."""

    model: Any
    data: Any
    model_type: str | None
    targets: Any
    predictions: str | None
    probabilities: str | Sequence[str] | Mapping[Any, str] | None
    feature_names: Sequence[str] | None
    dimensions: tuple[Dimension, ...]
    weights: Any
    clusters: str | None
    id_column: str | None
    metrics: tuple[EvaluationMetric, ...]
    artifacts: tuple[EvaluationArtifact | Callable[..., Any], ...]
    config: Config
    name: str | None
    replicates: int
    confidence: float
    seed: int


def read_model_type(model_type: str | None, *, has_metrics: bool) -> str | None:
    """Return MLflow's name of a model type.

    Raises:
        InvalidArgument: it is unknown, or missing where nothing else says what to compute.
    """
    if model_type is None:
        if has_metrics:
            return None
        raise InvalidArgument(f"model_type is needed unless extra_metrics are given: one of {', '.join(MODEL_TYPES)}.")
    if not isinstance(model_type, str):
        raise InvalidArgument(f"model_type={model_type!r} must be text: one of {', '.join(MODEL_TYPES)}, or None.")
    known = _ALIASES.get(model_type, model_type)
    if known in MODEL_TYPES:
        return known
    close = nearest(model_type, [*MODEL_TYPES, *_ALIASES])
    hint = f" Did you mean {close!r}?" if close else ""
    raise InvalidArgument(
        f"model_type={model_type!r} is not known.{hint} Use one of {', '.join(MODEL_TYPES)}, or None."
    )


def read_config(evaluator_config: Mapping[str, Any] | None, evaluators: Any) -> Config:
    """Read ``evaluator_config``, flat or nested by evaluator (``{"default": {…}}``)."""
    if not isinstance(evaluators, str):
        check_list("evaluators", evaluators, "names")
    names = [evaluators] if isinstance(evaluators, str) else list(evaluators or ["default"])
    unknown = [n for n in names if n not in ("default", "classifier", "regressor", "shap")]
    if unknown:
        raise InvalidArgument(f"evaluators={unknown!r} are not known; leave evaluators out, or use 'default'.")
    check_mapping("evaluator_config", evaluator_config)
    given = dict(evaluator_config or {})
    for name in ("default", "classifier", "regressor", "shap"):
        part = given.pop(name, None)
        check_mapping(f"evaluator_config[{name!r}]", part)
        given |= dict(part or {})
    _check_config(given)
    known = {k: v for k, v in given.items() if k in _CONFIG and v is not None}
    extra = {k: v for k, v in given.items() if k not in _CONFIG and k not in _EXPLAIN}
    return Config(**known, extra=extra)


def _check_config(given: Mapping[str, Any]) -> None:
    def refuse(key: str, want: str) -> None:
        raise InvalidArgument(f"evaluator_config[{key!r}]={given[key]!r}: {want}.")

    there = {k for k, v in given.items() if v is not None}
    prefix = given.get("metric_prefix")
    if "metric_prefix" in there and (not isinstance(prefix, str) or "/" in prefix):
        refuse("metric_prefix", "give text without a slash")
    for key, choices in (("average", ("weighted", "macro", "micro")), ("missing_targets", ("refuse", "count"))):
        if key in there and given[key] not in choices:
            refuse(key, f"use {', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}")
    for key, least in (("retriever_k", 1), ("min_slice_rows", 0), ("max_classes_for_multiclass_roc_pr", 0)):
        if key in there and (not is_whole(given[key]) or given[key] < least):
            refuse(key, f"give a whole number of at least {least}")
    if "label_list" in there and not (
        hasattr(given["label_list"], "__iter__") and not isinstance(given["label_list"], str)
    ):
        refuse("label_list", "give a list of labels")
    if "col_mapping" in there:
        check_mapping("evaluator_config['col_mapping']", given["col_mapping"])


def read_metrics(extra_metrics: Sequence[Any] | None) -> tuple[EvaluationMetric, ...]:
    """Check ``extra_metrics``."""
    check_list("extra_metrics", extra_metrics, "EvaluationMetric")
    metrics = tuple(extra_metrics or ())
    for metric in metrics:
        if not isinstance(metric, EvaluationMetric):
            raise InvalidArgument(
                f"extra_metrics holds {metric!r}; use EvaluationMetric(name=…, func=…) or make_metric(eval_fn=…)."
            )
    keys = [m.key for m in metrics]
    twice = next((k for k in keys if keys.count(k) > 1), None)
    if twice is not None:
        raise InvalidArgument(f"extra_metrics has {twice!r} twice; give each metric a name of its own.")
    return metrics


def read_artifacts(
    extra_artifacts: Sequence[Any] | None, custom_artifacts: Sequence[Any] | None
) -> tuple[EvaluationArtifact | Callable[..., Any], ...]:
    """Check ``extra_artifacts`` and ``custom_artifacts``."""
    check_list("extra_artifacts", extra_artifacts, "EvaluationArtifact or functions")
    check_list("custom_artifacts", custom_artifacts, "functions")
    artifacts = (*(extra_artifacts or ()), *(custom_artifacts or ()))
    for artifact in artifacts:
        if not isinstance(artifact, EvaluationArtifact) and not callable(artifact):
            raise InvalidArgument(
                f"{artifact!r} cannot make an artifact; use EvaluationArtifact(name=…, func=…) or a function."
            )
    return artifacts


def read_slices(slices: Any) -> tuple[Dimension, ...]:
    """Read ``slices``; see :func:`steelyard.metrics.slicing.dimensions`."""
    if not isinstance(slices, str | Mapping | Bins):
        check_list("slices", slices, "column names, crossed columns, by_bins(…) or mappings of names to predicates")
    return dimensions(slices)
