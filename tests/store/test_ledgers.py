"""What any store must do with ledgers: every line is written once, ends in one outcome, and is never lost."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from test_json_text import alike
from traces_made import entry, plan, span, trace, trace_id, verdict

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import (
    VERDICT_OUTCOMES,
    Feedback,
    LedgerEntry,
    PlannedScorer,
    Prediction,
    Store,
    Usage,
    Verdict,
)

NOTHING = {"predicted": 0, "predict_failed": 0, "over_budget": 0}


def outcomes(store: Store, run_id: str) -> list[dict[str, int]]:
    """What each scorer's tally counts, zeros left out."""
    state = store.ledgers.state(run_id)
    assert state is not None
    return [{name: n for name, n in tally.outcomes.items() if n} for tally in state.scorers]


def pending(store: Store, run_id: str) -> list[int]:
    state = store.ledgers.state(run_id)
    assert state is not None
    return [tally.pending for tally in state.scorers]


def test_a_new_ledger_has_all_its_lines_pending(store: Store, run_id: str) -> None:
    assert store.ledgers.state(run_id) is None
    wanted = plan(3, "a", "b", repeats=2, predict_digest="p", owner="me")
    state = store.ledgers.open(run_id, wanted)
    assert store.ledgers.state(run_id) == state
    assert (state.plan, state.run_id, state.finished, state.usage) == (wanted, run_id, False, Usage())
    assert state.predictions == NOTHING
    assert [(t.name, t.planned, t.pending) for t in state.scorers] == [("a", 6, 6), ("b", 6, 6)]
    assert state.heartbeat > 0


def test_lines_come_back_whole_and_in_order(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(3, "a", "b"))
    usage = Usage(input_tokens=1, output_tokens=2, cache_read_tokens=3, reasoning_tokens=4, cost=0.5)
    said = (
        Feedback(name="x", value=0.5, rationale="because", metadata={"k": 1}, span_id="s"),
        Feedback(name="y", value=None, error=ValueError("no")),
    )
    first = Prediction(
        row=0, row_id="r0", trace_id=trace_id(1), output={"a": [1, None]}, latency=0.25, usage=usage, error=""
    )
    failed = Prediction(row=1, outcome="predict_failed", error="Traceback …\nValueError", output=None)
    verdicts = (
        Verdict(row=0, scorer=0, feedbacks=said, latency=1.5, usage=usage, cached=True),
        Verdict(row=0, scorer=1, outcome="parse_error", error="no number"),
    )
    not_called = (verdict(1, 1, "predict_failed"), verdict(1, 0, "predict_failed"))
    store.ledgers.commit(run_id, [LedgerEntry(prediction=failed, verdicts=not_called)])
    store.ledgers.commit(run_id, [LedgerEntry(prediction=first, trace=trace(1, span(1, 1)), verdicts=verdicts)])
    assert list(store.ledgers.predictions(run_id)) == [first, failed]
    assert list(store.ledgers.verdicts(run_id)) == [*verdicts, *reversed(not_called)]
    assert outcomes(store, run_id) == [{"scored": 1, "predict_failed": 1}, {"parse_error": 1, "predict_failed": 1}]
    assert pending(store, run_id) == [1, 1]


def test_what_is_committed_again_changes_nothing(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(3, "a"))
    lines = [entry(0, "scored", usage=Usage(input_tokens=5, cost=0.5)), entry(1, "refused")]
    store.ledgers.commit(run_id, lines)

    def all_there_is() -> Any:
        state = store.ledgers.state(run_id)
        assert state is not None
        traces = [store.traces.get(trace_id(i)) for i in (1, 2)]
        written = list(store.ledgers.predictions(run_id)), list(store.ledgers.verdicts(run_id))
        return replace(state, heartbeat=0), traces, written

    before = all_there_is()
    store.ledgers.commit(run_id, [*lines, *lines])
    other = replace(lines[0], prediction=Prediction(row=0, output="other"), verdicts=(verdict(0, 0, "scorer_error"),))
    store.ledgers.commit(run_id, [other])
    assert all_there_is() == before
    assert before[0].usage == Usage(input_tokens=5, cost=0.5)


def test_of_two_lines_for_one_place_in_one_commit_the_first_counts(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(1, "a"))
    twice = LedgerEntry(prediction=Prediction(row=0, output="second"))
    later = LedgerEntry(verdicts=(verdict(0, 0, "refused"), verdict(0, 0, "scored")))
    store.ledgers.commit(run_id, [LedgerEntry(prediction=Prediction(row=0, output="first")), twice, later])
    assert [p.output for p in store.ledgers.predictions(run_id)] == ["first"]
    assert outcomes(store, run_id) == [{"refused": 1}]


