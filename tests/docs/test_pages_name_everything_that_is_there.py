"""tools/docs.py: nothing public is undocumented, nothing documented is invented, and links lead somewhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def docs() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "docs.py"))


def test_nothing_is_wrong_with_the_documentation(docs: dict[str, Any]) -> None:
    assert docs["problems"]() == []


def test_generated_parts_are_the_same_when_generated_twice(docs: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert docs["regenerated"](docs["regenerated"](text)) == text


def test_every_page_is_in_the_sites_contents() -> None:
    listed = set(re.findall(r"([\w-]+\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")}


def test_every_page_is_reached_from_the_first(docs: dict[str, Any]) -> None:
    folder, seen, waiting = ROOT / "docs", set[str](), ["index.md"]
    while waiting:
        name = waiting.pop()
        if name in seen or "/" in name or not (folder / name).is_file():
            continue
        seen.add(name)
        targets = docs["_LINK"].findall((folder / name).read_text(encoding="utf-8"))
        waiting += [target.partition("#")[0] for target in targets]
    assert seen == {page.name for page in folder.glob("*.md")}


@pytest.mark.parametrize(
    ("page", "old", "new", "problem"),
    [
        ("metrics.md", "| `log_loss` |", "| `logloss` |", "log_loss is missing"),
        ("metrics.md", "| `log_loss` |", "| `logloss` |", "logloss is no metric of ours"),
        ("metrics.md", "0 and up ↓ |", "0 to 1 ↓ |", "has the range '0 to 1 ↓'"),
        ("api.md", "| `evaluate` |", "| `evaluat` |", "out of date"),
        ("settings.md", "`STEELYARD_ARTIFACTS`", "`STEELYARD_ARTEFACTS`", "STEELYARD_ARTIFACTS is missing"),
        ("settings.md", "`STEELYARD_ARTIFACTS`", "`STEELYARD_ARTEFACTS`", "STEELYARD_ARTEFACTS is read by nothing"),
        ("cli.md", "### steelyard runs", "### steelyard list", "the command 'runs' is missing"),
        ("index.md", "(quickstart.md)", "(quickstrat.md)", "quickstrat.md leads nowhere"),
        ("index.md", "(quickstart.md)", "(quickstart.md#nowhere)", "names a heading that is not there"),
    ],
)
def test_a_mistake_is_found(
    page: str, old: str, new: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in [*(ROOT / "docs").glob("*.md"), *(ROOT.glob("*.md"))]:
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    wrong = tmp_path / "docs" / page
    text = wrong.read_text(encoding="utf-8")
    assert old in text
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
    functions = runpy.run_path(str(ROOT / "tools" / "docs.py"))
    scope = functions["problems"].__globals__
    monkeypatch.setitem(scope, "ROOT", tmp_path)
    monkeypatch.setitem(scope, "DOCS", tmp_path / "docs")
    assert any(problem in found for found in functions["problems"]())
