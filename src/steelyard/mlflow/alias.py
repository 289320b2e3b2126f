"""The name ``mlflow`` answered by Steelyard, in this process only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

_ALIAS = "mlflow"
_REAL = "steelyard"
# Rooms whose name differs from the one that MLflow's users import.
_ELSEWHERE = {
    "mlflow.client": "steelyard.tracking.client",
    "mlflow.exceptions": "steelyard.mlflow.exceptions",
    "mlflow.tracking.fluent": "steelyard",
    "mlflow.models.evaluation": "steelyard.models",
    "mlflow.models.signature": "steelyard.models",
}


def install_alias() -> None:
    """Let ``import mlflow`` and ``from mlflow.x import y`` find Steelyard, whether or not MLflow is installed."""
    if any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        return
    for name in [name for name in sys.modules if name == _ALIAS or name.startswith(f"{_ALIAS}.")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _AliasFinder())


class _AliasFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _ALIAS and not fullname.startswith(f"{_ALIAS}."):
            return None
        real = _ELSEWHERE.get(fullname, _REAL + fullname.removeprefix(_ALIAS))
        try:
            found = find_spec(real)
        except ModuleNotFoundError:
            found = None
        if found is None:
            message = f"Steelyard has no module {real!r} to stand in for {fullname!r}."
            raise ModuleNotFoundError(message, name=fullname)
        return ModuleSpec(fullname, _AliasLoader(real), is_package=True)


class _AliasLoader(Loader):
    """Puts the real module, with its own name and state, where the alias is looked up."""

    def __init__(self, real: str) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(self._real)
