"""A record that is edited takes its own place, and nobody's change is written over unseen."""

from __future__ import annotations

import pytest

from steelyard.errors import AlreadyExists, Conflict, NotFound
from steelyard.records import DatasetRecordSource, RecordDraft, Store


def filled(store: Store) -> str:
    dataset_id = store.datasets.create("revised").dataset_id
    trace = DatasetRecordSource("TRACE", {"trace_id": "tr-1"})
    first = RecordDraft(inputs={"q": 0}, expectations={"a": 1, "b": 2}, tags={"x": "y"}, source=trace)
    store.datasets.merge(dataset_id, [first, *(RecordDraft(inputs={"q": n}) for n in (1, 2))])
    return dataset_id


def test_what_a_revision_leaves_out_is_gone_and_its_place_and_source_stay(store: Store) -> None:
    dataset_id = filled(store)
    before = store.datasets.records(dataset_id).items[0]
    draft = RecordDraft(inputs={"q": 0}, expectations={"b": 3})
    change = store.datasets.revise(dataset_id, before.dataset_record_id, draft, by="ann", message="typo")
    after, *others = store.datasets.records(dataset_id).items
    assert (change.version.number, change.updated, change.version.created_by) == (2, 1, "ann")
    assert (after.inputs, after.expectations, after.tags, after.source) == ({"q": 0}, {"b": 3}, {}, before.source)
    assert after.dataset_record_id == before.dataset_record_id
    assert [one.inputs["q"] for one in others] == [1, 2]
    assert store.datasets.record(dataset_id, before.dataset_record_id, version=1) == before


def test_other_inputs_are_another_record_in_the_same_place(store: Store) -> None:
    dataset_id = filled(store)
    second = store.datasets.records(dataset_id).items[1]
    store.datasets.revise(dataset_id, second.dataset_record_id, RecordDraft(inputs={"q": "one"}))
    items = store.datasets.records(dataset_id).items
    assert [one.inputs["q"] for one in items] == [0, "one", 2]
    merged = RecordDraft(inputs={"q": "one"}, outputs="found")
    assert store.datasets.merge(dataset_id, [merged]).updated == 1


def test_the_same_again_makes_no_version(store: Store) -> None:
    dataset_id = filled(store)
    second = store.datasets.records(dataset_id).items[1]
    change = store.datasets.revise(dataset_id, second.dataset_record_id, RecordDraft(inputs={"q": 1}))
    assert (change.version.number, change.unchanged) == (1, 1)


def test_a_revision_that_cannot_be_is_refused(store: Store) -> None:
    dataset_id = filled(store)
    second = store.datasets.records(dataset_id).items[1]
    record_id, draft = second.dataset_record_id, RecordDraft(inputs={"q": 1}, outputs="x")
    with pytest.raises(AlreadyExists, match="has these inputs"):
        store.datasets.revise(dataset_id, record_id, RecordDraft(inputs={"q": 2}))
    with pytest.raises(NotFound, match="has no record"):
        store.datasets.revise(dataset_id, "dr-none", draft)
    store.datasets.revise(dataset_id, record_id, draft, digest=second.digest)
    with pytest.raises(Conflict, match="changed meanwhile"):
        store.datasets.revise(dataset_id, record_id, RecordDraft(inputs={"q": 1}), digest=second.digest)
