from __future__ import annotations

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from steelyard.records import Feedback, LedgerEntry, LedgerState, Prediction, Run, RunInfo, Store, Verdict
from steelyard.server import create_app
from steelyard.web.formats import interval, score
from steelyard.web.progressview import SILENT_MS, standing_of, view_progress

from .conftest import Shown
from .sample_applications import REPEATS, ROWS, SCORERS, plan_of, running, simulate
from .sample_results import record


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_outcomes_of_every_scorer_add_up_to_what_was_planned(visitor: TestClient, shown: Shown):
    scorers = visitor.get(f"/runs/{shown.ids.candidate}.json").json()["application"]["scorers"]
    page = text(visitor.get(f"/runs/{shown.ids.candidate}").text)
    assert [s["name"] for s in scorers] == list(SCORERS)
    for scorer in scorers:
        counts = {part["outcome"]: part["count"] for part in scorer["outcomes"]}
        assert sum(counts.values()) == scorer["planned"] == ROWS * REPEATS
        for outcome, n in counts.items():
            assert not n or f"{n} {outcome.replace('_', ' ')}" in page


def test_means_stand_with_interval_n_of_N_and_the_bounds_of_what_is_missing(visitor: TestClient, shown: Shown):
    stored = {
        s.metric: s.estimate
        for s in shown.store.estimates.list([shown.ids.candidate], slices=[()])[shown.ids.candidate]
    }
    page = text(visitor.get(f"/runs/{shown.ids.candidate}").text)
    for name in ("correctness/mean", "brevity/mean"):
        e = stored[name]
        assert f"{score(e.value)} {interval(e)}" in page
        assert f"n {e.n} of {e.n + e.missing}" in page
        assert f"{score(e.worst)} to {score(e.best)} if the others had gone wrong or right" in page
    for name in ("pass@2", "pass^2"):
        assert f"Correctness, {name}" in page


def test_cost_tokens_forecast_and_errors_are_told(visitor: TestClient, shown: Shown):
    data = visitor.get(f"/runs/{shown.ids.candidate}.json").json()["application"]
    page = text(visitor.get(f"/runs/{shown.ids.candidate}").text)
    assert f"${data['total']['cost']:.4f}" in page
    assert "of at most $1.00" in page
    assert "Forecast before it began: about $0.52" in page
    assert "117 × KeyError: 'schema'" in page.replace("&#39;", "'")


def test_the_runs_page_shows_the_means_of_scorers_like_any_other(visitor: TestClient, shown: Shown):
    data = visitor.get(f"/experiments/{shown.ids.experiment}/runs.json").json()
    assert [c["name"] for c in data["columns"]][:2] == ["brevity/mean", "correctness/mean"]
    row = next(r for r in data["rows"] if r["run_id"] == shown.ids.candidate)
    assert all(cell["estimate"]["low"] is not None for cell in row["cells"])
    page = visitor.get(f"/experiments/{shown.ids.experiment}/runs").text
    assert f'href="/traces?experiment={shown.ids.experiment}"' in page


def test_a_running_evaluation_tells_how_far_it_is_and_asks_again(own_store: Store):
    run_id = running(own_store, "0", "v3", start=1_790_000_000_000)
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        data = client.get(f"/runs/{run_id}/progress.json").json()
        page = client.get(f"/runs/{run_id}").text
    state = own_store.ledgers.state(run_id)
    assert state is not None
    assert (data["predicted"], data["planned"]) == (80, ROWS * REPEATS)
    for told, tally in zip(data["scorers"], state.scorers, strict=True):
        assert told["done"] == sum(tally.outcomes.values())
        assert told["done"] == told["scored"] + told["failed"]
    correct = data["scorers"][0]["interim"][0]
    values = [v.feedbacks[0].value for v in own_store.ledgers.verdicts(run_id) if v.scorer == 0 and v.feedbacks]
    assert correct["n"] == len(values)
    assert correct["estimate"]["value"] == pytest.approx(sum(v == "yes" for v in values) / len(values))
    assert 'hx-trigger="every 2s"' in page
    assert f"interim, n {len(values)} of {ROWS * REPEATS}" in text(page)


