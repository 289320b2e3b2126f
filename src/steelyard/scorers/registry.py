"""Where scorers are registered, and told to watch live traffic.

The tracking room announces itself here; until then it is looked for by name.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from steelyard.errors import SteelyardError
from steelyard.records.monitor import ScorerSamplingConfig

_HOME = "steelyard.tracking.scorers"  # a name and no import: this room is far below that one


class Registry(Protocol):
    """What keeps scorers."""

    def register(self, scorer: Any, *, name: str | None, experiment_id: str | None) -> Any:
        """Keep a scorer's next version, and return the scorer as it was registered."""
        ...

    def start(
        self, scorer: Any, *, name: str | None, experiment_id: str | None, config: ScorerSamplingConfig | None
    ) -> Any:
        """Have a scorer watch live traffic, and return it as it watches."""
        ...

    def update(self, scorer: Any, *, name: str | None, experiment_id: str | None, config: ScorerSamplingConfig) -> Any:
        """Change what a scorer watches, and return it as it watches."""
        ...

    def stop(self, scorer: Any, *, name: str | None, experiment_id: str | None) -> Any:
        """Have a scorer watch no longer, and return it."""
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
