"""``mlflow.sklearn``'s signatures over our own saving."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from steelyard import flavors
from steelyard.errors import InvalidArgument
from steelyard.flavors import ModelInfo, ModelSignature

SERIALIZATION_FORMAT_SKOPS = "skops"
SERIALIZATION_FORMAT_CLOUDPICKLE = "cloudpickle"
SERIALIZATION_FORMAT_PICKLE = "pickle"
SUPPORTED_SERIALIZATION_FORMATS = [
    SERIALIZATION_FORMAT_SKOPS,
    SERIALIZATION_FORMAT_CLOUDPICKLE,
    SERIALIZATION_FORMAT_PICKLE,
]
# What MLflow's functions take and a format that needs no environment has no use for.
_WITHOUT_EFFECT = frozenset(
    (
        *(
            "await_registration_for",
            "code_paths",
            "conda_env",
            "extra_pip_requirements",
            "model_type",
            "pip_requirements",
        ),
        *("pyfunc_predict_fn", "step"),
    )
)


def log_model(
    sk_model: object,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    serialization_format: str = SERIALIZATION_FORMAT_SKOPS,
    signature: ModelSignature | None = None,
    input_example: object = None,
    metadata: Mapping[str, object] | None = None,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
    skops_trusted_types: Collection[str] | None = None,
    registered_model_name: str | None = None,
    **ignored: object,
) -> ModelInfo:
    """Save a fitted estimator among the artifacts of the active run, starting and ending one if none is active.

    Args:
        sk_model: an estimator or pipeline of scikit-learn.
        artifact_path: the model's name, in the place where older callers of MLflow give it.
        name: the model's name, ``model`` unless told.
        serialization_format: ``skops``, which loads without running code; or ``cloudpickle`` or ``pickle``, which load
            only where the caller names the digest.
        signature: what ``infer_signature`` returned.
        input_example: a few rows of input, kept beside the model.
        metadata: words to keep with it.
        params: words about how it was made.
        tags: labels.
        skops_trusted_types: full names of types beyond our list that are known to be in the model.
        registered_model_name: must be None; there is no model registry.
        ignored: MLflow's arguments about environments, which have no effect here.

    Raises:
        ModelError: if the model cannot be saved in this format; nothing is logged then.
        InvalidArgument: for an argument that MLflow does not have either.
    """
    _refuse_unknown(ignored)
    if registered_model_name is not None:
        raise InvalidArgument("There is no model registry. Leave registered_model_name out and keep the model_uri.")
    if artifact_path is not None and name is not None and artifact_path != name:
        raise InvalidArgument("Give the model's name once: name is the newer word for artifact_path.")
    return flavors.log_model(
        sk_model,
        name or artifact_path or "model",
        serialization_format=serialization_format,
        skops_trusted_types=skops_trusted_types or (),
        signature=signature,
        input_example=input_example,
        metadata=metadata,
        params=params,
        tags=tags,
    )


def save_model(
    sk_model: object,
    path: str | Path,
    *,
    serialization_format: str = SERIALIZATION_FORMAT_SKOPS,
    signature: ModelSignature | None = None,
    input_example: object = None,
    metadata: Mapping[str, object] | None = None,
    skops_trusted_types: Collection[str] | None = None,
    **ignored: object,
) -> None:
    """Save a fitted estimator to a new folder on this machine. See ``log_model``."""
    _refuse_unknown(ignored)
    flavors.save_model(
        sk_model,
        path,
        serialization_format=serialization_format,
        skops_trusted_types=skops_trusted_types or (),
        signature=signature,
        input_example=input_example,
        metadata=metadata,
    )


def _refuse_unknown(arguments: Mapping[str, object]) -> None:
    unknown = sorted(set(arguments) - _WITHOUT_EFFECT)
    if unknown:
        raise InvalidArgument(f"There is no argument {unknown[0]!r}.")
