"""With a server's address as the tracking URI, scripts do what they do with a file, and it is there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from tests.rest.running import Running
from typer.testing import CliRunner

import steelyard
import steelyard.genai
import steelyard.sklearn
from steelyard import tracking
from steelyard.cli import app
from steelyard.errors import AlreadyExists, NotFound, SteelyardError, StoreUnavailable
from steelyard.records import Store
from steelyard.store import open_store

ROWS = [{"inputs": {"word": word}, "expectations": {"loud": word.upper()}} for word in ("a", "b", "c")]


def is_loud(outputs: str, expectations: dict[str, str]) -> bool:
    return outputs == expectations["loud"]


def data(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(7).normal(size=(n, 3))
    return X, (X[:, 0] > 0).astype(int)


def test_a_run_is_the_same_from_both_sides(store_uri: str, behind: Store, tmp_path: Path) -> None:
    tracking.set_experiment("over there", tags={"team": "a"})
    with tracking.start_run(run_name="first") as run:
        tracking.log_params({"C": 1.0})
        tracking.log_metrics({"loss": float("nan"), "auc": 0.75}, step=2)
        tracking.log_text("hello\n", "notes/a.txt")
        tracking.log_dict({"k": [1, 2.5, None]}, "b.json")
    found = behind.runs.get(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert tracking.get_run(run.info.run_id).data.params == found.data.params == {"C": "1.0"}
    assert str(tracking.get_run(run.info.run_id).data.metrics) == str(found.data.metrics)
    assert behind.artifacts.read(run.info.run_id, "notes/a.txt") == b"hello\n"
    local = tracking.MlflowClient(store_uri).download_artifacts(run.info.run_id, "notes", str(tmp_path / "out"))
    assert (Path(local) / "a.txt").read_text() == "hello\n"


def test_a_classic_evaluation_is_kept_and_compared(store_uri: str, behind: Store) -> None:
    X, y = data()
    results = []
    for c in (1e-4, 10.0):
        model = LogisticRegression(C=c).fit(X, y)
        results.append(steelyard.evaluate(model, X, targets=y, model_type="classifier"))
    kept = behind.runs.get(results[1].run_id).data.metrics
    assert kept["accuracy_score"] == results[1].metrics["accuracy_score"]
    comparison = steelyard.compare(results[1].run_id, results[0].run_id)
    assert set(comparison.verdicts.values()) <= {"better", "worse", "equivalent", "undecided"}
    assert "accuracy_score" in comparison.verdicts
    assert results[1].artifacts["confusion_matrix"].local_path.read_bytes().startswith(b"\x89PNG")


def test_a_model_is_logged_and_loaded(store_uri: str) -> None:
    X, y = data()
    model = LogisticRegression().fit(X, y)
    with tracking.start_run():
        logged = steelyard.sklearn.log_model(model, name="model", input_example=X[:2])
    loaded = steelyard.sklearn.load_model(logged.model_uri)
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_an_application_is_evaluated_with_traces_and_taken_up_again(
    store_uri: str, behind: Store, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    @steelyard.trace
    def shout(word: str) -> str:
        calls.append(word)
        return word.upper()

    def evaluate(**more: str):
        scorers = [steelyard.genai.scorer(is_loud)]
        return steelyard.genai.evaluate(data=ROWS, predict_fn=shout, scorers=scorers, **more)

    monkeypatch.setenv("STEELYARD_HTTP_PATIENCE", "0.2")
    server.before = refusing("ledgers/finish")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        evaluate()
    server.before = None
    (run,) = behind.search.search(["0"]).items
    result = evaluate(resume=run.info.run_id)
    assert (result.run_id, result.metrics["is_loud/mean"]) == (run.info.run_id, 1.0)
    assert sorted(calls) == ["a", "b", "c"], "what was committed is not called again"
    traces = steelyard.search_traces(run_id=run.info.run_id, return_type="list")
    assert sorted(trace.inputs["word"] for trace in traces) == ["a", "b", "c"]
    assert all(any(a.name == "is_loud" and a.value is True for a in trace.info.assessments) for trace in traces)
    state = behind.ledgers.state(run.info.run_id)
    assert state is not None
    assert state.finished


def refusing(path: str):
    """Answer as a proxy does whose server is away."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> bool:
        if not scope["path"].endswith(path):
            return False
        await PlainTextResponse("Bad Gateway", 502)(scope, receive, send)
        return True

    return answer


