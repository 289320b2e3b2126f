"""A dataset's JSON schema is held against what is merged, in every store."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.errors import InvalidArgument
from steelyard.records import DatasetSchema, RecordDraft, Store

QUESTION: dict[str, Any] = {
    "type": "object",
    "required": ["question"],
    "properties": {"question": {"type": "string", "minLength": 2}},
}
ANSWER: dict[str, Any] = {"type": "object", "required": ["expected_response"]}


def draft(question: object, **expectations: object) -> RecordDraft:
    return RecordDraft(inputs={"question": question}, expectations=expectations)


@pytest.fixture
def dataset_id(store: Store) -> str:
    return store.datasets.create("d").dataset_id


def test_records_that_do_not_conform_are_named_and_nothing_is_merged(store: Store, dataset_id: str) -> None:
    store.datasets.set_schema(dataset_id, DatasetSchema(inputs=QUESTION, expectations=ANSWER), by="anna")
    with pytest.raises(InvalidArgument) as refused:
        store.datasets.merge(dataset_id, [draft("Why?", expected_response="So."), draft(3), draft("x")])
    told = str(refused.value)
    assert "2 records" in told
    assert "record 1, inputs.question: 3 is not of type 'string'" in told
    assert "record 1, expectations: 'expected_response' is a required property" in told
    assert "record 2, inputs.question: 'x' is too short" in told
    assert store.datasets.get(dataset_id).version == 0
    store.datasets.merge(dataset_id, [draft("Why?", expected_response="So.")])
    assert store.datasets.get(dataset_id).version == 1


def test_the_first_twenty_are_listed_and_the_others_counted(store: Store, dataset_id: str) -> None:
    store.datasets.set_schema(dataset_id, DatasetSchema(inputs=QUESTION))
    with pytest.raises(InvalidArgument, match="25 records") as refused:
        store.datasets.merge(dataset_id, [draft(n) for n in range(25)])
    assert str(refused.value).count("record ") == 20
    assert "… and 5 more" in str(refused.value)


def test_what_counts_is_the_record_that_comes_of_it(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, [draft("Why?", expected_response="So.")])
    store.datasets.set_schema(dataset_id, DatasetSchema(expectations=ANSWER))
    change = store.datasets.merge(dataset_id, [draft("Why?", note="only a part of it")])
    assert change.updated == 1


def test_no_schema_is_set_that_the_records_contradict(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, [draft("Why?"), draft(3)])
    with pytest.raises(InvalidArgument, match=r"No schema was set: 1 record does not.*\n.*record 1, inputs"):
        store.datasets.set_schema(dataset_id, DatasetSchema(inputs=QUESTION))
    assert store.datasets.schema(dataset_id) is None


def test_a_schema_says_who_set_it_and_the_same_again_changes_nothing(store: Store, dataset_id: str) -> None:
    first = store.datasets.set_schema(dataset_id, DatasetSchema(inputs=QUESTION), by="anna")
    assert (first.number, first.created_by, first.version) == (1, "anna", 0)
    assert first.created_time > 0
    assert store.datasets.set_schema(dataset_id, DatasetSchema(inputs=dict(QUESTION)), by="bob") == first
    second = store.datasets.set_schema(dataset_id, DatasetSchema(), by="bob")
    assert (second.number, second.inputs) == (2, None)
    assert store.datasets.schema(dataset_id) == second
    store.datasets.merge(dataset_id, [draft(3)])


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nothing"}, "no JSON schema"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "Nothing is fetched"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "Nothing is fetched"),
        ({"description": "x" * 1_000_001}, "at most 1,000,000"),
    ],
    ids=["no schema", "address", "file", "large"],
)
def test_what_is_no_schema_is_refused(store: Store, dataset_id: str, schema: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        store.datasets.set_schema(dataset_id, DatasetSchema(inputs=schema))


def test_a_schema_may_refer_to_itself(store: Store, dataset_id: str) -> None:
    schema = {"$defs": {"text": {"type": "string"}}, "properties": {"question": {"$ref": "#/$defs/text"}}}
    store.datasets.set_schema(dataset_id, DatasetSchema(inputs=schema))
    with pytest.raises(InvalidArgument, match=r"record 0, inputs.question"):
        store.datasets.merge(dataset_id, [draft(3)])


def test_an_output_that_is_missing_is_not_held_against_its_schema(store: Store, dataset_id: str) -> None:
    store.datasets.set_schema(dataset_id, DatasetSchema(outputs={"type": "string"}))
    store.datasets.merge(dataset_id, [RecordDraft(inputs={"q": 1}), RecordDraft(inputs={"q": 2}, outputs="two")])
    with pytest.raises(InvalidArgument, match="record 0, outputs"):
        store.datasets.merge(dataset_id, [RecordDraft(inputs={"q": 3}, outputs=3)])


def test_a_preview_says_what_a_merge_would_do_and_changes_nothing(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, [draft("one"), draft("two")])
    store.datasets.set_schema(dataset_id, DatasetSchema(inputs=QUESTION))
    new = [draft("two", expected_response="2"), draft("one"), draft("three"), draft(4), draft("three")]
    seen = store.datasets.preview(dataset_id, new)
    assert seen.kinds == ("changed", "same", "new", "new", "new")
    assert (seen.inserted, seen.updated, seen.unchanged) == (2, 1, 1)
    assert [(one.index, one.path) for one in seen.problems] == [(3, "inputs.question")]
    assert len(set(seen.record_ids)) == 4
    assert (seen.version, store.datasets.get(dataset_id).version) == (1, 1)
    del new[3]
    change = store.datasets.merge(dataset_id, new)
    assert (change.inserted, change.updated, change.unchanged) == (1, 1, 1)
