"""Keep it: experiments, runs, estimates, artifacts and models in SQLite or PostgreSQL."""

from __future__ import annotations

from steelyard.store.artifact_names import check_artifact_path
from steelyard.store.opening import open_store

__all__ = ["check_artifact_path", "open_store"]
