"""The rows of an evaluated application, and one of them beside its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.records import Usage, ValueKind
from steelyard.web.contexts.judged import Judged
from steelyard.web.contexts.rows import RowChip
from steelyard.web.contexts.runs import Problem
from steelyard.web.contexts.trace import SpanView, Waterfall
from steelyard.web.messages import Folded, Message, Named


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseColumn:
    """A scorer's column: ``values`` are those that may be asked for."""

    name: str
    kind: ValueKind
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCell:
    """What a scorer said of a row: a word and a mark (``good``, ``bad`` or empty), or the outcome if it said nothing.

    ``share`` places a number between the column's ends, 0 to 1; None for other kinds.
    """

    outcome: str
    word: str = ""
    mark: str = ""
    share: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A row and repeat as a line of the table; ``latency`` in seconds."""

    position: int
    row_id: str
    repeat: int
    session: str
    trace_id: str
    inputs: str
    output: str
    outcome: str
    error: str
    latency: float | None
    tokens: int | None
    cost: float | None
    tags: Mapping[str, str]
    cells: tuple[CaseCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCell:
    """A scorer in a group: the mean of ``n`` values, or the most frequent of them."""

    n: int
    mean: float | None = None
    kind: ValueKind = "number"
    common: str = ""
    common_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseGroup:
    """The rows with one value of a tag; an empty ``value`` are those without."""

    value: str
    rows: int
    cells: tuple[GroupCell, ...]
    lines: tuple[CaseLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOptions:
    """What the fields of the filter may be set to."""

    outcomes: tuple[str, ...]
    tags: tuple[str, ...]
    orders: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesPage:
    """Rows that match, fifty at a time; or, grouped by a tag, the groups with the first few rows of each."""

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    running: bool
    repeats: int
    columns: tuple[CaseColumn, ...]
    lines: tuple[CaseLine, ...] = ()
    groups: tuple[CaseGroup, ...] = ()
    n_groups: int = 0
    group: str = ""
    matching: int = 0
    total: int = 0
    offset: int = 0
    size: int = 50
    order: str = ""
    chips: tuple[RowChip, ...] = ()
    options: CaseOptions = CaseOptions(outcomes=(), tags=(), orders=())
    contains: str = ""
    scorer: str = ""
    score: str = ""
    outcome: str = ""
    where: str = ""
    problem: Problem | None = None
    why_empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One of the repeats of a row, beside the others."""

    position: int
    repeat: int
    output: Folded | None
    error: str
    outcome: str
    latency: float | None
    cells: tuple[CaseCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """One row: what went in and came out, what was expected, what judges said, and its trace."""

    run_id: str
    run_name: str
    position: int
    total: int
    place: int | None
    matching: int
    earlier: int | None
    later: int | None
    row_id: str
    repeat: int
    repeats: tuple[Repeat, ...]
    columns: tuple[CaseColumn, ...]
    heard: tuple[Message, ...]
    inputs: tuple[Named, ...]
    said: tuple[Message, ...]
    output: tuple[Named, ...]
    expectations: tuple[Named, ...]
    tags: Mapping[str, str]
    session: str
    trace_id: str
    outcome: str
    error: str
    latency: float | None
    usage: Usage | None
    judged: tuple[Judged, ...]
    reviewer: str
    waterfall: Waterfall | None = None
    span: SpanView | None = None
    trace_problem: str = ""
