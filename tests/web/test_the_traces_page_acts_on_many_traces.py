"""What is done with several traces of a list: deleted once that is meant, shown alone; and views are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.server import create_app
from steelyard.web import tracepicking

from .sample_traces import fill

N = 40


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def left(store: Store) -> list[str]:
    return [info.trace_id for info in store.traces.search(["0"], max_results=1000).items]


def test_traces_are_deleted_only_once_that_is_said_to_be_meant(client: TestClient, own_store: Store):
    ids = [trace.info.trace_id for trace in fill(own_store, "0", N)]
    form = {"traces": ids[3:6], "view": "experiment=0&filter=how&live=on&page_token=x"}
    asked = client.post("/traces/delete", data=form)
    assert asked.status_code == 200
    assert "Delete 3 traces?" in asked.text
    assert len(left(own_store)) == N
    held = re.search(r'name="ids" value="([^"]*)"', asked.text)
    assert held is not None
    meant = client.post("/traces/delete", data={"ids": held.group(1), "view": form["view"], "sure": "yes"})
    assert meant.status_code == 303
    assert meant.headers["location"] == "/traces?experiment=0&filter=how&deleted=3"
    assert left(own_store) == ids[:3] + ids[6:]
    assert "3 traces were deleted" in client.get(meant.headers["location"]).text


def test_all_that_match_are_those_that_matched_when_it_was_asked(client: TestClient, own_store: Store):
    made = fill(own_store, "0", N)
    failed = [trace.info.trace_id for trace in made if trace.info.state == "ERROR"]
    view = urlencode({"experiment": "0", "where": "status = 'ERROR'"})
    asked = unescape(client.post("/traces/delete", data={"everything": "yes", "view": view}).text)
    assert f"Delete {len(failed)} traces?" in asked
    assert ",".join(failed) in asked
    assert "all that match now" in asked


def test_one_action_takes_no_more_than_a_bound_and_says_so(
    client: TestClient, own_store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tracepicking, "MOST", 10)
    monkeypatch.setattr(tracepicking, "_PAGE", 6)
    made = fill(own_store, "0", N)
    asked = client.post("/traces/delete", data={"everything": "yes", "view": "experiment=0"}).text
    assert "these are the first 10, and the rest stays" in asked
    assert ",".join(trace.info.trace_id for trace in made[:10]) in asked


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"view": "experiment=0"}, "Tick at least one"),
        ({"traces": "tr-" + "f" * 32, "view": "experiment=0"}, "no longer there"),
        ({"traces": "a' OR 1=1 --", "view": "experiment=0"}, "no ids of traces"),
        ({"everything": "yes", "view": "experiment=0&filter=nobody"}, "No trace matches any more"),
    ],
    ids=["none", "gone", "no id", "no match"],
)
def test_what_cannot_be_deleted_is_told(client: TestClient, own_store: Store, form: dict[str, str], said: str):
    fill(own_store, "0", 3)
    answer = client.post("/traces/delete", data=form)
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    assert len(left(own_store)) == 3


def test_a_page_of_another_site_deletes_nothing(client: TestClient, own_store: Store):
    ids = [trace.info.trace_id for trace in fill(own_store, "0", 3)]
    form = {"ids": ",".join(ids), "sure": "yes", "view": "experiment=0"}
    answer = client.post("/traces/delete", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert left(own_store) == ids


def test_an_action_leads_nowhere_but_to_the_list(client: TestClient, own_store: Store):
    trace_id = fill(own_store, "0", 1)[0].info.trace_id
    form = {"ids": trace_id, "sure": "yes", "view": "//evil.example/?x=1"}
    assert urlsplit(client.post("/traces/delete", data=form).headers["location"]).path == "/traces"


def test_traces_that_were_picked_have_an_address_of_their_own(client: TestClient, own_store: Store):
    ids = [trace.info.trace_id for trace in fill(own_store, "0", N)]
    answer = client.post("/traces/alone", data={"traces": [ids[1], ids[30]], "view": "experiment=0"})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"].replace("/traces?", "/traces.json?")).json()
    assert [trace["trace_id"] for trace in page["traces"]] == [ids[1], ids[30]]


def test_a_view_is_kept_under_a_name_found_again_and_removed(client: TestClient, own_store: Store):
    fill(own_store, "0", N)
    view = urlencode([("experiment", "0"), ("filter", "cost > 0.005"), ("where", "user = 'ada'"), ("page_token", "x")])
    form = {"experiment": "0", "name": "  Dear   Ada's ", "view": view, "action": "save"}
    to = client.post("/traces/views", data=form)
    assert to.status_code == 303
    page = client.get(to.headers["location"])
    saved = client.get("/traces.json?experiment=0").json()["views"]
    assert [one["name"] for one in saved] == ["Dear Ada's"]
    assert parse_qs(saved[0]["query"]) == {"filter": ["cost > 0.005"], "where": ["user = 'ada'"]}
    assert "Dear Ada&#39;s" in page.text
    assert own_store.experiments.get("0").tags["steelyard.view.Dear Ada's"] == saved[0]["query"]
    client.post("/traces/views", data={"experiment": "0", "name": "Dear Ada's", "action": "remove", "view": view})
    assert client.get("/traces.json?experiment=0").json()["views"] == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 101], ids=["empty", "blank", "long"])
def test_a_view_needs_a_name(client: TestClient, own_store: Store, name: str):
    answer = client.post("/traces/views", data={"experiment": "0", "name": name, "view": "", "action": "save"})
    assert answer.status_code == 400
    assert "at most 100 characters" in answer.text
