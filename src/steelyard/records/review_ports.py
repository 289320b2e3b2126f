"""What the rest of the house may ask of a store about people's work: questions, queues, answers, and saved scorers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from steelyard.records.registered_scorer import RegisteredScorer
from steelyard.records.review import (
    AnswerDraft,
    ItemDraft,
    LabelInput,
    LabelKind,
    LabelSchema,
    QueueRules,
    ReviewAnswer,
    ReviewedItem,
    ReviewItem,
    ReviewQueue,
)
from steelyard.records.run import Page


class LabelSchemaStore(Protocol):
    """Questions to people, by experiment."""

    def create(
        self,
        experiment_id: str,
        name: str,
        *,
        input: LabelInput,  # noqa: A002 - MLflow's name
        kind: LabelKind = "feedback",
        instruction: str = "",
        enable_comment: bool = False,
        by: str = "",
    ) -> LabelSchema:
        """Create a schema.

        Raises:
            AlreadyExists: the experiment has one of this name.
        """
        ...

    def get(self, schema_id: str) -> LabelSchema: ...
    def find(self, experiment_id: str, name: str) -> LabelSchema | None: ...
    def list(self, experiment_id: str) -> tuple[LabelSchema, ...]:
        """Return the schemas of an experiment by name."""
        ...

    def update(
        self,
        schema_id: str,
        *,
        name: str | None = None,
        input: LabelInput | None = None,  # noqa: A002
        instruction: str | None = None,
        enable_comment: bool | None = None,
        by: str = "",
    ) -> LabelSchema:
        """Change a schema; another ``input`` makes the next version. Answers that were given stay as they are."""
        ...

    def delete(self, schema_id: str) -> None:
        """Delete a schema that no queue asks.

        Raises:
            InvalidArgument: a queue asks it.
        """
        ...


class ReviewStore(Protocol):
    """Queues of items, who has what before them, and what was said. Answers become assessments of the traces."""

    def create(
        self,
        experiment_id: str,
        name: str,
        *,
        queue_type: str = "custom",
        item_type: str = "trace",
        users: Sequence[str] = (),
        schema_ids: Sequence[str] = (),
        rules: QueueRules | None = None,
        instruction: str = "",
        by: str = "",
    ) -> ReviewQueue:
        """Create an empty queue.

        Raises:
            AlreadyExists: the experiment has one of this name.
        """
        ...

    def get(self, queue_id: str) -> ReviewQueue: ...
    def find(self, experiment_id: str, name: str) -> ReviewQueue | None: ...
    def list(self, experiment_ids: Sequence[str] = (), *, user: str = "") -> tuple[ReviewQueue, ...]:
        """Return queues, of some experiments if any are named, those a user may review if one is; newest first."""
        ...

    def update(
        self,
        queue_id: str,
        *,
        name: str | None = None,
        users: Sequence[str] | None = None,
        schema_ids: Sequence[str] | None = None,
        rules: QueueRules | None = None,
        instruction: str | None = None,
        by: str = "",
    ) -> ReviewQueue: ...
    def delete(self, queue_id: str) -> None:
        """Delete a queue with its items. The assessments that answers became stay on their traces."""
        ...

    def add(self, queue_id: str, items: Sequence[ItemDraft]) -> tuple[ReviewItem, ...]:
        """Put items behind those that are there, all of them or none; return the new ones.

        What is in the queue already (the same trace, or the same two) is left as it is.

        Raises:
            NotFound: a trace does not exist.
        """
        ...

    def remove(self, queue_id: str, item_ids: Sequence[str]) -> int:
        """Take items out; return how many there were. Assessments stay on their traces."""
        ...

    def assign(self, queue_id: str, item_ids: Sequence[str], user: str) -> None:
        """Say for whom items are; an empty name is anybody."""
        ...

    def items(
        self,
        queue_id: str,
        *,
        status: str = "",
        only: str = "",
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[ReviewItem]:
        """Return items in order; ``status`` and ``only`` (``flagged`` or ``disputed``) narrow them."""
        ...

    def item(self, item_id: str) -> ReviewItem: ...
    def reviewed(self, queue_id: str) -> tuple[ReviewedItem, ...]:
        """Return every item that somebody said something to, with all of it, in order."""
        ...

    def answers(self, item_id: str) -> tuple[ReviewAnswer, ...]:
        """Return what was said to an item, the first first."""
        ...

    def next(self, queue_id: str, reviewer: str, *, not_these: Sequence[str] = ()) -> ReviewItem | None:
        """Hand a reviewer the next item, and keep it for them for a while; None if nothing is left for them.

        First what is kept for them already, then what is assigned to them, then what others have begun and more
        people must answer, then the rest in order. Never what they have answered, skipped or flagged, and never what
        would, with those who have it before them now, get more answers than it needs. Two reviewers that ask at once
        are not handed the same last answer.

        Raises:
            InvalidArgument: the queue has users, and this is none of them.
        """
        ...

    def answer(self, answer: AnswerDraft) -> ReviewAnswer:
        """Keep what somebody says, in one transaction with its assessments and the item's status.

        Said again by the same reviewer, it takes the place of what they said before (which stays in the history of the
        assessments); with the same ``submission_id`` it is the same answer and changes nothing. An answer that comes
        late, when the item has all it needs, is kept too.

        Raises:
            NotFound: the item, or the trace, is no longer there. Of a deleted trace the item is declined by this.
            InvalidArgument: a value is not of the form that the schema asks for.
            Conflict: a schema has another version than the answer was given under.
        """
        ...

    def withdraw(self, item_id: str, reviewer: str) -> ReviewItem:
        """Take an answer back, with its assessments, and keep the item for its reviewer."""
        ...

    def set_status(self, item_id: str, status: str, *, reason: str = "", by: str = "") -> ReviewItem: ...


class ScorerStore(Protocol):
    """Scorers that were registered, by experiment and name, in versions that never change."""

    def register(
        self, experiment_id: str, name: str, *, definition: str, digest: str, kind: str, by: str = ""
    ) -> RegisteredScorer:
        """Keep the next version; the newest version with the same digest is returned as it is."""
        ...

    def get(self, experiment_id: str, name: str, *, version: int | None = None) -> RegisteredScorer:
        """Return a version, the newest unless told."""
        ...

    def list(self, experiment_id: str) -> tuple[RegisteredScorer, ...]:
        """Return the newest version of each, by name."""
        ...

    def versions(self, experiment_id: str, name: str) -> tuple[RegisteredScorer, ...]:
        """Return the versions of one, the newest first."""
        ...

    def note(self, experiment_id: str, name: str, version: int, notes: dict[str, Any]) -> RegisteredScorer:
        """Add facts to a version that others learnt of it, such as how well it agrees with people."""
        ...

    def delete(self, experiment_id: str, name: str, *, version: int | None = None) -> int:
        """Delete a version, or all; return how many there were. A number that was used is not used again."""
        ...
