"""A filter as chips: the parts that AND joins, each with the filter that is left when it goes."""

from __future__ import annotations

import re

from steelyard.web.contexts.runs import Chip

_PIECE = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|[()]|\s+|[^\s()'\"`]+|.", re.DOTALL)


def chips(text: str) -> tuple[Chip, ...]:
    """Split a filter at its outer ANDs; one that OR joins is a single chip.

    Examples:
        >>> [chip.text for chip in chips("metrics.a > 1 AND tags.b = 'x and y'")]
        ['metrics.a > 1', "tags.b = 'x and y'"]
        >>> chips("metrics.a > 1 AND tags.b = 'x'")[0].without
        "tags.b = 'x'"
        >>> [chip.text for chip in chips("a = 1 OR b = 2")]
        ['a = 1 OR b = 2']
    """
    parts, depth, plain = [""], 0, True
    for piece in _PIECE.findall(text):
        depth += (piece == "(") - (piece == ")")
        word = piece.upper()
        if depth == 0 and word == "AND":
            parts.append("")
            continue
        plain = plain and not (depth == 0 and word in ("OR", "BETWEEN"))
        parts[-1] += piece
    kept = [part.strip() for part in parts if part.strip()] if plain else [text.strip()]
    return tuple(Chip(text=part, without=" AND ".join(kept[:i] + kept[i + 1 :])) for i, part in enumerate(kept) if part)
