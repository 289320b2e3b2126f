"""The door: a question goes through cache, limit and budget to its model, and an answer that fits comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.errors import AnswerRefused, AnswerUnreadable
from steelyard.llm.around import Calling, Count, current_calling
from steelyard.llm.budget import Budget, Reservation
from steelyard.llm.cache import cache_key, through_cache
from steelyard.llm.clients import Clients, place_of
from steelyard.llm.loop import from_thread, loop_thread, on_loop
from steelyard.llm.models import parse_model
from steelyard.llm.question import Answer, Message, Question
from steelyard.llm.reading import read_json
from steelyard.llm.retries import Failure, backoff, excerpt, failure_of
from steelyard.llm.schemas import check, check_schema
from steelyard.llm.usage import expected_tokens, measured_usage
from steelyard.llm.wire import Reply, request
from steelyard.records.trace import Usage

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from steelyard.llm.limits import Slot


async def ask(question: Question) -> Answer:
    """Ask a model.

    What stands around the call (``with calling(...)``) is honoured: the answer may come from the cache; the call waits
    for its turn at the model, is reserved in the budget, and is counted.

    Args:
        question: what to ask, and of which model.

    Returns:
        An answer that fits the question's schema.

    Raises:
        AnswerRefused: the model or its provider's filter declined.
        AnswerUnreadable: what came does not fit the schema, after asking for repair too.
        LLMRateLimited: there were too many requests for longer than the patience lasts.
        LLMUnavailable: the model is away, refuses the key or the request, or keeps failing.
        OverBudget: the call could go beyond the budget.
        InvalidArgument: the question cannot be asked.
        MissingDependency: the client library is not installed.
    """
    return await on_loop(_Asking(question, current_calling()).answer())


def ask_sync(question: Question) -> Answer:
    """Ask a model and wait for the answer, with or without a running event loop. As :func:`ask` otherwise."""
    return from_thread(_Asking(question, current_calling()).answer())


@dataclass(frozen=True, slots=True)
class _Come:
    """A reply with what it took."""

    reply: Reply
    usage: Usage
    notes: tuple[str, ...]
    latency: float


class _Asking:
    """One question on its way."""

    def __init__(self, question: Question, around: Calling) -> None:
        self._question = question
        self._around = around
        name = parse_model(question.model)
        self._uri = name.uri
        self._base_url = place_of(question, name).base_url
        self._key = cache_key(question, model=name.uri, base_url=self._base_url, repeat=around.repeat)
        if question.schema is not None:
            check_schema(question.schema)

    async def answer(self) -> Answer:
        cache = self._around.cache
        if cache is None:
            return await self._paid()
        answer = await through_cache(cache, self._key, self._paid)
        if answer.cached:
            self._around.add(self._uri, Count(saved=answer.usage, cached=1))
        return answer

    async def _paid(self) -> Answer:
        """Ask until an answer fits, or no repair is left."""
        model = loop_thread().own(Clients).model(self._question)
        messages = self._question.messages
        usage = Usage()
        for left in range(self._question.repairs, -1, -1):
            try:
                come = await self._sent(model, messages)
            except AnswerUnreadable:
                if not left:
                    raise
                continue
            usage += come.usage
            try:
                value = _value(come.reply, self._question)
            except AnswerUnreadable as error:
                if not left:
                    raise
                messages = (*messages, *_repair(come.reply, error))
                continue
            return _answer(value, come, usage)
        raise AssertionError  # the last round returns or raises

    async def _sent(self, model: Model, messages: Sequence[Message]) -> _Come:
        """Send a conversation, and again for as long as failing and patience last."""
        patience = self._around.patience
        limiter = self._around.limits.of(self._uri)
        failed = {"refused": 0, "failing": 0}
        waited = 0.0
        while True:
            self._check_time()
            async with limiter.aslot(first=any(failed.values())) as slot:
                tried = await self._try(model, messages)
                if isinstance(tried, _Come):
                    slot.ok()
                    return tried
                if tried.kind in ("final", "garbled"):
                    raise tried.error
                failed[tried.kind] += 1
                enough = failed["refused"] >= patience.refusals or failed["failing"] >= patience.tries
                wait = self._wait(slot, tried, failed)
                if enough or waited + wait > patience.total_wait:
                    raise tried.error
            waited += wait
            self._check_time(wait)
            if tried.kind == "failing":
                await patience.sleep(wait)

    def _wait(self, slot: Slot, tried: Failure, failed: dict[str, int]) -> float:
        """Return how long to wait; where there are too many calls, all calls of the model wait."""
        if tried.kind == "refused":
            return slot.refused(tried.retry_after)
        return backoff(self._around.patience, self._key, failed["failing"])

    async def _try(self, model: Model, messages: Sequence[Message]) -> _Come | Failure:
        """Send a conversation once, under a reservation."""
        question = self._question
        reserved = await self._reserve(messages)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(question.timeout):
                reply = await request(model, question, messages)
        except Warning:  # where warnings are errors, they are not an answer's fault
            self._settle(reserved, None)
            raise
        except Exception as error:
            failure = failure_of(error, self._uri, self._around.patience)
            paid = self._usage(Reply(), messages)[0] if failure.kind == "garbled" else None
            self._settle(reserved, paid)
            return failure
        except BaseException:
            self._settle(reserved, None)
            raise
        usage, notes = self._usage(reply, messages)
        self._settle(reserved, usage)
        return _Come(reply, usage, notes, time.perf_counter() - began)

    def _usage(self, reply: Reply, messages: Sequence[Message]) -> tuple[Usage, tuple[str, ...]]:
        written = reply.text + reply.reasoning + "".join(map(str, (*reply.outputs, *reply.tool_calls)))
        usage, notes = measured_usage(reply.tokens, self._question, messages, written)
        return self._around.prices.priced(self._uri, usage), notes

    def _settle(self, reserved: Reservation | None, paid: Usage | None) -> None:
        """Count a try; ``paid`` is None if no model answered."""
        if reserved is not None and paid is None:
            reserved.release()
        elif reserved is not None and paid is not None:
            reserved.settle(paid)
        self._around.add(self._uri, Count(usage=paid or Usage(), calls=int(paid is not None), tries=1))

    async def _reserve(self, messages: Sequence[Message]) -> Reservation | None:
        budget = self._around.budget
        if budget is None:
            return None
        tokens_in, tokens_out = expected_tokens(self._question, messages)
        expected = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
        cost = self._around.prices.cost(self._uri, expected)
        return await _reserved(budget, expected.total_tokens, cost)

    def _check_time(self, ahead: float = 0.0) -> None:
        if self._around.budget is not None:
            self._around.budget.check_time(ahead)


async def _reserved(budget: Budget, tokens: int, cost: float | None) -> Reservation:
    """Reserve, waiting where calls in flight may yet leave enough."""
    loop = asyncio.get_running_loop()
    while True:
        settled = asyncio.Event()

        def wake(event: asyncio.Event = settled) -> None:
            loop.call_soon_threadsafe(event.set)

        reservation = budget.reserve_or_wait(tokens, cost, wake)
        if reservation is not None:
            return reservation
        await settled.wait()


def _value(reply: Reply, question: Question) -> Any:
    """Take the value out of a reply.

    Raises:
        AnswerRefused: it declines.
        AnswerUnreadable: it does not have the form that was asked for.
    """
    if reply.refusal is not None:
        message = f"{question.model} declined to answer: {excerpt(reply.refusal)}"
        raise AnswerRefused(message)
    if reply.bad_calls:
        raise _unreadable(f"the arguments of {reply.bad_calls[0]} are no JSON object", reply)
    if reply.tool_calls:
        names = {tool.name for tool in question.tools}
        unknown = next((call.name for call in reply.tool_calls if call.name not in names), None)
        if unknown is not None:
            raise _unreadable(f"it calls {unknown!r}, which is no tool that it was given", reply)
        return None
    if question.schema is None:
        if not reply.text.strip():
            raise _unreadable("it is empty", reply)
        return reply.text
    try:
        value = _only(reply)
        check(value, question.schema)
        _check_text(value)
    except ValueError as error:
        raise _unreadable(str(error), reply) from error
    return value


def _only(reply: Reply) -> Any:
    """Return the one JSON value of a reply, which is in the tool for answers or in the text."""
    written = reply.outputs or (reply.text,)
    values = [read_json(one) if isinstance(one, str) else dict(one) for one in written]
    if any(value != values[0] for value in values):
        message = f"it gives {len(values)} different answers"
        raise ValueError(message)
    return values[0]


def _check_text(value: Any) -> None:
    """Refuse halves of surrogate pairs, which no store can keep."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            message = "it holds half of a character"
            raise ValueError(message) from error
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name)
            _check_text(item)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)


