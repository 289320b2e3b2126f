"""The list of traces: what it shows is what is stored, found by words, conditions and time, on three faces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from steelyard.records import Store, Trace
from steelyard.records.arrival import Loss
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web.traceview import STEPS
from steelyard.web.tracewords import as_filter

from .sample_runs import HOSTILE
from .sample_traces import MINUTE, NOON, fill, made_trace

N = 180


class Listed:
    """A store with the sample in an experiment of its own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.experiment = store.experiments.create("listed").experiment_id
        self.empty = store.experiments.create('none "yet"').experiment_id
        self.traces = fill(store, self.experiment, N)


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    store = open_store(tmp_path_factory.mktemp("listed"))
    yield Listed(store)
    store.close()


@pytest.fixture
def client(listed: Listed) -> Iterator[TestClient]:
    with TestClient(create_app(listed.store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def data(client: TestClient, path: str = "/traces", **query: Any) -> dict[str, Any]:
    answer = client.get(f"{path}.json", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(traces: list[dict[str, Any]]) -> list[str]:
    return [trace["trace_id"] for trace in traces]


def expected(traces: tuple[Trace, ...], keep: Any) -> list[str]:
    return [trace.info.trace_id for trace in traces if keep(trace.info)]


def test_pages_hold_every_trace_once_the_newest_first(client: TestClient, listed: Listed):
    seen, token = [], ""
    while True:
        page = data(client, experiment=listed.experiment, page_token=token)
        seen += ids(page["traces"])
        token = page["next_page_token"]
        if token is None:
            break
        assert len(page["traces"]) == 50
    assert seen == expected(listed.traces, lambda _: True)


def test_a_row_tells_what_is_stored_of_a_trace(client: TestClient, listed: Listed):
    row = data(client, experiment=listed.experiment, where=f"trace_id = '{listed.traces[3].info.trace_id}'")["traces"][
        0
    ]
    info = listed.traces[3].info
    told = {key: row[key] for key in ("name", "request_time", "execution_duration", "state", "session", "user", "tags")}
    assert told == {
        "name": info.name,
        "request_time": info.request_time,
        "execution_duration": info.execution_duration,
        "state": "ERROR",
        "session": "conv-03",
        "user": "ada",
        "tags": {"release": "2.4"},
    }
    assert (row["input_tokens"], row["output_tokens"], row["cost"]) == (103, 20, 0.004)
    assert row["feedback"] == [{"name": "correctness", "value": "yes", "word": "yes", "mark": "good", "n": 1}]
    assert row["request"] == info.request_preview


def test_words_find_the_traces_that_hold_them_all(client: TestClient, listed: Listed):
    found = data(client, experiment=listed.experiment, filter="refund payment", max_results=1000)["traces"]
    assert ids(found) == expected(listed.traces, lambda i: "refund one payment" in i.request_preview)
    phrase = data(client, experiment=listed.experiment, filter='"one refund"', max_results=1000)["traces"]
    assert phrase == []


def test_typed_and_clicked_conditions_and_time_must_all_hold(client: TestClient, listed: Listed):
    start, end = NOON - 90 * MINUTE, NOON - 10 * MINUTE
    page = data(
        client,
        experiment=listed.experiment,
        filter="status = 'ERROR' OR cost > 0.008",
        where=["user = 'o''brien'", "tag.release = '2.4'"],
        start=start,
        end=end,
        max_results=1000,
    )
    wanted = expected(
        listed.traces,
        lambda i: (
            (i.state == "ERROR" or (i.usage.cost or 0) > 0.008)
            and i.user == "o'brien"
            and i.tags["release"] == "2.4"
            and start <= i.request_time < end
        ),
    )
    assert wanted
    assert ids(page["traces"]) == wanted
    assert page["condition"].startswith("(status = 'ERROR' OR cost > 0.008) AND user = 'o''brien'")


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("execution_time DESC", lambda i: -i.execution_duration),
        ("tokens ASC", lambda i: i.usage.input_tokens),
        ("tag.release ASC", lambda i: i.tags["release"]),
        ("timestamp ASC", lambda i: i.request_time),
    ],
    ids=["duration", "tokens", "tag", "oldest first"],
)
def test_traces_come_in_the_order_that_was_asked_for(client: TestClient, listed: Listed, order: str, key: Any):
    found = data(client, experiment=listed.experiment, order_by=order, max_results=1000)["traces"]
    by_id = {trace.info.trace_id: trace.info for trace in listed.traces}
    keys = [key(by_id[trace_id]) for trace_id in ids(found)]
    assert keys == sorted(keys)
    assert len(found) == N


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"filter": "status = ERROR"}, "in quotes"),
        ({"filter": "cots > 1"}, "cost"),
        ({"order_by": "color"}, "color"),
        ({"range": "1y"}, "15m"),
        ({"start": "yesterday"}, "2026-05-01T10:00"),
        ({"start": "20", "end": "10"}, "before its start"),
        ({"max_results": "0"}, "1 to 1,000"),
        ({"page_token": "x"}, "token"),
    ],
    ids=["text without quotes", "unknown name", "unknown order", "range", "time", "exchanged", "size", "token"],
)
def test_what_cannot_be_read_is_told_with_status_400(
    client: TestClient, listed: Listed, query: dict[str, str], said: str
):
    answer = client.get("/traces.json", params={"experiment": listed.experiment, **query})
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert answer.json()["error_code"]
    page = client.get("/traces", params={"experiment": listed.experiment, **query})
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    if "filter" in query:
        assert query["filter"] in unescape(page.text)


