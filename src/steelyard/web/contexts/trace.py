"""Traces: a list of them, one as a waterfall of spans, and one span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.records import TraceInfo, Usage
from steelyard.web.contexts.judged import Judged
from steelyard.web.contexts.runs import Chip, PageLink, Problem
from steelyard.web.messages import Folded, Message, Named
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRow:
    """A line of the waterfall.

    Args:
        at: its place among the lines that are shown, from 0.
        index: its place in the whole tree.
        depth: 0 for roots.
        inside: how many spans lie under it.
        open: whether they are shown.
        hit: whether it is one that was looked for.
        left, width: its time, as percentages of the trace's.
        duration: milliseconds; None while it runs.
    """

    at: int
    index: int
    span_id: str
    name: str
    kind: str
    icon: str
    depth: int
    inside: int
    open: bool
    hit: bool
    failed: bool
    error: str
    left: str
    width: str
    duration: float | None
    usage: Usage | None = None
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """Lines ``first`` to ``first + len(rows)`` of the ``shown`` ones, of ``total`` spans; ``scale`` is in seconds."""

    trace_id: str
    rows: tuple[SpanRow, ...]
    first: int
    shown: int
    total: int
    failed: int
    scale: Scale
    find: str = ""
    errors: bool = False
    fold: str = ""
    opened: str = ""
    selected: str = ""
    misplaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of a span; ``after`` is milliseconds since the span began."""

    name: str
    after: float
    message: str = ""
    stack: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A fact of a span: short ones as text, others folded."""

    key: str
    text: str = ""
    value: Folded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanView:
    """One span with what went in and what came out: as messages where they are such, else as text or JSON."""

    trace_id: str
    span_id: str
    name: str
    kind: str
    icon: str
    failed: bool
    running: bool
    error: str
    after: float
    duration: float | None
    model: str
    usage: Usage | None
    heard: tuple[Message, ...] = ()
    said: tuple[Message, ...] = ()
    inputs: tuple[Named, ...] = ()
    outputs: tuple[Named, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    events: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPage:
    """A span on a page of its own."""

    span: SpanView
    trace_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpansPage:
    """A part of a waterfall, as the tree asks for it while it is scrolled."""

    waterfall: Waterfall
    trace_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """A trace: facts, tree, assessments, one span."""

    info: TraceInfo
    name: str
    experiment_name: str
    run_name: str
    waterfall: Waterfall
    span: SpanView | None
    judged: tuple[Judged, ...]
    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A trace in the list, with the verdicts on it that stand."""

    info: TraceInfo
    name: str
    request: str
    response: str
    verdicts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesPage:
    """Traces that match, newest first."""

    experiment_id: str
    experiment_name: str
    run_id: str
    run_name: str
    filter: str
    rows: tuple[TraceRow, ...]
    matching: int
    total: int
    chips: tuple[Chip, ...] = ()
    older: PageLink | None = None
    newer: PageLink | None = None
    problem: Problem | None = None