def test_verdicts_may_come_after_their_prediction(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(2, "a", "b"))
    store.ledgers.commit(run_id, [entry(0)])
    store.ledgers.commit(run_id, [LedgerEntry(verdicts=(verdict(0, 1),))])
    store.ledgers.commit(run_id, [LedgerEntry(verdicts=(verdict(0, 0),))])
    assert [v.scorer for v in store.ledgers.verdicts(run_id)] == [0, 1]
    assert [a.name for a in store.traces.get(trace_id(1)).info.assessments] == ["scorer 1", "scorer 0"]


def test_traces_go_to_the_runs_experiment_and_are_linked_to_it(store: Store) -> None:
    experiment = store.experiments.create("e").experiment_id
    run_id = store.runs.create(experiment).info.run_id
    store.traces.put([trace(9)])
    store.ledgers.open(run_id, plan(3, "a"))
    given = LedgerEntry(prediction=Prediction(row=1, trace_id=trace_id(9)), verdicts=(verdict(1, 0),))
    elsewhere = LedgerEntry(prediction=Prediction(row=2, trace_id="tr-elsewhere"), verdicts=(verdict(2, 0),))
    store.ledgers.commit(run_id, [entry(0, "scored"), given, elsewhere])
    infos = store.traces.infos([trace_id(1), trace_id(9)])
    assert [info.experiment_id for info in infos.values()] == [experiment, "0"]
    assert infos[trace_id(1)].run_id == run_id
    assert {t.trace_id for t in store.traces.search([], run_id=run_id).items} == {trace_id(1), trace_id(9)}
    assert [len(info.assessments) for info in infos.values()] == [1, 1]
    assert outcomes(store, run_id) == [{"scored": 3}], "feedback on a trace that is not here stays in its verdict"


def test_feedback_hangs_on_its_trace_under_an_id_that_never_changes(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(1, "a"))
    said = (
        Feedback(name="x", value=1),
        Feedback(name="y", value=2, metadata={"mlflow.assessment.sourceRunId": "mine"}),
    )
    lines = [replace(entry(0), verdicts=(verdict(0, 0, feedbacks=said),))]
    store.ledgers.commit(run_id, lines)
    first = store.assessments.list([trace_id(1)])[trace_id(1)]
    assert [(a.name, a.metadata["mlflow.assessment.sourceRunId"]) for a in first] == [("x", run_id), ("y", "mine")]
    assert len({a.assessment_id for a in first}) == 2
    store.ledgers.reopen(run_id, ["scored"])
    assert store.assessments.list([trace_id(1)]) == {trace_id(1): ()}
    store.ledgers.commit(run_id, lines)
    again = store.assessments.list([trace_id(1)])[trace_id(1)]
    assert [a.assessment_id for a in again] == [a.assessment_id for a in first]
    history = store.assessments.history(trace_id(1), str(first[0].assessment_id))
    assert [change.action for change in history] == ["created", "deleted", "created"]


def test_what_a_person_corrected_stays_corrected_when_it_is_judged_again(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(1, "a"))
    store.ledgers.commit(run_id, [entry(0, "scored")])
    (judged,) = store.assessments.list([trace_id(1)])[trace_id(1)]
    store.assessments.add([Feedback(name="scorer 0", value=9, trace_id=trace_id(1), overrides=judged.assessment_id)])
    store.ledgers.reopen(run_id, ["scored"])
    store.ledgers.commit(run_id, [LedgerEntry(verdicts=(verdict(0, 0),))])
    said = store.assessments.list([trace_id(1)])[trace_id(1)]
    assert {a.value: a.valid for a in said} == {9: True, 0.0: False}


def test_feedback_may_name_another_trace(store: Store, run_id: str) -> None:
    store.traces.put([trace(7)])
    store.ledgers.open(run_id, plan(1, "session"))
    said = (Feedback(name="x", value=1, trace_id=trace_id(7)),)
    store.ledgers.commit(run_id, [replace(entry(0), verdicts=(verdict(0, 0, feedbacks=said),))])
    assert [len(a) for a in store.assessments.list([trace_id(1), trace_id(7)]).values()] == [0, 1]
    store.ledgers.reopen(run_id, ["scored"])
    assert store.assessments.list([trace_id(7)]) == {trace_id(7): ()}


