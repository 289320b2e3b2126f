"""``genai.evaluate()`` from rows to a run: what it returns, and what the store holds afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from tests.llm.server import LlmServer

import steelyard
from steelyard.errors import AlreadyExists, DataError, InvalidArgument, NotFound
from steelyard.genai import evaluate, make_judge, scorer
from steelyard.tracking import get_store

ROWS = [
    {"inputs": {"n": n}, "expectations": {"expected_response": str(n * n)}, "tags": {"odd": str(n % 2)}}
    for n in range(10)
]


def square(n: int) -> str:
    return str(n * n) if n != 7 else "?"


@scorer
def exact(outputs: str, expectations: dict[str, str]) -> bool:
    return outputs == expectations["expected_response"]


def quietly(data: Any, *args: Any, **more: Any) -> Any:
    return evaluate(data, *args, progress=False, **more)


def test_means_have_intervals_and_lie_in_the_run_as_mlflow_names_them() -> None:
    result = quietly(ROWS, [exact], square)
    assert result.metrics["exact/mean"] == 0.9
    estimate = result.estimates["exact/mean"]
    assert (estimate.n, estimate.missing, estimate.method) == (10, 0, "wilson")
    run = steelyard.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["exact/mean"] == 0.9
    assert run.data.tags["mlflow.runType"] == "genai_evaluate"
    assert run.data.tags["mlflow.genaiEvaluate.agent.function"] == "square"
    assert run.inputs.dataset_inputs[0].digest == result.summary.dataset.digest


def test_result_df_has_mlflows_columns() -> None:
    frame = quietly(ROWS, [exact], square).result_df
    assert {
        "trace_id", "exact/value", "exact/rationale", "exact/error_message", "expected_response/value", "trace",
        "client_request_id", "state", "request_time", "execution_duration", "request", "response", "trace_metadata",
        "tags", "spans", "assessments",
    } <= set(frame.columns)  # fmt: skip
    assert frame["exact/value"].tolist() == [True] * 7 + [False] + [True] * 2
    assert frame["state"].unique().tolist() == ["OK"]


def test_each_row_leaves_one_trace_with_its_verdicts_and_expectations() -> None:
    result = quietly(ROWS, [exact], square)
    traces = steelyard.search_traces(run_id=result.run_id, return_type="list")
    assert len(traces) == len(ROWS)
    trace = next(t for t in traces if t.inputs == {"n": 7})
    assert trace.outputs == "?"
    assert trace.info.run_id == result.run_id
    (verdict,) = trace.search_assessments("exact")
    assert verdict.value is False
    assert verdict.source.source_type == "CODE"
    (expected,) = trace.search_assessments("expected_response")
    assert (expected.value, expected.source.source_type) == ("49", "HUMAN")


def test_a_traced_function_is_the_root_of_its_trace() -> None:
    @steelyard.trace(span_type="AGENT")
    def agent(n: int) -> str:
        with steelyard.start_span("step", span_type="TOOL") as span:
            span.set_outputs(n)
        return square(n)

    result = quietly(ROWS[:2], [exact], agent)
    trace = steelyard.search_traces(run_id=result.run_id, return_type="list")[0]
    assert [(span.name, span.span_type) for span in trace.data.spans] == [("agent", "AGENT"), ("step", "TOOL")]


def test_given_outputs_are_scored_without_a_function() -> None:
    rows = [{**row, "outputs": square(row["inputs"]["n"])} for row in ROWS]
    result = quietly(rows, [exact])
    assert result.metrics["exact/mean"] == 0.9
    assert len(steelyard.search_traces(run_id=result.run_id, return_type="list")) == 10


def test_traces_are_evaluated_where_they_are() -> None:
    @steelyard.trace
    def answer(n: int) -> str:
        return square(n)

    for n in range(3):
        answer(n)
    traces = steelyard.search_traces(return_type="list")

    @scorer
    def short(outputs: str, trace: Any) -> bool:
        return len(outputs) < 3 and trace.info.state == "OK"

    result = quietly(traces, [short])
    assert result.metrics["short/mean"] == 1.0
    assert sorted(result.result_df["trace_id"]) == sorted(trace.info.trace_id for trace in traces)
    assert steelyard.get_trace(traces[0].info.trace_id).search_assessments("short")[0].value is True


def test_a_frame_and_a_list_give_the_same() -> None:
    first, second = quietly(ROWS, [exact], square), quietly(pd.DataFrame(ROWS), [exact], square)
    assert first.summary.dataset.digest == second.summary.dataset.digest
    assert first.estimates["exact/mean"] == second.estimates["exact/mean"]


def test_async_functions_and_scorers_are_awaited_in_a_running_loop() -> None:
    async def later(n: int) -> str:
        await asyncio.sleep(0)
        return square(n)

    @scorer
    async def awaited(outputs: str) -> float:
        await asyncio.sleep(0)
        return len(outputs) / 2

    async def notebook() -> Any:
        return quietly(ROWS, [exact, awaited], later)

    result = asyncio.run(notebook())
    assert result.metrics["exact/mean"] == 0.9
    assert result.outcomes["awaited"]["scored"] == 10


def test_repeats_give_pass_at_k() -> None:
    calls: dict[int, int] = {}

    def flaky(n: int) -> str:
        calls[n] = calls.get(n, 0) + 1
        return str(n * n) if calls[n] % 2 else "?"

    result = quietly(ROWS[:4], [exact], flaky, repeats=2)
    assert set(calls.values()) == {2}
    assert result.metrics["exact/pass@1"] == 0.5
    assert result.metrics["exact/pass@2"] == 1.0
    assert result.metrics["exact/pass^2"] == 0.0
    assert len(result.result_df) == 8


def test_tags_make_slices() -> None:
    result = quietly(ROWS, [exact], square, slices=["odd"])
    assert result.slices["odd=1"]["exact/mean"].value == 0.8
    assert result.slices["odd=0"]["exact/mean"].value == 1.0


def test_the_headline_counts_what_was_not_scored() -> None:
    def failing(n: int) -> str:
        if n in (2, 3):
            raise RuntimeError("down")
        return square(n)

    @scorer
    def broken(inputs: dict[str, int]) -> bool:
        if inputs["n"] == 0:
            raise ValueError("a bug")
        return True

    result = quietly(ROWS, [exact, broken], failing)
    estimate = result.estimates["exact/mean"]
    assert (estimate.n, estimate.missing) == (8, 2)
    assert (estimate.worst, estimate.best) == (0.7, 0.9)
    assert result.outcomes["broken"] == {
        "scored": 7, "scorer_error": 1, "parse_error": 0, "refused": 0, "predict_failed": 2, "over_budget": 0,
    }  # fmt: skip
    assert not result.passed
    frame = result.result_df
    assert frame.loc[frame["request"] == {"n": 0}, "broken/error_message"].item() == "ValueError: a bug"


def test_two_runs_over_the_same_rows_are_compared_in_pairs() -> None:
    worse = quietly(ROWS, [exact], lambda n: "?" if n < 6 else str(n * n))
    better = quietly(ROWS, [exact], lambda n: str(n * n))
    comparison = steelyard.compare(better.run_id, worse.run_id)
    assert comparison.verdicts["exact/mean"] == "better"


def test_a_slice_on_which_a_run_failed_altogether_is_worse_in_a_comparison() -> None:
    def failing(n: int) -> str:
        if n % 2:
            raise RuntimeError("down")
        return str(n * n)

    rows = [{**row, "inputs": {"n": n}, "expectations": {"expected_response": str(n * n)}, "tags": {"odd": str(n % 2)}}
            for n, row in enumerate(ROWS * 5)]  # fmt: skip
    broken = quietly(rows, [exact], failing, slices=["odd"])
    whole = quietly(rows, [exact], lambda n: str(n * n), slices=["odd"])
    comparison = steelyard.compare(broken.run_id, whole.run_id, metrics=["exact/mean"])
    assert comparison.slices["odd=1"]["exact/mean"].verdict == "worse"
    assert comparison.slices["odd=0"]["exact/mean"].verdict != "worse"


def test_a_judge_is_asked_once_for_each_row_and_its_cost_is_kept(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, schema: {"result": '"n": 7' not in prompt, "rationale": "I looked."})
    words = "Is {{ outputs }} right for {{ inputs }}?"
    judge = make_judge("fine", words, model="openai:/gpt-4o-mini", feedback_value_type=bool)
    result = quietly(ROWS, [judge], lambda n: str(n * n))
    assert server.calls == 10
    assert result.metrics["fine/mean"] == 0.9
    summary = result.application.scorers[0]
    assert summary.judged_by == "openai:/gpt-4o-mini"
    assert summary.usage.total_tokens > 0
    assert summary.usage.cost is not None
    again = quietly(ROWS, [judge], lambda n: str(n * n))
    assert server.calls == 10
    assert again.metrics["fine/mean"] == 0.9
    assert again.application.scorers[0].cached == 10
    assert again.application.spent.judges.total_tokens == 0


def test_max_tokens_ends_rows_as_over_budget_and_a_larger_one_goes_on(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, schema: {"result": True})
    judge = make_judge("fine", "Is {{ outputs }} fine?", model="openai:/gpt-4o-mini", feedback_value_type=bool)
    first = quietly(ROWS, [judge, exact], square, max_tokens=3000, concurrency=1)
    spent = first.application.spent.judges.total_tokens
    scored = first.outcomes["fine"]["scored"]
    assert spent <= 3000
    assert 0 < scored < 10
    assert first.outcomes["fine"]["over_budget"] == 10 - scored
    assert first.outcomes["exact"]["scored"] == 10
    result = quietly(ROWS, [judge, exact], square, resume=first.run_id)
    assert result.run_id == first.run_id
    assert result.outcomes["fine"]["scored"] == 10
    assert server.calls == 10


def test_errors_are_done_again_only_when_asked() -> None:
    down = [True]

    def sometimes(n: int) -> str:
        if down[0] and n == 4:
            raise RuntimeError("down")
        return square(n)

    first = quietly(ROWS, [exact], sometimes)
    down[0] = False
    assert quietly(ROWS, [exact], sometimes, resume=first.run_id).outcomes["exact"]["predict_failed"] == 1
    again = quietly(ROWS, [exact], sometimes, resume=first.run_id, retry_errors=True)
    assert again.outcomes["exact"]["scored"] == 10


def test_an_active_run_is_used_and_left_open_and_a_second_evaluation_is_its_child() -> None:
    with steelyard.start_run() as run:
        first = quietly(ROWS, [exact], square)
        assert first.run_id == run.info.run_id
        second = quietly(ROWS[:5], [exact], square)
        active = steelyard.active_run()
        assert active is not None
        assert active.info.run_id == run.info.run_id
    child = steelyard.get_run(second.run_id)
    assert child.data.tags["mlflow.parentRunId"] == run.info.run_id


def test_quality_criteria_decide() -> None:
    result = quietly(ROWS, [exact], square, quality_criteria="exact >= 0.95")
    assert not result.passed
    assert "exact/mean" in result.reason
    assert quietly(ROWS, [exact], square, quality_criteria="exact >= 0.8").passed


def test_no_scorers_only_predict() -> None:
    result = quietly(ROWS, [], square)
    assert result.application.predictions == {"predicted": 10}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"data": ROWS, "scorers": [exact]}, InvalidArgument, "There is nothing to score"),
        ({"data": [{**ROWS[0], "outputs": "1"}], "scorers": [exact], "predict_fn": square}, InvalidArgument, "outputs"),
        ({"data": ROWS, "scorers": exact, "predict_fn": square}, InvalidArgument, "must be a list"),
        ({"data": ROWS, "scorers": [exact, exact], "predict_fn": square}, InvalidArgument, "named 'exact'"),
        ({"data": ROWS, "scorers": [exact], "predict_fn": lambda question: question}, InvalidArgument, "'n'"),
        ({"data": ROWS, "scorers": [exact], "predict_fn": square, "repeats": 0}, InvalidArgument, "repeats"),
        ({"data": ROWS, "scorers": [exact], "predict_fn": square, "max_cost": -1}, InvalidArgument, "max_cost"),
        ({"data": ROWS, "scorers": [exact], "predict_fn": square, "resume": "nope"}, NotFound, "nope"),
        ({"data": [], "scorers": [exact], "predict_fn": square}, DataError, "no rows"),
        ({"data": ROWS, "scorers": ["safety"], "predict_fn": square}, InvalidArgument, "safety"),
    ],
    ids=["nothing", "both", "no list", "twice", "signature", "repeats", "cost", "resume", "empty", "text"],
)
def test_a_call_that_cannot_work_is_refused_before_anything_is_paid(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        quietly(**arguments)
    assert not get_store().search.search(["0"]).items


def test_a_run_is_not_resumed_with_other_rows() -> None:
    first = quietly(ROWS, [exact], square)
    with pytest.raises((InvalidArgument, AlreadyExists), match=r"rows|data"):
        quietly(ROWS[:5], [exact], square, resume=first.run_id)


def test_a_scorer_that_asks_for_what_no_row_has_is_named() -> None:
    @scorer
    def wanting(outputs: str, colour: str) -> bool:
        return True

    with pytest.raises(DataError, match=r"wanting.*colour|colour.*wanting"):
        quietly(ROWS, [wanting], square)


def test_a_quiet_evaluation_that_is_stopped_says_in_the_error_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.evaluation.genai import evaluate as module

    def stopped(work: Any, state: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_work", stopped)
    with pytest.raises(KeyboardInterrupt) as raised:
        quietly(ROWS, [exact], square)
    (run,) = get_store().search.search(["0"]).items
    assert f"resume='{run.info.run_id}'" in raised.value.__notes__[0]
    assert run.info.status == "KILLED"


def test_progress_is_told_to_a_function() -> None:
    told: list[Any] = []
    evaluate(ROWS, [exact], square, progress=told.append)
    assert told[-1].predicted == told[-1].judged == 10
    assert told[-1].interim[0].mean == 0.9
