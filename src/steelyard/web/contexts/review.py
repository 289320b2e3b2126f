"""One item before a reviewer: what is to be judged, what is asked of it, and how far the reviewer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steelyard.records.review import LabelKind, ReviewItem, ReviewQueue
from steelyard.web.dialogue import Thread, Turn

QuestionForm = Literal["pass_fail", "categorical", "several", "numeric", "text", "pair"]
Stage = Literal["who", "stranger", "empty", "done", "item"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChoice:
    """A way to answer: what is sent, what people read, and the key that chooses it (empty beyond nine)."""

    value: str
    label: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A schema as a form asks it.

    Args:
        number: its place among the questions, from 0.
        form: how it is answered; ``several`` is a categorical question with more than one option allowed.
        choices: the options, where there are any.
        typed: what was typed or chosen before and is kept, such as after an answer that could not be saved.
        comment: the comment that was typed before.
        problem: what is wrong with what was typed.
    """

    number: int
    schema_id: str
    name: str
    form: QuestionForm
    kind: LabelKind = "feedback"
    version: int = 1
    instruction: str = ""
    enable_comment: bool = False
    choices: tuple[AnswerChoice, ...] = ()
    min_value: float | None = None
    max_value: float | None = None
    max_length: int | None = None
    typed: tuple[str, ...] = ()
    comment: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A trace as reviewers read it: what went in and what came out.

    Args:
        label: ``A`` or ``B`` of a pair; else empty.
        turns: what was asked and answered, as a conversation.
        cut: how many messages are left out of the middle.
        error: why it failed; empty if it did not.
        by: whose it is, of a pair whose reviewers may know.
    """

    trace_id: str
    name: str
    turns: tuple[Turn, ...]
    label: str = ""
    cut: int = 0
    error: str = ""
    by: str = ""
    n_spans: int = 0
    duration: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Something that is known of the trace beforehand: an expectation, or what a judge said where that is shown."""

    name: str
    value: str
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer that was given to this item, in words."""

    reviewer: str
    kind: str
    values: tuple[tuple[str, str], ...] = ()
    comments: tuple[str, ...] = ()
    decides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a reviewer is.

    Args:
        done: items they have said something to.
        waiting: of those, items that wait for others.
        left: items that they may still be asked.
        pace: seconds that one takes them; 0 if unknown.
    """

    done: int = 0
    waiting: int = 0
    left: int = 0
    pace: float = 0.0

    @property
    def of(self) -> int:
        return self.done + self.left

    @property
    def minutes(self) -> float | None:
        return self.left * self.pace / 60 if self.pace else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """What a reviewer has before them.

    Args:
        stage: ``who`` while nobody has said who reviews, ``stranger`` for somebody whom the queue does not name,
            ``empty`` for a queue without items, ``done`` when nothing is left for them, else ``item``.
        sides: the trace, or the two of a pair in the order that this reviewer sees.
        swapped: of a pair, whether the second stands first.
        expectations: what is known to be right.
        said: what judges said, unless the queue is blind.
        before: what this reviewer said to the item before.
        others: what others said, once this reviewer has answered.
        trail: items that were answered a moment ago, the last last: these can be undone.
        submission_id: of the answer that the form will send.
        shown_at: when the item was shown, milliseconds since 1970.
        notice: what happened to the item before this one, if it was not simply saved.
        problem: why the answer was not saved; what was typed is kept.
        reason: the reason that was typed for a skip or a flag.
    """

    queue: ReviewQueue
    experiment_name: str
    reviewer: str
    stage: Stage
    progress: Progress = Progress()
    item: ReviewItem | None = None
    sides: tuple[Side, ...] = ()
    swapped: bool = False
    questions: tuple[Question, ...] = ()
    expectations: tuple[Known, ...] = ()
    said: tuple[Known, ...] = ()
    before: Told | None = None
    others: tuple[Told, ...] = ()
    trail: tuple[str, ...] = ()
    submission_id: str = ""
    shown_at: int = 0
    notice: str = ""
    problem: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A span of the trace: how deep it lies, what it is called, how long it took in milliseconds."""

    span_id: str
    name: str
    icon: str
    depth: int
    failed: bool
    duration: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A trace beside the item: the conversations that its model calls saw, and its first steps.

    Args:
        label: ``A`` or ``B`` of a pair; else empty.
        total: how many spans it has.
    """

    trace_id: str
    label: str
    threads: tuple[Thread, ...]
    steps: tuple[Step, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsPage:
    """The traces of an item, in the order that its reviewer sees them."""

    item_id: str
    traces: tuple[Beside, ...]
