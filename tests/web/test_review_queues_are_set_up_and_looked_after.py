"""Queues are made with their questions, filled, given to people, changed, and decided on their board."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.records.review import InputCategorical, InputNumeric, InputPassFail, InputText, QueueRules
from steelyard.server import create_app

from . import sample_applications, sample_reviews

HTMX = {"HX-Request": "true"}


@pytest.fixture
def reviews(own_store: Store) -> sample_reviews.Reviews:
    return sample_reviews.fill(own_store, traces=20, answered=9)


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        opened.post("/review/name", data={"reviewer": "Ida"})
        yield opened


def test_a_list_tells_how_far_each_queue_is(client: TestClient, reviews: sample_reviews.Reviews):
    page = client.get(f"/review?experiment={reviews.experiment_id}").text
    for word in ("Refund policy, week 47", "9 of 20", "disputed", "1 flagged", "correct, tone, score, note"):
        assert word in page
    data = client.get(f"/review.json?experiment={reviews.experiment_id}").json()
    assert [row["queue"]["counts"]["pending"] for row in data["queues"]] == [1, 11, 11]
    assert data["queues"][1]["minutes"] > 0
    assert '<span class="sr">pending: </span>23' in client.get(f"/experiments/{reviews.experiment_id}/runs").text


def test_an_experiment_without_queues_says_what_to_do(client: TestClient, own_store: Store):
    page = client.get("/review?experiment=0").text
    assert "No queues yet" in page
    assert "Make a queue" in page
    assert "Choose an experiment" in client.get("/review").text


@pytest.mark.parametrize(("form", "wanted"), [
    ({"new_form": "pass_fail", "new_positive": "Yes", "new_negative": "No"}, InputPassFail("Yes", "No")),
    ({"new_form": "categorical", "new_options": "a\r\nb\n\na", "new_several": "yes"},
     InputCategorical(("a", "b"), multi_select=True)),
    ({"new_form": "numeric", "new_min": "1", "new_max": "5"}, InputNumeric(1.0, 5.0)),
    ({"new_form": "text", "new_length": "80"}, InputText(80)),
], ids=["pass or fail", "options", "number", "words"])  # fmt: skip
def test_a_queue_is_made_with_a_question_in_place(
    client: TestClient, own_store: Store, form: dict[str, str], wanted: object
):
    fields = {"experiment": "0", "name": "Week 47", "overlap": "2", "share": "25", "blind": "yes", "minutes": "3",
              "users": "Ada, Grace\nAda", "instruction": "Heed 4.2.", "new_name": "asked", "new_comment": "yes",
              "new_instruction": "Is it so?", **form}  # fmt: skip
    page = client.post("/review/new", data={**fields, "action": "question"})
    assert page.status_code == 200
    (schema,) = own_store.label_schemas.list("0")
    assert (schema.input, schema.enable_comment, schema.created_by) == (wanted, True, "Ida")
    assert f'value="{schema.schema_id}" checked' in page.text
    assert 'value="Week 47"' in page.text
    made = client.post("/review/new", data={**fields, "new_name": "", "schemas": schema.schema_id, "action": "make"})
    assert made.status_code == 303
    (queue,) = own_store.reviews.list(["0"])
    assert made.headers["location"] == f"/review/{queue.queue_id}/items#add"
    assert queue.rules == QueueRules(overlap=2, overlap_share=0.25, blind=True, reserve_seconds=180)
    assert (queue.users, queue.schema_ids, queue.instruction) == (("Ada", "Grace"), (schema.schema_id,), "Heed 4.2.")


@pytest.mark.parametrize(("more", "told"), [
    ({}, "needs a name"),
    ({"name": "x"}, "at least one"),
    ({"name": "x", "new_name": "q", "new_form": "categorical", "new_options": "one"}, "at least 2"),
    ({"name": "x", "new_name": "q", "new_form": "numeric", "new_min": "5", "new_max": "1"}, "below the greatest"),
    ({"name": "x", "new_name": "q", "overlap": "0"}, "from 1 to 50"),
    ({"name": "x", "new_name": "q", "share": "101"}, "from 0 to 100"),
    ({"name": "x", "new_name": "q", "minutes": "soon"}, "must be a number"),
], ids=["name", "questions", "options", "bounds", "overlap", "share", "minutes"])  # fmt: skip
def test_what_does_not_fit_is_told_and_nothing_is_lost(
    client: TestClient, own_store: Store, more: dict[str, str], told: str
):
    page = client.post("/review/new", data={"experiment": "0", "action": "make", "instruction": "Kept.", **more})
    assert page.status_code == 400
    assert told in page.text
    assert "Kept." in page.text
    assert own_store.reviews.list(["0"]) == ()


def test_a_name_that_is_taken_is_told(client: TestClient, reviews: sample_reviews.Reviews):
    form = {"experiment": reviews.experiment_id, "name": reviews.plain.name, "schemas": reviews.tone.schema_id}
    assert client.post("/review/new", data=form | {"action": "make"}).status_code == 400


def test_picked_traces_go_into_a_queue_or_a_new_one(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    picked = {"traces": list(reviews.trace_ids[:3]), "view": f"experiment={reviews.experiment_id}"}
    assert "Add 3 traces to a review queue" in client.post("/traces/review", data=picked).text
    queue = own_store.reviews.create(reviews.experiment_id, "Fresh", schema_ids=[reviews.tone.schema_id])
    added = client.post("/traces/review", data={**picked, "queue": queue.queue_id, "action": "add"})
    assert "added=3&there=0" in added.headers["location"]
    again = client.post("/traces/review", data={**picked, "queue": queue.queue_id, "action": "add"})
    assert "added=0&there=3" in again.headers["location"]
    assert client.post("/traces/review", data={**picked, "action": "add"}).status_code == 400
    page = client.post("/traces/review", data={**picked, "action": "new"}).text
    assert "For 3 traces that you picked." in page
    form = {"experiment": reviews.experiment_id, "ids": ",".join(reviews.trace_ids[:3]), "name": "Other",
            "schemas": reviews.tone.schema_id, "action": "make"}  # fmt: skip
    assert "added=3" in client.post("/review/new", data=form).headers["location"]
    gone = client.post("/review/new", data={**form, "name": "Gone", "ids": "tr-none"})
    assert gone.status_code == 400
    assert own_store.reviews.find(reviews.experiment_id, "Gone") is None
    assert "Add to queue…" in client.get(f"/traces?experiment={reviews.experiment_id}").text


def test_matching_traces_are_counted_and_then_added(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    queue = own_store.reviews.create(reviews.experiment_id, "Fresh", schema_ids=[reviews.tone.schema_id])
    at = f"/review/{queue.queue_id}"
    assert "7 traces match." in client.get(f"{at}/items?source=traces&filter=refund+payment").text
    assert "Nothing matches." in client.get(f"{at}/items?source=traces&filter=zebra").text
    form = {"source": "traces", "filter": "", "take": "random", "most": "5", "assigned_to": "Ada"}
    location = client.post(f"{at}/add", data=form).headers["location"]
    assert location.endswith("items?added=5&there=0")
    items = own_store.reviews.items(queue.queue_id).items
    assert {(item.propensity, item.population, item.assigned_to) for item in items} == {(0.25, 20, "Ada")}
    assert client.post(f"{at}/add", data=form).headers["location"].endswith("items?added=0&there=5")
    assert client.post(f"{at}/add", data={**form, "most": "none"}).status_code == 400
    assert client.post(f"{at}/add", data={**form, "filter": "zebra"}).status_code == 400
    assert client.post(f"{at}/add", data={"source": "run", "take": "all"}).status_code == 400


def test_items_are_given_closed_opened_and_taken_out(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    at = f"/review/{reviews.plain.queue_id}"
    items = own_store.reviews.items(reviews.plain.queue_id, status="pending").items
    ids = [item.item_id for item in items[:2]]
    changes = (
        ({"action": "assign", "assigned_to": "Bob"}, "2 given to Bob"),
        ({"action": "close", "reason": "No longer of interest"}, "2 closed"),
        ({"action": "open"}, "2 open again"),
        ({"action": "remove"}, "2 taken out"),
    )
    for change, told in changes:
        answer = client.post(f"{at}/change", data={"items": ids, "view": "status=pending&x=y", **change})
        assert "status=pending" in answer.headers["location"]
        assert told in client.get(answer.headers["location"]).text
    assert own_store.reviews.get(reviews.plain.queue_id).counts.items == 18
    assert client.post(f"{at}/change", data={"action": "remove"}).status_code == 400
    assert client.post(f"{at}/change", data={"items": "ri-none", "action": "burn"}).status_code == 400


def test_settings_are_changed_and_a_queue_is_deleted_only_if_that_is_meant(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    at = f"/review/{reviews.many.queue_id}/settings"
    assert "Read the whole answer" in client.get(at).text
    form = {"name": "Tone", "overlap": "3", "share": "50", "minutes": "10", "users": "Ada, Bob, Cem", "action": "save",
            "schemas": [reviews.tone.schema_id, reviews.correct.schema_id]}  # fmt: skip
    assert client.post(at, data=form).status_code == 303
    queue = own_store.reviews.get(reviews.many.queue_id)
    assert (queue.name, queue.rules.overlap, queue.rules.blind) == ("Tone", 3, False)
    assert queue.users == ("Ada", "Bob", "Cem")
    assert queue.schema_ids == (reviews.correct.schema_id, reviews.tone.schema_id)
    assert client.post(at, data={**form, "name": ""}).status_code == 400
    assert client.post(at, data={"action": "delete"}).status_code == 400
    assert client.post(at, data={"action": "delete", "sure": "yes"}).status_code == 303
    assert own_store.reviews.find(reviews.experiment_id, "Tone") is None


def test_questions_are_made_changed_and_deleted_where_no_queue_asks_them(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    at = f"/review/questions?experiment={reviews.experiment_id}"
    edit = client.get(f"{at}&edit={reviews.tone.schema_id}").text
    assert "polite\nneutral\nrude</textarea>" in edit
    form = {"experiment": reviews.experiment_id, "new_name": "tone", "new_form": "categorical",
            "new_options": "kind\nrude", "schema": reviews.tone.schema_id}  # fmt: skip
    assert client.post("/review/questions", data=form).status_code == 303
    assert own_store.label_schemas.get(reviews.tone.schema_id).version == 2
    gone = {"experiment": reviews.experiment_id, "schema": reviews.tone.schema_id, "action": "delete"}
    assert client.post("/review/questions", data=gone).status_code == 400
    new = {"experiment": reviews.experiment_id, "new_name": "free", "new_form": "text"}
    assert client.post("/review/questions", data=new).status_code == 303
    free = own_store.label_schemas.find(reviews.experiment_id, "free")
    assert free is not None
    assert client.post("/review/questions", data=gone | {"schema": free.schema_id}).status_code == 303
    assert own_store.label_schemas.find(reviews.experiment_id, "free") is None


def test_the_board_tells_agreement_disputes_and_flags(client: TestClient, reviews: sample_reviews.Reviews):
    data = client.get(f"/review/{reviews.many.queue_id}/board.json").json()
    names = [s["name"] for s in data["questions"][0]["statistics"]]
    assert names == ["Same answer", "Krippendorff’s α", "Gwet’s AC1", "Cohen’s κ"]
    same = data["questions"][0]["statistics"][0]["estimate"]
    assert same["low"] < same["value"] <= same["high"]
    assert data["questions"][0]["prevalence"][0]["word"] == "Yes"
    assert [w["reviewer"] for w in data["people"]] == ["Ada", "Grace"]
    assert data["flagged"][0]["reasons"] == [["Grace", "The customer is not ours."]]
    page = client.get(f"/review/{reviews.many.queue_id}/board").text
    for word in ("Two by two", "As it grew", "How often each answer", "The customer is not ours.", "Disputed"):
        assert word in page
    pairs = client.get(f"/review/{reviews.pairs.queue_id}/board").text
    assert "Ranking" in pairs
    assert "prompt 1" in pairs


def test_a_dispute_is_decided_in_place_and_counts(
    client: TestClient, own_store: Store, reviews: sample_reviews.Reviews
):
    at = f"/review/{reviews.many.queue_id}"
    before = own_store.reviews.get(reviews.many.queue_id).counts.disputed
    page = client.get(f"{at}/board").text
    form = dict(
        re.findall(
            r'type="hidden" name="([^"]+)" value="([^"]*)"', page[page.index('class="deciding"') :].split("</form>")[0]
        )
    )
    assert client.post(f"{at}/decide", data=form).status_code == 400
    told = {"q0.value": "true", "q1.value": "polite", "q2.value": "4", "q0.comment": "By clause 4.2."}
    assert client.post(f"{at}/decide", data=form | told).status_code == 303
    assert own_store.reviews.get(reviews.many.queue_id).counts.disputed == before - 1
    (word,) = [a for a in own_store.reviews.answers(form["item"]) if a.decides]
    assert (word.reviewer, word.labels[0].value, word.labels[0].comment) == ("Ida", True, "By clause 4.2.")
    old = client.post(f"{at}/decide", data=form | told | {"q0.version": "7"})
    assert old.status_code == 400
    assert "Nothing was decided" in old.text


def test_a_board_without_answers_says_so(client: TestClient, own_store: Store, reviews: sample_reviews.Reviews):
    queue = own_store.reviews.create(reviews.experiment_id, "Fresh", schema_ids=[reviews.tone.schema_id])
    page = client.get(f"/review/{queue.queue_id}/board").text
    assert "Nobody has answered yet" in page
    assert "This queue asks one person for each item" in page


@pytest.mark.parametrize("part", ["", "/board", "/items", "/settings"])
def test_pages_have_a_fragment_and_data_too(client: TestClient, reviews: sample_reviews.Reviews, part: str):
    at = f"/review/{reviews.plain.queue_id}{part}"
    assert client.get(f"{at}.json").json()["queue"]["queue_id"] == reviews.plain.queue_id
    fragment = client.get(at, headers=HTMX).text
    assert "<html" not in fragment
    assert "Refund policy, week 47" in fragment
    assert client.get(f"/review/rq-none{part}").status_code == 404


def test_the_rows_of_a_run_and_those_that_two_runs_share_are_added(client: TestClient, own_store: Store):
    ids = sample_applications.fill(own_store, hostile=("a", "b", "c", "d", "e", "f"))
    schema = own_store.label_schemas.create(ids.experiment, "ok", input=InputPassFail())
    single = own_store.reviews.create(ids.experiment, "Rows", schema_ids=[schema.schema_id])
    at = f"/review/{single.queue_id}"
    traces = own_store.traces.count([ids.experiment], run_id=ids.candidate)
    assert f"{traces} traces match." in client.get(f"{at}/items?source=run&run={ids.candidate}").text
    assert client.post(f"{at}/add", data={"source": "run", "run": ids.candidate, "take": "all"}).status_code == 303
    assert own_store.reviews.get(single.queue_id).counts.items == traces
    pairs = own_store.reviews.create(ids.experiment, "Pairs", item_type="pair")
    at, both = f"/review/{pairs.queue_id}", {"run": ids.candidate, "other_run": ids.baseline}
    page = client.get(f"{at}/items", params={"source": "pairs", **both}).text
    found = re.search(r"<b>(\d+) pairs match\.</b>", page)
    assert found is not None
    assert client.post(f"{at}/add", data={"source": "pairs", "take": "newest", "most": "5", **both}).status_code == 303
    items = own_store.reviews.items(pairs.queue_id).items
    names = [own_store.runs.get(one).info.run_name for one in (ids.candidate, ids.baseline)]
    assert {(item.name, item.other_name) for item in items} == {tuple(names)}
    assert len(items) == 5
    same = client.get(f"{at}/items", params={"source": "pairs", "run": ids.candidate, "other_run": ids.candidate})
    assert "two different runs" in same.text
