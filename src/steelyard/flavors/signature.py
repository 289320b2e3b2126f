"""The columns that go into a model and what comes out, and an example of its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from steelyard.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: its name (empty for an array) and the type of its values, such as ``float64`` or ``string``."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """The columns that a model reads and those that it returns."""

    inputs: tuple[ColumnSpec, ...] = ()
    outputs: tuple[ColumnSpec, ...] = ()


def infer_signature(model_input: object, model_output: object = None) -> ModelSignature:
    """Return the columns of an example of a model's input and, if given, of its output.

    Args:
        model_input: a frame, a series, an array, or a list of values or rows.
        model_output: likewise.

    Raises:
        InvalidArgument: if it is none of these.

    Examples:
        >>> infer_signature({"text": ["a", "b"], "length": [1, 2]}).inputs
        (ColumnSpec(name='text', type='string'), ColumnSpec(name='length', type='int64'))
    """
    outputs = columns_of(model_output) if model_output is not None else ()
    return ModelSignature(columns_of(model_input), outputs)


def columns_of(data: Any) -> tuple[ColumnSpec, ...]:
    """Return the columns of a table or an array."""
    if isinstance(data, dict):
        return tuple(ColumnSpec(str(name), _type_of(values)) for name, values in data.items())
    if hasattr(data, "columns") and hasattr(data, "dtypes"):  # pandas and polars frames
        return tuple(ColumnSpec(str(name), _type_of(data[name])) for name in data.columns)
    if hasattr(data, "name") and hasattr(data, "dtype"):  # a series
        return (ColumnSpec(str(data.name or ""), _type_of(data)),)
    if isinstance(data, (str, bytes)) or not (hasattr(data, "shape") or isinstance(data, (list, tuple))):
        raise InvalidArgument(f"A model's input is a frame, a series, an array or a list, not {type(data).__name__}.")
    shape = getattr(data, "shape", None)
    if shape is not None and len(shape) == 2:
        return tuple(ColumnSpec("", _type_of(data)) for _ in range(shape[1]))
    return (ColumnSpec("", _type_of(data)),)


def signature_of(given: Any, *, model: Any, example: object) -> ModelSignature | None:
    """Return the signature to keep: the one given, or that of the example, or what the estimator says of its input."""
    if isinstance(given, ModelSignature):
        return given
    if given is not None:
        raise InvalidArgument(f"signature is what infer_signature returns, not {type(given).__name__}.")
    if example is not None:
        return ModelSignature(columns_of(example))
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else ModelSignature(tuple(ColumnSpec(str(name), "") for name in names))


def _type_of(values: Any) -> str:
    dtype = getattr(values, "dtype", None)
    name = str(dtype).lower() if dtype is not None else ""
    if name and name != "object":
        return "string" if name.startswith(("str", "<u", "utf8")) else name
    first = next((value for value in values if value is not None), None)
    if first is None:
        return ""
    name = type(first).__name__
    return {"int": "int64", "float": "float64", "str": "string"}.get(name, name)
