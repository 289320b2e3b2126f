"""Files that are damaged, or made to hurt, are told as such: what of a file is wrong, and nothing imported."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steelyard.errors import DataError, InvalidArgument, SteelyardError
from steelyard.genai import datasets


def test_a_table_with_flipped_bits_is_read_or_refused_as_damaged(store_uri: str, tmp_path: Path) -> None:
    chance = random.Random(5)
    pq.write_table(
        pa.table({"question": [f"q {n}" for n in range(200)], "expected": ["a"] * 200}), tmp_path / "whole.parquet"
    )
    whole = (tmp_path / "whole.parquet").read_bytes()
    for trial in range(20):
        damaged = bytearray(whole)
        damaged[chance.randrange(4, len(whole) // 2)] ^= 1 << chance.randrange(8)
        path = tmp_path / f"{trial}.parquet"
        path.write_bytes(bytes(damaged))
        try:
            datasets.import_dataset(f"fresh {trial}", path, mapping={"question": "inputs.question"})
        except SteelyardError:
            assert datasets.search_datasets(filter_string=f"name = 'fresh {trial}'") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.yaml", "- inputs: {q: " + "[" * 20_000 + "]" * 20_000 + "}\n"),
        ("source.jsonl", json.dumps({"inputs": {"q": 1}, "source": "{bad"}) + "\n"),
    ],
    ids=["deep", "source"],
)
def test_what_cannot_be_read_is_told(store_uri: str, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises((InvalidArgument, DataError)):
        datasets.import_dataset("fresh", tmp_path / name)
    assert datasets.search_datasets() == []


@pytest.mark.parametrize(
    "row",
    [
        {"inputs": {"q": 1}, "source": {"source_type": "ELSEWHERE"}},
        {"inputs": {"q": 1}, "tags": {"a\nb": "x"}},
        {"inputs": {"q": 1}, "tags": {"a": "x" * 9_000}},
        {"inputs": {"goal": "x", "question": "y"}},
        {"inputs": {}},
    ],
    ids=["source", "tag's name", "tag's length", "goal", "no inputs"],
)
@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_a_preview_accepts_what_an_import_would_take(store_uri: str, tmp_path: Path, row: object, there: bool) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    dataset = datasets.create_dataset("there") if there else None
    seen = datasets.preview_import(tmp_path / "rows.jsonl", dataset=dataset)
    assert not seen.accepted
    assert [one.row for one in seen.errors] == [0]
    with pytest.raises(InvalidArgument):
        datasets.import_dataset("fresh", tmp_path / "rows.jsonl")


def test_a_record_that_one_store_takes_every_store_can_read(store_uri: str) -> None:
    """A record that is too deep for the wire would keep remote readers from all others of its page."""
    from contextlib import closing

    from tests.rest.running import Running

    from steelyard.store import open_store
    from steelyard.tracking.stores import get_store

    value: list[object] = []
    for _ in range(900):
        value = [value]
    dataset = datasets.create_dataset("deep")
    try:
        dataset.merge_records([{"inputs": {"q": 1}, "outputs": {"big": 2**70, "deep": value}}])
    except InvalidArgument:
        return
    with closing(Running(get_store())) as server, open_store(server.url) as remote:
        assert len(remote.datasets.records(dataset.dataset_id).items) == 1
