"""How long an experiment's traces are kept, and what they take: shown, changed, and refused in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.records.overview import Retention
from steelyard.server import create_app

from .sample_traces import NOON, fill

HERE = "/experiments/0/keeping"


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def test_what_is_kept_and_what_it_takes_is_told(client: TestClient, own_store: Store):
    fill(own_store, "0", 40)
    told = client.get(f"{HERE}.json").json()
    assert told["size"]["traces"] == 40
    assert told["size"]["spans"] == 80
    assert told["size"]["bytes"] == own_store.upkeep.size("0").bytes > 0
    assert told["last_ms"] == NOON
    assert told["free_bytes"] > 0
    assert told["retention"] == {"max_age_days": None, "max_bytes": None}
    assert "Spared" in client.get(HERE).text


def test_limits_are_set_shown_and_taken_back(client: TestClient, own_store: Store):
    answer = client.post(HERE, data={"days": "30", "gigabytes": "1.5"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?saved=yes")
    assert own_store.upkeep.retention("0") == Retention(max_age_days=30, max_bytes=1_500_000_000)
    page = client.get(answer.headers["location"]).text
    assert 'value="30"' in page
    assert 'value="1.5"' in page
    client.post(HERE, data={"days": "", "gigabytes": ""})
    assert own_store.upkeep.retention("0") == Retention()


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"days": "-1"}, "days"),
        ({"days": "a month"}, "days"),
        ({"days": "nan"}, "days"),
        ({"days": "1e9"}, "days"),
        ({"gigabytes": "0", "days": "7"}, "gigabytes"),
        ({"gigabytes": "inf"}, "gigabytes"),
    ],
    ids=["negative", "words", "nan", "too-long", "zero", "infinite"],
)
def test_what_is_no_limit_is_said_beside_its_field_and_nothing_changes(
    form: dict[str, str], field: str, client: TestClient, own_store: Store
):
    own_store.upkeep.set_retention("0", Retention(max_age_days=9))
    answer = client.post(HERE, data=form)
    assert answer.status_code == 400
    assert f'name="{field}"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert f'value="{form[field]}"' in answer.text
    assert own_store.upkeep.retention("0") == Retention(max_age_days=9)


def test_another_site_may_not_set_limits_and_an_unknown_experiment_has_none(client: TestClient, own_store: Store):
    refused = client.post(HERE, data={"days": "1"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert own_store.upkeep.retention("0") == Retention()
    assert client.post("/experiments/77/keeping", data={"days": "1"}).status_code == 404
    assert client.get("/experiments/77/keeping").status_code == 404
