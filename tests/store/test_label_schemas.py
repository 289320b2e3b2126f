"""What any store must do with the questions that people are asked."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from reviews_made import question, queue

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import InputCategorical, InputNumeric, InputPassFail, InputText, Store
from steelyard.store.sql.review_inputs import check_input

INPUTS = {
    "pass or fail": InputPassFail("Good", "Bad"),
    "one option": InputCategorical(("a", "b")),
    "several options": InputCategorical(("b", "a", "ü"), multi_select=True),
    "a number": InputNumeric(),
    "a number within bounds": InputNumeric(-1.5, 10),
    "text": InputText(),
    "short text": InputText(20),
}


def test_inputs_come_back_as_they_were_given(store: Store) -> None:
    for name, form in INPUTS.items():
        made = store.label_schemas.create("0", name, input=form)
        assert (made.input, store.label_schemas.get(made.schema_id).input) == (form, form)


def test_a_schema_comes_back_as_it_was_made(store: Store) -> None:
    form = InputText()
    made = store.label_schemas.create(
        "0", "tone", input=form, kind="expectation", instruction="Read it twice.", enable_comment=True, by="ada"
    )
    assert re.fullmatch("ls-[0-9a-f]{32}", made.schema_id)
    assert (made.name, made.input, made.kind, made.version) == ("tone", form, "expectation", 1)
    assert (made.instruction, made.enable_comment, made.experiment_id) == ("Read it twice.", True, "0")
    assert made.created_by == made.last_updated_by == "ada"
    assert made.created_time == made.last_update_time > 0
    assert store.label_schemas.get(made.schema_id) == made
    assert store.label_schemas.find("0", "tone") == made


def test_schemas_are_listed_by_name_and_each_experiment_has_its_own(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    second, first = question(store, "b"), question(store, "a")
    theirs = store.label_schemas.create(other, "a", input=InputText())
    assert store.label_schemas.list("0") == (first, second)
    assert store.label_schemas.list(other) == (theirs,)
    assert store.label_schemas.find(other, "b") is None


def test_a_name_is_taken_once_in_an_experiment(store: Store) -> None:
    question(store, "a")
    second = question(store, "b")
    with pytest.raises(AlreadyExists, match="label schema named 'a' already"):
        question(store, "a")
    with pytest.raises(AlreadyExists, match="label schema named 'a' already"):
        store.label_schemas.update(second.schema_id, name="a")


def test_another_input_makes_the_next_version_and_nothing_else_does(store: Store) -> None:
    schema_id = store.label_schemas.create("0", "score", input=InputNumeric(1, 5)).schema_id
    update = store.label_schemas.update
    same = update(schema_id, name="grade", instruction="From 1.", enable_comment=True, input=InputNumeric(1.0, 5.0))
    assert (same.version, same.name, same.instruction, same.enable_comment) == (1, "grade", "From 1.", True)
    changed = update(schema_id, input=InputNumeric(1, 7), by="bob")
    assert (changed.version, changed.input, changed.last_updated_by) == (2, InputNumeric(1, 7), "bob")
    assert update(schema_id, input=InputText(), by="bob").version == 3


def test_a_schema_that_a_queue_asks_is_not_deleted(store: Store) -> None:
    made = queue(store)
    (schema_id,) = made.schema_ids
    with pytest.raises(InvalidArgument, match=r"is asked by 'to do'\. Take it out of the queue first"):
        store.label_schemas.delete(schema_id)
    store.reviews.update(made.queue_id, schema_ids=[])
    store.label_schemas.delete(schema_id)
    with pytest.raises(NotFound, match="There is no label schema with id"):
        store.label_schemas.get(schema_id)


def test_what_does_not_exist_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="There is no label schema with id 'ls-0'"):
        store.label_schemas.update("ls-0", instruction="x")
    with pytest.raises(NotFound, match="There is no label schema with id 'ls-0'"):
        store.label_schemas.delete("ls-0")
    with pytest.raises(NotFound, match="There is no experiment with id '77'"):
        store.label_schemas.create("77", "a", input=InputText())


WRONG = {
    "no options": (InputCategorical(()), "There are 0 options: give 1"),
    "an empty option": (InputCategorical(("a", " ")), "The option is empty"),
    "an option twice": (InputCategorical(("a", "a")), "Two of the options are the same"),
    "equal labels": (InputPassFail("Yes", "Yes"), "are the same: 'Yes', 'Yes'"),
    "bounds the wrong way": (InputNumeric(2, 1), "No number lies between 2 and 1"),
    "an endless bound": (InputNumeric(max_value=math.inf), "The bound inf is not a finite number"),
    "no room": (InputText(0), "max_length=0 leaves no room"),
}


@pytest.mark.parametrize(("form", "message"), WRONG.values(), ids=WRONG)
def test_an_input_that_nobody_can_answer_is_refused(form: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        check_input(form)


def test_a_question_that_nobody_can_answer_is_neither_created_nor_changed(store: Store) -> None:
    made = question(store)
    with pytest.raises(InvalidArgument, match="There are 0 options"):
        store.label_schemas.create("0", "a", input=InputCategorical(()))
    with pytest.raises(InvalidArgument, match="There are 0 options"):
        store.label_schemas.update(made.schema_id, input=InputCategorical(()))
    assert store.label_schemas.list("0") == (made,)


def test_names_kinds_and_inputs_are_checked(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="name is empty"):
        store.label_schemas.create("0", " ", input=InputText())
    with pytest.raises(InvalidArgument):
        store.label_schemas.create("0", "a", input=InputText(), kind="verdict")  # type: ignore[arg-type]
