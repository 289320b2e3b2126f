"""The kinds of value that matter: an int32 and an int64 are one family, and so are all layouts of text."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import types


def family(kind: pa.DataType) -> str:
    """Return the family of a type: what the digest calls it, whoever stored it.

    Widths, text layouts, dictionary encoding, time units and the name of a time zone do not change the family.

    Examples:
        >>> family(pa.int8()), family(pa.dictionary(pa.int32(), pa.large_string())), family(pa.list_(pa.float32()))
        ('integer', 'text', 'list<float>')
    """
    if isinstance(kind, pa.BaseExtensionType):
        return family(kind.storage_type)
    if types.is_dictionary(kind):
        return family(kind.value_type)
    if types.is_run_end_encoded(kind):
        return family(kind.value_type)
    for name, belongs in _SIMPLE:
        if belongs(kind):
            return name
    if types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamp with zone"
    if types.is_struct(kind):
        return f"struct<{', '.join(sorted(f'{f.name}: {family(f.type)}' for f in kind))}>"
    if types.is_map(kind):
        return f"map<{family(kind.key_type)}, {family(kind.item_type)}>"
    if is_list(kind):
        return f"list<{family(kind.value_type)}>"
    return str(kind)


def is_list(kind: pa.DataType) -> bool:
    """Return whether values are lists, in whichever layout."""
    return (
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """Return whether values are text, in whichever layout."""
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether values are bytes, in whichever layout."""
    return (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


_SIMPLE = (
    ("null", types.is_null),
    ("boolean", types.is_boolean),
    ("integer", types.is_integer),
    ("float", types.is_floating),
    ("decimal", types.is_decimal),
    ("text", is_text),
    ("binary", is_bytes),
    ("date", types.is_date),
    ("time", types.is_time),
    ("duration", types.is_duration),
)


def unified(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the type that holds the values of both without changing any, or None if their families differ.

    A column without any value (null) takes the other's type; within a family the wider type wins.
    """
    if one.equals(other):
        return one
    if types.is_null(one):
        return other
    if types.is_null(other):
        return one
    if types.is_dictionary(one) or types.is_dictionary(other):
        return unified(_decoded(one), _decoded(other))
    if family(one) != family(other):
        return None
    if is_text(one):
        return pa.large_string()
    try:
        merged = pa.unify_schemas([pa.schema([("c", one)]), pa.schema([("c", other)])], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    wide = merged.field("c").type
    return wide if family(wide) == family(one) else None


def _decoded(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if types.is_dictionary(kind) else kind
