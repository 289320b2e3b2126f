"""Call a scorer with a case and read what it says."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable
from typing import Any

from steelyard.errors import DataError, InvalidArgument
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case
from steelyard.scorers.binding import Binding
from steelyard.scorers.definition import Scorer
from steelyard.scorers.reading import read


def assess(scorer: Scorer, case: Case) -> tuple[Feedback, ...]:
    """Return what a scorer says of a case; nothing if it returns None.

    The scorer's own exceptions pass through. The time limit is the caller's affair, for a running function cannot be
    stopped from outside; that of an async scorer is kept.

    Raises:
        DataError: if a parameter cannot be filled, or what it returns is not of a known shape.
        InvalidArgument: if it is async and a loop already runs here; then await :func:`aassess`.

    >>> from steelyard.scorers.definition import scorer
    >>> @scorer
    ... def exact(output, expected):
    ...     return output == expected
    >>> assess(exact, Case(outputs="4", expectations={"expected_response": "4"}))[0].value
    True
    """
    if scorer.is_async:
        return _run_here(aassess(scorer, case), scorer)
    args, named = scorer.binding.fill(case, scorer=scorer.name)
    result = scorer(*args, **named)
    if inspect.isawaitable(result):
        return _run_here(_awaited(scorer, result), scorer)
    return read(result, scorer=scorer.name)


async def aassess(scorer: Scorer, case: Case) -> tuple[Feedback, ...]:
    """Await what a scorer says of a case; a sync one is called at once.

    Raises:
        DataError: as :func:`assess`.
        TimeoutError: if an async scorer takes longer than its ``timeout``.
    """
    args, named = scorer.binding.fill(case, scorer=scorer.name)
    result = scorer(*args, **named)
    if inspect.isawaitable(result):
        return await _awaited(scorer, result)
    return read(result, scorer=scorer.name)


def check(scorer: Scorer, case: Case | Iterable[Case]) -> None:
    """Raise before anything is paid for if a scorer cannot be called with these rows.

    Args:
        scorer: what will be called.
        case: a row, or several; one that can be scored is enough. Their outputs and traces may still be missing.

    Raises:
        DataError: if none of them fills a parameter that has no default.
    """
    cases = (case,) if isinstance(case, Case) else tuple(case)
    for member in scorer.members:
        check(member, cases)
    if not cases:
        return
    needed = [set(scorer.binding.unfilled(each)) - _known_later(each) for each in cases]
    never = set.intersection(*needed)
    if never:
        only = next(each for each in scorer.binding.parameters if each.name in never)
        Binding((only,)).fill(cases[0], scorer=scorer.name)


def _known_later(case: Case) -> set[str]:
    """Return the parameters that a prediction may yet fill."""
    if case.session is not None:
        return set()
    traced = {"trace", "spans", "context", "contexts", "retrieved_contexts", "retrieval_context"}
    return traced if case.trace is None else set()


async def _awaited(scorer: Scorer, result: Any) -> tuple[Feedback, ...]:
    limit = asyncio.timeout(scorer.time_limit)
    try:
        async with limit:
            value = await result
    except TimeoutError:
        if not limit.expired():
            raise
        message = f"Scorer {scorer.name!r} took longer than its {scorer.time_limit:g} s."
        raise TimeoutError(message) from None
    if inspect.isawaitable(value):
        message = f"Scorer {scorer.name!r} returned something that must itself be awaited."
        raise DataError(message)
    return read(value, scorer=scorer.name)


def _run_here(work: Any, scorer: Scorer) -> tuple[Feedback, ...]:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    work.close()
    message = f"Scorer {scorer.name!r} is async and a loop is running here: await aassess(scorer, case)."
    raise InvalidArgument(message)
