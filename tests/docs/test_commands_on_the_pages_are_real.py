"""Every ``steelyard …`` line on a page names a command and options that exist."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer.main

from steelyard.cli import app

from .code_blocks import ROOT, blocks

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINES = sorted(
    {
        line.strip()
        for page in PAGES
        for block in blocks(page)
        if block.kind == "text"
        for line in block.text.splitlines()
        if line.startswith("steelyard ") and "|" not in line
    }
)


@pytest.mark.parametrize("line", LINES)
def test_the_line_is_understood(line: str) -> None:
    command: Any = typer.main.get_command(app)
    name, *arguments = shlex.split(line)[1:]
    if name == "--version":
        return
    command = command.commands[name]
    while getattr(command, "commands", None):
        name, *arguments = arguments
        command = command.commands[name]
    context = command.make_context(name, arguments)
    assert context.info_name == name


def test_there_are_such_lines() -> None:
    assert len(LINES) >= 6
