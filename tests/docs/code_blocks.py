"""A page's code, run as a reader would run it: block after block in one namespace."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = 'text title="Output"'
ABOUT = 'text title="Output, about"'
"""Of fitted models: another version of a library may fit a little differently."""
ELSEWHERE = 'python title="In its own environment"'
"""Needs packages that are not ours: tests/stock runs it."""

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_NEAR = 0.25
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what stands behind the fence, the text, and the line on which it begins."""

    kind: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """Yield a page's fenced blocks in order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(match[1].strip(), match[2], text.count("\n", 0, match.start()) + 2)


def run(page: Path) -> int:
    """Run every Python block of a page, and hold printed words against the output block that follows.

    In an output block ``...`` stands for anything, and any run of spaces for any other.

    Returns:
        How many blocks ran.

    Raises:
        AssertionError: what was printed is not what the page shows.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed, count = "", 0
    for block in blocks(page):
        if block.kind == "python":
            printed = _run(page, block, namespace)
            count += 1
        elif block.kind in (OUTPUT, ABOUT):
            _compare(page, block, printed)
    return count


def _run(page: Path, block: Block, namespace: dict[str, object]) -> str:
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")  # so that a traceback names the page's line
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, namespace)
    return out.getvalue()


def _compare(page: Path, block: Block, printed: str) -> None:
    shown, found = block.text, _ID.sub("...", printed)
    if block.kind == ABOUT:
        far = [pair for pair in zip(_numbers(shown), _numbers(found), strict=False) if not _near(*pair)]
        assert not far, f"{page.name}, line {block.line}: far from what is shown: {far}\n{printed}"
        shown, found = (_NUMBER.sub("#", text) for text in (shown, found))
    same = doctest.OutputChecker().check_output(shown, found, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert same, f"{page.name}, line {block.line}: the page shows\n{block.text}\nand the code prints\n{printed}"


def _numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in _NUMBER.findall(text)]


def _near(shown: float, found: float) -> bool:
    return abs(shown - found) <= max(0.02, _NEAR * max(abs(shown), abs(found)))
