"""The review page: a name, an item, an answer, the next one; undo, skip, flag; and what may go wrong between."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.records.review import (
    AnswerDraft,
    InputCategorical,
    InputPassFail,
    InputText,
    ItemDraft,
    LabelAnswer,
    QueueRules,
    ReviewAnswer,
    ReviewItem,
)
from steelyard.server import create_app
from steelyard.web.questioning import is_swapped

from . import sample_reviews
from .sample_runs import HOSTILE
from .sample_traces import NOON, made_trace

HTMX = {"HX-Request": "true"}


@pytest.fixture
def reviews(own_store: Store) -> sample_reviews.Reviews:
    return sample_reviews.fill(own_store, traces=6)


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def path(reviews: sample_reviews.Reviews) -> str:
    return f"/review/{reviews.plain.queue_id}"


def as_(client: TestClient, name: str) -> None:
    client.cookies.clear()
    answer = client.post("/review/name", data={"reviewer": name})
    assert answer.status_code == 303


def fields(page: str, **more: str) -> dict[str, str]:
    """Return the hidden fields of the form on a page, and what a person adds to them."""
    form = re.search(r'<form id="answer".*?</form>', page, re.DOTALL)
    assert form is not None
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.group())
    return {name: html.unescape(value) for name, value in found} | more


def said(store: Store, item_id: str) -> list[ReviewAnswer]:
    return list(store.reviews.answers(item_id))


def test_a_name_is_asked_once_and_then_the_first_item_is_there(client: TestClient, reviews: sample_reviews.Reviews):
    assert "Who answers?" in client.get(path(reviews)).text
    answer = client.post("/review/name", data={"reviewer": "  Ada   L. ", "queue": reviews.plain.queue_id})
    assert (answer.status_code, answer.headers["location"]) == (303, path(reviews))
    page = client.get(path(reviews)).text
    assert "Item 1 of 6" in page
    assert "Did the agent follow the refund policy?" in page
    assert 'name="reviewer" value="Ada L."' in page
    assert " checked" not in page
    assert client.post("/review/name", data={"reviewer": " "}).status_code == 400


def test_an_answer_is_saved_and_the_next_item_comes_in_the_same_response(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    first = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "true", "q0.comment": "Right."})
    page = client.post(f"{path(reviews)}/answers", data=first, headers=HTMX)
    assert page.status_code == 200
    assert "Item 2 of 6. You have answered 1" in page.text
    assert page.headers["hx-replace-url"] == path(reviews)
    (one,) = said(own_store, first["item"])
    assert (one.reviewer, one.labels[0].value, one.labels[0].comment) == ("Ada", True, "Right.")
    kept = own_store.assessments.list([own_store.reviews.item(first["item"]).trace_id])
    human = [a for told in kept.values() for a in told if a.source.source_type == "HUMAN" and a.name == "correct"]
    assert [(a.value, a.source.source_id) for a in human] == [(True, "Ada")]
    assert fields(page.text)["item"] != first["item"]


def test_without_a_script_the_next_item_comes_after_a_redirect(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    first = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "false"})
    answer = client.post(f"{path(reviews)}/answers", data=first)
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Item 2 of 6" in page
    undone = client.post(f"{path(reviews)}/answers", data=fields(page, action="undo"))
    back = client.get(undone.headers["location"]).text
    assert "Taken back" in back
    assert fields(back)["item"] == first["item"]
    assert said(own_store, first["item"]) == []


def test_the_same_submission_twice_is_one_answer(client: TestClient, own_store: Store, reviews: sample_reviews.Reviews):
    as_(client, "Ada")
    first = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "true"})
    pages = [client.post(f"{path(reviews)}/answers", data=first, headers=HTMX) for _ in range(3)]
    assert {page.status_code for page in pages} == {200}
    assert len(said(own_store, first["item"])) == 1
    assert own_store.reviews.get(reviews.plain.queue_id).counts.answers == 1
    assert len({fields(page.text)["item"] for page in pages}) == 1


def test_undo_leads_back_through_several_answers_and_tells_what_was_said(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    page, items = client.get(path(reviews)).text, []
    for value in ("true", "false"):
        form = fields(page, action="answered", **{"q0.value": value})
        items.append(form["item"])
        page = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX).text
    page = client.post(f"{path(reviews)}/answers", data=fields(page, action="undo"), headers=HTMX).text
    assert "You had said: No." in page
    assert fields(page)["item"] == items[1]
    assert " checked" not in page
    page = client.post(f"{path(reviews)}/answers", data=fields(page, action="undo"), headers=HTMX).text
    assert "You had said: Yes." in page
    assert "Item 1 of 6. You have answered none yet" in page
    assert own_store.reviews.get(reviews.plain.queue_id).counts.answers == 0
    again = client.post(f"{path(reviews)}/answers", data=fields(page, action="undo"), headers=HTMX).text
    assert fields(again)["item"] == items[0]


def test_skipping_needs_no_reason_and_flagging_does(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    form = fields(client.get(path(reviews)).text, action="skipped")
    page = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX).text
    assert said(own_store, form["item"])[0].kind == "skipped"
    form = fields(page, action="flagged")
    refused = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX)
    assert refused.status_code == 400
    assert "Say what is wrong with it." in refused.text
    kept = client.post(f"{path(reviews)}/answers", data={**form, "reason": "Not ours."}, headers=HTMX)
    assert kept.status_code == 200
    assert (said(own_store, form["item"])[0].kind, said(own_store, form["item"])[0].comment) == ("flagged", "Not ours.")
    assert own_store.reviews.item(form["item"]).flagged


@pytest.mark.parametrize(("value", "told"), [
    ({}, "Choose an answer."), ({"q0.value": "perhaps"}, "Choose one of the answers."),
], ids=["nothing", "no such answer"])  # fmt: skip
def test_what_does_not_fit_is_told_and_what_was_typed_is_kept(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews, value: dict[str, str], told: str
):
    as_(client, "Ada")
    form = fields(client.get(path(reviews)).text, action="answered", **value, **{"q0.comment": "Half a thought"})
    for headers in (HTMX, {}):
        refused = client.post(f"{path(reviews)}/answers", data=form, headers=headers)
        assert refused.status_code == 400
        assert told in refused.text
        assert "Half a thought" in refused.text
        again = fields(refused.text)
        assert (again["item"], again["submission_id"]) == (form["item"], form["submission_id"])
    assert said(own_store, form["item"]) == []


def test_several_questions_are_read_each_in_its_form(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    place = f"/review/{reviews.many.queue_id}"
    page = client.get(place).text
    wrong = {"q0.value": "true", "q1.value": "rude", "q2.value": "9"}
    refused = client.post(f"{place}/answers", data=fields(page, action="answered", **wrong), headers=HTMX)
    assert refused.status_code == 400
    assert "At most 5." in refused.text
    assert refused.text.count(" checked") == 2
    form = fields(refused.text, action="answered", **{**wrong, "q2.value": "4"})
    assert client.post(f"{place}/answers", data=form, headers=HTMX).status_code == 200
    (one,) = said(own_store, form["item"])
    assert [label.value for label in one.labels] == [True, "rude", 4]


def test_any_of_some_options_may_be_none_of_them(client: TestClient, own_store: Store, reviews: sample_reviews.Reviews):
    schema = own_store.label_schemas.create(
        reviews.experiment_id, "faults", input=InputCategorical(("a", "b", "c"), multi_select=True)
    )
    queue = own_store.reviews.create(reviews.experiment_id, "Faults", schema_ids=[schema.schema_id])
    own_store.reviews.add(queue.queue_id, [ItemDraft(trace_id=one) for one in reviews.trace_ids])
    as_(client, "Ada")
    place, kept = f"/review/{queue.queue_id}", []
    page = client.get(place).text
    for more in ({"q0.value": ["c", "a"]}, {"q0.none": "yes"}):
        form = fields(page, action="answered")
        page = client.post(f"{place}/answers", data={**form, **more}, headers=HTMX).text
        kept.append(said(own_store, form["item"])[0].labels[0].value)
    assert [list(value) for value in kept] == [["a", "c"], []]
    refused = client.post(f"{place}/answers", data=fields(page, action="answered"), headers=HTMX)
    assert "Choose what applies, or that none does." in refused.text


def test_a_question_that_changed_meanwhile_is_shown_anew_and_nothing_is_saved(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    form = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "true", "q0.comment": "I think so"})
    own_store.label_schemas.update(reviews.correct.schema_id, input=InputPassFail("Followed", "Broke it"))
    page = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX)
    assert page.status_code == 409
    assert "The question was changed" in page.text
    assert "Followed" in page.text
    assert "I think so" in page.text
    assert said(own_store, form["item"]) == []
    again = fields(page.text, action="answered", **{"q0.value": "true"})
    assert again["q0.version"] == "2"
    assert client.post(f"{path(reviews)}/answers", data=again, headers=HTMX).status_code == 200
    assert said(own_store, form["item"])[0].labels[0].version == 2


def test_a_question_that_was_added_meanwhile_is_asked_too(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    form = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "true"})
    asked = [reviews.tone.schema_id, reviews.correct.schema_id]
    own_store.reviews.update(reviews.plain.queue_id, schema_ids=asked)
    page = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX)
    assert page.status_code == 409
    assert page.text.count(" checked") == 1
    assert fields(page.text)["q1.schema"] == reviews.correct.schema_id


def test_a_trace_that_was_deleted_meanwhile_is_told_and_the_next_item_comes(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    form = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "true"})
    own_store.traces.delete([own_store.reviews.item(form["item"]).trace_id])
    page = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX)
    assert page.status_code == 200
    assert "no longer there" in page.text
    assert fields(page.text)["item"] != form["item"]
    assert own_store.reviews.item(form["item"]).status == "declined"


def test_items_whose_trace_is_gone_are_closed_before_they_are_shown(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    own_store.traces.delete(list(reviews.trace_ids[:2]))
    as_(client, "Ada")
    page = client.get(path(reviews)).text
    assert "2 items were closed: their traces were deleted" in page
    assert own_store.reviews.get(reviews.plain.queue_id).counts.declined == 2
    own_store.traces.delete(list(reviews.trace_ids[2:]))
    assert "Nothing is left for you" in client.get(path(reviews)).text


def test_an_item_that_was_taken_out_leads_to_the_next(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    form = fields(client.get(path(reviews)).text, action="answered", **{"q0.value": "true"})
    own_store.reviews.remove(reviews.plain.queue_id, [form["item"]])
    page = client.post(f"{path(reviews)}/answers", data=form, headers=HTMX)
    assert page.status_code == 200
    assert "no longer there" in page.text


def test_blind_reviewers_see_neither_scores_nor_others_until_they_answered(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    item = own_store.reviews.items(reviews.plain.queue_id, max_results=1).items[0]
    label = LabelAnswer(schema_id=reviews.correct.schema_id, value=False, comment="Grace thinks so.")
    own_store.reviews.answer(AnswerDraft(item_id=item.item_id, reviewer="Grace", labels=(label,), submission_id="g"))
    as_(client, "Ada")
    page = client.get(f"{path(reviews)}?item={item.item_id}").text
    assert "What was expected" in page
    assert "It names the line." not in page
    assert "Grace thinks so." not in page
    data = client.get(f"{path(reviews)}.json?item={item.item_id}").json()
    assert (data["others"], data["said"]) == ([], [])
    client.post(f"{path(reviews)}/answers", data=fields(page, action="answered", **{"q0.value": "true"}), headers=HTMX)
    assert "Grace thinks so." in client.get(f"{path(reviews)}?item={item.item_id}").text
    open_ = client.get(f"/review/{reviews.many.queue_id}").text
    assert "What judges said" in open_
    assert "It names the line." in open_


def test_the_two_of_a_pair_change_places_by_reviewer_and_the_answer_tells_it(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    place = f"/review/{reviews.pairs.queue_id}"
    for name in ("Ada", "Bob"):
        as_(client, name)
        data = client.get(f"{place}.json").json()
        item = data["item"]
        left = data["sides"][0]["trace_id"]
        assert data["swapped"] == (left == item["other_trace_id"])
        assert data["questions"][0]["choices"][0]["value"] == ("second" if data["swapped"] else "first")
        assert not any(side["by"] for side in data["sides"])
        page = client.get(f"{place}?item={item['item_id']}").text
        choice = data["questions"][0]["choices"][0]["value"]
        client.post(f"{place}/answers", data=fields(page, action="answered", **{"q0.value": choice}), headers=HTMX)
        (one,) = [a for a in said(own_store, item["item_id"]) if a.reviewer == name]
        assert (one.labels[0].value, one.swapped) == (choice, data["swapped"])
    drawn = [is_swapped(f"ri-{number}", name) for number in range(200) for name in ("Ada", "Bob")]
    assert 150 < sum(drawn) < 250
    assert len(set(zip(drawn[::2], drawn[1::2], strict=True))) == 4


def test_a_queue_for_others_says_so_and_asks_who_one_is(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    own_store.reviews.update(reviews.plain.queue_id, users=["Grace", "Bob"])
    as_(client, "Ada")
    page = client.get(path(reviews)).text
    assert "This queue is for others" in page
    assert "Grace, Bob" in page
    as_(client, "Bob")
    assert "Item 1 of 6" in client.get(path(reviews)).text


def test_a_queue_without_items_and_one_that_is_done_say_what_to_do(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    as_(client, "Ada")
    empty = own_store.reviews.create(
        reviews.experiment_id, "Empty", schema_ids=[reviews.correct.schema_id], rules=QueueRules()
    )
    assert "Nothing is in this queue yet" in client.get(f"/review/{empty.queue_id}").text
    own_store.reviews.add(empty.queue_id, [ItemDraft(trace_id=reviews.trace_ids[0])])
    form = fields(client.get(f"/review/{empty.queue_id}").text, action="answered", **{"q0.value": "true"})
    page = client.post(f"/review/{empty.queue_id}/answers", data=form, headers=HTMX).text
    assert "Nothing is left for you" in page
    undone = client.post(f"/review/{empty.queue_id}/answers", data=fields(page, action="undo"), headers=HTMX).text
    assert fields(undone)["item"] == form["item"]


def test_two_reviewers_at_once_are_not_given_the_same_last_answer(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    queue = own_store.reviews.create(reviews.experiment_id, "One each", schema_ids=[reviews.correct.schema_id])
    own_store.reviews.add(queue.queue_id, [ItemDraft(trace_id=one) for one in reviews.trace_ids])
    given = []
    for name in ("Ada", "Bob"):
        as_(client, name)
        given.append(client.get(f"/review/{queue.queue_id}.json").json()["item"]["item_id"])
    assert given[0] != given[1]


def test_what_traces_questions_and_people_say_is_never_markup(client: TestClient, own_store: Store):
    bad = HOSTILE[0] + HOSTILE[1] + HOSTILE[3]
    experiment = own_store.experiments.create(f"e {bad}").experiment_id
    own_store.traces.put([made_trace(1, experiment, at=NOON, question=bad, answer=bad, name=bad[:60])])
    schemas = [
        own_store.label_schemas.create(
            experiment, f"q {HOSTILE[0]}", input=InputCategorical((HOSTILE[0], HOSTILE[1])), instruction=bad,
            enable_comment=True,
        ),
        own_store.label_schemas.create(experiment, f"t {HOSTILE[1]}", input=InputText()),
    ]  # fmt: skip
    queue = own_store.reviews.create(
        experiment, f"queue {HOSTILE[0]}", schema_ids=[s.schema_id for s in schemas], users=[HOSTILE[0], HOSTILE[1]],
        instruction=bad, rules=QueueRules(overlap=2, blind=False),
    )  # fmt: skip
    (item,) = own_store.reviews.add(queue.queue_id, [ItemDraft(trace_id=f"tr-{1:032x}")])
    for place, name in enumerate((HOSTILE[0], HOSTILE[1])):
        label = LabelAnswer(schema_id=schemas[0].schema_id, value=HOSTILE[place], comment=bad)
        own_store.reviews.answer(
            AnswerDraft(item_id=item.item_id, reviewer=name, labels=(label,), submission_id=name, comment=bad,
                        kind="flagged")
        )  # fmt: skip
    as_(client, HOSTILE[0])
    at = f"/review/{queue.queue_id}"
    for where in (
        at, f"{at}?item={item.item_id}", f"{at}/steps/{item.item_id}", f"{at}/board", f"{at}/items", f"{at}/settings",
        f"/review?experiment={experiment}", f"/review/new?experiment={experiment}",
        f"/review/questions?experiment={experiment}&edit={schemas[0].schema_id}", "/review",
    ):  # fmt: skip
        page = client.get(where)
        assert page.status_code == 200, where
        for word in ("<script>window", "<img src=x", "<svg/onload"):
            assert word not in page.text, where
    data = client.get(f"{at}/board.json").json()
    assert data["flagged"][0]["reasons"][0][0] == HOSTILE[0]


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
@pytest.mark.parametrize("what", ["answers", "decide", "change", "add", "settings"])
def test_another_site_can_change_nothing(
    client: TestClient, reviews: sample_reviews.Reviews, headers: dict[str, str], what: str
):
    assert client.post(f"{path(reviews)}/{what}", data={"action": "remove"}, headers=headers).status_code == 403


def of_another_queue(store: Store, reviews: sample_reviews.Reviews) -> ReviewItem:
    """An item of a queue that asks the same."""
    asked = list(reviews.plain.schema_ids)
    queue = store.reviews.create(reviews.experiment_id, "other", schema_ids=asked, users=["bob"])
    (item,) = store.reviews.add(queue.queue_id, [ItemDraft(trace_id=reviews.trace_ids[0])])
    return item


@pytest.mark.parametrize("action", ["answered", "skipped", "flagged"])
def test_an_item_is_answered_in_its_own_queue_alone(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews, action: str
) -> None:
    item = of_another_queue(own_store, reviews)
    as_(client, "bob")
    form = fields(client.get(path(reviews), headers=HTMX).text)
    form |= {"item": item.item_id, "q0.value": "true", "action": action, "reason": "x", "reviewer": "bob"}
    client.post(f"{path(reviews)}/answers", data=form, headers=HTMX)
    assert said(own_store, item.item_id) == []


def test_an_answer_is_taken_back_in_its_own_queue_alone(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
) -> None:
    item = of_another_queue(own_store, reviews)
    own_store.reviews.answer(AnswerDraft(item_id=item.item_id, reviewer="bob", kind="skipped"))
    as_(client, "bob")
    form = fields(client.get(path(reviews), headers=HTMX).text)
    client.post(f"{path(reviews)}/answers", data={**form, "action": "undo", "trail": item.item_id}, headers=HTMX)
    assert len(said(own_store, item.item_id)) == 1
