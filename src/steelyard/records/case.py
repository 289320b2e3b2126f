"""What a scorer may look at: one row with its output, or one session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.records.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row with its output, or one session of traces.

    Args:
        inputs: what the function was given: a mapping of its arguments, or any value that a given trace holds.
        outputs: what it returned.
        expectations: ground truth by name; empty if there is none.
        tags: labels of the row.
        metadata: further fields that the row carried, by their own names.
        trace: what happened; None where nothing was traced.
        session: for scorers of sessions, all traces of it in the order of time; otherwise None.
        row_id: what names the row across runs.
        row: its place in the data.
        repeat: which repetition this is, from 0.
    """

    inputs: Any = None
    outputs: Any = None
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: Trace | None = None
    session: tuple[Trace, ...] | None = None
    row_id: str = ""
    row: int = 0
    repeat: int = 0
