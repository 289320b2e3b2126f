"""Keep the house small: sizes of files and functions, names, islands, and nothing that belongs to one machine.

``python tools/budgets.py``, from anywhere, prints each breach as ``file: what is wrong`` and exits 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FILE_LINES = 400
FILE_LINES_NEVER = 500
FUNCTION_LINES = 60
ISLAND_LINES = 300
ISLANDS_TOTAL = 5_000
SCRIPT_LINE = 400  # a longer line of JavaScript is not written by hand

LONGER_FILES: dict[str, str] = {
    "tests/web/sample_runs.py": "sample runs as literal records, one function a kind",
    "tests/web/sample_applications.py": "sample rows, verdicts and traces of applications as literal records",
    "tests/store/test_ledgers.py": "what a ledger must do, one behaviour after another, on both databases",
    "tests/web/test_review_items_are_answered_one_after_another.py": "one behaviour of one page after another",
    "tests/flavors/test_hostile_models_are_refused.py": "a corpus: one hostile file after another",
}
"""Files between 400 and 500 lines, each with its reason. None may pass 500."""

LONGER_FUNCTIONS: dict[str, str] = {
    "src/steelyard/evaluation/evaluate.py::evaluate": "the front door: its parameters, one a line, are half of it",
    "tests/compare/synthetic.py::save": "writes one literal record",
    "tests/web/sample_runs.py::binary": "writes one literal record",
    "tests/web/sample_runs.py::_record": "writes one literal record",
    "tests/web/sample_applications.py::agent_trace": "writes one literal trace",
    "tests/store/test_ledger_model.py::machine": "a state machine whose rules share one store",
    "tests/store/test_review_handing_out.py::machine": "a state machine whose rules share one store",
}
"""Functions over 60 lines (``path::name``), each with its reason."""

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "tools"}
TEXT = {".py", ".md", ".toml", ".html", ".js", ".css", ".json", ".txt", ".yml", ".yaml", ".sql", ".sh", ".jinja"}
SOMEONES_HOME = re.compile(r"(?<![\w.])/(?:home|Users)/[a-z][\w-]*/")


def kept_files() -> list[Path]:
    """Return the files that are, or will be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({path for name in listed.split("\0") if name and (path := ROOT / name).is_file()})


def stale_exceptions(long_functions: set[str]) -> Iterator[str]:
    """Yield exceptions that nothing needs any more, so that the list stays short."""
    for name in sorted(LONGER_FUNCTIONS.keys() - long_functions):
        yield f"{name}: is short enough, or gone; take it off LONGER_FUNCTIONS in tools/budgets.py"
    for name in sorted(name for name in LONGER_FILES if not (ROOT / name).is_file()):
        yield f"{name}: is gone; take it off LONGER_FILES in tools/budgets.py"


def long_functions(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield (``path::name``, what is wrong) of every function over the limit."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := code_lines(node)) > FUNCTION_LINES:
            problem = f"line {node.lineno}: {node.name}() has {length} lines; {FUNCTION_LINES} is the most"
            yield f"{name}::{node.name}", problem


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's length without its docstring, so that explaining costs nothing."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def python_breaches(name: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > FILE_LINES_NEVER:
        yield f"{lines} lines; {FILE_LINES_NEVER} is the most a file may have"
    elif lines > FILE_LINES and name not in LONGER_FILES:
        yield f"{lines} lines; split it, or give a reason in tools/budgets.py"
    elif lines <= FILE_LINES and name in LONGER_FILES:
        yield "is short enough again; take it off LONGER_FILES in tools/budgets.py"


def script_breaches(text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > ISLAND_LINES:
        yield f"{lines} lines; an island has at most {ISLAND_LINES}"
    if any(len(line) > SCRIPT_LINE for line in text.splitlines()):
        yield f"a line is longer than {SCRIPT_LINE} characters: a packed script does not belong in the repository"


def name_breaches(path: Path) -> Iterator[str]:
    if path.suffix == ".py" and path.stem.strip("_") in NO_NAMES:
        yield f"'{path.stem}' says nothing; name the file for its one idea"
    if path.name.endswith((".min.js", ".min.css", ".pyc", ".whl", ".pkl", ".pickle", ".joblib")):
        yield "a built or foreign file; fetch or build it at set-up instead"
    if "node_modules" in path.parts or "vendor" in path.parts:
        yield "somebody else's code; fetch it at set-up instead"


def machine_breaches(path: Path, text: str) -> Iterator[str]:
    if str(ROOT) in text:
        yield "names the folder in which it was written"
    if found := SOMEONES_HOME.search(text):
        yield f"names somebody's home folder ({found[0]})"
    if path.name == "package-lock.json" and '"resolved"' in text:
        yield "names the registry it was locked from; lock with omit-lockfile-registry-resolved"


def breaches() -> Iterator[str]:
    scripts = 0
    too_long: set[str] = set()
    for path in kept_files():
        name = path.relative_to(ROOT).as_posix()
        found = list(name_breaches(path.relative_to(ROOT)))
        if path.suffix in TEXT:
            text = path.read_text(encoding="utf-8")
            found += machine_breaches(path, text)
            if path.suffix == ".py":
                found += python_breaches(name, text)
                functions = dict(long_functions(name, text))
                found += [problem for key, problem in functions.items() if key not in LONGER_FUNCTIONS]
                too_long |= functions.keys()
            if path.suffix == ".js" and name.startswith("src/"):
                found += script_breaches(text)
                scripts += text.count("\n")
        yield from (f"{name}: {breach}" for breach in found)
    yield from stale_exceptions(too_long)
    if scripts > ISLANDS_TOTAL:
        yield f"src: {scripts} lines of JavaScript in all; {ISLANDS_TOTAL} is the most"


def main() -> int:
    found = list(breaches())
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
