"""A filter string cut into tokens that remember where they stood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from steelyard.errors import FilterError

TokenKind = Literal["word", "number", "string", "name", "operator", "punctuation", "end"]

MAX_LENGTH = 20_000

# The order matters: a number such as -1.5e3 before a word, a two-letter operator before a one-letter one.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[+-]inf(?:inity)?(?!\w))
  | (?P<operator><=|>=|!=|<>|==|=|<|>)
  | (?P<punctuation>[(),])
  | (?P<single>'(?:[^']|'')*')
  | (?P<double>"(?:[^"]|"")*")
  | (?P<tick>`(?:[^`]|``)*`)
  | (?P<word>[^\s'"`()=!<>,]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter: ``text`` without its quotes, and where it begins."""

    kind: TokenKind
    text: str
    at: int
    joined: bool = False
    """Whether it stands right behind the token before, as a quoted key does in ``metrics."a b"``."""

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


def tokens_of(text: str) -> list[Token]:
    """Cut a filter into tokens, the last one of kind ``end``.

    Raises:
        FilterError: a quote is never closed, or a character has no place in a filter.
    """
    if len(text) > MAX_LENGTH:
        msg = f"The filter has {len(text):,} characters; at most {MAX_LENGTH:,} are read. Split the search."
        raise FilterError(msg)
    tokens: list[Token] = []
    at, joined = 0, False
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        group = str(match.lastgroup)
        if group != "space":
            tokens.append(Token(*_kind_and_text(group, match.group()), at=at, joined=joined))
        joined = group != "space"
        at = match.end()
    return [*tokens, Token("end", "", len(text))]


def _kind_and_text(group: str, text: str) -> tuple[TokenKind, str]:
    quote = {"single": "'", "double": '"', "tick": "`"}.get(group)
    if quote is not None:
        return ("name" if quote == "`" else "string"), text[1:-1].replace(quote * 2, quote)
    if group == "operator":
        return "operator", {"<>": "!=", "==": "="}.get(text, text)
    if group == "number":
        return "number", text
    return ("punctuation" if group == "punctuation" else "word"), text


def _unreadable(text: str, at: int) -> FilterError:
    if text[at] in "'\"`":
        return filter_error(
            text, at, f"The quote {text[at]} is never closed.", hint="close it, or double it inside a text"
        )
    return filter_error(text, at, f"The character {text[at]!r} has no place here.")


def filter_error(text: str, at: int, problem: str, *, hint: str = "") -> FilterError:
    """Return an error that shows the place in the filter with a caret below it."""
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[begin : end if end >= 0 else len(text)]
    column = at - begin
    if column > 60:
        line, column = "…" + line[column - 40 :], 41
    line = (line if len(line) <= 120 else line[:119] + "…").replace("\t", " ")
    tail = f"\nHint: {hint}." if hint else ""
    return FilterError(f"{problem}\n  {line}\n  {' ' * column}^ (at character {at + 1}){tail}")
