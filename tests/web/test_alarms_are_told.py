"""The pages of alarms tell what rings and why: from the store's numbers, whatever the names are."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from steelyard.monitor import draft_alarm_rule
from steelyard.records import Store
from steelyard.records.alarm import Finding
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web.alarmlist import lanes_of, rang_since
from steelyard.web.alarmwords import headline_of, promise_of

from . import sample_alarms, sample_runs

EVIL = "".join(sample_runs.HOSTILE)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("alarms"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rung(watched: Store) -> sample_alarms.Rung:
    return sample_alarms.fill(watched, looks=2, hostile=EVIL)


@pytest.fixture
def client(watched: Store, rung: sample_alarms.Rung) -> Iterator[TestClient]:
    with TestClient(create_app(watched), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def words(page: str) -> str:
    """Return a page's words as people read them."""
    bare = re.sub(r"<(script|svg|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def test_the_first_line_says_what_rings(client: TestClient, rung: sample_alarms.Rung) -> None:
    told = client.get(f"/experiments/{rung.experiment_id}/alarms.json").json()
    page = client.get(f"/experiments/{rung.experiment_id}/alarms").text
    n = sum(alarm["state"] == "open" for alarm in told["alarms"])
    assert n >= 2
    assert told["says"] == f"{n} open; nothing else rang in the last 7 days."
    assert told["says"] in words(page)


def test_every_alarm_stands_in_the_list_and_on_the_time_line(client: TestClient, rung: sample_alarms.Rung) -> None:
    told = client.get(f"/experiments/{rung.experiment_id}/alarms.json").json()
    page = client.get(f"/experiments/{rung.experiment_id}/alarms").text
    for alarm in told["alarms"]:
        assert page.count(f'href="/alarms/{alarm["alarm_id"]}"') == 2
        assert " ".join(alarm["last"]["sentence"].split())[:60] in words(page)


def test_the_list_is_narrowed_by_state_and_by_rule(client: TestClient, rung: sample_alarms.Rung) -> None:
    here = f"/experiments/{rung.experiment_id}/alarms.json"
    assert client.get(here, params={"state": "closed"}).json()["alarms"] == []
    rule = rung.rules["quality"].rule_id
    narrowed = client.get(here, params={"rule": rule}).json()
    assert [alarm["alarm_id"] for alarm in narrowed["alarms"]] == [rung.alarm.alarm_id]
    assert narrowed["rule_name"] == "quality"


def test_a_list_pages_by_key_without_a_gap(own_store: Store) -> None:
    experiment = own_store.experiments.create("many").experiment_id
    rule = own_store.alarms.create_rule(
        experiment, draft_alarm_rule("each", traces="error_rate", above=0.1, by="name"), by="Ada"
    )
    (claimed,) = own_store.alarms.claim_rules("w", now_ms=sample_alarms.DAY)
    found = [Finding(group=f"g{n:03}", kind="bad", sentence=f"It is bad in g{n:03}.") for n in range(120)]
    own_store.alarms.found(claimed, found, memory=b"", looked_until_ms=1, now_ms=sample_alarms.DAY)
    assert rule.rule_id
    seen: list[str] = []
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        here, query = f"/experiments/{experiment}/alarms.json", {}
        while True:
            told = client.get(here, params=query).json()
            seen += [alarm["group"] for alarm in told["alarms"]]
            if told["older"] is None:
                break
            query = {"after": told["older"]["after"], "trail": told["older"]["trail"]}
    assert sorted(seen) == [f"g{n:03}" for n in range(120)]
    assert told["newer"] is not None


def test_the_slice_that_fell_is_the_first_row_and_the_answer(client: TestClient, rung: sample_alarms.Rung) -> None:
    evidence = client.get(f"/alarms/{rung.alarm.alarm_id}.json").json()["evidence"]
    first = evidence["slices"][0]
    assert first["name"] == "tag.topic = space"
    assert first["verdict"] == "worse"
    assert first["difference"]["low"] < first["difference"]["value"] < first["difference"]["high"] < 0
    share = first["share"]
    assert client.get(evidence["changes"]).status_code == 200
    parts = [row["share"] for row in evidence["slices"] if row["name"].startswith("tag.topic = ")]
    assert sum(parts) == pytest.approx(1.0, abs=1e-6)
    assert evidence["says"].startswith(f"{100 * share:.0f}% of the change comes from tag.topic = space")
    page = client.get(f"/alarms/{rung.alarm.alarm_id}").text
    assert evidence["says"] in words(page)


def test_the_heading_is_the_sentence_with_interval_and_n(client: TestClient, rung: sample_alarms.Rung) -> None:
    page = client.get(f"/alarms/{rung.alarm.alarm_id}").text
    heading = html.unescape(page.split('alarm-says">')[1].split("</h1>")[0])
    assert heading == rung.alarm.last.sentence
    assert re.search(r"\[0\.\d+, 0\.\d+\] \(n=\d+\)", heading)


def test_the_link_to_all_rows_finds_as_many_as_it_says(client: TestClient, rung: sample_alarms.Rung) -> None:
    told = client.get(f"/alarms/{rung.alarm.alarm_id}.json").json()["evidence"]
    address, _, query = told["all_rows"].partition("?")
    found = client.get(f"{address}.json?{query}&size=200").json()
    assert len(found["traces"]) == told["matching"] > 0
    ids = {trace["trace_id"] for trace in found["traces"]}
    assert {row["trace_id"] for row in told["rows"]} <= ids


def test_the_chart_has_the_alarm_its_limit_and_its_baseline(client: TestClient, rung: sample_alarms.Rung) -> None:
    told = client.get(f"/alarms/{rung.alarm.alarm_id}.json").json()
    kinds = {mark["kind"] for mark in told["series"]["chart"]["marks"]}
    lines = {curve["kind"] for curve in told["series"]["chart"]["curves"]}
    assert {"alarmed", "baseline", "ci"} <= kinds
    assert {"limit", "based", "dots said"} <= lines
    last = [point for point in told["series"]["points"] if point["value"] is not None and point["n"] > 40][-1]
    assert last["value"] == pytest.approx(rung.alarm.last.value, abs=0.2)
    assert "Baseline:" in told["series"]["baseline"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("quality", "chance alone does this in at most 2.5% of the looks"),
        ("slow", "the bound of the interval, and not only the value, lies above the limit"),
    ],
)
def test_the_promise_of_the_method_stands_on_the_page(
    client: TestClient, watched: Store, rung: sample_alarms.Rung, name: str, says: str
) -> None:
    alarms = watched.alarms.alarms(rule_id=rung.rules[name].rule_id).items
    assert says in words(client.get(f"/alarms/{alarms[0].alarm_id}").text)


