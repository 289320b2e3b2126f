"""What people do about an alarm on its page: each is a form, with its errors beside the field."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store

from . import sample_alarms


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("acted"))
    yield opened
    opened.close()


@pytest.fixture
def rung(desk: Store) -> sample_alarms.Rung:
    return sample_alarms.ring(desk, group="space")


@pytest.fixture
def client(desk: Store) -> Iterator[TestClient]:
    with TestClient(create_app(desk), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def test_somebody_takes_an_alarm_in_hand(client: TestClient, desk: Store, rung: sample_alarms.Rung) -> None:
    here = f"/alarms/{rung.alarm.alarm_id}"
    answer = client.post(here, data={"action": "acknowledge", "who": "Grace", "note": "I look at it <b>now</b>"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{here}?saved=acknowledged")
    kept = desk.alarms.alarm(rung.alarm.alarm_id)
    assert (kept.state, kept.acknowledged_by) == ("acknowledged", "Grace")
    page = client.get(answer.headers["location"]).text
    assert "It is in your hand." in page
    assert "I look at it &lt;b&gt;now&lt;/b&gt;" in page
    assert 'name="action" value="acknowledge"' not in page


def test_the_name_is_asked_once_and_remembered(client: TestClient, desk: Store, rung: sample_alarms.Rung) -> None:
    here = f"/alarms/{rung.alarm.alarm_id}"
    refused = client.post(here, data={"action": "note", "text": "kept while the name is asked"})
    assert refused.status_code == 400
    assert "Say who you are" in refused.text
    assert "kept while the name is asked" in refused.text
    assert client.post(here, data={"action": "note", "text": "one", "who": "Lin Ø"}).status_code == 303
    assert client.post(here, data={"action": "note", "text": "two"}).status_code == 303
    assert [event.by for event in desk.alarms.events(rung.alarm.alarm_id) if event.action == "noted"] == ["Lin Ø"] * 2


@pytest.mark.parametrize(("reach", "group"), [("rule", None), ("group", "space")])
def test_an_alarm_is_silenced(
    client: TestClient, desk: Store, rung: sample_alarms.Rung, reach: str, group: str | None
) -> None:
    here = f"/alarms/{rung.alarm.alarm_id}"
    given = {"action": "silence", "who": "Grace", "reach": reach, "length": "8h", "reason": "a planned change"}
    assert client.post(here, data=given).status_code == 303
    now = int(time.time() * 1000)
    (silence,) = desk.alarms.silences(rung.experiment_id, now_ms=now)
    assert (silence.group, silence.reason, silence.created_by) == (group, "a planned change", "Grace")
    assert abs(silence.until_ms - now - 8 * sample_alarms.HOUR) < sample_alarms.HOUR
    assert desk.alarms.alarm(rung.alarm.alarm_id).silenced
    listed = f"/experiments/{rung.experiment_id}/alarms"
    assert "a planned change" in client.get(listed).text
    ended = client.post(listed, data={"action": "end_silence", "silence": silence.silence_id})
    assert ended.status_code == 303
    assert desk.alarms.silences(rung.experiment_id, now_ms=now) == ()


def test_a_silence_until_a_moment_that_is_over_is_refused(client: TestClient, rung: sample_alarms.Rung) -> None:
    given = {"action": "silence", "who": "Grace", "length": "until", "until": "2020-05-04T10:30", "reason": "typed"}
    answer = client.post(f"/alarms/{rung.alarm.alarm_id}", data=given)
    assert answer.status_code == 400
    assert "That moment is over." in answer.text
    assert 'value="2020-05-04T10:30"' in answer.text
    assert 'value="typed"' in answer.text
    empty = client.post(f"/alarms/{rung.alarm.alarm_id}", data={**given, "until": ""})
    assert "is no date and time (UTC)" in empty.text


def test_closing_is_confirmed_first(client: TestClient, desk: Store, rung: sample_alarms.Rung) -> None:
    here = f"/alarms/{rung.alarm.alarm_id}"
    asked = client.post(here, data={"action": "close", "who": "Grace"})
    assert asked.headers["location"] == f"{here}?ask=close#ask"
    assert "Close this alarm?" in client.get(f"{here}?ask=close").text
    assert desk.alarms.alarm(rung.alarm.alarm_id).state == "open"
    assert client.post(here, data={"action": "close", "who": "Grace", "sure": "yes"}).status_code == 303
    assert desk.alarms.alarm(rung.alarm.alarm_id).state == "closed"
    again = client.post(here, data={"action": "acknowledge", "who": "Grace"})
    assert again.status_code == 400


def test_its_rows_become_a_review_queue(client: TestClient, desk: Store, rung: sample_alarms.Rung) -> None:
    here = f"/alarms/{rung.alarm.alarm_id}"
    given = {"action": "queue", "who": "Grace", "queue": f"what fell {rung.experiment_id}"}
    assert client.post(here, data=given).status_code == 303
    queue = desk.reviews.find(rung.experiment_id, given["queue"])
    assert queue is not None
    assert queue.counts.pending == 4
    page = client.get(here).text
    assert f'href="/review/{queue.queue_id}"' in page
    assert client.get(f"/review/{queue.queue_id}").status_code == 200


def test_its_rows_become_test_data(client: TestClient, desk: Store, rung: sample_alarms.Rung) -> None:
    here = f"/alarms/{rung.alarm.alarm_id}"
    given = {"action": "dataset", "who": "Grace", "dataset": f"rows that fell {rung.experiment_id}"}
    assert client.post(here, data=given).status_code == 303
    dataset = desk.datasets.find(given["dataset"])
    assert dataset is not None
    records = desk.datasets.records(dataset.dataset_id, max_results=10).items
    asked = {info.request_preview for info in desk.traces.search([rung.experiment_id]).items}
    assert {record.inputs["question"] for record in records} == asked
    assert f'href="/datasets/{dataset.dataset_id}"' in client.get(here).text


def test_a_name_that_cannot_be_used_is_told_beside_its_field(
    client: TestClient, desk: Store, rung: sample_alarms.Rung
) -> None:
    given = {"action": "dataset", "who": "Grace", "dataset": "x" * 600}
    answer = client.post(f"/alarms/{rung.alarm.alarm_id}", data=given)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text.split('id="dat-name"')[1][:1_500]
    assert "x" * 600 in answer.text


def test_an_unknown_action_is_refused(client: TestClient, rung: sample_alarms.Rung) -> None:
    assert client.post(f"/alarms/{rung.alarm.alarm_id}", data={"action": "<b>", "who": "x"}).status_code == 400
    assert client.post(f"/experiments/{rung.experiment_id}/alarms", data={"action": "x"}).status_code == 400


def test_a_silence_of_another_experiment_is_not_ended(
    client: TestClient, desk: Store, rung: sample_alarms.Rung
) -> None:
    other = desk.experiments.create(f"other {rung.experiment_id}").experiment_id
    now = int(time.time() * 1000)
    silence = desk.alarms.silence(other, until_ms=now + sample_alarms.HOUR, by="Ada")
    answer = client.post(
        f"/experiments/{rung.experiment_id}/alarms",
        data={"action": "end_silence", "silence": silence.silence_id, "who": "Grace"},
    )
    assert answer.status_code == 404
    assert len(desk.alarms.silences(other, now_ms=now)) == 1
