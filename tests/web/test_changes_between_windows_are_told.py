"""What changed between two stretches of time: as a whole, by slice, and what moved; each number leads to its traces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from scipy.stats import binomtest
from starlette.testclient import TestClient

from steelyard.records import RecordDraft, Store
from steelyard.server import create_app
from steelyard.store import open_store

from .sample_changes import DAY, EVIL, HOUR, Changed, traffic


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    store = open_store(tmp_path_factory.mktemp("changes"))
    yield traffic(store)
    store.close()


@pytest.fixture(scope="module")
def client(changed: Changed) -> Iterator[TestClient]:
    with TestClient(create_app(changed.store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def asked(client: TestClient, changed: Changed, part: str = "", more: str = "") -> dict[str, Any]:
    answer = client.get(f"/experiments/{changed.experiment_id}/changes{part}.json?{changed.times}{more}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(client: TestClient, changed: Changed, part: str = "", query: str | None = None) -> str:
    found = changed.times if query is None else query
    answer = client.get(f"/experiments/{changed.experiment_id}/changes{part}?{found}")
    assert answer.status_code == 200, answer.text
    return answer.text


def measure(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in (*told["shares"], *told["others"]) if row["change"]["measure"] == name)


def test_the_whole_says_in_words_what_got_worse_and_what_is_the_same(client: TestClient, changed: Changed):
    told = asked(client, changed)
    assert measure(told, "score:correctness")["state"] == measure(told, "error_rate")["state"] == "worse"
    assert told["says"].startswith(
        "Worse: Share that failed, Median latency, correctness (judge), reading_ease (code)."
    )
    text = page(client, changed)
    assert unescape(told["says"]) in unescape(text)
    assert text.index("lead-line") < text.index("<table")


def test_each_window_has_its_value_with_interval_and_n(client: TestClient, changed: Changed):
    row = measure(asked(client, changed), "error_rate")
    for side, window in (("before", changed.before), ("after", changed.after)):
        found = changed.store.overview.windows(
            [changed.experiment_id],
            start_ms=window[0],
            end_ms=window[1],
            step_ms=window[1] - window[0],
            origin_ms=window[0],
        )[0]
        ends = binomtest(found.errors, found.n).proportion_ci(method="wilson")
        assert row[side]["n"] == found.n
        assert row[side]["value"] == pytest.approx(found.errors / found.n)
        assert (row[side]["low"], row[side]["high"]) == pytest.approx((ends.low, ends.high))


def test_a_slice_that_makes_the_change_stands_first_and_leads_to_its_traces(client: TestClient, changed: Changed):
    told = asked(client, changed, "/slices", "&measure=error_rate")
    first = told["rows"][0]["change"]
    assert (first["slice"], first["verdict"]) == ("tag.topic = billing", "worse")
    assert told["looked_at"] > 10
    text = page(client, changed, "/slices", f"{changed.times}&measure=error_rate")
    assert f"{told['looked_at']} differences were looked at" in text
    links = re.findall(r'href="(/traces\?[^"]+)">(before|after)<span class="sr">, traces of tag.topic = billing', text)
    for href, side in links[:2]:
        query = parse_qs(urlsplit(unescape(href)).query)
        got = client.get(f"/traces.json?{urlsplit(unescape(href)).query}&max_results=1000").json()
        assert len(got["traces"]) == first[f"{side}_n"], query


def test_what_slices_make_of_a_change_adds_up_to_it(client: TestClient, changed: Changed):
    told = asked(client, changed, "/slices", "&measure=error_rate&by=tag.topic")
    made = sum(row["change"]["within"] + row["change"]["mix"] for row in told["rows"])
    assert made == pytest.approx(told["whole"]["difference"])
    part = next(one for one in told["parts"] if one["by"] == "tag.topic")
    assert part["within"] + part["mix"] == pytest.approx(told["whole"]["difference"])
    assert "is change within slices" in told["says"]


def test_a_score_of_which_less_is_better_can_be_turned_round(client: TestClient, changed: Changed):
    assert measure(asked(client, changed), "score:reading_ease")["state"] == "worse"
    assert measure(asked(client, changed, more="&lower=reading_ease"), "score:reading_ease")["state"] == "better"


def test_drift_names_what_moved_beside_what_chance_reaches(client: TestClient, changed: Changed):
    told = asked(client, changed, "/drift")
    moved = [one["feature"] for one in told["drifts"] if one["is_drift"]]
    assert {"output.length", "input.language"} <= set(moved)
    assert "name" not in moved
    text = page(client, changed, "/drift")
    assert "within chance, or too close to it to tell" in text
    assert "Where output.length moved" in text


def test_traffic_can_be_held_against_a_dataset(client: TestClient, changed: Changed):
    dataset = changed.store.datasets.create(f"golden {EVIL}")
    rows = [RecordDraft(inputs={"question": f"Question {n}", "language": "en"}) for n in range(40)]
    changed.store.datasets.merge(dataset.dataset_id, rows, by="ann")
    told = asked(client, changed, "/drift", f"&{urlencode({'dataset': dataset.name})}")
    assert told["reference"] == f"dataset {dataset.name}, version 1"
    assert any(one["feature"] == "input.language" and one["is_drift"] for one in told["drifts"])


def test_a_change_leads_to_an_alarm_rule_that_watches_it(client: TestClient, changed: Changed):
    text = page(client, changed, "/slices", f"{changed.times}&measure=score:correctness|LLM_JUDGE")
    found = re.findall(r'class="watch" href="([^"]+)"', text)
    query = parse_qs(urlsplit(unescape(found[0])).query)
    assert query["kind"] == ["score"]
    assert query["what"] == ["correctness"]
    assert query["by"] == ["tag.topic"]


@pytest.mark.parametrize(
    ("name", "length", "back"),
    [("24h", DAY, DAY), ("7d", 7 * DAY, 7 * DAY), ("hour", HOUR, DAY), ("week", DAY, 7 * DAY)],
)
def test_a_preset_compares_windows_of_one_length(
    client: TestClient, changed: Changed, name: str, length: int, back: int
):
    told = client.get(f"/experiments/{changed.experiment_id}/changes.json?range={name}").json()["view"]
    (start, end), (before, before_end) = told["after"], told["before"]
    assert (end - start, before_end - before, start - before) == (length, length, back)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("range=fortnight", "is not known"),
        ("start=2026-05-01T10:00", "both times are needed"),
        ("start=2026-05-02&end=2026-05-01", "ends before it begins"),
        ("start=10000000&end=20000000&before_start=5000000&before_end=15000000", "overlap"),
        ("start=yesterday&end=2026-05-01", "is no time"),
        ("filter=status+%3D%3D+(", "filter"),
    ],
    ids=["range", "half", "reversed", "overlap", "word", "filter"],
)
def test_what_cannot_be_compared_is_said_beside_its_field(client: TestClient, changed: Changed, query: str, says: str):
    answer = client.get(f"/experiments/{changed.experiment_id}/changes?{query}")
    assert answer.status_code == 400
    assert says in unescape(answer.text).lower() or says in unescape(answer.text)
    assert 'role="alert"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("part", ["/slices", "/drift"])
def test_parts_say_what_is_wrong_too(client: TestClient, changed: Changed, part: str):
    for query in ("range=fortnight", "filter=status+%3D+(", "by=nonsense" if part == "/slices" else "method=magic"):
        answer = client.get(f"/experiments/{changed.experiment_id}/changes{part}?{query}")
        assert answer.status_code == 400, query
        assert 'role="alert"' in answer.text
    assert client.get(f"/experiments/{changed.experiment_id}/changes{part}.json?range=fortnight").status_code == 400


def test_hostile_values_are_text(client: TestClient, changed: Changed):
    query = f"{changed.times}&{urlencode({'by': 'tag.topic', 'lower': EVIL, 'measure': EVIL, 'filter': chr(34) + 'x'})}"
    for part in ("", "/slices", "/drift"):
        answer = client.get(f"/experiments/{changed.experiment_id}/changes{part}?{query}")
        assert "<script>alert" not in answer.text
        assert answer.status_code in (200, 400)


def test_an_experiment_without_traces_says_what_to_do(own_store: Store):
    with TestClient(create_app(own_store), base_url="http://localhost") as fresh:
        text = fresh.get("/experiments/0/changes").text
    assert "No traces yet" in text
    assert "compare_windows" in text


def test_windows_without_traces_say_so(client: TestClient, changed: Changed):
    text = page(client, changed, query="start=1000000&end=2000000")
    assert "No traces in these windows" in text


def test_a_stranger_experiment_is_not_found(client: TestClient):
    assert client.get("/experiments/nowhere/changes").status_code == 404
