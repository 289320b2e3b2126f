"""What a page tells a reader to type works, and prints what the page says it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from .code_blocks import ABOUT, ELSEWHERE, OUTPUT, ROOT, blocks, run

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_CODE = [page for page in PAGES if any(block.kind == "python" for block in blocks(page))]
KINDS = {"python", "text", OUTPUT, ABOUT, ELSEWHERE, "toml", "yaml"}


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("document", WITH_CODE, ids=lambda document: document.stem)
def test_the_page_runs_from_top_to_bottom(document: Path, project: Path) -> None:
    assert run(document) > 0
    assert not (project / "mlruns").exists()


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.stem)
def test_every_block_says_what_it_is(document: Path) -> None:
    odd = [f"line {block.line}: {block.kind!r}" for block in blocks(document) if block.kind not in KINDS]
    assert odd == []
