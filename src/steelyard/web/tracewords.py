"""What people type to find traces: plain words, or the filter language. Words become conditions on the full text."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`")
_LANGUAGE = re.compile(r"[=<>]|\b(?:I|R)?LIKE\b|\bIN\s*\(|\bIS\s+(?:NOT\s+)?NULL\b", re.IGNORECASE)
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_GROUP = re.compile(r"\([^()]*\)")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")


def is_language(text: str) -> bool:
    """Whether a text is meant as a filter, by the operators that stand outside its quotes.

    Examples:
        >>> is_language("status = 'ERROR'"), is_language("refund order"), is_language('"a = b"')
        (True, False, False)
    """
    return bool(_LANGUAGE.search(_QUOTED.sub(" '' ", text)))


def as_filter(text: str) -> str:
    """Return what was typed in the filter language: every word, or phrase in double quotes, must be in the trace.

    Examples:
        >>> as_filter('refund "order 7"')
        "trace.text ILIKE '%refund%' AND trace.text ILIKE '%order 7%'"
        >>> as_filter("cost > 1 ")
        'cost > 1'
    """
    text = text.strip()
    if not text or is_language(text):
        return text
    words = [phrase or word.strip('"') for phrase, word in _WORD.findall(text)]
    return " AND ".join(f"trace.text ILIKE {literal(f'%{_plain(word)}%')}" for word in words if word.strip())


def literal(text: str) -> str:
    """Write a text as the language does.

    Examples:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def named(kind: str, name: str) -> str:
    """Write a key such as ``feedback.tone``; a name with odd characters in backticks.

    Examples:
        >>> named("tag", "a.b"), named("feedback", "my tone")
        ('tag.a.b', 'feedback.`my tone`')
    """
    return f"{kind}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{kind}.`{name.replace('`', '``')}`"


def all_of(*conditions: str) -> str:
    """Join conditions so that all must hold.

    Examples:
        >>> all_of("a = 1 OR b = 2", "", "c = 3")
        '(a = 1 OR b = 2) AND c = 3'
        >>> all_of("(a = 1 OR b = 2) AND d = 4", "c = 3")
        '(a = 1 OR b = 2) AND d = 4 AND c = 3'
    """
    parts = [part for part in (c.strip() for c in conditions) if part]
    if len(parts) == 1:
        return parts[0]
    return " AND ".join(f"({part})" if _joins(part) else part for part in parts)


def _joins(condition: str) -> bool:
    """Whether OR stands outside parentheses. Of parentheses that do not match, the parser is left to tell."""
    bare = _QUOTED.sub("''", condition)
    while (inner := _GROUP.sub(" ", bare)) != bare:
        bare = inner
    return "(" not in bare and ")" not in bare and bool(re.search(r"\bOR\b", bare, re.IGNORECASE))


def _plain(word: str) -> str:
    """Take what LIKE would read as a sign for just itself."""
    return re.sub(r"([\\%_])", r"\\\1", word)
