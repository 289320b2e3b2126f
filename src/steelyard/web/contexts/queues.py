"""Review queues: their list, the making of one, its items, and the questions that queues ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from steelyard.records.review import LabelSchema, ReviewItem, ReviewQueue
from steelyard.web.contexts.runs import PageLink, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A queue in the list.

    Args:
        queue: the queue, with its counts.
        questions: the names of what it asks.
        minutes: how long what is pending takes one person, by how long answers took; None if unknown.
    """

    queue: ReviewQueue
    questions: tuple[str, ...]
    minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesPage:
    """The queues of an experiment, or of all; those with something pending first."""

    experiment_id: str
    experiment_name: str
    reviewer: str
    mine: bool
    queues: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuestion:
    """The fields of a question that is being made, as they were typed."""

    name: str = ""
    kind: str = "feedback"
    form: str = "pass_fail"
    positive: str = ""
    negative: str = ""
    options: str = ""
    several: bool = False
    min_value: str = ""
    max_value: str = ""
    max_length: str = ""
    instruction: str = ""
    comment: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFields:
    """The fields of a queue, as they were typed or as they are."""

    name: str = ""
    item_type: str = "trace"
    instruction: str = ""
    users: str = ""
    overlap: str = "1"
    share: str = "100"
    blind: bool = True
    minutes: str = "10"
    schema_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueForm:
    """The page on which a queue is made, or (with ``queue``) changed.

    Args:
        schemas: the questions that the experiment has.
        trace_ids: traces that go into the new queue at once.
        more: whether more were picked than one action takes.
        view: the list that they were picked in.
        made: the name of a question that was made a moment ago.
    """

    experiment_id: str
    experiment_name: str
    fields: QueueFields
    question: NewQuestion
    schemas: tuple[LabelSchema, ...]
    queue: ReviewQueue | None = None
    trace_ids: tuple[str, ...] = ()
    more: bool = False
    view: str = ""
    made: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChoice:
    """Which queue the traces that were picked go into."""

    experiment_id: str
    experiment_name: str
    trace_ids: tuple[str, ...]
    more: bool
    view: str
    queues: tuple[ReviewQueue, ...]
    chosen: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a way of adding items finds, before any is added.

    Args:
        n: how many traces or pairs match.
        missing: of a run's rows, those that have no trace that is still there.
        problem: why it cannot be told.
    """

    n: int = 0
    missing: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """The fields of the form that adds items."""

    source: str = ""
    filter: str = ""
    run: str = ""
    other_run: str = ""
    take: str = "newest"
    most: str = "100"
    assigned_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """A run whose traces or pairs may be added."""

    run_id: str
    name: str
    started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item in the list, with a line of what it is about; ``there`` is false once its trace was deleted."""

    item: ReviewItem
    name: str
    line: str
    there: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPage:
    """The items of a queue, and the place to add more."""

    queue: ReviewQueue
    experiment_name: str
    status: str
    only: str
    items: tuple[ItemRow, ...]
    next_page_token: str | None
    adding: Adding = field(default_factory=Adding)
    found: Found | None = None
    runs: tuple[RunChoice, ...] = ()
    added: int | None = None
    there_already: int = 0
    changed: str = ""
    older: PageLink | None = None
    newer: PageLink | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRow:
    """A question, and the queues that ask it."""

    schema: LabelSchema
    queues: tuple[ReviewQueue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemasPage:
    """The questions of an experiment; ``editing`` is the one whose form stands open."""

    experiment_id: str
    experiment_name: str
    schemas: tuple[SchemaRow, ...]
    question: NewQuestion
    editing: str = ""
    problem: Problem | None = None
