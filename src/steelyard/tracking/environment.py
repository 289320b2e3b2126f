"""Settings from the environment: our own names first, then MLflow's."""

from __future__ import annotations

import os

PREFIXES = ("STEELYARD_", "MLFLOW_")


def setting(name: str) -> str | None:
    """Return ``STEELYARD_<name>``, else ``MLFLOW_<name>``, else None; an empty value counts as unset."""
    for prefix in PREFIXES:
        value = os.environ.get(prefix + name)
        if value:
            return value
    return None


def take_setting(name: str) -> str | None:
    """Return a setting and remove it, so that it serves one run of this process and not the next as well."""
    value = setting(name)
    for prefix in PREFIXES:
        os.environ.pop(prefix + name, None)
    return value
