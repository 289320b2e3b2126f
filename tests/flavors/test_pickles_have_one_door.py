"""Nothing in the package but one file may read a pickle, and nothing but one other may run a text as code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import steelyard

SOURCE = Path(str(steelyard.__file__)).parent
DOOR = SOURCE / "flavors" / "pickles.py"
CODE_DOOR = SOURCE / "scorers" / "kept_code.py"  # scorers that were registered as code, for who allows it
PICKLES = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle"}
RUNS = {"eval", "exec", "compile", "__import__"}


def _problems(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            yield from _calls(path, node)
            continue
        else:
            continue
        for name in names:
            if name.partition(".")[0] in PICKLES:
                yield f"{path.relative_to(SOURCE)}:{node.lineno} imports {name}"


def _calls(path: Path, call: ast.Call) -> Iterator[str]:
    where = f"{path.relative_to(SOURCE)}:{call.lineno}"
    if isinstance(call.func, ast.Name) and call.func.id in RUNS:
        yield f"{where} calls {call.func.id}"
    for keyword in call.keywords:
        if keyword.arg == "allow_pickle" and not (
            isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        ):
            yield f"{where} allows pickles in arrays"


def test_only_one_file_reads_pickles() -> None:
    others = [path for path in sorted(SOURCE.rglob("*.py")) if path not in (DOOR, CODE_DOOR)]
    assert [problem for path in others for problem in _problems(path)] == []


def test_the_door_for_code_reads_no_pickle_and_runs_one_text() -> None:
    found = [problem.partition(" ")[2] for problem in _problems(CODE_DOOR)]
    assert sorted(found) == ["calls compile", "calls exec"]


def test_the_search_finds_the_door_itself() -> None:
    assert any("imports pickle" in problem for problem in _problems(DOOR))
