"""Judges from instructions in words, under MLflow's name and signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, PrivateAttr

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.agent import TOOL_RULES, rule_by_reading
from steelyard.judges.asking import Asking
from steelyard.judges.blocks import Block, block
from steelyard.judges.judge import Judge
from steelyard.judges.prompts.rubric import PROTOCOL_VERSION, Rubric, system_message
from steelyard.judges.reading import conversation, expectations_of, inputs_of, outputs_of, session_of, trace_of
from steelyard.judges.ruling import rule
from steelyard.judges.templates import template_variables, with_references
from steelyard.judges.values import ValueType
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case
from steelyard.scorers.binding import Find

_READS = {"conversation": "session"}
MODEL_APIS = ("default", "chat_completions")


class InstructionsJudge(Judge):
    """A judge that follows instructions; :func:`make_judge` makes them.

    Args:
        instructions: what to judge, with variables.
        feedback_value_type: the type of its values.
        include_timing_in_conversation: whether a conversation is shown with its times.
        generate_rationale_first: whether the reasons are written before the verdict.
    """

    instructions: str
    feedback_value_type: Any = Field(default=str)
    include_timing_in_conversation: bool = False
    generate_rationale_first: bool = True

    _variables: tuple[str, ...] = PrivateAttr(default=())
    _rubric: Rubric = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self._variables = template_variables(self.instructions)
        self._rubric = Rubric(
            self.name, PROTOCOL_VERSION, with_references(self.instructions), ValueType(self.feedback_value_type)
        )

    @property
    def template_variables(self) -> tuple[str, ...]:
        """Which of the five variables its instructions name."""
        return self._variables

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(_READS.get(name, name) for name in self._variables)

    @property
    def is_session_level_scorer(self) -> bool:
        return "conversation" in self._variables or bool(self.session_level)

    def words(self) -> tuple[str, ...]:
        text = self._rubric.text + (TOOL_RULES if "trace" in self._variables else "")
        return (system_message(text, self._rubric.value, rationale_first=self.generate_rationale_first),)

    def demands(self) -> Mapping[str, Find]:
        return {"expectations": self._expectations} if "expectations" in self._variables else {}

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        blocks = self._blocks(case)
        first = self.generate_rationale_first
        if "trace" in self._variables:
            trace = trace_of(case, f"Judge {self.name!r}")
            ruling = yield from rule_by_reading(self.bench, self._rubric, trace, blocks, rationale_first=first)
        else:
            ruling = yield from rule(self.bench, self._rubric, blocks, rationale_first=first)
        return (ruling.feedback(self.name),)

    def _blocks(self, case: Case) -> tuple[Block, ...]:
        judge = f"Judge {self.name!r}"
        blocks: list[Block] = []
        for variable in self._variables:
            if variable == "inputs":
                blocks.append(block("inputs", inputs_of(case, judge)))
            elif variable == "outputs":
                blocks.append(block("outputs", outputs_of(case, judge)))
            elif variable == "expectations":
                blocks.append(block("expectations", self._expectations(case)))
            elif variable == "conversation":
                told = conversation(session_of(case, judge), timing=self.include_timing_in_conversation)
                blocks.append(block("conversation", told))
        return tuple(blocks)

    def _expectations(self, case: Case) -> dict[str, Any]:
        found = expectations_of(case)
        if not found:
            raise DataError(f"Judge {self.name!r} names {{{{ expectations }}}}, and the row has none.")
        return found


def check_model_api(model_api: str) -> str:
    """Return the name of the API by which a model is asked.

    Raises:
        InvalidArgument: there is no such API here.
    """
    if str(model_api) not in MODEL_APIS:
        raise InvalidArgument(f"model_api={model_api!r} is not supported; use one of {', '.join(MODEL_APIS)}.")
    return str(model_api)


def make_judge(
    name: str,
    instructions: str,
    model: str | None = None,
    description: str | None = None,
    feedback_value_type: Any = None,
    inference_params: dict[str, Any] | None = None,
    base_url: str | None = None,
    extra_headers: dict[str, str] | None = None,
    include_timing_in_conversation: bool = False,
    generate_rationale_first: bool = True,
    session_level: bool | None = None,
    model_api: str = "default",
) -> InstructionsJudge:
    """Make a judge of instructions in words.

    Args:
        name: names its feedback, its metrics and its columns.
        instructions: what to judge, with at least one of ``{{ inputs }}``, ``{{ outputs }}``, ``{{ expectations }}``,
            ``{{ trace }}`` and ``{{ conversation }}``. A variable becomes a reference to a block of data: what is
            judged never becomes part of the instructions. With ``{{ trace }}`` the judge reads the trace with tools.
            ``{{ conversation }}`` judges whole sessions and goes only with ``{{ expectations }}``.
        model: its URI, such as ``openai:/gpt-4o-mini``; None for the default judge.
        description: what it is for.
        feedback_value_type: ``bool``, ``int``, ``float``, ``str`` (the default), ``Literal[...]``, an Optional of one
            of these, or ``dict[str, ...]`` and ``list[...]`` of the first four. Answers of another form are parse
            errors.
        inference_params: ``temperature``, ``max_tokens`` … for the model.
        base_url: where the model is served, if not where its provider is.
        extra_headers: sent with every question.
        include_timing_in_conversation: whether a conversation is shown with its times.
        generate_rationale_first: reasons before the verdict; a verdict that comes first is only excused afterwards.
            (MLflow's default is the other way round.)
        session_level: whether it judges sessions; None means: if it names ``{{ conversation }}``.
        model_api: ``default`` or ``chat_completions``.

    Raises:
        InvalidArgument: instructions, type, model or model_api cannot be used.

    Examples:
        >>> judge = make_judge("polite", "Is {{ outputs }} a polite answer to {{ inputs }}?", feedback_value_type=bool)
        >>> judge.template_variables
        ('inputs', 'outputs')
    """
    check_model_api(model_api)
    template_variables(instructions)
    value = ValueType(str if feedback_value_type is None else feedback_value_type)
    return InstructionsJudge(
        name=name,
        instructions=instructions,
        model=model,
        description=description,
        feedback_value_type=value.annotation,
        inference_params=inference_params,
        base_url=base_url,
        extra_headers=extra_headers,
        include_timing_in_conversation=include_timing_in_conversation,
        generate_rationale_first=generate_rationale_first,
        session_level=session_level,
    )
