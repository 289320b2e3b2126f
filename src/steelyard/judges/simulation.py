"""Conversations with a simulated user: somebody with a goal talks to an application until the goal is met.

The loop knows neither tracing nor the engine: whoever runs it gives it ``call``, which calls the application with one
turn's arguments and returns its output and its trace.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any, TypeAlias

from steelyard.errors import InvalidArgument
from steelyard.judges.asking import settle
from steelyard.judges.blocks import block, fenced
from steelyard.judges.prompts import simulation as prompts
from steelyard.judges.ruling import Bench, rule
from steelyard.llm import Message, ask_sync
from steelyard.records.assessment import Expectation
from steelyard.records.trace import SESSION_KEY, Trace
from steelyard.scorers.chat import response_text

Turn: TypeAlias = tuple[Any, Trace]
Call: TypeAlias = Callable[[dict[str, Any]], Awaitable[Turn]]

_FIELDS = ("goal", "persona", "context", "expectations", "simulation_guidelines")
_RESERVED = ("input", "messages", "mlflow_session_id")
_LABEL_LENGTH = 250


@dataclass(frozen=True, slots=True)
class SimulatorContext:
    """What a simulated user knows before it speaks.

    Args:
        goal: what the user wants.
        persona: who the user is.
        conversation_history: the messages so far, each with ``role`` and ``content``.
        turn: from 0.
        simulation_guidelines: how the user should behave.
    """

    goal: str
    persona: str
    conversation_history: list[dict[str, Any]]
    turn: int
    simulation_guidelines: str | list[str] | None = None

    @property
    def is_first_turn(self) -> bool:
        return self.turn == 0

    @property
    def formatted_history(self) -> str | None:
        """The messages as lines of ``role: content``; None before the first."""
        lines = [f"{message['role']}: {message['content']}" for message in self.conversation_history]
        return "\n".join(lines) or None

    @property
    def last_assistant_response(self) -> str | None:
        said = [message["content"] for message in self.conversation_history if message["role"] == "assistant"]
        return str(said[-1]) if said else None


class BaseSimulatedUserAgent(ABC):
    """A simulated user. Subclass it and define :meth:`generate_message`.

    Args:
        model: the URI of the model that plays the user; None for the default judge.
        **inference_params: ``temperature`` … for that model.
    """

    def __init__(self, model: str | None = None, **inference_params: Any) -> None:
        self.bench = Bench(model=model, params=inference_params)
        self.model = self.bench.judge
        self.inference_params = inference_params

    @abstractmethod
    def generate_message(self, context: SimulatorContext) -> str:
        """Return what the user says next. May be ``async``."""

    def invoke_llm(self, prompt: str, system_prompt: str | None = None) -> str:
        """Ask the user's model for a text; cache, budget and limits around hold."""
        told = [Message("system", system_prompt)] if system_prompt else []
        question = self.bench.question((*told, Message("user", prompt)), schema=None, purpose="simulation:user")
        return str(ask_sync(question).value)


class SimulatedUserAgent(BaseSimulatedUserAgent):
    """A user played by a language model. What the application says is data to it, as everywhere."""

    def generate_message(self, context: SimulatorContext) -> str:
        about = [block("goal", context.goal), block("persona", context.persona)]
        if context.simulation_guidelines:
            about.append(block("guidelines", context.simulation_guidelines))
        if not context.is_first_turn:
            about.append(block("conversation", context.conversation_history))
        return self.invoke_llm(fenced(about), system_prompt=prompts.USER)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCase:
    """One conversation to be held.

    Args:
        goal: what the user wants.
        persona: who the user is.
        context: further arguments of the application, the same in every turn.
        expectations: ground truth about the whole conversation.
        simulation_guidelines: how the user should behave.
    """

    goal: str
    persona: str = prompts.DEFAULT_PERSONA
    context: Mapping[str, Any] = field(default_factory=dict)
    expectations: Mapping[str, Any] = field(default_factory=dict)
    simulation_guidelines: str | list[str] | None = None

    def session_id(self, *, row: int, repeat: int = 0, salt: str = "") -> str:
        """Return a name for the conversation that is the same whenever it is held again for one ``salt`` (the run)."""
        content = json.dumps([self.goal, self.persona, dict(self.context), row, repeat, salt], default=str)
        return f"sim-{hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:16]}"


