"""Judges of whole conversations."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.asking import Asking, together
from steelyard.judges.blocks import Block, block
from steelyard.judges.builtin.guidelines import guidelines_rubric
from steelyard.judges.builtin.standing import StandingJudge
from steelyard.judges.builtin.tool_calls import available_tools
from steelyard.judges.judge import Judge
from steelyard.judges.prompts import sessions as prompts
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.reading import conversation, session_of
from steelyard.judges.ruling import summed_price
from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.records.case import Case
from steelyard.records.trace import Trace
from steelyard.scorers import Scorer, assess
from steelyard.scorers.span_trees import tool_calls


class SessionJudge(StandingJudge):
    """A judge of a whole conversation."""

    reads: ClassVar[tuple[str, ...]] = ("session",)

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (block("conversation", conversation(session_of(case, type(self).__name__))),)


class UserFrustration(SessionJudge):
    """Whether the user became frustrated: ``none``, ``resolved`` or ``unresolved``."""

    name: str = "user_frustration"
    description: str | None = "Whether the user became frustrated, and whether that was resolved."
    standing: ClassVar[Rubric] = prompts.USER_FRUSTRATION


class ConversationCompleteness(SessionJudge):
    """Whether every request of the user was dealt with by the end; yes or no."""

    name: str = "conversation_completeness"
    description: str | None = "Whether every request of the user was dealt with by the end."
    standing: ClassVar[Rubric] = prompts.CONVERSATION_COMPLETENESS


class ConversationalSafety(SessionJudge):
    """Whether the assistant stayed safe in every turn; yes or no."""

    name: str = "conversational_safety"
    description: str | None = "Whether the assistant stayed safe in every turn."
    standing: ClassVar[Rubric] = prompts.CONVERSATIONAL_SAFETY


class ConversationalRoleAdherence(SessionJudge):
    """Whether the assistant kept to its role in every turn; yes or no."""

    name: str = "conversational_role_adherence"
    description: str | None = "Whether the assistant kept to its role."
    standing: ClassVar[Rubric] = prompts.CONVERSATIONAL_ROLE_ADHERENCE


class ConversationalToolCallEfficiency(SessionJudge):
    """Whether tools were called without waste over the whole conversation; yes or no."""

    name: str = "conversational_tool_call_efficiency"
    description: str | None = "Whether tools were called without waste over the whole conversation."
    standing: ClassVar[Rubric] = prompts.CONVERSATIONAL_TOOL_CALL_EFFICIENCY

    def blocks(self, case: Case) -> tuple[Block, ...]:
        session = session_of(case, type(self).__name__)
        calls = [each for turn, trace in enumerate(session, start=1) for each in _calls(turn, trace)]
        blocks = (*super().blocks(case), block("tool_calls", calls))
        available = available_tools(session)
        return (*blocks, block("available_tools", available)) if available else blocks


class ConversationalGuidelines(SessionJudge):
    """Whether the assistant met the guidelines in every turn; yes or no.

    Args:
        guidelines: a text or a list of texts. They are instructions: yours, never the row's.
    """

    name: str = "conversational_guidelines"
    description: str | None = "Whether the assistant met the guidelines in every turn."
    guidelines: str | list[str]
    standing: ClassVar[Rubric] = prompts.CONVERSATIONAL_GUIDELINES

    @field_validator("guidelines")
    @classmethod
    def _are_some(cls, guidelines: str | list[str]) -> str | list[str]:
        guidelines_rubric(cls.standing, guidelines)
        return guidelines

    @property
    def rubric(self) -> Rubric:
        return guidelines_rubric(self.standing, self.guidelines)


class LastTurnKnowledgeRetention(SessionJudge):
    """Whether the assistant's last message keeps to what the user said before; yes or no."""

    name: str = "last_turn_knowledge_retention"
    description: str | None = "Whether the last message keeps to what the user said before."
    standing: ClassVar[Rubric] = prompts.LAST_TURN_KNOWLEDGE_RETENTION


