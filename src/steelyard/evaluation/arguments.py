"""The types of ``evaluate()``'s arguments: what is wrong is said here, not three libraries down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from steelyard.errors import InvalidArgument


def check_name(argument: str, value: Any, what: str = "the name of one column") -> None:
    """Refuse what is neither text nor None."""
    if value is None or (isinstance(value, str) and value):
        return
    hint = f" Give {argument}={value[0]!r}." if _holds_one_name(value) else ""
    raise InvalidArgument(f"{argument}={_shown(value)} must be {what}, as text.{hint}")


def check_values_or_name(argument: str, value: Any) -> None:
    """Refuse what is neither the name of a column nor one value a row."""
    if value is None or (isinstance(value, str) and value) or _is_sequence(value):
        return
    raise InvalidArgument(
        f"{argument}={_shown(value)} must be the name of a column, as text, or the values themselves, one a row."
    )


def check_names(argument: str, value: Any) -> None:
    """Refuse what is not a list of names."""
    if value is None:
        return
    names = None if isinstance(value, str | Mapping) or not _is_sequence(value) else list(value)
    if not names or not all(isinstance(n, str) for n in names):
        hint = f" Give {argument}=[{value!r}]." if isinstance(value, str) else ""
        raise InvalidArgument(f"{argument}={_shown(value)} must be a list of names of columns.{hint}")
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InvalidArgument(f"{argument} names {twice!r} twice; name each column once.")


def check_probabilities_argument(value: Any) -> None:
    """Refuse what names no columns of probabilities."""
    if isinstance(value, Mapping):
        columns = list(value.values())
        if columns and all(isinstance(c, str) for c in columns):
            return check_names("probabilities", columns)
        raise InvalidArgument(f"probabilities={_shown(value)} must map each label to the name of its column.")
    if value is None or (isinstance(value, str) and value):
        return None
    if isinstance(value, list | tuple) and value:
        return check_names("probabilities", value)
    raise InvalidArgument(
        f"probabilities={_shown(value)} must be the name of a column, a list of names (one a label), or a mapping of "
        "labels to names. To give the numbers themselves, add them to the data as columns."
    )


def check_list(argument: str, value: Any, of: str) -> None:
    """Refuse what is not a list."""
    if value is not None and not isinstance(value, list | tuple):
        raise InvalidArgument(f"{argument}={_shown(value)} must be a list of {of}, such as {argument}=[…].")


def check_mapping(argument: str, value: Any) -> None:
    """Refuse what is not a mapping with names as keys."""
    if value is None or (isinstance(value, Mapping) and all(isinstance(k, str) for k in value)):
        return
    raise InvalidArgument(f"{argument}={_shown(value)} must be a mapping with text as keys.")


def check_numbers(*, replicates: Any, confidence: Any, seed: Any) -> None:
    """Check the numbers that intervals depend on."""
    if not is_whole(replicates) or not 20 <= replicates <= 10_000:
        raise InvalidArgument(f"replicates={_shown(replicates)} must be a whole number from 20 to 10,000.")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.5 <= confidence < 1:
        raise InvalidArgument(f"confidence={_shown(confidence)} must be at least 0.5 and below 1, such as 0.95.")
    if not is_whole(seed):
        raise InvalidArgument(f"seed={_shown(seed)} must be a whole number.")


def check_progress(progress: Any) -> None:
    """Refuse what cannot be called."""
    if progress is not None and not callable(progress):
        raise InvalidArgument(f"progress={_shown(progress)} must be a function of a step, rows done and rows in all.")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number (``True`` is none)."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_sequence(value: Any) -> bool:
    if isinstance(value, (str, bytes, Mapping, type)):
        return False
    return isinstance(value, Sequence | Collection) or hasattr(value, "__array__") or hasattr(value, "__arrow_array__")


def _holds_one_name(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], str)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}…"
