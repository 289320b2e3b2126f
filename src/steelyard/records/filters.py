"""Writing filters: what people type, or pick from a list, quoted as the filter language wants it."""

from __future__ import annotations

import re
from collections.abc import Sequence

Value = str | float | int | bool | Sequence[str] | None

_PLAIN = re.compile(r"[A-Za-z_][\w@/:.-]*[\w@/:-]|[A-Za-z_]", re.ASCII)
_ATTRIBUTES = "span.attributes."
_WORD = re.compile(r'"([^"]+)"|(\S+)')


def condition(key: str, operator: str, value: Value = None) -> str:
    """Return one condition of a filter.

    Args:
        key: such as ``status``, ``tag.team`` or ``span.attributes.http.url``; names with odd characters are quoted.
        operator: such as ``=``, ``>``, ``ILIKE``, ``IN`` or ``IS NULL``.
        value: a text, a number, a bool, a list of texts for IN; None for IS NULL and IS NOT NULL.

    Examples:
        >>> condition("tag.who's there", "=", "it's")
        "tag.`who's there` = 'it''s'"
        >>> condition("feedback.quality", ">", 0.8)
        'feedback.quality > 0.8'
        >>> condition("status", "IN", ["OK", "ERROR"])
        "status IN ('OK', 'ERROR')"
        >>> condition("session", "IS NULL")
        'session IS NULL'
    """
    words = [_key(key), operator]
    if value is not None:
        words.append(_value(value))
    return " ".join(words)


def words_filter(text: str) -> str:
    """Return the filter for what stands in a search box: traces that have every word, in any case.

    Args:
        text: words; those between double quotes belong together.

    Examples:
        >>> words_filter('refund "gift card" 100%')
        "trace.text ILIKE '%refund%' AND trace.text ILIKE '%gift card%' AND trace.text ILIKE '%100\\\\%%'"
        >>> words_filter("  ")
        ''
    """
    words = dict.fromkeys(phrase or word for phrase, word in _WORD.findall(text))
    return " AND ".join(condition("trace.text", "ILIKE", f"%{like_escaped(word)}%") for word in words)


def like_escaped(text: str) -> str:
    """Return the LIKE pattern that stands for just this text.

    Examples:
        >>> print(like_escaped("100%_"))
        100\\%\\_
    """
    return re.sub(r"([\\%_])", r"\\\1", text)


def _key(key: str) -> str:
    if _PLAIN.fullmatch(key):
        return key
    prefix, dot, name = key.partition(".")
    if key.startswith(_ATTRIBUTES):
        prefix, name = _ATTRIBUTES[:-1], key[len(_ATTRIBUTES) :]
    quoted = "`" + (name if dot else key).replace("`", "``") + "`"
    return f"{prefix}.{quoted}" if dot else quoted


def _value(value: str | float | bool | Sequence[str]) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"({', '.join(_value(one) for one in value)})"
