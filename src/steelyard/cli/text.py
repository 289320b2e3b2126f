"""Text that is safe to print: nothing in it steers a terminal, and JSON is one document in plain ASCII."""

from __future__ import annotations

import codecs
import json
import os
import sys
from typing import Any, NoReturn
from unicodedata import category

_JOINERS = "\u200c\u200d"  # emoji, Persian and the Indic scripts are written with them
_PLAIN = {
    "−": "-", "–": "-", "±": "+/-", "≥": ">=", "≤": "<=", "∞": "inf", "…": "...", "▲": "^", "▼": "v", "■": "=",
    "○": "o", "↓": "(lower is better)", "\xa0": " ", "\u202f": " ",
}  # fmt: skip
PIPE_CLOSED = 141  # what a shell reports of a program that wrote to a reader that had left


def visible(text: object, *, keep: str = "") -> str:
    r"""Return text with every control character written out.

    Args:
        text: anything; its ``str`` is used.
        keep: control characters to leave as they are, such as line ends.

    Examples:
        >>> print(visible("red\x1b[31m"))
        red\x1b[31m
    """
    return "".join(c if _is_harmless(c) or c in keep else c.encode("unicode_escape").decode() for c in str(text))


def safe(text: object) -> str:
    """Return text as rich's markup for exactly that text, with every control character written out."""
    from rich.markup import escape

    return escape(visible(text))


def spell_out() -> None:
    """Make standard output and error say in plain letters what their encoding lacks: a minus sign stays a minus."""
    codecs.register_error("steelyard.plain", _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="steelyard.plain")


def print_json(document: Any) -> None:
    """Print one JSON document; what is not a finite number becomes null."""
    try:
        sys.stdout.write(json.dumps(_plain(document), indent=2, allow_nan=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        reader_left()


def reader_left() -> NoReturn:
    """End quietly, as a program does whose output nobody reads any more (``| head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(PIPE_CLOSED)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or category(character) == "Zs"


def _in_plain_letters(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    lacking = problem.object[problem.start : problem.end]
    return "".join(_PLAIN.get(c) or c.encode("unicode_escape").decode() for c in lacking), problem.end


def _plain(value: Any) -> Any:
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if value == value and abs(value) != float("inf") else None
    item = getattr(value, "item", None)  # numpy's scalars
    return _plain(item()) if callable(item) else str(value)
