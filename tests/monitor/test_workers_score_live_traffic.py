"""Every kind of scorer scores what arrives, as an evaluation would, and its feedback says whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.llm.server import LlmServer
from tests.monitor.judge_server import MODEL, judging
from tests.monitor.live import AT_ONCE, TurnedClock, monitor_of, said_of, sent, standing_of, worked, worked_off

from steelyard.errors import InvalidArgument
from steelyard.genai.scorers import (
    Correctness,
    ExactMatch,
    Jury,
    LatencyScorer,
    RegexMatch,
    ResponseLength,
    ScorerSamplingConfig,
    make_scorer_ensemble,
    scorer,
)
from steelyard.judges import make_judge, make_pairwise_judge
from steelyard.monitor import backfill
from steelyard.monitor.scoring_desk import Desk
from steelyard.records import Expectation
from steelyard.records.monitor import MONITOR_KEY
from steelyard.tracking import get_store


@pytest.fixture(autouse=True)
def _own_store(store_uri: str) -> None:
    """Every test here writes to a store."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LlmServer]]:
    """Start a model's server."""
    with ExitStack() as started:
        yield lambda *script, **options: started.enter_context(judging(monkeypatch, *script, **options))


@scorer
def polite(outputs: Any) -> bool:
    return "please" in outputs


@scorer
async def patient(outputs: Any) -> float:
    return len(outputs) / 100


def test_a_built_in_scorer_says_what_it_says_in_evaluations() -> None:
    ResponseLength(name="brief", max_length=5).start(sampling_config=AT_ONCE)
    (trace_id,) = sent()
    report = worked()
    assert (report.claimed, report.done, report.in_hand) == (1, 1, 0)
    (said,) = said_of([trace_id], "brief")
    assert (said.value, said.source.source_type, said.source.source_id) == ("no", "CODE", "brief")
    assert said.metadata == {MONITOR_KEY: monitor_of("brief").monitor_id, "steelyard.scorer.version": "1"}


@pytest.mark.parametrize("made", [polite, patient], ids=["a function", "a coroutine function"])
def test_code_of_this_process_runs_here(made: Any) -> None:
    made.start(sampling_config=AT_ONCE)
    trace_ids = sent(3)
    worked()
    assert [said.value for said in said_of(trace_ids, made.name)] == [{"polite": True, "patient": 0.18}[made.name]] * 3


def test_a_pattern_runs_apart_for_it_may_never_end() -> None:
    RegexMatch(name="greedy", pattern="(a+)+$", timeout=0.5).start(sampling_config=AT_ONCE)
    good, endless = sent(1, outputs="aaa"), sent(1, outputs="a" * 60 + "!")
    worked_off()
    assert [said.value for said in said_of(good, "greedy")] == ["yes"]
    (said,) = said_of(endless, "greedy")
    assert "no verdict after 0.5 s" in str(said.error_message)


def test_a_judge_is_paid_for_once_and_its_price_is_kept(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, schema: {"result": "yes"})
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=AT_ONCE)
    trace_ids = [sent(1, outputs=f"Answer {number}")[0] for number in range(5)]
    assert worked_off() == 5
    said = said_of(trace_ids, "kind")
    assert [one.value for one in said] == ["yes"] * 5
    assert {(one.source.source_type, one.source.source_id) for one in said} == {("LLM_JUDGE", MODEL)}
    assert server.calls == 5
    standing = standing_of("kind")
    assert standing.done["scored"] == 5
    assert standing.cost_today > 0


def test_answers_that_are_known_are_not_paid_for_again(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, schema: {"result": "yes"})
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=AT_ONCE)
    sent(1)
    worked_off()
    cost = standing_of("kind").cost_today
    sent(3)  # with the same answer
    assert worked_off() == 3
    assert (server.calls, standing_of("kind").cost_today) == (1, cost)


def test_juries_and_mixed_ensembles_score(serve: Callable[..., LlmServer]) -> None:
    serve(rule=lambda prompt, schema: {"result": True})
    judges = [make_judge(name, f"Is {{{{ outputs }}}} {name}?", model=MODEL, feedback_value_type=bool) for name in "ab"]
    Jury(name="jury", judges=judges).start(sampling_config=AT_ONCE)
    both = make_scorer_ensemble(name="both", scorers=[judges[0], polite], ensemble_fn="agg_all")
    both.start(sampling_config=AT_ONCE)
    trace_ids = sent(2)
    assert worked_off() == 4
    assert [said.value for said in said_of(trace_ids, "jury")] == [True, True]
    assert [said.value for said in said_of(trace_ids, "both")] == [True, True]


