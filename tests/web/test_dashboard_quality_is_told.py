"""Quality on the dashboard: each score with its interval, its change, its chart; and what needs somebody now."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from scipy.stats import binomtest
from starlette.testclient import TestClient

from steelyard.metrics.intervals import newcombe_unpaired
from steelyard.monitor.alarm_drafts import draft_alarm_rule
from steelyard.monitor.anchors_linked import linked_scores
from steelyard.records import Finding, Store
from steelyard.records.monitor import ScorerSamplingConfig
from steelyard.server import create_app
from steelyard.store import open_store

from .sample_changes import EVIL, Changed, traffic
from .sample_monitors import fill, registered


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    store = open_store(tmp_path_factory.mktemp("quality"))
    yield traffic(store)
    store.close()


@pytest.fixture(scope="module")
def client(changed: Changed) -> Iterator[TestClient]:
    with TestClient(create_app(changed.store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def board(client: TestClient, changed: Changed, **query: str) -> dict[str, Any]:
    period = {"start": str(changed.after[0]), "end": str(changed.after[1]), **query}
    answer = client.get(f"/experiments/{changed.experiment_id}/dashboard.json?{urlencode(period)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def whole(changed: Changed, name: str, window: tuple[int, int]) -> Any:
    return changed.store.scores.windows(
        [changed.experiment_id], name, start_ms=window[0], end_ms=window[1], step_ms=window[1] - window[0],
        origin_ms=window[0],
    )[0]  # fmt: skip


def test_each_score_is_a_reading_with_its_interval_and_n(client: TestClient, changed: Changed):
    page = board(client, changed)
    assert [(one["name"], one["source"], one["rate"]) for one in page["quality"]] == [
        ("correctness", "LLM_JUDGE", True), ("reading_ease", "CODE", False)
    ]  # fmt: skip
    found, now = whole(changed, "correctness", changed.after), page["quality"][0]["now"]
    ends = binomtest(found.passed, found.verdicts).proportion_ci(method="wilson")
    assert (now["value"], now["n"], now["missing"]) == (found.passed / found.verdicts, found.verdicts, found.errors)
    assert (now["low"], now["high"]) == pytest.approx((ends.low, ends.high))


def test_its_change_is_against_the_period_before_with_an_interval(client: TestClient, changed: Changed):
    page = board(client, changed)
    now, before = (
        whole(changed, "correctness", changed.after),
        whole(changed, "correctness", (page["before_ms"], changed.after[0])),
    )
    ends = newcombe_unpaired(now.passed, now.verdicts, before.passed, before.verdicts)
    change = page["quality"][0]["change"]
    assert change["value"] == pytest.approx(now.passed / now.verdicts - before.passed / before.verdicts)
    assert (change["low"], change["high"]) == pytest.approx((float(ends.low), float(ends.high)))
    assert change["state"] == "worse"
    assert page["quality"][1]["change"]["state"] == ""  # nobody said which way is good


def test_windows_of_a_score_are_those_of_the_traffic_and_add_up(client: TestClient, changed: Changed):
    page = board(client, changed)
    for one in page["quality"]:
        assert [point["start_ms"] for point in one["points"]] == [window["start_ms"] for window in page["windows"]]
        assert sum(point["n"] for point in one["points"]) == one["now"]["n"]


def test_charts_and_the_table_show_them_on_the_same_axis(client: TestClient, changed: Changed):
    period = urlencode({"start": changed.after[0], "end": changed.after[1]})
    text = unescape(client.get(f"/experiments/{changed.experiment_id}/dashboard?{period}").text)
    assert text.index('id="h-quality"') < text.index("data-numbers")
    assert 'data-columns="11"' in text
    assert 'data-columns="12"' in text
    assert "correctness (judge)" in text
    assert text.count("<time-charts") == 1


def test_a_split_by_value_tells_the_scores_of_each(client: TestClient, changed: Changed):
    rows = board(client, changed, by="tag.topic")["values"]
    values = {row["value"]: row["scores"] for row in rows}
    assert set(values) == {"billing", "delivery", EVIL}
    assert (
        sum(scores[0]["estimate"]["n"] for scores in values.values())
        == whole(changed, "correctness", changed.after).verdicts
    )
    assert values["billing"][0]["estimate"]["value"] < 0.65 < values["delivery"][0]["estimate"]["value"]
    assert all(not row["scores"] for row in board(client, changed, by="user")["values"])


def test_a_filter_keeps_only_scores_of_its_traces(client: TestClient, changed: Changed):
    page = board(client, changed, filter="tag.topic = 'delivery'")
    assert page["quality"][0]["now"]["n"] < whole(changed, "correctness", changed.after).verdicts
    assert page["quality"][0]["now"]["value"] > 0.75


def test_nothing_stands_above_the_numbers_while_all_is_well(client: TestClient, changed: Changed):
    assert board(client, changed)["notices"] == []
    assert 'class="notices"' not in client.get(f"/experiments/{changed.experiment_id}/dashboard").text


def test_open_alarms_and_paused_monitors_stand_at_the_top_and_lead_there(own_store: Store):
    changed = traffic(own_store, each=20)
    name = f"tone {EVIL}"
    registered(own_store, changed.experiment_id, name)
    monitor = own_store.monitors.start(
        changed.experiment_id, name, config=ScorerSamplingConfig(sample_rate=1.0), by="ann"
    )
    own_store.monitors.update(monitor.monitor_id, state="paused", reason="it failed 20 times in a row")
    alarm_id = rung(own_store, changed)
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        page = board(client, changed)
        text = client.get(f"/experiments/{changed.experiment_id}/dashboard").text
        for notice in page["notices"]:
            assert client.get(notice["href"]).status_code == 200
    assert [(one["kind"], one["text"]) for one in page["notices"]] == [
        ("bad", "1 open alarm, critical"), ("bad", "1 monitor paused by itself")
    ]  # fmt: skip
    assert page["notices"][0]["href"] == f"/alarms/{alarm_id}"
    assert text.index('class="notices"') < text.index('class="readings')


def rung(store: Store, changed: Changed) -> str:
    """Have a rule find something wrong."""
    draft = draft_alarm_rule("many fail", traces="error_rate", above=0.05, severity="critical")
    store.alarms.create_rule(changed.experiment_id, draft, by="ann")
    now = changed.after[1] + 10 * 86_400_000
    rule = store.alarms.claim_rules("here", now_ms=now)[0]
    finding = Finding(
        kind="bad", sentence="Many fail.", start_ms=changed.after[0], end_ms=changed.after[1], value=0.3, n=20
    )
    return store.alarms.found(rule, [finding], memory=b"", looked_until_ms=now, now_ms=now)[0].alarm_id


def test_versions_of_a_judge_stand_on_one_scale_where_its_anchors_allow(tmp_path_factory: pytest.TempPathFactory):
    store = open_store(tmp_path_factory.mktemp("versions"))
    watched = fill(store)
    where, name = watched.experiment_id, watched.monitor.name
    with TestClient(create_app(store), base_url="http://localhost") as client:
        told = client.get(f"/experiments/{where}/dashboard.json?range=7d").json()
        page = unescape(client.get(f"/experiments/{where}/dashboard?range=7d").text)
    (one,) = [each for each in told["quality"] if each["name"] == name]
    (linked,) = linked_scores(
        store, where, name, start_ms=told["start_ms"], end_ms=told["end_ms"],
        step_ms=told["end_ms"] - told["start_ms"], origin_ms=told["start_ms"],
    )  # fmt: skip
    assert linked.linked is not None
    assert set(linked.versions) == {"1", "2"}
    assert (one["scale"], one["now"]["value"], one["now"]["n"]) == (1, linked.linked.value, linked.linked.n)
    assert one["as_said"]["value"] == linked.raw.value != linked.linked.value
    assert "as said" in page
    store.close()