class ConversationSimulator:
    """Conversations with simulated users, as data of an evaluation.

    Args:
        test_cases: mappings with ``goal`` and perhaps ``persona``, ``context`` (further arguments of the application),
            ``expectations`` and ``simulation_guidelines``; a list, or a frame with these columns.
        max_turns: after so many turns a conversation ends.
        user_model: the URI of the model that plays the user, and that tells whether the goal is met.
        user_agent_class: plays the user; :class:`SimulatedUserAgent` unless told.
        **user_llm_params: ``temperature`` … for the user's model.

    Raises:
        InvalidArgument: a test case has no goal, or a context that cannot be passed on.

    Examples:
        >>> simulator = ConversationSimulator([{"goal": "Learn how to log a metric"}], max_turns=3)
        >>> simulator.cases[0].goal
        'Learn how to log a metric'
    """

    def __init__(
        self,
        test_cases: Any,
        max_turns: int = 10,
        user_model: str | None = None,
        user_agent_class: type[BaseSimulatedUserAgent] | None = None,
        **user_llm_params: Any,
    ) -> None:
        if isinstance(max_turns, bool) or not isinstance(max_turns, int) or max_turns < 1:
            raise InvalidArgument(f"max_turns={max_turns!r} must be a whole number from 1.")
        agent = SimulatedUserAgent if user_agent_class is None else user_agent_class
        if not (isinstance(agent, type) and issubclass(agent, BaseSimulatedUserAgent)):
            raise InvalidArgument("user_agent_class must be a subclass of BaseSimulatedUserAgent.")
        self._bench = Bench(model=user_model)
        self.test_cases = _records(test_cases)
        self.cases = tuple(_case(each, place) for place, each in enumerate(self.test_cases))
        self.max_turns = max_turns
        self.user_model = user_model
        self.user_agent_class = agent
        self.user_llm_params = user_llm_params

    @property
    def digest(self) -> str:
        """What the conversations will be about, as 32 hexadecimal digits; not how they turn out."""
        agent = f"{self.user_agent_class.__module__}.{self.user_agent_class.__qualname__}"
        content = [self.test_cases, self.max_turns, self._bench.judge, agent, self.user_llm_params]
        text = json.dumps([prompts.VERSION, *content], default=str, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]

    async def simulate(self, case: SimulatedCase, call: Call, *, session_id: str, key: str = "messages") -> list[Trace]:
        """Hold one conversation.

        Args:
            case: one of :attr:`cases`.
            call: calls the application with one turn's arguments; gives its output and its trace.
            session_id: the application gets it as ``mlflow_session_id``, and every trace carries it.
            key: under which name the application takes the messages; see :func:`message_parameter`.

        Returns:
            A trace a turn, in order. The conversation ends when the goal is met, the answer is empty, or after
            ``max_turns``. What ``call`` raises passes through.
        """
        user = self.user_agent_class(model=self.user_model, **self.user_llm_params)
        history: list[dict[str, Any]] = []
        traces: list[Trace] = []
        for turn in range(self.max_turns):
            context = SimulatorContext(case.goal, case.persona, list(history), turn, case.simulation_guidelines)
            history.append({"role": "user", "content": await _said(user, context)})
            messages = [dict(message) for message in history]
            output, trace = await call({key: messages, **case.context, "mlflow_session_id": session_id})
            traces.append(labelled(trace, case, session_id=session_id, turn=turn))
            answer = response_text(output)
            if not answer.strip():
                break
            history.append({"role": "assistant", "content": answer})
            if turn + 1 < self.max_turns and await _is_goal_met(self._bench, case.goal, history):
                break
        return traces


def message_parameter(predict_fn: Callable[..., Any]) -> str:
    """Return the name under which a function takes the conversation: ``messages`` or ``input``.

    Raises:
        InvalidArgument: it takes both, or neither.

    Examples:
        >>> message_parameter(lambda messages, **further: None)
        'messages'
    """
    taken = [name for name in ("messages", "input") if name in signature(predict_fn).parameters]
    if len(taken) != 1:
        what = "both messages and input" if taken else "neither messages nor input"
        raise InvalidArgument(f"To talk to simulated users, predict_fn must take messages or input; it takes {what}.")
    return taken[0]


