"""Where a trace belongs, as far as a resource or a span says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from steelyard.records import RUN_KEY
from steelyard.tracing.snapshot import decoded


class Destination(NamedTuple):
    """An experiment by its id or by its name, and a run; None where nothing is said."""

    experiment_id: str | None = None
    experiment_name: str | None = None
    run_id: str | None = None


NOWHERE = Destination()

_EXPERIMENT_IDS = ("steelyard.experiment.id", "mlflow.experimentId", "mlflow.experiment.id", "mlflow.experiment_id")
_EXPERIMENT_NAMES = (
    "steelyard.experiment.name",
    "mlflow.experimentName",
    "mlflow.experiment.name",
    "mlflow.experiment_name",
    "openinference.project.name",
)
_RUNS = ("steelyard.run.id", RUN_KEY, "mlflow.runId", "mlflow.run.id", "mlflow.run_id")


def destination(attributes: Mapping[str, Any]) -> Destination:
    """Return where attributes say that a trace belongs.

    Examples:
        >>> destination({"openinference.project.name": "shop", "mlflow.runId": '"r1"'})
        Destination(experiment_id=None, experiment_name='shop', run_id='r1')
    """
    found = Destination(
        _first(attributes, _EXPERIMENT_IDS), _first(attributes, _EXPERIMENT_NAMES), _first(attributes, _RUNS)
    )
    return NOWHERE if found == NOWHERE else found


def word(value: Any) -> str | None:
    """Return a text that may be written as JSON, as MLflow does; None for what is empty or none."""
    if isinstance(value, str):
        if value[:1] == '"':
            said = decoded(value)
            value = said if isinstance(said, str) else value
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _first(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        found = word(attributes.get(key))
        if found is not None:
            return found
    return None
