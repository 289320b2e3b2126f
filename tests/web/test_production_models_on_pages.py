"""Classic models in production on pages: what they predicted, what came true, and how each number came about."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score
from starlette.testclient import TestClient

from steelyard.monitor.late_labels import settle_once
from steelyard.monitor.predictions import log_predictions
from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web import links

from .sample_changes import DAY, EVIL, Predicted, classifier
from .sample_runs import HOSTILE

LONG = f"{EVIL}{'x' * 150}"


@dataclass(frozen=True)
class Place:
    store: Store
    experiment_id: str
    model: Predicted


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = open_store(tmp_path_factory.mktemp("models"))
    experiment_id = store.experiments.create(HOSTILE[0]).experiment_id
    model = classifier(store, experiment_id)
    for name in (LONG, "data.json", ".."):
        row = [{"id": "a", "prediction": 4.5}]
        log_predictions(name, row, ids="id", model_type="regressor", experiment_id=experiment_id, store=store)
    settle_once(store, worker="w", now_ms=int(time.time() * 1000))
    log_predictions("new", row, ids="id", model_type="regressor", experiment_id=experiment_id, store=store)
    yield Place(store, experiment_id, model)
    store.close()


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[TestClient]:
    with TestClient(create_app(place.store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def shown(client: TestClient, place: Place, **query: str) -> str:
    answer = client.get(links.model(place.experiment_id, place.model.name, **query))
    assert answer.status_code == 200, answer.text
    return answer.text


def told(client: TestClient, place: Place, **query: str) -> dict[str, Any]:
    answer = client.get(f"/experiments/{place.experiment_id}/models/{place.model.name}.json?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_list_tells_of_each_model_what_it_predicts_and_how_much_is_labelled(client: TestClient, place: Place):
    found = client.get(f"/experiments/{place.experiment_id}/models.json").json()
    row = next(one for one in found["models"] if one["model"]["name"] == "fraud")
    assert row["model"]["n"] == len(place.model.ids)
    assert row["model"]["labelled"] == len(place.model.labels)
    text = client.get(links.models(place.experiment_id)).text
    assert f"{len(found['models'])} models with {len(place.model.ids) + 4:,} predictions" in unescape(text)
    assert "% labelled" in text


def test_numbers_are_those_of_the_labelled_rows_and_say_how_many_are(client: TestClient, place: Place):
    page = told(client, place, range="all")
    predicted = dict(zip(place.model.ids, place.model.predictions, strict=True))
    known = list(place.model.labels)
    right = accuracy_score([place.model.labels[i] for i in known], [predicted[i] for i in known])
    reading = next(one for one in page["numbers"]["readings"] if one["info"]["name"] == "accuracy_score")["estimate"]
    assert reading["value"] == pytest.approx(right)
    ends = binomtest(round(right * len(known)), len(known)).proportion_ci(method="wilson")
    assert (reading["low"], reading["high"]) == pytest.approx((ends.low, ends.high))
    assert (reading["n"], reading["missing"]) == (len(known), len(place.model.ids) - len(known))
    share = f"{100 * len(known) / len(place.model.ids):.0f}% labelled, n {len(known)}"
    assert share in shown(client, place, range="all")


def test_numbers_stand_as_they_were_known_at_a_date(client: TestClient, place: Place):
    between = (place.model.first_ms + place.model.again_ms) // 2
    page = told(client, place, range="all", as_of=str(between))["numbers"]
    assert page["whole"]["labelled"] < page["now"]["labelled"] == len(place.model.labels)
    reading = page["readings"][0]
    assert reading["then"]["value"] != reading["estimate"]["value"]
    text = shown(client, place, range="all", as_of=str(between))
    assert "Numbers as they were known at" in text
    assert "As it is known now" in text
    before = shown(client, place, range="all", as_of="2020-01-01T00:00")
    assert "nothing had been counted" in before


def test_a_number_that_was_superseded_has_its_history(client: TestClient, place: Place):
    windows = told(client, place, range="all")["numbers"]["windows"]
    again = next(one for one in windows if one["version"] == 2)
    history = told(client, place, range="all", window=str(again["start_ms"]))["numbers"]["history"]
    assert [one["version"] for one in history] == [2, 1]
    assert history[0]["superseded_ms"] is None
    assert history[1]["superseded_ms"] == history[0]["computed_ms"]
    text = shown(client, place, range="all", window=str(again["start_ms"]))
    when = datetime.fromtimestamp(again["start_ms"] / 1000, tz=UTC)
    assert f"What was known of {when.day} {when:%B %Y}" in text
    assert "it holds" in text
    assert history[0]["why"] in unescape(text)


def test_slices_have_their_own_numbers_and_lead_to_their_rows(client: TestClient, place: Place):
    slices = told(client, place, range="all", by="country")["numbers"]["slices"]
    assert sum(one["numbers"]["n"] for one in slices) == len(place.model.ids)
    href = unescape(re.findall(r'href="([^"]*slice=country%3DDE[^"]*)">rows', shown(client, place, range="all"))[0])
    rows = client.get(f"/experiments/{place.experiment_id}/models/fraud.json?{urlsplit(href).query}").json()["rows"]
    assert {row["slices"]["country"] for row in rows["rows"]} == {"DE"}


def test_rows_are_paged_and_each_page_goes_on_where_the_last_ended(client: TestClient, place: Place):
    seen: list[str] = []
    query = {"view": "rows", "range": "all"}
    for _ in range(40):
        page = told(client, place, **query)["rows"]
        seen += [row["id"] for row in page["rows"]]
        if page["older"] is None:
            break
        query |= {"page_token": page["older"]["after"], "trail": page["older"]["trail"]}
    assert sorted(seen) == sorted(place.model.ids)
    text = shown(client, place, **query)
    assert "This is the last page." in text
    assert 'rel="prev"' in text


@pytest.mark.parametrize("only", ["wrong", "unlabelled", "labelled"])
def test_rows_are_those_that_were_asked_for(client: TestClient, place: Place, only: str):
    predicted = dict(zip(place.model.ids, place.model.predictions, strict=True))
    rows = told(client, place, view="rows", range="all", only=only)["rows"]["rows"]
    assert rows
    for row in rows:
        label = place.model.labels.get(row["id"])
        assert {
            "wrong": label is not None and label != predicted[row["id"]],
            "unlabelled": label is None,
            "labelled": label is not None,
        }[only]


def test_a_label_that_was_corrected_tells_what_it_was(client: TestClient, place: Place):
    corrected = [i for i in place.model.ids if i in place.model.were]
    at = place.model.times[place.model.ids.index(corrected[-1])]
    page = told(client, place, view="rows", start=str(at), end=str(at + 1))["rows"]
    row = next(one for one in page["rows"] if one["id"] == corrected[-1])
    assert row["label"] == str(int(place.model.labels[row["id"]]))
    assert [(one["what"], one["value"]) for one in row["history"]][-1] == (
        "label", str(int(place.model.were[row["id"]]))
    )  # fmt: skip
    assert "label was <b>" in shown(client, place, view="rows", start=str(at), end=str(at + 1))


def test_drift_of_features_is_told_against_a_window(client: TestClient, place: Place):
    start, end = place.model.times[-1] // DAY * DAY - 2 * DAY, place.model.times[-1] // DAY * DAY + DAY
    found = told(client, place, view="drift", start=str(start), end=str(end), reference="first")["drift"]
    moved = {one["feature"] for one in found["drifts"] if one["is_drift"]}
    assert moved == {"age"}
    assert found["says"] == f"age moved beyond chance ({len(found['drifts'])} features looked at)."
    assert "Where age moved" in shown(client, place, view="drift", start=str(start), end=str(end), reference="first")


def test_a_number_leads_to_an_alarm_rule_that_watches_it(client: TestClient, place: Place):
    text = shown(client, place)
    href = unescape(re.findall(r'href="([^"]*/alarms/rules/new[^"]*)"', text)[0])
    query = parse_qs(urlsplit(href).query)
    assert (query["kind"], query["what"]) == (["model"], ["fraud/accuracy_score"])


@pytest.mark.parametrize("name", [LONG, "data.json", ".."], ids=["hostile", "json", "dots"])
def test_a_model_of_any_name_has_a_page(client: TestClient, place: Place, name: str):
    text = client.get(links.models(place.experiment_id)).text
    hrefs = re.findall(rf'href="(/experiments/{re.escape(quote(place.experiment_id))}/models/[^"]+)"', text)
    pages = [client.get(unescape(href)) for href in hrefs]
    assert all(page.status_code == 200 for page in pages)
    titles = [unescape(re.findall(r'<h1 class="anywhere">(.*?)</h1>', page.text)[0]) for page in pages]
    assert name in titles
    assert all("<script>alert" not in page.text for page in pages)


@pytest.mark.parametrize(
    "query", ["view=nonsense", "range=year", "metric=beauty", "by=planet", "as_of=then", "view=rows&only=odd",
              "view=rows&page_token=x", "start=5&end=2", "view=drift&reference=never"],
)  # fmt: skip
def test_what_cannot_be_shown_is_said_and_the_rest_is(client: TestClient, place: Place, query: str):
    answer = client.get(f"/experiments/{place.experiment_id}/models/fraud?{query}")
    assert answer.status_code == 400, query
    assert 'role="alert"' in answer.text
    assert '<h1 class="anywhere">fraud</h1>' in answer.text
    assert client.get(f"/experiments/{place.experiment_id}/models/fraud.json?{query}").status_code == 400


def test_a_model_without_labels_says_how_to_log_them(client: TestClient, place: Place):
    text = client.get(links.model(place.experiment_id, LONG)).text
    assert "log_labels" in text
    assert "no labels have come yet" in text


def test_what_is_not_counted_yet_is_said_to_wait(client: TestClient, place: Place):
    text = client.get(links.model(place.experiment_id, "new")).text
    assert "Not counted yet" in text
    assert "1 window waits" in text


def test_a_stranger_model_is_not_found(client: TestClient, place: Place):
    assert client.get(links.model(place.experiment_id, "nobody")).status_code == 404
    assert client.get(links.models("nowhere")).status_code == 404


def test_an_experiment_without_models_shows_the_lines_of_python(own_store: Store):
    with TestClient(create_app(own_store), base_url="http://localhost") as fresh:
        text = fresh.get("/experiments/0/models").text
    assert "log_predictions(" in text
    assert "log_labels(" in text
