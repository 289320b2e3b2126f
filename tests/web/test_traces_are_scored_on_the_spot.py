"""Traces of a list are scored by built-in scorers, as a run of the experiment: chosen, begun, told, gone on with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.llm.server import LlmServer

from steelyard.errors import SteelyardError
from steelyard.evaluation.genai.stored_scoring import ScoringStopped, order_of, score_stored
from steelyard.records import Expectation, Store, Trace
from steelyard.server import create_app
from steelyard.web.pages import scoring as page
from steelyard.web.scorerchoices import CODE, JUDGES

from .sample_traces import NOON, fill, made_trace

N = 12


@dataclass
class AtOnce:
    """Scores while the request waits, so that a test need not."""

    store: Store
    waiting: dict[str, int] = field(default_factory=dict)
    paused: bool = False

    def check_room(self) -> None: ...

    def place_of(self, run_id: str) -> int | None:
        return self.waiting.get(run_id)

    def submit(self, run_id: str) -> None:
        if self.paused:
            return
        try:
            score_stored(self.store, run_id)
        except SteelyardError:  # told on the run's page
            return


@pytest.fixture
def worker(own_store: Store) -> AtOnce:
    return AtOnce(own_store)


@pytest.fixture
def client(own_store: Store, worker: AtOnce, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "STEELYARD_JUDGE_MODEL", "STEELYARD_JUDGE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    app = create_app(own_store)
    app.state.scoring = worker
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def made(own_store: Store) -> Sequence[Trace]:
    return fill(own_store, "0", N)


def ids(traces: Sequence[Trace]) -> list[str]:
    return [trace.info.trace_id for trace in traces]


def begin(client: TestClient, trace_ids: Sequence[str], **form: Any) -> Any:
    return client.post(
        "/traces/score", data={"ids": ",".join(trace_ids), "view": "experiment=0", "start": "yes", **form}
    )


def run_of(answer: Any) -> str:
    assert answer.status_code == 303, unescape(answer.text)
    return answer.headers["location"].split("/")[2]


def test_the_choices_are_shown_and_judges_with_the_reason_why_they_cannot_be_asked(
    client: TestClient, made: Sequence[Trace]
):
    answer = client.post("/traces/score", data={"traces": ids(made)[:3], "view": "experiment=0"})
    assert answer.status_code == 200
    assert "Score 3 traces" in answer.text
    assert "OPENAI_API_KEY is not set" in answer.text
    for choice in CODE:
        assert re.search(rf'value="{choice.name}">', answer.text)
    for choice in JUDGES:
        assert f'value="{choice.name}" disabled' in answer.text
    assert not client.post("/traces/score", data={"view": "experiment=0"}).is_success


def test_where_a_model_is_set_the_number_of_calls_is_said_before(
    client: TestClient, made: Sequence[Trace], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "not a key")
    monkeypatch.setenv("STEELYARD_JUDGE_MODEL", "openai:/some-judge")
    text = client.post("/traces/score", data={"traces": ids(made)[:5], "view": "experiment=0"}).text
    assert "openai:/some-judge</code> at least 4 times" in text
    assert "1 trace of these failed" in text
    assert 'name="max_cost"' in text
    assert 'value="Safety" disabled' not in text


def test_no_more_than_a_bound_are_scored_and_it_is_said(
    client: TestClient, own_store: Store, made: Sequence[Trace], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page, "MOST", 5)
    form = {"everything": "yes", "view": "experiment=0"}
    asked = client.post("/traces/score", data=form)
    assert "these are the first 5" in asked.text
    held = re.search(r'name="ids" value="([^"]*)"', asked.text)
    assert held is not None
    run_id = run_of(begin(client, held.group(1).split(","), scorers="StepCount"))
    assert order_of(own_store, run_id).trace_ids == tuple(ids(made)[:5])


def test_verdicts_become_feedback_on_the_traces_and_a_run(client: TestClient, own_store: Store, made: Sequence[Trace]):
    chosen = ids(made)[:4]
    form = {"scorers": ["PIIDetection", "Contains", "TokenCount"], "of-Contains": "account", "run_name": "a look"}
    run_id = run_of(begin(client, chosen, **form))
    run = own_store.runs.get(run_id)
    assert (run.info.status, run.info.run_name, run.info.experiment_id) == ("FINISHED", "a look", "0")
    found = own_store.assessments.list(chosen)
    assert made[3].info.state == "ERROR"  # counted as failed, and not judged
    assert "contains" not in {one.name for one in found[chosen[3]]}
    for trace in made[:3]:
        said = {one.name: one.value for one in found[trace.info.trace_id] if one.valid}
        usage = trace.info.usage
        assert usage is not None
        assert said["token_count"] == usage.total_tokens
        assert said["contains"] is ("account" in str(trace.outputs))
        assert said["pii_detection"] == "yes"
    others = own_store.assessments.list(ids(made)[4:])
    assert not any(one.name == "contains" for found_ in others.values() for one in found_)
    assert {"contains/mean", "token_count/mean"} <= {one.metric for one in own_store.estimates.list([run_id])[run_id]}
    assert client.get(f"/runs/{run_id}").status_code == 200
    told = client.get(f"/runs/{run_id}/scoring.json").json()
    assert (told["stage"], told["traces"], told["scorers"][0]) == ("finished", 4, "Personal data")
    polled = client.get(f"/runs/{run_id}/scoring", headers={"HX-Request": "true"})
    assert polled.headers["hx-redirect"] == f"/runs/{run_id}"
    listed = client.get(f"/traces.json?run={run_id}").json()["traces"]
    assert sorted(row["trace_id"] for row in listed) == sorted(chosen)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "Tick at least one scorer"),
        ({"scorers": "Rm"}, "There is no scorer 'Rm'"),
        ({"scorers": "RegexMatch", "of-RegexMatch": "(a+)+$"}, "There is no scorer 'RegexMatch'"),
        ({"scorers": "Contains"}, "needs its field 'Text'"),
        ({"scorers": "ResponseLength", "of-ResponseLength": "many"}, "is no number of characters"),
        ({"scorers": "StepCount", "max_cost": "-1"}, "no amount of US dollars"),
        ({"scorers": "Safety"}, "OPENAI_API_KEY is not set"),
        ({"scorers": "ExactMatch"}, "exact_match"),
    ],
    ids=["none", "unknown", "pattern", "empty", "words", "negative", "no-key", "no-expectation"],
)
def test_what_cannot_begin_is_said_on_the_form_and_makes_no_run(
    form: dict[str, str], told: str, client: TestClient, own_store: Store, made: Sequence[Trace]
):
    answer = begin(client, ids(made)[:3], **form)
    assert answer.status_code == 400
    assert told in unescape(answer.text)
    assert "Score 3 traces" in answer.text
    assert own_store.search.count(["0"]) == 0
    for name in form.get("scorers", "").split():
        if name in {choice.name for choice in CODE}:
            assert f'value="{name}" checked' in answer.text


def test_scorers_that_compare_use_what_people_expected(client: TestClient, own_store: Store, made: Sequence[Trace]):
    chosen = ids(made)[:2]
    own_store.assessments.add(
        [Expectation(name="expected_response", value="The duplicate is refunded.", trace_id=one) for one in chosen]
    )
    run_of(begin(client, chosen, scorers="ExactMatch"))
    found = own_store.assessments.list(chosen)
    for trace in made[:2]:
        said = {one.name: one.value for one in found[trace.info.trace_id]}
        assert said["exact_match"] is ("duplicate" in str(trace.outputs))


def test_a_failure_is_told_on_the_page_and_can_be_gone_on_with(
    client: TestClient, own_store: Store, worker: AtOnce, made: Sequence[Trace]
):
    worker.paused = True
    run_id = run_of(begin(client, ids(made)[:3], scorers="StepCount"))
    assert own_store.runs.get(run_id).info.status == "SCHEDULED"
    own_store.traces.delete([made[1].info.trace_id])
    worker.paused = False
    assert client.post(f"/runs/{run_id}/scoring").status_code == 303
    assert own_store.runs.get(run_id).info.status == "FAILED"
    told = client.get(f"/runs/{run_id}/scoring")
    assert "was deleted before it was scored" in unescape(told.text)
    assert "Go on" in told.text
    own_store.traces.put([made[1]])
    assert client.post(f"/runs/{run_id}/scoring").status_code == 303
    assert own_store.runs.get(run_id).info.status == "FINISHED"
    assert "scored by StepCount" in client.get(f"/runs/{run_id}").text
    again = client.post(f"/runs/{run_id}/scoring")
    assert again.status_code == 400
    assert "nothing to go on with" in again.text


def test_scoring_that_was_stopped_goes_on_without_doing_anything_twice(
    client: TestClient, own_store: Store, worker: AtOnce, made: Sequence[Trace]
):
    worker.paused = True
    chosen = ids(made)
    run_id = run_of(begin(client, chosen, scorers="StepCount"))
    asked = []

    def after_the_first_commit() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(ScoringStopped):
        score_stored(own_store, run_id, stopped=after_the_first_commit)
    assert own_store.runs.get(run_id).info.status == "KILLED"
    state = own_store.ledgers.state(run_id)
    assert state is not None
    assert not state.finished
    stopped = client.get(f"/runs/{run_id}/scoring")
    assert "Stopped with the server" in stopped.text
    worker.paused = False
    client.post(f"/runs/{run_id}/scoring")
    assert own_store.runs.get(run_id).info.status == "FINISHED"
    found = own_store.assessments.list(chosen)
    for trace in made:
        times = [one.name for one in found[trace.info.trace_id]].count("step_count")
        assert times == (0 if trace.info.state == "ERROR" else 1)


def test_judges_are_asked_once_a_trace_and_never_again_after_a_stop(
    client: TestClient, own_store: Store, worker: AtOnce, monkeypatch: pytest.MonkeyPatch
):
    judged = [
        made_trace(n, "0", at=NOON + n, question=f"Where is parcel {n}?", answer=f"In depot {n}.") for n in range(4)
    ]
    own_store.traces.put(judged)
    with LlmServer(rule=lambda prompt, schema: {"result": "yes"}) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        monkeypatch.setenv("MLFLOW_GENAI_EVAL_MAX_WORKERS", "1")
        worker.paused = True
        form = {"scorers": ["Safety", "Guidelines"], "of-Guidelines": "It is polite.", "max_cost": "$2"}
        run_id = run_of(begin(client, ids(judged), **form))
        assert order_of(own_store, run_id).max_cost == 2
        asked = []
        with pytest.raises(ScoringStopped):
            score_stored(own_store, run_id, stopped=lambda: bool(asked) or asked.append(1) is not None)
        before = own_store.ledgers.state(run_id)
        worker.paused = False
        client.post(f"/runs/{run_id}/scoring")
        assert own_store.runs.get(run_id).info.status == "FINISHED"
    assert before is not None
    found = own_store.assessments.list(ids(judged))
    for trace in judged:
        said = [(one.name, one.value) for one in found[trace.info.trace_id]]
        assert sorted(said) == [("guidelines", "yes"), ("safety", "yes")]
    committed = sum(sum(tally.outcomes.values()) for tally in before.scorers)
    assert 8 <= server.calls <= 8 + 8 - committed  # none that was committed is asked for again


def test_what_does_not_fit_the_budget_is_counted_and_not_judged(
    client: TestClient, own_store: Store, made: Sequence[Trace], monkeypatch: pytest.MonkeyPatch
):
    with LlmServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        run_id = run_of(begin(client, ids(made)[:3], scorers="Safety", max_cost="0.000001"))
    assert server.calls == 0
    state = own_store.ledgers.state(run_id)
    assert state is not None
    assert state.scorers[0].outcomes["over_budget"] == 3


def test_one_that_waits_says_how_many_come_before_it(client: TestClient, worker: AtOnce, made: Sequence[Trace]):
    worker.paused = True
    run_id = run_of(begin(client, ids(made)[:3], scorers="StepCount"))
    worker.waiting[run_id] = 2
    told = client.get(f"/runs/{run_id}/scoring").text
    assert "2 scorings come before this one" in told
    assert 'hx-trigger="every 2s"' in told
    worker.waiting[run_id] = 0
    assert "Reading the traces" in client.get(f"/runs/{run_id}/scoring").text


def test_other_runs_were_not_ordered_here_and_other_sites_may_not_order(
    client: TestClient, own_store: Store, made: Sequence[Trace]
):
    other = own_store.runs.create("0").info.run_id
    assert client.get(f"/runs/{other}/scoring").status_code == 404
    assert client.post(f"/runs/{other}/scoring").status_code == 404
    form = {"ids": ids(made)[0], "view": "experiment=0", "start": "yes", "scorers": "StepCount"}
    assert client.post("/traces/score", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
