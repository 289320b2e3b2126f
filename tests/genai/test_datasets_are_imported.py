"""Files and rows of every shape become records: looked at first, then all of them or none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.genai.shapes_documented import DOCUMENTED, Told

import steelyard
from steelyard.errors import DataError, InvalidArgument, UnreadableFile
from steelyard.genai import datasets
from steelyard.records import DatasetRecordSource

ROWS: list[dict[str, Any]] = [
    {"input": "Capital of France?", "expected": "Paris", "tags": ["geo"], "metadata": {"level": 1}},
    {"input": "Capital of Italy?", "expected": "Rome", "tags": ["geo"], "metadata": {"level": 2}},
]


@pytest.mark.parametrize("told", DOCUMENTED.values(), ids=DOCUMENTED)
def test_every_shape_is_recognised_without_a_mapping(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(told.raw) + "\n")
    seen = datasets.preview_import(file)
    assert (seen.shape, seen.n_errors, seen.inserted) == (told.shape, 0, 1)
    assert [one.column for one in seen.columns] == list(told.raw)
    made = datasets.import_dataset("d", file)
    (record,) = made.records
    assert record.inputs == told.inputs
    for name, value in told.expectations.items():
        assert record.expectations[name] == value
    if told.outputs is not None:
        assert record.outputs == told.outputs
    assert told.tags.items() <= record.tags.items()
    if told.shape != "MLflow":
        assert record.source.source_type == "DOCUMENT"
        assert (record.source.source_data["doc_uri"], record.source.source_data["row"]) == ("rows.jsonl", 0)


WRITTEN = {
    "rows.jsonl": lambda file: file.write_text("".join(json.dumps(row) + "\n" for row in ROWS)),
    "rows.json": lambda file: file.write_text(json.dumps({"cases": ROWS})),
    "rows.jsonl.gz": lambda file: file.write_bytes(
        gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode())
    ),
    "rows.yaml": lambda file: file.write_text("examples:\n" + "".join(f"- {json.dumps(row)}\n" for row in ROWS)),
    "rows.parquet": lambda file: pd.DataFrame(ROWS).to_parquet(file),
    "rows.csv": lambda file: pd.DataFrame([{k: r[k] for k in ("input", "expected")} for r in ROWS]).to_csv(
        file, index=False
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_is_read(name: str, tmp_path: Path) -> None:
    WRITTEN[name](tmp_path / name)
    made = datasets.import_dataset("d", str(tmp_path / name))
    assert [dict(one.inputs) for one in made.records] == [{"input": row["input"]} for row in ROWS]
    assert [one.expectations["expected_response"] for one in made.records] == ["Paris", "Rome"]
    if name != "rows.csv":
        assert made.records[1].tags == {"geo": "true", "level": "2"}
    assert made.versions()[0].message == f"imported from {name}"


def test_a_preview_says_what_becomes_of_what_and_changes_nothing() -> None:
    made = datasets.create_dataset("d").import_records(ROWS[:1])
    new = [*ROWS, {"input": "capital of france", "expected": "Paris"}, {"input": "Who?", "expected": 3}]
    changed = [dict(new[0], expected="paris"), *new[1:]]
    seen = datasets.preview_import(changed, dataset=made, n=2)
    assert seen.mapping == {
        "input": "inputs.input",
        "expected": "expectations.expected_response",
        "tags": "tags",
        "metadata": "tags",
    }
    assert (seen.n_rows, len(seen.records), seen.accepted) == (4, 2, True)
    assert (seen.inserted, seen.updated, seen.unchanged) == (3, 1, 0)
    (near,) = seen.near
    assert (near.row, near.similarity) == (2, 1.0)
    assert near.record is not None
    assert near.record.inputs == {"input": "Capital of France?"}
    assert datasets.get_dataset("d").version == 1
    assert made.import_records(changed).last_change.inserted == 3  # type: ignore[union-attr]
    assert made.import_records(changed).last_change.unchanged == 4  # type: ignore[union-attr]


def test_a_mapping_says_what_each_column_becomes(tmp_path: Path) -> None:
    file = tmp_path / "fragen.csv"
    file.write_text("Frage,Antwort,Sprache,Nummer,split\nHauptstadt?,Paris,de,7,test\nFluss?,Seine,de,8,train\n")
    mapping = {
        "Frage": "inputs.question",
        "Antwort": "expectations.expected_response",
        "Sprache": "tags.lang",
        "split": "split",
    }
    seen = datasets.preview_import(file, mapping=mapping)
    assert (seen.shape, seen.mapping["Nummer"], seen.mapping["split"]) == ("mapping", "ignored", "tags.split")
    made = datasets.import_dataset("d", file, mapping=mapping)
    first = made.records[0]
    assert (first.inputs, first.expectations) == ({"question": "Hauptstadt?"}, {"expected_response": "Paris"})
    assert first.tags == {"lang": "de", "split": "test"}
    assert [one.inputs["question"] for one in made.subset(split="train")] == ["Fluss?"]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"Frag": "inputs"}, "no column 'Frag'.*Did you mean 'Frage'"),
        ({"Frage": "input"}, "'input' is no place"),
        ({"Antwort": "tags.a"}, "no column becomes inputs"),
        ({"Frage": "inputs.", "Antwort": None}, "is no place"),
    ],
    ids=["column", "place", "no inputs", "empty part"],
)
def test_a_mapping_that_cannot_be_used_is_refused(mapping: dict[str, str | None], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        datasets.preview_import([{"Frage": "?", "Antwort": "!"}], mapping=mapping)


def test_rows_that_cannot_be_used_are_named_and_nothing_is_imported() -> None:
    made = datasets.create_dataset("d")
    rows: list[Any] = [{"inputs": {"q": n}, "expectations": {}} for n in range(60)]
    for bad in range(10, 40):
        rows[bad] = {"inputs": "no dict", "expectations": {}}
    seen = datasets.preview_import(rows, dataset=made)
    assert (seen.n_errors, len(seen.errors), seen.errors[0].row, seen.accepted) == (30, 20, 10, False)
    with pytest.raises(InvalidArgument, match="30 of 60 rows") as refused:
        made.import_records(rows)
    assert "row 10: inputs is a str" in str(refused.value)
    assert "… and 10 more" in str(refused.value)
    with pytest.raises(InvalidArgument):
        datasets.import_dataset("new", rows)
    assert datasets.get_dataset("d").version == 0
    assert [one.name for one in datasets.search_datasets()] == ["d"]


def test_a_file_that_breaks_half_way_leaves_nothing(tmp_path: Path) -> None:
    made = datasets.create_dataset("d").import_records(ROWS)
    file = tmp_path / "broken.jsonl"
    file.write_text("".join(json.dumps({"input": f"q{n}"}) + "\n" for n in range(500)) + '{"input": "q50')
    for call in (made.import_records, datasets.preview_import, lambda data: datasets.import_dataset("e", data)):
        with pytest.raises(UnreadableFile, match="line 501"):
            call(file)
    assert (datasets.get_dataset("d").digest, datasets.get_dataset("d").version) == (made.digest, 1)
    assert [one.name for one in datasets.search_datasets()] == ["d"]


def test_the_schema_is_held_against_an_import_by_row() -> None:
    made = datasets.create_dataset("d")
    made.set_schema(inputs={"properties": {"input": {"type": "string"}}})
    rows = [{"input": "one"}, {"input": 2}]
    seen = made.preview_import(rows)
    assert [(one.row, one.path) for one in seen.errors] == [(1, "inputs.input")]
    with pytest.raises(InvalidArgument, match=r"record 1, inputs.input: 2 is not of type 'string'"):
        made.import_records(rows)
    assert len(datasets.get_dataset("d")) == 0
    schema = made.get_schema()
    assert schema is not None
    assert schema.created_by == made.created_by


def test_rows_of_no_known_shape_are_shown_for_somebody_to_map() -> None:
    seen = datasets.preview_import([{"Frage": "?", "Antwort": "!"}])
    assert (seen.shape, seen.mapping) == ("", {"Frage": "ignored", "Antwort": "ignored"})
    assert "no known shape" in seen.errors[0].reason
    with pytest.raises(InvalidArgument, match="'Frage', 'Antwort'"):
        datasets.create_dataset("d").import_records([{"Frage": "?", "Antwort": "!"}])


def test_a_shape_may_be_named() -> None:
    seen = datasets.preview_import([{"input": "?", "expected_output": "!"}], shape="braintrust")
    assert seen.shape == "Braintrust"
    with pytest.raises(InvalidArgument, match=r"no shape 'Brain'.*'Langfuse'"):
        datasets.preview_import([{"input": "?"}], shape="Brain")
    with pytest.raises(InvalidArgument, match="not both"):
        datasets.preview_import([{"input": "?"}], shape="Braintrust", mapping={"input": "inputs"})


def test_there_must_be_rows(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match=r"empty\.jsonl has no rows"):
        datasets.preview_import(tmp_path / "empty.jsonl")


def test_a_yaml_file_neither_runs_code_nor_blows_up(tmp_path: Path) -> None:
    file = tmp_path / "evil.yaml"
    file.write_text("cases:\n- inputs: !!python/object/apply:os.system ['touch /tmp/owned']\n")
    with pytest.raises(UnreadableFile, match="not YAML"):
        datasets.preview_import(file)
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    file.write_text("\n".join(lines) + "\ncases:\n- inputs: {x: *a9}\n  expected_output: 1\n")
    with pytest.raises(UnreadableFile, match="stands for more than"):
        datasets.preview_import(file, near=None)


def test_a_row_that_is_nested_too_deep_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    seen = datasets.preview_import([{"input": deep, "expected": 1}])
    assert "64 levels" in seen.errors[0].reason


def test_what_is_no_label_is_kept_where_the_record_comes_from() -> None:
    row = {"id": "e-1", "input": "?", "expected": "!", "metadata": {"lang": "en", "notes": "x" * 600, "n": [1, 2]}}
    (record,) = datasets.create_dataset("d").import_records([row]).records
    assert record.tags == {"lang": "en"}
    assert record.source == DatasetRecordSource("HUMAN", {"fields": {"notes": "x" * 600, "n": [1, 2], "id": "e-1"}})


def test_traces_are_previewed_too() -> None:
    @steelyard.trace
    def answer(question: str) -> str:
        return "Paris"

    for question in ("What is the capital of France?", "what is the capital of france"):
        answer(question)
    traces = steelyard.search_traces(return_type="list")
    seen = datasets.preview_import(traces)
    assert (seen.shape, seen.inserted, len(seen.near)) == ("traces", 2, 1)
    (near,) = seen.near
    assert (near.row, near.other_row, near.similarity) == (1, 0, 1.0)


def test_several_people_may_have_said_what_is_expected_of_a_trace() -> None:
    @steelyard.trace
    def answer(question: str) -> str:
        return "Paris"

    answer("Capital of France?")
    trace_id = steelyard.get_last_active_trace_id()
    assert trace_id is not None
    for who, value in (("anna", "Paris"), ("bob", "paris")):
        source = steelyard.entities.AssessmentSource("HUMAN", who)
        steelyard.log_expectation(trace_id=trace_id, name="expected_response", value=value, source=source)
    made = datasets.create_dataset("d").merge_records(steelyard.search_traces(return_type="list"))
    (record,) = made.records
    made.merge_records([{"inputs": record.inputs, "expectations": {"expected_response": "Paris."}}])
    told = made.statements(record.dataset_record_id, "expected_response")
    assert [(one.value, one.trace_id, one.version) for one in told] == [
        ("Paris", trace_id, 1),
        ("paris", trace_id, 1),
        ("Paris.", None, 2),
    ]
    assert [one.by for one in told] == ["anna", "bob", made.created_by]
    assert all(one.time > 0 for one in told)
    first, second = made.history(record.dataset_record_id)
    assert (first.kind, first.trace_ids, second.kind) == ("added", (trace_id,), "changed")


def test_rows_with_equal_inputs_are_told_and_both_opinions_are_kept() -> None:
    rows = [{"inputs": {"q": 1}, "expectations": {"e": f"of {who}"}} for who in ("ann", "ben")]
    rows.append({"inputs": {"q": 2}})
    seen = datasets.preview_import(rows)
    assert (seen.n_rows, seen.inserted, seen.repeated) == (3, 2, 1)
    made = datasets.create_dataset("d")
    seen = made.preview_import(rows)
    assert (seen.inserted, seen.repeated, made.try_merge(rows).repeated) == (2, 1, 1)
    made.import_records(rows)
    assert made.last_change is not None
    assert (made.last_change.inserted, made.last_change.repeated) == (2, 1)
    record = made.records[0]
    assert record.expectations == {"e": "of ben"}
    told = [(one.value, one.by, one.version) for one in made.statements(record.dataset_record_id)]
    assert told == [("of ann", made.created_by, 1), ("of ben", made.created_by, 1)]
    made.import_records(rows)  # the same file once more says nothing new
    assert len(made.statements(record.dataset_record_id)) == 2


def test_a_trace_that_is_merged_again_is_credited_again() -> None:
    @steelyard.trace
    def answer(q: str) -> str:
        return q

    answer("t")
    trace_id = steelyard.get_last_active_trace_id()
    assert trace_id is not None
    source = steelyard.entities.AssessmentSource("HUMAN", "ben")
    steelyard.log_expectation(trace_id=trace_id, name="e", value=2, source=source)
    made = datasets.create_dataset("d").merge_records([steelyard.get_trace(trace_id)])
    made.merge_records([{"inputs": {"q": "t"}, "expectations": {"e": 3}}])
    for _ in range(2):  # the second time nothing changes
        made.merge_records([steelyard.get_trace(trace_id)])
    (record,) = made.records
    told = [(one.value, one.by, one.version) for one in made.statements(record.dataset_record_id)]
    assert told == [(2, "ben", 1), (3, made.created_by, 2), (2, "ben", 3)]
    assert [step.trace_ids for step in made.history(record.dataset_record_id)] == [(trace_id,), (), (trace_id,)]
    made.delete_records([record])
    made.merge_records([steelyard.get_trace(trace_id)])
    told = [(one.value, one.by, one.version) for one in made.statements(record.dataset_record_id)]
    assert told[3:] == [(2, "ben", 5)]


@pytest.mark.parametrize(
    "source", ["{broken", "{" + '"a":[' * 20_000, {"source_type": "HUMAN", "source_data": "x"}, 3],
    ids=["cut off", "deep", "no data", "a number"],
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_an_error_of_its_row(source: Any, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(
        "".join(json.dumps({"inputs": {"q": n}, "source": one}) + "\n" for n, one in enumerate(["HUMAN", source]))
    )
    seen = datasets.preview_import(file)
    assert [one.row for one in seen.errors] == [1]
    assert "source is" in seen.errors[0].reason
    with pytest.raises(InvalidArgument, match="row 1: source is"):
        datasets.import_dataset("d", file)


@pytest.mark.parametrize(
    "text", ["Frage;Antwort\nWarum, ja?;Darum\n", '\ufeff"Frage, die";"Antwort"\r\n"Warum, ja?";Darum\r\n'],
    ids=["plain", "quoted"],
)  # fmt: skip
def test_semicolons_part_cells_where_the_header_says_so(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8", newline="")
    first = text.lstrip("\ufeff").split(";")[0].strip('"')
    (record,) = datasets.preview_import(file, mapping={first: "inputs.q", "Antwort": "expectations.a"}).records
    assert (record.inputs, record.expectations) == ({"q": "Warum, ja?"}, {"a": "Darum"})


def test_a_semicolon_in_a_header_that_commas_part_is_a_letter(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('"q;r",a\nx,y\n')
    (record,) = datasets.preview_import(file, mapping={"q;r": "inputs.q", "a": "expectations.a"}).records
    assert (record.inputs, record.expectations) == ({"q": "x"}, {"a": "y"})
