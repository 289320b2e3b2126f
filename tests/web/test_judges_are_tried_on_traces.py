"""Judges are tried on stored traces on a page: side by side, bounded, and kept only if that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.llm.server import LlmServer

from steelyard.feedback import judge_against_people
from steelyard.records import Store
from steelyard.server import create_app
from steelyard.web import judgetrials

from .sample_judges import Judged

pytestmark = pytest.mark.usefixtures("no_keys")


def opened(store: Store) -> TestClient:
    return TestClient(create_app(store), base_url="http://localhost", follow_redirects=False)


@pytest.fixture
def client(kept: Store) -> Iterator[TestClient]:
    with opened(kept) as found:
        yield found


@pytest.fixture
def own_client(copied: Store) -> Iterator[TestClient]:
    with opened(copied) as found:
        yield found


def address(judged: Judged, name: str = "correctness", *, face: str = "", **query: str) -> str:
    told = "".join(f"&{key}={value}" for key, value in query.items())
    return f"/judges/{name}{face}?experiment={judged.experiment_id}{told}"


def seen(text: str) -> str:
    """Return what a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def try_on(client: TestClient, judged: Judged, **form: Any) -> Any:
    return client.post("/judges/try", data={"judge": "correctness", "experiment": judged.experiment_id, **form})


def test_without_a_key_the_trial_says_so_before_anything_is_asked(client: TestClient, judged: Judged):
    text = client.get(address(judged, view="try")).text
    assert "No version can be asked by this server" in text
    assert "OPENAI_API_KEY is not set" in text
    answer = try_on(client, judged, version="2", traces="newest")
    assert answer.status_code == 400
    assert "OPENAI_API_KEY is not set" in answer.text


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    def rule(prompt: str, schema: Any) -> dict[str, Any]:
        return {"result": "three working days" in prompt.split("Say no")[0] or "A refund takes" in prompt}

    with LlmServer(rule=rule) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        yield server


def test_two_versions_are_tried_side_by_side_and_nothing_is_kept(
    own_client: TestClient, copied: Store, own: Judged, model: LlmServer
):
    report = judge_against_people("correctness", experiment_ids=[own.experiment_id], store=copied)
    wrong = [one.trace.trace_id for one in report.disagreements]
    before = copied.assessments.list(wrong)
    answer = try_on(own_client, own, version=["2", "1"], traces="disagreements", most="5")
    assert answer.status_code == 200, seen(answer.text)
    text = seen(answer.text)
    assert f"{min(5, len(wrong))} traces tried" in text
    assert "Nothing was kept" in text
    assert "Version 2 now" in text
    assert "Version 1 now" in text
    for trace_id in wrong[:5]:
        assert f"/traces/{trace_id}" in answer.text
    assert 2 <= model.calls <= 2 * min(5, len(wrong))  # what was asked before is not asked again
    assert copied.assessments.list(wrong) == before


def test_what_was_asked_to_be_kept_is_feedback_with_its_version(
    own_client: TestClient, copied: Store, own: Judged, model: LlmServer
):
    ids = own.trace_ids[:3]
    answer = try_on(own_client, own, version="2", traces="ids", ids="\n".join(ids), keep="yes")
    assert "3 verdicts were kept" in seen(answer.text)
    for trace_id in ids:
        kept = copied.assessments.list([trace_id])[trace_id]
        (one,) = [each for each in kept if each.metadata.get("steelyard.scorer.version") == "2"]
        assert (one.name, one.source.source_type) == ("correctness", "LLM_JUDGE")


def test_a_model_that_fails_is_a_failure_of_its_trace_and_no_error_of_the_page(
    own_client: TestClient, own: Judged, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(judgetrials, "_ask", _failing)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    answer = try_on(own_client, own, version="1", traces="newest", most="2")
    assert answer.status_code == 200
    assert "<b>no</b>" not in answer.text
    assert unescape(answer.text).count("ValueError: <b>no</b>") == 2


def _failing(*_: Any) -> Any:
    message = "<b>no</b>"
    raise ValueError(message)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"traces": "newest"}, "Tick one version"),
        ({"traces": "newest", "version": "9"}, "no version 9"),
        ({"traces": "ids", "version": "1"}, "Paste ids"),
        ({"traces": "ids", "version": "1", "ids": "tr-1"}, "None of these traces"),
        ({"traces": "ids", "version": "1", "ids": ",".join(f"tr-{n}" for n in range(21))}, "takes 20 traces"),
        ({"traces": "newest", "version": "1", "most": "21"}, "no number of traces from 1 to 20"),
        ({"traces": "filter", "version": "1", "trace_filter": "tag.topic = 'none'"}, "No trace matches"),
        ({"traces": "filter", "version": "1", "trace_filter": "nonsense"}, 'name="trace_filter" value="nonsense"'),
    ],
    ids=["no version", "gone", "no ids", "not here", "too many ids", "too many", "none matches", "no filter"],
)
def test_a_trial_that_cannot_be_is_said(
    client: TestClient, judged: Judged, form: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    answer = try_on(client, judged, **form)
    assert answer.status_code == 400
    assert told in unescape(answer.text)


def test_one_trial_at_a_time_is_on_its_way(client: TestClient, judged: Judged, model: LlmServer):
    with judgetrials._busy:
        answer = try_on(client, judged, version="1", traces="newest", most="1")
    assert answer.status_code == 400
    assert "Which version" in answer.text
    assert "Somebody is trying a judge" in answer.text
    assert model.calls == 0
