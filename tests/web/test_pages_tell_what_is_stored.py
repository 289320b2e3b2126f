from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from steelyard.compare import compare
from steelyard.records import Store
from steelyard.server import create_app
from steelyard.web.formats import score, signed

from .conftest import CROWD
from .sample_runs import Sample, plain


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_experiments_are_listed_with_their_runs_and_the_last_of_them(client: TestClient, sample: Sample):
    page = text(client.get("/").text)
    assert "credit-risk 6 gbm-depth5" in page
    assert "nothing-yet 0 no runs yet" in page


def test_every_estimate_of_the_json_face_stands_on_the_page_with_its_interval_and_n(client: TestClient, sample: Sample):
    data = client.get(f"/runs/{sample.candidate}.json").json()
    page = text(client.get(f"/runs/{sample.candidate}").text)
    readings = data["evaluation"]["readings"]
    assert len(readings) == 3
    for reading in readings:
        e = reading["estimate"]
        assert f"{score(e['value'])} [{score(e['low'])}, {score(e['high'])}]" in page
        assert f"n {e['n']:,}" in page


def test_the_runs_page_shows_the_stored_estimates_of_the_runs_it_lists(
    client: TestClient, store: Store, sample: Sample
):
    data = client.get(f"/experiments/{sample.experiment}/runs.json").json()
    page = text(client.get(f"/experiments/{sample.experiment}/runs").text)
    row = next(r for r in data["rows"] if r["run_id"] == sample.candidate)
    stored = {s.metric: s.estimate for s in store.estimates.list([sample.candidate], slices=[()])[sample.candidate]}
    for column, cell in zip(data["columns"], row["cells"], strict=True):
        assert cell["estimate"]["value"] == pytest.approx(stored[column["name"]].value)
        assert score(stored[column["name"]].value) in page
    assert row["missing"] > 0
    assert f"{row['missing']} missing" in page


def test_a_filter_that_does_not_parse_is_kept_and_the_error_points_at_the_place(client: TestClient, sample: Sample):
    answer = client.get(f"/experiments/{sample.experiment}/runs", params={"filter": "metrics.accuracy_score >"})
    assert answer.status_code == 400
    assert 'value="metrics.accuracy_score &gt;"' in answer.text
    assert "Expected a number" in answer.text
    assert "at character" in answer.text


def test_a_filter_leaves_the_runs_that_match(client: TestClient, sample: Sample):
    answer = client.get(
        f"/experiments/{sample.experiment}/runs.json", params={"filter": "attributes.status = 'FAILED'"}
    )
    assert [row["name"] for row in answer.json()["rows"]] == ["gbm-depth9"]


