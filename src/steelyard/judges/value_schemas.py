"""Types of verdicts from their JSON schemas: the way back from :mod:`steelyard.judges.values`."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Literal, Union, get_args, get_origin

from steelyard.errors import DataError
from steelyard.judges.values import ValueType

_KINDS: dict[str, Any] = {"boolean": bool, "integer": int, "number": float, "string": str}
_SPELT = "x-python"
"""How the type was written, where there are two ways: digests tell ``int | None`` from ``Optional[int]``."""


def schema_of(annotation: Any) -> dict[str, Any]:
    """Return the JSON schema of a verdict's type, from which :func:`annotation_of` makes it again.

    Examples:
        >>> schema_of(bool), annotation_of(schema_of(list[int]))
        ({'type': 'boolean'}, list[int])
    """
    schema = ValueType(annotation).schema
    piped = isinstance(annotation, types.UnionType)
    old = get_origin(annotation) in (dict, list) and not isinstance(annotation, types.GenericAlias)
    if piped or old:
        return {**schema, _SPELT: "|" if piped else "typing"}
    if "anyOf" in schema:
        members = get_args(annotation)
        return {**schema, "anyOf": [_member(each) for each in members]}
    return schema


def annotation_of(schema: Mapping[str, Any]) -> Any:
    """Return the type that a schema describes.

    Raises:
        DataError: no judge can answer with it.
    """
    spelt = schema.get(_SPELT)
    if "enum" in schema:
        literal: Any = Literal
        return literal[tuple(schema["enum"])]
    if "anyOf" in schema:
        members = tuple(annotation_of(each) for each in schema["anyOf"])
        union: Any = Union
        return reduce(or_, members) if spelt == "|" else union[members]
    kind = schema.get("type")
    if kind == "null":
        return type(None)
    if kind == "object":
        inner = annotation_of(schema["additionalProperties"])
        return typing.Dict[str, inner] if spelt else dict[str, inner]  # noqa: UP006
    if kind == "array":
        inner = annotation_of(schema["items"])
        return typing.List[inner] if spelt else list[inner]  # noqa: UP006
    if kind not in _KINDS:
        raise DataError(f"No judge can answer with a value of the schema {dict(schema)!r:.200}.")
    return _KINDS[kind]


def _member(annotation: Any) -> dict[str, Any]:
    return {"type": "null"} if annotation is type(None) else schema_of(annotation)
