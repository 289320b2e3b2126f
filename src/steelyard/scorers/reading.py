"""Every shape that the field's scorers return, read as feedback.

By attributes and keys, never by import, so that another framework's results work where it is not installed:

    bool, int, float, str, Enum, Decimal, numpy scalars             one value
    None                                                            nothing to say
    Feedback (ours or MLflow's)                                     as it is
    (score, reason), (label, score, explanation)                    value and rationale (Phoenix)
    {"key" or "name", "score" or "value", "comment" or "reason" …}  one value (LangSmith, Langfuse, Opik)
    {"results": [...]}, lists of any of these                       several
    {name: value, ...}                                              one feedback a name (pydantic-evals)
    objects with .score or .value                                   Braintrust, Opik, Ragas, Inspect, DeepEval …
"""

from __future__ import annotations

import enum
import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from steelyard.errors import DataError
from steelyard.records.assessment import AssessmentError, AssessmentSource, AssessmentSourceType, Feedback

_NAMES = ("key", "name")
_VALUES = ("score", "value", "label")
_REASONS = ("rationale", "reason", "explanation", "comment")
_FURTHER = frozenset({"metadata", "error", "scoring_failed", "data_type", "answer", "source", "kind", "direction"})
_KNOWN = frozenset((*_NAMES, *_VALUES, *_REASONS)) | _FURTHER
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}  # Inspect: correct, incorrect, partial, no answer
_DEEPEST = 50


def read(result: Any, *, scorer: str) -> tuple[Feedback, ...]:
    """Return what a scorer returned as feedback; nothing for None.

    Args:
        result: any shape of this module's list.
        scorer: its name, which names feedback that has none and is the source of all that has none.

    Raises:
        DataError: if a value is not finite, if the scorer says that it failed, or if the shape is none of these.

    >>> [(each.name, each.value, each.rationale) for each in read((0.5, "half right"), scorer="quality")]
    [('quality', 0.5, 'half right')]
    >>> [(each.name, each.value) for each in read({"brief": True, "tone": 0.8}, scorer="style")]
    [('brief', True), ('tone', 0.8)]
    """
    if type(result) in (bool, str):
        return (_feedback(scorer, result, scorer),)
    return tuple(_read(result, scorer, scorer, 0))


def _read(result: Any, name: str, scorer: str, depth: int) -> list[Feedback]:
    """Read one result, whose name is ``name`` unless it says another."""
    if depth > _DEEPEST:
        raise DataError(_unreadable(result, scorer, "it is nested too deeply"))
    if result is None:
        return []
    scalar = _scalar(result, scorer)
    if scalar is not None:
        return [_feedback(name, scalar, scorer)]
    if isinstance(result, Feedback):
        return [_complete(result, name, scorer)]
    if isinstance(result, Mapping):
        return _read_mapping(result, name, scorer, depth)
    if isinstance(result, tuple) and not hasattr(result, "_fields"):
        pair = _read_tuple(result, name, scorer)
        if pair is not None:
            return pair
    if any(_has(result, each) for each in _VALUES):
        return _read_object(result, name, scorer, depth)
    if isinstance(result, Iterable) and not isinstance(result, (bytes, bytearray, memoryview)):
        return _read_list(list(result), name, scorer, depth)
    raise DataError(_unreadable(result, scorer))


def _read_mapping(result: Mapping[Any, Any], name: str, scorer: str, depth: int) -> list[Feedback]:
    wrong = [key for key in result if not isinstance(key, str) or not key.strip()]
    if wrong:
        raise DataError(_unreadable(result, scorer, f"its key {wrong[0]!r} is not a name"))
    several = result.get("results")
    if isinstance(several, (list, tuple)) and len(result) == 1:
        return _read_list(several, name, scorer, depth)
    has_value = any(key in result for key in _VALUES)
    named = any(isinstance(result.get(key), str) for key in _NAMES)
    if has_value and (named or _KNOWN.issuperset(result)):
        return _read_fields(dict(result), name, scorer, depth)
    found: list[Feedback] = []
    for key, value in result.items():
        if isinstance(value, (list, tuple, set, frozenset)):
            raise DataError(_unreadable(result, scorer, f"the value of {key!r} is a {type(value).__name__}"))
        found += _read(value, key, scorer, depth + 1)
    return found


