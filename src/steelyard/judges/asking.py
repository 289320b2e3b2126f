"""Judging without waiting: a judge is a generator of questions, and whoever drives it decides how they are put.

A judge yields the questions that it can put at the same time, and is sent their answers (or what went wrong with each)
in the same order. The engine drives it with ``await`` (:func:`settle`); a person who calls a judge gets the feedback
without any ``async`` (:func:`settle_now`); a test answers by hand. All of them run the same lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import TypeAlias, TypeVar

from steelyard.llm import Answer, Question, ask, ask_sync

T = TypeVar("T")
_AT_ONCE = 32
Replies: TypeAlias = tuple[Answer | Exception, ...]
Asking: TypeAlias = Generator[tuple[Question, ...], Replies, T]


def answer_to(question: Question) -> Asking[Answer]:
    """Put one question; what goes wrong with it is raised."""
    (reply,) = yield (question,)
    if isinstance(reply, Exception):
        raise reply
    return reply


def together(askings: Sequence[Asking[T]]) -> Asking[tuple[T | Exception, ...]]:
    """Run several judges side by side, putting their questions at the same time.

    Returns:
        What each of them came to, or the exception that ended it, in their order.
    """
    results: list[T | Exception | None] = [None] * len(askings)
    waiting: dict[int, tuple[Question, ...]] = {}
    for place, asking in enumerate(askings):
        _advance(asking, None, place, waiting, results)
    while waiting:
        order = list(waiting)
        counts = [len(waiting[place]) for place in order]
        replies = yield tuple(question for place in order for question in waiting[place])
        start = 0
        for place, count in zip(order, counts, strict=True):
            _advance(askings[place], replies[start : start + count], place, waiting, results)
            start += count
    return tuple(result for result in results)  # type: ignore[misc]


async def settle(asking: Asking[T]) -> T:
    """Drive a judge from asynchronous code."""
    with closing(asking):
        try:
            questions = next(asking)
            while True:
                replies = await asyncio.gather(*(ask(question) for question in questions), return_exceptions=True)
                questions = asking.send(tuple(_reply(reply) for reply in replies))
        except StopIteration as done:
            return done.value


def settle_now(asking: Asking[T]) -> T:
    """Drive a judge from ordinary code; questions that can be put at the same time are."""
    with closing(asking):
        try:
            questions = next(asking)
            while True:
                questions = asking.send(_asked_now(questions))
        except StopIteration as done:
            return done.value


def _asked_now(questions: tuple[Question, ...]) -> Replies:
    if len(questions) < 2:
        return tuple(_ask_now(question) for question in questions)
    contexts = [copy_context() for _ in questions]  # one each: a context can be entered once at a time
    with ThreadPoolExecutor(min(len(questions), _AT_ONCE), thread_name_prefix="steelyard-judge") as pool:
        return tuple(
            pool.map(lambda each: each[0].run(_ask_now, each[1]), zip(contexts, questions, strict=True)),
        )


def _advance(
    asking: Asking[T],
    replies: Replies | None,
    place: int,
    waiting: dict[int, tuple[Question, ...]],
    results: list[T | Exception | None],
) -> None:
    try:
        waiting[place] = next(asking) if replies is None else asking.send(replies)
    except StopIteration as done:
        waiting.pop(place, None)
        results[place] = done.value
    except Exception as error:
        waiting.pop(place, None)
        results[place] = error


def _ask_now(question: Question) -> Answer | Exception:
    try:
        return ask_sync(question)
    except Exception as error:
        return error


def _reply(reply: Answer | BaseException) -> Answer | Exception:
    if isinstance(reply, (Answer, Exception)):
        return reply
    raise reply  # an interruption or a cancellation is nobody's answer
