"""Laws of rows: what JSON can say comes back as it was, however it is held and cut."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.data.json_values import canonical
from steelyard.evaluation.genai.rows.reading import read_rows

texts = st.text(max_size=8)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
mappings = st.dictionaries(texts, values, max_size=4)
rows_of_data = st.lists(
    st.fixed_dictionaries(
        {"inputs": mappings, "expectations": mappings, "tags": st.dictionaries(texts, texts, max_size=2)}
    ),
    min_size=1,
    max_size=6,
)


@given(rows_of_data)
@settings(max_examples=40)
def test_any_json_rows_come_back_as_they_were(data: list[dict[str, Any]]) -> None:
    rows = list(read_rows(data))
    assert [(r.inputs, r.expectations, r.tags) for r in rows] == [
        (d["inputs"], d["expectations"], d["tags"]) for d in data
    ]
    assert len({row.row_id for row in rows}) == len(data)


@given(rows_of_data)
@settings(max_examples=40)
def test_a_file_of_lines_and_a_frame_give_the_same_rows_as_the_list(data: list[dict[str, Any]]) -> None:
    rows = read_rows(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in data), encoding="utf-8")
        lines = read_rows(path)
        assert lines.digest == rows.digest
        assert [r.row_id for r in lines] == [r.row_id for r in rows]
    frame = read_rows(pd.DataFrame({"inputs": [d["inputs"] for d in data]}))
    assert [r.row_id for r in frame] == [r.row_id for r in read_rows([{"inputs": d["inputs"]} for d in data])]


@given(rows_of_data, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_ids_belong_to_rows_and_not_to_places(data: list[dict[str, Any]], chance: Any) -> None:
    def named(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return sorted((row.row_id, canonical(row.expectations, "x")) for row in read_rows(rows))

    mixed = list(data)
    chance.shuffle(mixed)
    assert named(mixed) == named(data)


@given(rows_of_data, rows_of_data)
@settings(max_examples=40)
def test_digests_are_equal_only_for_equal_data(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    same = canonical(one, "x") == canonical(other, "x")
    assert (read_rows(one).digest == read_rows(other).digest) == same


@given(values)
def test_canonical_text_is_json_that_means_the_same(value: Any) -> None:
    assert json.loads(canonical(value, "x")) == value
    assert canonical(json.loads(canonical(value, "x")), "x") == canonical(value, "x")
