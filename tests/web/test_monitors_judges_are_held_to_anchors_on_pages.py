"""The anchors of a judge on its page: how far it has moved, which rows, and all that can be done with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.records.dataset import RecordDraft
from steelyard.server import create_app
from steelyard.store import open_store

from .sample_monitors import WORDS, anchors_made, read, registered

HERE = "/judges/correctness?experiment=0&view=anchors"
DATA = "/judges/correctness.json?experiment=0&view=anchors"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    registered(opened, "0", "correctness")
    yield opened
    opened.close()


@pytest.fixture
def anchor_id(store: Store) -> str:
    made = anchors_made(store, "0")
    registered(store, "0", "correctness", WORDS + " Say no if a policy is wrong.")
    read(store, made, wrong=range(22, 40))
    return made


@pytest.fixture
def client(store: Store) -> TestClient:
    """A client of a server beside which no workers run."""
    return TestClient(create_app(store), base_url="http://localhost", follow_redirects=False)


def _do(client: TestClient, **form: str) -> int:
    return client.post("/judges/anchors", data={"judge": "correctness", "experiment": "0", **form}).status_code


def test_how_far_each_reading_lies_from_the_base_is_told(client: TestClient, anchor_id: str):
    view = client.get(DATA).json()["anchors"]
    assert view["drift"]["drifted"] is True
    assert view["drift"]["changed_rows"] == 8
    newest, second, base = view["readings"]
    assert newest["difference"]["value"] == pytest.approx(-8 / 40)
    assert newest["difference"]["high"] < 0
    assert second["difference"]["value"] == pytest.approx(1 / 40)
    assert base["is_base"] is True
    assert view["drift"]["own_noise"]["value"] == pytest.approx(1 / 40)
    assert {(row["before"], row["after"]) for row in view["drift"]["moved"]} == {("yes", "no")}
    page = client.get(HERE).text
    assert "has moved by −0.200" in page
    assert "May I return order" in page


def test_an_older_reading_is_shown_and_made_the_base(client: TestClient, store: Store, anchor_id: str):
    second = store.anchors.readings(anchor_id)[1].reading_id
    assert client.get(f"{DATA}&reading={second}").json()["anchors"]["drift"]["changed_rows"] == 1
    assert _do(client, action="base", reading=second) == 303
    assert store.anchors.get(anchor_id).base_reading == second


def test_a_reading_is_asked_for_stopped_and_scheduled_by_forms(client: TestClient, store: Store, anchor_id: str):
    assert _do(client, action="read") == 303
    asked = store.anchors.claim("w", now_ms=4_000_000_000_000)
    assert asked is not None
    page = client.get(HERE).text
    assert "reading: 0 of 40" in page
    store.anchors.finish(replace(asked, state="failed", error="no key <b>"), now_ms=4_000_000_000_500)
    assert "no key &lt;b&gt;" in client.get(HERE).text
    assert _do(client, action="stop") == 303
    assert store.anchors.get(anchor_id).state == "stopped"
    assert "Start again" in client.get(HERE).text
    assert _do(client, action="start") == 303
    assert _do(client, action="change", every="6", max_cost="0.25") == 303
    found = store.anchors.get(anchor_id)
    assert (found.state, found.every_ms, found.max_cost) == ("active", 21_600_000, 0.25)
    assert "cannot be undone" in client.get(f"{HERE}&ask=delete").text
    assert _do(client, action="delete") == 400
    assert _do(client, action="delete", sure="yes") == 303
    assert store.anchors.find("0", "correctness") is None


def test_a_set_is_made_of_a_dataset(client: TestClient, store: Store):
    dataset = store.datasets.create("rows <i>", experiment_ids=["0"])
    store.datasets.merge(dataset.dataset_id, [RecordDraft(inputs={"q": "a"}, outputs="b")])
    assert "rows &lt;i&gt;" in client.get(HERE).text
    made = _do(client, action="make", dataset=dataset.dataset_id, every="12", max_cost="")
    assert made == 303
    found = store.anchors.find("0", "correctness")
    assert found is not None
    assert (found.n, found.every_ms, found.max_cost) == (1, 43_200_000, None)
    assert "It was not read yet" in client.get(HERE).text


def test_what_cannot_be_used_is_said_beside_its_field(client: TestClient, store: Store):
    dataset = store.datasets.create("rows", experiment_ids=["0"])
    store.datasets.merge(dataset.dataset_id, [RecordDraft(inputs={"q": "a"}, outputs="b")])
    wrong = (("dataset", ""), ("dataset", "d-nothing"), ("every", "0"), ("every", "soon"), ("max_cost", "-1"))
    for field, typed in wrong:
        form = {"dataset": dataset.dataset_id, "every": "12", "max_cost": "", field: typed}
        answer = client.post(
            "/judges/anchors", data={"judge": "correctness", "experiment": "0", "action": "make", **form}
        )
        assert answer.status_code == 400
        start = answer.text.index(f'name="{field}"')
        assert 'aria-invalid="true"' in answer.text[start : start + 300], (field, typed)
    assert store.anchors.find("0", "correctness") is None


def test_who_is_not_registered_is_held_to_nothing(client: TestClient):
    page = client.get("/judges/nobody?experiment=0&view=anchors").text
    assert "Only a registered judge can be held to anchors" in page
    answer = client.post("/judges/anchors", data={"judge": "nobody", "experiment": "0", "action": "make"})
    assert answer.status_code == 404
