"""The result as a data frame: MLflow's columns, the scorers' own values, and the traces of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from steelyard.evaluation.genai.frame import TRACE_COLUMNS, result_frame
from steelyard.evaluation.genai.rowsfile import RowsFile
from steelyard.records import (
    ApplicationSummary,
    AssessmentSource,
    Expectation,
    Feedback,
    Line,
    NamedFeedback,
    Prediction,
    Row,
    Span,
    Trace,
    TraceData,
    TraceInfo,
    Verdict,
)

FEEDBACK = (
    NamedFeedback(name="exact", scorer="exact", kind="boolean"),
    NamedFeedback(name="polite", scorer="polite", kind="boolean"),
    NamedFeedback(name="score", scorer="score", kind="number"),
)
NAMES = {(place, one.name): one.name for place, one in enumerate(FEEDBACK)}


@dataclass
class Traces:
    """What of a store of traces is asked here."""

    kept: dict[str, Trace]

    def infos(self, trace_ids: Sequence[str]) -> dict[str, TraceInfo]:
        return {i: self.kept[i].info for i in trace_ids if i in self.kept}

    def spans(self, trace_ids: Sequence[str]) -> dict[str, tuple[Span, ...]]:
        return {i: self.kept[i].data.spans for i in trace_ids if i in self.kept}


def trace(number: int, *assessments: Any) -> Trace:
    trace_id = f"tr-{number}"
    root = Span(
        trace_id=trace_id,
        span_id="1",
        parent_id=None,
        name="f",
        start_time_ns=0,
        inputs={"n": number},
        outputs=[number],
    )
    info = TraceInfo(
        trace_id=trace_id,
        state="OK",
        request_time=1000 + number,
        execution_duration=5.0,
        client_request_id=f"c-{number}",
        trace_metadata={"mlflow.sourceRun": "run"},
        tags={"topic": "sums"},
        assessments=assessments,
    )
    return Trace(info, TraceData((root,)))


def line(number: int, *, trace_id: str | None = None, failed: bool = False) -> Line:
    if failed:
        prediction = Prediction(row=number, outcome="predict_failed", error="ValueError: no")
        verdicts = tuple(Verdict(row=number, scorer=s, outcome="predict_failed", error="no output") for s in range(3))
    else:
        prediction = Prediction(row=number, output=[number], trace_id=trace_id)
        verdicts = (
            Verdict(row=number, scorer=0, feedbacks=(Feedback("exact", True, rationale="equal"),)),
            Verdict(row=number, scorer=1, feedbacks=(Feedback("polite", "yes"),)),
            Verdict(row=number, scorer=2, feedbacks=(Feedback("score", 0.5),)),
        )
    row = Row(index=number, row_id=str(number), inputs={"n": number}, expectations={"facts": ["a"], "page": 7})
    return Line(row=row, repeat=0, prediction=prediction, verdicts=verdicts)


def framed(folder: Path, lines: Sequence[Line], traces: Traces | None) -> pd.DataFrame:
    with RowsFile(folder / "rows.parquet", feedback=FEEDBACK, names=NAMES) as file:
        for one in lines:
            file.write(one)
    artifacts = SimpleNamespace(local_path=lambda run_id, path: folder / path)
    store = (
        SimpleNamespace(artifacts=artifacts) if traces is None else SimpleNamespace(artifacts=artifacts, traces=traces)
    )
    result: Any = SimpleNamespace(
        run_id="run",
        summary=SimpleNamespace(rows_path="rows.parquet"),
        store=store,
        application=ApplicationSummary(rows=len(lines), repeats=1, feedback=FEEDBACK),
    )
    return result_frame(result)


def test_the_columns_are_mlflows_and_ours_after_them(tmp_path: Path) -> None:
    frame = framed(tmp_path, [line(0)], None)
    judged = [
        f"{name}/{what}" for name in ("exact", "polite", "score") for what in ("value", "rationale", "error_message")
    ]
    assert list(frame.columns) == [
        "trace_id", *judged, "facts/value", "page/value", *TRACE_COLUMNS, "repeat", "exact/outcome", "polite/outcome",
        "score/outcome",
    ]  # fmt: skip


def test_a_line_without_a_trace_has_what_the_rows_say(tmp_path: Path) -> None:
    (told,) = framed(tmp_path, [line(3)], None).to_dict("records")
    assert told["exact/value"] is True
    assert told["polite/value"] is True
    assert told["score/value"] == 0.5
    assert (told["request"], told["response"], told["state"]) == ({"n": 3}, [3], "OK")
    assert (told["facts/value"], told["exact/rationale"], told["exact/outcome"]) == (["a"], "equal", "scored")
    assert told["trace"] is None


def test_a_line_with_a_trace_has_what_the_trace_says(tmp_path: Path) -> None:
    kept = trace(1, Feedback("exact", True), Feedback("polite", "yes"), Expectation("page", 7))
    (told,) = framed(tmp_path, [line(1, trace_id="tr-1")], Traces({"tr-1": kept})).to_dict("records")
    assert told["trace"] == kept
    assert (told["client_request_id"], told["state"], told["request_time"]) == ("c-1", "OK", 1001)
    assert (told["request"], told["response"], told["execution_duration"]) == ({"n": 1}, [1], 5.0)
    assert (told["tags"], told["trace_metadata"]) == ({"topic": "sums"}, {"mlflow.sourceRun": "run"})
    assert [span.name for span in told["spans"]] == ["f"]
    assert [a.name for a in told["assessments"]] == ["exact", "polite", "page"]


def test_values_are_as_the_scorer_gave_them(tmp_path: Path) -> None:
    kept = trace(1, Feedback("exact", True), Feedback("polite", "yes"), Expectation("page", 7))
    (told,) = framed(tmp_path, [line(1, trace_id="tr-1")], Traces({"tr-1": kept})).to_dict("records")
    assert (told["exact/value"], told["polite/value"], told["page/value"]) == (True, "yes", 7)


def test_what_was_said_elsewhere_about_a_trace_does_not_change_the_result(tmp_path: Path) -> None:
    human = AssessmentSource("HUMAN", "anna")
    kept = trace(1, Feedback("exact", False, source=human), Feedback("score", 0.9), Expectation("page", 8))
    (told,) = framed(tmp_path, [line(1, trace_id="tr-1")], Traces({"tr-1": kept})).to_dict("records")
    assert (told["exact/value"], told["score/value"], told["page/value"]) == (True, 0.5, "7")


def test_a_failed_line_has_no_values_and_says_why(tmp_path: Path) -> None:
    told = framed(tmp_path, [line(0), line(1, failed=True)], None).to_dict("records")[1]
    assert (told["state"], told["exact/value"], told["exact/outcome"]) == ("ERROR", None, "predict_failed")
    assert told["exact/error_message"] == "no output"
    assert pd.isna(told["score/value"])


def test_traces_that_were_deleted_are_no_error(tmp_path: Path) -> None:
    (told,) = framed(tmp_path, [line(1, trace_id="tr-1")], Traces({})).to_dict("records")
    assert (told["trace_id"], told["trace"]) == ("tr-1", None)


@pytest.mark.parametrize("n", [0, 1, 600])
def test_every_line_is_there_in_order(n: int, tmp_path: Path) -> None:
    frame = framed(tmp_path, [line(i) for i in range(n)], None)
    assert [request["n"] for request in frame["request"]] == list(range(n))
