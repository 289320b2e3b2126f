"""How a value of a type is taken apart for the wire and put together again, derived from the type.

msgspec does both by itself for records, except where a type is one of several records (``Assessment``): there the
record's kind is written beside its fields. Only the records around such a place are taken apart here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial, reduce
from operator import or_
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

KIND = "kind"


@dataclass(frozen=True, slots=True)
class Shape:
    """A type's two ways.

    Args:
        plain: returns what the encoder takes.
        record: returns the value again; raises ``msgspec.ValidationError`` for data of another form.
    """

    plain: Callable[[Any], Any]
    record: Callable[[Any], Any]


@cache
def shape_of(hint: Any) -> Shape:
    """Return the shape of a type: records, texts, numbers, bytes, ``Any``, and sequences, mappings and options of them.

    Examples:
        >>> from steelyard.records import Assessment, Expectation
        >>> shape = shape_of(tuple[Assessment, ...])
        >>> plain = shape.plain((Expectation("answer", 42),))
        >>> plain[0]["kind"], shape.record(plain) == (Expectation("answer", 42),)
        ('expectation', True)
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _native(str)  # which words there are is for the store to say
    if origin in (Union, types.UnionType):
        return _choice(inner)
    if origin in (Sequence, Iterable):
        return _list(tuple[inner[0], ...], inner[0])
    if origin is Mapping:
        return _mapping(inner[0], inner[1])
    if not _is_mixed(hint):
        return _native(hint)
    return _list(hint, inner[0]) if origin is tuple else _record(hint)


def _native(hint: Any) -> Shape:
    return Shape(plain=_same, record=partial(msgspec.convert, type=hint, str_keys=True))


def _choice(inner: tuple[Any, ...]) -> Shape:
    some = [one for one in inner if one is not type(None)]
    shape = shape_of(some[0]) if len(some) == 1 else _one_of(some)
    if len(some) == len(inner):
        return shape
    return Shape(
        plain=lambda value: None if value is None else shape.plain(value),
        record=lambda data: None if data is None else shape.record(data),
    )


def _one_of(members: Sequence[Any]) -> Shape:
    """Return the shape of one of several records, or of one of several plain types."""
    kinds = {member.kind: member for member in members if is_dataclass(member)}
    if not kinds:
        return _native(reduce(or_, members))
    shapes = {kind: shape_of(member) for kind, member in kinds.items()}
    names = {kind: [field.name for field in fields(member)] for kind, member in kinds.items()}

    def plain(value: Any) -> Any:
        kind = getattr(value, KIND, None)
        if kind not in kinds:
            raise TypeError(f"a {type(value).__name__}, which is none of: {', '.join(kinds)}")
        return {KIND: kind, **{name: getattr(value, name) for name in names[kind]}}

    def record(data: Any) -> Any:
        kind = data.get(KIND) if isinstance(data, dict) else None
        if kind not in kinds:
            raise msgspec.ValidationError(f"Expected an object whose `{KIND}` is one of: {', '.join(kinds)}")
        return shapes[kind].record(data)

    return Shape(plain, record)


def _list(hint: Any, inner: Any) -> Shape:
    if not _is_mixed(inner):
        native = _native(hint).record
        takes_text = inner is str  # a text instead of texts is the store's to complain of
        return Shape(plain=_listed, record=lambda data: data if takes_text and isinstance(data, str) else native(data))
    shape = shape_of(inner)
    return Shape(
        plain=lambda value: [shape.plain(one) for one in value],
        record=lambda data: tuple([shape.record(one) for one in _native(list[Any]).record(data)]),
    )


def _mapping(key: Any, inner: Any) -> Shape:
    shape, keys = shape_of(inner), _native(dict[key, Any])
    if not _is_mixed(inner):
        return Shape(plain=_same, record=_native(dict[key, inner]).record)
    return Shape(
        plain=lambda value: {k: shape.plain(one) for k, one in value.items()},
        record=lambda data: {k: shape.record(one) for k, one in keys.record(data).items()},
    )


def _record(hint: Any) -> Shape:
    kind = get_origin(hint) or hint
    shapes = {name: shape_of(inner) for name, inner in _fields(hint).items()}

    def plain(value: Any) -> Any:
        return {name: shape.plain(getattr(value, name)) for name, shape in shapes.items()}

    def record(data: Any) -> Any:
        told = _native(dict[str, Any]).record(data)
        values = {name: shape.record(told[name]) for name, shape in shapes.items() if name in told}
        try:
            return kind(**values)
        except TypeError as error:  # a field without a default is missing
            raise msgspec.ValidationError(str(error)) from error

    return Shape(plain, record)


def _fields(hint: Any) -> dict[str, Any]:
    """Return a record's fields with their types, type variables replaced."""
    kind = get_origin(hint) or hint
    given = dict(zip(getattr(kind, "__parameters__", ()), get_args(hint), strict=False))
    hints = get_type_hints(kind)
    return {field.name: _replaced(hints[field.name], given) for field in fields(kind)}


def _replaced(hint: Any, given: Mapping[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return given.get(hint, hint)
    wanted = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(one, one) for one in wanted)] if wanted else hint


@cache
def _is_mixed(hint: Any) -> bool:
    """Whether one of several records stands somewhere in a type."""
    inner = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType) and sum(map(is_dataclass, inner)) > 1:
        return True
    if any(_is_mixed(one) for one in inner if one is not Ellipsis and get_origin(hint) is not Literal):
        return True
    return is_dataclass(get_origin(hint) or hint) and any(_is_mixed(one) for one in _fields(hint).values())


def _same(value: Any) -> Any:
    return value


def _listed(value: Iterable[Any]) -> Any:
    """Return what is encoded as a list; a text in its place stays one, for the store to complain of."""
    return value if isinstance(value, (list, tuple, str)) else list(value)