def test_a_line_that_was_over_budget_gives_way(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(2, "a", "b"))
    over = entry(1, "over_budget", "over_budget", outcome="over_budget")
    store.ledgers.commit(run_id, [entry(0, "scored", "over_budget"), over])
    store.ledgers.finish(run_id)
    store.ledgers.commit(run_id, [entry(0, "refused", "scored"), entry(1, "scored")])
    assert [p.outcome for p in store.ledgers.predictions(run_id)] == ["predicted", "predicted"]
    assert outcomes(store, run_id) == [{"scored": 2}, {"scored": 1}]
    assert pending(store, run_id) == [0, 1]
    state = store.ledgers.state(run_id)
    assert state is not None
    assert not state.finished, "it has lines to do again"


def test_reopening_releases_lines_of_an_outcome_and_returns_how_many(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(4, "a", "b"))
    failed = entry(1, "predict_failed", "predict_failed", outcome="predict_failed")
    over = entry(2, "over_budget", outcome="over_budget")
    store.ledgers.commit(run_id, [entry(0, "scored", "scorer_error"), failed, over, entry(3, "scored", "parse_error")])
    assert store.ledgers.reopen(run_id, ["scorer_error", "scorer_error", "refused"]) == 1
    assert store.ledgers.reopen(run_id, ["predict_failed"]) == 3, "a prediction and its two verdicts"
    assert store.ledgers.reopen(run_id, ["over_budget"]) == 2
    assert [p.row for p in store.ledgers.predictions(run_id)] == [0, 3]
    assert outcomes(store, run_id) == [{"scored": 2}, {"parse_error": 1}]
    store.ledgers.commit(run_id, [entry(i, "scored", "scored") for i in range(4)])
    assert outcomes(store, run_id) == [{"scored": 4}, {"scored": 3, "parse_error": 1}]
    with pytest.raises(InvalidArgument, match="No line ends in 'failed'"):
        store.ledgers.reopen(run_id, ["failed"])


def test_what_was_spent_stays_counted_when_lines_are_done_again(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(1, "a"))
    judged = verdict(0, 0, "scorer_error", usage=Usage(output_tokens=2, cost=0.25))
    store.ledgers.commit(run_id, [replace(entry(0, usage=Usage(input_tokens=3)), verdicts=(judged,))])
    store.ledgers.reopen(run_id, ["scorer_error"])
    store.ledgers.commit(run_id, [LedgerEntry(verdicts=(verdict(0, 0, usage=Usage(output_tokens=5, cost=0.5)),))])
    store.ledgers.reopen(run_id, ["scored"])
    free = verdict(0, 0, usage=Usage(output_tokens=100, cost=9.0), cached=True)
    store.ledgers.commit(run_id, [LedgerEntry(verdicts=(free,))])
    state = store.ledgers.state(run_id)
    assert state is not None
    assert state.usage == Usage(input_tokens=3, output_tokens=7, cost=0.75)


def test_a_ledger_is_finished_only_when_nothing_is_pending(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(2, "a", "b"))
    store.ledgers.commit(run_id, [entry(0, "scored")])
    with pytest.raises(InvalidArgument, match=r"lines are pending \(predictions: 1, a: 1, b: 2\)"):
        store.ledgers.finish(run_id)
    store.ledgers.commit(run_id, [entry(0, "scored", "scored"), entry(1, "scored", "refused")])
    store.ledgers.finish(run_id)
    state = store.ledgers.state(run_id)
    assert state is not None
    assert state.finished
    store.ledgers.commit(run_id, [entry(0, "scored", "scored")])
    assert store.ledgers.state(run_id) == replace(state, heartbeat=store.ledgers.state(run_id).heartbeat)
    store.ledgers.reopen(run_id, ["refused"])
    reopened = store.ledgers.state(run_id)
    assert reopened is not None
    assert not reopened.finished


def test_an_evaluation_without_rows_or_scorers_is_finished_at_once(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(0))
    store.ledgers.finish(run_id)


def test_a_session_has_one_line_for_all_its_rows(store: Store, run_id: str) -> None:
    session = replace(plan(4, "row"), scorers=(PlannedScorer(name="session", planned=2),))
    store.ledgers.open(run_id, session)
    store.ledgers.commit(run_id, [entry(i) for i in range(4)])
    store.ledgers.commit(run_id, [LedgerEntry(verdicts=(verdict(0, 0), verdict(2, 0)))])
    with pytest.raises(InvalidArgument, match="more lines than were planned"):
        store.ledgers.commit(run_id, [LedgerEntry(verdicts=(verdict(1, 0),))])
    store.ledgers.finish(run_id)