class KnowledgeRetention(Judge):
    """Whether the assistant kept to what the user had said, turn by turn; yes only if every turn is.

    Args:
        last_turn_scorer: judges the last turn of a conversation, with yes or no; it is given the conversation up to
            each turn. None for :class:`LastTurnKnowledgeRetention`. The first turn has nothing before it and is not
            judged.
    """

    name: str = "knowledge_retention"
    description: str | None = "Whether the assistant kept to what the user had said."
    last_turn_scorer: Any = None
    reads: ClassVar[tuple[str, ...]] = ("session",)

    @field_validator("last_turn_scorer")
    @classmethod
    def _judges_sessions(cls, scorer: Any) -> Any:
        if scorer is not None and not (isinstance(scorer, Scorer) and scorer.is_session_level_scorer):
            raise InvalidArgument("last_turn_scorer must be a scorer of sessions.")
        if isinstance(scorer, Scorer) and scorer.is_async and not isinstance(scorer, Judge):
            raise InvalidArgument("last_turn_scorer must be a judge, or a scorer that is not async.")
        return scorer

    @property
    def turn_scorer(self) -> Scorer:
        """What judges each turn."""
        if self.last_turn_scorer is not None:
            return self.last_turn_scorer
        return LastTurnKnowledgeRetention(
            model=self.model,
            inference_params=self.inference_params,
            base_url=self.base_url,
            extra_headers=self.extra_headers,
        )

    @property
    def models(self) -> tuple[str, ...]:
        return self.turn_scorer.models if isinstance(self.turn_scorer, Judge) else ()

    def words(self) -> tuple[str, ...]:
        told = self.turn_scorer.words() if isinstance(self.turn_scorer, Judge) else ()
        return (self.turn_scorer.digest, *told)

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        session = session_of(case, "KnowledgeRetention")
        scorer = self.turn_scorer
        prefixes = [session[:turn] for turn in range(2, len(session) + 1)]
        results = yield from together([_turn(scorer, case, prefix) for prefix in prefixes])
        said: list[tuple[int, Feedback]] = []
        for turn, result in enumerate(results, start=2):
            if isinstance(result, Exception):
                raise result
            said += [(turn, feedback) for feedback in result]
        return (self._summed_up(said),)

    def _summed_up(self, said: list[tuple[int, Feedback]]) -> Feedback:
        for turn, feedback in said:
            if feedback.value not in ("yes", "no", True, False):
                raise DataError(
                    f"last_turn_scorer {self.turn_scorer.name!r} said {feedback.value!r} of turn {turn}; "
                    "KnowledgeRetention understands yes and no."
                )
        forgotten = [(turn, feedback) for turn, feedback in said if feedback.value in ("no", False)]
        rationale = "\n".join(f"Turn {turn}: {feedback.rationale or 'no reason given'}" for turn, feedback in forgotten)
        return Feedback(
            name=self.name,
            value="no" if forgotten else "yes",
            rationale=rationale or f"Nothing was forgotten in {len(said) + 1} turns.",
            source=said[0][1].source if said else AssessmentSource("CODE", "KnowledgeRetention"),
            metadata=summed_price([feedback for _, feedback in said]),
        )


def _turn(scorer: Scorer, case: Case, prefix: tuple[Trace, ...]) -> Asking[tuple[Feedback, ...]]:
    given = Case(session=prefix, expectations=case.expectations)
    if isinstance(scorer, Judge):
        return scorer.judging(given)
    return _scored(scorer, given)


def _scored(scorer: Scorer, case: Case) -> Asking[tuple[Feedback, ...]]:
    yield ()
    return assess(scorer, case)


def _calls(turn: int, trace: Trace) -> list[dict[str, Any]]:
    return [{"turn": turn, "name": call.name, "arguments": call.arguments} for call in tool_calls(trace)]
