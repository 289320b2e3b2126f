"""Cells of tables: what is empty, what is a number of numpy's, what is JSON in a text, what belongs to a dict."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

STRUCTURED = {
    "inputs", "expectations", "tags", "metadata", "vars", "assert", "messages", "conversations", "doc", "arguments",
    "resps", "filtered_resps", "context", "contexts", "retrieval_context", "retrieved_contexts", "reference_contexts",
    "expected_tools", "tools_called", "reference_tool_calls", "choices", "evaluators", "execution_policy",
}  # fmt: skip
"""Columns that hold lists or dicts; where a table holds JSON text in their place, it is read."""

_NOTHING = ("NAType", "NaTType")  # pandas' ways of saying nothing, beside NaN
_GROUPS = ("inputs", "expectations", "tags", "metadata", "vars")


class Cells:
    """Turns the values of a table's line into a row.

    A column ``inputs.question`` (or ``inputs/question``) is the key ``question`` of ``inputs``, unless there is a
    column ``inputs``; likewise for expectations, tags, metadata and vars. Empty cells are left out.

    Args:
        names: the columns.

    Examples:
        >>> Cells(("inputs.question", "expectations")).row(("Why?", '{"expected_response": "So."}'))
        {'inputs': {'question': 'Why?'}, 'expectations': {'expected_response': 'So.'}}
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._places = [_place(name, names) for name in names]

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return one line as a row."""
        row: dict[str, Any] = {}
        for (group, name), value in zip(self._places, values, strict=True):
            cell = _cell(value)
            if cell is None:
                continue
            if group:
                row.setdefault(group, {})[name] = cell
            elif name in STRUCTURED:
                row[name] = _structured(cell, name)
            else:
                row[name] = cell
        return row


def _place(name: str, names: Sequence[str]) -> tuple[str, str]:
    for group in _GROUPS:
        for mark in (".", "/"):
            if name.startswith(group + mark) and group not in names:
                return group, name[len(group) + 1 :].removesuffix("/value" if group == "expectations" else "")
    return "", name


def _cell(value: Any) -> Any:
    if hasattr(value, "dtype"):
        value = value.tolist()
    empty = value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in _NOTHING
    return None if empty else value


def _structured(cell: Any, name: str) -> Any:
    if isinstance(cell, str) and cell[:1] in ("{", "["):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    if name == "expectations" and isinstance(cell, dict):  # a struct has every key in every line
        return {key: value for key, value in cell.items() if value is not None}
    return cell
