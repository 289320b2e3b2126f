"""``import steelyard`` costs next to nothing, and what it offers is exactly what it says."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import steelyard
from steelyard.errors import SteelyardError

HEAVY = ("numpy", "pandas", "scipy", "sklearn", "skops", "pyarrow", "sqlalchemy", "matplotlib", "vl_convert")
WEB = ("fastapi", "starlette", "jinja2", "uvicorn", "pydantic", "opentelemetry")
ROOMS = ("artifacts", "data", "entities", "errors", "genai", "metrics", "models", "sklearn", "tracing", "tracking")

_IMPORT = """
import json, sys, time
start = time.perf_counter()
import steelyard
spent = time.perf_counter() - start
print(json.dumps([spent, sorted(name.partition(".")[0] for name in sys.modules)]))
"""


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_is_quick_and_loads_nothing_heavy() -> None:
    seconds = []
    for _ in range(3):
        spent, modules = json.loads(_python(_IMPORT))
        assert not set(modules) & {*HEAVY, *WEB}
        seconds.append(spent)
    assert min(seconds) < 0.150


def test_starting_a_run_loads_neither_numpy_nor_a_web_framework(tmp_path: Path) -> None:
    code = """
import sys, steelyard
steelyard.set_tracking_uri(sys.argv[1])
with steelyard.start_run():
    steelyard.log_param("a", 1)
    steelyard.log_metric("b", 2)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    loaded = set(_python(code, str(tmp_path / "runs.db")).split())
    assert not loaded & ({*HEAVY, *WEB} - {"sqlalchemy"})


def test_every_name_is_there_and_sorted() -> None:
    assert steelyard.__all__ == sorted(steelyard.__all__)
    assert len(set(steelyard.__all__)) == len(steelyard.__all__)
    assert dir(steelyard) == sorted([*steelyard.__all__, "__version__"])
    for name in steelyard.__all__:
        assert getattr(steelyard, name) is not None


def test_type_checkers_see_the_names_that_run_time_sees() -> None:
    source = Path(str(steelyard.__file__)).read_text()
    guarded = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert sorted(seen) == steelyard.__all__


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="'autoscale'"):
        _ = steelyard.autoscale  # type: ignore[attr-defined] - the point of the test


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_attributes_after_a_plain_import(room: str) -> None:
    code = f"import steelyard; print(steelyard.{room}.__name__, len(steelyard.{room}.__all__) > 0)"
    assert _python(code).split() == [f"steelyard.{room}", "True"]


@pytest.mark.parametrize("first", ["", "import steelyard.compare", "from steelyard.compare import Comparison"])
def test_compare_is_the_function_whatever_was_imported_before(first: str) -> None:
    code = f"import steelyard\n{first}\nprint(type(steelyard.compare).__name__, steelyard.compare.__name__)"
    assert _python(code).split() == ["function", "compare"]


@pytest.mark.parametrize("room", ["tracking", "entities", "artifacts", "sklearn", "flavors", "mlflow"])
def test_a_room_offers_what_it_says(room: str) -> None:
    module: Any = import_module(f"steelyard.{room}")
    assert len(set(module.__all__)) == len(module.__all__) > 0
    for name in module.__all__:
        assert not isinstance(getattr(module, name), ModuleType)


def test_a_star_import_brings_the_names() -> None:
    code = "from steelyard import *; print(start_run.__module__, set_experiment.__module__)"
    assert _python(code).split() == ["steelyard.tracking.runs", "steelyard.tracking.experiments"]


def test_mlflows_error_is_the_root_of_ours() -> None:
    assert steelyard.MlflowException is SteelyardError
