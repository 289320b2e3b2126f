"""How a scorer is called with a case: each parameter by what its name means (see ``meanings``)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard._lib.names import nearest
from steelyard.errors import DataError
from steelyard.records.case import Case
from steelyard.scorers.meanings import (
    FINDERS,
    MISSING,
    SESSION_NAMES,
    WHOLE,
    Find,
    field_of,
    inputs_of,
    look_up,
    named,
)
from steelyard.scorers.views import CaseView, ExampleView

_VIEW_NAMES = ("case", "item", "row", "run", "ctx", "test_case", "sample", "eval_input", "dataset_item")
_FINDERS: dict[str, Find] = {**FINDERS, **dict.fromkeys(_VIEW_NAMES, CaseView), "example": ExampleView}
_BY_POSITION = ("output", "expected", "input")
_REST = ("inputs", "outputs", "expectations", "input", "output", "expected", "metadata", "tags", "trace", "session")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a scorer and where its value comes from."""

    name: str
    find: Find
    required: bool
    by_position: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """How a function is called with a case.

    Args:
        parameters: those that are filled one by one.
        takes_rest: whether there is a ``**kwargs``.
    """

    parameters: tuple[Parameter, ...]
    takes_rest: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters)

    def fill(self, case: Case, *, scorer: str) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the named arguments.

        Raises:
            DataError: if a parameter without a default cannot be filled.
        """
        args: list[Any] = []
        named: dict[str, Any] = {}
        for parameter in self.parameters:
            value = parameter.find(case)
            if value is MISSING:
                if parameter.required:
                    raise DataError(_nothing_fills(parameter.name, case, scorer=scorer))
                if parameter.by_position:
                    break  # the positions after it would shift; they keep their defaults too
                continue
            if parameter.by_position:
                args.append(value)
            else:
                named[parameter.name] = value
        if self.takes_rest:
            taken = set(self.names)
            named.update((name, value) for name, value in _everything(case).items() if name not in taken)
        return args, named

    def unfilled(self, case: Case) -> tuple[str, ...]:
        """Return the required parameters that this case cannot fill."""
        return tuple(each.name for each in self.parameters if each.required and each.find(case) is MISSING)


def binding_of(function: Callable[..., Any], *, scorer: str) -> Binding:
    """Read a function's signature.

    Raises:
        DataError: if it has none that Python can see.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        message = f"The parameters of scorer {scorer!r} cannot be read. Wrap it in a function with named parameters."
        raise DataError(message) from error
    parameters = []
    positions = iter(_BY_POSITION)
    for parameter in signature.parameters.values():
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        parameters.append(_parameter(parameter, positions))
    rest = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values())
    return Binding(tuple(parameters), takes_rest=rest)


def _parameter(parameter: inspect.Parameter, positions: Iterator[str]) -> Parameter:
    name = parameter.name
    by_position = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    place = next(positions, name) if by_position else name
    find = _FINDERS.get(name)
    if find is None:
        find = _FINDERS[place] if by_position and place in _FINDERS else named(field_of, name)
    elif name in WHOLE and _is_mapping(parameter.annotation):
        find = WHOLE[name]
    return Parameter(name, find, required=parameter.default is inspect.Parameter.empty, by_position=by_position)


def _is_mapping(annotation: Any) -> bool:
    """Whether an annotation, evaluated or still a text, names a mapping."""
    if isinstance(annotation, str):
        return annotation.removeprefix("typing.").split("[")[0] in ("dict", "Dict", "Mapping")
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _everything(case: Case) -> dict[str, Any]:
    """Return all that has a name: the row's fields, and the reserved words that can be filled."""
    inputs = inputs_of(case)
    everything: dict[str, Any] = {}
    for place in (case.metadata, case.expectations, inputs):
        if isinstance(place, Mapping):
            everything.update((name, value) for name, value in place.items() if isinstance(name, str))
    for name in _REST:
        value = look_up(case, name)
        if value is not MISSING:
            everything[name] = value
    return everything


def _nothing_fills(name: str, case: Case, *, scorer: str) -> str:
    if name in SESSION_NAMES:
        return (
            f"Scorer {scorer!r} takes {name!r}, so it judges whole sessions, and this row is not one. "
            "Evaluate traces that carry a session, or a conversation simulator."
        )
    places = {"inputs": inputs_of(case), "expectations": case.expectations, "metadata": case.metadata}
    fields = [key for place in places.values() if isinstance(place, Mapping) for key in place if isinstance(key, str)]
    there = [_shown(label, place) for label, place in places.items() if place]
    there.append("outputs")
    there += ["trace"] if case.trace is not None else []
    close = nearest(name, [*fields, *_FINDERS])
    hint = f" Did you mean {close!r}?" if close and close != name else ""
    return (
        f"Scorer {scorer!r} has a parameter {name!r} that nothing in this row fills.{hint} "
        f"There is: {', '.join(there)}. Rename the parameter, or give it a default."
    )


def _shown(label: str, place: Any) -> str:
    if not isinstance(place, Mapping):
        return label
    keys = [repr(key) for key in list(place)[:20]]
    return f"{label} ({', '.join(keys)}{', …' if len(place) > len(keys) else ''})"
