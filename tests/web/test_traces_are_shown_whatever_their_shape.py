from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from steelyard.records import Span, SpanStatus, Store, Trace, TraceData, TraceInfo
from steelyard.server import create_app
from steelyard.web.messages import fold_value, read_messages
from steelyard.web.spantree import Fold, plant, visible

from .conftest import Shown


def span(number: int, parent: int | None, *, start: int = 0, name: str = "", failed: bool = False) -> Span:
    return Span(
        trace_id="tr-" + "1" * 32,
        span_id=f"{number:016x}",
        parent_id=None if parent is None else f"{parent:016x}",
        name=name or f"span {number}",
        start_time_ns=1_000_000_000 + start,
        end_time_ns=1_000_000_000 + start + 5,
        status=SpanStatus("ERROR", "boom") if failed else SpanStatus(),
    )


shapes = st.lists(
    st.tuples(st.integers(0, 12), st.none() | st.integers(0, 14), st.integers(0, 20)), min_size=1, max_size=40
)


@settings(max_examples=150, deadline=None)
@given(shapes)
def test_every_span_stands_in_the_tree_once_whatever_they_claim_of_each_other(shape: list[tuple[int, Any, int]]):
    spans = [span(number, parent, start=start, name=f"{i}") for i, (number, parent, start) in enumerate(shape)]
    tree = plant(spans)
    assert sorted(s.name for s in tree.spans) == sorted(s.name for s in spans)
    assert tree.depths[0] == 0
    for i, one in enumerate(tree.spans):
        above = tree.parent(i)
        if tree.depths[i]:
            assert above is not None
            assert tree.spans[above].span_id == one.parent_id
            assert above < i <= above + tree.sizes[above]
        assert all(deeper > tree.depths[i] for deeper in tree.depths[i + 1 : i + 1 + tree.sizes[i]])


@settings(max_examples=100, deadline=None)
@given(shapes, st.frozensets(st.integers(0, 40), max_size=6))
def test_a_folded_span_hides_all_under_it_and_nothing_else(shape: list[tuple[int, Any, int]], closed: frozenset[int]):
    tree = plant([span(number, parent, start=start) for number, parent, start in shape])
    hidden = {j for i in closed if i < len(tree) for j in range(i + 1, i + 1 + tree.sizes[i])}
    assert visible(tree, Fold(closed=closed))[0] == [i for i in range(len(tree)) if i not in hidden]
    roots = [i for i, depth in enumerate(tree.depths) if depth == 0]
    assert visible(tree, Fold(everything=True))[0] == roots


@pytest.mark.parametrize("shape", ["chain", "siblings", "circle", "same id"])
def test_large_and_odd_trees_take_time_by_their_size_alone(shape: str):
    n = {"chain": 10_000, "siblings": 100_000, "circle": 5_000, "same id": 20_000}[shape]
    parents = {
        "chain": lambda i: i - 1 if i else None,
        "siblings": lambda i: 0 if i else None,
        "circle": lambda i: (i + 1) % n,
        "same id": lambda i: 0 if i else None,
    }[shape]
    tree = plant([span(0 if shape == "same id" else i, parents(i), start=i) for i in range(n)])
    assert len(tree) == n
    assert max(tree.depths) == {"chain": n - 1, "siblings": 1, "circle": n - 1, "same id": 1}[shape]
    assert tree.misplaced == {"chain": 0, "siblings": 0, "circle": 1, "same id": 0}[shape]
    assert len(visible(tree, Fold(), find="span 4999" if shape != "same id" else "span 0")[1]) > 0


def test_what_is_looked_for_is_shown_with_all_above_it():
    tree = plant([span(1, None), span(2, 1), span(3, 2, name="Needle"), span(4, 1), span(5, 4, failed=True)])
    shown, hits = visible(tree, Fold(everything=True), find="needle")
    assert ([tree.spans[i].span_id[-1] for i in shown], len(hits)) == (["1", "2", "3"], 1)
    shown, hits = visible(tree, Fold(), errors=True)
    assert [tree.spans[i].span_id[-1] for i in shown] == ["1", "4", "5"]
    assert visible(tree, Fold(), find="boom")[1] == hits


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from steelyard.store import open_store

    store = open_store(tmp_path_factory.mktemp("wide"))
    spans = [span(i, 0 if i else None, start=1000 * i, failed=i == 700) for i in range(901)]
    info = TraceInfo(trace_id=spans[0].trace_id, request_time=1, execution_duration=1.0, state="OK", n_spans=901)
    store.traces.put([Trace(info, TraceData(tuple(spans)))])
    yield TestClient(create_app(store), base_url="http://localhost"), info.trace_id
    store.close()


def test_only_the_lines_that_are_asked_for_are_sent(wide: Any):
    client, trace_id = wide
    first = client.get(f"/traces/{trace_id}.json").json()["waterfall"]
    assert (len(first["rows"]), first["shown"], first["total"], first["failed"]) == (200, 901, 901, 1)
    part = client.get(f"/traces/{trace_id}/spans.json", params={"from": 500, "size": 30}).json()["waterfall"]
    assert [row["at"] for row in part["rows"]] == list(range(500, 530))
    assert part["rows"][0]["name"] == "span 500"
    folded = client.get(f"/traces/{trace_id}/spans.json", params={"fold": "0"}).json()["waterfall"]
    assert (folded["shown"], folded["rows"][0]["open"], folded["rows"][0]["inside"]) == (1, False, 900)
    failed = client.get(f"/traces/{trace_id}.json", params={"only": "errors"}).json()
    assert [row["name"] for row in failed["waterfall"]["rows"]] == ["span 0", "span 700"]
    assert failed["span"]["name"] == "span 700"