def _read_tuple(result: tuple[Any, ...], name: str, scorer: str) -> list[Feedback] | None:
    """Read a score with its reason, or a label, score and explanation; None if the tuple is a list of results."""
    if len(result) not in (2, 3):
        return None
    plain = [_scalar(each, scorer) if each is not None else None for each in result]
    if any(each is not None and value is None for each, value in zip(result, plain, strict=True)):
        return None
    first, *middle, last = plain
    if last is not None and not isinstance(last, str):
        raise DataError(_unreadable(result, scorer, "the last of a tuple is the reason, a text"))
    if not middle:
        return [] if first is None else [_feedback(name, first, scorer, rationale=last)]
    label, score = (first, middle[0]) if isinstance(first, str) or first is None else (middle[0], first)
    if label is not None and not isinstance(label, str):
        raise DataError(_unreadable(result, scorer, "three in a tuple are a label, a score and an explanation"))
    return _read_fields({"label": label, "score": score, "explanation": last}, name, scorer, 0)


def _read_object(result: Any, name: str, scorer: str, depth: int) -> list[Feedback]:
    """Read an object by those of the known attributes that it has."""
    fields = {key: getattr(result, key) for key in sorted(_KNOWN) if _has(result, key)}
    fields = {key: value for key, value in fields.items() if not callable(value)}
    if not any(key in fields for key in _VALUES):
        raise DataError(_unreadable(result, scorer))
    value = fields.get("value")
    if {"answer", "explanation"} <= fields.keys() and "score" not in fields:  # Inspect's Score
        if isinstance(value, Mapping):
            return _read_mapping({str(key): each for key, each in value.items()}, name, scorer, depth)
        if isinstance(value, str):
            fields["value"] = _LETTERS.get(value, value)
    return _read_fields(fields, name, scorer, depth)


def _read_fields(fields: dict[str, Any], name: str, scorer: str, depth: int) -> list[Feedback]:
    """Read the named parts of one verdict."""
    own = next((fields[key] for key in _NAMES if isinstance(fields.get(key), str) and fields[key]), name)
    reason = next((fields[key] for key in _REASONS if isinstance(fields.get(key), str)), None)
    error = fields.get("error")
    if fields.get("scoring_failed") or error is not None:
        message = f"Scorer {scorer!r} says that it failed: {error or reason or 'it gives no reason'}"
        raise DataError(message)
    given = [fields[key] for key in _VALUES if fields.get(key) is not None]
    if not given:
        return []
    value = _plain(given[0], scorer, depth)
    metadata = fields.get("metadata")
    further = dict(metadata) if isinstance(metadata, Mapping) else {}
    if "label" in fields and fields["label"] is not None and len(given) > 1:
        further.setdefault("label", fields["label"])
    elif len(given) > 1:
        further.setdefault("value", _plain(given[1], scorer, depth))
    return [_feedback(own, value, scorer, rationale=reason, metadata=further)]


def _read_list(results: Iterable[Any], name: str, scorer: str, depth: int) -> list[Feedback]:
    found: list[Feedback] = []
    for each in results:
        if each is not None and _scalar(each, scorer) is not None:
            message = (
                f"Scorer {scorer!r} returned a list of values without names. "
                "Return one value, a mapping of names to values, or a list of Feedback(name=…, value=…)."
            )
            raise DataError(message)
        found += _read(each, name, scorer, depth + 1)
    return found


