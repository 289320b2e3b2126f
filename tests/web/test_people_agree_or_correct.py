from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from steelyard.errors import InvalidArgument
from steelyard.records import Assessment, AssessmentSource, Feedback, Store
from steelyard.server import create_app
from steelyard.web.answers import answer_of
from steelyard.web.judging import judged_of, kind_of, word_of

from .sample_applications import agent_trace

TRACE = "tr-" + "5" * 32


@pytest.fixture
def judged_store(own_store: Store) -> Store:
    """A trace that a judge, a program and nobody else has judged."""
    own_store.traces.put([agent_trace(TRACE, "0", "", "May I?", "You may.", 1_790_000_000_000, 1.0)])
    judge, code = AssessmentSource("LLM_JUDGE", "openai:/gpt-4.1"), AssessmentSource("CODE", "brevity")
    own_store.assessments.add([
        Feedback(name="correctness", value="yes", source=judge, rationale="It says so.", trace_id=TRACE),
        Feedback(name="brevity", value=0.5, source=code, trace_id=TRACE),
        Feedback(name="safe", value=True, source=judge, trace_id=TRACE),
        Feedback(name="schema", error="KeyError: 'x'", source=code, trace_id=TRACE),  # type: ignore[arg-type]
    ])  # fmt: skip
    return own_store


@pytest.fixture
def client(judged_store: Store) -> TestClient:
    return TestClient(create_app(judged_store), base_url="http://localhost", follow_redirects=False)


def named(store: Store, name: str) -> list[Assessment]:
    return [a for a in store.assessments.list([TRACE])[TRACE] if a.name == name]