def fitting(predict_fn: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments without ``mlflow_session_id`` where the function does not take it."""
    parameters = signature(predict_fn).parameters
    takes_rest = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
    if takes_rest or "mlflow_session_id" in parameters:
        return dict(arguments)
    return {name: value for name, value in arguments.items() if name != "mlflow_session_id"}


async def _said(user: BaseSimulatedUserAgent, context: SimulatorContext) -> str:
    """Let the user speak, off the event loop where its method is an ordinary one."""
    speak: Any = user.generate_message
    if iscoroutinefunction(speak):
        message = await speak(context)
    else:
        message = await asyncio.to_thread(speak, context)
    if not isinstance(message, str) or not message.strip():
        raise InvalidArgument(f"{type(user).__name__}.generate_message must return a text; it returned {message!r}.")
    return message


async def _is_goal_met(bench: Bench, goal: str, history: Sequence[Mapping[str, Any]]) -> bool:
    blocks = (block("goal", goal), block("conversation", list(history)))
    ruling = await settle(rule(bench, prompts.GOAL_MET, blocks))
    return bool(ruling.value == "yes")


def labelled(trace: Trace, case: SimulatedCase, *, session_id: str, turn: int) -> Trace:
    """Return a turn's trace with its session and its subject; the first one's also with what is expected."""
    labels = {
        SESSION_KEY: session_id,
        "mlflow.simulation.goal": case.goal[:_LABEL_LENGTH],
        "mlflow.simulation.persona": case.persona[:_LABEL_LENGTH],
        "mlflow.simulation.turn": str(turn),
    }
    if case.simulation_guidelines:
        listed = case.simulation_guidelines
        text = listed if isinstance(listed, str) else "\n".join(listed)
        labels["mlflow.simulation.simulation_guidelines"] = text[:_LABEL_LENGTH]
    expected = case.expectations if turn == 0 else {}
    known = trace.info.assessments
    logged = tuple(Expectation(name, value, trace_id=trace.info.trace_id) for name, value in expected.items())
    metadata = {**trace.info.trace_metadata, **labels}
    return replace(trace, info=replace(trace.info, trace_metadata=metadata, assessments=(*known, *logged)))


def _records(test_cases: Any) -> list[dict[str, Any]]:
    if hasattr(test_cases, "to_df"):  # a stored dataset
        test_cases = test_cases.to_df()
    if hasattr(test_cases, "to_dicts"):  # polars
        test_cases = test_cases.to_dicts()
    elif hasattr(test_cases, "to_dict") and hasattr(test_cases, "columns"):  # pandas
        test_cases = test_cases.to_dict("records")
    if not isinstance(test_cases, Sequence) or isinstance(test_cases, (str, bytes)) or not test_cases:
        raise InvalidArgument('test_cases must be a list of mappings with a goal, such as [{"goal": "..."}].')
    for place, each in enumerate(test_cases):
        if not isinstance(each, Mapping):
            raise InvalidArgument(f"Test case {place} is {type(each).__name__}; it must be a mapping with a goal.")
    return [dict(each.get("inputs") if isinstance(each.get("inputs"), Mapping) else each) for each in test_cases]


def _case(given: Mapping[str, Any], place: int) -> SimulatedCase:
    known = {name: value for name, value in given.items() if not _is_absent(value)}
    unknown = sorted(set(known).difference(_FIELDS))
    if unknown:
        raise InvalidArgument(f"Test case {place} has {', '.join(unknown)}; its fields may be {', '.join(_FIELDS)}.")
    if not isinstance(known.get("goal"), str) or not known["goal"].strip():
        raise InvalidArgument(f"Test case {place} has no goal.")
    for name in ("context", "expectations"):
        if not isinstance(known.get(name, {}), Mapping):
            raise InvalidArgument(f"The {name} of test case {place} must be a mapping.")
    taken = sorted(set(known.get("context", {})).intersection(_RESERVED))
    if taken:
        raise InvalidArgument(
            f"The context of test case {place} has {', '.join(taken)}, which the simulator fills itself."
        )
    return SimulatedCase(**known)


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # NaN: an empty cell of a frame
