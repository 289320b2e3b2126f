"""The forms of answers: as rows and back, whether a form makes sense, and whether a value is of it."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import msgspec

from steelyard.errors import InvalidArgument
from steelyard.records.review import (
    PREFERENCE,
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    LabelInput,
    LabelSchema,
)
from steelyard.store.limits import MAX_TAG_VALUE, check_name
from steelyard.store.sql.json_text import from_json, to_json

_KINDS: dict[str, type[LabelInput]] = {
    one.kind: one for one in (InputPassFail, InputCategorical, InputNumeric, InputText)
}
PREFERENCES = ("first", "second", "tie")
MAX_OPTIONS = 1_000


def input_text(form: LabelInput) -> str:
    """Return an input as its row has it."""
    return to_json({"kind": form.kind, **asdict(form)}, "input") or ""


def input_from(text: str) -> LabelInput:
    """Return the input of a row."""
    fields = from_json(text)
    return msgspec.convert(fields, _KINDS[fields.pop("kind")])


def check_input(form: LabelInput) -> LabelInput:
    """Return an input that somebody can answer.

    Raises:
        InvalidArgument: nobody could, or it is no input.
    """
    match form:
        case InputPassFail():
            _check_options((form.positive_label, form.negative_label), "labels of a pass/fail question", least=2)
        case InputCategorical():
            form = InputCategorical(tuple(form.options), bool(form.multi_select))
            _check_options(form.options, "options", least=1)
        case InputNumeric():
            _check_bounds(form)
        case InputText():
            if form.max_length is not None and not (type(form.max_length) is int and form.max_length > 0):
                raise InvalidArgument(f"max_length={form.max_length!r} leaves no room: give a whole number above 0.")
        case _:
            raise InvalidArgument(
                f"The input is of type {type(form).__name__}. Give an InputPassFail, InputCategorical, InputNumeric "
                "or InputText."
            )
    return form


def check_label(schema: LabelSchema, value: Any) -> Any:
    """Return a value as it is kept: of the form that the schema asks for.

    Raises:
        InvalidArgument: it is of another form; the message says which one is wanted.
    """
    match schema.input:
        case InputPassFail():
            if not isinstance(value, bool):
                raise _wrong(schema, value, "True or False")
            return value
        case InputCategorical(options, multi_select):
            return _several(schema, options, value) if multi_select else _one(schema, options, value)
        case InputNumeric(low, high):
            return _number(schema, low, high, value)
        case InputText(max_length):
            return _words(schema, max_length, value)


def check_preference(value: Any) -> str:
    """Return which of a pair is better."""
    if isinstance(value, str) and value in PREFERENCES:
        return value
    raise InvalidArgument(f"The preference {value!r} cannot be used. Say one of: {', '.join(PREFERENCES)}.")


def is_compared(schema: LabelSchema) -> bool:
    """Return whether two answers that differ contradict each other; the words of two people always differ."""
    return schema.kind == "expectation" or not isinstance(schema.input, InputText)


def preference_schema() -> LabelSchema:
    """Return what every queue of pairs asks."""
    return LabelSchema(
        schema_id=PREFERENCE,
        experiment_id="",
        name=PREFERENCE,
        input=InputCategorical(PREFERENCES),
        enable_comment=True,
    )


def _check_options(options: tuple[str, ...], what: str, *, least: int) -> None:
    if not least <= len(options) <= MAX_OPTIONS:
        raise InvalidArgument(f"There are {len(options)} {what}: give {least} to {MAX_OPTIONS:,}.")
    for option in options:
        check_name(option, "option", limit=MAX_TAG_VALUE)
    if len(set(options)) < len(options):
        raise InvalidArgument(f"Two of the {what} are the same: {', '.join(map(repr, options))}.")


def _check_bounds(form: InputNumeric) -> None:
    for bound in (form.min_value, form.max_value):
        if bound is not None and not _is_finite(bound):
            raise InvalidArgument(f"The bound {bound!r} is not a finite number. Leave it out for no bound.")
    if form.min_value is not None and form.max_value is not None and form.min_value > form.max_value:
        raise InvalidArgument(f"No number lies between {form.min_value:g} and {form.max_value:g}. Swap the bounds.")


def _one(schema: LabelSchema, options: tuple[str, ...], value: Any) -> str:
    if not isinstance(value, str) or value not in options:
        raise _wrong(schema, value, f"one of: {', '.join(map(repr, options))}")
    return value


def _several(schema: LabelSchema, options: tuple[str, ...], value: Any) -> list[str]:
    listed = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    if not listed or not set(value) <= set(options):
        raise _wrong(schema, value, f"a list of some of: {', '.join(map(repr, options))}")
    return [option for option in options if option in value]


def _number(schema: LabelSchema, low: float | None, high: float | None, value: Any) -> float:
    if not _is_finite(value):
        raise _wrong(schema, value, "a finite number")
    if (low is not None and value < low) or (high is not None and value > high):
        within = " and ".join(
            f"at {word} {bound:g}" for word, bound in (("least", low), ("most", high)) if bound is not None
        )
        raise _wrong(schema, value, f"a number, {within}")
    return value


def _words(schema: LabelSchema, max_length: int | None, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(schema, value, "some text")
    if max_length is not None and len(value) > max_length:
        raise InvalidArgument(
            f"The answer to {schema.name!r} has {len(value):,} characters: at most {max_length:,} are asked for."
        )
    return value


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _wrong(schema: LabelSchema, value: Any, wanted: str) -> InvalidArgument:
    if value is None:
        return InvalidArgument(f"The answer to {schema.name!r} has no value. Leave it out, or give {wanted}.")
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
    return InvalidArgument(f"The answer {shown} to {schema.name!r} cannot be used: give {wanted}.")
