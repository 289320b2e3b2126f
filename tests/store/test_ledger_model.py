"""Any sequence of commits and reopenings leaves what a dictionary would hold."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from traces_made import plan, trace, trace_id, verdict

from steelyard.errors import InvalidArgument
from steelyard.records import VERDICT_OUTCOMES, LedgerEntry, Prediction, Store, Verdict

ROWS, REPEATS, SCORERS = 3, 2, 2
OF_PREDICTIONS = ("predicted", "predict_failed", "over_budget")
LINES = st.tuples(st.integers(0, ROWS - 1), st.integers(0, REPEATS - 1))
PREDICTIONS = st.tuples(LINES, st.sampled_from(OF_PREDICTIONS))
VERDICTS = st.tuples(LINES, st.integers(0, SCORERS - 1), st.sampled_from(VERDICT_OUTCOMES))


def fits(prediction: str | None, outcome: str) -> bool:
    return outcome != "predict_failed" if prediction == "predicted" else outcome == prediction


def machine(store: Store) -> type[RuleBasedStateMachine]:  # noqa: C901 - one class
    """A machine that does the same to a ledger of the store and to two dictionaries."""

    class Ledger(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.run_id = store.runs.create("0").info.run_id
            store.ledgers.open(self.run_id, plan(ROWS, *"ab"[:SCORERS], repeats=REPEATS))
            self.predictions: dict[tuple[int, int], str] = {}
            self.verdicts: dict[tuple[int, int, int], str] = {}

        def trace_of(self, line: tuple[int, int]) -> str:
            return trace_id(int(self.run_id[:16], 16) * 100 + line[0] * 10 + line[1])

        def entry(self, line: tuple[int, int], outcome: str) -> LedgerEntry:
            number = int(self.trace_of(line)[3:], 16)
            made = Prediction(row=line[0], repeat=line[1], outcome=outcome, trace_id=self.trace_of(line))
            return LedgerEntry(prediction=made, trace=trace(number, request_time=1))

        @rule(made=st.lists(PREDICTIONS, max_size=4), said=st.lists(VERDICTS, max_size=6))
        def commit(self, made: list, said: list) -> None:
            predictions, verdicts = dict(self.predictions), dict(self.verdicts)
            for line, outcome in dict(reversed(made)).items():
                if predictions.get(line, "over_budget") == "over_budget":
                    predictions[line] = outcome
                    verdicts = {place: v for place, v in verdicts.items() if place[:2] != line}
            fine = True
            for line, scorer, outcome in reversed({s[:2]: s for s in reversed(said)}.values()):
                if verdicts.get((*line, scorer), "over_budget") == "over_budget":
                    fine = fine and fits(predictions.get(line), outcome)
                    verdicts[*line, scorer] = outcome
            entries = [self.entry(*one) for one in made]
            lines: tuple[Verdict, ...] = tuple(verdict(row, n, o, repeat=repeat) for (row, repeat), n, o in said)
            entries.append(LedgerEntry(verdicts=lines))
            try:
                store.ledgers.commit(self.run_id, entries)
            except InvalidArgument:
                assert not fine
                return
            assert fine
            self.predictions, self.verdicts = predictions, verdicts

        @rule(outcomes=st.lists(st.sampled_from(VERDICT_OUTCOMES), max_size=2))
        def reopen(self, outcomes: list[str]) -> None:
            gone = {line for line, outcome in self.predictions.items() if outcome in outcomes}
            released = {place for place, outcome in self.verdicts.items() if outcome in outcomes or place[:2] in gone}
            assert store.ledgers.reopen(self.run_id, outcomes) == len(gone) + len(released)
            self.predictions = {line: o for line, o in self.predictions.items() if line not in gone}
            self.verdicts = {place: o for place, o in self.verdicts.items() if place not in released}

        @rule()
        def finish(self) -> None:
            whole = len(self.predictions) == ROWS * REPEATS and len(self.verdicts) == ROWS * REPEATS * SCORERS
            try:
                store.ledgers.finish(self.run_id)
            except InvalidArgument:
                assert not whole
            else:
                assert whole

        @invariant()
        def the_books_are_right(self) -> None:
            state = store.ledgers.state(self.run_id)
            assert state is not None
            for scorer, tally in enumerate(state.scorers):
                of_scorer = Counter(o for (*_, number), o in self.verdicts.items() if number == scorer)
                assert {o: n for o, n in tally.outcomes.items() if n} == of_scorer
                assert tally.pending == ROWS * REPEATS - of_scorer.total()
            assert {o: n for o, n in state.predictions.items() if n} == Counter(self.predictions.values())
            found = [(p.row, p.repeat, p.outcome) for p in store.ledgers.predictions(self.run_id)]
            assert found == [(*line, outcome) for line, outcome in sorted(self.predictions.items())]
            lines = list(store.ledgers.verdicts(self.run_id))
            assert [((v.row, v.repeat, v.scorer), v.outcome) for v in lines] == sorted(self.verdicts.items())

        @invariant()
        def every_score_hangs_on_its_trace_once(self) -> None:
            there = store.assessments.list([self.trace_of(line) for line in self.predictions])
            for line in self.predictions:
                scored = [f"scorer {n}" for (*at, n), o in self.verdicts.items() if tuple(at) == line and o == "scored"]
                assert sorted(a.name for a in there[self.trace_of(line)]) == sorted(scored)

    return Ledger


def test_a_ledger_holds_what_a_dictionary_would(store: Store) -> None:
    calm = settings(
        max_examples=10, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(machine(store), settings=calm)
