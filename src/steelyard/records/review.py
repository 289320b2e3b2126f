"""What people are asked, of what, and what they answered: label schemas, review queues, items and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

LabelKind = Literal["feedback", "expectation"]


@dataclass(frozen=True, slots=True)
class InputPassFail:
    """Yes or no, kept as a bool; the labels are what people see."""

    positive_label: str = "Pass"
    negative_label: str = "Fail"

    kind: ClassVar[str] = "pass_fail"


@dataclass(frozen=True, slots=True)
class InputCategorical:
    """One of some options, kept as its text; with ``multi_select`` any of them, kept as a list in their order."""

    options: tuple[str, ...]
    multi_select: bool = False

    kind: ClassVar[str] = "categorical"


@dataclass(frozen=True, slots=True)
class InputNumeric:
    """A number, both bounds included; None is no bound."""

    min_value: float | None = None
    max_value: float | None = None

    kind: ClassVar[str] = "numeric"


@dataclass(frozen=True, slots=True)
class InputText:
    """Words, at most so many characters; None is no limit."""

    max_length: int | None = None

    kind: ClassVar[str] = "text"


LabelInput: TypeAlias = InputPassFail | InputCategorical | InputNumeric | InputText


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSchema:
    """A question to people, and the form of its answers.

    Args:
        schema_id: ``ls-`` and 32 hexadecimal digits.
        experiment_id: whose it is.
        name: of the feedback or expectation that answers become; no other schema of the experiment has it.
        kind: whether answers are feedback on what was done, or expectations of what should have been.
        input: the form of an answer.
        instruction: what people should heed.
        enable_comment: whether a comment may be given; it becomes the rationale.
        version: 1, and one more whenever ``input`` changes. Answers keep the version that they were given under.
        created_by, created_time, last_updated_by, last_update_time: who and when, milliseconds since 1970.
    """

    schema_id: str
    experiment_id: str
    name: str
    input: LabelInput
    kind: LabelKind = "feedback"
    instruction: str = ""
    enable_comment: bool = False
    version: int = 1
    created_by: str = ""
    created_time: int = 0
    last_updated_by: str = ""
    last_update_time: int = 0

    @property
    def type(self) -> LabelKind:
        """MLflow's name of ``kind``."""
        return self.kind


class ReviewQueueType:
    """``USER``: what one person has to do. ``CUSTOM``: what some people, or all, are asked."""

    USER = "user"
    CUSTOM = "custom"


class ReviewItemType:
    """``TRACE``: the schemas are asked of one trace. ``PAIR``: which of two traces is better."""

    TRACE = "trace"
    PAIR = "pair"


class ReviewStatus:
    """Of an item: ``COMPLETE`` with as many answers as it needs; ``DECLINED`` when nobody can or need answer it."""

    PENDING = "pending"
    COMPLETE = "complete"
    DECLINED = "declined"


