"""Conversations with simulated users: held first, each turn a stored trace, then evaluated as sessions of traces."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from steelyard.engine.loop import LoopThread
from steelyard.errors import InvalidArgument, LLMError, OverBudget
from steelyard.evaluation.genai.request import name_of
from steelyard.evaluation.genai.taking_up import current_place
from steelyard.judges import ConversationSimulator
from steelyard.judges.simulation import SimulatedCase, fitting, labelled, message_parameter
from steelyard.llm import Calling, calling
from steelyard.records import Store, Trace
from steelyard.tracing import capture


def hold_conversations(
    simulator: ConversationSimulator,
    predict: Callable[..., Any] | None,
    *,
    concurrency: int,
    around: Calling,
) -> list[Trace]:
    """Let each simulated user talk to the application, and return a trace a turn, conversation by conversation.

    The traces of a conversation are stored when it ends.

    Args:
        simulator: who talks, and about what.
        predict: the application; takes the conversation as ``messages`` or ``input``.
        concurrency: conversations at a time.
        around: limits, budget and cache of the models that play users.

    Raises:
        InvalidArgument: there is no function, or it takes no messages.
    """
    if predict is None:
        raise InvalidArgument("A ConversationSimulator needs predict_fn, the application that its users talk to.")
    store, experiment_id = current_place()
    hall = _Hall(simulator, predict, store, experiment_id, asyncio.Semaphore(concurrency), message_parameter(predict))
    loop = LoopThread()
    try:
        return loop.submit(hall.hold_all(around)).result()
    finally:
        loop.close()


class _Hall:
    def __init__(
        self,
        simulator: ConversationSimulator,
        predict: Callable[..., Any],
        store: Store,
        experiment_id: str,
        seats: asyncio.Semaphore,
        key: str,
    ) -> None:
        self._simulator, self._predict, self._store = simulator, predict, store
        self._experiment_id, self._seats, self._key = experiment_id, seats, key
        self._salt = uuid4().hex  # conversations of another evaluation are other sessions

    async def hold_all(self, around: Calling) -> list[Trace]:
        with calling(around):
            held = await asyncio.gather(*(self._hold(place) for place in range(len(self._simulator.cases))))
        return [trace for traces in held for trace in traces]

    async def _hold(self, place: int) -> list[Trace]:
        case = self._simulator.cases[place]
        session_id = case.session_id(row=place, salt=self._salt)
        async with self._seats:
            try:
                traces = await self._simulator.simulate(case, self._call, session_id=session_id, key=self._key)
            except (LLMError, OverBudget, InvalidArgument) as problem:
                traces = [self._not_held(case, session_id, problem)]
        await asyncio.to_thread(self._store.traces.put, traces)
        return traces

    def _not_held(self, case: SimulatedCase, session_id: str, problem: Exception) -> Trace:
        """Return what stands for a conversation whose user could not be played: a failed row, not one less."""
        goal = {"goal": case.goal}
        trace = capture(name="simulated user", experiment_id=self._experiment_id).finish(inputs=goal, error=problem)
        trace = replace(trace, info=replace(trace.info, experiment_id=self._experiment_id))
        return labelled(trace, case, session_id=session_id, turn=0)

    async def _call(self, arguments: Mapping[str, Any]) -> tuple[Any, Trace]:
        """Call the application for one turn; a call that fails ends as a trace of state ERROR without an answer."""
        given = fitting(self._predict, arguments)
        output, error = None, None
        name = name_of(self._predict)
        with capture(name=name, experiment_id=self._experiment_id, function=self._predict) as captured:
            try:
                output = await self._answer(given)
            except Exception as problem:
                error = problem
        trace = captured.finish(inputs=given, outputs=output, error=error)
        return output, replace(trace, info=replace(trace.info, experiment_id=self._experiment_id))

    async def _answer(self, given: Mapping[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self._predict):
            return await self._predict(**given)
        return await asyncio.to_thread(self._predict, **given)
