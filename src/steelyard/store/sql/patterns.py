"""Regular expressions that mean the same to PostgreSQL and to RE2, and that neither can be kept busy with.

SQLite has none of its own: there RE2 (in Arrow) matches, whose time grows only with the text. PostgreSQL's own
understands most of the same signs. What the two read differently is refused.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from typing import Any

MAX_PATTERN = 500
_ESCAPED = frozenset("dwsDWSnrtf")
_MAX_TIMES = 255
_TIMES = re.compile(r"\{(\d+)(,(\d*))?\}")


def pattern_problem(pattern: str) -> str | None:
    """Return what is wrong with a pattern, or None."""
    if len(pattern) > MAX_PATTERN:
        return f"The pattern has {len(pattern):,} characters; at most {MAX_PATTERN} are read."
    at, in_class = 0, False
    while at < len(pattern):
        problem, at, in_class = _step(pattern, at, in_class)
        if problem is not None:
            return problem
    try:
        matches(pattern, "")
    except ValueError as error:
        return f"The pattern does not parse ({error})."
    return None


def matches(pattern: str, text: str) -> bool:
    """Return whether a text holds a match; a dot stands for any character, ^ and $ for the ends of the text."""
    arrow, compute = _arrow()
    data = text.encode()
    ends = arrow.py_buffer(struct.pack("<ii", 0, len(data)))
    one = arrow.StringArray.from_buffers(1, ends, arrow.py_buffer(data))  # the plain ways would load pandas
    return bool(compute.match_substring_regex(one, pattern=f"(?s){pattern}")[0].as_py())


@lru_cache(maxsize=1)
def _arrow() -> tuple[Any, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa, pc


def _step(pattern: str, at: int, in_class: bool) -> tuple[str | None, int, bool]:
    """Read one sign: what is wrong with it, where the next one begins, whether that is inside brackets."""
    sign, following = pattern[at], pattern[at + 1 : at + 2]
    if sign == "\\":
        if following and (following in _ESCAPED or not (following.isalnum() or following == "_")):
            return (_in_class(following) if in_class else None), at + 2, in_class
        return f"The escape \\{following} is not read the same everywhere.", at, in_class
    if in_class:
        if sign == "[" and following in {".", "="}:
            return "Collating elements are not read the same everywhere.", at, in_class
        if sign == "[" and following == ":":
            end = pattern.find(":]", at + 2)
            return ("A class such as [[:alpha:]] is never closed." if end < 0 else None), end + 2, in_class
        return None, at + 1, sign != "]"
    if sign == "[":
        skip = 2 if following == "^" else 1
        return None, at + skip + (pattern[at + skip : at + skip + 1] == "]"), True
    if sign == "(" and following == "?" and pattern[at : at + 3] != "(?:":
        return "Groups such as (?=…) and (?i) are not read the same everywhere; use (…) or (?:…).", at, in_class
    if sign in "^$" and following in {"*", "+", "?", "{"}:
        return f"{sign} cannot be repeated.", at, in_class
    return (_times(pattern, at) if sign == "{" else None), at + 1, in_class


def _in_class(escaped: str) -> str | None:
    return f"\\{escaped} cannot stand in brackets." if escaped in "DWS" else None


def _times(pattern: str, at: int) -> str | None:
    found = _TIMES.match(pattern, at)
    if found is None:
        return "A brace stands for a number of times, as in {2,5}; write \\{ for the brace itself."
    most = max(int(number) for number in (found[1], found[3] or "0"))
    return f"{{{most}}} is too often: at most {_MAX_TIMES} times." if most > _MAX_TIMES else None
