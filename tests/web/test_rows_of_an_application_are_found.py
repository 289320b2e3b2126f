from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from .conftest import Shown
from .sample_applications import REPEATS, ROWS

LINES = ROWS * REPEATS


@pytest.fixture
def columns(shown: Shown) -> dict[str, Any]:
    path = shown.store.artifacts.local_path(shown.ids.candidate, "rows.parquet")
    return {k: np.array(v) for k, v in pq.read_table(path).to_pydict().items()}


def ask(visitor: TestClient, shown: Shown, **query: object) -> dict[str, Any]:
    return visitor.get(f"/runs/{shown.ids.candidate}/rows.json", params=query).json()


def test_rows_are_found_by_a_score(visitor: TestClient, shown: Shown, columns: dict[str, Any]):
    denied = ask(visitor, shown, scorer="correctness", score="no")
    assert denied["matching"] == int((columns["correctness/value"] == 0.0).sum())
    assert {line["cells"][0]["word"] for line in denied["lines"]} == {"no"}
    brief = np.array([v is not None and v < 0.5 for v in columns["brevity/value"]])
    assert ask(visitor, shown, scorer="brevity", score="< 0.5")["matching"] == int(brief.sum())
    assert ask(visitor, shown, scorer="tone", score="curt")["matching"] == int((columns["tone/value"] == "curt").sum())


@pytest.mark.parametrize("outcome", ["parse_error", "refused", "predict_failed", "over_budget", "scorer_error"])
def test_rows_are_found_by_the_outcome_of_any_scorer_or_of_one(
    visitor: TestClient, shown: Shown, columns: dict[str, Any], outcome: str
):
    names = ["correctness", "brevity", "tone", "json_schema"]
    anywhere = np.logical_or.reduce([columns[f"{n}/outcome"] == outcome for n in names])
    assert ask(visitor, shown, outcome=outcome)["matching"] == int((anywhere | (columns["outcome"] == outcome)).sum())
    one = ask(visitor, shown, outcome=outcome, scorer="correctness")
    assert one["matching"] == int((columns["correctness/outcome"] == outcome).sum())


def test_conditions_join_and_use_the_names_that_people_see(visitor: TestClient, shown: Shown, columns: dict[str, Any]):
    found = ask(visitor, shown, where=["correctness = no", "latency > 1", "channel = web"])
    slow = np.array([v is not None and v > 1 for v in columns["latency"]])
    expected = (columns["correctness/value"] == 0.0) & slow & (columns["tag:channel"] == "web")
    assert found["matching"] == int(expected.sum())


def test_text_is_found_in_inputs_outputs_and_rationales(visitor: TestClient, shown: Shown, columns: dict[str, Any]):
    assert ask(visitor, shown, contains="(case 7)")["matching"] == REPEATS
    refunds = sum(bool(o) and "both lines" in o for o in columns["output"])
    assert ask(visitor, shown, contains="REFUND BOTH LINES, 178")["matching"] == refunds
    both = ask(visitor, shown, contains="promises a refund of both")["matching"]
    reasons = zip(columns["correctness/rationale"], columns["tone/rationale"], strict=True)
    assert both == sum("refund of both" in f"{one} {other}" for one, other in reasons)


def test_rows_are_sorted_by_a_scorer_with_those_it_did_not_score_last(visitor: TestClient, shown: Shown):
    lines, after = [], 0
    while after < LINES:
        lines += ask(visitor, shown, order="-brevity/value", after=after)["lines"]
        after += 50
    scores = [line["cells"][1]["word"] for line in lines]
    known = [float(s) for s in scores if s]
    assert known == sorted(known, reverse=True)
    assert not any(scores[len(known) :])
    assert len({line["position"] for line in lines}) == LINES


def test_groups_have_the_mean_and_n_of_their_rows(visitor: TestClient, shown: Shown, columns: dict[str, Any]):
    data = ask(visitor, shown, group="channel")
    assert sum(g["rows"] for g in data["groups"]) == data["matching"] == LINES
    for group in data["groups"]:
        inside = columns["tag:channel"] == (group["value"] or None)
        values = [v for v in columns["brevity/value"][inside] if v is not None and v == v]
        assert group["cells"][1]["n"] == len(values)
        assert group["cells"][1]["mean"] == pytest.approx(np.mean(values))
        words = [v for v in columns["tone/value"][inside] if v]
        common = max(set(words), key=words.count)
        assert words.count(group["cells"][2]["common"]) == words.count(common)
    page = visitor.get(f"/runs/{shown.ids.candidate}/rows", params={"group": "channel"}).text
    assert "tag=channel%3Aweb" in page
    only = ask(visitor, shown, tag="channel:web")
    assert only["matching"] == int((columns["tag:channel"] == "web").sum())