def test_to_agree_adds_a_persons_feedback_beside_the_judges(client: TestClient, judged_store: Store):
    judge = named(judged_store, "correctness")[0]
    form = {"name": "correctness", "action": "agree", "assessment_id": judge.assessment_id, "reviewer": "Ada"}
    answer = client.post(f"/traces/{TRACE}/feedback", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/traces/{TRACE}#judged")
    first, second = named(judged_store, "correctness")
    assert (first.value, first.valid) == ("yes", True)
    assert (second.value, second.valid, second.source) == ("yes", True, AssessmentSource("HUMAN", "Ada"))
    page = client.get(f"/traces/{TRACE}").text
    assert "person Ada" in page
    assert 'value="Ada"' in page


def test_to_correct_takes_the_judges_place_and_keeps_what_was_there(client: TestClient, judged_store: Store):
    form = {"name": "correctness", "action": "correct", "value": "no", "comment": "It may not.", "reviewer": "Ada"}
    client.post(f"/traces/{TRACE}/feedback", data=form)
    judge, person = named(judged_store, "correctness")
    assert (judge.valid, person.valid, person.overrides) == (False, True, judge.assessment_id)
    assert person.value == "no"
    data = client.get(f"/traces/{TRACE}.json").json()
    told = next(j for j in data["judged"] if j["name"] == "correctness")
    assert [s["value"] for s in told["said"]] == ["no", "yes"]
    assert told["said"][0]["rationale"] == "It may not."
    assert {(h["value"], h["by"]) for h in told["history"]} >= {("yes", "judge openai:/gpt-4.1"), ("no", "person Ada")}


def test_to_correct_after_having_agreed_leaves_one_that_stands(client: TestClient, judged_store: Store):
    judge = named(judged_store, "safe")[0]
    agree = {"name": "safe", "action": "agree", "assessment_id": judge.assessment_id, "reviewer": "Ada"}
    client.post(f"/traces/{TRACE}/feedback", data=agree)
    client.post(
        f"/traces/{TRACE}/feedback", data={"name": "safe", "action": "correct", "value": "no", "reviewer": "Ada"}
    )
    assert [(a.value, a.valid) for a in named(judged_store, "safe")] == [(True, False), (False, True)]


def test_a_number_stays_a_number_and_a_failed_scorer_can_be_answered(client: TestClient, judged_store: Store):
    client.post(f"/traces/{TRACE}/feedback", data={"name": "brevity", "action": "correct", "value": "0.75"})
    assert named(judged_store, "brevity")[-1].value == 0.75
    form = {"name": "schema", "action": "correct", "value": "yes", "kind": "boolean"}
    client.post(f"/traces/{TRACE}/feedback", data=form)
    assert named(judged_store, "schema")[-1].value is True


@pytest.mark.parametrize(("form", "said"), [
    ({"name": "brevity", "action": "correct", "value": "short"}, "must be a number"),
    ({"name": "brevity", "action": "correct", "value": "nan"}, "finite"),
    ({"name": "correctness", "action": "correct", "value": "perhaps"}, "yes or no"),
    ({"name": "correctness", "action": "correct", "value": ""}, "right value"),
    ({"name": "correctness", "action": "agree", "assessment_id": "a-none"}, "no longer there"),
    ({"name": "", "action": "agree"}, "needs a name"),
    ({"name": "correctness", "action": "erase"}, "agree or to correct"),
])  # fmt: skip
def test_an_answer_that_does_not_fit_is_refused_beside_its_form(
    client: TestClient, judged_store: Store, form: dict[str, str], said: str
):
    before = judged_store.assessments.list([TRACE])
    answer = client.post(f"/traces/{TRACE}/feedback", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 400
    assert said in answer.text
    assert answer.headers["hx-retarget"] == "#judged-problem"
    assert judged_store.assessments.list([TRACE]) == before


def test_the_same_value_with_a_comment_is_an_agreement(client: TestClient, judged_store: Store):
    form = {"name": "correctness", "action": "correct", "value": "yes", "comment": "Clause 4.2."}
    client.post(f"/traces/{TRACE}/feedback", data=form)
    assert [(a.value, a.valid, a.overrides) for a in named(judged_store, "correctness")] == [
        ("yes", True, None), ("yes", True, None),
    ]  # fmt: skip


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_another_site_can_not_answer(client: TestClient, judged_store: Store, headers: dict[str, str]):
    form = {"name": "correctness", "action": "correct", "value": "no"}
    assert client.post(f"/traces/{TRACE}/feedback", data=form, headers=headers).status_code == 403
    assert client.get(f"/traces/{TRACE}/feedback").status_code == 405
    assert len(named(judged_store, "correctness")) == 1


def test_the_form_leads_back_to_its_row_and_nowhere_else(client: TestClient, judged_store: Store):
    form = {"name": "safe", "action": "correct", "value": "no", "run_id": "//evil.example/x", "position": "3"}
    answer = client.post(f"/traces/{TRACE}/feedback", data=form)
    assert answer.headers["location"] == "/runs/%2F%2Fevil.example%2Fx/rows/3#judged"
    form = {"name": "safe", "action": "correct", "value": "no", "run_id": "r", "position": "https://evil.example"}
    assert client.post(f"/traces/{TRACE}/feedback", data=form).headers["location"] == f"/traces/{TRACE}#judged"


def test_a_name_of_any_letters_is_remembered(client: TestClient, judged_store: Store):
    form = {"name": "safe", "action": "correct", "value": "no", "reviewer": 'Zoë; "X" <b>'}
    client.post(f"/traces/{TRACE}/feedback", data=form)
    assert "Zoë; &#34;X&#34; &lt;b&gt;" in client.get(f"/traces/{TRACE}").text


def test_what_was_replaced_stands_below_what_stands(judged_store: Store):
    told = {j.name: j for j in judged_of(judged_store, TRACE)}
    answer = answer_of({"name": "safe", "action": "correct", "value": "no"}, told["safe"], trace_id=TRACE)
    assert (answer.value, answer.overrides) == (False, told["safe"].said[0].assessment_id)
    with pytest.raises(InvalidArgument):
        answer_of({"name": "safe", "action": "agree", "assessment_id": ""}, told["safe"], trace_id=TRACE)


def test_values_are_told_as_people_say_them():
    assert [word_of(v) for v in (True, "no", 3, 0.25, "curt", {"a": 1}, None)] == [
        "yes", "no", "3", "0.250", "curt", '{"a": 1}', "",
    ]  # fmt: skip
    assert [kind_of(v) for v in ([], [1, "x"], ["a" * 100], [[1]])] == ["none", "other", "text", "other"]