def _unreadable(why: str, reply: Reply) -> AnswerUnreadable:
    text = _text(reply)
    shown = f" It reads: {excerpt(text)}" if text else ""
    cut = " It was cut off at the limit of tokens." if reply.finish_reason == "length" else ""
    return AnswerUnreadable(f"The answer does not have the form that was asked for: {why}.{cut}{shown}", text=text)


def _text(reply: Reply) -> str:
    return reply.text or "\n".join(str(output) for output in reply.outputs)


def _repair(reply: Reply, error: AnswerUnreadable) -> tuple[Message, ...]:
    """Continue a conversation in which the answer does not fit."""
    cause = error.__cause__
    why = str(cause) if cause is not None else "it is not the JSON that was asked for"
    text = _text(reply)
    said = (Message("assistant", text),) if text.strip() else ()
    asked = (
        f"Your answer cannot be used: {why}. Answer again, with nothing but one JSON value that fits the schema "
        "you were given. Do not change your judgement."
    )
    return (*said, Message("user", asked))


def _answer(value: Any, come: _Come, usage: Usage) -> Answer:
    reply = come.reply
    return Answer(
        value=value,
        text=_text(reply),
        tool_calls=reply.tool_calls,
        usage=usage,
        model=reply.model,
        latency=come.latency,
        finish_reason=reply.finish_reason,
        response_id=reply.response_id,
        notes=come.notes,
    )
