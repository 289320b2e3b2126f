"""What scorers may say: booleans, numbers, yes and no, words, texts, lists, and mixtures of them."""

from __future__ import annotations

import enum
import statistics
from decimal import Decimal

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.evaluation.genai.aggregation import Aggregator, ScorerFacts
from steelyard.records import Feedback, Line, Prediction, Row, Usage, Verdict
from steelyard.records.ledger import VERDICT_OUTCOMES

from .aggregation_lines import BROKEN, aggregate, estimate, line, of


class Rating(enum.StrEnum):
    YES = "yes"
    NO = "no"


@pytest.mark.parametrize(
    ("values", "kind", "mean"),
    [
        pytest.param([True, False, True], "boolean", 2 / 3, id="booleans"),
        pytest.param(["yes", "No", " YES "], "boolean", 2 / 3, id="yes and no"),
        pytest.param([Rating.YES, Rating.NO, True], "boolean", 2 / 3, id="an enum"),
        pytest.param([np.bool_(True), np.False_], "boolean", 0.5, id="numpy booleans"),
        pytest.param([1, 2.5, True], "number", 1.5, id="numbers"),
        pytest.param([np.float32(1.5), np.int64(2), Decimal("2.5")], "number", 2.0, id="other numbers"),
        pytest.param(["low", "high", "low", "yes"], "category", None, id="words"),
        pytest.param([f"word {i}" for i in range(30)], "text", None, id="many words"),
        pytest.param(["a long answer " * 20, "x"], "text", None, id="a long text"),
        pytest.param([["a"], {"b": 1}], "other", None, id="lists and mappings"),
        pytest.param([None, None], "none", None, id="nothing"),
    ],
)
def test_the_kind_is_that_of_the_values(values, kind, mean):
    found = of(values)
    assert found.feedback[0].kind == kind
    if mean is not None:
        assert estimate(found, "good/mean").value == pytest.approx(mean)
    elif kind != "none":
        assert not any(one.metric == "good/mean" for one in found.estimates)
        assert found.feedback[0].metric == ""


def test_values_of_another_kind_than_most_are_missing_and_told():
    found = of([0.5, 1.5, 1.0, "excellent"])
    mean = estimate(found, "good/mean")
    assert (mean.value, mean.n, mean.missing) == (1.0, 3, 1)
    assert found.warnings == ("good: of 4 values most are of kind number; 1 words count as missing.",)


def test_words_have_shares_and_a_distribution_instead_of_a_mean():
    found = of(["low", "high", "low", "low", BROKEN])
    assert found.feedback[0].distribution == (("low", 3), ("high", 1))
    low = estimate(found, "good/share:low")
    assert (low.value, low.n, low.missing, low.worst, low.best) == (0.75, 4, 1, 0.6, 0.8)
    assert next(m for m in found.metrics if m.name == "good/share:low").greater_is_better is None


def test_declared_categories_are_all_there_even_if_never_said():
    facts = ScorerFacts(name="good", planned=3, categories=("none", "resolved", "unresolved"))
    found = of(["resolved", "RESOLVED", "odd"], facts=facts)
    assert [word for word, _ in found.feedback[0].distribution] == ["resolved", "odd", "none", "unresolved"]
    assert estimate(found, "good/share:none").value == 0.0
    assert estimate(found, "good/share:resolved").value == pytest.approx(2 / 3)


def test_a_literal_of_yes_and_no_without_aggregations_has_a_distribution():
    found = of(["yes", "no", "yes"], facts=ScorerFacts(name="good", planned=3, aggregations=()))
    assert estimate(found, "good/share:yes").value == pytest.approx(2 / 3)
    assert "good/mean" not in found.values
    assert (found.passing[0].passed, found.passing[0].failed) == (2, 1)


def test_no_number_no_value_and_infinity_are_told_apart():
    found = of([1.0, float("nan"), float("inf"), 10**400, None, BROKEN])
    mean = estimate(found, "good/mean")
    assert (mean.value, mean.n, mean.missing) == (1.0, 1, 5)
    assert found.warnings == (
        "good: 1 of 4 values are not a number (NaN); they count as missing.",
        "good: 2 of 4 values are infinite; they count as missing.",
    )


