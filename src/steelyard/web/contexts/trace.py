"""One trace: a waterfall of its spans, one span, and its conversations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.records import TraceInfo, Usage
from steelyard.web.contexts.judged import Judged, Said
from steelyard.web.dialogue import Thread
from steelyard.web.documents import Document
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
        duration: milliseconds; None while it runs, or where it ends before it begins.
        own: milliseconds in which nothing under it ran; None where that is not asked for or not known.
        tokens, cost: of all model calls in it and under it, each counted once.
        errors_under: how many spans under it failed.
        orphan: whether its parent is not in the trace.
        odd: what is strange about its times, for people.
        decisive: whether the trace would have been done sooner without it.
        where: which part of it says what was looked for, if not its name.
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
    running: bool = False
    own: float | None = None
    tokens: int | None = None
    cost: float | None = None
    model: str = ""
    errors_under: int = 0
    orphan: bool = False
    odd: str = ""
    decisive: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """Lines ``first`` to ``first + len(rows)`` of the ``shown`` ones, of ``total`` spans; ``scale`` is in seconds.

    Args:
        hits: the lines of what was looked for, at most 2,000 of them; ``found`` counts all.
        failures: the lines at which something failed, or under which something that is folded away did.
        whole: whether all spans are shown, not only those that were found and what is above them.
        strange: how many spans have times that cannot be.
    """

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
    strange: int = 0
    whole: bool = False
    found: int = 0
    hits: tuple[int, ...] = ()
    failures: tuple[int, ...] = ()
    timeline: bool = False


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
class Linked:
    """Another span that one has to do with; ``known`` says whether its trace is in this store."""

    trace_id: str
    span_id: str
    known: bool
    facts: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What made a span: the process, and the library in it."""

    scope: str
    resource: tuple[Attribute, ...] = ()
    scope_facts: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanView:
    """One span with what went in and what came out: as messages or documents where they are such, else text or JSON.

    Args:
        kind: what it does; ``role`` is OpenTelemetry's kind.
        after: milliseconds from the start of the trace.
        own: milliseconds in which nothing under it ran.
        odd: what is strange about its times, sentences for people.
        left_out: what its sender says it left out, for people.
        parameters: how the model was asked to answer.
    """

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
    parent_id: str = ""
    role: str = ""
    began_ms: int = 0
    own: float | None = None
    odd: tuple[str, ...] = ()
    left_out: str = ""
    trace_state: str = ""
    heard: tuple[Message, ...] = ()
    said: tuple[Message, ...] = ()
    documents: tuple[Document, ...] = ()
    inputs: tuple[Named, ...] = ()
    outputs: tuple[Named, ...] = ()
    parameters: tuple[Attribute, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    attributes_total: int = 0
    events: tuple[Happened, ...] = ()
    events_total: int = 0
    links: tuple[Linked, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPage:
    """A span on a page of its own."""

    span: SpanView
    trace_name: str
    reviewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpansPage:
    """A part of a waterfall, as the tree asks for it while it is scrolled."""

    waterfall: Waterfall
    trace_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A part of the conversations of a trace.

    Args:
        threads: with the turns ``first`` to ``first + shown`` of all ``total`` of them, in their order.
        calls: how many model calls they were read from.
        unread: how many later calls were not read.
        guessed: whether no call recorded messages, so that the root's input and output stand for them.
    """

    threads: tuple[Thread, ...] = ()
    first: int = 0
    shown: int = 0
    total: int = 0
    calls: int = 0
    unread: int = 0
    guessed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InSession:
    """The trace's place in its session: the ids of the traces before and after it, empty where there is none."""

    session: str
    earlier: str = ""
    later: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceState:
    """How far a trace is: what is asked for again while it runs."""

    info: TraceInfo
    name: str
    failed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """A trace: facts, one of three views (``tree``, ``timeline`` or ``chat``), assessments, one span."""

    info: TraceInfo
    name: str
    experiment_name: str
    run_name: str
    view: str
    waterfall: Waterfall
    span: SpanView | None
    judged: tuple[Judged, ...]
    reviewer: str
    dialogue: Dialogue | None = None
    in_session: InSession | None = None
    deleted: Said | None = None
