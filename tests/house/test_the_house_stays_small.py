"""The budgets hold, and each of them catches what it is for."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"house_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


budgets = tool("budgets")


def test_nothing_in_the_repository_breaks_a_budget() -> None:
    assert list(budgets.breaches()) == []


def test_a_long_file_needs_a_reason_and_a_very_long_one_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(budgets.python_breaches("src/a.py", "x = 1\n" * 400)) == []
    assert list(budgets.python_breaches("src/a.py", "x = 1\n" * 401)) != []
    monkeypatch.setattr(budgets, "LONGER_FILES", {"src/a.py": "a table"})
    assert list(budgets.python_breaches("src/a.py", "x = 1\n" * 401)) == []
    assert list(budgets.python_breaches("src/a.py", "x = 1\n" * 501)) != []
    assert list(budgets.python_breaches("src/a.py", "x = 1\n")) != []  # the reason is no longer needed


def test_a_functions_docstring_costs_it_nothing() -> None:
    body = "".join(f"    x{i} = {i}\n" for i in range(59))
    explained = 'def f():\n    """One.\n' + "    more\n" * 30 + '    """\n' + body
    assert dict(budgets.long_functions("a.py", "def f():\n" + body)) == {}
    assert dict(budgets.long_functions("a.py", explained)) == {}
    assert set(budgets.long_functions("a.py", explained + "    y = 1\n")) == {
        ("a.py::f", "line 1: f() has 61 lines; 60 is the most")
    }


@pytest.mark.parametrize("name", ["src/utils.py", "src/_helpers.py", "src/htmx.min.js", "src/vendor/vega.js", "m.pkl"])
def test_names_that_say_nothing_and_foreign_files_are_refused(name: str) -> None:
    assert list(budgets.name_breaches(Path(name))) != []


def test_a_packed_script_is_refused_whatever_it_is_called() -> None:
    assert list(budgets.script_breaches("let a = 1;\n" * 300)) == []
    assert list(budgets.script_breaches("let a = 1;\n" * 301)) != []
    assert list(budgets.script_breaches("a" * 401)) != []


def test_the_paths_of_one_machine_are_refused() -> None:
    someones = "/".join(("", "home", "somebody", "data.csv"))
    assert list(budgets.machine_breaches(Path("a.md"), f"read {someones}")) != []
    assert list(budgets.machine_breaches(Path("a.md"), f"read {ROOT}/data.csv")) != []
    assert list(budgets.machine_breaches(Path("a.md"), "see /data/home/index.html")) == []
