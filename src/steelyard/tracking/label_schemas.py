"""Questions to people: label schemas of an experiment, by name or id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar, cast

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import (
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    LabelInput,
    LabelSchema,
    Store,
)
from steelyard.records.review import LabelKind
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.paged import PagedList
from steelyard.tracking.stores import get_store

EXPECTED_FACTS = "expected_facts"
EXPECTED_RESPONSE = "expected_response"
GUIDELINES = "guidelines"

T = TypeVar("T")

_INPUTS = (InputPassFail, InputCategorical, InputNumeric, InputText)


class LabelSchemaType:
    """Whether answers are feedback on what was done, or expectations of what should have been."""

    FEEDBACK = "feedback"
    EXPECTATION = "expectation"


def create_label_schema(
    name: str,
    *,
    type: str = "feedback",  # noqa: A002 - MLflow's names
    input: LabelInput,  # noqa: A002
    instruction: str | None = None,
    enable_comment: bool = False,
    experiment_id: str | None = None,
) -> LabelSchema:
    """Create a question to people.

    Args:
        name: of the feedback or expectation that answers become; no other schema of the experiment has it.
        type: ``feedback`` or ``expectation``.
        input: the form of an answer: ``InputPassFail``, ``InputCategorical``, ``InputNumeric`` or ``InputText``.
        instruction: what people should heed.
        enable_comment: whether a comment may be given; it becomes the rationale.
        experiment_id: whose it is; the active experiment's unless told.

    Raises:
        AlreadyExists: the experiment has a schema of this name.
        InvalidArgument: the input is none, or no answer could fit it.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> made = create_label_schema("polite", input=InputPassFail("Polite", "Rude"))
        >>> made.type, made.version
        ('feedback', 1)
        >>> get_label_schema("polite") == made
        True
    """
    return get_store().label_schemas.create(
        _experiment(experiment_id),
        name,
        input=_input(input),
        kind=_kind(type),
        instruction=instruction or "",
        enable_comment=enable_comment,
        by=user_name(),
    )


def get_label_schema(
    name: str | None = None, *, schema_id: str | None = None, experiment_id: str | None = None
) -> LabelSchema:
    """Return a label schema.

    Args:
        name: its name within the experiment; an id does as well.
        schema_id: its id; give this or ``name``.
        experiment_id: whose it is; the active experiment's unless told.

    Raises:
        InvalidArgument: unless exactly one of ``name`` and ``schema_id`` is given.
        NotFound: there is no such schema.
    """
    if (name is None) == (schema_id is None):
        raise InvalidArgument("get_label_schema needs a name or a schema_id, and not both.")
    if schema_id is not None:
        return get_store().label_schemas.get(schema_id)
    return find_schema(get_store(), str(name), _experiment(experiment_id))


def list_label_schemas(
    experiment_id: str | None = None, *, max_results: int | None = None, page_token: str | None = None
) -> PagedList[LabelSchema]:
    """Return the label schemas of an experiment by name.

    Args:
        experiment_id: the active experiment's unless told.
        max_results: at most so many; all unless told.
        page_token: goes on where an earlier part ended.

    Raises:
        InvalidArgument: ``page_token`` is none that this function returned.
    """
    return part_of(get_store().label_schemas.list(_experiment(experiment_id)), max_results, page_token)


def update_label_schema(
    schema_id: str | LabelSchema,
    *,
    name: str | None = None,
    instruction: str | None = None,
    enable_comment: bool | None = None,
    input: LabelInput | None = None,  # noqa: A002 - MLflow's name
    experiment_id: str | None = None,
) -> LabelSchema:
    """Change a label schema. What is None stays.

    Answers that were given stay as they are. Another ``input`` makes the next version, and answers to earlier versions
    are counted apart from then on.

    Args:
        schema_id: its id, its name or the schema.
        name, instruction, enable_comment, input: as for ``create_label_schema``.
        experiment_id: where a name is looked up; the active experiment unless told.

    Raises:
        AlreadyExists: the experiment has another schema of this name.
        NotFound: there is no such schema.
    """
    store = get_store()
    return store.label_schemas.update(
        find_schema(store, schema_id, _experiment(experiment_id)).schema_id,
        name=name,
        instruction=instruction,
        enable_comment=enable_comment,
        input=None if input is None else _input(input),
        by=user_name(),
    )


def delete_label_schema(
    name: str | LabelSchema | None = None, *, schema_id: str | None = None, experiment_id: str | None = None
) -> None:
    """Delete a label schema that no queue asks. The assessments that answers became stay.

    Args:
        name: its name, its id or the schema.
        schema_id: its id; give this or ``name``. As with MLflow, one that is gone is no mistake.
        experiment_id: where a name is looked up; the active experiment unless told.

    Raises:
        InvalidArgument: a queue asks it; or not exactly one of ``name`` and ``schema_id`` is given.
        NotFound: there is no schema of this name.
    """
    if (name is None) == (schema_id is None):
        raise InvalidArgument("delete_label_schema needs a name or a schema_id, and not both.")
    store = get_store()
    if name is not None:
        store.label_schemas.delete(find_schema(store, name, _experiment(experiment_id)).schema_id)
        return
    try:
        store.label_schemas.delete(str(schema_id))
    except NotFound:  # as MLflow: what is gone is gone
        return


def find_schema(store: Store, given: str | LabelSchema, experiment_id: str) -> LabelSchema:
    """Return a schema of an experiment by its name, or by its id, or as it is.

    Raises:
        NotFound: there is none.
    """
    if isinstance(given, LabelSchema):
        return given
    found = store.label_schemas.find(experiment_id, given)
    if found is not None:
        return found
    try:
        return store.label_schemas.get(given)
    except NotFound:
        names = ", ".join(repr(one.name) for one in store.label_schemas.list(experiment_id)) or "none"
        message = f"There is no label schema {given!r} in the experiment {experiment_id}; it has {names}."
        raise NotFound(message) from None


def part_of(items: Sequence[T], max_results: int | None, page_token: str | None) -> PagedList[T]:
    """Return a part of what a store returns whole; the token is the place of the next."""
    start = 0 if page_token is None else int(page_token) if page_token.isdecimal() else -1
    if start < 0 or (max_results is not None and max_results < 1):
        raise InvalidArgument("A part of a list needs max_results of 1 or more, and the token of the part before it.")
    end = len(items) if max_results is None else start + max_results
    return PagedList(items[start:end], str(end) if end < len(items) else None)


def _experiment(experiment_id: str | None) -> str:
    return active_experiment_id() if experiment_id is None else str(experiment_id)


def _kind(given: str) -> LabelKind:
    kind = str(given).lower()
    if kind not in (LabelSchemaType.FEEDBACK, LabelSchemaType.EXPECTATION):
        raise InvalidArgument(f"The type of a label schema is 'feedback' or 'expectation', not {given!r}.")
    return cast("LabelKind", kind)


def _input(given: LabelInput) -> LabelInput:
    """Return an input with its options in a tuple, whatever they came in."""
    if not isinstance(given, _INPUTS):
        names = ", ".join(kind.__name__ for kind in _INPUTS)
        raise InvalidArgument(f"The input of a label schema is one of {names}, not {given!r}.")
    return replace(given, options=tuple(given.options)) if isinstance(given, InputCategorical) else given