def _complete(feedback: Feedback, name: str, scorer: str) -> Feedback:
    """Fill in the scorer's name where the feedback was not given one, and check its value."""
    value = None if feedback.value is None else _plain(feedback.value, scorer, 0)
    if value is None and feedback.error is None:
        error = AssessmentError("NO_VALUE", f"Scorer {scorer!r} gave feedback with neither a value nor an error.")
        feedback = replace(feedback, error=error)
    source = feedback.source
    if source.source_type == AssessmentSourceType.CODE and source.source_id == "default":
        source = AssessmentSource(AssessmentSourceType.CODE, scorer)
    own = name if feedback.name in ("feedback", "", None) else feedback.name
    return replace(feedback, name=own, value=value, source=source)


def _plain(value: Any, scorer: str, depth: int) -> Any:
    """Return a value as JSON has it: a scalar, or lists and mappings of scalars.

    Raises:
        DataError: if it is anything else.
    """
    if value is None:
        return None
    scalar = _scalar(value, scorer)
    if scalar is not None:
        return scalar
    if depth > _DEEPEST:
        raise DataError(_unreadable(value, scorer, "it is nested too deeply"))
    if isinstance(value, Mapping):
        return {str(key): _plain(each, scorer, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, scorer, depth + 1) for each in value]
    raise DataError(_unreadable(value, scorer))


def _scalar(value: Any, scorer: str) -> bool | int | float | str | None:
    """Return a plain bool, number or text; None if the value is none of these.

    Raises:
        DataError: if it is a number that is not finite.
    """
    if isinstance(value, enum.Enum):
        return _scalar(value.value, scorer)
    if isinstance(value, (bool, str)):
        return value if type(value) in (bool, str) else str(value)
    if isinstance(value, int):
        return int(_finite(value, scorer))
    if isinstance(value, float):
        return float(_finite(value, scorer))
    if isinstance(value, complex):
        return None
    if isinstance(value, numbers.Number) and hasattr(value, "__float__"):  # Decimal, Fraction, numpy's numbers
        return _number(value, scorer)
    shape = getattr(value, "shape", None) if _has(value, "dtype") and _has(value, "item") else None
    if isinstance(shape, tuple) and math.prod(shape) == 1:
        return _scalar(value.item(), scorer)  # an array or a tensor of one number
    return None


def _number(value: Any, scorer: str) -> int | float:
    whole = isinstance(value, numbers.Integral)
    try:
        converted: int | float = int(value) if whole else float(value)
    except (OverflowError, ValueError) as error:
        raise DataError(_not_finite(value, scorer)) from error
    except TypeError as error:
        raise DataError(_unreadable(value, scorer)) from error
    return _finite(converted, scorer)


def _finite(value: int | float, scorer: str) -> int | float:
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        finite = False
    if not finite:
        raise DataError(_not_finite(value, scorer))
    return value


def _feedback(
    name: str, value: Any, scorer: str, *, rationale: str | None = None, metadata: Mapping[str, Any] | None = None
) -> Feedback:
    source = AssessmentSource(AssessmentSourceType.CODE, scorer)
    return Feedback(name=name, value=value, source=source, rationale=rationale, metadata=metadata or {})


def _has(value: Any, attribute: str) -> bool:
    try:
        return hasattr(value, attribute)
    except Exception:  # a property of a foreign object that fails is one that is not there
        return False


def _not_finite(value: Any, scorer: str) -> str:
    shown = "a number too large for a float" if isinstance(value, int) else repr(value)
    return f"Scorer {scorer!r} returned {shown}, which is not a score. Return None where there is nothing to say."


def _unreadable(value: Any, scorer: str, why: str = "") -> str:
    because = f": {why}" if why else ""
    return (
        f"Scorer {scorer!r} returned {_type_name(value)}, which cannot be read as a score{because}. "
        "Return a bool, a number, a text, a Feedback, a list of Feedback, or a mapping of names to values."
    )


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
