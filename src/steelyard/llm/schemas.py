"""Checking an answer against the JSON schema that it was asked to fit.

The part of JSON Schema (draft 2020-12) that describes answers: types, enums, ranges, patterns, objects, lists, unions
and ``$ref`` to ``$defs``. One rule is stricter than the draft: an object with ``properties`` has no others, unless its
``additionalProperties`` lets them in. A schema with a rule that is not known here is refused rather than half checked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.errors import InvalidArgument

Schema = Mapping[str, Any] | bool
_NOTES = {"$schema", "$id", "$defs", "$comment", "definitions", "title", "description", "default", "examples"}
_NOTES |= {"format", "deprecated", "readOnly", "writeOnly", "discriminator", "strict"}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: _is_number(value),
}


def check(value: Any, schema: Schema) -> None:
    """Check a JSON value against a schema.

    Args:
        value: what :func:`~steelyard.llm.reading.read_json` read.
        schema: the JSON schema.

    Raises:
        ValueError: the value does not fit; the message says where and why.
        InvalidArgument: the schema has a rule that is not known here.

    >>> check({"score": 4}, {"type": "object", "properties": {"score": {"enum": [1, 2, 3]}}})
    Traceback (most recent call last):
    ...
    ValueError: score is 4, not one of 1, 2, 3
    """
    _check(value, schema, "the answer", schema, closed=True)


def check_schema(schema: Schema) -> None:
    """Refuse a schema that :func:`check` could not apply in full."""
    for part in _parts(schema):
        unknown = [rule for rule in part if rule not in _RULES and rule not in _NOTES]
        if unknown:
            message = f"The schema's {unknown[0]!r} is not supported for answers. Describe the answer without it."
            raise InvalidArgument(message)


def _parts(schema: Any) -> list[Mapping[str, Any]]:
    """List a schema and all schemas in it."""
    if not isinstance(schema, Mapping):
        return []
    found = [schema]
    for rule in ("properties", "$defs", "definitions"):
        for part in schema.get(rule, {}).values():
            found += _parts(part)
    for rule in ("items", "additionalProperties"):
        found += _parts(schema.get(rule))
    for rule in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for part in schema.get(rule, ()):
            found += _parts(part)
    return found


def _check(value: Any, schema: Schema, place: str, root: Schema, *, closed: bool) -> None:
    if schema is True:
        return
    if schema is False:
        _fail(place, "is not allowed here")
    assert isinstance(schema, Mapping)  # noqa: S101
    for rule, wanted in schema.items():
        if rule in _NOTES:
            continue
        test = _RULES.get(rule)
        if test is None:
            message = f"The schema's {rule!r} is not supported for answers. Describe the answer without it."
            raise InvalidArgument(message)
        test(value, wanted, place, schema, root)
    if closed and isinstance(value, dict) and "properties" in schema and "additionalProperties" not in schema:
        _additional(value, False, place, schema, root)


def _type(value: Any, wanted: str | Sequence[str], place: str, schema: Any, root: Schema) -> None:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    if any(_TYPES[name](value) for name in names):
        return
    _fail(place, f"is {_kind(value)}, not {' or '.join(names)}")


def _enum(value: Any, wanted: Sequence[Any], place: str, schema: Any, root: Schema) -> None:
    if not any(_equal(value, one) for one in wanted):
        _fail(place, f"is {_short(value)}, not one of {', '.join(_short(one) for one in wanted)}")


def _const(value: Any, wanted: Any, place: str, schema: Any, root: Schema) -> None:
    _enum(value, [wanted], place, schema, root)


def _properties(value: Any, wanted: Mapping[str, Schema], place: str, schema: Any, root: Schema) -> None:
    if isinstance(value, dict):
        for name, part in wanted.items():
            if name in value:
                _check(value[name], part, _within(place, name), root, closed=True)


def _required(value: Any, wanted: Sequence[str], place: str, schema: Any, root: Schema) -> None:
    if isinstance(value, dict):
        for name in wanted:
            if name not in value:
                _fail(place, f"has no {name!r}")


def _additional(value: Any, wanted: Schema, place: str, schema: Any, root: Schema) -> None:
    if not isinstance(value, dict):
        return
    for name in value:
        if name in schema.get("properties", {}):
            continue
        if wanted is False:
            _fail(place, f"has a {name!r} that was not asked for")
        _check(value[name], wanted, _within(place, name), root, closed=True)


def _items(value: Any, wanted: Schema, place: str, schema: Any, root: Schema) -> None:
    if isinstance(value, list):
        first = len(schema.get("prefixItems", ()))
        for number, item in enumerate(value[first:], first):
            _check(item, wanted, f"{place}[{number}]", root, closed=True)


def _prefix_items(value: Any, wanted: Sequence[Schema], place: str, schema: Any, root: Schema) -> None:
    if isinstance(value, list):
        for number, (item, part) in enumerate(zip(value, wanted, strict=False)):
            _check(item, part, f"{place}[{number}]", root, closed=True)


def _unique(value: Any, wanted: bool, place: str, schema: Any, root: Schema) -> None:
    if wanted and isinstance(value, list):
        for number, item in enumerate(value):
            if any(_equal(item, other) for other in value[:number]):
                _fail(place, f"holds {_short(item)} twice")


def _any_of(value: Any, wanted: Sequence[Schema], place: str, schema: Any, root: Schema) -> None:
    reasons = _misfits(value, wanted, place, root)
    if len(reasons) == len(wanted):
        raise ValueError(reasons[0] if len(reasons) == 1 else f"{place} fits none of {len(wanted)}: {reasons[0]}")


def _one_of(value: Any, wanted: Sequence[Schema], place: str, schema: Any, root: Schema) -> None:
    _any_of(value, wanted, place, schema, root)
    if len(wanted) - len(_misfits(value, wanted, place, root)) > 1:
        _fail(place, "fits more than one of the forms of which it must fit one")


def _all_of(value: Any, wanted: Sequence[Schema], place: str, schema: Any, root: Schema) -> None:
    for part in wanted:
        _check(value, part, place, root, closed=False)


def _misfits(value: Any, wanted: Sequence[Schema], place: str, root: Schema) -> list[str]:
    reasons: list[str] = []
    for part in wanted:
        try:
            _check(value, part, place, root, closed=True)
        except InvalidArgument:
            raise
        except ValueError as error:
            reasons.append(str(error))
    return reasons


def _ref(value: Any, wanted: str, place: str, schema: Any, root: Schema) -> None:
    target: Any = root
    for step in wanted.removeprefix("#").strip("/").split("/"):
        if not step:
            continue
        name = step.replace("~1", "/").replace("~0", "~")
        if not wanted.startswith("#") or not isinstance(target, Mapping) or name not in target:
            message = f"The schema's $ref {wanted!r} leads nowhere."
            raise InvalidArgument(message)
        target = target[name]
    _check(value, target, place, root, closed=True)


def _pattern(value: Any, wanted: str, place: str, schema: Any, root: Schema) -> None:
    if isinstance(value, str) and not re.search(wanted, value):
        _fail(place, f"is {_short(value)}, which does not match {wanted!r}")


def _bound(fits: Callable[[Any, Any], bool], words: str, of: Callable[[Any], Any]) -> Callable[..., None]:
    def rule(value: Any, wanted: Any, place: str, schema: Any, root: Schema) -> None:
        measured = of(value)
        if measured is not None and not fits(measured, wanted):
            _fail(place, f"is {_short(value)}: {words} {wanted}")

    return rule


def _number(value: Any) -> Any:
    return value if _is_number(value) else None


def _length(kind: type) -> Callable[[Any], int | None]:
    return lambda value: len(value) if isinstance(value, kind) else None


_RULES: dict[str, Callable[..., None]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "prefixItems": _prefix_items,
    "uniqueItems": _unique,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "$ref": _ref,
    "pattern": _pattern,
    "minimum": _bound(lambda a, b: a >= b, "it must be at least", _number),
    "maximum": _bound(lambda a, b: a <= b, "it must be at most", _number),
    "exclusiveMinimum": _bound(lambda a, b: a > b, "it must be above", _number),
    "exclusiveMaximum": _bound(lambda a, b: a < b, "it must be below", _number),
    "multipleOf": _bound(lambda a, b: math.isclose(a / b, round(a / b)), "it must be a multiple of", _number),
    "minLength": _bound(lambda a, b: a >= b, "its length must be at least", _length(str)),
    "maxLength": _bound(lambda a, b: a <= b, "its length must be at most", _length(str)),
    "minItems": _bound(lambda a, b: a >= b, "its items must be at least", _length(list)),
    "maxItems": _bound(lambda a, b: a <= b, "its items must be at most", _length(list)),
    "minProperties": _bound(lambda a, b: a >= b, "its keys must be at least", _length(dict)),
    "maxProperties": _bound(lambda a, b: a <= b, "its keys must be at most", _length(dict)),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _equal(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 and 1.0 are one number, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and one == other if isinstance(one, str) else one == other


def _within(place: str, name: str) -> str:
    return name if place == "the answer" else f"{place}.{name}"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return f"{_short(value)} ({names.get(type(value), 'a number')})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _fail(place: str, why: str) -> None:
    message = f"{place} {why}"
    raise ValueError(message)
