"""The dashboard of an experiment: its numbers are those of the traces, and lead to the traces that they count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from steelyard.metrics.intervals import newcombe_unpaired, quantile_interval, wilson
from steelyard.records import Store, Trace
from steelyard.server import create_app

from .sample_traces import MINUTE, NOON, fill, made_trace

N = 180
DAY = 86_400_000
PERIOD = {"start": str(NOON - 100 * MINUTE), "end": str(NOON + MINUTE)}


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def made(own_store: Store) -> Sequence[Trace]:
    return fill(own_store, "0", N)


def board(client: TestClient, **query: str) -> dict[str, Any]:
    answer = client.get(f"/experiments/0/dashboard.json?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def within(page: dict[str, Any], made: Sequence[Trace]) -> list[Trace]:
    return [trace for trace in made if page["start_ms"] <= trace.info.request_time < page["end_ms"]]


def test_the_numbers_of_a_period_are_those_of_its_traces(client: TestClient, made: Sequence[Trace]):
    page = board(client, **PERIOD)
    inside, total = within(page, made), page["total"]
    assert total["n"] == len(inside) > 90
    assert total["errors"] == sum(trace.info.state == "ERROR" for trace in inside)
    usages = [trace.info.usage for trace in inside]
    assert total["input_tokens"] == sum(usage.input_tokens for usage in usages if usage)
    assert total["output_tokens"] == sum(usage.output_tokens for usage in usages if usage)
    costs = [usage.cost for usage in usages if usage and usage.cost is not None]
    assert total["cost"] == pytest.approx(sum(costs))
    assert total["priced"] == len(costs) < len(inside)


def test_latency_is_within_one_percent_and_so_are_its_intervals(client: TestClient, made: Sequence[Trace]):
    page = board(client, **PERIOD)
    durations = np.array([trace.info.execution_duration for trace in within(page, made)], float)
    assert page["total"]["ended"] == len(durations)
    for share in (0.5, 0.9, 0.95):
        assert page["total"]["durations"][str(share)] == pytest.approx(np.quantile(durations, share), rel=0.011)
    exact = quantile_interval(durations, 0.5)
    assert page["total"]["duration_intervals"]["0.5"] == pytest.approx([exact.low, exact.high], rel=0.06)
    assert "0.99" not in page["total"]["duration_intervals"]  # about one trace of a hundred lies beyond it


def test_windows_have_no_gap_and_add_up_to_the_period(client: TestClient, made: Sequence[Trace]):
    page = board(client, **PERIOD)
    starts = [window["start_ms"] for window in page["windows"]]
    assert starts == list(range(page["start_ms"], page["end_ms"], page["step_ms"]))
    for field in ("n", "errors", "input_tokens", "output_tokens", "priced"):
        assert sum(window[field] for window in page["windows"]) == page["total"][field]
    assert sum(window["cost"] or 0 for window in page["windows"]) == pytest.approx(page["total"]["cost"])


def test_shares_have_wilson_intervals_and_changes_newcombes(client: TestClient, made: Sequence[Trace]):
    page = board(client, start=str(NOON - 60 * MINUTE), end=str(NOON))
    total, before = page["total"], page["before"]
    assert before["n"] == sum(page["before_ms"] <= trace.info.request_time < page["start_ms"] for trace in made)
    interval = wilson(total["errors"], total["n"])
    assert (page["error_rate"]["low"], page["error_rate"]["high"]) == pytest.approx(
        (float(interval.low), float(interval.high))
    )
    change = newcombe_unpaired(total["errors"], total["n"], before["errors"], before["n"])
    told = page["compared"]["error_rate"]
    assert (told["low"], told["high"]) == pytest.approx((float(change.low), float(change.high)))
    assert told["state"] == "unsure"
    assert page["compared"]["traces"]["value"] == pytest.approx(total["n"] / before["n"] - 1)
    assert page["compared"]["traces"]["low"] is None  # counted, not estimated


def test_amounts_are_not_compared_with_a_period_that_was_not_recorded(client: TestClient, made: Sequence[Trace]):
    page = board(client, **PERIOD)
    assert page["recorded_before"] is False
    assert page["compared"]["traces"] is page["compared"]["cost"] is None
    assert page["compared"]["error_rate"] is not None
    shown = client.get(f"/experiments/0/dashboard?{urlencode(PERIOD)}").text
    assert "no traces from its beginning" in shown


@pytest.mark.parametrize("by", ["model", "name", "status", "user", "session", "tag.release"])
def test_a_value_counts_what_the_list_shows_behind_its_link(by: str, client: TestClient, made: Sequence[Trace]):
    query = {**PERIOD, "by": by}
    page = board(client, **query)
    shown = unescape(client.get(f"/experiments/0/dashboard/values?{urlencode(query)}").text)
    links = re.findall(r'href="(/traces\?[^"]*where=[^"]*)"', shown)
    values = [value for value in page["values"] if value["filter"]]
    assert len(links) == len(values) > 1
    for value, link in zip(values, links, strict=True):
        listed = client.get(link.replace("/traces?", "/traces.json?max_results=1000&")).json()
        assert len(listed["traces"]) == value["total"]["n"]
        assert sum(row["state"] == "ERROR" for row in listed["traces"]) == value["total"]["errors"]


def test_a_window_leads_to_just_its_traces(client: TestClient, made: Sequence[Trace]):
    query = {**PERIOD, "where": "status = 'ERROR'", "filter": "tag.release = '2.4'"}
    page = board(client, **query)
    shown = unescape(client.get(f"/experiments/0/dashboard?{urlencode(query)}").text)
    links = re.findall(r'<th scope="row"><a href="(/traces\?[^"]*)"', shown)
    assert len(links) == len(page["windows"])
    full = next(i for i, window in enumerate(page["windows"]) if window["n"])
    listed = client.get(links[full].replace("/traces?", "/traces.json?")).json()["traces"]
    assert len(listed) == page["windows"][full]["n"]
    assert {row["state"] for row in listed} == {"ERROR"}
    assert page["total"]["n"] == page["total"]["errors"] < len(within(page, made)) / 7 + 1


def test_the_numbers_stay_the_same_once_upkeep_has_counted(client: TestClient, own_store: Store, made: Sequence[Trace]):
    query = {**PERIOD, "by": "model"}
    fresh = board(client, **query)
    while own_store.upkeep.work(1.0).left:
        pass
    kept = board(client, **query)
    for page in (fresh, kept):
        page["total"]["cost"] = round(page["total"]["cost"], 9)
    assert kept["total"] == fresh["total"]
    assert [value["total"]["n"] for value in kept["values"]] == [value["total"]["n"] for value in fresh["values"]]


def test_the_period_is_the_shortest_that_holds_the_newest_trace(client: TestClient, own_store: Store, monkeypatch):
    now = NOON + 3 * DAY
    monkeypatch.setattr("steelyard.web.pages.dashboard.now_ms", lambda: now)
    own_store.traces.put([made_trace(1, "0", at=NOON)])
    assert board(client)["range"] == "7d"
    assert board(client, range="24h")["total"]["n"] == 0
    every = board(client, range="all")
    assert (every["total"]["n"], every["before"], every["open_end"]) == (1, None, True)
    own_store.traces.put([made_trace(2, "0", at=now - MINUTE)])
    assert board(client)["range"] == "24h"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"range": "fortnight"}, "range='fortnight' is not known"),
        ({"start": "yesterday"}, "start='yesterday' is no time"),
        ({"start": "9", "end": "5"}, "lies before its start"),
        ({"by": "colour", "start": str(NOON - DAY)}, "by='colour' is none of"),
        ({"filter": "status = "}, ""),
    ],
    ids=["range", "start", "order", "by", "filter"],
)
def test_what_cannot_be_shown_is_said(query: dict[str, str], told: str, client: TestClient, made: Sequence[Trace]):
    answer = client.get(f"/experiments/0/dashboard.json?{urlencode(query)}")
    assert answer.status_code == 400
    assert told in answer.json()["message"]
    if "by" not in query:
        page = client.get(f"/experiments/0/dashboard?{urlencode(query)}")
        assert page.status_code == 400
        assert 'role="alert"' in page.text
    else:
        assert client.get(f"/experiments/0/dashboard/values?{urlencode(query)}").status_code == 400


def test_an_experiment_without_traces_says_so_and_an_unknown_one_is_not_found(client: TestClient):
    page = client.get("/experiments/0/dashboard")
    assert page.status_code == 200
    assert "No traces yet" in page.text
    assert client.get("/experiments/77/dashboard").status_code == 404
    assert client.get("/experiments/77/dashboard.json").json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_one_trace_and_nothing_but_failures_are_shown(client: TestClient, own_store: Store):
    own_store.traces.put([made_trace(1, "0", at=NOON, failed=True, cost=None)])
    page = client.get("/experiments/0/dashboard?range=all")
    assert page.status_code == 200
    assert "100.0%" in page.text
    assert "no price is known" in page.text
    alone = client.get("/experiments/0/dashboard?range=all", headers={"HX-Request": "true"})
    assert "<html" not in alone.text
    assert 'id="board"' in alone.text


def test_a_trace_that_is_from_1970_or_2038_is_shown(client: TestClient, own_store: Store):
    own_store.traces.put([made_trace(1, "0", at=5), made_trace(2, "0", at=2**41)])
    page = board(client, range="all")
    assert page["total"]["n"] == 2
    assert client.get("/experiments/0/dashboard").status_code == 200
