"""Rules and channels on pages: written, tried on the past, turned off; what was typed stays, secrets do not."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from steelyard.monitor import draft_alarm_rule
from steelyard.records import Store
from steelyard.records.alarm import AlarmRule, Finding, RuleDraft
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web.alarmforms import draft_of, form_of

from . import sample_alarms, sample_runs

_numbers = itertools.count(1)
DAY, HOUR = sample_alarms.DAY, sample_alarms.HOUR
GIVEN: dict[str, Any] = {
    "action": "keep",
    "name": "error rate",
    "series": "traces:error_rate",
    "method": "threshold",
    "direction": "above",
    "value": "5%",
    "window": "1h",
    "every": "5m",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("rules"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def busy(desk: Store) -> str:
    """An experiment with two days of traffic whose last hours are bad, and no rule."""
    experiment_id = desk.experiments.create("busy desk").experiment_id
    now = int(time.time() * 1000) // HOUR * HOUR
    sample_alarms.traffic(desk, experiment_id, start=now - 30 * HOUR, end=now, fell=now - 10 * HOUR, an_hour=24)
    return experiment_id


@pytest.fixture
def place(desk: Store) -> str:
    """An experiment of a test's own, without traffic."""
    return desk.experiments.create(f"own desk {next(_numbers)}").experiment_id


@pytest.fixture
def client(desk: Store) -> Iterator[TestClient]:
    with TestClient(create_app(desk), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def rules(place: str) -> str:
    return f"/experiments/{place}/alarms/rules"


def kept(desk: Store, place: str, draft: RuleDraft | None = None) -> AlarmRule:
    return desk.alarms.create_rule(place, draft or draft_alarm_rule("slow", traces="duration_p95", above=900), by="Ada")


def test_a_rule_is_written(client: TestClient, desk: Store, place: str) -> None:
    answer = client.post(f"{rules(place)}/new", data={**GIVEN, "note": "Roll back.", "severity": "critical"})
    assert answer.status_code == 303
    (rule,) = desk.alarms.rules([place])
    assert answer.headers["location"] == f"{rules(place)}/{rule.rule_id}?saved=made"
    assert rule.draft == draft_alarm_rule(
        "error rate", traces="error_rate", above=0.05, note="Roll back.", severity="critical"
    )
    page = client.get(answer.headers["location"]).text
    assert "Kept. It is looked at in the next seconds." in page
    assert "the whole 95% interval over an hour lies above 5.0%" in page


@pytest.mark.parametrize(
    "draft",
    [
        draft_alarm_rule("a", score="tone", baseline="last_week", margin=0.02, window="1d", by="tag.topic"),
        draft_alarm_rule("b", score="tone", baseline=(DAY, 2 * DAY), source="LLM_JUDGE", again="4h", no_data="alarm"),
        draft_alarm_rule("c", drift="output.length", distance="ks", filter_string="tag.env = 'live'"),
        draft_alarm_rule("d", score="tone", below=3.5, method="anytime", value_range=(1, 5), false_alarms_per_year=4),
        draft_alarm_rule("e", judge="polite", recover_after=3),
        draft_alarm_rule("f", monitor="backlog:polite", above=500, every="90s"),
        draft_alarm_rule("g", model="churn/accuracy_score", below=0.8, confidence=0.99, min_n=100),
        draft_alarm_rule("h", score="tone", baseline="previous", method="anytime"),
    ],
    ids=lambda draft: draft.name,
)
def test_a_draft_stands_in_the_form_as_it_is(draft: RuleDraft) -> None:
    assert draft_of(form_of(draft)) == draft


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"name": ""}, "name", "needs a name"),
        ({"series": ""}, "series", "Choose what is watched"),
        ({"value": ""}, "value", "Write the limit"),
        ({"value": "much"}, "value", "is no number"),
        ({"window": "soon"}, "window", "is no length of time"),
        ({"every": "1s"}, "every", "every_ms"),
        ({"filter": "nonsense ="}, "filter", "filter"),
        ({"confidence": "120"}, "confidence", "out of range"),
        ({"method": "anytime", "series": "traces:cost", "baseline": ""}, "method", "no sequential test holds"),
        ({"method": "change", "baseline": "window"}, "baseline_from", "is no date and time"),
        ({"channels": "nobody"}, "channels", "There is no channel"),
        ({"min_n": "0"}, "min_n", "out of range"),
        ({"series": "monitor:backlog:x", "by": "name"}, "by", "has no groups"),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else "",
)
def test_what_is_wrong_stands_beside_its_field(
    client: TestClient, desk: Store, place: str, change: dict[str, str], field: str, says: str
) -> None:
    given = {**GIVEN, "note": "typed and kept", **change}
    answer = client.post(f"{rules(place)}/new", data=given)
    assert answer.status_code == 400
    assert desk.alarms.rules([place]) == ()
    told = client.post(f"{rules(place)}/new", data={**given, "action": "keep"}).text
    assert "typed and kept" in told
    assert says in told
    if field != "channels":
        beside = told.split(f'id="f-{field}"' if field != "method" else 'class="methods"')[1][:2_000]
        assert says in beside
        assert 'role="alert"' in beside


