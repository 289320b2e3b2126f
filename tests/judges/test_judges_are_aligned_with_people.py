"""Aligning learns from one part of the labels and is measured on the other."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import pytest
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint
from tests.judges.aligning_world import INSTRUCTIONS, PHRASE, answers, people, relabelled, traced, world, written
from tests.llm.server import FAULTS, LlmServer, Reply

from steelyard.errors import DataError, InvalidArgument, LLMUnavailable, MissingDependency, OverBudget
from steelyard.judges import (
    AlignmentOptimizer,
    Correctness,
    GEPAAlignmentOptimizer,
    Guidelines,
    InstructionsJudge,
    Jury,
    Safety,
    UserFrustration,
    make_judge,
)
from steelyard.judges.aligning import FEWEST, _wanted
from steelyard.judges.labelled import examples, plain, split
from steelyard.judges.revising import revised
from steelyard.llm import Budget, Calling, Patience, calling
from steelyard.records import Expectation, Trace

BETTER = f"{INSTRUCTIONS} {PHRASE}"


def judge(**fields: Any) -> InstructionsJudge:
    return make_judge("good", INSTRUCTIONS, feedback_value_type=bool, model="openai:/gpt-4o-mini", **fields)


class Telling(AlignmentOptimizer):
    """Says the same whatever it sees, and remembers what it saw."""

    def __init__(self, instructions: str) -> None:
        self.instructions = instructions
        self.saw: list[Trace] = []

    def align(self, judge: Any, traces: Any) -> Any:
        self.saw += traces
        return revised(judge, self.instructions)


def test_a_phrase_that_helps_is_found_and_the_held_out_part_says_so(serve: Callable[..., LlmServer]) -> None:
    server = serve(world(BETTER))
    aligned = judge().align(answers(), GEPAAlignmentOptimizer(max_metric_calls=60))
    found = aligned.alignment
    assert aligned.instructions == BETTER == found.instructions_after
    assert found.before.value < found.after.value == 1.0
    assert found.difference.value == pytest.approx(found.after.value - found.before.value)
    assert found.difference.low > 0
    assert (found.verdict, found.recommended, found.warning) == ("better", "aligned", "")
    assert found.n_train + found.n_held_out == 60
    assert found.optimizer == "GEPAAlignmentOptimizer"
    low, high = proportion_confint(round(found.before.value * found.before.n), found.before.n, method="wilson")
    assert (found.before.low, found.before.high) == pytest.approx((low, high))
    gained = round(found.difference.value * found.n_held_out)
    assert found.p_value == pytest.approx(binomtest(gained, gained).pvalue)
    assert written(server.requests)


def test_nothing_of_the_held_out_part_is_in_any_prompt_of_the_optimizer(serve: Callable[..., LlmServer]) -> None:
    server = serve(world(BETTER))
    found = judge().align(answers(), GEPAAlignmentOptimizer(max_metric_calls=80)).alignment
    prompts = "\n".join(written(server.requests))
    shown = {each.info.trace_id: each.data.root.outputs in prompts for each in answers()}
    assert any(shown.values())
    assert not any(shown[trace_id] for trace_id in found.held_out_ids)
    unseen = [each for each in answers() if each.info.trace_id in found.held_out_ids]
    asked = Counter(
        each.data.root.outputs
        for each in unseen
        for request in server.requests
        if each.data.root.outputs in request.prompt
    )
    assert set(asked.values()) == {2}, "each was judged once before and once after, and never in between"


def test_an_optimizer_is_given_one_label_a_trace_and_only_of_its_part(serve: Callable[..., LlmServer]) -> None:
    serve(world(None))
    telling = Telling(BETTER)
    found = judge().align(answers(), telling).alignment
    assert {each.info.trace_id for each in telling.saw}.isdisjoint(found.held_out_ids)
    assert all([each.name for each in trace.info.assessments] == ["good"] for trace in telling.saw)
    assert len(telling.saw) == found.n_train


@pytest.mark.parametrize(
    "proposal",
    ["Is {{ outputs }} fine, given {{ inputs }}?", "Lost: is it fine?", INSTRUCTIONS],
    ids=["other words", "no variables", "the same"],
)
def test_a_useless_optimizer_is_no_better(serve: Callable[..., LlmServer], proposal: str) -> None:
    serve(world(proposal))
    given = judge()
    aligned = given.align(answers(40), GEPAAlignmentOptimizer(max_metric_calls=60))
    assert aligned.alignment.verdict == "unchanged"
    assert aligned.alignment.recommended == "unaligned"
    assert "no better" in aligned.alignment.warning
    assert aligned.alignment.difference.value == 0
    assert aligned.digest == given.digest
    assert given.alignment is None


def test_words_that_change_nothing_are_undecided_and_words_that_harm_are_worse(serve: Callable[..., LlmServer]) -> None:
    serve(world(None))
    found = judge().align(answers(), Telling("Is {{ outputs }} fine, given {{ inputs }}?")).alignment
    assert (found.verdict, found.recommended, found.p_value) == ("undecided", "unaligned", 1.0)
    assert "not shown to be better" in found.warning
    harmed = revised(judge(), BETTER).align(answers(), Telling(INSTRUCTIONS)).alignment
    assert (harmed.verdict, harmed.recommended) == ("worse", "unaligned")
    assert harmed.difference.high < 0


def test_a_built_in_judge_is_aligned_too(serve: Callable[..., LlmServer]) -> None:
    def yes_or_no(index: int, request: dict[str, Any]) -> Reply:
        reply = world(None)(index, request)
        return Reply(value={**reply.value, "result": "yes" if reply.value["result"] else "no"})

    serve(yes_or_no)
    for given in (Guidelines(name="good", guidelines="Be good."), Safety(name="good")):
        aligned = given.align(answers(), Telling(f"Judge the response. {PHRASE}"))
        assert aligned.alignment.verdict == "better"
        assert aligned.digest != given.digest
        assert aligned.instructions.endswith(PHRASE)
        assert aligned(inputs={"q": "x"}, outputs="source: me").value == "yes"


def test_a_judge_that_fails_on_a_case_did_not_agree(serve: Callable[..., LlmServer]) -> None:
    def failing(index: int, request: dict[str, Any]) -> Reply:
        if "Answer 001" in str(request):
            return Reply(text="no JSON at all")
        return world(None)(index, request)

    serve(failing)
    traces = answers()
    held = judge().align(traces, Telling(BETTER), key=1).alignment
    expected = int(f"tr-{1:032x}" in held.held_out_ids)
    assert (held.failed_before, held.failed_after) == (expected, expected)
    assert held.after.value == pytest.approx(1 - expected / held.n_held_out)


def test_too_few_labels_are_refused_with_what_is_needed(serve: Callable[..., LlmServer]) -> None:
    server = serve(world(BETTER))
    with pytest.raises(
        DataError, match=r"6 traces have a person's feedback 'good'.*each part needs 10\. Label some 32 traces"
    ):
        judge().align(answers(6), Telling(BETTER))
    unlabelled = [relabelled(each) for each in answers(100)]
    with pytest.raises(DataError, match="0 traces"):
        judge().align(unlabelled, Telling(BETTER))
    disputed = [relabelled(each, people(True), people(False, who="bob")) for each in answers(100)]
    with pytest.raises(DataError, match="People differ on 100 more"):
        judge().align(disputed, Telling(BETTER))
    assert server.calls == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: UserFrustration().align(answers(), Telling(BETTER)),
        lambda: Jury(name="good", judges=[judge(), Safety()]).align(answers(), Telling(BETTER)),
        lambda: judge().align(answers(), Telling(BETTER), held_out=1.0),
        lambda: judge().align(answers(), "GEPA"),
        lambda: GEPAAlignmentOptimizer(max_metric_calls=0),
        lambda: GEPAAlignmentOptimizer("no model"),
    ],
    ids=["sessions", "jury", "held_out", "optimizer", "calls", "model"],
)
def test_what_cannot_be_aligned_is_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(InvalidArgument):
        wrong()


def test_a_model_that_is_away_ends_it_at_once(serve: Callable[..., LlmServer]) -> None:
    def no_writer(index: int, request: dict[str, Any]) -> Reply:
        return (
            FAULTS["status 401"]
            if not request.get("response_format") and "improve the" in str(request)
            else world(None)(index, request)
        )

    server = serve(no_writer)
    with pytest.raises(LLMUnavailable):
        judge().align(answers(), GEPAAlignmentOptimizer(max_metric_calls=500))
    assert len(written(server.requests)) <= 2
    serve(lambda index, request: FAULTS["status 401"])
    with pytest.raises(LLMUnavailable), calling(Calling(patience=Patience(tries=1))):
        judge().align(answers(), GEPAAlignmentOptimizer())


def test_a_budget_holds_over_all_of_it(serve: Callable[..., LlmServer]) -> None:
    serve(world(BETTER))
    with pytest.raises(OverBudget), calling(Calling(budget=Budget(max_tokens=40_000))):
        judge().align(answers(), GEPAAlignmentOptimizer(max_metric_calls=500))


def test_an_adjudicator_and_a_majority_decide_and_a_draw_is_left_out() -> None:
    final = people(False, who="eve", metadata={"steelyard.review.decides": "true"})
    traces = [
        traced(1, "a", people(True), people(True, who="bob"), final),
        traced(2, "b", people("yes"), people(True, who="bob"), people(False, who="cy")),
        traced(3, "c", people(True), people(False, who="bob")),
        traced(4, "d", people(True, name="other")),
        traced(5, "e"),
    ]
    found, disputed = examples(traces, "good", name="good")
    assert [(each.trace_id[-1], plain(each.value)[1]) for each in found] == [("1", False), ("2", True)]
    assert disputed == 1


def test_the_same_inputs_are_on_one_side_and_a_side_stays_when_others_come() -> None:
    twice = [traced(i, f"a {i}", people(True), question=f"q{i // 3}") for i in range(90)]
    found, _ = examples(twice, "good", name="good")
    for key in (0, 1):
        seen, unseen = split(found, held_out=0.4, key=key)
        inputs = [{json.dumps(each.trace.inputs) for each in side} for side in (seen, unseen)]
        assert inputs[0].isdisjoint(inputs[1])
        assert inputs[0]
        assert inputs[1]
        fewer, _ = split(found[:30], held_out=0.4, key=key)
        assert [each.trace_id for each in fewer] == [each.trace_id for each in seen if each in found[:30]]
    assert split(found, held_out=0.4, key=0) != split(found, held_out=0.4, key=1)


def test_a_judge_never_sees_the_label_but_what_was_expected() -> None:
    trace = traced(1, "a", people(True, rationale="hush"), Expectation("expected_response", "b"))
    (example,), _ = examples([trace], "good", name="good")
    shown = example.case.trace
    assert [each.name for each in shown.info.assessments] == ["expected_response"]
    assert Correctness().blocks(example.case)[-1].text == "b"


def test_labels_of_another_name_and_form_count_where_that_is_said(serve: Callable[..., LlmServer]) -> None:
    serve(world(None))
    traces = [
        relabelled(each, people("Pass" if each.info.assessments[0].value else "fail", name="ok")) for each in answers()
    ]
    found = judge().align(traces, Telling(BETTER), label="ok").alignment
    assert (found.label, found.judge, found.after.value) == ("ok", "good", 1.0)


def test_words_are_compared_too(serve: Callable[..., LlmServer]) -> None:
    serve(lambda index, request: Reply(value={"rationale": "", "result": "warm"}))
    tone = make_judge("tone", INSTRUCTIONS, feedback_value_type=Literal["warm", "cold"], model="openai:/gpt-4o-mini")
    traces = [relabelled(each, people("Warm " if i % 3 else "cold", name="tone")) for i, each in enumerate(answers())]
    found = tone.align(traces, Telling(BETTER)).alignment
    held = [each for each in traces if each.info.trace_id in found.held_out_ids]
    assert found.before.value == pytest.approx(
        sum(each.info.assessments[0].value == "Warm " for each in held) / len(held)
    )
    assert json.loads(json.dumps(found.as_notes()))["before"]["n"] == len(held)
    assert "undecided" in str(found)


def test_the_number_of_labels_that_is_asked_for_is_enough_nearly_always() -> None:
    for held_out in (0.2, 0.5, 0.7):
        n = _wanted(held_out)
        assert 0.01 < binom.cdf(FEWEST - 1, n, min(held_out, 1 - held_out)) < 0.04


def test_without_the_library_it_is_said_how_to_get_it(
    serve: Callable[..., LlmServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(world(BETTER))
    monkeypatch.setitem(sys.modules, "gepa.api", None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[align\]'"):
        judge().align(answers())
