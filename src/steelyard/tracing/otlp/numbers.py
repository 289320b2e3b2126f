"""Numbers in OTLP's JSON: integers may be texts, enumerations names, and floats what JSON has no number for."""

from __future__ import annotations

from steelyard.tracing.otlp.limits import Unreadable

_NAMES = {
    "SPAN_KIND_": ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"),
    "STATUS_CODE_": ("UNSET", "OK", "ERROR"),
}


def integer(value: float | str) -> int:
    """Return an integer of 64 bits, signed or not.

    Examples:
        >>> integer("1767225600000000000"), integer(3.0)
        (1767225600000000000, 3)
    """
    if type(value) is str:
        if len(value) > 20:
            raise Unreadable(f"The number {value[:40]!r} does not fit into 64 bits.")
        try:
            number = int(value)
        except ValueError as error:
            raise Unreadable(f"{value!r} is not an integer.") from error
    else:
        if isinstance(value, float) and not value.is_integer():
            raise Unreadable(f"{value!r} is not an integer.")
        number = int(value)
    if not -(2**63) <= number < 2**64:
        raise Unreadable(f"The number {number} does not fit into 64 bits.")
    return number


def double(value: float | str) -> float:
    """Return a float, also of ``"NaN"`` and ``"-Infinity"``."""
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{str(value)[:40]!r} is not a number.") from error


def enum_number(value: int | str, prefix: str) -> int:
    """Return an enumeration's number; 0 for a name that is not known.

    Examples:
        >>> enum_number("SPAN_KIND_CLIENT", "SPAN_KIND_"), enum_number("2", "STATUS_CODE_")
        (3, 2)
    """
    if isinstance(value, int):
        return value
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    names = _NAMES[prefix]
    name = value.removeprefix(prefix)
    return names.index(name) if name in names else 0
