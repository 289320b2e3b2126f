"""Laws of monitors: who is sampled, and that each subject is scored once whoever does what when."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from monitoring import NOON, Clock, arrive, plan, scored, standing, values, watch

from steelyard.records import Store
from steelyard.records.monitor import WorkDone, sampled
from steelyard.store import open_store

RATES = st.floats(0, 1)
LEASE = 1_000


@given(st.text(max_size=40), RATES, RATES)
def test_a_smaller_share_lies_within_a_larger_one(subject: str, one: float, other: float) -> None:
    if sampled(subject, min(one, other)):
        assert sampled(subject, max(one, other))
    assert sampled(subject, 1.0)
    assert not sampled(subject, 0.0)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
def test_a_share_has_so_many(rate: float) -> None:
    n = 20_000
    found = sum(sampled(f"tr-{i:032x}", rate) for i in range(n))
    assert abs(found - n * rate) < 5 * (n * rate * (1 - rate)) ** 0.5


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(0, 3)),
        st.tuples(st.just("plan"), st.integers(1, 4)),
        st.tuples(st.just("claim"), st.integers(0, 2)),
        st.tuples(st.just("commit"), st.integers(0, 2)),
        st.tuples(st.just("put back"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.sampled_from([100, 600, 600, 1_000, -86_400_000, 86_400_000])),
    ),
    min_size=10,
    max_size=60,
)
Actions = list[tuple[str, int]]


class Traffic:
    """Four traces that arrive in an experiment of their own, and three workers that score them; two in a session."""

    def __init__(self, store: Store, clock: Clock, *, level: str, backfilled: bool) -> None:
        clock.now = NOON
        self.store, self.clock, self.level = store, clock, level
        self.experiment_id = store.experiments.create(uuid.uuid4().hex).experiment_id
        self.names = [f"tr-{self.experiment_id}-{i}" for i in range(4)]
        self.there: set[str] = set()
        self.hands: dict[int, list[WorkDone]] = {}
        self.counted = self.arrived = 0
        for i in range(2 if backfilled else 0):
            self.arrive(i)
        self.monitor = watch(store, experiment_id=self.experiment_id, level=level, settle_seconds=0.5)
        if backfilled:
            store.monitors.backfill(self.monitor.monitor_id, 0, NOON + 1)

    def arrive(self, number: int) -> None:
        """Let a span of a trace arrive."""
        name, self.arrived = self.names[number], self.arrived + 1
        arrive(self.store, [name], experiment_id=self.experiment_id, session=f"s{number // 2}", span=self.arrived)
        self.there.add(name)

    def traces_of(self, subject: str) -> list[str]:
        """Return the traces of a trace, or of a session."""
        if self.level == "trace":
            return [subject]
        return [one for i, one in enumerate(self.names) if f"s{i // 2}" == subject and one in self.there]

    def claim(self, number: int) -> list[WorkDone]:
        """Claim two; the score is how many traces there are by now, and it stands on the first that there is."""
        work = self.store.monitors.claim(f"w{number}", now_ms=self.clock.now, most=2, lease_ms=LEASE)
        traces = [(one, self.traces_of(one.subject)) for one in work]
        return [scored(one, len(found), trace_id=found[0]) for one, found in traces]

    def commit(self, done: list[WorkDone]) -> None:
        """Commit what was claimed."""
        self.counted += self.store.monitors.commit(done, now_ms=self.clock.now)

    def do(self, action: str, number: int) -> None:
        """Let something happen."""
        if action == "arrive":
            self.arrive(number)
        elif action == "plan":
            self.store.monitors.plan(now_ms=self.clock.now, most=number)
        elif action == "claim":
            self.hands[number] = self.claim(number)
        elif action == "commit":
            self.commit(self.hands.get(number, []))
        elif action == "put back":
            work = [one.work for one in self.hands.pop(number, [])]
            self.store.monitors.put_back(work, due_ms=self.clock.now + 200)
        else:
            self.clock.now += number

    def drain(self) -> None:
        """Score all that is left; who had something in hand comes too late."""
        plan(self.store, self.clock.now)
        for _ in range(4):
            self.clock.now += 20_000
            plan(self.store, self.clock.now)
            while done := self.claim(9):
                self.commit(done)
        for late in self.hands.values():
            assert self.store.monitors.commit(late, now_ms=self.clock.now) == 0


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Store]:
    """A store that many examples share."""
    with closing(open_store(tmp_path / "store.db")) as store:
        yield store


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which traces arrive."""
    clock = Clock()
    monkeypatch.setattr("steelyard.store.sql.waiting.now_ms", clock)
    return clock


SHARED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(actions=ACTIONS, backfilled=st.booleans())
def test_each_trace_is_scored_once_whoever_does_what_when(
    one_store: Store, clock: Clock, actions: Actions, backfilled: bool
) -> None:
    traffic = Traffic(one_store, clock, level="trace", backfilled=backfilled)
    for action, number in actions:
        traffic.do(action, number)
    traffic.drain()
    assert traffic.counted == len(traffic.there)
    assert all(values(one_store, one) == [1] for one in traffic.there)
    told = standing(one_store, traffic.monitor, clock.now)
    assert sum(told.done.values()) == told.done.get("scored", 0) == len(traffic.there)
    assert (told.waiting, told.in_hand) == (0, 0)
    one_store.monitors.delete(traffic.monitor.monitor_id)


WENT_ON = [("arrive", 0), ("plan", 1), ("wait", 600), ("claim", 0), ("arrive", 1), ("plan", 1), ("commit", 0)]


@SHARED
@example(actions=WENT_ON, backfilled=False)
@given(actions=ACTIONS, backfilled=st.booleans())
def test_each_session_ends_with_one_score_of_all_its_traces(
    one_store: Store, clock: Clock, actions: Actions, backfilled: bool
) -> None:
    traffic = Traffic(one_store, clock, level="session", backfilled=backfilled)
    for action, number in actions:
        traffic.do(action, number)
    traffic.drain()
    for subject in {f"s{i // 2}" for i, name in enumerate(traffic.names) if name in traffic.there}:
        traces = traffic.traces_of(subject)
        assert [value for one in traces for value in values(one_store, one)] == [len(traces)]
    told = standing(one_store, traffic.monitor, clock.now)
    assert (told.waiting, told.in_hand) == (0, 0)
    assert told.done.get("scored", 0) == traffic.counted
    one_store.monitors.delete(traffic.monitor.monitor_id)
