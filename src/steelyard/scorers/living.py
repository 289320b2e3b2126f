"""The scorers of this process: code that somebody here has written may be run, and is found by what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from steelyard.scorers.definition import alive


def born(scorer: Any) -> None:
    """Remember a scorer that was made without being told, such as a copy."""
    alive[id(scorer)] = scorer


def living() -> list[Any]:
    """Return the scorers that were made in this process and are still there, the last first."""
    return [scorer for each in reversed(alive.valuerefs()) if (scorer := each()) is not None]


def living_functions() -> Iterator[Callable[..., Any]]:
    """Yield the functions of those scorers: what scores, what puts together, what says whether a value passes."""
    for scorer in living():
        for value in (*scorer.scoring_functions, scorer.pass_if, *(scorer.aggregations or ())):
            if callable(value):
                yield value


def classes_below(cls: type) -> Iterator[type]:
    """Yield the classes that derive from one, however far."""
    for below in cls.__subclasses__():
        yield below
        yield from classes_below(below)