def test_aggregations_are_mlflows_and_callables():
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]

    def spread(scores):
        return max(scores) - min(scores)

    told = ["mean", "min", "max", "median", "variance", "p90", spread, statistics.fmean]
    found = of(values, facts=ScorerFacts(name="good", planned=8, aggregations=told)).values
    expected = {
        "mean": np.mean(values), "min": 1, "max": 9, "median": np.median(values), "variance": np.var(values),
        "p90": np.percentile(values, 90), "spread": 8, "fmean": np.mean(values),
    }  # fmt: skip
    for name, value in expected.items():
        assert found[f"good/{name}"] == pytest.approx(float(value)), name


def test_an_unknown_aggregation_is_refused_before_anything_runs():
    with pytest.raises(InvalidArgument, match="'p95' is not known"):
        ScorerFacts(name="good", planned=1, aggregations=["p95"])


def test_an_aggregation_that_raises_is_told_and_left_out():
    def broken(scores):
        raise ZeroDivisionError("nothing there")

    found = of([1.0, 2.0], facts=ScorerFacts(name="good", planned=2, aggregations=["mean", broken]))
    assert found.values["good/mean"] == 1.5
    assert found.warnings == ("good/broken: the aggregation raised ZeroDivisionError: nothing there",)


def test_quantiles_are_bounded_by_what_missing_rows_could_do():
    facts = ScorerFacts(name="good", planned=10, aggregations=["p90", "median", "max"], lower=0, upper=10)
    found = of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, BROKEN, BROKEN], facts=facts)
    for name, q in (("p90", 0.9), ("median", 0.5)):
        one = estimate(found, f"good/{name}")
        assert one.value == pytest.approx(np.quantile(range(1, 9), q))
        assert one.worst == pytest.approx(np.quantile([0, 0, *range(1, 9)], q))
        assert one.best == pytest.approx(np.quantile([*range(1, 9), 10, 10], q))
    assert (estimate(found, "good/max").worst, estimate(found, "good/max").best) == (8.0, 10.0)


def test_several_values_of_one_name_on_a_row_count_once():
    def row(i, values):
        told = tuple(Feedback("chunk", value) for value in values)
        return Line(
            row=Row(index=i, row_id=str(i)), repeat=0, prediction=Prediction(row=i),
            verdicts=(Verdict(row=i, scorer=0, feedbacks=told),),
        )  # fmt: skip

    lines = [row(0, ["yes", "no"]), row(1, ["yes", "yes", "yes"]), row(2, ["yes", None])]
    found = aggregate(lines, facts=[ScorerFacts(name="chunk", planned=3)])
    mean = estimate(found, "chunk/mean")
    assert (mean.value, mean.n, mean.missing) == (0.75, 2, 1)  # a chunk without a value may not flatter its row
    assert (found.passing[0].passed, found.passing[0].failed) == (1, 1)


def test_a_scorer_may_say_several_things_and_two_may_use_one_name():
    def verdict(place, **values):
        return Verdict(row=0, scorer=place, feedbacks=tuple(Feedback(name, value) for name, value in values.items()))

    one = Line(
        row=Row(index=0, row_id="a"), repeat=0, prediction=Prediction(row=0),
        verdicts=(verdict(0, tone=True, style=False), verdict(1, tone=0.5)),
    )  # fmt: skip
    found = aggregate([one], facts=[ScorerFacts(name="first", planned=1), ScorerFacts(name="second", planned=1)])
    assert dict(found.names) == {(0, "style"): "style", (0, "tone"): "tone", (1, "tone"): "second/tone"}
    assert (found.values["tone/mean"], found.values["second/tone/mean"]) == (1.0, 0.5)
    assert any("as another does" in warning for warning in found.warnings)
    with pytest.raises(InvalidArgument, match="Two scorers are named 'first'"):
        Aggregator([ScorerFacts(name="first", planned=1)] * 2, rows=1)


