"""A case as other frameworks show it to their scorers: one object, read by any of the field's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.records.case import Case
from steelyard.records.trace import Trace
from steelyard.scorers.meanings import MISSING, inputs_of, is_reserved, look_up


class CaseView(Mapping[str, Any]):
    """A case whose fields are attributes and keys alike, under every name that a parameter may have.

    It stands in for pydantic-evals' ``ctx``, DeepEval's ``test_case``, Ragas' ``sample``, LangSmith's ``run``,
    Langfuse's ``item`` and a plain ``row``. A name with a meaning of its own that has no value gives None; a name that
    the row does not have raises.

    >>> view = CaseView(Case(inputs={"question": "Why?"}, outputs="Because."))
    >>> view.output, view["question"], view.input, view.expected_output
    ('Because.', 'Why?', 'Why?', None)
    """

    __slots__ = ("_case",)

    def __init__(self, case: Case) -> None:
        self._case = case

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            message = f"This row has no {name!r}; it has: {', '.join(self)}."
            raise AttributeError(message) from None

    def __getitem__(self, name: str) -> Any:
        fact = _FACTS.get(name)
        if fact is not None and name not in self._fields():
            return fact(self._case)
        value = self._look_up(name)
        if value is not MISSING:
            return value
        if is_reserved(name):
            return None
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        shown = ("inputs", "outputs", "expectations", "metadata", "tags")
        return iter(dict.fromkeys((*shown, *self._fields())))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._case.row_id or self._case.row!r})"

    def _look_up(self, name: str) -> Any:
        return look_up(self._case, name)

    def _fields(self) -> dict[str, None]:
        inputs = inputs_of(self._case)
        places = (inputs if isinstance(inputs, Mapping) else {}, self._case.expectations, self._case.metadata)
        return {key: None for place in places for key in place if isinstance(key, str)}


class ExampleView(CaseView):
    """A case as an example of a dataset: its ``output`` and ``outputs`` are the expected ones."""

    __slots__ = ()

    def _look_up(self, name: str) -> Any:
        if name in ("output", "outputs"):
            return self._case.expectations
        if name == "input":
            return inputs_of(self._case)
        return look_up(self._case, name)


def _duration(case: Case) -> float | None:
    """Seconds."""
    trace: Trace | None = case.trace
    if trace is None or trace.info.execution_duration is None:
        return None
    return trace.info.execution_duration / 1000


_FACTS = {
    "id": lambda case: case.row_id or str(case.row),
    "name": lambda case: case.row_id or str(case.row),
    "row_id": lambda case: case.row_id,
    "repeat": lambda case: case.repeat,
    "duration": _duration,
    "trace_id": lambda case: None if case.trace is None else case.trace.info.trace_id,
    "error": lambda case: None,
    "attributes": lambda case: {},
    "metrics": lambda case: {},
}
