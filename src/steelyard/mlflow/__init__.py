"""Run a script that imports MLflow, unchanged, on Steelyard: ``python -m steelyard.mlflow script.py``."""

from __future__ import annotations

from steelyard.mlflow.alias import install_alias

__all__ = ["install_alias"]
