"""Labels stand for what they were drawn out of: strata, parts of it, ties, thresholds, and questions by any name."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.feedback import corrected_mean, corrected_means, judge_against_people, label_progress, plan_labels
from steelyard.genai import label_schemas, review_queues
from steelyard.metrics.corrected import prediction_powered
from steelyard.records import (
    InputCategorical,
    InputNumeric,
    InputPassFail,
    ItemDraft,
    ReviewItem,
    Store,
    Trace,
    TraceInfo,
)
from steelyard.tracking.stores import get_store

from .judged_traces import SECOND, answer, keep, label, trace_id, verdict


def judged(store: Store, places: range, judge: dict[int, Any], tags: Any = lambda number: {}) -> str:
    """Keep the traces of a run with the judge's values; return the run's id."""
    ids = keep(store, {i: [verdict(i, judge[i])] for i in places}, tags=tags)
    run_id = store.runs.create("0").info.run_id
    store.traces.link(run_id, ids)
    return run_id


def place(item: ReviewItem) -> int:
    return int(item.trace_id.removeprefix("tr-"), 16)


def noisy(count: int, *, passes: float = 0.7, errs: float = 0.1, seed: int = 1) -> tuple[list[bool], dict[int, bool]]:
    rng = random.Random(seed)
    truth = [rng.random() < passes for _ in range(count)]
    return truth, {i: one != (rng.random() < errs) for i, one in enumerate(truth)}


def test_a_stratum_that_nobody_has_labelled_is_named_instead_of_a_mean(store: Store) -> None:
    truth, judge = noisy(300)
    run_id = judged(store, range(300), judge, tags=lambda i: {"topic": "de" if i % 3 == 0 else "en"})
    plan = plan_labels(100, name="ok", run_id=run_id, by="topic", store=store)
    items = plan.add_to("q")
    for item in items:
        if place(item) % 3:
            answer(store, item, truth[place(item)])
    found = corrected_means(store, run_id)["ok/mean"]
    assert found.corrected is None
    assert "No item of the stratum 'de · " in found.refused
    assert label_progress("q", store=store).corrected == found
    for item in items:
        if place(item) % 3 == 0:
            answer(store, item, truth[place(item)])
    assert corrected_means(store, run_id)["ok/mean"].method == "stratified ppi++"


def test_a_stratum_without_labels_is_named_where_no_plan_has_drawn(store: Store) -> None:
    truth, judge = noisy(200)
    run_id = judged(store, range(200), judge)
    schema = store.label_schemas.create("0", "ok", input=InputPassFail())
    queue = store.reviews.create("0", "q", schema_ids=[schema.schema_id])
    drafts = [
        ItemDraft(trace_id=trace_id(i), propensity=0.5, stratum="even" if i % 2 == 0 else "odd", population=100)
        for i in range(100)
    ]
    for item in store.reviews.add(queue.queue_id, drafts):
        if item.stratum == "even":
            answer(store, item, truth[place(item)])
    report = judge_against_people("ok", run_id=run_id, store=store)
    for found in (corrected_mean(report), corrected_mean(report, [True] * 70 + [False] * 30)):
        assert found.corrected is None
        assert found.refused.startswith("No drawn item of the stratum 'odd' is labelled")


def test_what_is_asked_about_may_be_a_part_of_what_was_drawn_from(store: Store) -> None:
    """One run of mostly yes, one of mostly no: a stratum's labelled are counted among the run's own."""
    rng = random.Random(3)
    judge = {i: rng.random() < (0.9 if i < 150 else 0.2) for i in range(300)}
    truth = [rng.random() < (0.95 if judge[i] else 0.3) for i in range(300)]
    runs = [judged(store, range(150), judge), judged(store, range(150, 300), judge)]
    plan = plan_labels(100, name="ok", experiment_ids=["0"], store=store)
    for item in plan.add_to("q"):
        answer(store, item, truth[place(item)])
    chances = {one.name: one.labels / one.size for one in plan.strata}
    for run_id, places in zip(runs, (range(150), range(150, 300)), strict=True):
        report = judge_against_people("ok", run_id=run_id, store=store)
        assert {pair.item.stratum: pair.chance for pair in report.pairs if pair.item} == pytest.approx(chances)
        yes = [pair for pair in report.pairs if pair.gold is True]
        weights = [1 / chances[pair.item.stratum] for pair in yes if pair.item]
        by_hand = np.average([pair.judge is True for pair in yes], weights=weights)
        assert report.rates is not None
        assert report.rates.sensitivity.value == pytest.approx(by_hand)
        found = corrected_mean(report).corrected
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low < sum(truth[i] for i in places) / 150 < found.high


def test_a_run_that_was_not_drawn_from_beside_one_that_was_is_another_population(store: Store) -> None:
    truth, judge = noisy(450)
    runs = [judged(store, range(start, start + 150), judge) for start in (0, 150, 300)]
    early = [trace_id(i) for i in range(300)]
    for item in plan_labels(120, name="ok", traces=early, store=store).add_to("q"):
        answer(store, item, truth[place(item)])
    some = [trace_id(i) for i in range(150, 450)]
    found = corrected_mean(judge_against_people("ok", traces=some, store=store))
    assert found.method.startswith("rogan-gladen")
    assert corrected_means(store, runs[1])["ok/mean"].method.endswith("ppi++")
    assert corrected_means(store, runs[2])["ok/mean"].method.startswith("rogan-gladen")


def test_the_threshold_and_peoples_name_are_those_of_the_plan(store: Store) -> None:
    truth, said = noisy(200)
    judge = {i: 0.8 if one else 0.3 for i, one in said.items()}
    run_id = judged(store, range(200), judge)
    plan = plan_labels(60, name="ok", human_name="right", threshold=0.5, run_id=run_id, store=store)
    for item in plan.add_to("q"):
        answer(store, item, truth[place(item)])
    found = corrected_means(store, run_id)["ok/mean"]
    assert (found.n, found.raw.value) == (60, sum(said.values()) / 200)
    assert found == label_progress("q", store=store).corrected
    assert found.corrected is not None


def test_a_tie_is_half_a_yes(store: Store) -> None:
    rng = random.Random(5)
    truth, judge = noisy(300)
    run_id = judged(store, range(300), judge)
    schema = store.label_schemas.create("0", "ok", input=InputPassFail())
    queue = store.reviews.create("0", "q", schema_ids=[schema.schema_id])
    votes = {i: [truth[i] != (rng.random() < 0.25) for _ in "ab"] for i in range(150)}
    drafts = [ItemDraft(trace_id=trace_id(i), propensity=0.5, stratum="all", population=300) for i in votes]
    for item in store.reviews.add(queue.queue_id, drafts):
        for person, value in zip("ab", votes[place(item)], strict=True):
            answer(store, item, value, person)
    ties = sum(one != other for one, other in votes.values())
    assert ties > 20
    found = corrected_means(store, run_id)["ok/mean"]
    theirs = prediction_powered(
        [sum(said) / 2 for said in votes.values()], [judge[i] for i in votes], [judge[i] for i in range(150, 300)]
    )
    assert found.corrected is not None
    assert theirs.corrected is not None
    for one, other in ((found.corrected.value, theirs.corrected.value), (found.corrected.se, theirs.corrected.se)):
        assert one == pytest.approx(other)
    assert (found.n, found.tied, found.unread) == (150, ties, 0)
    assert found.humans.value == pytest.approx(sum(map(sum, votes.values())) / 300)
    report = judge_against_people("ok", run_id=run_id, store=store)
    assert {trace.chance for trace in report.traces if trace.people} == {0.5}
    assert any("counts a tie of yes and no as ½" in note for note in report.notes)
    elsewhere = corrected_mean(report, [judge[i] for i in range(150)])
    # The judge's mean on the labelled traces themselves gives back people's mean, ties as halves, exactly.
    assert elsewhere.corrected is not None
    assert elsewhere.corrected.value == pytest.approx(found.humans.value)


def test_the_label_that_was_changed_last_is_the_one_that_counts(store: Store) -> None:
    keep(
        store,
        {
            0: [
                verdict(0, True),
                label(0, True, "dee", metadata={"steelyard.review.decides": "true"}, last_update_time_ms=9 * SECOND),
                label(0, False, "eve", metadata={"steelyard.review.decides": "true"}, last_update_time_ms=5 * SECOND),
            ],
            1: [
                verdict(1, True),
                label(1, True, "ann", create_time_ms=2 * SECOND, last_update_time_ms=8 * SECOND),
                label(1, False, "ann", create_time_ms=3 * SECOND, last_update_time_ms=3 * SECOND),
            ],
        },
    )
    report = judge_against_people("ok", experiment_ids=["0"], store=store)
    assert [pair.gold for pair in report.pairs] == [True, True]


def test_answers_stay_with_their_question_when_it_is_renamed(store: Store) -> None:
    truth, judge = noisy(100)
    run_id = judged(store, range(100), judge)
    items = plan_labels(40, name="ok", human_name="old", run_id=run_id, store=store).add_to("q")
    for item in items[:20]:
        answer(store, item, truth[place(item)])
    schema = store.label_schemas.find("0", "old")
    assert schema is not None
    store.label_schemas.update(schema.schema_id, name="new")
    for item in items[20:]:
        answer(store, item, truth[place(item)])
    other = store.label_schemas.create("0", "old", input=InputPassFail())
    assert judge_against_people("ok", human_name="new", run_id=run_id, store=store).n == 40
    assert judge_against_people("ok", human_name="old", run_id=run_id, store=store).n == 0
    assert label_progress("q", store=store).labels == 40
    assert corrected_means(store, run_id)["ok/mean"].n == 40
    assert other.schema_id != schema.schema_id


def test_pass_fail_and_unsure_are_read_beside_true_and_false(store: Store) -> None:
    people = ["Pass", "Fail", "Pass", "Fail", "Unsure"] * 6
    keep(store, {i: [verdict(i, i % 2 == 0), label(i, said)] for i, said in enumerate(people)})
    report = judge_against_people("ok", experiment_ids=["0"], store=store)
    assert (report.kind, report.n, report.matching.unread_people) == ("boolean", 24, (("Unsure", 6),))
    assert report.agreement.raw.value == np.mean(
        [(said == "Pass") == (i % 2 == 0) for i, said in enumerate(people) if said != "Unsure"]
    )


def test_words_that_never_meet_are_said(store: Store) -> None:
    keep(store, {i: [verdict(i, ["good", "bad"][i % 2]), label(i, ["A", "B"][i % 2])] for i in range(30)})
    notes = judge_against_people("ok", experiment_ids=["0"], store=store).notes
    assert any("share no value (the judge: bad, good; people: a, b)" in note for note in notes)


def test_an_answer_that_is_neither_yes_nor_no_is_counted(store: Store) -> None:
    truth, judge = noisy(100)
    run_id = judged(store, range(100), judge)
    form = InputCategorical(("Pass", "Fail", "Unsure"))
    store.label_schemas.create("0", "ok", input=form)
    items = plan_labels(40, name="ok", run_id=run_id, store=store).add_to("q")
    for number, item in enumerate(items):
        answer(store, item, "Unsure" if number < 5 else "Pass" if truth[place(item)] else "Fail")
    found = corrected_means(store, run_id)["ok/mean"]
    assert (found.n, found.unread) == (35, 5)
    assert found.corrected is not None


@pytest.mark.usefixtures("store_uri")
def test_numpy_scalars_are_answers() -> None:
    forms = {"ok": InputPassFail(), "stars": InputNumeric(1, 5), "tags": InputCategorical(("x", "y"), True)}
    for name, form in forms.items():
        label_schemas.create_label_schema(name, input=form)
    queue = review_queues.create_review_queue("q", schema_ids=list(forms))
    kept = get_store().traces
    kept.put([Trace(TraceInfo(trace_id=trace_id(0)))])
    (item,) = review_queues.add_items_to_review_queue(queue, [trace_id(0)])
    said = {"ok": np.bool_(True), "stars": np.int64(3), "tags": [np.str_("y")]}
    answered = review_queues.answer_review_item(item, said, reviewer="ann")
    assert [(type(one.value), one.value) for one in answered.labels] == [(bool, True), (int, 3), (list, ["y"])]
    with pytest.raises(InvalidArgument, match="a number, at least 1"):
        review_queues.answer_review_item(item, {"stars": np.float32(9)}, reviewer="ben")


def test_words_are_not_labels_of_a_mean() -> None:
    with pytest.raises(InvalidArgument, match="labels must be numbers or bools"):
        prediction_powered(["yes"] * 20, [1] * 20, [1] * 3)
