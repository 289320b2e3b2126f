"""Rows in files: every format gives the same rows, large files are not held, damaged ones are named by line."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from steelyard.errors import DataError, UnreadableFile
from steelyard.evaluation.genai.rows.reading import read_rows

ROWS: list[dict[str, Any]] = [
    {"inputs": {"question": f"{n}+1", "lang": "de"}, "expectations": {"expected_response": f"{n + 1}, größer"}}
    for n in range(5)
]


def jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def as_jsonl(folder: Path) -> Path:
    return jsonl(folder / "rows.jsonl", ROWS)


def as_gzip(folder: Path) -> Path:
    path = folder / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(as_jsonl(folder).read_bytes()))
    return path


def as_json(folder: Path) -> Path:
    path = folder / "rows.json"
    path.write_text(json.dumps(ROWS, indent=2), encoding="utf-8")
    return path


def as_lines_named_json(folder: Path) -> Path:
    return jsonl(folder / "rows.json", ROWS)


def as_object(folder: Path) -> Path:
    path = folder / "rows.json"
    path.write_text(json.dumps({"rows": ROWS}), encoding="utf-8")
    return path


def as_csv(folder: Path) -> Path:
    path = folder / "rows.csv"
    lines = [f'"{{""question"": ""{n}+1"", ""lang"": ""de""}}","{n + 1}, größer"\n' for n in range(5)]
    path.write_text("inputs,expectations.expected_response\n" + "".join(lines), encoding="utf-8-sig")
    return path


def as_tsv(folder: Path) -> Path:
    path = folder / "rows.tsv"
    lines = [f"{n}+1\tde\t{n + 1}, größer\n" for n in range(5)]
    path.write_text("inputs.question\tinputs.lang\texpectations.expected_response\n" + "".join(lines), encoding="utf-8")
    return path


def as_parquet(folder: Path) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


def as_yaml(folder: Path) -> Path:
    path = folder / "rows.yaml"
    path.write_text(yaml.safe_dump(ROWS, allow_unicode=True), encoding="utf-8")
    return path


def as_two_files(folder: Path) -> str:
    jsonl(folder / "a.jsonl", ROWS[:2])
    jsonl(folder / "b.jsonl", ROWS[2:])
    return str(folder / "*.jsonl")


WRITERS = (
    as_jsonl, as_gzip, as_json, as_lines_named_json, as_object, as_csv, as_tsv, as_parquet, as_yaml, as_two_files,
)  # fmt: skip


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_gives_the_same_rows(write: Any, tmp_path: Path) -> None:
    expected, found = read_rows(ROWS), read_rows(write(tmp_path))
    assert [(r.row_id, r.inputs, r.expectations) for r in found] == [
        (r.row_id, r.inputs, r.expectations) for r in expected
    ]
    assert found.digest == expected.digest
    assert len(found) == 5


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    as_two_files(tmp_path)
    (tmp_path / "notes.md").write_text("not rows")
    rows = read_rows(tmp_path)
    assert [r.inputs for r in rows] == [r["inputs"] for r in ROWS]
    assert read_rows([tmp_path / "a.jsonl", tmp_path / "b.jsonl"]).digest == rows.digest


def test_a_file_names_its_rows(tmp_path: Path) -> None:
    assert read_rows(as_jsonl(tmp_path)).name == "rows.jsonl"


def test_lines_of_different_keys_stay_as_they_are(tmp_path: Path) -> None:
    rows = [{"inputs": {"a": 1}}, {"inputs": {"b": [1, "x", None]}}, {"inputs": {"a": "text"}}]
    assert [r.inputs for r in read_rows(jsonl(tmp_path / "rows.jsonl", rows))] == [r["inputs"] for r in rows]


def test_cells_of_csv_stay_text_and_empty_ones_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("input,expected,level\n007,1.0,\n008,,2\n", encoding="utf-8")
    first, second = read_rows(path)
    assert (first.inputs, first.expectations) == ({"input": "007"}, {"expected_response": "1.0"})
    assert (second.expectations, dict(second.metadata)) == ({}, {"level": "2"})


def test_a_csv_of_promptfoo_has_variables_and_assertions(tmp_path: Path) -> None:
    path = tmp_path / "tests.csv"
    path.write_text(
        'country,__expected,__expected2,__description\nFrance,Paris,"icontains-all: seine, louvre",about France\n'
        "Italy,similar(0.8): Rome,not-contains: Milan,about Italy\n",
        encoding="utf-8",
    )
    first, second = read_rows(path)
    assert first.inputs == {"country": "France"}
    assert first.expectations["expected_response"] == "Paris"
    assert first.expectations["expected_facts"] == ["seine", "louvre"]
    assert first.metadata["description"] == "about France"
    assert second.expectations["expected_response"] == "Rome"
    assert second.expectations["assert"] == [
        {"type": "similar", "value": "Rome", "threshold": 0.8},
        {"type": "not-contains", "value": "Milan"},
    ]


def test_a_dataset_of_pydantic_evals_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "capitals.yaml"
    path.write_text(
        """
