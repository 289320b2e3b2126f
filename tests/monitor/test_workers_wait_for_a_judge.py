"""A judge that is down: its work waits, it is asked more and more rarely, and the backlog drains when it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.llm.server import LlmServer, Reply, prompt_of
from tests.monitor.judge_server import MODEL, judging
from tests.monitor.live import AT_ONCE, DAY, HOUR, TurnedClock, monitor_of, said_of, sent, standing_of, worked

from steelyard.genai.scorers import ResponseLength, ScorerSamplingConfig
from steelyard.judges import make_judge
from steelyard.llm import Patience
from steelyard.monitor.judging_down import LONGEST_WAIT_MS, wait_ms
from steelyard.monitor.scoring_desk import Desk, Report
from steelyard.tracking import get_store

ONCE = Patience(tries=1, refusals=1, total_wait=0.0)


class Bench:
    """One worker that lives through the whole test, and a clock."""

    def __init__(self) -> None:
        self.clock = TurnedClock()
        self.desk = Desk(get_store(), worker="one", clock=self.clock, patience=ONCE)

    def work(self) -> Report:
        begun = self.desk.step()
        ended = self.desk.finish(60)
        return Report(claimed=begun.claimed, done=begun.done + ended.done, put_back=begun.put_back + ended.put_back)

    def until_held(self) -> int:
        """Turn the clock to the end of the hold; return how long it was."""
        held = monitor_of("kind").held_until_ms - self.clock.now_ms()
        self.clock.turn(max(held, 0))
        return held


class Weather:
    """What the judge does."""

    def __init__(self) -> None:
        self.reply = Reply()

    def __call__(self, index: int, request: Any) -> Reply:
        return self.reply


@pytest.fixture
def weather() -> Weather:
    return Weather()


@pytest.fixture
def server(store_uri: str, monkeypatch: pytest.MonkeyPatch, weather: Weather) -> Iterator[LlmServer]:
    with judging(monkeypatch, weather, rule=lambda prompt, schema: {"result": "yes"}) as served:
        yield served


@pytest.fixture
def bench(server: LlmServer) -> Iterator[Bench]:
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=AT_ONCE)
    made = Bench()
    yield made
    made.desk.close()


def answers(n: int) -> list[str]:
    return [sent(1, outputs=f"Answer {number}")[0] for number in range(n)]


def test_an_hour_of_it_costs_few_questions_and_loses_nothing(bench: Bench, server: LlmServer, weather: Weather) -> None:
    trace_ids = answers(40)
    weather.reply = Reply.error(500)
    end = bench.clock.now_ms() + HOUR
    bench.work()
    first = server.calls
    waits = []
    while bench.clock.now_ms() < end:
        waits.append(bench.until_held())
        report = bench.work()
        assert report.claimed <= 1  # one question at a time
    assert waits[0] <= 1_000
    assert waits[:10] == sorted(waits[:10])
    assert max(waits) <= LONGEST_WAIT_MS
    assert server.calls - first <= 15
    monitor, standing = monitor_of("kind"), standing_of("kind", bench.clock)
    assert (monitor.state, monitor.failures, standing.waiting) == ("active", 0, 40)
    assert "500" in monitor.held_reason
    weather.reply = Reply()
    bench.until_held()
    done = sum(bench.work().done for _ in range(6))
    assert done == 40
    assert [said.value for said in said_of(trace_ids, "kind")] == ["yes"] * 40
    assert monitor_of("kind").held_until_ms == 0


def test_other_monitors_go_on_meanwhile(bench: Bench, weather: Weather) -> None:
    ResponseLength(name="brief", max_length=100).start(sampling_config=AT_ONCE)
    weather.reply = Reply.error(500)
    trace_ids = answers(3)
    bench.work()
    assert [said.value for said in said_of(trace_ids, "brief")] == ["yes"] * 3


def test_a_time_that_its_server_names_is_kept(bench: Bench, weather: Weather) -> None:
    weather.reply = Reply.rate_limited(120)
    answers(1)
    bench.work()
    assert bench.until_held() >= 59_000  # of longer times, a minute is believed
    assert "too many requests" in monitor_of("kind").held_reason


def test_what_it_fails_on_alone_becomes_an_error_and_holds_up_nothing(
    server: LlmServer, bench: Bench, weather: Weather
) -> None:
    (poison,) = sent(1, outputs="poison")
    server.script = lambda index, request: Reply.error(500) if "poison" in prompt_of(request) else Reply()
    for _ in range(12):
        answers(1)
        sent(1, outputs=f"fine at {bench.clock.now_ms()}")
        bench.work()
        bench.until_held()
        bench.clock.turn(1_000)
    (said,) = said_of([poison], "kind")
    assert "fails on this one again and again" in str(said.error_message)
    assert monitor_of("kind").state == "active"


def test_another_worker_leaves_it_alone_too(bench: Bench, server: LlmServer, weather: Weather) -> None:
    weather.reply = Reply.error(500)
    answers(3)
    bench.work()
    before = server.calls
    other = Desk(get_store(), worker="other", clock=bench.clock, patience=ONCE)
    assert other.step().claimed == 0
    other.close()
    assert server.calls == before


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY], ids=["an hour", "an hour back", "a day", "a day back"])
def test_a_clock_that_jumps_strands_nothing_and_repeats_nothing(
    bench: Bench, server: LlmServer, weather: Weather, jump: int
) -> None:
    trace_ids = answers(4)
    bench.work()
    weather.reply = Reply.error(500)
    trace_ids += [sent(1, outputs=f"later {number}")[0] for number in range(4)]
    bench.work()
    weather.reply = Reply()
    bench.clock.turn(jump)
    done = 0
    for _ in range(30):
        done += bench.work().done
        bench.clock.turn(60_000)
    assert done == 4
    assert [said.value for said in said_of(trace_ids, "kind")] == ["yes"] * 8


def test_waits_grow_to_a_quarter_of_an_hour() -> None:
    waits = [wait_ms("mo-1", failures) for failures in range(1, 40)]
    assert waits[:10] == sorted(waits[:10])
    assert (waits[0], max(waits) <= LONGEST_WAIT_MS, min(waits[12:]) >= 0.75 * LONGEST_WAIT_MS) == (1_000, True, True)
    assert wait_ms("mo-1", 1, retry_after=30) == 30_000
    assert len({wait_ms(f"mo-{number}", 8) for number in range(20)}) == 20


def test_a_days_money_is_never_passed_and_the_rest_waits_for_the_next(
    store_uri: str, server: LlmServer, weather: Weather
) -> None:
    limited = ScorerSamplingConfig(settle_seconds=0, max_cost_per_day=0.002)
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=limited)
    trace_ids = answers(60)
    clock = TurnedClock()
    for _ in range(10):
        worked(clock)
    standing = standing_of("kind", clock)
    assert 0 < standing.cost_today <= 0.002
    assert (standing.waiting > 0, monitor_of("kind").state) == (True, "active")
    before = len(said_of(trace_ids, "kind"))
    clock.turn(DAY)
    for _ in range(10):
        worked(clock)
    assert before < len(said_of(trace_ids, "kind"))
    assert standing_of("kind", clock).cost_today <= 0.002


def test_a_limit_that_cannot_be_kept_is_refused_at_once(store_uri: str) -> None:
    from steelyard.errors import InvalidArgument

    judge = make_judge("kind", "Is {{ outputs }} kind?", model="ollama:/a-model-of-my-own")
    with pytest.raises(InvalidArgument, match="no price is known"):
        judge.start(sampling_config=ScorerSamplingConfig(max_cost_per_day=1.0))
