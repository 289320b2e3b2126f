"""The names of ``mlflow.exceptions``."""

from __future__ import annotations

from steelyard.errors import ModelValidationFailed, SteelyardError

MlflowException = SteelyardError
ModelValidationFailedException = ModelValidationFailed
RestException = SteelyardError

__all__ = ["MlflowException", "ModelValidationFailedException", "RestException"]
