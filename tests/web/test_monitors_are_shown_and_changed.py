"""Monitors on pages: who watches and who is behind, started, changed, stopped and deleted by forms alone."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.records.monitor import MonitorStanding, ScorerSamplingConfig
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web import links
from steelyard.web.monitorpace import PaceMemory

from .sample_monitors import DAY, HOUR, Watched, arrived, fill, registered, scored

HOSTILE = "tone <b>\"'/../" + "é🙂" * 40 + "`.json"
SETTINGS = {"rate": "100", "settle": "0", "filter": "", "cost": "", "scorings": ""}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    place: Path = tmp_path_factory.mktemp("monitors")
    store = open_store(place)
    yield store
    store.close()


@pytest.fixture(scope="module")
def watched(kept: Store) -> Watched:
    return fill(kept, hostile=HOSTILE, each=20)


@pytest.fixture
def reader(kept: Store, watched: Watched) -> TestClient:
    """A client of the store with monitors, which is not to be changed; no workers run beside it."""
    return TestClient(create_app(kept), base_url="http://localhost", follow_redirects=False)


@pytest.fixture
def client(own_store: Store) -> TestClient:
    registered(own_store, "0", "tone")
    return TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False)


def test_the_first_line_says_who_watches_and_who_is_paused(reader: TestClient, watched: Watched):
    told = reader.get(f"{links.monitors(watched.experiment_id)}.json").json()
    assert told["says"][0] == "3 of 5 watch."
    assert "grounded is held, for the judge is away." in told["says"]
    assert told["says"][-1] == "tone is paused."
    assert [row["state"]["kind"] for row in told["monitors"]][:2] == ["paused", "held"]
    page = reader.get(links.monitors(watched.experiment_id)).text
    assert "gpt-5-nonesuch is unknown" in page
    assert "no_promises" in page
    assert "Start watching" in page


def test_the_quality_of_a_day_is_that_of_its_traces_with_an_interval(reader: TestClient, kept: Store, watched: Watched):
    told = reader.get(f"{links.monitors(watched.experiment_id)}.json").json()
    row = next(row for row in told["monitors"] if row["monitor"]["name"] == "correctness")
    quality = row["quality"]["now"]
    now = time.time_ns() // 1_000_000
    said = [
        one.value
        for info in kept.traces.search([watched.experiment_id], max_results=1000).items
        for one in info.assessments
        if one.name == "correctness" and info.request_time > now - DAY and isinstance(one.value, bool)
    ]
    assert quality["n"] == len(said) > 0
    assert quality["value"] == pytest.approx(sum(said) / len(said))
    assert quality["low"] < quality["value"] <= quality["high"]


def test_one_monitor_tells_its_versions_its_failures_and_its_linked_scores(reader: TestClient, watched: Watched):
    here = links.monitor(watched.experiment_id, "correctness")
    told = reader.get(f"{here}.json").json()
    assert [version for version, _ in told["versions"]] == ["2"]
    assert told["has_anchors"] is True
    assert any(point["linked"] for point in told["scores"])
    assert sum(day["scored"] for day in told["days"]) == told["row"]["standing"]["done"]["scored"]
    assert told["failures"][0]["error"] == "JUDGE_ERROR: the answer was no JSON"
    page = reader.get(f"{here}?range=30d").text
    assert "on the base version’s scale" in page
    assert "planning" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tone", "Paused"),
        ("grounded", "503 Service Unavailable"),
        ("refund_policy", "Start again"),
        (HOSTILE, "Nothing has failed."),
    ],
    ids=["paused", "held", "stopped", "hostile"],
)
def test_every_state_has_a_page_that_says_what_to_do(reader: TestClient, watched: Watched, name: str, words: str):
    page = reader.get(links.monitor(watched.experiment_id, name))
    assert page.status_code == 200
    assert words in page.text
    assert "<b>\"'" not in page.text


def test_a_name_that_ends_as_data_does_is_a_page_and_has_data(reader: TestClient, watched: Watched):
    here = links.monitor(watched.experiment_id, HOSTILE)
    assert reader.get(here).headers["content-type"].startswith("text/html")
    assert reader.get(f"{here}.json").json()["row"]["monitor"]["name"] == HOSTILE


def test_an_experiment_without_monitors_says_how_to_begin(own_store: Store):
    opened = TestClient(create_app(own_store), base_url="http://localhost")
    page = opened.get("/experiments/0/monitors").text
    assert "Nothing watches this traffic yet" in page
    assert "ScorerSamplingConfig" in page
    assert opened.get("/experiments/77/monitors").status_code == 404
    assert opened.get("/experiments/0/monitors/nobody").status_code == 404


def test_a_scorer_is_started_by_a_form(client: TestClient, own_store: Store):
    form = {**SETTINGS, "scorer": "tone", "rate": "25", "filter": "status = 'OK'", "cost": "1.5"}
    answer = client.post("/experiments/0/monitors", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, links.monitor("0", "tone", saved="started"))
    found = own_store.monitors.find("0", "tone")
    assert found is not None
    assert (found.sample_rate, found.filter_string, found.settle_ms) == (0.25, "status = 'OK'", 0)
    assert (found.max_cost_per_day, found.max_scorings_per_day, found.version) == (1.5, None, None)
    assert "It watches from now on" in client.get(answer.headers["location"]).text


WRONG = (
    ("rate", "0"),
    ("rate", "101"),
    ("rate", "nan"),
    ("rate", "many"),
    ("settle", "-1"),
    ("cost", "inf"),
    ("scorings", "1.5"),
    ("filter", "status = 'OK' AND"),
)


@pytest.mark.parametrize("watching", [False, True], ids=["starting", "changing"])
def test_what_cannot_be_used_is_said_beside_its_field_and_kept_there(
    client: TestClient, own_store: Store, watching: bool
):
    if watching:
        own_store.monitors.start("0", "tone", config=ScorerSamplingConfig())
    path = links.monitor("0", "tone") if watching else "/experiments/0/monitors"
    before = own_store.monitors.list(["0"])
    for field, typed in WRONG:
        form = {**SETTINGS, "scorer": "tone", "cost": "7", "action": "settings", field: typed}
        answer = client.post(path, data=form)
        assert answer.status_code == 400, field
        start = answer.text.index(f'name="{field}"')
        assert 'aria-invalid="true"' in answer.text[start : start + 700], field
        assert html.escape(typed).replace("&#x27;", "&#39;") in answer.text[start : start + 300]
    assert own_store.monitors.list(["0"]) == before


def test_a_scorer_that_needs_expectations_cannot_be_started(client: TestClient, own_store: Store):
    registered(own_store, "0", "exact", "Is {{ outputs }} the same as {{ expectations }}?")
    answer = client.post("/experiments/0/monitors", data={**SETTINGS, "scorer": "exact"})
    assert answer.status_code == 400
    assert "needs expectations" in answer.text
    assert own_store.monitors.find("0", "exact") is None


def test_settings_change_and_a_limit_is_taken_away_without_changing_the_state(client: TestClient, own_store: Store):
    limits = ScorerSamplingConfig(max_cost_per_day=2.0, max_scorings_per_day=9)
    monitor = own_store.monitors.start("0", "tone", config=limits)
    here = links.monitor("0", "tone")
    own_store.monitors.update(monitor.monitor_id, state="paused", reason="it failed")
    answer = client.post(here, data={**SETTINGS, "action": "settings", "rate": "50", "scorings": "20"})
    assert answer.headers["location"] == f"{here}?saved=changed"
    found = own_store.monitors.get(monitor.monitor_id)
    assert (found.sample_rate, found.max_cost_per_day, found.max_scorings_per_day) == (0.5, None, 20)
    assert (found.state, found.reason) == ("paused", "it failed")
    history = client.get(f"{here}.json").json()["history"]
    assert ["share", "100%", "50%"] in [change for line in history for change in line["changes"]]


def test_stop_resume_backfill_cancel_and_delete_are_forms(client: TestClient, own_store: Store):
    monitor = own_store.monitors.start("0", "tone", config=ScorerSamplingConfig())
    here = links.monitor("0", "tone")
    client.cookies.set("steelyard-reviewer", "Ada")
    assert client.post(here, data={"action": "stop"}).status_code == 303
    assert own_store.monitors.get(monitor.monitor_id).state == "stopped"
    assert client.post(here, data={"action": "resume"}).status_code == 303
    assert own_store.monitors.get(monitor.monitor_id).state == "active"
    assert own_store.monitors.history(monitor.monitor_id)[0].by == "Ada"
    assert client.post(here, data={"action": "backfill", "from": "2026-01-02T00:00", "to": ""}).status_code == 303
    made = own_store.monitors.backfills(monitor.monitor_id)[0]
    assert made.start_ms == 1_767_312_000_000
    assert client.post(here, data={"action": "cancel", "backfill": made.backfill_id}).status_code == 303
    assert own_store.monitors.backfills(monitor.monitor_id)[0].state == "cancelled"
    asked = client.post(here, data={"action": "delete"})
    assert asked.headers["location"] == f"{here}?ask=delete"
    assert "This cannot be undone" in client.get(asked.headers["location"]).text
    gone = client.post(here, data={"action": "delete", "sure": "yes"})
    assert "is deleted" in client.get(gone.headers["location"]).text
    assert own_store.monitors.find("0", "tone") is None


def test_a_window_that_is_none_is_said_beside_its_field(client: TestClient, own_store: Store):
    monitor = own_store.monitors.start("0", "tone", config=ScorerSamplingConfig())
    noon = "2026-01-02T12:00"
    for first, last, field in (
        ("", "", "from"),
        ("yesterday", "", "from"),
        (noon, "2026-01-01T00:00", "to"),
        (noon, "?", "to"),
    ):
        answer = client.post(links.monitor("0", "tone"), data={"action": "backfill", "from": first, "to": last})
        assert answer.status_code == 400, (first, last)
        start = answer.text.index(f'name="{field}"')
        assert 'aria-invalid="true"' in answer.text[start : start + 400]
    assert own_store.monitors.backfills(monitor.monitor_id) == ()


def test_another_site_may_not_start_or_stop_anything(client: TestClient, own_store: Store):
    own_store.monitors.start("0", "tone", config=ScorerSamplingConfig())
    refused = client.post(links.monitor("0", "tone"), data={"action": "stop"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert own_store.monitors.list(["0"])[0].state == "active"
    assert client.post(links.monitor("0", "tone"), data={"action": "dance"}).status_code == 400


def test_what_is_due_for_long_is_behind_and_a_limit_that_is_reached_is_said(client: TestClient, own_store: Store):
    limits = ScorerSamplingConfig(settle_seconds=0, max_scorings_per_day=3)
    monitor = own_store.monitors.start("0", "tone", config=limits)
    now = time.time_ns() // 1_000_000
    arrived(own_store, "0", 5, start_ms=now - HOUR)
    assert scored(own_store, monitor, lambda _: True, at_ms=now + 1_000) == 3
    told = client.get("/experiments/0/monitors.json").json()
    assert told["monitors"][0]["state"]["kind"] == "spent"
    assert "tone is at the limit of the day." in told["says"]
    assert "00:00 UTC" in client.get(links.monitor("0", "tone")).text


def test_the_pace_is_known_after_a_while_and_forgotten_after_a_longer_one():
    memory = PaceMemory()
    assert memory.look("mo-1", MonitorStanding(due=100), 1_000_000) is None
    pace = memory.look("mo-1", MonitorStanding(due=50, done={"scored": 60, "filtered": 10}), 1_030_000)
    assert pace is not None
    assert (pace.done, pace.empty_ms, pace.per_hour) == (70, 30_000, 8400.0)
    grows = memory.look("mo-1", MonitorStanding(due=150, done={"scored": 80}), 1_060_000)
    assert grows is not None
    assert grows.empty_ms is None
    assert memory.look("mo-1", MonitorStanding(due=150, done={"scored": 80}), 2_000_000) is None
