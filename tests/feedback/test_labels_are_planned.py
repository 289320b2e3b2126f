"""What people are asked to label: drawn with known chances, so that the mean is right whoever the judge is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.feedback import corrected_mean, judge_against_people, label_progress, plan_labels, plan_more
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_traces import TraceChoice
from steelyard.feedback.planning_frame import FrameSpec, frame_of
from steelyard.metrics.corrected import prediction_powered
from steelyard.records import AssessmentSource, ItemDraft, Store

from .judged_traces import SECOND, answer, keep, trace_id, verdict

N = 300


def judged(store: Store, *, seed: int = 1) -> tuple[dict[str, bool], dict[str, float]]:
    """Keep traces that a judge has judged who knows when it is unsure; return the truth and how sure it is, by id."""
    rng = random.Random(seed)
    truths, sure = {}, {}
    said = {}
    for i in range(N):
        truth, doubtful = rng.random() < 0.6, rng.random() < 0.3
        # Where it is in doubt, it passes too much.
        value = (rng.random() < 0.8) if doubtful else truth
        truths[trace_id(i)], sure[trace_id(i)] = truth, 0.6 if doubtful else 0.97
        said[i] = [verdict(i, "yes" if value else "no", metadata={"confidence": sure[trace_id(i)]})]
    keep(store, said, tags=lambda i: {"topic": "ab"[i % 2]})
    return truths, sure


def test_forty_labels_in_one_call(store: Store) -> None:
    truths, _ = judged(store)
    plan = plan_labels(40, name="ok", experiment_ids=["0"], store=store, target_width=0.08)
    assert (plan.n, len(plan.drafts), plan.population) == (40, 40, N)
    assert sum(stratum.size for stratum in plan.strata) == N
    doubted = {one.name: one.labels / one.size for one in plan.strata}
    assert doubted["score 1, unsure"] > doubted["score 1"]
    chances = {draft.stratum: draft.propensity for draft in plan.drafts}
    assert chances == {one.name: pytest.approx(one.labels / one.size) for one in plan.strata}
    widths = [point.half_width for point in plan.curve]
    assert widths == sorted(widths, reverse=True)
    assert plan.needed is not None
    assert plan.needed > 40
    items = plan.add_to("week 34")
    assert [item.trace_id for item in items] == [draft.trace_id for draft in plan.drafts]
    queue = store.reviews.get(items[0].queue_id)
    assert [store.label_schemas.get(one).name for one in queue.schema_ids] == ["ok"]
    assert plan.add_to(queue) == ()
    before = label_progress(queue, store=store)
    assert (before.labels, before.drawn, before.half_width, bool(before.stop)) == (0, 40, None, False)
    for item in items:
        answer(store, item, truths[item.trace_id])
    now = label_progress("week 34", store=store)
    assert (now.labels, now.population, now.target_width) == (40, N, 0.08)
    assert now.half_width is not None
    assert now.corrected.method == "stratified ppi++"
    assert now.needed is not None
    report = judge_against_people("ok", experiment_ids=["0"], store=store)
    assert corrected_mean(report) == now.corrected


def test_more_are_drawn_as_if_all_had_been_drawn_at_once(store: Store) -> None:
    truths, _ = judged(store)
    items = plan_labels(40, name="ok", experiment_ids=["0"], store=store).add_to("q")
    more = plan_more(items[0].queue_id, 30, store=store)
    added = more.add_to(items[0].queue_id)
    assert (more.n, len(added)) == (70, 30)
    for item in (*items, *added):
        answer(store, item, truths[item.trace_id])
    report = judge_against_people("ok", experiment_ids=["0"], store=store)
    by_stratum = {one.name: one.labels / one.size for one in more.strata}
    assert {pair.item.stratum: pair.chance for pair in report.pairs if pair.item} == pytest.approx(by_stratum)
    at_once = plan_labels(70, name="ok", experiment_ids=["0"], store=store, key="")
    if at_once.spec.digest == more.spec.digest:
        assert {draft.trace_id for draft in at_once.drafts} == {item.trace_id for item in (*items, *added)}
    everything = plan_more(items[0].queue_id, 10_000, store=store)
    assert everything.n == N


def test_the_width_reached_stops_the_work(store: Store) -> None:
    truths, _ = judged(store)
    items = plan_labels(120, name="ok", experiment_ids=["0"], store=store, target_width=0.2).add_to("q")
    for item in items:
        answer(store, item, truths[item.trace_id])
    assert label_progress(items[0].queue_id, store=store).stop
    assert not label_progress(items[0].queue_id, store=store, target_width=0.01).stop


def test_what_has_changed_is_not_drawn_further(store: Store) -> None:
    judged(store)
    items = plan_labels(40, name="ok", experiment_ids=["0"], store=store).add_to("q")
    keep(store, {N + 1: [verdict(N + 1, "yes")]})
    with pytest.raises(Conflict, match="not what they were"):
        plan_more(items[0].queue_id, store=store)
    assert label_progress(items[0].queue_id, store=store).drawn == 40


def test_a_draw_has_a_queue_of_its_own(store: Store) -> None:
    judged(store)
    plan = plan_labels(40, name="ok", experiment_ids=["0"], store=store)
    by_hand = store.reviews.create("0", "by hand")
    store.reviews.add(by_hand.queue_id, [ItemDraft(trace_id=trace_id(3))])
    with pytest.raises(InvalidArgument, match="not drawn at random"):
        plan.add_to(by_hand)
    plan.add_to("drawn")
    with pytest.raises(InvalidArgument, match="another draw"):
        plan_labels(40, name="ok", experiment_ids=["0"], store=store, key="again").add_to("drawn")
    with pytest.raises(InvalidArgument, match="begin with plan_labels"):
        plan_more(by_hand.queue_id, store=store)


def test_strata_follow_doubts_disputes_and_tags_as_far_as_labels_reach(store: Store) -> None:
    judged(store)
    other = AssessmentSource("LLM_JUDGE", "other")
    store.assessments.add([verdict(i, "no", source=other, create_time_ms=SECOND // 2) for i in range(0, N, 4)])
    fine = plan_labels(
        150, name="ok", experiment_ids=["0"], store=store, by="topic", judge_source="openai:/gpt-4.1-mini"
    )
    names = [one.name for one in fine.strata]
    assert any("judges differ" in name for name in names)
    assert {name.partition(" · ")[0] for name in names} == {"a", "b"}
    assert all(one.labels >= 2 for one in fine.strata)
    assert len(plan_labels(10, name="ok", experiment_ids=["0"], store=store, by="topic").strata) <= 2
    assert len(plan_labels(3, name="ok", experiment_ids=["0"], store=store).strata) == 1
    with pytest.raises(InvalidArgument, match="'nonsense' to draw by"):
        plan_labels(40, name="ok", experiment_ids=["0"], store=store, by="nonsense")


def test_a_judge_without_verdicts_plans_nothing(store: Store) -> None:
    keep(store, {0: []})
    with pytest.raises(InvalidArgument, match="nothing to correct"):
        plan_labels(40, name="ok", experiment_ids=["0"], store=store)
    with pytest.raises(InvalidArgument, match="1 or more"):
        plan_labels(0, name="ok", experiment_ids=["0"], store=store)


def test_numbers_and_words_are_asked_in_their_form(store: Store) -> None:
    keep(store, {i: [verdict(i, i % 5 + 1)] for i in range(50)})
    plan_labels(20, name="ok", experiment_ids=["0"], store=store).add_to("stars")
    keep(store, {100 + i: [verdict(100 + i, "ab"[i % 2], name="hue")] for i in range(50)})
    plan_labels(20, name="hue", experiment_ids=["0"], store=store).add_to("hues")
    stars, hues = (store.label_schemas.find("0", name) for name in ("ok", "hue"))
    assert stars is not None
    assert hues is not None
    assert (stars.input.kind, hues.input.kind, getattr(hues.input, "options", ())) == (
        "numeric",
        "categorical",
        ("a", "b"),
    )


def test_a_spec_is_kept_as_text(store: Store) -> None:
    spec = FrameSpec(name="ok", human_name="ok", choice=TraceChoice(trace_ids=("tr-1",)), by=("topic",), target=0.1)
    assert FrameSpec.from_text(spec.to_text()) == spec
    many = FrameSpec(name="ok", human_name="ok", choice=TraceChoice(trace_ids=tuple(map(trace_id, range(500)))))
    assert FrameSpec.from_text(many.to_text()).choice == TraceChoice()
    judged(store)
    ids = [trace_id(i) for i in range(250)]
    items = plan_labels(40, name="ok", traces=ids, store=store).add_to("given")
    with pytest.raises(InvalidArgument, match="give traces= again"):
        plan_more(items[0].queue_id, store=store)
    assert len(plan_more(items[0].queue_id, 10, traces=ids, store=store).drafts) == 10


def test_planned_labels_are_unbiased_and_the_uncertain_ones_alone_are_not(store: Store) -> None:
    truths, sure = judged(store, seed=8)
    found = gather(store, TraceChoice(experiment_ids=("0",)), "ok", human_name="ok", details=False)
    judge = {trace.trace_id: float(trace.judge is True) for trace in found.traces}
    truth = sum(truths.values()) / N
    least_sure = sorted(truths, key=lambda one: (sure[one], one))[:45]
    naive = prediction_powered(
        [truths[one] for one in least_sure],
        [judge[one] for one in least_sure],
        [judge[one] for one in truths if one not in least_sure],
    )
    values, errors, covered = [], [], 0
    rounds = 40
    for number in range(rounds):
        plan = plan_labels(45, name="ok", experiment_ids=["0"], store=store, key=str(number))
        frame = frame_of(found.traces, plan.spec)
        strata = dict(zip(frame.ids, frame.strata, strict=True))
        drawn = [draft.trace_id for draft in plan.drafts]
        rest = [one for one in truths if one not in set(drawn)]
        fixed = prediction_powered(
            [truths[one] for one in drawn],
            [judge[one] for one in drawn],
            [judge[one] for one in rest],
            strata=([strata[one] for one in drawn], [strata[one] for one in rest]),
            finite=True,
        ).corrected
        assert fixed is not None
        assert fixed.value is not None
        assert fixed.low is not None
        assert fixed.high is not None
        values.append(fixed.value)
        errors.append(fixed.se or 0.0)
        covered += fixed.low <= truth <= fixed.high
    standard_error = float(np.std(values, ddof=1)) / rounds**0.5
    assert abs(float(np.mean(values)) - truth) < 3 * standard_error
    assert covered >= 35  # of 40; 38 are expected at 95 %
    assert naive.corrected is not None
    assert naive.corrected.value is not None
    assert abs(naive.corrected.value - truth) > 2 * float(np.mean(errors))


def test_a_queue_is_found_by_its_name(store: Store) -> None:
    with pytest.raises(NotFound, match="no review queue 'week 35'"):
        label_progress("week 35", store=store)
    other = store.experiments.create("other").experiment_id
    for experiment in ("0", other):
        store.reviews.create(experiment, "twice")
    with pytest.raises(InvalidArgument, match="2 experiments have a queue 'twice'"):
        plan_more("twice", store=store)
