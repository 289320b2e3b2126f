"""Where scorers are registered. The tracking room announces itself here; until then it is looked for by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from steelyard.errors import SteelyardError

_HOME = "steelyard.tracking.scorers"  # a name and no import: this room is far below that one


class Registry(Protocol):
    """What keeps scorers."""

    def register(self, scorer: Any, *, name: str | None, experiment_id: str | None) -> Any:
        """Keep a scorer's next version, and return the scorer as it was registered."""
        ...


_registry: Registry | None = None


def set_registry(registry: Registry | None) -> Registry | None:
    """Register scorers there from now on; with None, where they usually are. Return what was there."""
    global _registry
    before, _registry = _registry, registry
    return before


def registry() -> Registry:
    """Return what keeps scorers."""
    if _registry is None:
        import_module(_HOME).announce()
    if _registry is None:
        message = f"{_HOME} did not say where scorers are registered."
        raise SteelyardError(message)
    return _registry
