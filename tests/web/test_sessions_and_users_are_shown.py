"""Sessions and users as lists, and a session as a conversation: what they tell is what their traces say."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store, Trace
from steelyard.server import create_app
from steelyard.store import open_store

from .sample_traces import MINUTE, NOON, fill, made_trace

N = 180


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, tuple[Trace, ...]]]:
    store = open_store(tmp_path_factory.mktemp("sessions"))
    yield store, fill(store, "0", N)
    store.close()


@pytest.fixture
def client(filled: tuple[Store, tuple[Trace, ...]]) -> Iterator[TestClient]:
    with TestClient(create_app(filled[0]), base_url="http://localhost") as opened:
        yield opened


def groups(traces: tuple[Trace, ...], key: str) -> dict[str, list[Trace]]:
    found: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        if name := getattr(trace.info, key):
            found[name].append(trace)
    return found


def test_sessions_sum_up_their_traces_the_newest_first(client: TestClient, filled: Any):
    _, traces = filled
    told = client.get("/sessions.json?experiment=0").json()["sessions"]
    by_session = groups(traces, "session")
    assert [row["session"]["session"] for row in told] == list(by_session)
    for row in told:
        session, mine = row["session"], by_session[row["session"]["session"]]
        assert session["n"] == len(mine)
        assert session["errors"] == sum(t.info.state == "ERROR" for t in mine)
        assert (session["first_ms"], session["last_ms"]) == (mine[-1].info.request_time, mine[0].info.request_time)
        assert session["input_tokens"] == sum(t.info.usage.input_tokens for t in mine)
        assert session["cost"] == pytest.approx(sum(t.info.usage.cost or 0 for t in mine))
        assert row["request"] == mine[-1].info.request_preview


def test_users_sum_up_their_traces_and_lead_to_them(client: TestClient, filled: Any):
    _, traces = filled
    told = client.get("/users.json?experiment=0").json()["users"]
    by_user = groups(traces, "user")
    assert [row["user"] for row in told] == list(by_user)
    page = client.get("/users?experiment=0").text
    for row in told:
        mine = by_user[row["user"]]
        assert row["n"] == len(mine)
        assert row["errors"] == sum(t.info.state == "ERROR" for t in mine)
        assert row["sessions"] == len({t.info.session for t in mine if t.info.session})
        assert row["last_ms"] == max(t.info.request_time for t in mine)
    links = {unescape(found) for found in re.findall(r'href="(/(?:traces|sessions)\?[^"]*where=[^"]*)"', page)}
    assert len(links) == 6
    for link in links:
        answer = client.get(link.replace("?", ".json?", 1) + "&max_results=1000").json()
        name = re.search(r"user\+%3D\+%27(.*)%27", link).group(1)  # type: ignore[union-attr]
        user = {"ada": "ada", "grace": "grace", "o%27%27brien": "o'brien"}[name]
        if link.startswith("/traces"):
            assert len(answer["traces"]) == len(by_user[user])
        else:
            assert len(answer["sessions"]) == len({t.info.session for t in by_user[user] if t.info.session})


@pytest.mark.parametrize(("kind", "key"), [("sessions", "session"), ("users", "user")])
def test_lists_are_narrowed_and_page_by_key(client: TestClient, filled: Any, kind: str, key: str):
    every = client.get(f"/{kind}.json?experiment=0").json()[kind]
    seen, token = [], ""
    while token is not None:
        answer = client.get(f"/{kind}.json", params={"experiment": "0", "max_results": 2, "page_token": token}).json()
        seen += answer[kind]
        token = answer["next_page_token"]
    assert seen == every
    some = client.get(f"/{kind}.json", params={"experiment": "0", "filter": "user = 'ada' AND cost > 0.006"}).json()
    wanted = tuple(t for t in filled[1] if t.info.user == "ada" and (t.info.usage.cost or 0) > 0.006)
    assert 0 < len(some[kind]) == len(groups(wanted, key))
    wrong = client.get(f"/{kind}.json", params={"experiment": "0", "filter": "cost >"})
    assert wrong.status_code == 400
    told = client.get(f"/{kind}", params={"experiment": "0", "filter": "cost >"})
    assert 'role="alert"' in told.text
    assert 'value="cost &gt;"' in told.text


def test_a_session_is_a_conversation_from_its_first_turn_on(client: TestClient, filled: Any):
    _, traces = filled
    mine = groups(traces, "session")["conv-03"][::-1]
    told = client.get("/session.json?experiment=0&id=conv-03").json()
    assert [turn["trace"]["trace_id"] for turn in told["turns"]] == [t.info.trace_id for t in mine]
    assert [turn["number"] for turn in told["turns"]] == list(range(1, len(mine) + 1))
    for turn, trace in zip(told["turns"], mine, strict=True):
        assert turn["asked"]["text"] == trace.info.request_preview
        assert turn["trace"]["execution_duration"] == trace.info.execution_duration
        failed = trace.info.state == "ERROR"
        assert turn["error"] == ("RateLimitError: try again in 20 s" if failed else "")
        assert (turn["answered"] is None) == failed
    pauses = [turn["pause"] for turn in told["turns"]]
    assert pauses[0] is None
    assert pauses[1] == 20 * MINUTE - mine[0].info.execution_duration
    page = client.get("/session?experiment=0&id=conv-03").text
    assert f'href="/traces/{mine[0].info.trace_id}"' in page


def test_a_long_session_comes_in_parts_that_join(own_store: Store):
    own_store.traces.put(
        [made_trace(k, "0", at=NOON + k * MINUTE, question=f"question {k}", session="long") for k in range(45)]
    )
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        query, turns = {"experiment": "0", "id": "long"}, []
        while True:
            page = client.get("/session.json", params=query).json()
            assert len(page["turns"]) <= 20
            turns += page["turns"]
            if page["next_page_token"] is None:
                break
            query |= {"page_token": page["next_page_token"], "turn": str(page["first"] + len(page["turns"]))}
    assert [turn["asked"]["text"] for turn in turns] == [f"question {k}" for k in range(45)]
    assert [turn["number"] for turn in turns] == list(range(1, 46))


def test_of_a_whole_history_only_the_newest_turn_is_shown_and_a_cut_preview_is_made_whole(own_store: Store):
    from dataclasses import replace

    from steelyard.records import TraceData

    long = "Tell me everything about it. " * 100
    history = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": long},
    ]
    made = made_trace(1, "0", at=NOON, session="s/1?&#", answer="Gladly.")
    root = replace(made.data.spans[0], inputs={"messages": history})
    info = replace(made.info, request_preview=json.dumps(root.inputs)[:1000])
    own_store.traces.put([Trace(info, TraceData((root, *made.data.spans[1:])))])
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        turn = client.get("/session.json", params={"experiment": "0", "id": "s/1?&#"}).json()["turns"][0]
        page = client.get("/sessions?experiment=0").text
        assert client.get(unescape(re.search(r'href="(/session\?[^"]*)"', page).group(1))).status_code == 200  # type: ignore[union-attr]
    assert turn["asked"] == {"text": long.strip(), "cut": False, "whole": False}
    assert turn["answered"]["text"] == "Gladly."


def test_a_session_that_is_not_there_is_told(client: TestClient):
    answer = client.get("/session?experiment=0&id=nobody")
    assert answer.status_code == 404
    assert "nobody" in answer.text


@pytest.mark.parametrize(
    ("path", "said"), [("/sessions", "session.id"), ("/users", "user.id")], ids=["sessions", "users"]
)
def test_an_empty_list_says_how_it_fills(own_store: Store, path: str, said: str):
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        assert said in client.get(f"{path}?experiment=0").text