def test_an_address_of_a_span_opens_the_tree_where_it_stands(wide: Any):
    client, trace_id = wide
    data = client.get(f"/traces/{trace_id}.json", params={"span": f"{600:016x}"}).json()
    assert f"{600:016x}" in [row["span_id"] for row in data["waterfall"]["rows"]]
    page = client.get(f"/traces/{trace_id}", params={"span": f"{600:016x}"}).text
    assert re.search(r'class="on" aria-selected="true"', page)
    assert client.get(f"/traces/{trace_id}", params={"span": "none"}).status_code == 404
    assert client.get(f"/traces/{trace_id}/spans/none").status_code == 404
    assert client.get(f"/traces/{trace_id}/spans", params={"fold": "x;y"}).status_code == 400
    assert (
        client.get(f"/traces/{trace_id}/spans.json", params={"from": "9" * 30}).json()["waterfall"]["rows"][0]["at"]
        == 0
    )


def test_a_trace_without_spans_is_a_page(own_store: Store):
    info = TraceInfo(trace_id="tr-" + "2" * 32, request_time=1, state="IN_PROGRESS")
    own_store.traces.put([Trace(info)])
    client = TestClient(create_app(own_store), base_url="http://localhost")
    page = client.get(f"/traces/{info.trace_id}")
    assert page.status_code == 200
    assert "no spans yet" in page.text


def test_traces_are_listed_newest_first_by_experiment_run_and_filter(visitor: TestClient, shown: Shown):
    data = visitor.get("/traces.json", params={"experiment": shown.ids.experiment}).json()
    times = [row["request_time"] for row in data["traces"]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 50
    run = visitor.get("/traces/timeline.json", params={"run": shown.ids.candidate}).json()
    assert run["n"] == 119  # one line was over the budget and never ran
    failed = visitor.get("/traces.json", params={"run": shown.ids.candidate, "filter": "status = 'ERROR'"}).json()
    assert [row["state"] for row in failed["traces"]] == ["ERROR", "ERROR"]
    assert visitor.get("/traces", params={"filter": "status ="}).status_code == 400
    counted = visitor.get("/traces/timeline.json", params={"experiment": shown.ids.experiment}).json()["n"]
    assert visitor.get("/traces/timeline.json").json()["n"] > counted > 119


def test_older_reaches_every_trace_once(visitor: TestClient, shown: Shown):
    path, seen = f"/traces?run={shown.ids.candidate}", []
    while path:
        page = visitor.get(path).text
        seen += re.findall(r'<a href="/traces/(tr-\w+)">', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 119


MESSAGES = {
    "openai": {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]},
    "choices": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}], "usage": {}},
    "blocks": {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    "parts": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
    "langchain": {"messages": [[{"type": "human", "content": "Hi"}]]},
    "bare": [{"role": "user", "content": "Hi"}],
}


@pytest.mark.parametrize("dialect", sorted(MESSAGES))
def test_messages_are_read_in_the_dialects_of_the_field(dialect: str):
    assert read_messages(MESSAGES[dialect])[-1].text == "Hi"


def test_tool_calls_and_results_are_told_as_such():
    call = {"id": "1", "function": {"name": "look", "arguments": '{"q": 1}'}}
    asked, used, came = read_messages([
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "assistant", "content": [{"type": "tool_use", "name": "look", "input": {"q": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "found"}]},
    ])  # fmt: skip
    assert [c.name for c in (*asked.calls, *used.calls)] == ["look", "look"]
    assert asked.calls[0].arguments == used.calls[0].arguments == '{"q": 1}'
    assert came.text == "found"
    image = read_messages([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])
    assert image[0].media == ("image at x",)


@pytest.mark.parametrize("value", [None, "text", 3, [], {}, {"messages": "no"}, [1, 2], [{"role": "user"}],
                                   {"role": "admin", "content": "x"}, [{"role": "user", "content": "x"}, 3]],
                         ids=str)  # fmt: skip
def test_what_is_no_conversation_is_shown_as_it_is(value: Any):
    assert read_messages(value) == ()


def test_half_characters_and_bottomless_values_do_not_break_a_page(own_store: Store):
    bottomless: list[Any] = []
    for _ in range(100_000):
        bottomless = [bottomless]
    assert "nested too deeply" in fold_value(bottomless).text
    assert fold_value("a\ud800b").text == "a?b"
    assert read_messages([{"role": "user", "content": "\udfff"}])[0].text == "?"
    one = replace(span(1, None), inputs={"deep": [[[[["x"]]]]], "half": "\ud800"})
    own_store.traces.put([Trace(TraceInfo(trace_id=one.trace_id, request_time=1, n_spans=1), TraceData((one,)))])
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        assert client.get(f"/traces/{one.trace_id}").status_code == 200
        assert client.get(f"/traces/{one.trace_id}.json").status_code == 200


def test_json_is_folded_when_it_is_long_and_cut_when_it_is_very_long():
    assert fold_value({"a": 1}).open
    long = fold_value({"a": list(range(100))})
    assert (long.open, long.cut, long.kind) == (False, False, "JSON object, 1 key")
    huge = fold_value("x" * 50_000)
    assert (huge.open, huge.cut, len(huge.text), huge.size) == (False, True, 20_000, 50_000)
