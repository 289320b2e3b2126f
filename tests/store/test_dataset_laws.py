"""Laws of datasets, held against a few lines of Python that do the same in a dict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.records import RecordDraft, Store
from steelyard.store import open_store

QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def words(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(["a", "b", "ç"]), inner, max_size=2)


leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "é", "\x00", 0.5])
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | words(inner), max_leaves=4)


records = st.builds(
    RecordDraft,
    inputs=st.dictionaries(st.sampled_from(["q", "r"]), st.integers(0, 2), min_size=1),
    outputs=values,
    expectations=words(values),
    tags=words(st.sampled_from(["1", "2"])),
)
batches = st.lists(records, max_size=6)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("laws")) as store:
        yield store


def fresh(store: Store) -> str:
    number = len(store.datasets.search(max_results=50_000).items)
    return store.datasets.create(f"{number}").dataset_id


def content(store: Store, dataset_id: str, version: int | None = None) -> list[tuple[Any, ...]]:
    found = store.datasets.records(dataset_id, version=version).items
    return [(r.inputs, r.outputs, r.expectations, r.tags) for r in found]


def in_a_dict(all_batches: list[list[RecordDraft]]) -> list[tuple[Any, ...]]:
    there: dict[str, list[Any]] = {}
    for one in (one for batch in all_batches for one in batch):
        record = there.setdefault(json.dumps(one.inputs, sort_keys=True), [one.inputs, None, {}, {}])
        record[1] = record[1] if one.outputs is None else one.outputs
        record[2] = {**record[2], **one.expectations}
        record[3] = {**record[3], **one.tags}
    return [tuple(record) for record in there.values()]


@QUIET
@given(st.lists(batches, max_size=4))
def test_every_version_holds_what_a_dict_holds_after_as_many_merges(
    kept: Store, all_batches: list[list[RecordDraft]]
) -> None:
    dataset_id = fresh(kept)
    numbers = [kept.datasets.merge(dataset_id, batch).version.number for batch in all_batches]
    for n, number in enumerate(numbers, start=1):
        assert content(kept, dataset_id, number) == in_a_dict(all_batches[:n])


@QUIET
@given(batches, batches)
def test_merging_a_second_time_changes_nothing(
    kept: Store, before: list[RecordDraft], batch: list[RecordDraft]
) -> None:
    dataset_id = fresh(kept)
    kept.datasets.merge(dataset_id, before)
    once = kept.datasets.merge(dataset_id, batch)
    twice = kept.datasets.merge(dataset_id, batch)
    assert twice.version == once.version
    assert (twice.inserted, twice.updated) == (0, 0)
    assert twice.unchanged == once.inserted + once.updated + once.unchanged


@QUIET
@given(batches, batches)
def test_disjoint_merges_give_the_same_set_in_either_order(
    kept: Store, one: list[RecordDraft], other: list[RecordDraft]
) -> None:
    ours = {json.dumps(record.inputs, sort_keys=True) for record in one}
    apart = [record for record in other if json.dumps(record.inputs, sort_keys=True) not in ours]
    left, right = fresh(kept), fresh(kept)
    for dataset_id, order in ((left, (one, apart)), (right, (apart, one))):
        for batch in order:
            kept.datasets.merge(dataset_id, batch)
    assert sorted(map(repr, content(kept, left))) == sorted(map(repr, content(kept, right)))


@QUIET
@given(batches)
def test_equal_content_has_an_equal_digest_in_any_dataset(kept: Store, batch: list[RecordDraft]) -> None:
    left, right = fresh(kept), fresh(kept)
    whole = kept.datasets.merge(left, batch).version
    for record in batch:
        kept.datasets.merge(right, [record])
    assert kept.datasets.get(right).digest == whole.digest
    assert kept.datasets.get(right).n_records == whole.n_records


@QUIET
@given(st.lists(st.one_of(batches, st.integers(0, 3), st.sets(st.integers(0, 5))), max_size=6), st.data())
def test_any_version_can_be_restored_exactly_and_a_difference_applied_gives_the_other(
    kept: Store, steps: list[Any], data: st.DataObject
) -> None:
    dataset_id = fresh(kept)
    for step in steps:
        if isinstance(step, list):
            kept.datasets.merge(dataset_id, step)
        elif isinstance(step, int):
            kept.datasets.restore(dataset_id, min(step, kept.datasets.get(dataset_id).version))
        else:
            there = kept.datasets.records(dataset_id).items
            kept.datasets.remove(dataset_id, [r.dataset_record_id for n, r in enumerate(there) if n in step])
    versions = {one.number: one for one in kept.datasets.versions(dataset_id)}
    before, after = (data.draw(st.sampled_from(sorted(versions))) for _ in range(2))

    ids = [{r.dataset_record_id: r.digest for r in kept.datasets.records(dataset_id, version=v).items}
           for v in (before, after)]  # fmt: skip
    told = kept.datasets.diff(dataset_id, before, after)
    applied = dict(ids[0])
    for change in told.changes:
        if change.after is None:
            assert change.before is not None
            del applied[change.before.dataset_record_id]
        else:
            applied[change.after.dataset_record_id] = change.after.digest
    assert applied == ids[1]
    assert told.added + told.removed + told.changed == len(told.changes)

    kept.datasets.restore(dataset_id, before)
    now = kept.datasets.get(dataset_id)
    assert (now.digest, now.n_records) == (versions[before].digest, versions[before].n_records)
    assert content(kept, dataset_id) == content(kept, dataset_id, before)
