"""The page of one trace: its views, what a span holds, clocks and parents that are wrong, its session and its tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from steelyard.records import Span, Store, Trace, TraceData, TraceInfo, Usage
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.tracing.usage import trace_usage
from steelyard.web.spansums import longest_path, own_time, spent
from steelyard.web.spantree import plant

from . import trace_shapes as shapes


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, TestClient]]:
    store = open_store(tmp_path_factory.mktemp("one-trace"))
    with TestClient(create_app(store), base_url="http://localhost", follow_redirects=False) as client:
        yield store, client
    store.close()


def data(client: TestClient, trace_id: str, **query: str) -> Any:
    answer = client.get(f"/traces/{trace_id}.json", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("view", ["tree", "timeline", "chat"])
def test_every_view_has_an_address_a_fragment_and_data(place: tuple[Store, TestClient], view: str):
    store, client = place
    trace_id = shapes.agent(store)
    page = client.get(f"/traces/{trace_id}", params={"view": view})
    assert page.status_code == 200
    assert re.search(r'aria-current="page">(Tree|Time line|Chat)</a>', page.text)
    part = client.get(f"/traces/{trace_id}", params={"view": view}, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert data(client, trace_id, view=view)["view"] == view
    assert data(client, trace_id, view="none such")["view"] == "tree"


def test_sums_of_tokens_count_a_call_once_that_two_libraries_told(place: tuple[Store, TestClient]):
    store, client = place
    rows = {row["name"]: row for row in data(client, shapes.agent(store))["waterfall"]["rows"]}
    assert rows["plan"]["tokens"] == rows["openai.chat"]["tokens"] == 2204
    assert rows["support_agent"]["tokens"] == 2204 + 4102 + 769
    assert rows["support_agent"]["cost"] == pytest.approx(0.0179)
    assert rows["support_agent"]["errors_under"] == 1


usages = st.none() | st.builds(
    Usage, input_tokens=st.integers(0, 9), output_tokens=st.integers(0, 9), cost=st.none() | st.integers(0, 9)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(usages, st.integers(0, 30)), min_size=1, max_size=25))
def test_the_sum_at_the_root_is_that_of_the_trace(told: list[tuple[Usage | None, int]]):
    spans = [
        shapes.step("t", i, above % i if i else None, "s", "LLM", i, 1, usage=used)
        for i, (used, above) in enumerate(told)
    ]
    tree = plant(spans)
    counted, whole = spent(tree).get(0), trace_usage(spans)
    assert (counted.tokens if counted else None) == (whole.total_tokens if whole else None)


times = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50), st.integers(0, 30)), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(times)
def test_a_span_s_own_time_is_what_no_child_covers(shape: list[tuple[int, int, int]]):
    spans = [
        shapes.step("t", i, above % i if i else None, "s", "TOOL", begin, took)
        for i, (above, begin, took) in enumerate(shape)
    ]
    tree = plant(spans)
    for place, span in enumerate(tree.spans):
        assert span.end_time_ns is not None
        covered = set(range(span.start_time_ns, span.end_time_ns, 10**6))
        for child in tree.children(place):
            covered -= set(range(tree.spans[child].start_time_ns, tree.spans[child].end_time_ns or 0, 10**6))
        assert own_time(tree, place) == len(covered) * 10**6
        assert own_time(tree, place) is not None


def test_the_longest_path_leaves_out_what_others_waited_for_nothing():
    t = shapes.trace_id("d")
    tree = plant([
        shapes.step(t, 1, None, "root", "AGENT", 0, 100),
        shapes.step(t, 2, 1, "beside", "TOOL", 0, 40),
        shapes.step(t, 3, 1, "long", "TOOL", 0, 60),
        shapes.step(t, 4, 3, "inside", "LLM", 10, 50),
        shapes.step(t, 5, 1, "last", "LLM", 60, 40),
    ])  # fmt: skip
    assert sorted(tree.spans[i].name for i in longest_path(tree)) == ["inside", "last", "long", "root"]


def test_impossible_times_are_told_and_never_negative(place: tuple[Store, TestClient]):
    store, client = place
    trace_id = shapes.odd(store)
    shown = data(client, trace_id)["waterfall"]
    rows = {row["name"]: row for row in shown["rows"]}
    assert (shown["strange"], shown["misplaced"]) == (3, 1)
    assert rows["backwards"]["duration"] is None
    assert "before it begins" in rows["backwards"]["odd"]
    assert "1 January 1970" in rows["1970"]["odd"]
    assert "2038" in rows["2038"]["odd"]
    assert shown["scale"]["high"] == pytest.approx(7.2)
    assert all(row["duration"] is None or row["duration"] >= 0 for row in shown["rows"])
    assert all(0 <= float(row[side][:-1]) <= 100 for row in shown["rows"] for side in ("left", "width"))
    assert not re.search(r"[-−]\d[\d.]* m?s", client.get(f"/traces/{trace_id}").text)
    told = data(client, trace_id, span=shapes.span_id(4))["span"]["odd"]
    assert told == ["it ends 2.0 s after the span it is part of"]
    assert data(client, trace_id, span=shapes.span_id(3))["span"]["odd"] == [
        "it begins 200 ms before the span it is part of"
    ]


def test_a_span_without_its_parent_stands_last_and_says_so(place: tuple[Store, TestClient]):
    store, client = place
    trace_id = shapes.odd(store)
    last = data(client, trace_id)["waterfall"]["rows"][-1]
    assert (last["name"], last["orphan"], last["depth"]) == ("orphan", True, 0)
    assert "has not arrived" in client.get(f"/traces/{trace_id}").text


def test_a_trace_whose_first_span_has_not_come_says_so_and_asks_again(place: tuple[Store, TestClient]):
    store, client = place
    t = shapes.trace_id("e")
    spans = (shapes.step(t, 2, 1, "first", "LLM", 0, 900), shapes.step(t, 3, 1, "second", "TOOL", 1000, None))
    shapes.put(store, spans, name="running", state="IN_PROGRESS")
    page = client.get(f"/traces/{t}").text
    assert 'hx-trigger="every 3s"' in page
    assert "Running" in client.get(f"/traces/{t}/state").text
    shapes.put(store, (shapes.step(t, 1, None, "root", "AGENT", 0, 2000), *spans), name="running")
    assert "every 3s" not in client.get(f"/traces/{t}/state").text
    assert data(client, t)["waterfall"]["misplaced"] == 0


def test_a_span_tells_its_parameters_documents_exceptions_and_tokens(place: tuple[Store, TestClient]):
    store, client = place
    trace_id = shapes.agent(store)
    decide = data(client, trace_id, span=shapes.span_id(7))["span"]
    assert {(a["key"], a["text"]) for a in decide["parameters"]} == {("temperature", "0.2"), ("max_tokens", "800")}
    assert decide["usage"]["reasoning_tokens"] == 300
    found = data(client, trace_id, span=shapes.span_id(4))["span"]["documents"]
    assert [(d["name"], d["score"]) for d in found] == [("policy.md", "0.913"), ("faq.md", "0.710")]
    page = client.get(f"/traces/{trace_id}", params={"span": shapes.span_id(5)}).text
    assert "TimeoutError: billing did not answer" in page
    assert "Where it was raised" in page


def test_what_a_sender_left_out_its_links_and_its_origin_are_told(place: tuple[Store, TestClient]):
    store, client = place
    there, t = shapes.agent(store), shapes.trace_id("f")
    span = replace(
        shapes.step(t, 1, None, "linked", "TOOL", 0, 1),
        kind="CLIENT",
        dropped=(3, 1, 0),
        trace_state="vendor=1",
        links=(SpanLink(there, shapes.span_id(2), {"why": "retry"}), SpanLink(shapes.trace_id("0"), shapes.span_id(1))),
        origin=SpanOrigin(resource={"service.name": "billing"}, scope="my.instrumentation", version="2.1"),
    )
    shapes.put(store, (span,), name="linked")
    told = data(client, t)["span"]
    assert told["left_out"] == "3 attributes and 1 event"
    assert [link["known"] for link in told["links"]] == [True, False]
    assert (told["role"], told["origin"]["scope"]) == ("CLIENT", "my.instrumentation 2.1")
    page = client.get(f"/traces/{t}").text
    assert "Its sender left out 3 attributes and 1 event." in page
    assert f'href="/traces/{there}?span={shapes.span_id(2)}"' in page


def test_a_value_of_megabytes_is_cut_and_the_rest_is_an_address_away(place: tuple[Store, TestClient]):
    store, client = place
    t = shapes.trace_id("1")
    huge = "<b>&" + "x" * 2_000_000
    shapes.put(store, (shapes.step(t, 1, None, "big", "TOOL", 0, 1, inputs={"text": huge, "k": [1]}),), name="big")
    page = client.get(f"/traces/{t}")
    assert len(page.content) < 100_000
    whole = re.search(r'href="([^"]+)" data-rest', page.text)
    assert whole
    answer = client.get(whole[1].replace("&amp;", "&"))
    assert answer.text == huge
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    raw = client.get(f"/traces/{t}/spans/{shapes.span_id(1)}/value")
    assert raw.json()["inputs"] == {"text": huge, "k": [1]}
    for query, status in (("of=nothing", 400), ("of=inputs&key=nothing", 404)):
        assert client.get(f"/traces/{t}/spans/{shapes.span_id(1)}/value?{query}").status_code == status


def test_matches_are_found_in_names_inputs_outputs_and_attributes(place: tuple[Store, TestClient]):
    store, client = place
    trace_id = shapes.agent(store)

    def found(text: str, **query: str) -> list[tuple[str, str]]:
        shown = data(client, trace_id, find=text, **query)["waterfall"]
        assert shown["found"] == len([r for r in shown["rows"] if r["hit"]]) == len(shown["hits"])
        return [(row["name"], row["where"]) for row in shown["rows"] if row["hit"]]

    assert found("inv-20418") == [
        ("plan", "output"), ("openai.chat", "output"), ("get_invoice", "input"), ("decide", "input"),
    ]  # fmt: skip
    assert found("VALUE 7") == [("decide", "attributes")]
    assert found("duplicate") == [("search_policy", "output")]
    assert found("search_pol") == [("search_policy", "")]
    assert found("billing did not") == [("get_invoice", "events")]
    whole = data(client, trace_id, find="duplicate", show="all")["waterfall"]
    assert (whole["shown"], whole["found"], whole["hits"]) == (7, 1, [3])
    assert data(client, trace_id, find="no such thing")["waterfall"]["rows"] == []


def test_failures_inside_a_folded_span_lead_to_the_span_that_hides_them(place: tuple[Store, TestClient]):
    store, client = place
    trace_id = shapes.agent(store)
    assert data(client, trace_id)["waterfall"]["failures"] == [4]
    folded = data(client, trace_id, fold="all")["waterfall"]
    assert (folded["shown"], folded["failures"]) == (1, [0])
    assert "1 inside</span>" in client.get(f"/traces/{trace_id}", params={"fold": "all"}).text


def test_the_traces_of_a_session_lead_to_each_other(place: tuple[Store, TestClient]):
    store, client = place
    ids = []
    for digit, when in (("6", 3), ("7", 1), ("8", 2), ("9", 2)):
        t = shapes.trace_id(digit)
        span = shapes.step(t, 1, None, "turn", "AGENT", 0, 1)
        words = {"mlflow.trace.session": "it's s-1"}
        shapes.put(store, (span,), request_time=shapes.START_MS + when, trace_metadata=words)
        ids.append(t)
    told = {t: data(client, t)["in_session"] for t in ids}
    assert told[ids[1]]["earlier"] == told[ids[0]]["later"] == ""
    at, seen = ids[1], [ids[1]]
    while told[at]["later"]:
        at = told[at]["later"]
        seen.append(at)
    assert sorted(seen) == sorted(ids)
    assert all(told[later]["earlier"] == earlier for earlier, later in pairwise(seen))


def test_tags_are_added_and_removed_in_place(own_store: Store):
    trace_id = shapes.agent(own_store, tags={"channel": "web"})
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as client:
        path = f"/traces/{trace_id}/tags"
        assert client.post(path, data={"key": "seen <b>", "value": "yes", "action": "set"}).status_code == 303
        assert own_store.traces.infos([trace_id])[trace_id].tags["seen <b>"] == "yes"
        assert "seen &lt;b&gt;" in client.get(f"/traces/{trace_id}").text
        for _ in range(2):  # the second finds it gone, which is what was wanted
            assert client.post(path, data={"key": "channel", "action": "remove"}).status_code == 303
        assert "channel" not in own_store.traces.infos([trace_id])[trace_id].tags
        refused = client.post(path, data={"key": " ", "action": "set"}, headers={"HX-Request": "true"})
        assert (refused.status_code, refused.headers["hx-retarget"]) == (400, "#tags-problem")
        assert client.post(path, data={"key": "x"}, headers={"origin": "https://evil.example"}).status_code == 403


def test_a_trace_of_30_000_spans_sends_only_what_is_seen(place: tuple[Store, TestClient]):
    store, client = place
    trace_id = shapes.many(store, 30_000)
    page = client.get(f"/traces/{trace_id}")
    assert page.text.count("data-index=") == 200
    assert len(page.content) < 400_000
    shown = data(client, trace_id, find="needle")["waterfall"]
    assert shown["found"] == 30
    assert len(data(client, trace_id)["waterfall"]["failures"]) == 30


def test_spans_of_one_id_and_none_at_all_are_pages(place: tuple[Store, TestClient]):
    store, client = place
    t = shapes.trace_id("5")
    store.traces.put([Trace(TraceInfo(trace_id=t, request_time=1, state="OK"), TraceData(()))])
    for view in ("tree", "timeline", "chat"):
        assert client.get(f"/traces/{t}", params={"view": view}).status_code == 200
    one = Span(trace_id=t, span_id="x", parent_id="x", name="", start_time_ns=-5, end_time_ns=2**62)
    store.traces.put([Trace(TraceInfo(trace_id=t, request_time=1, state="OK", n_spans=1), TraceData((one,)))])
    for view in ("tree", "timeline", "chat"):
        assert client.get(f"/traces/{t}", params={"view": view}).status_code == 200