OTHER_PLANS = {
    "the data had 3 rows and have 4": lambda p: replace(p, rows=4),
    "the data are not the same": lambda p: replace(p, data_digest="other"),
    "there were 1 repeats and are 2": lambda p: replace(p, repeats=2),
    "the scorer 'b' is missing": lambda p: replace(p, scorers=p.scorers[:1]),
    "the scorer 'c' is new": lambda p: replace(p, scorers=(*p.scorers, PlannedScorer(name="c", planned=3))),
    "another order": lambda p: replace(p, scorers=p.scorers[::-1]),
    "the scorer 'a' has changed": lambda p: replace(p, scorers=(replace(p.scorers[0], digest="x"), p.scorers[1])),
    "the scorer 'b' had 3 lines and has 2": lambda p: replace(
        p, scorers=(p.scorers[0], replace(p.scorers[1], planned=2))
    ),
}


@pytest.mark.parametrize("says", OTHER_PLANS)
def test_another_plan_is_refused_and_the_message_says_what_differs(store: Store, run_id: str, says: str) -> None:
    first = plan(3, "a", "b", owner="me")
    state = store.ledgers.open(run_id, first)
    with pytest.raises(InvalidArgument, match=says):
        store.ledgers.open(run_id, OTHER_PLANS[says](first))
    assert store.ledgers.state(run_id) == state


def test_the_owner_and_the_function_may_change(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(2, "a", owner="me", predict_digest="p"))
    store.ledgers.commit(run_id, [entry(0, "scored")])
    again = plan(2, "a", owner="you", predict_digest="q")
    assert store.ledgers.open(run_id, again).plan == again
    assert outcomes(store, run_id) == [{"scored": 1}]


@pytest.mark.parametrize(
    "bad", [plan(-1), plan(1, repeats=0), plan(2**63), plan(1, "a\x00"), plan(1, data_digest="\ud800")]
)
def test_a_plan_that_cannot_be_is_refused(store: Store, run_id: str, bad) -> None:
    with pytest.raises(InvalidArgument):
        store.ledgers.open(run_id, bad)
    assert store.ledgers.state(run_id) is None