def test_a_link_from_another_page_fills_the_form(client: TestClient, place: str) -> None:
    wanted = {"series": "score:correctness", "by": "tag.topic", "filter": "status = 'OK'", "source": "HUMAN"}
    form = client.get(f"/experiments/{place}/alarms/rules/new.json", params=wanted).json()["form"]
    assert {name: form[name] for name in ("kind", "by", "filter", "source")} == {
        "kind": "score",
        "by": "tag.topic",
        "filter": "status = 'OK'",
        "source": "HUMAN",
    }


def test_a_rule_of_a_name_that_is_taken_is_refused(client: TestClient, desk: Store, place: str) -> None:
    kept(desk, place)
    answer = client.post(f"{rules(place)}/new", data={**GIVEN, "name": "slow"})
    assert answer.status_code == 400
    assert "has a rule named" in answer.text.split('id="f-name"')[1][:1_500]


def test_a_rule_is_tried_on_the_past_before_it_is_kept(client: TestClient, desk: Store, busy: str) -> None:
    given = {**GIVEN, "action": "try7", "name": "", "series": "score:correctness", "direction": "below"}
    before = (desk.alarms.rules([busy]), desk.alarms.alarms([busy]).items)
    page = client.post(f"{rules(busy)}/new", data={**given, "value": "0.87", "window": "6h", "every": "2h"})
    assert page.status_code == 200
    assert "It would have rung once in the last 7 days, and it would ring now." in page.text
    assert 'class="alarmed"' in page.text
    assert 'value="0.87"' in page.text
    fine = client.post(f"{rules(busy)}/new", data={**given, "value": "0.01", "window": "6h", "every": "2h"})
    assert "It would not have rung in the last 7 days." in fine.text
    assert (desk.alarms.rules([busy]), desk.alarms.alarms([busy]).items) == before


def test_a_rule_on_a_monitor_cannot_be_tried_on_the_past(client: TestClient, place: str) -> None:
    given = {**GIVEN, "action": "try30", "series": "monitor:backlog:tone", "value": "500"}
    answer = client.post(f"{rules(place)}/new", data=given)
    assert answer.status_code == 400
    assert "cannot be tried on past days" in answer.text


def test_a_rule_says_how_each_group_stands_now(client: TestClient, desk: Store, busy: str) -> None:
    rule = kept(desk, busy, draft_alarm_rule("by topic", score="correctness", below=0.7, by="tag.topic", window="8h"))
    told = client.get(f"{rules(busy)}/{rule.rule_id}.json").json()
    assert {row["group"]: row["kind"] for row in told["row"]["groups"]}["space"] == "bad"
    listed = client.get(f"{rules(busy)}.json").json()["rules"]
    groups = next(row for row in listed if row["rule"]["rule_id"] == rule.rule_id)["groups"]
    assert groups == told["row"]["groups"]
    desk.alarms.delete_rule(rule.rule_id, by="Ada")


def test_a_rule_is_turned_off_and_on(client: TestClient, desk: Store, place: str) -> None:
    rule = kept(desk, place)
    for action, enabled in (("disable", False), ("enable", True)):
        answer = client.post(rules(place), data={"action": action, "rule": rule.rule_id, "who": "Grace"})
        assert answer.headers["location"] == f"{rules(place)}?saved={action}d"
        assert desk.alarms.rule(rule.rule_id).enabled is enabled
        own = client.post(f"{rules(place)}/{rule.rule_id}", data={"action": action})
        assert own.status_code == 303
    assert client.post(rules(place), data={"action": "burn", "rule": rule.rule_id}).status_code == 400


def test_a_change_stands_in_the_history(client: TestClient, desk: Store, place: str) -> None:
    rule = kept(desk, place)
    shown = {name: value for name, value in vars_of(rule).items() if value}
    answer = client.post(
        f"{rules(place)}/{rule.rule_id}", data={**shown, "value": "1200", "action": "keep", "who": "Lin"}
    )
    assert answer.status_code == 303
    (line, _) = client.get(f"{rules(place)}/{rule.rule_id}.json").json()["history"]
    assert line["changes"] == [["value", "900", "1200"]]
    assert (line["change"]["by"], line["change"]["version"]) == ("Lin", 2)


