"""Rows as other libraries hold them: objects with fields, in datasets of their own. Stand-ins have the same shapes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel

from steelyard.evaluation.genai.rows.reading import read_rows

PARIS = {"expected_response": "Paris"}


@dataclass
class Case:
    """Shaped like pydantic-evals' ``Case``."""

    inputs: Any
    name: str | None = None
    metadata: Any = None
    expected_output: Any = None
    evaluators: list[Any] = field(default_factory=list)


class Question(BaseModel):
    text: str
    page: int = 1


@dataclass
class Dataset:
    """Shaped like pydantic-evals' ``Dataset``."""

    name: str
    cases: list[Case]


def test_cases_of_pydantic_evals_come_as_objects() -> None:
    rows = read_rows(
        Dataset("capitals", [Case(Question(text="?"), "one", {"level": 1}, "Paris"), Case({"x": 1}, "two")])
    )
    first, second = rows
    assert rows.name == "capitals"
    assert (first.inputs, first.expectations, first.row_id) == ({"text": "?", "page": 1}, PARIS, "one")
    assert first.metadata["level"] == 1
    assert (second.inputs, second.expectations) == ({"x": 1}, {})


class Example(BaseModel):
    """Shaped like LangSmith's ``Example``."""

    id: uuid.UUID
    dataset_id: uuid.UUID
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


def test_examples_of_langsmith_come_as_objects() -> None:
    one = Example(id=uuid.UUID(int=1), dataset_id=uuid.UUID(int=2), inputs={"q": "?"}, outputs={"answer": "Paris"})
    (row,) = read_rows([one])
    assert row.row_id == str(uuid.UUID(int=1))
    assert row.inputs == {"q": "?"}
    assert row.expectations["expected_response"] == "Paris"


class LLMTestCase:
    """Shaped like DeepEval's test case, which hides some of its fields."""

    def __init__(self, prompt: str, answer: str) -> None:
        self.input = prompt
        self.actual_output = answer
        self.expected_output = None
        self._trace_dict = {"secret": object()}


def test_test_cases_of_deepeval_come_as_objects() -> None:
    rows = read_rows([LLMTestCase("?", "Paris")])
    (row,) = rows
    assert (row.inputs, row.outputs, rows.has_outputs) == ({"input": "?"}, "Paris", True)
    assert "_trace_dict" not in row.metadata


class ChatMessage(BaseModel):
    role: str
    content: str
    tool_calls: list[Any] | None = None


class Sample(BaseModel):
    """Shaped like Inspect's ``Sample``."""

    input: str | list[ChatMessage]
    choices: list[str] | None = None
    target: str | list[str] = ""
    id: int | str | None = None
    metadata: dict[str, Any] | None = None
    sandbox: Any = None
    files: dict[str, str] | None = None
    setup: str | None = None


class MemoryDataset:
    """Shaped like Inspect's: neither list nor iterable by protocol, but with a length and items."""

    name = "capitals"

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = samples


def test_samples_of_inspect_come_as_objects() -> None:
    rows = read_rows(MemoryDataset([Sample(input=[ChatMessage(role="user", content="?")], target="Paris", id=1)]))
    (row,) = rows
    assert rows.name == "capitals"
    assert row.inputs == {"messages": [{"role": "user", "content": "?"}]}
    assert (row.expectations, row.row_id) == (PARIS, "1")


def test_an_empty_target_of_inspect_is_no_expectation() -> None:
    (row,) = read_rows([Sample(input="?")])
    assert row.expectations == {}


class HubDataset:
    """Shaped like ``datasets.Dataset``: a length, rows by number, and iteration that begins anew."""

    column_names: tuple[str, ...] = ("question", "answer")

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


def test_a_dataset_of_the_hub_is_read_by_its_rows() -> None:
    rows = read_rows(HubDataset([{"question": "?", "answer": "Paris"}]))
    assert [(row.inputs, row.expectations) for row in rows] == [({"question": "?"}, PARIS)]


def test_several_splits_must_be_chosen_from() -> None:
    with pytest.raises(ValueError, match=r"several splits \('train', 'test'\): choose one, such as data\['train'\]"):
        read_rows({"train": HubDataset([]), "test": HubDataset([])})