def test_a_scorer_cannot_have_more_lines_than_there_are_rows_and_repeats(store: Store, run_id: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot have 5 lines"):
        store.ledgers.open(run_id, replace(plan(2, repeats=2), scorers=(PlannedScorer(name="a", planned=5),)))


def test_unfinished_ledgers_of_the_same_plan_are_found_the_newest_first(store: Store) -> None:
    wanted = plan(2, "a", predict_digest="p", owner="me")
    runs = [store.runs.create("0").info.run_id for _ in range(7)]
    others = (
        replace(wanted, data_digest="other"),
        replace(wanted, predict_digest="q"),
        plan(2, "b", predict_digest="p"),
        plan(2, "a", predict_digest="p", repeats=2),
    )
    for run_id, opened in zip(runs, (wanted, replace(wanted, owner="you"), wanted, *others), strict=True):
        store.ledgers.open(run_id, opened)
    experiment = store.experiments.create("e").experiment_id
    store.ledgers.open(store.runs.create(experiment).info.run_id, wanted)
    assert [s.run_id for s in store.ledgers.unfinished("0", wanted)] == [runs[2], runs[1], runs[0]]
    store.ledgers.commit(runs[1], [entry(0, "scored"), entry(1, "scored")])
    store.ledgers.finish(runs[1])
    store.runs.delete(runs[0])
    assert [s.run_id for s in store.ledgers.unfinished("0", wanted)] == [runs[2]]


def test_no_ledger_no_lines(store: Store, run_id: str) -> None:
    for ask in (
        lambda: store.ledgers.commit(run_id, [entry(0)]),
        lambda: store.ledgers.reopen(run_id, ["refused"]),
        lambda: store.ledgers.finish(run_id),
        lambda: store.ledgers.open("no such run", plan(1)),
        lambda: store.ledgers.state("no such run"),
        lambda: list(store.ledgers.predictions("no such run")),
        lambda: store.ledgers.unfinished("99", plan(1)),
    ):
        with pytest.raises(NotFound):
            ask()
    assert list(store.ledgers.verdicts(run_id)) == []


def test_a_deleted_run_takes_no_lines(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(1))
    store.runs.delete(run_id)
    for ask in (lambda: store.ledgers.commit(run_id, [entry(0)]), lambda: store.ledgers.open(run_id, plan(1))):
        with pytest.raises(InvalidArgument, match="is deleted"):
            ask()


BAD = {
    "no such row": entry(5),
    "a negative row": entry(-1, outcome="predicted"),
    "no such repeat": LedgerEntry(prediction=Prediction(row=1, repeat=1)),
    "no such scorer": entry(1, "scored", "scored", "scored"),
    "an unknown outcome": entry(1, "fine"),
    "an unknown outcome of a prediction": entry(1, outcome="scored"),
    "a failed prediction that is scored": entry(1, "scored", outcome="predict_failed"),
    "a failed prediction that is over budget": entry(1, "over_budget", outcome="predict_failed"),
    "a prediction over budget that is scored": entry(1, "scored", outcome="over_budget"),
    "a prediction whose verdict says it failed": entry(1, "predict_failed"),
    "a verdict without a prediction": LedgerEntry(verdicts=(verdict(1, 0),)),
    "an output that is no JSON": entry(1, output=object()),
    "a latency that is NaN": entry(1, latency=math.nan),
    "a cost that is infinite": entry(1, usage=Usage(cost=math.inf)),
    "feedback without a name": LedgerEntry(
        prediction=Prediction(row=1), verdicts=(verdict(1, 0, feedbacks=(Feedback(name=""),)),)
    ),
    "a damaged trace": replace(entry(1), trace=trace(2, tags={"a": "\x00"})),
}


@pytest.mark.parametrize("what", BAD)
def test_a_damaged_line_is_refused_and_nothing_of_its_commit_is_written(store: Store, run_id: str, what: str) -> None:
    before = store.ledgers.open(run_id, plan(2, "a", "b"))
    with pytest.raises(InvalidArgument):
        store.ledgers.commit(run_id, [entry(0, "scored", "scored"), BAD[what]])
    assert store.ledgers.state(run_id) == before
    assert store.traces.count(["0"]) == 0


OUTPUTS = (math.nan, [math.inf, None], -0.0, 2**63, "\x00", "\ud800", {"\x00": 1}, "x" * 3_000_000, "")


@pytest.mark.parametrize("number", range(len(OUTPUTS)))
def test_hostile_outputs_and_errors_come_back_as_they_were(store: Store, run_id: str, number: int) -> None:
    store.ledgers.open(run_id, plan(1, "a"))
    output = OUTPUTS[number]
    said = (Feedback(name="x", value=output, error=ValueError("\x00\ud800")),)
    judged = verdict(0, 0, "scorer_error", feedbacks=said, error="\ud800\x00")
    store.ledgers.commit(run_id, [replace(entry(0, output=output, error="\x00"), verdicts=(judged,))])
    (prediction,), (line,) = store.ledgers.predictions(run_id), store.ledgers.verdicts(run_id)
    assert alike(prediction.output, output)
    assert prediction.error == "\x00"
    assert alike(line.feedbacks[0].value, output)
    assert (line.feedbacks[0].error_message, line.error) == ("\x00\ud800", "\ud800\x00")


def test_lines_are_streamed_with_flat_memory(store: Store, run_id: str) -> None:
    rows = 6_000
    store.ledgers.open(run_id, plan(rows, "a"))
    for at in range(0, rows, 1_000):
        lines = [
            LedgerEntry(prediction=Prediction(row=i, output="x" * 2_000), verdicts=(verdict(i, 0, "refused"),))
            for i in range(at, at + 1_000)
        ]
        store.ledgers.commit(run_id, lines)
    tracemalloc.start()
    assert [p.row for p in store.ledgers.predictions(run_id)] == list(range(rows))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 9_000_000, "a page of a thousand at a time, not twelve million characters"
    assert sum(1 for _ in store.ledgers.verdicts(run_id)) == rows
    assert outcomes(store, run_id) == [{"refused": rows}]


def test_every_outcome_is_counted(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(6, "a"))
    lines = [
        entry(i, name, outcome=name if name in NOTHING else "predicted") for i, name in enumerate(VERDICT_OUTCOMES)
    ]
    store.ledgers.commit(run_id, lines)
    assert outcomes(store, run_id) == [dict.fromkeys(VERDICT_OUTCOMES, 1)]
    store.ledgers.finish(run_id)