name: capitals
cases:
  - name: france
    inputs: {question: Capital of France}
    metadata: {difficulty: easy, added: 2025-01-31}
    expected_output: Paris
  - name: italy
    inputs: {question: Capital of Italy}
    evaluators: [{Contains: {value: Rome}}]
evaluators: [IsInstance: str]
""",
        encoding="utf-8",
    )
    rows = read_rows(path)
    assert rows.name == "capitals"
    assert [(r.row_id, r.expectations) for r in rows] == [("france", {"expected_response": "Paris"}), ("italy", {})]


def test_a_configuration_of_promptfoo_gives_its_tests_with_what_holds_for_all(tmp_path: Path) -> None:
    path = tmp_path / "promptfooconfig.yaml"
    path.write_text(
        """
prompts: [prompt.txt]
providers: [openai:gpt-4o-mini]
defaultTest:
  vars: {style: short}
  assert: [{type: llm-rubric, value: is polite}]
tests:
  - vars: {country: France}
    assert: [{type: equals, value: Paris}]
  - vars: {country: Italy, style: long}
""",
        encoding="utf-8",
    )
    first, second = read_rows(path)
    assert first.inputs == {"style": "short", "country": "France"}
    assert first.expectations["guidelines"] == ["is polite"]
    assert first.expectations["expected_response"] == "Paris"
    assert second.inputs == {"style": "long", "country": "Italy"}


DAMAGED: dict[str, tuple[str, bytes, str]] = {
    "cut_line": ("a.jsonl", b'{"inputs": {}}\n{"inputs": {"a"', r"line 2: .*the file may be cut short"),
    "no_object": ("a.jsonl", b'{"inputs": {}}\n5\n', r"line 2: a int, not an object"),
    "key_twice": ("a.jsonl", b'{"inputs": {"a": 1, "a": 2}}\n', r"line 1: the key 'a' stands twice"),
    "not_utf8": ("a.jsonl", b'{"inputs": {"a": "\xff"}}\n', r"the text is not UTF-8"),
    "not_gzip": ("a.jsonl.gz", b'{"inputs": {}}\n', r"It may be cut short"),
    "not_json": ("a.json", b'[{"inputs": {}},', r"is not JSON"),
    "text_in_json": ("a.json", b'"hello"', r"holds a str: give a list of rows"),
    "cells_missing": ("a.csv", b"input,expected\na\n", r"line 2: 1 cells, and the header has 2"),
    "open_quote": ("a.csv", b'input,expected\n"a,b\n', r"Is a quotation mark missing\?"),
    "column_twice": ("a.csv", b"input,input\na,b\n", r"more than one column named 'input'"),
    "not_yaml": ("a.yaml", b"a: [b\n", r"is not YAML"),
    "unknown_name": ("a.docx", b"x", r"the name does not say what the file is"),
    "nan": ("a.jsonl", b'{"inputs": {"a": NaN}}\n', r"Row 0 of a.jsonl: inputs.a is nan"),
    "empty": ("a.jsonl", b"\n", r"has no rows"),
}


@pytest.mark.parametrize(("name", "content", "message"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_files_are_refused_by_name(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_rows(tmp_path / name)


def test_a_missing_file_and_an_address_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file"):
        read_rows(tmp_path / "no.jsonl")
    with pytest.raises(DataError, match=r"is an address"):
        read_rows("https://example.com/rows.jsonl")


def test_a_file_that_changes_after_it_was_opened_is_refused(tmp_path: Path) -> None:
    path = as_jsonl(tmp_path)
    rows = read_rows(path)
    jsonl(path, [*ROWS, ROWS[0]])
    with pytest.raises(UnreadableFile, match=r"has changed since it was opened"):
        list(rows)


def test_a_large_file_is_never_held(tmp_path: Path) -> None:
    n, text = 20_000, "x" * 1000
    path = tmp_path / "large.jsonl"
    with path.open("w") as file:
        for i in range(n):
            file.write(
                json.dumps({"inputs": {"i": i, "text": text}, "expectations": {"expected_response": "y"}}) + "\n"
            )
    read_rows(as_jsonl(tmp_path))  # what is imported on the way is not what is measured
    tracemalloc.start()
    try:
        rows = read_rows(path)
        count = sum(1 for _ in rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == len(rows) == n
    assert path.stat().st_size > 20e6
    assert peak < 5e6