@pytest.mark.parametrize(("query", "said"), [
    ({"score": "no"}, "Choose the scorer"),
    ({"scorer": "corectness", "score": "no"}, "no scorer"),
    ({"scorer": "brevity", "score": "short"}, "holds numbers"),
    ({"outcome": "happy"}, "no outcome"),
    ({"where": "corectness = no"}, "Did you mean"),
    ({"order": "-brevty"}, "to sort by"),
    ({"group": "chanel"}, "to group by"),
    ({"where": ["latency > 1"] * 13}, "are allowed"),
])  # fmt: skip
def test_what_cannot_be_asked_is_told_and_kept(visitor: TestClient, shown: Shown, query: dict[str, Any], said: str):
    answer = visitor.get(f"/runs/{shown.ids.candidate}/rows", params=query)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'role="alert"' in answer.text


def test_a_filter_that_leaves_nothing_says_so(visitor: TestClient, shown: Shown):
    page = visitor.get(f"/runs/{shown.ids.candidate}/rows", params={"contains": "no such words"}).text
    assert "No row matches" in page


def test_the_rows_of_a_running_evaluation_are_said_to_come(visitor: TestClient, shown: Shown):
    page = visitor.get(f"/runs/{shown.ids.running}/rows").text
    assert "not done yet" in page
    assert f"/traces?run={shown.ids.running}" in page


def test_previous_and_next_follow_the_list_that_was_left(visitor: TestClient, shown: Shown):
    query = {"scorer": "correctness", "score": "no", "order": "-latency"}
    listed = [line["position"] for line in ask(visitor, shown, **query)["lines"]]
    one = visitor.get(f"/runs/{shown.ids.candidate}/rows/{listed[3]}.json", params=query).json()
    assert (one["earlier"], one["later"], one["place"], one["matching"]) == (listed[2], listed[4], 3, len(listed))
    plain = visitor.get(f"/runs/{shown.ids.candidate}/rows/0.json").json()
    assert (plain["earlier"], plain["later"], plain["matching"]) == (None, 1, LINES)
    page = visitor.get(f"/runs/{shown.ids.candidate}/rows/{listed[3]}", params=query).text
    assert f'rel="next" href="/runs/{shown.ids.candidate}/rows/{listed[4]}?scorer=correctness&amp;score=no' in page


def test_a_row_is_found_by_its_id_and_repeat(visitor: TestClient, shown: Shown):
    path = f"/runs/{shown.ids.candidate}/row"
    answer = visitor.get(path, params={"id": "case-0005", "repeat": 1})
    assert answer.headers["location"] == f"/runs/{shown.ids.candidate}/rows/11"
    assert visitor.get(path, params={"id": "case-9999"}).status_code == 404
    assert visitor.get(path, params={"id": "case-0005", "repeat": "x"}).status_code == 400


def test_one_row_shows_what_went_in_what_came_out_and_its_repeats(
    visitor: TestClient, shown: Shown, columns: dict[str, Any]
):
    data = visitor.get(f"/runs/{shown.ids.candidate}/rows/11.json").json()
    assert data["inputs"][0]["value"]["text"] == json.loads(columns["inputs"][11])["question"]
    assert data["output"][0]["value"]["text"] == columns["output"][11]
    assert data["expectations"][0]["value"]["text"] == columns["expectation:expected_response"][11]
    assert [r["position"] for r in data["repeats"]] == [10, 11]
    assert data["waterfall"]["total"] == 7
    assert data["span"]["name"] == "get_invoice"
    assert data["span"]["failed"]


def test_a_row_that_failed_says_why_and_has_its_verdicts_explained(visitor: TestClient, shown: Shown):
    page = visitor.get(f"/runs/{shown.ids.candidate}/rows/22").text
    assert "TimeoutError: get_invoice did not answer within 2 s" in page
    data = visitor.get(f"/runs/{shown.ids.candidate}/rows/22.json").json()
    assert {j["outcome"] for j in data["judged"]} == {"predict_failed"}
    untraced = visitor.get(f"/runs/{shown.ids.candidate}/rows/119").text
    assert "Nothing was traced for this row" in untraced
    assert visitor.get(f"/runs/{shown.ids.candidate}/rows/{LINES}").status_code == 404