def test_older_reaches_every_run_once_and_newer_leads_back(client: TestClient, sample: Sample):
    path, seen, pages = f"/experiments/{sample.crowd}/runs", [], []
    while path:
        html = client.get(path).text
        pages.append(path)
        seen += re.findall(r'name="runs" value="(\w+)"', html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == CROWD
    back = re.search(r'rel="prev" href="([^"]+)"', client.get(pages[-1]).text)
    assert back is not None
    again = client.get(back[1].replace("&amp;", "&")).text
    assert re.findall(r'name="runs" value="(\w+)"', again) == seen[50:100]


def test_runs_can_be_sorted_by_any_column_either_way(client: TestClient, sample: Sample):
    path = f"/experiments/{sample.crowd}/runs.json"
    for order in ("metrics.`accuracy_score` DESC", "metrics.`log_loss` ASC"):
        columns = client.get(path, params={"order": order}).json()
        at = [c["name"] for c in columns["columns"]].index(order.split("`")[1])
        values = [row["cells"][at]["estimate"]["value"] for row in columns["rows"]]
        assert values == sorted(values, reverse="DESC" in order)


def test_the_columns_asked_for_are_shown_and_no_others(client: TestClient, sample: Sample):
    query = {"cols": ["params.depth", "tags.owner"]}
    data = client.get(f"/experiments/{sample.crowd}/runs.json", params=query).json()
    assert [c["key"] for c in data["columns"]] == ["params.depth", "tags.owner"]
    assert data["rows"][0]["cells"][1]["text"].startswith("team")


def test_a_run_begins_with_the_verdict_against_the_baseline(client: TestClient, store: Store, sample: Sample):
    expected = compare(sample.candidate, sample.baseline, store=store).differences["accuracy_score"]
    assert expected.verdict == "better"
    page = text(client.get(f"/runs/{sample.candidate}").text)
    assert "Better overall than logreg-C1" in page
    assert f"{signed(expected.difference)} points [{signed(expected.low)}, {signed(expected.high)}]" in page
    assert "Worse in job=tourist" in page


def test_a_failed_metric_is_named_and_the_rest_is_there(client: TestClient, sample: Sample):
    page = text(client.get(f"/runs/{sample.candidate}").text)
    assert "1 part of the evaluation failed; the rest is complete." in page
    assert "profit ZeroDivisionError: division by zero" in page


def test_small_slices_are_marked_not_hidden(client: TestClient, sample: Sample):
    slices = client.get(f"/runs/{sample.candidate}.json").json()["evaluation"]["slices"]
    rows = [row for _, found in slices["dimensions"] for row in found]
    assert {row["label"] for row in rows} >= {"skilled", "unskilled", "management", "tourist", "female", "male"}
    page = client.get(f"/runs/{sample.hostile}").text
    assert page.count(">small</span>") >= 6


def test_the_slices_are_shown_in_the_metric_of_the_address(client: TestClient, sample: Sample):
    answer = client.get(f"/runs/{sample.candidate}.json", params={"metric": "log_loss"}).json()
    assert answer["evaluation"]["slices"]["info"]["name"] == "log_loss"


def test_a_run_without_an_evaluation_shows_what_was_logged(client: TestClient, sample: Sample):
    page = client.get(f"/runs/{sample.plain}").text
    assert "train_loss" in page
    assert 'class="spark long"' in page
    assert "layers" in page


def test_a_run_that_has_not_ended_says_so(client: TestClient, sample: Sample):
    assert "This run has not ended." in client.get(f"/runs/{sample.running}").text


def test_a_fragment_is_the_page_without_what_stands_around_it(client: TestClient, sample: Sample):
    path = f"/experiments/{sample.experiment}/runs"
    page, fragment = client.get(path).text, client.get(path, headers={"HX-Request": "true"}).text
    inner = fragment.partition("</title>")[2].strip()
    assert "<nav" in page.partition("<main")[0]
    assert "<html" not in fragment
    assert inner.startswith("<header")
    assert inner in page


def test_a_comparison_says_what_compare_says(client: TestClient, store: Store, sample: Sample):
    expected = compare(sample.candidate, sample.baseline, store=store)
    page = client.get("/compare", params={"runs": f"{sample.candidate},{sample.baseline}"}).text
    told = text(page)
    for difference in expected.differences.values():
        assert (
            f"{signed(difference.difference, difference)} [{signed(difference.low, difference)}" in told
            or difference.verdict is None
        )
    assert expected.rows is not None
    counts = expected.rows.all
    assert f"Broken {counts.broken} Fixed {counts.fixed} Still wrong {counts.still_wrong}" in told


def test_the_rows_of_each_tab_are_those_of_the_comparison(client: TestClient, store: Store, sample: Sample):
    expected = compare(sample.candidate, sample.baseline, store=store)
    query = {"runs": f"{sample.candidate},{sample.baseline}", "slice": "job=tourist"}
    for kind in ("broken", "fixed", "still_wrong"):
        data = client.get("/compare.json", params={**query, "rows": kind}).json()["changed"]
        ids = expected.row_changes(kind, slice="job=tourist", limit=20)["row_id"].to_pylist()
        assert [row["row_id"] for row in data["rows"]] == ids


def test_three_runs_stand_in_one_column_each_against_the_baseline(client: TestClient, store: Store, sample: Sample):
    ids = [r.info.run_id for r in store.search.search([sample.experiment], "attributes.status = 'FINISHED'").items][:4]
    data = client.get("/compare.json", params={"runs": ids}).json()
    assert data["baseline_id"] == sample.baseline
    assert {c["candidate_id"] for c in data["comparisons"]} == set(ids) - {sample.baseline}
    assert client.get("/compare", params={"runs": ids}).status_code == 200


@pytest.mark.parametrize("count", [1, 9])
def test_fewer_than_two_or_more_than_eight_runs_are_refused_in_words(client: TestClient, count: int):
    answer = client.get("/compare", params={"runs": ",".join(f"run{i}" for i in range(count))})
    assert answer.status_code == 400
    assert "Choose two to eight" in answer.text


def test_runs_that_share_nothing_say_why_there_is_no_comparison(client: TestClient, sample: Sample):
    answer = client.get("/compare", params={"runs": f"{sample.plain},{sample.candidate}"})
    assert answer.status_code == 200
    assert "training-only holds no evaluation." in answer.text


def test_the_baseline_is_chosen_and_taken_away_by_a_post(own_store: Store):
    experiment = own_store.experiments.create("one").experiment_id
    run = plain(own_store, experiment, 1_700_000_000_000)
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as client:
        answer = client.post(f"/experiments/{experiment}/baseline", data={"run_id": run})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{run}")
        assert own_store.experiments.get(experiment).tags["steelyard.baseline"] == run
        assert client.get(f"/runs/{run}.json").json()["is_baseline"]
        client.post(f"/experiments/{experiment}/baseline", data={"run_id": ""})
        assert not client.get(f"/runs/{run}.json").json()["is_baseline"]
        assert client.post(f"/experiments/{experiment}/baseline", data={"run_id": "f" * 32}).status_code == 404


def test_a_damaged_evaluation_is_told_and_the_rest_of_the_run_is_shown(own_store: Store):
    run = plain(own_store, "0", 1_700_000_000_000)
    own_store.artifacts.put(run, "evaluation.json", b'{"task": "binary"')
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        answer = client.get(f"/runs/{run}")
    assert answer.status_code == 200
    assert "The evaluation cannot be shown." in answer.text
    assert "train_loss" in answer.text


def test_what_is_not_there_is_a_page_and_json_where_json_was_asked_for(client: TestClient):
    page = client.get("/runs/" + "0" * 32)
    assert (page.status_code, "Not found" in page.text) == (404, True)
    data = client.get("/runs/" + "0" * 32 + ".json")
    assert (data.status_code, data.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert client.get("/nowhere").status_code == 404