def test_only_scored_verdicts_have_values_whatever_they_carry():
    lines = [
        Line(
            row=Row(index=i, row_id=str(i)), repeat=0, prediction=Prediction(row=i),
            verdicts=(Verdict(row=i, scorer=0, outcome=outcome, feedbacks=(Feedback("good", True),), error="odd"),),
        )
        for i, outcome in enumerate(VERDICT_OUTCOMES)
    ]  # fmt: skip
    found = aggregate(lines, facts=[ScorerFacts(name="good", planned=6)])
    assert (estimate(found, "good/mean").n, estimate(found, "good/mean").missing) == (1, 5)
    assert set(found.scorers[0].outcomes.values()) == {1}
    assert found.scorers[0].errors == (("odd", 6),)


def test_a_value_beside_an_error_is_no_value():
    told = (Feedback("good", 1.0, error="it broke"),)  # type: ignore[arg-type]
    one = Line(
        row=Row(index=0, row_id="a"), repeat=0, prediction=Prediction(row=0),
        verdicts=(Verdict(row=0, scorer=0, feedbacks=told),),
    )  # fmt: skip
    found = aggregate([one], facts=[ScorerFacts(name="good", planned=1)])
    assert estimate(found, "good/mean").missing == 1


def test_sessions_are_judged_once_each():
    lines = [line(i, {"turn": True}, session=str(i // 3)) for i in range(6)]
    last = Verdict(row=0, scorer=1, feedbacks=(Feedback("whole", "yes"),))
    lines[0] = Line(row=lines[0].row, repeat=0, prediction=lines[0].prediction, verdicts=(*lines[0].verdicts, last))
    facts = [ScorerFacts(name="turn", planned=6), ScorerFacts(name="whole", planned=2, session_level=True)]
    found = aggregate(lines, rows=6, facts=facts)
    whole = estimate(found, "whole/mean")
    assert (whole.value, whole.n, whole.missing, whole.worst) == (1.0, 1, 1, 0.5)
    assert estimate(found, "turn/mean").n == 6
    assert estimate(found, "whole/scored").value == 0.5


def test_numbers_have_a_histogram():
    whole = of([1, 2, 2, 5]).feedback[0]
    assert (whole.histogram, whole.low, whole.high) == ((1, 2, 0, 0, 1), 0.5, 5.5)
    parts = of([0.1, 0.2, 0.9]).feedback[0]
    assert (len(parts.histogram), sum(parts.histogram), parts.low, parts.high) == (20, 3, 0.1, 0.9)


def test_time_tokens_and_money_are_metrics_where_they_are_known():
    lines = [
        line(i, True, latency=0.1 * (i + 1), usage=Usage(input_tokens=10, output_tokens=i, cost=0.001 * i))
        for i in range(20)
    ]
    found = aggregate(lines)
    values = found.values
    assert values["latency/mean"] == pytest.approx(1.05)
    assert values["latency/p90"] == pytest.approx(np.quantile(0.1 * np.arange(1, 21), 0.9))
    assert (values["tokens/mean"], values["tokens/total"]) == (19.5, 390.0)
    assert (values["cost/mean"], values["cost/total"]) == pytest.approx((0.0095, 0.19))
    assert found.latencies["p50"] == values["latency/p50"]
    assert not any(name.startswith(("latency", "tokens", "cost")) for name in of([True]).values)


def test_a_scorer_named_latency_keeps_its_name():
    found = aggregate([line(0, {"latency": 3.0}, latency=1.0), line(1, {"latency": 5.0}, latency=1.0)])
    assert (found.values["latency/mean"], found.values["prediction_latency/mean"]) == (4.0, 1.0)


def test_nothing_at_all_comes_to_nothing():
    found = aggregate([], rows=0, facts=[ScorerFacts(name="good", planned=0)], slices=["topic"])
    assert found.values == {}
    assert estimate(found, "good/mean").n == 0