def test_a_session_is_judged_as_a_whole_and_again_when_it_grows() -> None:
    @scorer
    def turns(session: Any) -> int:
        return len(session)

    turns.start(sampling_config=AT_ONCE)
    clock = TurnedClock()
    first = sent(1, session="talk")
    second = sent(1, session="talk")
    sent(2)  # of no session
    assert worked_off(clock) == 1
    assert [said.value for said in said_of(first, "turns")] == [2]
    assert said_of(second, "turns") == []
    sent(1, session="talk")
    clock.turn(10_000)
    worked_off(clock)
    assert [(said.value, said.valid) for said in said_of(first, "turns") if said.valid] == [(3, True)]


def test_a_request_that_failed_has_feedback_without_a_value() -> None:
    ResponseLength(name="brief", max_length=5).start(sampling_config=AT_ONCE)
    polite.start(sampling_config=AT_ONCE)
    LatencyScorer().start(sampling_config=AT_ONCE)
    failed = sent(12, outputs=None, status="ERROR")
    worked_off()
    assert {said.error_code for said in said_of(failed, "polite")} == {"REQUEST_FAILED"}
    assert all(said.value is not None for said in said_of(failed, "latency"))
    assert (monitor_of("polite").state, monitor_of("polite").failures) == ("active", 0)


def test_what_was_deleted_is_gone_and_nothing_else() -> None:
    polite.start(sampling_config=AT_ONCE)
    first, second = sent(2)
    get_store().monitors.plan(now_ms=TurnedClock().now_ms())
    get_store().traces.delete([first])
    worked_off()
    assert len(said_of([second], "polite")) == 1
    assert standing_of("polite").waiting == 0


def test_expectations_of_a_trace_are_there_for_who_wants_them() -> None:
    @scorer
    def expecting(outputs: Any, expectations: Any = None) -> bool:
        return outputs == (expectations or {}).get("answer")

    expecting.start(sampling_config=AT_ONCE)
    (trace_id,) = sent()
    get_store().assessments.add([Expectation(name="answer", value="A balance, please.", trace_id=trace_id)])
    worked()
    assert [said.value for said in said_of([trace_id], "expecting")] == [True]


def test_a_past_window_is_scored_too_and_nothing_twice() -> None:
    early = sent(5, start_ms=1_700_000_000_000)
    polite.start(sampling_config=AT_ONCE)
    late = sent(5, start_ms=1_700_000_500_000)
    worked_off()
    assert said_of(early, "polite") == []
    made = backfill(polite, 1_700_000_000_000, 1_700_001_000_000)
    assert made.state == "planning"
    worked_off()
    assert [len(said_of([trace_id], "polite")) for trace_id in (*early, *late)] == [1] * 10


def test_only_what_matches_is_scored() -> None:
    polite.start(sampling_config=ScorerSamplingConfig(settle_seconds=0, filter_string="tags.tier = 'paid'"))
    paid, free = sent(2, tags={"tier": "paid"}), sent(3, tags={"tier": "free"})
    worked_off()
    assert (len(said_of(paid, "polite")), len(said_of(free, "polite"))) == (2, 0)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (ExactMatch(), "needs expectations (expected)"),
        (Correctness(model=MODEL), "needs expectations (expected_facts, expected_response)"),
        (make_judge("right", "{{ outputs }} for {{ expectations }}", model=MODEL), "needs expectations"),
        (make_scorer_ensemble(name="all", scorers=[ExactMatch()], ensemble_fn="agg_all"), "needs expectations"),
    ],
    ids=["exact match", "correctness", "instructions", "ensemble"],
)
def test_what_needs_expectations_is_refused_at_once(made: Any, why: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        made.start()
    assert why in str(refused.value)


def test_what_compares_two_answers_is_refused_at_once() -> None:
    from steelyard.tracking.monitor_checks import check_watchable

    with pytest.raises(InvalidArgument, match="compares two answers"):
        check_watchable(make_pairwise_judge("better", "Which is kinder?", model=MODEL))


def test_a_scorer_is_looked_up_when_it_has_work_and_rarely_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ticking(TurnedClock):
        ticks = 0.0

        def seconds(self) -> float:
            return self.ticks

    ResponseLength(name="brief", max_length=5).start(sampling_config=AT_ONCE)
    scorers = type(get_store().scorers)
    looked_up: list[str] = []
    get = scorers.get
    monkeypatch.setattr(scorers, "get", lambda *of, **how: looked_up.append(of[2]) or get(*of, **how))
    clock = Ticking()
    desk = Desk(get_store(), worker="one", clock=clock)
    for _ in range(9):
        desk.step()
        clock.ticks += 6
    assert looked_up == ["brief"]
    ResponseLength(name="brief", max_length=500).register()
    (trace_id,) = sent()
    clock.turn(10_000)
    desk.step()
    desk.close()
    assert [said.value for said in said_of([trace_id], "brief")] == ["yes"]
