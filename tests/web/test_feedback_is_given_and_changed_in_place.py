"""Feedback and expectations on the page of a trace: added, corrected, changed, deleted, brought back, never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from steelyard.records import Assessment, AssessmentSource, Expectation, Feedback, Store
from steelyard.server import create_app

from . import trace_shapes as shapes

JUDGE = AssessmentSource("LLM_JUDGE", "openai:/gpt-4.1")
TRACE = shapes.trace_id("a")
PATH = f"/traces/{TRACE}/feedback"


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    shapes.agent(own_store)
    own_store.assessments.add([
        Feedback(name="correct", value=True, source=JUDGE, rationale="It says so.", trace_id=TRACE,
                 metadata={"judge_cost": 0.0011}),
        Expectation(name="expected_response", value="89.00", source=AssessmentSource("HUMAN", "Ada"), trace_id=TRACE),
    ])  # fmt: skip
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def kept(store: Store, name: str) -> list[Assessment]:
    return [one for one in store.assessments.list([TRACE])[TRACE] if one.name == name]


def judged(client: TestClient, name: str, reviewer: str = "") -> Any:
    client.cookies.set("steelyard-reviewer", reviewer)
    told = client.get(f"/traces/{TRACE}.json").json()["judged"]
    return next(j for j in told if j["name"] == name)


def send(client: TestClient, status: int = 303, **form: str) -> Any:
    answer = client.post(PATH, data=form, headers={"HX-Request": "true"})
    assert answer.status_code == status, answer.text
    return answer


@pytest.mark.parametrize(("told", "value"), [
    ({"type": "boolean", "truth": "no"}, False),
    ({"type": "boolean", "value": "Yes"}, True),
    ({"type": "number", "value": "−0.5"}, -0.5),
    ({"type": "text", "value": " שלום <b> "}, "שלום <b>"),
    ({"type": "json", "value": '{"a": [1, null]}'}, {"a": [1, None]}),
], ids=["no", "yes", "number", "text", "json"])  # fmt: skip
@pytest.mark.parametrize("what", ["feedback", "expectation"])
def test_a_new_name_takes_a_value_of_any_type(
    client: TestClient, own_store: Store, told: dict[str, str], value: Any, what: str
):
    send(client, action="add", what=what, name="fresh", reviewer="Ada", comment="Because.", **told)
    (one,) = kept(own_store, "fresh")
    assert (one.value, one.kind, one.source) == (value, what, AssessmentSource("HUMAN", "Ada"))
    assert one.span_id is None
    assert "Because." in client.get(f"/traces/{TRACE}").text


def test_a_span_may_be_meant(client: TestClient, own_store: Store):
    send(client, action="add", what="feedback", name="grounded", type="boolean", truth="yes", span_id=shapes.span_id(7))
    (one,) = kept(own_store, "grounded")
    assert one.span_id == shapes.span_id(7)
    told = judged(client, "grounded")
    assert (told["span_id"], told["span_name"]) == (shapes.span_id(7), "decide")
    fixed = {"name": "grounded", "span_id": shapes.span_id(7), "value": "no", "reviewer": "Grace"}
    send(client, action="correct", what="feedback", **fixed)
    assert [(a.value, a.valid, a.span_id) for a in kept(own_store, "grounded")] == [
        (True, False, shapes.span_id(7)), (False, True, shapes.span_id(7)),
    ]  # fmt: skip


@pytest.mark.parametrize(("form", "said"), [
    ({"name": "", "type": "text", "value": "x"}, "needs a name"),
    ({"name": "n" * 251, "type": "text", "value": "x"}, "needs a name"),
    ({"name": "n", "type": "text", "value": ""}, "Say what"),
    ({"name": "n", "type": "boolean"}, "Say what"),
    ({"name": "n", "type": "boolean", "value": "perhaps"}, "yes or no"),
    ({"name": "n", "type": "number", "value": "1e999"}, "finite"),
    ({"name": "n", "type": "json", "value": "{"}, "must be JSON"),
    ({"name": "n", "type": "json", "value": "[" * 9_000}, "must be JSON"),
    ({"name": "n", "type": "date", "value": "1"}, "Choose"),
], ids=["no name", "long name", "no value", "no truth", "maybe", "infinite", "half", "deep", "unknown"])  # fmt: skip
def test_what_does_not_fit_is_told_beside_the_form(
    client: TestClient, own_store: Store, form: dict[str, str], said: str
):
    before = own_store.assessments.list([TRACE])
    answer = send(client, 400, action="add", what="feedback", **form)
    assert said in answer.text
    assert answer.headers["hx-retarget"] == "#judged-problem"
    assert own_store.assessments.list([TRACE]) == before


def test_one_changes_what_one_said_and_the_history_tells_what_it_was(client: TestClient, own_store: Store):
    send(client, action="add", what="feedback", name="tone", type="number", value="3", reviewer="Ada", comment="Curt.")
    (one,) = kept(own_store, "tone")
    seen = str(one.last_update_time_ms)
    send(client, action="edit", assessment_id=one.assessment_id or "", seen=seen, value="4", reviewer="Ada")
    (now,) = kept(own_store, "tone")
    assert (now.value, now.assessment_id) == (4, one.assessment_id)
    told = judged(client, "tone", "Ada")
    assert [(h["action"], h["value"], h["by"]) for h in told["history"]] == [
        ("created", "3", "person Ada"), ("updated", "4", "person Ada"),
    ]  # fmt: skip
    assert told["history"][0]["why"] == "Curt."
    assert told["said"][0]["own"]


def test_what_others_said_is_corrected_never_changed(client: TestClient, own_store: Store):
    for name in ("correct", "expected_response"):
        (one,) = kept(own_store, name)
        for action in ("edit", "delete"):
            answer = send(client, 400, action=action, assessment_id=one.assessment_id or "", value="x", reviewer="Bob")
            assert "Correct it instead" in answer.text
        assert not judged(client, name, "Bob")["said"][0]["own"]
    form = {"name": "expected_response", "what": "expectation", "value": "178.00", "reviewer": "Bob"}
    send(client, action="correct", **form)
    assert [(a.kind, a.value, a.valid) for a in kept(own_store, "expected_response")] == [
        ("expectation", "89.00", False), ("expectation", "178.00", True),
    ]  # fmt: skip


def test_what_was_deleted_is_brought_back_as_it_was(client: TestClient, own_store: Store):
    send(client, action="correct", name="correct", value="no", reviewer="Ada", comment="Not so.")
    person = kept(own_store, "correct")[1]
    answer = send(client, action="delete", assessment_id=person.assessment_id or "", reviewer="Ada")
    assert [(a.value, a.valid) for a in kept(own_store, "correct")] == [(True, True)]
    assert f"deleted={person.assessment_id}" in answer.headers["location"]
    page = client.get(answer.headers["location"]).text
    assert re.search(r"Deleted <b>correct</b>: no\.", page)
    send(client, action="restore", assessment_id=person.assessment_id or "", reviewer="Ada")
    back = kept(own_store, "correct")
    assert [(a.value, a.valid) for a in back] == [(True, False), (False, True)]
    assert back[1].rationale == "Not so."  # type: ignore[union-attr]
    assert "Deleted <b>" not in client.get(answer.headers["location"]).text
    again = send(client, 400, action="restore", assessment_id=person.assessment_id or "")
    assert "nothing to bring back" in again.text


def test_of_two_who_change_at_once_the_second_sees_both_values(client: TestClient, own_store: Store):
    send(client, action="add", what="feedback", name="tone", type="text", value="curt")
    (one,) = kept(own_store, "tone")
    about = {"assessment_id": one.assessment_id or "", "seen": str(one.last_update_time_ms)}
    send(client, action="edit", value="polite", comment="Read it again.", **about)
    refused = send(client, 409, action="edit", value="rude", **about)
    assert refused.headers["hx-retarget"] == "#judged-problem"
    for word in ("polite", "rude", "Read it again.", "Nothing was written"):
        assert word in refused.text
    assert kept(own_store, "tone")[0].value == "polite"
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', refused.text))
    send(client, **{**fields, "reviewer": ""})
    assert kept(own_store, "tone")[0].value == "rude"


def test_of_two_who_correct_at_once_the_second_sees_what_the_first_said(client: TestClient, own_store: Store):
    (judge,) = kept(own_store, "correct")
    about = {"name": "correct", "assessment_id": judge.assessment_id or "", "seen": str(judge.last_update_time_ms)}
    send(client, action="correct", value="no", reviewer="Ada", **about)
    refused = send(client, 409, action="correct", value="no", comment="Mine", reviewer="Bob", **about)
    assert "person Ada" in refused.text
    assert len(kept(own_store, "correct")) == 2
    refused = send(client, 409, action="agree", reviewer="Bob", **about)
    assert len(kept(own_store, "correct")) == 2


def test_what_somebody_deleted_meanwhile_can_not_be_changed(client: TestClient, own_store: Store):
    send(client, action="add", what="feedback", name="tone", type="text", value="curt")
    (one,) = kept(own_store, "tone")
    own_store.assessments.delete(TRACE, one.assessment_id or "")
    refused = send(client, 409, action="edit", assessment_id=one.assessment_id or "", value="rude")
    assert "deleted" in refused.text
    assert kept(own_store, "tone") == []


def test_metadata_and_the_names_of_judges_are_told_but_not_taken_for_markup(client: TestClient, own_store: Store):
    word = "<script>window.__pwned=1</script>"
    own_store.assessments.add([
        Feedback(name=word, value=word, rationale=word, source=AssessmentSource("CODE", word), trace_id=TRACE,
                 metadata={word: word})
    ])  # fmt: skip
    page = client.get(f"/traces/{TRACE}").text
    assert word not in page
    assert "judge_cost" in page
    assert "0.0011" in page


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
@pytest.mark.parametrize("action", ["add", "edit", "delete", "restore"])
def test_another_site_can_change_nothing(client: TestClient, own_store: Store, headers: dict[str, str], action: str):
    before = own_store.assessments.list([TRACE])
    form = {"action": action, "name": "x", "type": "text", "value": "y", "assessment_id": "a"}
    assert client.post(PATH, data=form, headers=headers).status_code == 403
    assert own_store.assessments.list([TRACE]) == before


def test_values_longer_than_a_form_holds_are_shown_and_can_be_corrected(client: TestClient, own_store: Store):
    own_store.assessments.add([Expectation(name="whole", value="long " * 5_000, trace_id=TRACE)])
    assert client.get(f"/traces/{TRACE}").status_code == 200
    send(client, action="correct", what="expectation", name="whole", value="short", reviewer="Ada")
    assert kept(own_store, "whole")[-1].value == "short"
