"""Values as they are logged: one number for a metric, a whole number for a step, texts for params and tags.

What a key may look like and how long a value may be is the store's to say, for whoever writes.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping

from steelyard.errors import InvalidArgument


def metric_value(key: str, value: object) -> float:
    """Return a metric's value as a float; NaN and infinities are values too.

    Raises:
        InvalidArgument: naming the metric, if the value is not one number.
    """
    if type(value) is float:
        return value
    if isinstance(value, numbers.Real):
        return _as_float(key, value)
    item = getattr(value, "item", None)  # arrays and tensors of one element
    if callable(item):
        try:
            number = item()
        except (ValueError, TypeError, RuntimeError) as error:
            raise InvalidArgument(f"The value of metric {key!r} is not one number: {error}") from error
        if isinstance(number, numbers.Real):
            return _as_float(key, number)
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:80] + "…"
    raise InvalidArgument(f"The value of metric {key!r} is not a number: {shown} ({type(value).__name__}).")


def metric_step(key: str, step: object) -> int:
    """Return a step as an integer; None is 0."""
    if step is None:
        return 0
    if type(step) is int:
        return step
    if isinstance(step, numbers.Real) and float(step).is_integer():
        return int(float(step))
    raise InvalidArgument(f"The step of metric {key!r} is a whole number, not {step!r}.")


def texts(kind: str, pairs: Mapping[str, object]) -> dict[str, str]:
    """Return params or tags as texts.

    Raises:
        InvalidArgument: if the pairs are not a mapping.
    """
    if not isinstance(pairs, Mapping):
        raise InvalidArgument(f"{kind.capitalize()}s are a mapping of names to values, not {type(pairs).__name__}.")
    return {key: str(value) for key, value in pairs.items()}


def _as_float(key: str, value: numbers.Real) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidArgument(f"The value of metric {key!r} is too large for a float: {error}") from error
