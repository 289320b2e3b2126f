"""The file of row-level results: its columns, its types, and that it does not grow in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steelyard.evaluation.genai import rowsfile
from steelyard.evaluation.genai.rowsfile import RowsFile
from steelyard.records import (
    AssessmentError,
    Feedback,
    Line,
    NamedFeedback,
    Prediction,
    Row,
    RowsColumn,
    Usage,
    Verdict,
)

FEEDBACK = (
    NamedFeedback(name="exact", scorer="exact", kind="boolean"),
    NamedFeedback(name="score", scorer="both", kind="number"),
    NamedFeedback(name="tone", scorer="both", kind="category"),
)
NAMES = {(0, "exact"): "exact", (1, "score"): "score", (1, "tone"): "tone"}


def line(index: int = 0, *, verdicts: Iterable[Verdict] = (), repeat: int = 0, row: dict[str, Any] | None = None,
         **prediction: Any) -> Line:  # fmt: skip
    return Line(
        row=Row(**{"index": index, "row_id": f"r{index}", "inputs": {"q": "größer"}} | (row or {})),
        repeat=repeat,
        prediction=Prediction(**{"row": index, "repeat": repeat, "output": "4"} | prediction),
        verdicts=tuple(verdicts),
    )


def written(path: Path, lines: Sequence[Line], feedback: Sequence[NamedFeedback] = FEEDBACK,
            names: dict[tuple[int, str], str] | None = None) -> pa.Table:  # fmt: skip
    with RowsFile(path, feedback=feedback, names=NAMES if names is None else names) as file:
        for one in lines:
            file.write(one)
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]
    return pq.read_table(path)


def test_a_line_fills_the_columns_that_are_documented(tmp_path: Path) -> None:
    verdicts = [
        Verdict(row=0, scorer=0, feedbacks=(Feedback("exact", "yes", rationale="They are equal."),)),
        Verdict(row=0, scorer=1, feedbacks=(Feedback("score", 3), Feedback("tone", "polite"))),
    ]
    row = {"session": "s", "tags": {"topic": "sums"}, "expectations": {"expected_response": "4", "facts": ["a"]}}
    usage = Usage(input_tokens=3, output_tokens=4, cost=0.5)
    table = written(
        tmp_path / "rows.parquet",
        [line(verdicts=verdicts, row=row, repeat=2, trace_id="tr-1", latency=0.25, usage=usage)],
    )
    assert table.to_pylist() == [
        {
            "row_id": "r0",
            "row_index": 0,
            "repeat": 2,
            "session": "s",
            "trace_id": "tr-1",
            "inputs": '{"q": "größer"}',
            "output": "4",
            "outcome": "predicted",
            "error": None,
            "latency": 0.25,
            "tokens": 7,
            "cost": 0.5,
            "tag:topic": "sums",
            "expectation:expected_response": "4",
            "expectation:facts": '["a"]',
            "exact/value": 1.0,
            "exact/rationale": "They are equal.",
            "exact/outcome": "scored",
            "exact/error": None,
            "score/value": 3.0,
            "score/rationale": None,
            "score/outcome": "scored",
            "score/error": None,
            "tone/value": "polite",
            "tone/rationale": None,
            "tone/outcome": "scored",
            "tone/error": None,
        }
    ]
    types = {name: str(table.schema.field(name).type) for name in table.schema.names}
    assert {n for n, kind in types.items() if kind == "int64"} == {"row_index", "repeat", "tokens"}
    assert {n for n, kind in types.items() if kind == "double"} == {"latency", "cost", "exact/value", "score/value"}
    assert set(types.values()) == {"int64", "double", "string"}


@pytest.mark.parametrize("outcome", ["scorer_error", "parse_error", "refused", "over_budget"])
def test_a_verdict_without_a_value_fills_all_names_of_its_scorer(outcome: Any, tmp_path: Path) -> None:
    verdict = Verdict(row=0, scorer=1, outcome=outcome, error="It did not work")
    (told,) = written(tmp_path / "rows.parquet", [line(verdicts=[verdict])]).to_pylist()
    for name in ("score", "tone"):
        assert (told[f"{name}/value"], told[f"{name}/outcome"], told[f"{name}/error"]) == (
            None,
            outcome,
            "It did not work",
        )
    assert told["exact/outcome"] is None


def test_without_names_the_order_of_the_scorers_tells_whose_verdict_it_is(tmp_path: Path) -> None:
    verdicts = [Verdict(row=0, scorer=1, outcome="refused", error="No")]
    (told,) = written(tmp_path / "rows.parquet", [line(verdicts=verdicts)], names={}).to_pylist()
    assert (told["tone/outcome"], told["exact/outcome"]) == ("refused", None)


def test_two_scorers_may_give_feedback_of_one_name(tmp_path: Path) -> None:
    feedback = [
        NamedFeedback(name="a", scorer="a", kind="number"),
        NamedFeedback(name="b/a", scorer="b", kind="number"),
    ]
    verdicts = [Verdict(row=0, scorer=place, feedbacks=(Feedback("a", place),)) for place in (0, 1)]
    names = {(0, "a"): "a", (1, "a"): "b/a"}
    (told,) = written(tmp_path / "rows.parquet", [line(verdicts=verdicts)], feedback, names).to_pylist()
    assert (told["a/value"], told["b/a/value"]) == (0.0, 1.0)


def test_a_failed_prediction_has_an_error_and_no_output(tmp_path: Path) -> None:
    verdict = Verdict(row=0, scorer=0, outcome="predict_failed", error="ValueError: no")
    failed = line(outcome="predict_failed", output=None, error="ValueError: no", verdicts=[verdict])
    (told,) = written(tmp_path / "rows.parquet", [failed]).to_pylist()
    assert (told["output"], told["outcome"], told["error"]) == (None, "predict_failed", "ValueError: no")
    assert told["exact/outcome"] == "predict_failed"


VALUES: dict[str, tuple[str, list[Any], Any]] = {
    "true": ("boolean", [True], 1.0),
    "no": ("boolean", ["No"], 0.0),
    "other_word": ("boolean", ["perhaps"], None),
    "nan": ("number", [float("nan")], None),
    "huge": ("number", [10**400], None),
    "several": ("number", [1, 0], 0.5),
    "several_and_none": ("number", [1, None], None),
    "word": ("category", ["good"], "good"),
    "list": ("other", [["a", 1]], '["a", 1]'),
    "texts": ("text", ["a", "b"], '["a", "b"]'),
    "nothing": ("none", [], None),
    "half_a_surrogate_pair": ("text", ["a\ud800"], "a?"),
}


@pytest.mark.parametrize(("kind", "given", "stored"), VALUES.values(), ids=VALUES)
def test_values_are_stored_by_their_kind(kind: Any, given: list[Any], stored: Any, tmp_path: Path) -> None:
    feedback = [NamedFeedback(name="x", scorer="x", kind=kind)]
    verdict = Verdict(row=0, scorer=0, feedbacks=tuple(Feedback("x", value) for value in given))
    (told,) = written(tmp_path / "rows.parquet", [line(verdicts=[verdict])], feedback, {(0, "x"): "x"}).to_pylist()
    assert told["x/value"] == stored


def test_an_error_within_a_feedback_is_told(tmp_path: Path) -> None:
    said = Feedback("exact", error=AssessmentError("E", "no value"), rationale="because")
    verdict = Verdict(row=0, scorer=0, feedbacks=(said,))
    (told,) = written(tmp_path / "rows.parquet", [line(verdicts=[verdict])]).to_pylist()
    assert (told["exact/error"], told["exact/rationale"], told["exact/outcome"]) == ("no value", "because", "scored")


OUTPUTS: dict[str, tuple[Any, str]] = {
    "text": ("4", "4"),
    "none": (None, "null"),
    "mapping": ({"a": "ä"}, '{"a": "ä"}'),
    "number": (4.5, "4.5"),
    "object": ({"o": {1, 2}}, '{"o": [1, 2]}'),
}


@pytest.mark.parametrize(("output", "stored"), OUTPUTS.values(), ids=OUTPUTS)
def test_outputs_are_text_or_json(output: Any, stored: str, tmp_path: Path) -> None:
    (told,) = written(tmp_path / "rows.parquet", [line(output=output)]).to_pylist()
    assert told["output"] == stored


def test_tags_that_come_up_late_get_their_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowsfile, "_LINES", 3)
    lines = [line(n, row={"tags": {f"t{n // 5}": "x"}, "expectations": {"e": n} if n > 8 else {}}) for n in range(11)]
    table = written(tmp_path / "rows.parquet", lines)
    assert table["row_index"].to_pylist() == list(range(11))
    assert table["tag:t2"].to_pylist() == [None] * 10 + ["x"]
    assert table["tag:t0"].to_pylist() == ["x"] * 5 + [None] * 6
    assert table["expectation:e"].to_pylist() == [None] * 9 + ["9", "10"]
    assert table.schema.names[-1] == "tone/error"


def test_a_tag_of_another_name_in_every_row_does_not_fill_the_file_with_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rowsfile, "MOST_COLUMNS", 2)
    with RowsFile(tmp_path / "rows.parquet", feedback=FEEDBACK, names=NAMES) as file:
        for n in range(4):
            file.write(line(n, row={"tags": {f"t{n}": "x"}}))
    assert [n for n in pq.read_schema(file.path).names if n.startswith("tag:")] == ["tag:t0", "tag:t1"]
    assert list(file.left_out) == ["tag:t2", "tag:t3"]


def test_a_file_without_lines_has_its_columns(tmp_path: Path) -> None:
    table = written(tmp_path / "rows.parquet", [])
    assert table.num_rows == 0
    assert RowsColumn.ROW_ID in table.schema.names
    assert "tone/outcome" in table.schema.names


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowsfile, "_LINES", 1)
    file = RowsFile(tmp_path / "rows.parquet")
    file.write(line())
    assert len(list(tmp_path.iterdir())) == 1
    file.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    text = "x" * 2000
    verdict = Verdict(row=0, scorer=0, feedbacks=(Feedback("exact", True, rationale=text),))
    written(tmp_path / "rows.parquet", [line()])
    tracemalloc.start()
    try:
        with RowsFile(tmp_path / "rows.parquet", feedback=FEEDBACK, names=NAMES) as file:
            for n in range(20_000):
                file.write(line(n, verdicts=[verdict], output=f"{n} {text}"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert pq.read_metadata(tmp_path / "rows.parquet").num_rows == 20_000
    assert peak < 20e6