def test_traces_get_feedback_and_are_found_by_it(store_uri: str, behind: Store) -> None:
    @steelyard.trace
    def answer(question: str) -> str:
        return question[::-1]

    answer("abc")
    (trace,) = steelyard.search_traces(return_type="list")
    kept = steelyard.log_feedback(trace_id=trace.info.trace_id, name="good", value=True, rationale="because")
    steelyard.log_expectation(trace_id=trace.info.trace_id, name="want", value={"a": [1, None]})
    assert behind.assessments.get(trace.info.trace_id, kept.assessment_id or "") == kept
    (found,) = steelyard.search_traces(filter_string="feedback.good = 'true'", return_type="list")
    assert found == steelyard.get_trace(trace.info.trace_id)
    assert [type(a).__name__ for a in found.info.assessments] == ["Feedback", "Expectation"]


def test_a_client_made_for_a_server_uses_it_whatever_is_current(server: Running, settings_of_nobody: None) -> None:
    client = tracking.MlflowClient(tracking_uri=server.url)
    run = client.create_run("0", run_name="by hand")
    client.log_param(run.info.run_id, "C", 1)
    with pytest.raises(AlreadyExists, match="'C' is already '1'"):
        client.log_param(run.info.run_id, "C", 2)
    with pytest.raises(NotFound, match="no run"):
        client.get_run("nobody")
    assert [r.info.run_id for r in client.search_runs(["0"])] == [run.info.run_id]


def test_the_environment_names_a_server(
    server: Running, settings_of_nobody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_TRACKING_URI", server.url + "/")
    with tracking.start_run() as run:
        tracking.log_metric("a", 1)
    assert server.store.runs.get(run.info.run_id).data.metrics == {"a": 1.0}


def test_commands_take_a_server_as_their_store(server: Running, settings_of_nobody: None) -> None:
    server.store.runs.create("0", run_name="shown-by-the-command")
    done = CliRunner().invoke(app, ["runs", "--store", server.url])
    assert done.exit_code == 0, done.output
    assert "shown-by-the-command" in done.output


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.runs.get("nobody"),
        lambda store: store.experiments.create("Default"),
        lambda store: store.search.search(["0"], "(("),
        lambda store: store.search.search(["0"], max_results=0),
        lambda store: store.runs.update("nobody", status="ASLEEP"),
        lambda store: store.artifacts.read("nobody", "a"),
        lambda store: store.artifacts.put("nobody", "../a", b""),
        lambda store: store.traces.search(["0"], order_by=["nothing"]),
        lambda store: next(iter(store.ledgers.verdicts("nobody"))),
    ],
    ids=["run", "name", "filter", "page", "status", "artifact", "path", "order", "stream"],
)
def test_errors_are_those_of_the_store(store: Store, behind: Store, ask: Callable[[Store], object]) -> None:
    told = []
    for asked in (store, behind):
        with pytest.raises(SteelyardError) as caught:
            ask(asked)
        told.append((type(caught.value), str(caught.value)))
    assert told[0] == told[1]


def test_round_trips_are_few(store_uri: str, server: Running) -> None:
    with tracking.start_run():
        tracking.log_metrics({f"m{n}": float(n) for n in range(100)})
    assert server.calls.total() == 3
    server.calls.clear()
    steelyard.genai.evaluate(data=ROWS, predict_fn=lambda word: word.upper(), scorers=[steelyard.genai.scorer(is_loud)])
    assert server.calls.total() <= 20, server.calls
    assert server.calls["ledgers.commit"] <= 3
    assert len(server.connections) <= 3


def test_opening_a_store_sends_nothing(server: Running) -> None:
    open_store(server.url).close()
    assert not server.calls