def test_a_mistake_is_shown_within_what_was_typed_alone(client: TestClient, listed: Listed):
    page = client.get(
        "/traces", params={"experiment": listed.experiment, "filter": "status = ERROR", "where": "cost > 0"}
    )
    told = unescape(re.search(r'role="alert".*?</p>', page.text, re.DOTALL).group())  # type: ignore[union-attr]
    assert "status = ERROR" in told
    assert "cost" not in told


@pytest.mark.parametrize("filter_", ["", "status = 'ERROR'", "refund"], ids=["all", "failed", "words"])
def test_the_time_line_counts_the_traces_that_the_list_shows(client: TestClient, listed: Listed, filter_: str):
    for stretch in ({}, {"start": NOON - 77 * MINUTE - 123, "end": NOON - 13 * MINUTE + 7}):
        query = {"experiment": listed.experiment, "filter": filter_, **stretch}
        rows = data(client, **query, max_results=1000)["traces"]
        line = data(client, "/traces/timeline", **query)
        assert (line["n"], line["errors"]) == (len(rows), sum(row["state"] == "ERROR" for row in rows))
        assert line["step_ms"] in STEPS
        for bar in line["bars"]:
            inside = [row for row in rows if bar["start_ms"] <= row["request_time"] < bar["end_ms"]]
            assert bar["n"] == len(inside)


def test_a_range_begins_where_a_bar_does_so_that_both_count_the_same(own_store: Store):
    import time

    now = int(time.time() * 1000)
    own_store.traces.put([made_trace(k, "0", at=now - k * 997_000) for k in range(200)])
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        for name in ("1h", "24h", "7d"):
            query = {"experiment": "0", "range": name, "max_results": 1000}
            assert data(client, "/traces/timeline", **query)["n"] == len(data(client, **query)["traces"])


def test_facets_count_what_matches_and_lead_there_and_back(client: TestClient, listed: Listed):
    groups = {g["name"]: g["values"] for g in data(client, "/traces/facets", experiment=listed.experiment)["groups"]}
    failed = expected(listed.traces, lambda i: i.state == "ERROR")
    assert {v["value"]: v["n"] for v in groups["status"]} == {"ok": N - len(failed), "failed": len(failed)}
    assert {v["value"] for v in groups["user"]} == {"ada", "grace", "o'brien"}
    condition = next(v["filter"] for v in groups["status"] if v["value"] == "failed")
    narrowed = {"experiment": listed.experiment, "where": condition, "max_results": "1000"}
    assert ids(data(client, **narrowed)["traces"]) == failed
    page = client.get("/traces/facets", params=narrowed, headers={"HX-Request": "true"}).text
    chosen = re.search(r'<a class="on"[^>]*href="([^"]*)"', page)
    assert chosen is not None
    assert "where=" not in unescape(chosen.group(1))
    for group in groups.values():
        for value in group:
            found = data(client, experiment=listed.experiment, where=value["filter"], max_results=1000)["traces"]
            assert len(found) == value["n"]


