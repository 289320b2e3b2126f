"""What a judge may answer with: a type, its JSON schema, and a strict reader that never guesses."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from steelyard.errors import AnswerUnreadable, InvalidArgument

YES_NO = Literal["yes", "no"]

_PRIMITIVES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_SUPPORTED = "bool, int, float, str, Optional of these, Literal[...], dict[str, <one of these>] or list[<one of these>]"


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a verdict.

    Args:
        annotation: ``bool``, ``int``, ``float``, ``str``, ``Literal[...]``, ``dict[str, ...]``, ``list[...]`` or an
            Optional of one of these.

    Raises:
        InvalidArgument: the annotation is another.

    Examples:
        >>> ValueType(Literal["good", "bad"]).schema
        {'type': 'string', 'enum': ['good', 'bad']}
        >>> ValueType(int).read(4)
        4
    """

    annotation: Any

    def __post_init__(self) -> None:
        _schema(self.annotation)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the value."""
        return _schema(self.annotation)

    def read(self, value: Any) -> Any:
        """Return the value if it is of the type, exactly.

        Raises:
            AnswerUnreadable: it is not. ``"4"``, ``"4/5"``, ``"Yes"`` for ``"yes"``, NaN and the like are not mended.
        """
        return _read(self.annotation, value)

    def __str__(self) -> str:
        return _words(self.annotation)


def verdict_schema(value: ValueType, *, rationale_first: bool = True) -> dict[str, Any]:
    """Return the schema of a whole answer: a rationale and a result, in the order in which they are to be written.

    Examples:
        >>> list(verdict_schema(ValueType(bool))["properties"])
        ['rationale', 'result']
    """
    fields: dict[str, Any] = {
        "rationale": {"type": "string", "description": "The reasons for the result, in a few sentences."},
        "result": {**value.schema, "description": f"The verdict: {value}."},
    }
    names = ["rationale", "result"] if rationale_first else ["result", "rationale"]
    return {
        "type": "object",
        "properties": {name: fields[name] for name in names},
        "required": names,
        "additionalProperties": False,
    }


def read_verdict(value: ValueType, answer: Any) -> tuple[Any, str]:
    """Return an answer's result and rationale.

    Raises:
        AnswerUnreadable: the answer has another form than was asked for.
    """
    if not isinstance(answer, Mapping):
        raise _unreadable("an object with a rationale and a result", answer)
    if set(answer) != {"rationale", "result"}:
        raise _unreadable("exactly the fields rationale and result", answer)
    if not isinstance(answer["rationale"], str):
        raise _unreadable("a rationale that is text", answer)
    return value.read(answer["result"]), answer["rationale"]


def _schema(kind: Any) -> dict[str, Any]:
    if kind in _PRIMITIVES:
        return {"type": _PRIMITIVES[kind]}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _literal_schema(arguments)
    if members := _members(kind):
        return {"anyOf": [{"type": "null"} if each is type(None) else _schema(each) for each in members]}
    if origin is dict and len(arguments) == 2 and arguments[0] is str and arguments[1] in _PRIMITIVES:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin is list and len(arguments) == 1 and arguments[0] in _PRIMITIVES:
        return {"type": "array", "items": _schema(arguments[0])}
    raise InvalidArgument(f"A judge cannot answer with {kind!r}. feedback_value_type may be {_SUPPORTED}.")


def _literal_schema(choices: tuple[Any, ...]) -> dict[str, Any]:
    for choice in choices:
        if type(choice) not in _PRIMITIVES:
            raise InvalidArgument(f"A Literal of a judge holds texts, numbers or bools, not {choice!r}.")
    kinds = {_PRIMITIVES[type(choice)] for choice in choices}
    return {"type": kinds.pop(), "enum": list(choices)} if len(kinds) == 1 else {"enum": list(choices)}


def _members(kind: Any) -> tuple[Any, ...]:
    """Return the members of ``Optional[x]``; an empty tuple for any other type."""
    if get_origin(kind) not in (Union, types.UnionType):
        return ()
    members = get_args(kind)
    return members if type(None) in members else ()


def _read(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if members := _members(kind):
        return None if value is None else _read_one_of([each for each in members if each is not type(None)], value)
    if origin is Literal:
        for choice in arguments:
            if type(choice) is type(value) and choice == value:
                return choice
        raise _unreadable(_words(kind), value)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise _unreadable(_words(kind), value)
        return {str(key): _primitive(arguments[1], each) for key, each in value.items()}
    if origin is list:
        if not isinstance(value, list):
            raise _unreadable(_words(kind), value)
        return [_primitive(arguments[0], each) for each in value]
    return _primitive(kind, value)


def _read_one_of(kinds: list[Any], value: Any) -> Any:
    for kind in kinds[:-1]:
        try:
            return _read(kind, value)
        except AnswerUnreadable:
            continue
    return _read(kinds[-1], value)


def _primitive(kind: Any, value: Any) -> Any:
    if kind is float and type(value) in (int, float):
        return _finite(value)
    if kind is int and type(value) is float and value.is_integer():  # JSON has one kind of number: 4.0 is 4
        return int(value)
    if type(value) is not kind:
        raise _unreadable(_words(kind), value)
    return value


def _finite(value: int | float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _unreadable("a finite number", value)
    return number


def _words(kind: Any) -> str:
    if kind in _PRIMITIVES:
        return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(json.dumps(choice) for choice in arguments)
    if origin is dict:
        return f"an object whose values are each {_words(arguments[1])}"
    if origin is list:
        return f"a list whose items are each {_words(arguments[0])}"
    return " or ".join("null" if each is type(None) else _words(each) for each in arguments)


def _unreadable(expected: str, value: Any) -> AnswerUnreadable:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return AnswerUnreadable(f"The judge should have answered with {expected}, and said {shown[:200]}.", text=shown)