def test_an_evaluation_that_stopped_says_when_and_how_to_go_on(visitor: TestClient, shown: Shown):
    page = visitor.get(f"/runs/{shown.ids.stopped}").text
    assert "This evaluation stopped at" in page
    assert f'resume="{shown.ids.stopped}"' in page
    assert "every 2s" not in page


@pytest.mark.parametrize(("silent", "status", "finished", "standing"), [
    (1_000, "RUNNING", False, "running"),
    (SILENT_MS + 1, "RUNNING", False, "stopped"),
    (1_000, "KILLED", False, "stopped"),
    (SILENT_MS + 1, "FINISHED", True, "finished"),
])  # fmt: skip
def test_an_owner_that_is_silent_for_a_minute_is_gone(silent: int, status: str, finished: bool, standing: str):
    now = 1_790_000_000_000
    info = RunInfo(run_id="r", run_name="", experiment_id="0", status=status, start_time=now - 500_000)  # type: ignore[arg-type]
    state = LedgerState(run_id="r", plan=plan_of("x"), heartbeat=now - silent, finished=finished)
    assert standing_of(Run(info), state, now) == standing


def test_the_rate_is_counted_from_when_the_page_was_opened(own_store: Store):
    start = 1_790_000_000_000
    run = own_store.runs.create("0", start_time=start)
    own_store.ledgers.open(run.info.run_id, plan_of("rate"))
    entries = [LedgerEntry(prediction=Prediction(row=i, row_id=str(i), output="x")) for i in range(40)]
    own_store.ledgers.commit(run.info.run_id, entries)
    state = own_store.ledgers.state(run.info.run_id)
    assert state is not None
    state = replace(state, heartbeat=start + 99_000)
    opened = view_progress(own_store, run, state, now=start + 100_000)
    assert opened.rate == pytest.approx(0.4)
    later = view_progress(own_store, run, state, now=start + 100_000, since=start + 90_000, since_done=20)
    assert later.rate == pytest.approx(2.0)
    assert later.left == pytest.approx((later.lines_planned - 40) / 2.0)


def test_progress_ends_with_the_page_of_results(own_store: Store):
    run = own_store.runs.create("0", run_name="v9")
    run_id = run.info.run_id
    rows = simulate(run_id, "0", skill=0.8, seed=4, start=run.info.start_time)
    own_store.ledgers.open(run_id, plan_of("v9"))
    own_store.ledgers.commit(run_id, [row.entry for row in rows])
    asked = {"HX-Request": "true"}
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        assert "hx-refresh" not in client.get(f"/runs/{run_id}/progress", headers=asked).headers
        own_store.ledgers.finish(run_id)
        waiting = client.get(f"/runs/{run_id}/progress", headers=asked)
        assert "hx-refresh" not in waiting.headers
        assert "results are being put together" in waiting.text
        record(own_store, run_id, "v9", rows, run.info.start_time)
        assert client.get(f"/runs/{run_id}/progress", headers=asked).headers["hx-refresh"] == "true"
        assert client.get(f"/runs/{run_id}.json").json()["progress"] is None
        assert 'id="progress"' not in client.get(f"/runs/{run_id}").text


def test_a_category_is_told_by_its_most_frequent_value_while_it_runs(own_store: Store):
    run = own_store.runs.create("0")
    own_store.ledgers.open(run.info.run_id, plan_of("tone"))
    said = ["polite", "polite", "curt"]
    entries = [
        LedgerEntry(
            prediction=Prediction(row=i, row_id=str(i), output="x"),
            verdicts=(Verdict(row=i, scorer=2, feedbacks=(Feedback(name="tone", value=word),)),),
        )
        for i, word in enumerate(said)
    ]
    own_store.ledgers.commit(run.info.run_id, entries)
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        interim = client.get(f"/runs/{run.info.run_id}/progress.json").json()["scorers"][2]["interim"][0]
    assert (interim["common"], interim["n"]) == ("polite", 3)
    assert interim["common_share"] == pytest.approx(2 / 3)
    assert interim["estimate"] is None


def test_a_summary_that_cannot_be_read_is_said_and_the_rest_is_shown(own_store: Store):
    run = own_store.runs.create("0", run_name="broken")
    own_store.artifacts.put(run.info.run_id, "genai.json", b"{not json")
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        page = client.get(f"/runs/{run.info.run_id}")
    assert page.status_code == 200
    assert "genai.json of run" in page.text