def test_columns_are_those_that_were_chosen(client: TestClient, listed: Listed):
    query = {"experiment": listed.experiment, "cols": ["name", "feedback.correctness", "tag.release"]}
    page = client.get("/traces", params=query).text
    heads = re.findall(r"<th scope=\"col\".*?</th>", page)
    assert [re.sub(r"<[^>]+>", "", head).strip() for head in heads] == ["Trace", "correctness", "release"]
    assert "order_by=feedback.correctness+DESC" in page


def test_nothing_is_counted_for_the_list_itself(listed: Listed, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("counted")

    monkeypatch.setattr(type(listed.store.traces), "count", refuse)
    for name in ("windows", "facets", "span_of_time"):
        monkeypatch.setattr(type(listed.store.overview), name, refuse)
    with TestClient(create_app(listed.store), base_url="http://localhost") as client:
        assert client.get("/traces", params={"experiment": listed.experiment, "filter": "refund"}).status_code == 200


def test_an_experiment_without_traces_says_how_to_send_some_to_this_very_address(client: TestClient, listed: Listed):
    page = unescape(client.get("/traces", params={"experiment": listed.empty}, headers={"Host": "localhost:5123"}).text)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:5123\n" in page
    assert f"x-steelyard-experiment-id={listed.empty}" in page
    assert 'steelyard.set_experiment("none \\"yet\\"")' in page


def test_no_match_says_what_to_loosen(client: TestClient, listed: Listed):
    query = {"experiment": listed.experiment, "filter": "cost > 5 AND user = 'ada'", "where": "status = 'OK'"}
    page = unescape(client.get("/traces", params={**query, "range": "15m"}).text)
    assert "No trace matches" in page
    for part in ("without <code>cost > 5", "without <code>user = 'ada'", "without <code>status = 'OK'", "at any time"):
        assert part in page


def test_what_clients_lost_is_told_where_it_would_have_been(own_store: Store):
    import time

    now = int(time.time() * 1000)
    lost = [_loss("worker-3:12", 300, "the queue was full", now), _loss("old:1", 9, "long ago", 1000)]
    own_store.traces.lost(lost)
    own_store.traces.put([made_trace(1, "0", at=now)])
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        page = client.get("/traces?experiment=0").text
        assert "300 traces were lost by clients" in page
        assert "worker-3:12" in page
        earlier = client.get("/traces?experiment=0&start=0&end=5000").text
        assert "9 traces were lost by clients" in earlier


def _loss(source: str, n: int, reason: str, time_ms: int) -> Loss:
    return Loss(experiment_id="0", source=source, n=n, reason=reason, time_ms=time_ms)


def test_words_of_an_attacker_stay_text(own_store: Store):
    evil = HOSTILE[0] + HOSTILE[1] + HOSTILE[3]
    traces = [
        made_trace(
            k, "0", at=NOON, question=evil, answer=evil, name=evil, session=evil, user=evil,
            tags={"release": evil}, feedback=[(evil, evil)], model=evil,
        )
        for k in range(3)
    ]  # fmt: skip
    own_store.traces.put(traces)
    own_store.traces.lost([_loss(evil, 3, evil, NOON)])
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        for path in ("/traces", "/traces/timeline", "/traces/facets", "/sessions", "/users"):
            page = client.get(path, params={"experiment": "0", "filter": f'"{evil[:30]}"', "start": NOON - 5}).text
            assert "<script>window" not in page
            assert "<img src=x" not in page
            assert "$49" not in page
        view = client.get("/session", params={"experiment": "0", "id": evil})
        assert view.status_code == 200
        assert "<script>window" not in view.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_any_words_are_either_searched_for_or_refused_with_a_reason(client: TestClient, listed: Listed, text: str):
    answer = client.get("/traces.json", params={"experiment": listed.experiment, "filter": text})
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["message"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\"'`"), min_size=1, max_size=20))
def test_a_quoted_phrase_is_looked_for_as_it_is(phrase: str):
    if phrase.strip():
        written = as_filter(f'"{phrase}"')
        assert written.startswith("trace.text ILIKE '%")
        assert re.sub(r"\\(.)", r"\1", written.removeprefix("trace.text ILIKE '%").removesuffix("%'")) == phrase
