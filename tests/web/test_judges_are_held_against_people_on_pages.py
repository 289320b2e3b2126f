"""Judges on pages: the list, one held against people, its corrected mean, what to label next, versions, and trials."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from steelyard.evaluation.genai.stored_scoring import ScorerOrder, ScoringOrder, place_order, score_stored
from steelyard.feedback import corrected_means, judge_against_people, label_progress, plan_labels
from steelyard.records import AnswerDraft, AssessmentSource, Feedback, InputPassFail, LabelAnswer, Store
from steelyard.server import create_app
from steelyard.store import open_store
from steelyard.web import judgelist
from steelyard.web.pages import judges as page

from . import sample_judges
from .sample_judges import Judged
from .sample_runs import HOSTILE
from .sample_traces import fill as fill_traces

EVIL = "".join(HOSTILE)
pytestmark = pytest.mark.usefixtures("no_keys")


def opened(store: Store) -> TestClient:
    return TestClient(create_app(store), base_url="http://localhost", follow_redirects=False)


@pytest.fixture
def client(kept: Store) -> Iterator[TestClient]:
    with opened(kept) as found:
        yield found


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Store]:
    """A store with nothing in it."""
    opened = open_store(tmp_path / "bare")
    yield opened
    opened.close()


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


def test_every_judge_is_listed_with_its_agreement_those_that_people_have_labels_for_first(
    client: TestClient, kept: Store, judged: Judged
):
    told = client.get(f"/judges.json?experiment={judged.experiment_id}").json()
    first, second = told["judges"]
    assert (first["name"], first["kind"], first["version"], first["model"]) == (
        "correctness", "judge", 2, "openai:/gpt-4.1-mini",
    )  # fmt: skip
    assert (first["verdicts"], first["labels"], second["name"], second["kind"]) == (150, 80, "length", "")
    report = judge_against_people("correctness", experiment_ids=[judged.experiment_id], store=kept)
    assert first["agreement"]["value"] == pytest.approx(report.agreement.raw.value)
    assert (told["read"], told["traces"]) == (150, 150)
    text = client.get(f"/judges?experiment={judged.experiment_id}").text
    assert 'class="est"' in text
    assert "Have some labelled" in text


def test_a_long_list_of_traces_is_read_in_part_and_it_is_said(
    client: TestClient, judged: Judged, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(judgelist, "MOST", 50)
    text = client.get(f"/judges?experiment={judged.experiment_id}").text
    assert "newest 50 of 150 traces" in text


def test_where_no_judge_is_the_page_says_what_to_do(own_client: TestClient):
    text = own_client.get("/judges?experiment=0").text
    assert "No judge has said anything here yet" in text
    assert "judge.register()" in text
    assert "{{ outputs }}" in unescape(text)
    assert "Choose an experiment" in own_client.get("/judges").text


def test_the_page_begins_with_how_often_it_says_what_people_say(client: TestClient, kept: Store, judged: Judged):
    report = judge_against_people("correctness", experiment_ids=[judged.experiment_id], store=kept)
    told = client.get(address(judged, face=".json")).json()["people"]
    assert told["headline"]["value"] == pytest.approx(report.agreement.raw.value)
    assert told["people_same"]["value"] == report.people_with_people.value
    assert told["within"]["why"] == report.within.why
    assert told["confusion"]["counts"] == [list(row) for row in report.confusion.counts]
    names = [one["name"] for one in told["beside"]]
    assert names == ["Same answer", "Same answer, same items", "Kappa", "Krippendorff’s α", "Gwet’s AC1"]
    assert [one["judge"]["value"] for one in told["beside"][2:]] == [
        report.agreement.cohen.value, report.agreement.krippendorff.value, report.agreement.gwet.value,
    ]  # fmt: skip
    assert all(one["people"]["low"] is not None for one in told["beside"])
    text = seen(client.get(address(judged)).text)
    assert f"It says what people say on {100 * report.agreement.raw.value:.1f}%" in text
    for note in report.notes:
        assert note in text
    assert text.index("It says what people say") < text.index("Disagreements") < text.index("Where it leans")


def test_disagreements_stand_beside_each_other_with_reasons_and_the_way_to_their_queue(
    client: TestClient, kept: Store, judged: Judged
):
    report = judge_against_people("correctness", experiment_ids=[judged.experiment_id], store=kept)
    told = client.get(address(judged, face=".json", show="all")).json()["people"]
    assert [one["trace_id"] for one in told["disputed"]] == [one.trace.trace_id for one in report.disagreements]
    first = told["disputed"][0]
    assert {one["mark"] for one in first["people"]} != {first["judge"]["mark"]}
    text = client.get(address(judged, show="all")).text
    assert f"/traces/{first['trace_id']}" in text
    assert f"/review/{first['queue_id']}?item={first['item_id']}" in text
    assert seen(first["judge"]["why"]) in seen(text)
    fewer = client.get(address(judged, face=".json")).json()["people"]
    assert (len(fewer["disputed"]), fewer["disagreements"]) == (
        min(10, len(report.disagreements)),
        len(report.disagreements),
    )


def test_hostile_words_of_judges_and_people_stay_words(bare: Store):
    client = opened(bare)
    judged = sample_judges.fill(bare, traces=6, drawn=4, labelled=4, shared=0, hostile=EVIL, name=f"evil {EVIL}")
    one = judged.trace_ids[0]
    said = [
        Feedback(name="correctness", value=not sample_judges.truth(0), rationale=EVIL, trace_id=one,
                 source=AssessmentSource("LLM_JUDGE", EVIL[:200])),
        Feedback(name="correctness", value=sample_judges.truth(0), rationale=EVIL, trace_id=one,
                 source=AssessmentSource("HUMAN", EVIL[:200])),
        Feedback(name="a/b <i>", value=EVIL, trace_id=one, source=AssessmentSource("CODE", EVIL[:200])),
    ]  # fmt: skip
    bare.assessments.add(said)
    bare.scorers.register(
        judged.experiment_id, "correctness", digest="evil", kind="judge", by=EVIL[:100],
        definition=json.dumps({"name": "correctness", "x_data": {"instructions": EVIL}}),
    )  # fmt: skip
    for path in (
        f"/judges?experiment={judged.experiment_id}",
        *(address(judged, view=view) for view in page.VIEWS),
        address(judged, "a%2Fb%20%3Ci%3E"),
        f"/traces/{one}",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        for word in ("<script>window", "<img src=x", "<svg/onload", "<i>"):
            assert word not in answer.text, path
    assert EVIL in unescape(client.get(address(judged, view="versions")).text)


@pytest.mark.parametrize("view", page.VIEWS)
def test_page_fragment_and_data_come_of_one_context(client: TestClient, judged: Judged, view: str):
    whole = client.get(address(judged, view=view))
    part = client.get(address(judged, view=view), headers={"HX-Request": "true"})
    data = client.get(address(judged, face=".json", view=view))
    assert {whole.status_code, part.status_code, data.status_code} == {200}
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert (data.json()["name"], data.json()["view"]) == ("correctness", view)


def test_a_judge_that_nobody_labelled_says_what_is_missing(client: TestClient, judged: Judged):
    text = seen(client.get(address(judged, "length")).text)
    assert "No person has labelled these traces" in text
    assert "Choose what to label" in text
    assert "not registered" in text
    assert "is not registered" in seen(client.get(address(judged, "length", view="versions")).text)
    assert "There is no version to try" in seen(client.get(address(judged, "length", view="try")).text)


def test_what_is_not_there_is_an_error_that_says_so(client: TestClient, judged: Judged):
    assert client.get(address(judged, "nobody")).status_code == 404
    assert client.get("/judges/correctness").status_code == 400
    assert client.get("/judges/correctness?experiment=999").status_code == 404
    typed = client.get(address(judged, filter="no such thing"))
    assert typed.status_code == 400
    assert 'value="no such thing"' in typed.text  # what was typed stays, to be put right
    wrong = client.get(address(judged, threshold="high"))
    assert wrong.status_code == 400
    assert "is no number from which on" in unescape(wrong.text)


def test_the_page_narrows_to_a_run_a_filter_and_a_source(client: TestClient, kept: Store, judged: Judged):
    kept_by = "tag.topic = 'refund'".replace(" ", "%20").replace("'", "%27").replace("=", "%3D")
    told = client.get(address(judged, face=".json", filter=kept_by)).json()
    want = judge_against_people(
        "correctness", experiment_ids=[judged.experiment_id], filter_string="tag.topic = 'refund'", store=kept
    )
    assert (told["scope"]["traces"], told["people"]["n"]) == (50, want.n)
    run = client.get(f"/judges/correctness.json?run={judged.run_id}").json()
    assert (run["scope"]["experiment_id"], run["scope"]["run_name"]) == (judged.experiment_id, "prompt v7")
    assert run["people"]["n"] == 80
    nobody = client.get(address(judged, face=".json", source="nobody")).json()
    assert (nobody["people"]["n"], nobody["sources"][-1]) == (0, ["nobody", 0])


def test_of_too_many_traces_the_newest_are_read_and_no_mean_is_told(
    client: TestClient, judged: Judged, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page, "MOST_READ", 100)
    told = client.get(address(judged, face=".json")).json()
    assert (told["scope"]["read"], told["people"]["matching"]["traces"]) == (100, 100)
    labels = client.get(address(judged, face=".json", view="labels")).json()["labelling"]
    assert labels["mean"] is None
    assert "100 of 150" in labels["why"]
    assert "Narrow them" in labels["problem"]["message"]


def test_the_mean_is_told_raw_and_corrected_with_what_the_judge_is_worth(
    client: TestClient, kept: Store, judged: Judged
):
    told = client.get(address(judged, face=".json", view="labels")).json()["labelling"]
    want = corrected_means(kept, judged.run_id)["correctness/mean"]
    assert told["mean"]["corrected"]["value"] == pytest.approx(want.corrected.value)
    assert (told["mean"]["n"], told["mean"]["effective_n"]) == (40, pytest.approx(want.effective_n))
    text = seen(client.get(address(judged, view="labels")).text)
    assert f"With 40 labels the mean is {want.corrected.value:.3f}" in text
    assert f"raw, the judge says {want.raw.value:.3f}" in text
    words = client.get(address(judged, "length", view="labels"))
    assert "No label was drawn at random" in unescape(words.text)


def test_a_drawn_queue_tells_how_far_it_is(client: TestClient, kept: Store, judged: Judged):
    (drawn,) = client.get(address(judged, face=".json", view="labels")).json()["labelling"]["queues"]
    want = label_progress(judged.drawn, store=kept)
    assert (drawn["queue_id"], drawn["labels"], drawn["drawn"]) == (judged.drawn.queue_id, 40, 60)
    assert drawn["half_width"] == pytest.approx(want.half_width)
    assert drawn["stop"]["may"] is want.stop.may
    assert drawn["curve"]["line"].startswith("M0.00 ")
    assert want.stop.why in seen(client.get(address(judged, view="labels")).text)


def test_one_click_makes_a_queue_of_what_was_planned_and_one_more_extends_it(
    own_client: TestClient, copied: Store, own: Judged
):
    told = own_client.get(address(own, face=".json", view="labels", n="15", target="0.1")).json()["labelling"]
    plan = plan_labels(15, name="correctness", experiment_ids=[own.experiment_id], target_width=0.1, store=copied)
    assert (told["plan"]["n"], told["plan"]["expected"]) == (15, pytest.approx(plan.expected))
    form = {
        "judge": "correctness",
        "experiment": own.experiment_id,
        "n": "15",
        "target": "0.1",
        "queue_name": "week 47",
    }
    answer = own_client.post("/judges/draw", data=form)
    assert answer.status_code == 303
    queue = copied.reviews.find(own.experiment_id, "week 47")
    assert queue is not None
    assert answer.headers["location"] == f"/review/{queue.queue_id}/items?added=15&there=0"
    items = copied.reviews.items(queue.queue_id).items
    assert {(one.trace_id, one.propensity) for one in items} == {(one.trace_id, one.propensity) for one in plan.drafts}
    again = own_client.post("/judges/draw", data=form)
    assert again.status_code == 400
    assert "already" in again.text
    more = own_client.post("/judges/draw", data={**form, "queue": queue.queue_id, "n": "10"})
    assert more.status_code == 303
    assert len(copied.reviews.items(queue.queue_id).items) == 25


def test_a_draw_whose_traces_have_changed_says_so_where_it_stands(own_client: TestClient, copied: Store, own: Judged):
    form = {"judge": "correctness", "experiment": own.experiment_id, "n": "5", "queue": own.drawn.queue_id}
    copied.traces.delete(own.trace_ids[:30])
    answer = own_client.post("/judges/draw", data=form)
    assert answer.status_code == 400
    assert "not what they were when the queue was drawn" in answer.text
    copied.traces.delete(own.trace_ids[30:])
    gone = own_client.get(address(own, view="labels"))
    assert gone.status_code == 200
    assert "None of the traces that the queue was drawn from is left" in gone.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"n": "many"}, "no number of labels"),
        ({"n": "0"}, "no number of labels"),
        ({"target": "narrow"}, "no width above 0"),
        ({"queue_name": " "}, "needs a name"),
        ({"queue_name": "Everybody"}, "already"),
    ],
    ids=["words", "none", "target", "no name", "a name that is taken"],
)
def test_a_draw_that_cannot_be_is_said_and_nothing_is_made(
    client: TestClient, kept: Store, judged: Judged, fields: dict[str, str], told: str
):
    before = len(kept.reviews.list([judged.experiment_id]))
    form = {"judge": "correctness", "experiment": judged.experiment_id, "n": "10", "queue_name": "new", **fields}
    answer = client.post("/judges/draw", data=form)
    assert answer.status_code == 400
    assert told in unescape(answer.text)
    assert "Nothing was drawn" in answer.text
    assert len(kept.reviews.list([judged.experiment_id])) == before


def test_versions_are_told_with_their_words_and_what_aligning_brought(client: TestClient, judged: Judged):
    newest, first = client.get(address(judged, face=".json", view="versions")).json()["versions"]
    assert (newest["version"], newest["instructions"]) == (2, sample_judges.BETTER)
    assert (first["version"], first["instructions"], first["created_by"]) == (1, sample_judges.WORDS, "Ada")
    assert (newest["aligned"]["before"]["value"], newest["aligned"]["after"]["value"]) == (0.71, 0.85)
    text = seen(client.get(address(judged, view="versions")).text)
    assert "0.710 [0.560, 0.825] before, 0.850 [0.715, 0.930] after" in text
    assert sample_judges.BETTER in text


@pytest.mark.parametrize("definition", ["no JSON", "[1]", '{"name": 3, "jury_data": []}'], ids=["text", "list", "odd"])
def test_a_definition_that_nobody_can_read_is_shown_as_it_is(
    own_client: TestClient, copied: Store, own: Judged, definition: str
):
    copied.scorers.register(own.experiment_id, "odd", definition=definition, digest="x", kind="judge")
    told = own_client.get(address(own, "odd", face=".json", view="versions")).json()["newest"]
    assert json.dumps(told["definition"])
    form = own_client.get(address(own, "odd", face=".json", view="try")).json()["form"]
    assert form["versions"][0]["why_not"]
    assert own_client.get(f"/judges?experiment={own.experiment_id}").status_code == 200


def test_the_page_of_a_run_tells_the_corrected_mean_beside_the_raw_one(bare: Store):
    client = opened(bare)
    traces = [one for one in fill_traces(bare, "0", 80) if one.info.state == "OK"]
    order = ScoringOrder(
        trace_ids=tuple(one.info.trace_id for one in traces),
        scorers=(ScorerOrder(scorer="Contains", arguments={"values": ["account"]}),),
    )
    run_id = place_order(bare, "0", order, run_name="scored")
    score_stored(bare, run_id)
    assert client.get(f"/runs/{run_id}.json").json()["corrected"] == {}
    schema = bare.label_schemas.create("0", "contains", input=InputPassFail())
    plan = plan_labels(40, name="contains", run_id=run_id, store=bare)
    items = plan.add_to("drawn")
    said = {one.trace_id: one.value for one in _verdicts(bare, order.trace_ids)}
    for place, item in enumerate(items):
        value = said[item.trace_id] if place % 7 else not said[item.trace_id]
        label = LabelAnswer(schema_id=schema.schema_id, value=value)
        bare.reviews.answer(AnswerDraft(item_id=item.item_id, reviewer="Ada", labels=(label,)))
    want = corrected_means(bare, run_id)["contains/mean"]
    assert want.corrected is not None
    text = client.get(f"/runs/{run_id}").text
    assert f"corrected {want.corrected.value:.3f}" in text
    assert f"{want.n} labels" in text
    assert f"/judges/contains?experiment=0&amp;view=labels&amp;run={run_id}" in text


def _verdicts(store: Store, trace_ids: tuple[str, ...]) -> list[Feedback]:
    found = store.assessments.list(trace_ids)
    return [one for some in found.values() for one in some if isinstance(one, Feedback) and one.name == "contains"]


def test_the_page_of_a_trace_leads_from_a_verdict_to_its_judge(client: TestClient, judged: Judged):
    text = client.get(f"/traces/{judged.trace_ids[1]}").text
    assert f"/judges/correctness?experiment={judged.experiment_id}" in text


def test_numbers_are_told_as_numbers(own_client: TestClient, copied: Store, own: Judged):
    said = []
    for number, trace_id in enumerate(own.trace_ids[:30]):
        one = Feedback(
            name="score", value=number % 5 + 0.5 * (number % 2), trace_id=trace_id, source=sample_judges.JUDGE
        )
        said += [one, replace(one, value=number % 5, source=AssessmentSource("HUMAN", "Ada"))]
    copied.assessments.add(said)
    told = own_client.get(address(own, "score", face=".json")).json()["people"]
    assert (told["kind"], told["measure"], told["n"]) == ("number", "correlation", 30)
    assert told["differences"]["bias"]["value"] == pytest.approx(0.25)
    assert "Its numbers go with people’s at r" in seen(own_client.get(address(own, "score")).text)


def test_words_are_told_as_words(own_client: TestClient, copied: Store, own: Judged):
    said = []
    for number, trace_id in enumerate(own.trace_ids[:24]):
        one = Feedback(name="tone", value=("polite", "rude")[number % 2], trace_id=trace_id, source=sample_judges.JUDGE)
        said += [
            one,
            replace(one, value="neutral" if number % 6 == 0 else one.value, source=AssessmentSource("HUMAN", "Ada")),
        ]
    copied.assessments.add(said)
    told = own_client.get(address(own, "tone", face=".json")).json()["people"]
    assert (told["kind"], told["confusion"]["labels"]) == ("category", ["neutral", "polite", "rude"])
    assert own_client.get(address(own, "tone")).status_code == 200
    assert "no mean" in own_client.get(address(own, "tone", view="labels")).text
