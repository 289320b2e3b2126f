"""Models as files: saved and loaded without running code that the caller has not allowed."""

from __future__ import annotations

from steelyard.flavors.loading import describe_model, load_model
from steelyard.flavors.manifest import ModelManifest
from steelyard.flavors.saving import ModelInfo, log_model, save_model
from steelyard.flavors.signature import ColumnSpec, ModelSignature, infer_signature

load = load_model

__all__ = [
    "ColumnSpec",
    "ModelInfo",
    "ModelManifest",
    "ModelSignature",
    "describe_model",
    "infer_signature",
    "load",
    "load_model",
    "log_model",
    "save_model",
]
