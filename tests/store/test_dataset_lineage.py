"""What became of a record, who said what about it, and which runs used its dataset, in every store."""

from __future__ import annotations

import json

import pytest

from steelyard.errors import NotFound
from steelyard.records import DatasetInput, DatasetRecordSource, RecordDraft, Statement, Store


def draft(n: int, value: object = None, *said: Statement, trace: str = "") -> RecordDraft:
    source = DatasetRecordSource("TRACE", {"trace_id": trace}) if trace else None
    return RecordDraft(
        inputs={"n": n}, expectations={} if value is None else {"answer": value}, source=source, said=said
    )


@pytest.fixture
def dataset_id(store: Store) -> str:
    return store.datasets.create("d").dataset_id


def test_a_record_has_a_history(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, [draft(1, trace="tr-1"), draft(2)], by="anna", message="first")
    store.datasets.merge(dataset_id, [draft(1, "one")], by="bob")
    store.datasets.merge(dataset_id, [draft(2, "two")], by="bob")  # another's
    record_id = store.datasets.records(dataset_id).items[0].dataset_record_id
    store.datasets.remove(dataset_id, [record_id], by="cyd")
    store.datasets.restore(dataset_id, 2, by="anna")
    steps = store.datasets.history(dataset_id, record_id)
    assert [(one.version.number, one.kind, one.version.created_by) for one in steps] == [
        (1, "added", "anna"),
        (2, "changed", "bob"),
        (4, "removed", "cyd"),
        (5, "added", "anna"),
    ]
    assert steps[0].version.message == "first"
    assert steps[0].trace_ids == ("tr-1",)
    changed = steps[1]
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before.expectations, changed.after.expectations) == ({}, {"answer": "one"})
    with pytest.raises(NotFound):
        store.datasets.history(dataset_id, "dr-0")


def test_several_people_may_say_what_is_expected(store: Store, dataset_id: str) -> None:
    anna = Statement(name="answer", value="one", by="anna", time=10, trace_id="tr-1")
    bob = Statement(name="answer", value={"n": 1}, by="bob", time=20, trace_id="tr-1")
    store.datasets.merge(dataset_id, [draft(1, {"n": 1}, anna, bob, trace="tr-1")])
    record = store.datasets.records(dataset_id).items[0]
    assert record.expectations == {"answer": {"n": 1}}
    said = store.datasets.statements(dataset_id, record.dataset_record_id)
    assert [(one.value, one.by, one.time, one.trace_id, one.version) for one in said] == [
        ("one", "anna", 10, "tr-1", 1),
        ({"n": 1}, "bob", 20, "tr-1", 1),
    ]
    again = store.datasets.merge(dataset_id, [draft(1, {"n": 1}, anna, bob, trace="tr-1")])
    assert again.unchanged == 1
    cyd = Statement(name="answer", value={"n": 1}, by="cyd", time=30, trace_id="tr-2")
    store.datasets.merge(dataset_id, [draft(1, {"n": 1}, cyd)])
    said = store.datasets.statements(dataset_id, record.dataset_record_id)
    assert [one.by for one in said] == ["anna", "bob", "cyd"]
    assert store.datasets.get(dataset_id).version == 1


def used(store: Store, dataset_id: str, version: int, **more: object) -> str:
    run_id = store.runs.create("0", run_name=f"used {version}", start_time=1000 + version).info.run_id
    told = {"dataset_id": dataset_id, "name": "d", "version": version, "digest": f"digest-{version}", **more}
    given = DatasetInput(
        name="d",
        digest="x",
        source_type="evaluation_dataset",
        source=json.dumps(told),
        context=f"evaluation {version}",
    )
    store.runs.log_inputs(run_id, [given])
    return run_id


def test_runs_say_which_version_they_used(store: Store, dataset_id: str) -> None:
    other = store.datasets.create("other").dataset_id
    first = used(store, dataset_id, 1)
    second = used(store, dataset_id, 2, subset={"split": "test"})
    gone = used(store, dataset_id, 3)
    used(store, other, 1)
    store.runs.delete(gone)
    found = store.datasets.runs(dataset_id)
    assert [(one.run_id, one.version, one.digest, one.subset) for one in found] == [
        (second, 2, "digest-2", {"split": "test"}),
        (first, 1, "digest-1", None),
    ]
    assert (found[0].run_name, found[0].context, found[0].experiment_id) == ("used 2", "evaluation 2", "0")
    assert len(store.datasets.runs(dataset_id, max_results=1)) == 1
    with pytest.raises(NotFound):
        store.datasets.runs("d-0")


def test_a_source_that_is_not_ours_counts_for_nothing(store: Store, dataset_id: str) -> None:
    run_id = store.runs.create("0").info.run_id
    for place, source in enumerate(
        ("not JSON", f'{{"dataset_id": "{dataset_id}", broken', f'{{"dataset_id": "{dataset_id}"}}')
    ):
        given = DatasetInput(name=f"{place}", digest="x", source_type="evaluation_dataset", source=source)
        store.runs.log_inputs(run_id, [given])
    assert store.datasets.runs(dataset_id) == ()


def test_what_a_merge_overrules_itself_is_kept(store: Store, dataset_id: str) -> None:
    drafts = [draft(1, "one"), draft(2), draft(1, "uno"), draft(1, "one")]
    assert store.datasets.preview(dataset_id, drafts).repeated == 2
    change = store.datasets.merge(dataset_id, drafts, by="bob")
    assert (change.inserted, change.repeated) == (2, 2)
    record = store.datasets.records(dataset_id).items[0]
    assert record.expectations == {"answer": "one"}
    said = store.datasets.statements(dataset_id, record.dataset_record_id)
    assert sorted((str(one.value), one.by, one.version) for one in said) == [("one", "bob", 1), ("uno", "bob", 1)]


def test_what_takes_effect_again_was_said_again(store: Store, dataset_id: str) -> None:
    anna = Statement(name="answer", value="one", by="anna", time=10, trace_id="tr-1")
    store.datasets.merge(dataset_id, [draft(1, "one", anna, trace="tr-1")])
    store.datasets.merge(dataset_id, [draft(1, "two")])
    for _ in range(2):
        store.datasets.merge(dataset_id, [draft(1, "one", anna, trace="tr-1")])
    record_id = store.datasets.records(dataset_id).items[0].dataset_record_id
    said = store.datasets.statements(dataset_id, record_id)
    assert [(one.by, one.time, one.version) for one in said] == [("anna", 10, 1), ("anna", 10, 3)]
    assert [step.trace_ids for step in store.datasets.history(dataset_id, record_id)] == [("tr-1",), (), ("tr-1",)]
