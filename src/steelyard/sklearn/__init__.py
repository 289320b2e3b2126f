"""Models of scikit-learn, under the names of ``mlflow.sklearn``."""

from __future__ import annotations

from steelyard.flavors import ModelInfo, load_model
from steelyard.sklearn.faces import (
    SERIALIZATION_FORMAT_CLOUDPICKLE,
    SERIALIZATION_FORMAT_PICKLE,
    SERIALIZATION_FORMAT_SKOPS,
    SUPPORTED_SERIALIZATION_FORMATS,
    log_model,
    save_model,
)

__all__ = [
    "SERIALIZATION_FORMAT_CLOUDPICKLE",
    "SERIALIZATION_FORMAT_PICKLE",
    "SERIALIZATION_FORMAT_SKOPS",
    "SUPPORTED_SERIALIZATION_FORMATS",
    "ModelInfo",
    "load_model",
    "log_model",
    "save_model",
]