def test_a_sequential_rule_promises_its_rate_of_false_alarms() -> None:
    draft = draft_alarm_rule("every row", score="polite", below=0.7, method="anytime", false_alarms_per_year=2)
    found = Finding(kind="bad", value=0.5, low=0.4, high=0.6, n=90, limit=0.7, evidence={"shape": "rate"})
    told = " ".join(promise_of(draft, found))
    assert "lets through at most 2 false alarms a year in the mean" in told
    assert "It was held against 70.0%." in told


def test_who_was_told_stands_on_the_page(client: TestClient, rung: sample_alarms.Rung) -> None:
    page = words(client.get(f"/alarms/{rung.alarm.alarm_id}").text)
    assert "waiting on-call webhook" in page


def test_hostile_names_are_words_on_every_page(client: TestClient, watched: Store, rung: sample_alarms.Rung) -> None:
    here = f"/experiments/{rung.experiment_id}/alarms"
    ids = [rule.rule_id for rule in rung.rules.values()]
    alarms = [alarm.alarm_id for alarm in watched.alarms.alarms([rung.experiment_id]).items]
    for address in (
        here,
        f"{here}/rules",
        *(f"{here}/rules/{one}" for one in ids),
        *(f"/alarms/{one}" for one in alarms),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "<script>window.__pwned" not in answer.text
        assert client.get(f"{address}.json").status_code == 200, address


def test_an_alarm_whose_rule_has_gone_is_told_all_the_same(own_store: Store) -> None:
    found = sample_alarms.ring(own_store)
    own_store.alarms.delete_rule(found.rules["quality"].rule_id, by="Ada")
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        page = words(client.get(f"/alarms/{found.alarm.alarm_id}").text)
        here = f"/experiments/{found.experiment_id}/alarms"
        narrowed = client.get(here, params={"rule": found.rules["quality"].rule_id}).text
    assert "quality , which has gone" in page or "quality, which has gone" in page
    assert "closed" in page
    assert "What changed most is tag.topic = space" in page
    assert "quality" in words(narrowed)


def test_an_experiment_without_rules_says_what_could_be_watched(own_store: Store) -> None:
    experiment = own_store.experiments.create("new").experiment_id
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        page = client.get(f"/experiments/{experiment}/alarms").text
    assert "Nothing is watched yet" in page
    assert "create_alarm_rule(" in page
    assert f"/experiments/{experiment}/alarms/rules/new?series=traces%3Aerror_rate" in page


def test_an_unknown_alarm_is_not_found(client: TestClient) -> None:
    assert client.get("/alarms/al-nothing").status_code == 404


def test_lanes_hold_their_alarms_within_the_line(watched: Store, rung: sample_alarms.Rung) -> None:
    start, end = rung.now_ms - 7 * sample_alarms.DAY, rung.now_ms + sample_alarms.HOUR
    alarms = rang_since(watched, rung.experiment_id, start)
    lanes = lanes_of(alarms, start_ms=start, end_ms=end)
    bars = [bar for lane in lanes for bar in lane.bars]
    assert {bar.alarm.alarm_id for bar in bars} == {alarm.alarm_id for alarm in alarms}
    for bar in bars:
        x, width = float(bar.x.rstrip("%")), float(bar.width.rstrip("%"))
        assert 0 <= x <= 100
        assert 0 < width <= 100.01 - x
    assert lanes[0].severity == "critical"


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((2, 1, 0), "2 open, 1 acknowledged; nothing else rang in the last 7 days."),
        ((0, 0, 1), "Nothing rings now; 1 alarm rang in the last 7 days and is over."),
        ((1, 0, 3), "1 open; 3 others rang in the last 7 days and are over."),
    ],
    ids=["ringing", "over", "both"],
)
def test_the_headline_counts(counts: tuple[int, int, int], said: str) -> None:
    assert headline_of(*counts, days=7, rules=1, paused=0, silenced=0) == said