def vars_of(rule: AlarmRule) -> dict[str, Any]:
    form = form_of(rule.draft)
    return {name: getattr(form, name) for name in type(form).__dataclass_fields__}


def test_deleting_a_rule_is_confirmed_first(client: TestClient, desk: Store, place: str) -> None:
    rule = kept(desk, place)
    here = f"{rules(place)}/{rule.rule_id}"
    assert client.post(here, data={"action": "delete"}).headers["location"] == f"{here}?ask=delete"
    assert "Delete this rule?" in client.get(f"{here}?ask=delete").text
    assert client.post(here, data={"action": "delete", "sure": "yes"}).status_code == 303
    assert desk.alarms.rules([place]) == ()
    assert client.get(here).status_code == 404


def test_a_rule_that_paused_says_why(own_store: Store) -> None:
    place = own_store.experiments.create("paused").experiment_id
    rule = kept(own_store, place)
    for turn in range(10):
        (claimed,) = own_store.alarms.claim_rules("w", now_ms=(turn + 1) * DAY)
        own_store.alarms.failed(claimed, "The filter <b>no longer</b> parses.", now_ms=(turn + 1) * DAY)
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        for address in (rules(place), f"{rules(place)}/{rule.rule_id}", f"/experiments/{place}/alarms"):
            page = client.get(address).text
            assert "The filter &lt;b&gt;no longer&lt;/b&gt; parses." in page, address
        assert "1 rule is paused and watches nothing." in client.get(f"/experiments/{place}/alarms").text


def test_a_rule_of_another_experiment_is_not_found(client: TestClient, desk: Store, place: str, busy: str) -> None:
    rule = kept(desk, place)
    assert client.get(f"{rules(busy)}/{rule.rule_id}").status_code == 404
    assert client.post(f"{rules(busy)}/{rule.rule_id}", data={"action": "disable"}).status_code == 404
    assert desk.alarms.rule(rule.rule_id).enabled


def test_a_channel_is_added_and_its_secret_never_shown(client: TestClient, desk: Store, place: str) -> None:
    here = f"/experiments/{place}/alarms/channels"
    given = {"action": "add", "name": "on call", "kind": "webhook", "target": "https://example.org/h", "who": "Ada"}
    answer = client.post(here, data={**given, "secret": "s3cr3t-words-of-ours"})
    assert answer.headers["location"] == f"{rules(place)}?saved=channel#channels"
    (channel,) = desk.alarms.channels(place)
    assert channel.has_secret
    pages = (client.get(rules(place)).text, client.get(f"{rules(place)}.json").text)
    assert all("s3cr3t" not in page for page in pages)
    assert "with a secret that is kept" in pages[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "ch-name"),
        ({"target": "ftp://example.org"}, "ch-target"),
        ({"kind": "slack", "target": "", "secret": ""}, "ch-secret"),
        ({"kind": "email", "target": "nobody", "secret": ""}, "ch-target"),
    ],
    ids=["name", "target", "slack", "email"],
)
def test_a_channel_that_cannot_be_used_keeps_all_but_its_secret(
    client: TestClient, desk: Store, place: str, change: dict[str, str], field: str
) -> None:
    given = {"action": "add", "name": "kept name", "kind": "webhook", "target": "https://example.org/h"}
    typed = {**given, "secret": "s3cr3t-words-of-ours", **change}
    answer = client.post(f"/experiments/{place}/alarms/channels", data=typed)
    assert answer.status_code == 400
    assert desk.alarms.channels(place) == ()
    assert 'role="alert"' in answer.text.split(f'id="{field}"')[1][:900]
    assert "s3cr3t" not in answer.text
    assert f'value="{typed["name"]}"' in answer.text


