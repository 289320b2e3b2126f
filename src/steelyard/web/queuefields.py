"""From the forms of queues and questions to what they make."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from starlette.datastructures import FormData

from steelyard.errors import InvalidArgument
from steelyard.records.review import (
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    LabelInput,
    LabelKind,
    LabelSchema,
    QueueRules,
    ReviewItemType,
    ReviewQueue,
)
from steelyard.web.contexts.queues import NewQuestion, QueueFields

_NAME = 200
_LONG = 10_000
_OPTIONS = 100
FORMS = ("pass_fail", "categorical", "numeric", "text")


def fields_typed(form: FormData) -> QueueFields:
    """Return the fields of a queue as they were typed."""
    return QueueFields(
        name=_text(form, "name", _NAME),
        item_type=ReviewItemType.PAIR if form.get("item_type") == ReviewItemType.PAIR else ReviewItemType.TRACE,
        instruction=_text(form, "instruction", _LONG),
        users=_text(form, "users", _LONG),
        overlap=_text(form, "overlap", 10),
        share=_text(form, "share", 10),
        blind=form.get("blind") == "yes",
        minutes=_text(form, "minutes", 10),
        schema_ids=tuple(dict.fromkeys(str(one) for one in form.getlist("schemas") if one)),
    )


def fields_of(queue: ReviewQueue) -> QueueFields:
    """Return the fields of a queue as it is."""
    return QueueFields(
        name=queue.name,
        item_type=queue.item_type,
        instruction=queue.instruction,
        users="\n".join(queue.users),
        overlap=str(queue.rules.overlap),
        share=f"{100 * queue.rules.overlap_share:g}",
        blind=queue.rules.blind,
        minutes=f"{queue.rules.reserve_seconds / 60:g}",
        schema_ids=queue.schema_ids,
    )


def users_of(fields: QueueFields) -> tuple[str, ...]:
    """Return the people that were named, with commas or one a line.

    Examples:
        >>> users_of(QueueFields(users="Ada, Grace\\nAda"))
        ('Ada', 'Grace')
    """
    return tuple(dict.fromkeys(name.strip()[:100] for name in re.split(r"[,\n]", fields.users) if name.strip()))


def rules_of(fields: QueueFields) -> QueueRules:
    """Return the rules that were typed.

    Raises:
        InvalidArgument: a number is missing or out of range; the message is meant for people.
    """
    overlap = _number(fields.overlap or "1", "How many people answer an item")
    if overlap < 1 or overlap > 50 or not overlap.is_integer():
        raise InvalidArgument("How many people answer an item must be a whole number from 1 to 50.")
    share = _number(fields.share or "100", "The share of items that several answer")
    if not 0 <= share <= 100:
        raise InvalidArgument("The share of items that several answer must be from 0 to 100 percent.")
    minutes = _number(fields.minutes or "10", "How long an item is kept for its reviewer")
    if not 0 < minutes <= 10_080:
        raise InvalidArgument("An item is kept for its reviewer for more than 0 minutes, and for a week at most.")
    return QueueRules(
        overlap=int(overlap), overlap_share=share / 100, blind=fields.blind, reserve_seconds=max(1, round(minutes * 60))
    )


def question_typed(form: FormData) -> NewQuestion:
    """Return the fields of a question as they were typed; their names begin with ``new_``."""
    told = _text(form, "new_form", 20)
    return NewQuestion(
        name=_text(form, "new_name", _NAME),
        kind="expectation" if form.get("new_kind") == "expectation" else "feedback",
        form=told if told in FORMS else FORMS[0],
        positive=_text(form, "new_positive", _NAME),
        negative=_text(form, "new_negative", _NAME),
        options=_text(form, "new_options", _LONG),
        several=form.get("new_several") == "yes",
        min_value=_text(form, "new_min", 40),
        max_value=_text(form, "new_max", 40),
        max_length=_text(form, "new_length", 10),
        instruction=_text(form, "new_instruction", _LONG),
        comment=form.get("new_comment") == "yes",
    )


def question_of(schema: LabelSchema) -> NewQuestion:
    """Return the fields of a question as it is."""
    form = schema.input
    told = NewQuestion(
        name=schema.name,
        kind=schema.kind,
        form=form.kind,
        instruction=schema.instruction,
        comment=schema.enable_comment,
    )
    if isinstance(form, InputPassFail):
        return replace(told, positive=form.positive_label, negative=form.negative_label)
    if isinstance(form, InputCategorical):
        return replace(told, options="\n".join(form.options), several=form.multi_select)
    if isinstance(form, InputNumeric):
        return replace(told, min_value=_bound(form.min_value), max_value=_bound(form.max_value))
    return replace(told, max_length="" if form.max_length is None else str(form.max_length))


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def input_of(question: NewQuestion) -> LabelInput:
    """Return the form of answers that was typed.

    Raises:
        InvalidArgument: something is missing or does not fit; the message is meant for people.
    """
    if question.form == "pass_fail":
        labels = question.positive or "Pass", question.negative or "Fail"
        if labels[0] == labels[1]:
            raise InvalidArgument("The two answers of a pass or fail question need different labels.")
        return InputPassFail(*labels)
    if question.form == "categorical":
        lines = [line.strip() for line in question.options.splitlines()]
        options = tuple(dict.fromkeys(line for line in lines if line))
        if not 2 <= len(options) <= _OPTIONS:
            raise InvalidArgument(f"Write the options one a line: at least 2, at most {_OPTIONS}.")
        return InputCategorical(options, multi_select=question.several)
    if question.form == "numeric":
        low = _number(question.min_value, "The least value") if question.min_value else None
        high = _number(question.max_value, "The greatest value") if question.max_value else None
        if low is not None and high is not None and low >= high:
            raise InvalidArgument("The least value must be below the greatest.")
        return InputNumeric(low, high)
    if not question.max_length:
        return InputText()
    length = _number(question.max_length, "The greatest length")
    if length < 1 or not length.is_integer():
        raise InvalidArgument("The greatest length must be a whole number of characters, 1 or more.")
    return InputText(int(length))


def label_kind(question: NewQuestion) -> LabelKind:
    return "expectation" if question.kind == "expectation" else "feedback"


def _text(form: FormData, name: str, longest: int) -> str:
    return str(form.get(name, "")).replace("\r\n", "\n").strip()[:longest]


def _number(text: str, what: str) -> float:
    try:
        number = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError as error:
        raise InvalidArgument(f"{what} must be a number, not {text[:40]!r}.") from error
    if not math.isfinite(number):
        raise InvalidArgument(f"{what} must be a finite number.")
    return number
