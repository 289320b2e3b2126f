"""Reading the JSON of an answer, strictly: what is doubtful is refused, never guessed at.

Models wrap their JSON in Markdown fences and add a sentence before or after; that is let pass. Text that holds two
different objects, an object cut short, a key twice, or a number that is no number (NaN, Infinity), is not an answer.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_FENCED = re.compile(r"```(?:json)?\s*([^`]+?)\s*```", re.IGNORECASE)


def read_json(text: str) -> Any:
    """Return the one JSON value that an answer holds.

    Args:
        text: the answer as it was written.

    Raises:
        ValueError: it holds none, more than one, or one that is not sound JSON.

    >>> read_json('Here it is:\\n```json\\n{"score": 4}\\n```')
    {'score': 4}
    >>> read_json('{"score": 4} No: {"score": 5}')
    Traceback (most recent call last):
    ...
    ValueError: it holds 2 different JSON objects
    """
    stripped = text.strip().removeprefix("\ufeff")
    if not stripped:
        message = "it is empty"
        raise ValueError(message)
    if fenced := _FENCED.fullmatch(stripped):
        stripped = fenced.group(1)
    if stripped[0] != "{":
        whole = _whole(stripped)
        if whole is not None:
            return whole[0]
    found = _objects(stripped)
    if not found:
        message = "it holds no JSON object"
        raise ValueError(message)
    different = [value for place, value in enumerate(found) if not any(_same(value, other) for other in found[:place])]
    if len(different) > 1:
        message = f"it holds {len(different)} different JSON objects"
        raise ValueError(message)
    return found[0]


def _whole(text: str) -> tuple[Any] | None:
    """Read a text that is JSON from end to end, such as a number, a string or a list; None if it is something else."""
    try:
        return (_DECODER.decode(text),)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        if text[0] != "[":
            return None
        message = f"its list is damaged or something follows it: {error}"  # and no object in it is taken for the answer
        raise ValueError(message) from error


def _objects(text: str) -> list[Any]:
    """Read every object that stands in a text; one that cannot be read spoils the whole."""
    found: list[Any] = []
    place = text.find("{")
    while place >= 0:
        try:
            value, place = _DECODER.raw_decode(text, place)
        except json.JSONDecodeError as error:
            message = f"its JSON is cut short or damaged: {error.msg} at character {error.pos}"
            raise ValueError(message) from error
        except RecursionError as error:
            raise _too_deep() from error
        found.append(value)
        place = text.find("{", place)
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice!r} is there twice"
        raise ValueError(message)
    return read


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a number"
    raise ValueError(message)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        message = f"{digits[:20]} is beyond all numbers"
        raise ValueError(message)
    return number


def _too_deep() -> ValueError:
    return ValueError("its JSON is nested too deeply")


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite)
