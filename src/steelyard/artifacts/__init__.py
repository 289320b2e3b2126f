"""Reading the artifacts of runs, under the names of ``mlflow.artifacts``."""

from __future__ import annotations

from steelyard.tracking.artifacts import download_artifacts, list_artifacts, load_dict, load_text

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_text"]
