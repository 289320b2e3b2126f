"""Records of datasets as texts: lines of a list, fields of a form, and the two sides of what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetRecord, RecordDraft
from steelyard.web.contexts.datasetrecord import RecordTexts
from steelyard.web.spoken import line_of

LONGEST = 20_000
_LONGEST_FIELD = 200_000
_PARTS = ("inputs", "outputs", "expectations", "tags")


class FieldProblem(InvalidArgument):
    """What was typed into a field cannot be kept; ``args`` are the message and the field."""


def line(value: Any) -> str:
    """Return a value as one line, such as what the user of a chat said."""
    only = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value
    if isinstance(only, (dict, list)) and not isinstance(value, str):
        return line_of(value, "user") or line_of(only, "user")
    return line_of(only, "user")


def pretty(value: Any, *, longest: int = LONGEST) -> str:
    """Return a value as JSON for people, cut if it is very long."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"


def texts_of(record: DatasetRecord) -> RecordTexts:
    """Return what stands in the fields of a record's form."""
    parts = {name: getattr(record, name) for name in _PARTS}
    return RecordTexts(
        **{
            name: "" if value is None or (name != "outputs" and not value) else pretty(value, longest=_LONGEST_FIELD)
            for name, value in parts.items()
        }
    )


def is_cut(texts: RecordTexts) -> bool:
    """Say whether a text is too long for a form."""
    return any(len(getattr(texts, name)) > _LONGEST_FIELD for name in _PARTS)


def draft_of(texts: RecordTexts) -> RecordDraft:
    """Return the record that was typed.

    Raises:
        FieldProblem: a field is not JSON, or not of the form that it must have.
    """
    inputs, expectations, tags = (_mapping(texts, name) for name in ("inputs", "expectations", "tags"))
    odd = next((key for key, value in tags.items() if not isinstance(value, str)), None)
    if odd is not None:
        raise FieldProblem(
            f'The tag {odd!r} is not a text: put quotation marks around it, like {{"{odd}": "…"}}.', "tags"
        )
    if not inputs:
        raise FieldProblem("A record needs inputs: they are what identifies it.", "inputs")
    return RecordDraft(inputs=inputs, outputs=_value(texts, "outputs"), expectations=expectations, tags=tags)


def differences(before: DatasetRecord | None, after: DatasetRecord | None) -> tuple[tuple[str, str, str], ...]:
    """Return the parts of a record that differ, as texts before and after."""
    found = []
    for name in _PARTS:
        sides = [getattr(one, name) if one else None for one in (before, after)]
        old, new = ("" if side is None or side == {} else pretty(side) for side in sides)
        if sides[0] != sides[1] and (old or new):
            found.append((name, old, new))
    return tuple(found)


def _mapping(texts: RecordTexts, name: str) -> Mapping[str, Any]:
    value = _value(texts, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FieldProblem(f'{name} are named values, like {{"question": "Why?"}}, not {str(value)[:40]!r}.', name)
    return value


def _value(texts: RecordTexts, name: str) -> Any:
    text = getattr(texts, name).strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldProblem(f"{name} cannot be read as JSON: {error}.", name) from error