def test_a_test_of_a_channel_says_what_happened(
    client: TestClient, desk: Store, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_EGRESS_ALLOW", "127.0.0.1:9")
    here = f"/experiments/{place}/alarms/channels"
    client.post(here, data={"action": "add", "name": "near", "kind": "webhook", "target": "http://127.0.0.1:9/h"})
    assert len(desk.alarms.channels(place)) == 1
    assert client.post(here, data={"action": "test", "name": "near"}).status_code == 303
    told = client.get(f"{rules(place)}.json").json()["channels"][0]
    assert told["tested_ms"] > 0
    assert told["told"] is False
    assert "127.0.0.1" in told["text"]
    assert "did not arrive" in client.get(rules(place)).text
    assert client.post(here, data={"action": "test", "name": "nobody"}).status_code == 404


def test_a_channel_that_a_rule_tells_is_not_deleted(client: TestClient, desk: Store, place: str) -> None:
    here = f"/experiments/{place}/alarms/channels"
    name = "".join(sample_runs.HOSTILE).strip()[:200].strip()
    for one in ("free", name):
        given = {"action": "add", "name": one, "kind": "webhook", "target": "https://example.org/h"}
        assert client.post(here, data=given).status_code in (303, 400)
    there = [channel.name for channel in desk.alarms.channels(place)]
    kept(desk, place, draft_alarm_rule("told", traces="error_rate", above=0.1, channels=there))
    asked = client.post(here, data={"action": "delete", "name": "free"})
    assert "Delete the channel free?" in client.get(asked.headers["location"]).text
    refused = client.post(here, data={"action": "delete", "name": "free", "sure": "yes"})
    assert refused.status_code == 400
    assert "Take it out of them first" in refused.text
    assert len(desk.alarms.channels(place)) == len(there)


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (draft_alarm_rule("k1", drift="output.length", by="tag.topic", window="12h"), "above its noise floor"),
        (draft_alarm_rule("k2", judge="polite"), "has no anchor set"),
        (draft_alarm_rule("k3", monitor="backlog:polite", above=5), "has no monitor named"),
        (draft_alarm_rule("k4", model="churn/accuracy_score", below=0.8), "has no model named"),
        (draft_alarm_rule("k5", traces="count", below=1_000), "number of traces is"),
        (draft_alarm_rule("k6", score="not yet", below=0.8), "There is nothing to tell not yet"),
    ],
    ids=lambda given: given.series.kind + given.name if isinstance(given, RuleDraft) else "",
)
def test_a_rule_of_every_kind_stands_on_its_page_with_what_a_look_says(
    client: TestClient, desk: Store, busy: str, draft: RuleDraft, says: str
) -> None:
    rule = kept(desk, busy, draft)
    try:
        told = client.get(f"{rules(busy)}/{rule.rule_id}.json").json()["row"]
        page = client.get(f"{rules(busy)}/{rule.rule_id}")
        assert page.status_code == 200
        assert says in told["not_looked"] + " ".join(group["sentence"] for group in told["groups"])
    finally:
        desk.alarms.delete_rule(rule.rule_id, by="Ada")


def test_a_drift_alarm_is_drawn_against_one_reference(client: TestClient, desk: Store, busy: str) -> None:
    draft = draft_alarm_rule("moved", drift="score:correctness", window="8h", every="1h")
    rule = kept(desk, busy, draft)
    now = int(time.time() * 1000) // HOUR * HOUR
    (claimed,) = [one for one in desk.alarms.claim_rules("w", now_ms=now, most=1_000) if one.rule_id == rule.rule_id]
    found = Finding(kind="bad", sentence="It moved.", start_ms=now - 8 * HOUR, end_ms=now, value=0.3, n=90, limit=0.1)
    (alarm,) = desk.alarms.found(claimed, [found], memory=b"", looked_until_ms=now, now_ms=now)
    told = client.get(f"/alarms/{alarm.alarm_id}.json").json()
    assert {mark["kind"] for mark in told["series"]["chart"]["marks"]} >= {"baseline", "alarmed"}
    assert told["series"]["baseline"].startswith("Every window is held against ")
    assert "beyond its noise floor" in told["evidence"]["promise"][0]
    desk.alarms.delete_rule(rule.rule_id, by="Ada")


def test_an_alarm_of_missing_rows_says_so(client: TestClient, desk: Store, place: str) -> None:
    rule = kept(desk, place, draft_alarm_rule("quiet", score="tone", below=0.8, no_data="alarm"))
    now = int(time.time() * 1000)
    (claimed,) = [one for one in desk.alarms.claim_rules("w", now_ms=now, most=1_000) if one.rule_id == rule.rule_id]
    found = Finding(kind="no_data", sentence="There is nothing to tell tone.", start_ms=now - HOUR, end_ms=now)
    (alarm,) = desk.alarms.found(claimed, [found], memory=b"", looked_until_ms=now, now_ms=now)
    page = client.get(f"/alarms/{alarm.alarm_id}").text
    assert "Nothing came, so there are no rows." in page
    assert "It rang because a window had no rows" in page
