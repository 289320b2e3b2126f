"""From label schemas to the questions of a form, and from what was typed to answers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData

from steelyard.errors import Conflict
from steelyard.records.review import (
    PREFERENCE,
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    LabelAnswer,
    LabelSchema,
)
from steelyard.web.contexts.review import AnswerChoice, Question

NONE = "none of these"
"""Sent, under a name of its own, for a question of which no option applies."""

_KEYS = "123456789"
_COMMENT = 10_000
_TEXT = 20_000
_CHANGED = "The questions of this queue changed while this item was before you. Nothing was saved: look at them again."


def questions_of(schemas: Sequence[LabelSchema]) -> tuple[Question, ...]:
    """Return the questions that a form asks, in order."""
    return tuple(_question(number, schema) for number, schema in enumerate(schemas))


def preference(*, swapped: bool) -> Question:
    """Return the question that a pair asks; the side on the left is A."""
    left, right = ("second", "first") if swapped else ("first", "second")
    choices = (
        AnswerChoice(value=left, label="A is better", key="1"),
        AnswerChoice(value=right, label="B is better", key="2"),
        AnswerChoice(value="tie", label="Equally good", key="3"),
    )
    return Question(
        number=0, schema_id=PREFERENCE, name="Which is better?", form="pair", enable_comment=True, choices=choices
    )


def is_swapped(item_id: str, reviewer: str) -> bool:
    """Whether a reviewer sees the second of a pair first: half of them do, and the same one always.

    Examples:
        >>> is_swapped("ri-1", "ada") == is_swapped("ri-1", "ada")
        True
    """
    return hashlib.sha256(f"{item_id}\0{reviewer}".encode()).digest()[0] % 2 == 1


def _question(number: int, schema: LabelSchema) -> Question:
    asked = Question(
        number=number,
        schema_id=schema.schema_id,
        name=schema.name,
        form="text",
        kind=schema.kind,
        version=schema.version,
        instruction=schema.instruction,
        enable_comment=schema.enable_comment,
    )
    form = schema.input
    if isinstance(form, InputPassFail):
        choices = (
            AnswerChoice(value="true", label=form.positive_label, key="1"),
            AnswerChoice(value="false", label=form.negative_label, key="2"),
        )
        return replace(asked, form="pass_fail", choices=choices)
    if isinstance(form, InputCategorical):
        options = tuple(
            AnswerChoice(value=option, label=option, key=_KEYS[i] if i < len(_KEYS) else "")
            for i, option in enumerate(form.options)
        )
        return replace(asked, form="several" if form.multi_select else "categorical", choices=options)
    if isinstance(form, InputNumeric):
        return replace(asked, form="numeric", min_value=form.min_value, max_value=form.max_value)
    return replace(asked, max_length=form.max_length)


def typed_again(questions: Sequence[Question], form: FormData) -> tuple[Question, ...]:
    """Return questions with what a form holds for them, found by schema, as far as it still fits."""
    placed = {str(form.get(f"q{n}.schema", "")): n for n in range(len(questions) + 20) if f"q{n}.schema" in form}
    kept = []
    for question in questions:
        n = placed.get(question.schema_id)
        if n is None:
            kept.append(question)
            continue
        typed = tuple(str(value) for value in form.getlist(f"q{n}.value"))
        allowed = {choice.value for choice in question.choices}
        typed = tuple(value for value in typed if value in allowed) if allowed else typed
        typed += (NONE,) if form.get(f"q{n}.none") and question.form == "several" else ()
        kept.append(replace(question, typed=typed, comment=str(form.get(f"q{n}.comment", ""))))
    return tuple(kept)


def read_answers(questions: Sequence[Question], form: FormData) -> tuple[tuple[LabelAnswer, ...], Mapping[int, str]]:
    """Return the answers that a form holds, and what is wrong with it by the number of the question.

    Every question needs an answer; one in words may be left out beside others.

    Raises:
        Conflict: the form asked other questions than these, or other versions of them.
    """
    asked = [(str(form.get(f"q{q.number}.schema")), str(form.get(f"q{q.number}.version"))) for q in questions]
    more = f"q{len(questions)}.schema" in form
    if more or asked != [(q.schema_id, str(q.version)) for q in questions]:
        raise Conflict(_CHANGED)
    answers, problems = [], {}
    for question in questions:
        typed = [str(value).strip() for value in form.getlist(f"q{question.number}.value")]
        none = bool(form.get(f"q{question.number}.none"))
        value, problem = _value(question, [text for text in typed if text], none)
        if problem:
            problems[question.number] = problem
        elif value is not None:
            comment = str(form.get(f"q{question.number}.comment", "")).strip()[:_COMMENT]
            answers.append(
                LabelAnswer(
                    schema_id=question.schema_id,
                    value=value,
                    comment=comment if question.enable_comment else "",
                    version=question.version,
                )
            )
    if not answers and not problems:
        problems[0] = "Write an answer, skip the item, or flag it."
    return tuple(answers), problems


def _value(question: Question, typed: Sequence[str], none: bool) -> tuple[Any, str]:
    """Return the value that was typed, or what is wrong; neither for a text that was left out."""
    if question.form == "text":
        longest = min(question.max_length or _TEXT, _TEXT)
        text = typed[0] if typed else ""
        return text or None, f"At most {longest:,} characters; these are {len(text):,}." if len(text) > longest else ""
    if question.form == "several":
        if not typed and not none:
            return None, "Choose what applies, or that none does."
        return [choice.value for choice in question.choices if choice.value in typed], ""
    if not typed:
        return None, "Choose an answer." if question.choices else "Write a number."
    if question.form == "numeric":
        return _number(question, typed[0])
    if typed[0] not in {choice.value for choice in question.choices}:
        return None, "Choose one of the answers."
    return (typed[0] == "true") if question.form == "pass_fail" else typed[0], ""


def _number(question: Question, text: str) -> tuple[float | int | None, str]:
    try:
        number = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return None, f"Write a number, not {text[:40]!r}."
    low, high = question.min_value, question.max_value
    if not math.isfinite(number):
        return None, "Write a finite number."
    if low is not None and number < low:
        return None, f"At least {low:g}."
    if high is not None and number > high:
        return None, f"At most {high:g}."
    return (int(number) if number.is_integer() and abs(number) < 2**53 else number), ""


def with_problems(questions: Sequence[Question], problems: Mapping[int, str]) -> tuple[Question, ...]:
    """Return questions with what is wrong beside each."""
    return tuple(replace(q, problem=problems.get(q.number, "")) for q in questions)


def word_for(value: Any, schema: LabelSchema | None) -> str:
    """Write the value of an answer as its question words it."""
    if schema is not None and isinstance(schema.input, InputPassFail) and isinstance(value, bool):
        return schema.input.positive_label if value else schema.input.negative_label
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def form_word(schema: LabelSchema) -> str:
    """Say how a question is answered."""
    form = schema.input
    if isinstance(form, InputPassFail):
        return f"{form.positive_label} or {form.negative_label}"
    if isinstance(form, InputCategorical):
        return f"{'any' if form.multi_select else 'one'} of {len(form.options)}"
    if isinstance(form, InputText):
        return "words" if form.max_length is None else f"words, {form.max_length:,} characters at most"
    low, high = form.min_value, form.max_value
    if low is not None and high is not None:
        return f"a number from {low:g} to {high:g}"
    return "a number" + (f" of {low:g} or more" if low is not None else f" up to {high:g}" if high is not None else "")
