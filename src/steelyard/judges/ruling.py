"""One ruling: a system message, blocks of data and a type of value go to a model, and a verdict comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.judges.asking import Asking, answer_to
from steelyard.judges.blocks import Block, fenced
from steelyard.judges.prompts.rubric import Rubric, system_message
from steelyard.judges.values import read_verdict, verdict_schema
from steelyard.llm import Answer, Message, Question, Tool, default_judge_model, parse_model
from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.records.trace import Usage

COST_KEY = "mlflow.assessment.judgeCost"
INPUT_TOKENS_KEY = "mlflow.assessment.judgeInputTokens"
OUTPUT_TOKENS_KEY = "mlflow.assessment.judgeOutputTokens"
PRICE_KEYS = (COST_KEY, INPUT_TOKENS_KEY, OUTPUT_TOKENS_KEY)
PROMPT_KEY = "steelyard.judge.prompt"
ANSWERED_KEY = "steelyard.judge.answered"
"""The model that says it answered: behind the name that was asked for may stand another one tomorrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The model that judges, and how it is reached.

    Args:
        model: its URI, such as ``openai:/gpt-4o-mini``; None for the default judge.
        params: ``temperature``, ``max_tokens`` … for every question.
        base_url: where it is served, if not where its provider is or the environment says.
        extra_headers: sent with every question.
    """

    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    base_url: str | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.model is not None:
            parse_model(self.model)

    @property
    def judge(self) -> str:
        """The URI of the model that will be asked."""
        return self.model or default_judge_model()

    def question(
        self,
        messages: Iterable[Message],
        *,
        schema: Mapping[str, Any] | None,
        purpose: str,
        tools: tuple[Tool, ...] = (),
    ) -> Question:
        return Question(
            model=self.judge,
            messages=tuple(messages),
            schema=schema,
            params=dict(self.params),
            tools=tools,
            base_url=self.base_url,
            extra_headers=dict(self.extra_headers),
            purpose=purpose,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A verdict with its reasons and its price."""

    value: Any
    rationale: str
    model: str
    prompt: str
    usage: Usage = field(default_factory=Usage)
    answered: str = ""

    def feedback(self, name: str, *, span_id: str | None = None, metadata: Mapping[str, Any] | None = None) -> Feedback:
        """Return it as feedback of that name, said by the model."""
        return Feedback(
            name=name,
            value=self.value,
            rationale=self.rationale,
            source=AssessmentSource("LLM_JUDGE", self.model),
            span_id=span_id,
            metadata={**price(self.usage), **self._by_whom(), PROMPT_KEY: self.prompt, **(metadata or {})},
        )

    def _by_whom(self) -> dict[str, str]:
        return {ANSWERED_KEY: self.answered} if self.answered else {}


def price(usage: Usage) -> dict[str, Any]:
    """Return tokens and cost under MLflow's keys, as far as they are known."""
    known: dict[str, Any] = {}
    if usage.cost is not None:
        known[COST_KEY] = usage.cost
    if usage.total_tokens:
        known[INPUT_TOKENS_KEY] = usage.input_tokens
        known[OUTPUT_TOKENS_KEY] = usage.output_tokens
    return known


def summed_price(feedbacks: Sequence[Feedback]) -> dict[str, Any]:
    """Return the tokens and cost of several feedbacks together."""
    known = [key for key in PRICE_KEYS if feedbacks and all(key in feedback.metadata for feedback in feedbacks)]
    return {key: sum(feedback.metadata[key] for feedback in feedbacks) for key in known}


def rule(bench: Bench, rubric: Rubric, blocks: Iterable[Block], *, rationale_first: bool = True) -> Asking[Ruling]:
    """Ask for one ruling.

    Args:
        bench: who judges.
        rubric: what is decided; its text is the developer's, never the row's.
        blocks: what is judged.
        rationale_first: whether the reasons are written before the verdict.
    """
    question = bench.question(
        opening(rubric, blocks, rationale_first=rationale_first),
        schema=verdict_schema(rubric.value, rationale_first=rationale_first),
        purpose=f"judge:{rubric.label}",
    )
    answer = yield from answer_to(question)
    return ruling_of(answer, bench, rubric, answer.usage)


def opening(rubric: Rubric, blocks: Iterable[Block], *, rationale_first: bool) -> tuple[Message, Message]:
    """Return the two messages with which every judgement begins."""
    return (
        Message("system", system_message(rubric.text, rubric.value, rationale_first=rationale_first)),
        Message("user", fenced(blocks)),
    )


def ruling_of(answer: Answer, bench: Bench, rubric: Rubric, usage: Usage) -> Ruling:
    """Read an answer strictly.

    Raises:
        AnswerUnreadable: it has another form than was asked for.
    """
    value, rationale = read_verdict(rubric.value, answer.value)
    return Ruling(
        value=value,
        rationale=rationale,
        model=bench.judge,
        prompt=rubric.label,
        usage=usage,
        answered=answer.model or "",
    )
