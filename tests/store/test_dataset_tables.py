"""Versions of a dataset that are tables: parts of a file first, then the version, in every store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import DatasetSchema, DatasetTable, RecordDraft, Store


def put(store: Store, dataset_id: str, content: bytes, *, digest: str = "") -> DatasetTable:
    parts = [content[start : start + 4] for start in range(0, len(content), 4)]
    told = DatasetTable(
        digest=digest or content.hex(),
        n_rows=len(content),
        columns={"x": "integer"},
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        parts=tuple(store.datasets.put_part(dataset_id, part) for part in parts),
    )
    store.datasets.put_table(dataset_id, told, by="anna", message="why")
    return told


@pytest.fixture
def dataset_id(store: Store) -> str:
    return store.datasets.create("d").dataset_id


def test_a_table_is_a_version_and_comes_back_as_it_was(store: Store, dataset_id: str) -> None:
    told = put(store, dataset_id, b"0123456789")
    assert store.datasets.table(dataset_id) == replace(told, version=1)
    assert b"".join(store.datasets.part(dataset_id, one) for one in told.parts) == b"0123456789"
    found = store.datasets.get(dataset_id)
    assert (found.kind, found.version, found.n_records, found.digest) == ("table", 1, 10, told.digest)
    newest = store.datasets.versions(dataset_id)[0]
    assert (newest.number, newest.created_by, newest.message, newest.inserted) == (1, "anna", "why", 10)
    assert store.datasets.table(dataset_id, version=0) is None
    with pytest.raises(NotFound):
        store.datasets.table(dataset_id, version=2)


def test_the_same_table_again_makes_no_version_and_an_older_one_can_be_restored(store: Store, dataset_id: str) -> None:
    put(store, dataset_id, b"first")
    put(store, dataset_id, b"first")
    assert store.datasets.get(dataset_id).version == 1
    put(store, dataset_id, b"second")
    change = store.datasets.restore(dataset_id, 1, by="bob")
    assert (change.version.number, change.version.restored, change.version.digest) == (3, 1, b"first".hex())
    found = store.datasets.table(dataset_id)
    assert found is not None
    assert found.version == 3


def test_records_and_tables_do_not_mix(store: Store, dataset_id: str) -> None:
    put(store, dataset_id, b"first")
    with pytest.raises(InvalidArgument, match="holds a table"):
        store.datasets.merge(dataset_id, [RecordDraft(inputs={"q": 1})])
    other = store.datasets.create("records").dataset_id
    store.datasets.merge(other, [RecordDraft(inputs={"q": 1})])
    with pytest.raises(InvalidArgument, match="holds records"):
        put(store, other, b"first")


def test_a_table_needs_its_parts_and_only_its_own(store: Store, dataset_id: str) -> None:
    other = store.datasets.create("other").dataset_id
    told = put(store, other, b"0123456789")
    with pytest.raises(InvalidArgument, match="is not there"):
        store.datasets.put_table(dataset_id, told)
    with pytest.raises(NotFound):
        store.datasets.part(dataset_id, told.parts[0])
    with pytest.raises(InvalidArgument, match="bytes together"):
        store.datasets.put_table(other, replace(told, size=3))
    with pytest.raises(InvalidArgument, match="1 to"):
        store.datasets.put_part(dataset_id, b"")


def test_parts_stay_as_long_as_a_dataset_speaks_of_them(store: Store, dataset_id: str, tmp_path: Path) -> None:
    other = store.datasets.create("other").dataset_id
    told = put(store, dataset_id, b"shared content")
    put(store, other, b"shared content")
    store.datasets.delete(dataset_id)
    assert b"".join(store.datasets.part(other, one) for one in told.parts) == b"shared content"
    store.datasets.delete(other)
    assert [file for file in (tmp_path / "artifacts").rglob("*") if file.is_file()] == []


def test_a_table_has_no_schema_of_records(store: Store, dataset_id: str) -> None:
    put(store, dataset_id, b"first")
    with pytest.raises(InvalidArgument, match="holds a table"):
        store.datasets.set_schema(dataset_id, DatasetSchema(inputs={"type": "object"}))
    assert store.datasets.schema(dataset_id) is None
