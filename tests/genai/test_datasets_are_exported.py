"""What is exported imports back as what it was."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.genai import datasets
from steelyard.records import DatasetRecordSource

FORMATS = (".jsonl", ".json", ".csv", ".parquet")
_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | _texts
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3), max_leaves=6
)
_records = st.fixed_dictionaries(
    {
        "inputs": st.dictionaries(_texts.filter(lambda key: key != "goal"), _values, min_size=1, max_size=3),
        "outputs": _values,
        "expectations": st.dictionaries(_texts, _values, max_size=2),
        "tags": st.dictionaries(st.sampled_from(["a", "split", "b c"]), st.text("xyz=+-@ ", max_size=5), max_size=2),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_records, min_size=1, max_size=5))
def test_a_round_trip_changes_nothing(rows: list[dict[str, Any]]) -> None:
    made = datasets.create_dataset(f"d{len(datasets.search_datasets())}").merge_records(rows)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in FORMATS:
            file = Path(folder) / f"out{suffix}"
            assert made.export(file) == len(made)
            again = datasets.import_dataset(f"d{len(datasets.search_datasets())}", file)
            assert again.digest == made.digest


def test_sources_and_positions_come_along(tmp_path: Path) -> None:
    rows = [{"inputs": {"q": n}, "source": DatasetRecordSource("TRACE", {"trace_id": f"tr-{n}"})} for n in (3, 1, 2)]
    made = datasets.create_dataset("d").merge_records(rows)
    for suffix in FORMATS:
        made.export(tmp_path / f"out{suffix}")
        again = datasets.import_dataset(f"again{suffix}", tmp_path / f"out{suffix}")
        assert [one.source_id for one in again.records] == ["tr-3", "tr-1", "tr-2"]


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    evil = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
    made = datasets.create_dataset("d").merge_records(
        [{"inputs": {"q": text}, "outputs": text, "expectations": {text: text}} for text in evil]
    )
    made.export(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r", "-")]


def test_an_older_version_and_a_subset_can_be_exported(tmp_path: Path) -> None:
    made = datasets.create_dataset("d").merge_records([{"inputs": {"q": 1}, "tags": {"lang": "en"}}])
    made.merge_records([{"inputs": {"q": 2}, "tags": {"lang": "de"}}])
    assert made.at(1).export(tmp_path / "one.jsonl") == 1
    assert made.subset(tags={"lang": "de"}).export(tmp_path / "two.jsonl") == 1
    assert json.loads((tmp_path / "two.jsonl").read_text())["inputs"] == {"q": 2}


def test_a_file_that_is_there_stays_and_odd_names_are_refused(tmp_path: Path) -> None:
    made = datasets.create_dataset("d").merge_records([{"inputs": {"q": 1}}])
    made.export(tmp_path / "out.jsonl")
    with pytest.raises(InvalidArgument, match="overwrite=True"):
        made.export(tmp_path / "out.jsonl")
    assert made.export(tmp_path / "out.jsonl", overwrite=True) == 1
    for name in ("out.xlsx", "out", "missing/out.csv"):
        with pytest.raises(InvalidArgument):
            made.export(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir() if "out" in file.name] == ["out.jsonl"]


def test_a_cell_that_somebody_wrote_by_hand_is_taken_as_text(tmp_path: Path) -> None:
    made = datasets.create_dataset("d").merge_records([{"inputs": {"q": 1}, "outputs": "Paris"}])
    made.export(tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text()
    (tmp_path / "out.csv").write_text(text.replace('"""Paris"""', "It is Paris"))
    assert datasets.import_dataset("e", tmp_path / "out.csv").records[0].outputs == "It is Paris"
