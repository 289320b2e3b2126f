"""A judge's mean beside the labels that were drawn at random: corrected, or said why not."""

from __future__ import annotations

import random
from typing import Any

import pytest

import steelyard
from steelyard.errors import InvalidArgument
from steelyard.feedback import corrected_mean, corrected_means, judge_against_people
from steelyard.metrics.corrected import prediction_powered, rogan_gladen
from steelyard.records import InputPassFail, ItemDraft, Store
from steelyard.tracking.stores import get_store

from .judged_traces import answer, keep, label, trace_id, verdict

N = 200


def judged(store: Store, *, seed: int = 1, first: int = 0, passes: float = 0.7, run: bool = True) -> tuple[Any, str]:
    """Keep the traces of a run that a judge has judged; return what people would say, and the run's id."""
    rng = random.Random(seed)
    truths = {i: rng.random() < passes for i in range(first, first + N)}
    said = {i: truth != (rng.random() < 0.15) for i, truth in truths.items()}
    ids = keep(store, {i: [verdict(i, "yes" if said[i] else "no")] for i in truths})
    run_id = store.runs.create("0").info.run_id if run else ""
    if run:
        store.traces.link(run_id, ids)
    return truths, run_id


def labelled(store: Store, truths: dict[int, bool], places: list[int], **draft: Any) -> None:
    """Ask people about some traces, and let them answer."""
    schema = store.label_schemas.find("0", "ok") or store.label_schemas.create("0", "ok", input=InputPassFail())
    queue = store.reviews.find("0", "q") or store.reviews.create("0", "q", schema_ids=[schema.schema_id])
    items = store.reviews.add(queue.queue_id, [ItemDraft(trace_id=trace_id(i), **draft) for i in places])
    for item, place in zip(items, places, strict=True):
        answer(store, item, truths[place])


def test_a_simple_random_sample_is_ppi(store: Store) -> None:
    truths, run_id = judged(store)
    places = random.Random(2).sample(sorted(truths), 50)
    labelled(store, truths, places, propensity=50 / N, stratum="all", population=N)
    report = judge_against_people("ok", run_id=run_id, store=store)
    assert {pair.chance for pair in report.pairs} == {0.25}
    by_place = {trace.trace_id: float(trace.judge or 0) for trace in report.traces}
    theirs = prediction_powered(
        [truths[i] for i in places],
        [by_place[trace_id(i)] for i in places],
        [by_place[trace_id(i)] for i in truths if i not in places],
    )
    found = corrected_mean(report)
    assert found.corrected is not None
    assert theirs.corrected is not None
    assert (found.corrected.value, found.corrected.se) == pytest.approx((theirs.corrected.value, theirs.corrected.se))
    assert (found.n, found.N, found.refused) == (50, 150, "")
    assert corrected_means(store, run_id) == {"ok/mean": found}


def test_those_who_have_not_answered_are_as_if_not_drawn(store: Store) -> None:
    truths, run_id = judged(store)
    labelled(store, truths, list(range(40)), propensity=60 / N, stratum="all", population=N)
    queue = store.reviews.find("0", "q")
    assert queue is not None
    waiting = [ItemDraft(trace_id=trace_id(i), propensity=60 / N, stratum="all", population=N) for i in range(40, 60)]
    store.reviews.add(queue.queue_id, waiting)
    report = judge_against_people("ok", run_id=run_id, store=store)
    assert {pair.chance for pair in report.pairs} == {40 / N}


def test_unequal_chances_weigh(store: Store) -> None:
    truths, run_id = judged(store)
    rng = random.Random(4)
    for place in truths:
        chance = 0.2 if place % 2 else 0.6
        if rng.random() < chance:
            labelled(store, truths, [place], propensity=chance)
    report = judge_against_people("ok", run_id=run_id, store=store)
    chances = {pair.chance for pair in report.pairs}
    assert chances == {0.2, 0.6}
    found = corrected_mean(report)
    assert found.corrected is not None
    assert found.method == "active ppi++"
    assert found.corrected.low is not None
    assert found.corrected.high is not None
    assert found.corrected.low < sum(truths.values()) / N < found.corrected.high


def test_labels_of_chosen_traces_correct_nothing(store: Store) -> None:
    truths, run_id = judged(store)
    labelled(store, truths, list(range(50)))
    store.assessments.add([label(i, truths[i]) for i in range(50, 80)])
    found = corrected_mean(judge_against_people("ok", run_id=run_id, store=store))
    assert found.corrected is None
    assert "No label was drawn at random" in found.refused
    assert found.raw.n == N
    assert corrected_means(store, run_id) == {}


