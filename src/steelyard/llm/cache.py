"""Answers by what was asked: the key, the form in which an answer is kept, and one asking for many who ask at once."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec

from steelyard.errors import AnswerRefused, AnswerUnreadable, InvalidArgument
from steelyard.llm.loop import LoopThread, loop_thread
from steelyard.llm.question import Answer, Question
from steelyard.records.ports import AnswerCache

VERSION = 1
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Answer)


class MemoryCache:
    """Answers kept for as long as the process runs."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, answer: bytes) -> None:
        with self._lock:
            self._kept[key] = answer

    def __len__(self) -> int:
        return len(self._kept)


def cache_key(question: Question, *, model: str, base_url: str | None, repeat: int) -> str:
    """Return what a question is known by: whatever could change its answer, and nothing secret.

    Args:
        question: what is asked; its headers and its timeout are left out.
        model: the model's URI in its one spelling.
        base_url: where it is served, if not where its provider is: the same name may be another model there.
        repeat: which repeat of an evaluation asks.
    """
    asked = (
        VERSION,
        question.purpose,
        model,
        base_url,
        question.params,
        question.messages,
        question.schema,
        question.tools,
        question.structure,
        repeat,
    )
    try:
        return hashlib.sha256(_encoder.encode(asked)).hexdigest()
    except TypeError as error:
        message = f"A question's params, schema and tools hold JSON values only: {error}."
        raise InvalidArgument(message) from error


def pack(answer: Answer) -> bytes:
    return _encoder.encode(answer)


def unpack(kept: bytes) -> Answer | None:
    """Read a kept answer; None if it was kept in another form than today's."""
    try:
        return replace(_decoder.decode(kept), cached=True)
    except (msgspec.MsgspecError, ValueError):
        return None


class _Flights:
    """Questions that are being asked right now on a loop."""

    def __init__(self, thread: LoopThread) -> None:
        self._asked: dict[tuple[int, str], asyncio.Future[Answer]] = {}

    async def once(self, place: tuple[int, str], ask: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """Return an answer, and whether somebody else's asking brought it."""
        while place in self._asked:
            theirs = self._asked[place]
            await asyncio.wait([theirs])
            if theirs.cancelled():
                continue
            failure = theirs.exception()
            if failure is None:
                return theirs.result(), True
            if isinstance(failure, AnswerRefused | AnswerUnreadable):
                raise _again(failure)
        mine: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[place] = mine
        try:
            answer = await ask()
        except BaseException as error:
            if isinstance(error, Exception):
                mine.set_exception(error)
                mine.exception()  # it is not lost if nobody else asks: it is raised here
            else:
                mine.cancel()
            raise
        else:
            mine.set_result(answer)
            return answer, False
        finally:
            del self._asked[place]


def _again(failure: AnswerRefused | AnswerUnreadable) -> Exception:
    if isinstance(failure, AnswerUnreadable):
        return AnswerUnreadable(str(failure), text=failure.text)
    return AnswerRefused(str(failure))


async def through_cache(cache: AnswerCache, key: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Return the kept answer to a question; else ask, once for all who ask it now, and keep what came.

    A cache that fails is a failure of the store and is raised: going on without it would pay twice after a crash.
    """
    thread = loop_thread()
    kept = await thread.loop.run_in_executor(thread.workers, cache.get, key)
    fits = None if kept is None else unpack(kept)
    if fits is not None:
        return fits

    async def ask_and_keep() -> Answer:
        answer = await ask()
        await thread.loop.run_in_executor(thread.workers, cache.put, key, pack(answer))
        return answer

    answer, theirs = await thread.own(_Flights).once((id(cache), key), ask_and_keep)
    return replace(answer, cached=True) if theirs else answer
