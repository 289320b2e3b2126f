"""One row of an application's test data, whatever shape it came in, and one line of its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from steelyard.records.ledger import Prediction, Verdict
from steelyard.records.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of test data.

    Args:
        index: its place in the data, from 0.
        row_id: what names the row across runs: its own id, else a hash of its inputs with an ordinal for duplicates.
        inputs: the arguments of the function, or what a given trace holds.
        outputs: a given output; meaningful only if ``has_outputs``.
        expectations: ground truth by name.
        tags: labels, as texts.
        metadata: further fields by their own names.
        trace: a given trace.
        session: what groups rows into a conversation, or another cluster (a document, a passage).
    """

    index: int
    row_id: str
    inputs: Any = None
    outputs: Any = None
    has_outputs: bool = False
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: Trace | None = None
    session: str | None = None


class Rows(Protocol):
    """Test data that can be read more than once, always in the same order."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str:
        """Of the full content, in order."""
        ...

    @property
    def has_outputs(self) -> bool:
        """Whether outputs or traces are given, so that there is nothing to predict."""
        ...

    @property
    def has_traces(self) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row and repeat with everything that became of it; ``verdicts`` holds one per scorer that applies, by place."""

    row: Row
    repeat: int
    prediction: Prediction
    verdicts: tuple[Verdict, ...]