STATUSES = (ReviewStatus.PENDING, ReviewStatus.COMPLETE, ReviewStatus.DECLINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """How a queue hands out its items.

    Args:
        overlap: how many people answer an item that overlaps, 1 or more.
        overlap_share: share of the items that overlap, 0 to 1; chosen by a hash of what is reviewed, so that adding
            items moves none. The others need one answer.
        blind: whether scores of judges, and answers of others before one's own, are hidden from reviewers.
        reserve_seconds: how long an item that was handed out is kept for its reviewer.
    """

    overlap: int = 1
    overlap_share: float = 1.0
    blind: bool = True
    reserve_seconds: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """How far a queue is: items by status, those that somebody flagged, those whose answers disagree and that nobody
    has decided yet, and answers."""

    pending: int = 0
    complete: int = 0
    declined: int = 0
    flagged: int = 0
    disputed: int = 0
    answers: int = 0

    @property
    def items(self) -> int:
        return self.pending + self.complete + self.declined


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQueue:
    """Items that people are asked about.

    Args:
        queue_id: ``rq-`` and 32 hexadecimal digits.
        experiment_id: whose traces and schemas it has.
        name: no other queue of the experiment has it.
        queue_type: see :class:`ReviewQueueType`.
        item_type: of all its items; see :class:`ReviewItemType`.
        users: who reviews; empty for anybody.
        schema_ids: what is asked, in order. A queue of pairs asks which is better, and needs none.
        rules: how items are handed out.
        instruction: told to reviewers above every item.
        counts: how far it is.
        created_by, created_time, last_updated_by, last_update_time: who and when, milliseconds since 1970.
    """

    queue_id: str
    experiment_id: str
    name: str
    queue_type: str = ReviewQueueType.CUSTOM
    item_type: str = ReviewItemType.TRACE
    users: tuple[str, ...] = ()
    schema_ids: tuple[str, ...] = ()
    rules: QueueRules = QueueRules()
    instruction: str = ""
    counts: QueueCounts = QueueCounts()
    created_by: str = ""
    created_time: int = 0
    last_updated_by: str = ""
    last_update_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """What is put into a queue.

    Args:
        trace_id: what is reviewed; of a pair, the first.
        other_trace_id: of a pair, the second.
        name, other_name: of a pair, the contestants that the two are by, such as two runs or models.
        assigned_to: for whom it is; anybody unless given.
        needed: how many people answer it; by the queue's rules unless given.
        propensity: the probability with which it was drawn out of its population, above 0 and at most 1; None if it
            was not drawn at random.
        stratum: of the draw it belongs to.
        population: how many the draw was out of, in its stratum; 0 if it was not drawn.
    """

    trace_id: str
    other_trace_id: str = ""
    name: str = ""
    other_name: str = ""
    assigned_to: str = ""
    needed: int | None = None
    propensity: float | None = None
    stratum: str = ""
    population: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """Something in a queue.

    Args:
        item_id: ``ri-`` and 32 hexadecimal digits.
        queue_id: where it is.
        trace_id, other_trace_id, name, other_name, assigned_to, propensity, stratum, population: as in the draft.
        position: 0 is asked first.
        needed: how many people must answer.
        answers: how many did, without an adjudicator.
        status: see :class:`ReviewStatus`.
        flagged: whether somebody flagged it, with a reason in that answer.
        disputed: whether its answers differ and nobody has decided.
        reason: why it was declined.
        created_time, last_update_time: milliseconds since 1970.
    """

    item_id: str
    queue_id: str
    trace_id: str
    other_trace_id: str = ""
    name: str = ""
    other_name: str = ""
    assigned_to: str = ""
    propensity: float | None = None
    stratum: str = ""
    population: int = 0
    position: int = 0
    needed: int = 1
    answers: int = 0
    status: str = ReviewStatus.PENDING
    flagged: bool = False
    disputed: bool = False
    reason: str = ""
    created_time: int = 0
    last_update_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAnswer:
    """The answer to one schema.

    Args:
        schema_id: which.
        value: of the form that the schema asks for.
        comment: the reasons.
        version: of the schema that was answered.
    """

    schema_id: str
    value: Any
    comment: str = ""
    version: int = 1


PREFERENCE = "preference"
"""``schema_id`` of the answer to a pair; its value is ``first``, ``second`` or ``tie``."""

AnswerKind = Literal["answered", "skipped", "flagged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDraft:
    """What somebody says to an item.

    Args:
        item_id: the item.
        reviewer: who says it.
        kind: an answer; "not me" (``skipped``: the item goes to others); or "something is wrong with it" (``flagged``).
        labels: the answers; for a skipped or flagged item there may be none.
        comment: why it was skipped or flagged.
        submission_id: made by the sender once for each answer: told twice, it counts once.
        seconds: how long the reviewer had it before them; 0 if unknown.
        swapped: of a pair, whether the second was shown first.
        decides: whether this is an adjudicator's last word.
    """

    item_id: str
    reviewer: str
    kind: AnswerKind = "answered"
    labels: tuple[LabelAnswer, ...] = ()
    comment: str = ""
    submission_id: str = ""
    seconds: float = 0.0
    swapped: bool = False
    decides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """What somebody said to an item; one for each item and reviewer (an adjudicator's own answer stands beside it).

    Args:
        item_id, queue_id, reviewer, kind, labels, comment, submission_id, seconds, swapped, decides: as in the draft.
        assessment_ids: the assessment that each label became, by schema.
        time_ms: when it was given, last changed; milliseconds since 1970.
    """

    item_id: str
    queue_id: str
    reviewer: str
    kind: AnswerKind = "answered"
    labels: tuple[LabelAnswer, ...] = ()
    comment: str = ""
    submission_id: str = ""
    seconds: float = 0.0
    swapped: bool = False
    decides: bool = False
    assessment_ids: Mapping[str, str] = field(default_factory=dict)
    time_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedItem:
    """An item with all that was said to it: what agreement, decisions and rankings are made from."""

    item: ReviewItem
    answers: tuple[ReviewAnswer, ...] = ()
