"""A judge beside people: what is matched, how far they agree, and every number against a library's."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, confusion_matrix, recall_score
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests

from steelyard.errors import InvalidArgument
from steelyard.feedback import JudgeReport, judge_against_people, judge_on
from steelyard.records import AssessmentError, AssessmentSource, Expectation, InputPassFail, Store

from .judged_traces import JUDGE, SECOND, keep, label, trace_id, verdict


def on_all(store: Store, **options: object) -> JudgeReport:
    return judge_against_people("ok", **{"experiment_ids": ["0"], "store": store, **options})  # type: ignore[arg-type]


def noisy(count: int, *, seed: int, errs: float = 0.2) -> list[tuple[bool, bool]]:
    """Pairs of what people say and what a judge says that errs so often."""
    rng = random.Random(seed)
    truths = [rng.random() < 0.6 for _ in range(count)]
    return [(truth, truth != (rng.random() < errs)) for truth in truths]


def test_table_and_agreement_are_those_of_scikit_learn(store: Store) -> None:
    pairs = noisy(80, seed=1)
    keep(store, {i: [verdict(i, "yes" if said else "no"), label(i, truth)] for i, (truth, said) in enumerate(pairs)})
    report = on_all(store)
    truth, said = zip(*pairs, strict=True)
    assert report.kind == "boolean"
    assert report.confusion is not None
    assert report.confusion.labels == ("yes", "no")
    assert report.confusion.counts == tuple(
        tuple(row) for row in confusion_matrix(truth, said, labels=[True, False]).astype(float)
    )
    assert report.agreement.cohen is not None
    assert report.agreement.cohen.value == pytest.approx(cohen_kappa_score(truth, said))
    assert report.agreement.raw.value == pytest.approx(np.mean(np.equal(truth, said)))
    assert report.rates is not None
    assert report.rates.sensitivity.value == pytest.approx(recall_score(truth, said))
    assert report.rates.specificity.value == pytest.approx(recall_score(truth, said, pos_label=False))
    youden = recall_score(truth, said) + recall_score(truth, said, pos_label=False) - 1
    assert report.rates.youden.value == pytest.approx(youden)
    assert report.rates.youden.low is not None
    assert report.rates.youden.low < youden
    assert report.bias.value == pytest.approx(np.mean(said) - np.mean(truth))


def test_every_trace_is_accounted_for(store: Store) -> None:
    failed = AssessmentError("PARSE_ERROR", "no verdict in it")
    store.label_schemas.create("0", "ok", input=InputPassFail("Grounded", "Made up"))
    keep(
        store,
        {
            0: [verdict(0, "Grounded"), label(0, True)],
            1: [verdict(1, "NO "), label(1, "Made up")],
            2: [verdict(2, "perhaps"), label(2, True)],
            3: [verdict(3, None, error=failed), label(3, True)],
            4: [verdict(4, "yes")],
            5: [label(5, False)],
            6: [verdict(6, "yes"), label(6, True), label(6, False, "ben")],
            7: [verdict(7, 1), label(7, True)],
            8: [verdict(8, "yes", span_id="0000000000000008"), label(8, True)],
            9: [verdict(9, "yes"), label(9, True, metadata={"steelyard.review.version": "7"})],
            10: [verdict(10, "yes"), label(10, "who knows"), *(label(10, True, who) for who in ("ben", "cem"))],
            11: [verdict(11, "yes"), *(label(11, True, who) for who in "abcdefgh")],
        },
    )
    found = on_all(store).matching
    assert (found.traces, found.judged, found.labelled, found.pairs) == (12, 8, 10, 5)
    assert (found.failed, found.unjudged, found.disputed, found.outdated) == (1, 2, 1, 1)
    assert found.unread_judge == (("perhaps", 1),)
    assert found.unread_people == (("who knows", 1),)
    failures = on_all(store).failures
    assert (failures.value, failures.n) == (pytest.approx(2 / 10), 10)


def test_a_corrected_verdict_is_what_the_correction_is_held_against(store: Store) -> None:
    keep(store, {0: [], 1: [verdict(1, "yes"), label(1, True)]})
    (wrong,) = store.assessments.add([verdict(0, "yes")])
    store.assessments.add([label(0, False, overrides=wrong.assessment_id)])
    report = on_all(store)
    assert {pair.trace_id: (pair.judge, pair.gold) for pair in report.pairs} == {
        trace_id(0): (True, False),
        trace_id(1): (True, True),
    }
    assert report.matching.corrections == 1
    assert any("correcting the judge" in note for note in report.notes)


def test_the_newest_verdict_of_the_named_judge_counts(store: Store) -> None:
    other = AssessmentSource("CODE", "rules")
    keep(
        store,
        {
            i: [
                verdict(i, "no"),
                verdict(i, "yes", create_time_ms=3 * SECOND),
                verdict(i, "no", source=other, create_time_ms=2 * SECOND),
                label(i, True),
            ]
            for i in range(4)
        },
    )
    report = on_all(store)
    assert report.sources == (JUDGE.source_id,)
    assert report.agreement.raw.value == 1.0
    assert on_all(store, judge_source="rules").agreement.raw.value == 0.0
    assert report.pairs[0].others[0].value is False
    again = report.repeatability
    assert again is not None
    assert (again.items, again.verdicts, again.changed.value, again.of_traces) == (4, 8, 1.0, 4)
    assert on_all(store, judge_source="rules").repeatability is None


def test_labels_of_another_name_expectations_and_given_traces_are_read_too(store: Store) -> None:
    people = AssessmentSource("HUMAN", "ann")
    ids = keep(store, {i: [verdict(i, "yes" if i else "no")] for i in range(3)})
    store.assessments.add([Expectation("right", True, trace_id=one, source=people) for one in ids])
    report = judge_against_people("ok", traces=ids[:2], store=store, human_name="right")
    assert (report.n, report.agreement.raw.value) == (2, 0.5)
    assert judge_on(report, ids[1:2]).agreement.raw.n == 1


def test_an_adjudicator_decides_and_is_nobodys_peer(store: Store) -> None:
    word = {"steelyard.review.decides": "true"}
    said = [label(0, True), label(0, True, "ben"), label(0, False, "cem", metadata=word)]
    keep(store, {0: [verdict(0, "no"), *said], 1: [verdict(1, "yes"), label(1, True), label(1, True, "ben")]})
    report = on_all(store)
    assert report.pairs[-1].gold is False or report.pairs[0].gold is False
    assert report.people is not None
    assert (report.people.raters, report.people.raw.value) == (2, 1.0)
    assert report.agreement.raw.value == 1.0
    assert report.judge_with_people is not None
    assert report.judge_with_people.value == 0.5


def test_numbers_have_a_bias_and_a_correlation(store: Store) -> None:
    rng = random.Random(3)
    stars = [float(rng.randint(1, 5)) for _ in range(50)]
    judged = [min(5.0, max(1.0, one + rng.choice([0, 0, 1, 1, -1]))) for one in stars]
    keep(store, {i: [verdict(i, judged[i]), label(i, stars[i])] for i in range(50)})
    report = on_all(store)
    assert (report.kind, report.confusion, report.rates) == ("number", None, None)
    assert report.differences is not None
    shown = report.differences
    gaps = np.subtract(judged, stars)
    low, high = stats.t.interval(0.95, 49, gaps.mean(), stats.sem(gaps))
    assert (shown.bias.value, shown.bias.low, shown.bias.high) == pytest.approx((gaps.mean(), low, high))
    theirs = stats.pearsonr(judged, stars)
    ends = theirs.confidence_interval(0.95)
    assert (shown.correlation.value, shown.correlation.low, shown.correlation.high) == pytest.approx(
        (theirs.statistic, ends.low, ends.high)
    )


def test_words_are_told_apart_without_their_case(store: Store) -> None:
    said = [("Billing", "billing"), ("tech ", "tech"), ("tech", "other")] * 3
    keep(store, {i: [verdict(i, judge), label(i, person)] for i, (judge, person) in enumerate(said)})
    report = on_all(store)
    assert report.kind == "category"
    assert report.confusion is not None
    assert report.confusion.labels == ("billing", "other", "tech")
    assert report.bias.value == pytest.approx(1 / 3)


def test_a_score_is_yes_from_the_threshold_on(store: Store) -> None:
    keep(store, {i: [verdict(i, i / 10), label(i, i >= 6)] for i in range(10)})
    assert on_all(store).matching.pairs == 1  # only the score 0 is a yes or no of itself
    assert on_all(store, threshold=0.6).agreement.raw.value == 1.0
    assert on_all(store, threshold=0.8).agreement.raw.value == pytest.approx(0.8)


def test_slices_are_tested_against_the_rest_and_adjusted_together(store: Store) -> None:
    rng = random.Random(5)
    topics = [rng.choice(["price", "time", "place"]) for _ in range(150)]
    truths = [rng.random() < 0.5 for _ in topics]
    judged = [truth or (topic == "price" and rng.random() < 0.8) for truth, topic in zip(truths, topics, strict=True)]
    keep(
        store,
        {i: [verdict(i, judged[i]), label(i, truths[i])] for i in range(150)},
        tags=lambda i: {"topic": topics[i], "number": str(i)},
    )
    report = on_all(store)
    assert {one.key for one in report.slices} == {"topic"}
    worst = report.slices[0]
    assert worst.value == "price"
    gap = np.subtract(np.array(judged, dtype=float), np.array(truths, dtype=float))
    inside = np.array([topic == "price" for topic in topics])
    assert worst.p == pytest.approx(stats.ttest_ind(gap[inside], gap[~inside], equal_var=False).pvalue)
    assert worst.bias.value == pytest.approx(gap[inside].mean())
    assert worst.rest.value == pytest.approx(gap[~inside].mean())
    raw = [one.p for one in report.slices]
    assert [one.p_adjusted for one in report.slices] == pytest.approx(list(multipletests(raw, method="fdr_bh")[1]))
    by_language = on_all(store, by=["inputs.language"]).slices
    assert {one.value for one in by_language} == {"en", "de"}
    with pytest.raises(InvalidArgument, match=r"'nonsense' to slice by.*topic"):
        on_all(store, by=["nonsense"])


def test_a_judge_that_likes_long_answers_is_found_out(store: Store) -> None:
    rng = random.Random(7)
    lengths = [int(math.exp(rng.uniform(3, 8))) for _ in range(80)]
    truths = [rng.random() < 0.5 for _ in lengths]
    judged = [
        truth or rng.random() < (0.8 if size > 400 else 0.05) for truth, size in zip(truths, lengths, strict=True)
    ]
    said = {i: [verdict(i, judged[i]), label(i, truths[i])] for i in range(80)}
    keep(store, said, output=lambda i: "x" * lengths[i])
    effect = on_all(store).length
    assert effect is not None
    assert (effect.n, effect.shortest, effect.longest) == (80, min(lengths), max(lengths))
    design = np.column_stack([np.ones(80), np.log2(lengths)])
    fit = OLS(np.subtract(np.array(judged, float), np.array(truths, float)), design).fit(cov_type="HC3", use_t=True)
    low, high = fit.conf_int()[1]
    assert (effect.slope.value, effect.slope.se) == pytest.approx((fit.params[1], fit.bse[1]))
    assert (effect.slope.low, effect.slope.high) == pytest.approx((low, high))
    assert low > 0


def test_a_judge_as_good_as_people_is_within_their_disagreement(store: Store) -> None:
    rng = random.Random(11)
    truths = [rng.random() < 0.5 for _ in range(60)]
    people = ("ann", "ben", "cem")

    def said(i: int, value: bool) -> list[object]:
        return [verdict(i, value), *(label(i, truths[i] != (rng.random() < 0.2), who) for who in people)]

    keep(store, {i: said(i, truths[i]) for i in range(60)})  # type: ignore[misc]
    good = on_all(store).within
    assert (good.within, good.winning_rate) == (True, 1.0)
    assert [one.n for one in good.people] == [60, 60, 60]
    store.assessments.add([verdict(i, rng.random() < 0.5, create_time_ms=5 * SECOND) for i in range(60)])
    guess = on_all(store).within
    assert (guess.within, guess.winning_rate) == (False, 0.0)
    assert (guess.advantage or 0) < (good.advantage or 0)
    few = judge_on(on_all(store), [trace_id(i) for i in range(29)]).within
    assert few.within is None
    assert "30 items" in few.why


def test_one_person_against_the_judge_is_the_test_of_the_paper(store: Store) -> None:
    rng = random.Random(13)
    people = ("ann", "ben", "cem")
    told = {i: {who: rng.random() < 0.6 for who in people} for i in range(40)}
    judged = {i: rng.random() < 0.6 for i in told}
    keep(store, {i: [verdict(i, judged[i]), *(label(i, v, who) for who, v in told[i].items())] for i in told})
    found = {one.person: one for one in on_all(store, epsilon=0.2).within.people}
    excess = []
    for i, said in told.items():
        others = [value for who, value in said.items() if who != "ann"]
        judge, own = (np.mean([value == other for other in others]) for value in (judged[i], said["ann"]))
        excess.append(float(own >= judge) - float(judge >= own))
    assert found["ann"].p == pytest.approx(stats.ttest_1samp(excess, 0.2, alternative="less").pvalue)
    adjusted = multipletests([found[who].p for who in people], method="fdr_by")[1]
    assert [found[who].p_adjusted for who in people] == pytest.approx(list(adjusted))


def test_the_most_confident_conflict_comes_first(store: Store) -> None:
    sure, unsure = {"confidence": 0.95}, {"confidence": 0.55}
    keep(
        store,
        {
            0: [verdict(0, "yes", metadata=unsure), label(0, False)],
            1: [verdict(1, "yes", metadata=sure, rationale="It says so."), label(1, False, rationale="It does not.")],
            2: [verdict(2, "yes", metadata=sure), *(label(2, False, who) for who in ("ann", "ben", "cem"))],
            3: [verdict(3, "yes", metadata=sure), label(3, True)],
        },
    )
    found = on_all(store).disagreements
    assert [one.trace.trace_id for one in found] == [trace_id(i) for i in (2, 1, 0)]
    assert [one.weight for one in found] == pytest.approx([0.95 * 0.75, 0.95 * 0.5, 0.55 * 0.5])
    second = found[1].trace
    assert second.verdict is not None
    assert (second.verdict.rationale, second.people[0].rationale) == ("It says so.", "It does not.")


def test_what_a_place_does_to_a_judge_of_pairs_is_told(store: Store) -> None:
    orders = [("a", "a"), ("b", "b"), ("a", "b"), ("a", "b"), ("b", "a")]
    keep(
        store,
        {
            i: [
                verdict(
                    i,
                    ab if ab == ba else "tie",
                    metadata={"order_ab": ab, "order_ba": ba, "flip": ab != ba},
                ),
                label(i, "a"),
            ]
            for i, (ab, ba) in enumerate(orders)
        },
    )
    effect = on_all(store).position
    assert effect is not None
    assert (effect.pairs, effect.flip_rate.value, effect.first_rate.value) == (5, 0.6, pytest.approx(2 / 3))


def test_which_traces_are_meant_is_said_in_one_way(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="in one way"):
        judge_against_people("ok", store=store)
    with pytest.raises(InvalidArgument, match="in one way"):
        judge_against_people("ok", store=store, run_id="r", experiment_ids=["0"])


def test_nothing_to_compare_is_said(store: Store) -> None:
    keep(store, {0: [verdict(0, "yes")]})
    report = on_all(store)
    assert (report.n, report.agreement.raw.value, report.people) == (0, None, None)
    assert report.notes[0].startswith("0 items are labelled by both")
    assert report.disagreements == ()


def test_one_of_many_options_is_the_option_itself(store: Store) -> None:
    keep(store, {0: [verdict(0, "a"), label(0, ["a"])], 1: [verdict(1, ["b", "a"]), label(1, ["a", "b"])]})
    report = on_all(store)
    assert (report.kind, report.matching.pairs, report.agreement.raw.value) == ("category", 2, 1.0)