def test_too_few_labels_are_said(store: Store) -> None:
    truths, run_id = judged(store)
    labelled(store, truths, list(range(8)), propensity=8 / N, stratum="all", population=N)
    found = corrected_means(store, run_id)["ok/mean"]
    assert (found.corrected, found.n) == (None, 8)
    assert "too few" in found.refused


def test_a_later_run_is_corrected_by_the_judges_errors_on_the_first(store: Store) -> None:
    truths, _ = judged(store)
    labelled(store, truths, list(range(100)), propensity=100 / N, stratum="all", population=N)
    later, run_id = judged(store, seed=9, first=1000, passes=0.3)
    first = judge_against_people("ok", traces=[trace_id(i) for i in truths], store=store)
    second = judge_against_people("ok", run_id=run_id, store=store)
    found = corrected_mean(first, second)
    assert first.confusion is not None
    (yes, no) = first.confusion.counts
    theirs = rogan_gladen(
        sum(trace.judge is True for trace in second.traces),
        N,
        sensitivity=(yes[0], sum(yes)),
        specificity=(no[1], sum(no)),
    )
    assert found.corrected is not None
    assert theirs.corrected is not None
    assert found.corrected.value == pytest.approx(theirs.corrected.value)
    assert (found.youden, found.method) == (pytest.approx(theirs.youden), theirs.method)
    assert found.corrected.low is not None
    assert found.corrected.high is not None
    assert found.corrected.low < sum(later.values()) / N < found.corrected.high
    shown = corrected_means(store, run_id)["ok/mean"]
    assert shown.corrected == found.corrected
    values = ["yes" if trace.judge else "no" for trace in second.traces]
    assert corrected_mean(first, values).corrected == found.corrected


def test_traces_that_came_after_the_draw_make_it_another_population(store: Store) -> None:
    truths, _ = judged(store, run=False)
    labelled(store, truths, list(range(100)), propensity=100 / N, stratum="all", population=N)
    judged(store, seed=9, first=1000, passes=0.3, run=False)
    found = corrected_mean(judge_against_people("ok", experiment_ids=["0"], store=store))
    assert found.method.startswith("rogan-gladen")
    assert found.N == 2 * N


def test_a_judge_that_guesses_is_refused_under_shift(store: Store) -> None:
    rng = random.Random(3)
    truths = {i: rng.random() < 0.5 for i in range(N)}
    keep(store, {i: [verdict(i, rng.random() < 0.5)] for i in truths})
    labelled(store, truths, list(range(100)), propensity=0.5, stratum="all", population=N)
    found = corrected_mean(judge_against_people("ok", experiment_ids=["0"], store=store), [True] * 60 + [False] * 40)
    assert found.corrected is None
    assert "hardly tells passes from fails" in found.refused


def test_numbers_are_not_corrected_elsewhere_and_words_not_at_all(store: Store) -> None:
    keep(store, {i: [verdict(i, i % 5 + 1.0), label(i, i % 4 + 1.0)] for i in range(30)})
    numbers = judge_against_people("ok", experiment_ids=["0"], store=store)
    assert "only judges of yes and no" in corrected_mean(numbers, [1.0, 2.0, 3.0]).refused
    keep(store, {i: [verdict(i, "red", name="hue"), label(i, "blue", name="hue")] for i in range(30)})
    with pytest.raises(InvalidArgument, match="no mean"):
        corrected_mean(judge_against_people("hue", experiment_ids=["0"], store=store))


def test_traces_without_a_verdict_are_counted_as_missing(store: Store) -> None:
    truths, run_id = judged(store)
    keep(store, {5000 + i: [] for i in range(7)})
    store.traces.link(run_id, [trace_id(5000 + i) for i in range(7)])
    labelled(store, truths, list(range(50)), propensity=50 / N, stratum="all", population=N)
    found = corrected_means(store, run_id)["ok/mean"]
    assert found.corrected is not None
    assert (found.raw.n, found.raw.missing, found.corrected.missing) == (N, 7, 7)


def test_repeats_of_the_same_answer_tell_how_far_a_judge_agrees_with_itself(store_uri: str) -> None:
    said = iter([True, True, True, False] * 5)

    @steelyard.genai.scorer
    def ok(outputs: str) -> bool:
        return next(said)

    rows = [{"inputs": {"question": f"{i}"}} for i in range(5)]
    result = steelyard.genai.evaluate(rows, [ok], lambda question: f"answer {question}", repeats=4)
    found = judge_against_people("ok", run_id=result.run_id).repeatability
    assert found is not None
    assert (found.items, found.verdicts, found.of_traces) == (5, 20, 0)
    assert 0.4 <= (found.agreement.raw.value or 0.0) < 1.0
    assert corrected_means(get_store(), result.run_id) == {}
