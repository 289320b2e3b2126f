"""The sequential rule: each row once, once its scores are in; false alarms at the declared rate, and drops found."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from tests.monitor.alarm_fakes import FakeStore, Monitors, Watching, traffic
from tests.monitor.alarm_traffic import DAY, HOUR, MINUTE, START, rule

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import Detector, SufficientCounts, against_baseline
from steelyard.monitor.conditions_anytime import YEAR_MS, looks_between, share_of_batch
from steelyard.monitor.rules import look_at
from steelyard.monitor.rules_memory import Memory, remembered, to_keep
from steelyard.records import Condition, Monitor, MonitorStanding, RuleDraft, Series

BASELINE = f"window:{START}:{START + 7 * DAY}"
BEGIN = START + 8 * DAY
BY_TOPIC = Series(kind="score", what="correctness", by="tag.topic")


def anytime(*, series: Series | None = None, every: int = HOUR, **what: object) -> RuleDraft:
    condition = replace(Condition(method="anytime", baseline=BASELINE), **what)
    return rule(series, condition, every_ms=every, window_ms=max(every, HOUR))


def after(scores_hours: int, *, seed: int = 1, rate: float = 0.9, an_hour: int = 40, groups: int = 1) -> FakeStore:
    """Return a week and a day of traffic at 0.9, and then so many hours at another rate."""
    before = traffic(START, hours=8 * 24, an_hour=an_hour, rate=0.9, seed=seed, groups=groups)
    then = traffic(BEGIN, hours=scores_hours, an_hour=an_hour, rate=rate, seed=seed + 1000, groups=groups)
    for name in ("times", "passed", "groups", "known_ms"):
        setattr(before, name, np.concatenate([getattr(before, name), getattr(then, name)]))
    return FakeStore(before)


def test_a_drop_is_found_and_its_beginning_told() -> None:
    watching = Watching(after(72, rate=0.75), anytime())
    watching.look(BEGIN)
    looks = [watching.look(BEGIN + hour * HOUR) for hour in range(1, 73)]
    first = next(look for look in looks if look.findings[0].kind == "bad")
    finding = first.findings[0]
    assert first.until_ms <= BEGIN + 24 * HOUR
    assert abs(finding.start_ms - BEGIN) <= 6 * HOUR
    assert finding.value == pytest.approx(0.75, abs=0.06)
    assert finding.sentence.startswith("correctness fell to 0.7")
    assert finding.sentence.endswith("found by a sequential test that allows 1 false alarm a year.")


def test_a_drop_too_small_for_one_window_stays_bad_until_it_is_over() -> None:
    fake = after(24 * 14, rate=0.84)
    back = traffic(BEGIN + 14 * DAY, hours=24 * 14, an_hour=40, rate=0.9, seed=77)
    for name in ("times", "passed", "groups", "known_ms"):
        setattr(fake.scores, name, np.concatenate([getattr(fake.scores, name), getattr(back, name)]))
    watching = Watching(fake, anytime())
    kinds = [watching.look(BEGIN + hour * HOUR).findings[0].kind for hour in range(1, 24 * 28)]
    opened, over = kinds.index("bad"), len(kinds) - kinds[::-1].index("bad")
    assert opened < 24 * 5
    assert set(kinds[opened:over]) == {"bad"}
    assert 24 * 14 <= over < 24 * 20
    assert set(kinds[over:]) == {"fine"}


def test_false_alarms_come_no_more_often_than_declared() -> None:
    """Over 400 days 40 are allowed; each is followed by the way back and a new start."""
    opened = 0
    for seed in range(2):
        watching = Watching(
            after(200 * 24, seed=seed, an_hour=4), anytime(every=6 * HOUR, false_alarms_per_year=36.525)
        )
        kinds = [watching.look(BEGIN + look * 6 * HOUR).findings[0].kind for look in range(200 * 4)]
        opened += sum(kind == "bad" and before != "bad" for before, kind in pairwise(kinds))
    assert stats.poisson.sf(opened - 1, 40) > 0.01


def test_groups_share_the_false_alarms_of_their_rule() -> None:
    watching = Watching(after(24, groups=4), anytime(series=BY_TOPIC))
    look = watching.look(BEGIN)
    shares = [one.share for one in look.memory.tests.values()]
    assert shares == [0.125] * 4
    assert sum(n * share_of_batch(j, n) for j, n in enumerate([4, 1, 3, 20], start=1)) < 1


def test_a_group_of_many_that_drops_is_named() -> None:
    fake = after(48, groups=5, an_hour=200)
    late = fake.scores.times >= BEGIN
    dropped = late & (fake.scores.groups == 3)
    fake.scores.passed[dropped] &= np.random.default_rng(5).random(dropped.sum()) < 0.7
    watching = Watching(fake, anytime(series=BY_TOPIC))
    found = {one.group: one.kind for hour in range(49) for one in watching.look(BEGIN + hour * HOUR).findings}
    assert [group for group, kind in found.items() if kind == "bad"] == ["g3"]


def test_each_row_goes_in_once_whatever_the_looks() -> None:
    fake = after(48)
    often, seldom = (Watching(fake, anytime()) for _ in range(2))
    often.look(BEGIN)
    seldom.look(BEGIN)
    for minutes in range(0, 48 * 60, 20):
        often.look(BEGIN + minutes * MINUTE)
    for hours in (5, 6, 30, 30, 47, 48):
        last = seldom.look(BEGIN + hours * HOUR)
    kept = remembered(often.look(BEGIN + 48 * HOUR).memory and often.rule.memory)
    assert kept.tests == last.memory.tests
    until = kept.fed_until_ms
    fed_from = START + 8 * DAY - HOUR  # the last hour that was over and in when the rule began
    inside = (fake.scores.times >= fed_from) & (fake.scores.times < until)
    assert kept.tests[""].fed == inside.sum()


def test_the_test_is_that_of_the_detector_itself() -> None:
    fake = after(48)
    watching = Watching(fake, anytime(margin=0.01))
    watching.look(BEGIN)
    look = watching.look(BEGIN + 48 * HOUR)
    (base,) = fake.scores.windows([], "", start_ms=START, end_ms=START + 7 * DAY, step_ms=7 * DAY)
    detector = against_baseline(
        SufficientCounts.of_verdicts(base.passed, base.verdicts - base.passed),
        margin=0.01,
        looks_between_false_alarms=YEAR_MS / HOUR,
    )
    until = look.memory.fed_until_ms
    for window in fake.scores.windows([], "", start_ms=BEGIN - HOUR, end_ms=until, step_ms=HOUR):
        detector = detector.update(SufficientCounts.of_verdicts(window.passed, window.verdicts - window.passed))
    assert Detector.from_bytes(look.memory.tests[""].detector) == detector


def test_memory_survives_as_bytes_and_another_version_begins_anew() -> None:
    watching = Watching(after(24), anytime())
    memory = watching.look(BEGIN + 12 * HOUR).memory
    assert remembered(to_keep(memory)) == memory
    assert to_keep(remembered(to_keep(memory))) == to_keep(memory)
    assert remembered(to_keep(replace(memory, version=99))) == Memory()


def test_a_rule_that_looks_more_often_from_now_on_begins_its_tests_anew() -> None:
    watching = Watching(after(24), anytime())
    watching.look(BEGIN)
    hourly = watching.look(BEGIN + 6 * HOUR).memory
    watching.rule = replace(watching.rule, draft=anytime(every=5 * MINUTE))
    often = watching.look(BEGIN + 7 * HOUR).memory
    thresholds = [Detector.from_bytes(one.tests[""].detector).threshold for one in (hourly, often)]
    assert thresholds == [YEAR_MS / HOUR, YEAR_MS / (5 * MINUTE)]
    assert often.tests[""].fed == 0
    assert often.fed_until_ms >= hourly.fed_until_ms


def test_a_look_at_the_past_changes_nothing() -> None:
    watching = Watching(after(24), anytime())
    watching.look(BEGIN + 12 * HOUR)
    before = watching.rule
    assert look_at(watching.fake.store, before, now_ms=BEGIN + 13 * HOUR).memory != remembered(before.memory)
    assert watching.rule == before


def monitored(state: str = "active", **what: int) -> Monitors:
    monitor = Monitor(monitor_id="mo-1", experiment_id="0", name="correctness", state=state, settle_ms=10_000)  # pyrefly: ignore
    return Monitors(replace(monitor, held_until_ms=what.pop("held", 0)), MonitorStanding(**what))


def fed_until(monitors: Monitors, *, at: int = 12 * HOUR, first: Monitors | None = None) -> int:
    fake = after(48)
    watching = Watching(fake, anytime(every=5 * MINUTE))
    fake.monitors = first or monitored()
    watching.look(BEGIN)
    fake.monitors = monitors
    return watching.look(BEGIN + at).memory.fed_until_ms - BEGIN


def test_a_stretch_is_taken_when_its_scores_are_in() -> None:
    assert fed_until(monitored()) == 12 * HOUR - 5 * MINUTE
    assert fed_until(Monitors()) == 12 * HOUR - 10 * MINUTE  # nobody knows who scores: ten minutes


def test_feedback_of_another_name_may_come_from_any_monitor() -> None:
    other = monitored(due=500, oldest_due_ms=BEGIN + 3 * HOUR)
    other.monitor = replace(other.monitor, name="gives several")  # pyrefly: ignore
    assert fed_until(other) == 3 * HOUR - 5 * MINUTE
    other.monitor = replace(other.monitor, state="stopped")  # pyrefly: ignore
    assert fed_until(other) == 12 * HOUR - 10 * MINUTE


def test_while_a_backlog_waits_the_test_waits_too() -> None:
    assert fed_until(monitored(due=500, oldest_due_ms=BEGIN + 3 * HOUR)) == 3 * HOUR - 5 * MINUTE


def test_what_waited_at_the_last_look_may_be_in_hand_now() -> None:
    fake = after(48)
    watching = Watching(fake, anytime(every=5 * MINUTE))
    fake.monitors = monitored(due=500, oldest_due_ms=BEGIN + 3 * HOUR)
    watching.look(BEGIN + 4 * HOUR)
    fake.monitors = monitored(in_hand=8)
    assert watching.look(BEGIN + 5 * HOUR).memory.fed_until_ms == BEGIN + 3 * HOUR - 5 * MINUTE
    assert watching.look(BEGIN + 6 * HOUR).memory.fed_until_ms == BEGIN + 6 * HOUR - 5 * MINUTE


def test_a_judge_that_is_down_for_an_hour_costs_the_test_no_row() -> None:
    fake = after(12)
    down = (fake.scores.times >= BEGIN + 3 * HOUR) & (fake.scores.times < BEGIN + 4 * HOUR)
    fake.scores.known_ms[down] = BEGIN + 5 * HOUR
    watching = Watching(fake, anytime(every=5 * MINUTE))
    for minutes in range(0, 12 * 60, 5):
        held = 3 * 60 <= minutes < 4 * 60
        waits = {"due": 40, "oldest_due_ms": BEGIN + 3 * HOUR} if 4 * 60 <= minutes < 5 * 60 else {}
        fake.monitors = monitored(held=BEGIN + 4 * HOUR if held else 0, **waits)
        look = watching.look(BEGIN + minutes * MINUTE)
    test = look.memory.tests[""]
    inside = (fake.scores.times >= BEGIN - 5 * MINUTE) & (fake.scores.times < look.memory.fed_until_ms)
    assert test.fed == inside.sum()


def test_after_a_day_nothing_is_waited_for() -> None:
    stuck = monitored("paused", due=500, oldest_due_ms=BEGIN + HOUR)
    assert fed_until(stuck, at=40 * HOUR) == 16 * HOUR


def test_old_work_of_a_backfill_feeds_no_row_again() -> None:
    fake = after(48)
    watching = Watching(fake, anytime(every=5 * MINUTE))
    fake.monitors = monitored()
    watching.look(BEGIN)
    first = watching.look(BEGIN + 12 * HOUR).memory
    fake.monitors = monitored(due=9000, oldest_due_ms=START)
    then = watching.look(BEGIN + 13 * HOUR).memory
    assert (then.fed_until_ms, then.tests) == (first.fed_until_ms, first.tests)


def test_a_clock_that_was_a_day_ahead_has_the_tests_begin_anew() -> None:
    watching = Watching(after(72), anytime())
    watching.look(BEGIN)
    ahead = watching.look(BEGIN + 30 * HOUR).memory
    back = watching.look(BEGIN + 6 * HOUR).memory
    assert Detector.from_bytes(ahead.tests[""].detector).looks > 0
    assert Detector.from_bytes(back.tests[""].detector).looks == 0
    assert back.fed_until_ms <= BEGIN + 6 * HOUR
    assert watching.look(BEGIN + 12 * HOUR).memory.fed_until_ms > back.fed_until_ms


def test_a_baseline_with_too_few_rows_is_waited_for() -> None:
    watching = Watching(after(24), anytime(baseline=f"window:{START}:{START + 20 * MINUTE}"))
    finding = watching.look(BEGIN).findings[0]
    assert finding.kind == "unsure"
    assert "its baseline has" in finding.sentence


@pytest.mark.parametrize(
    "series", [Series(kind="traces", what="count"), Series(kind="monitor", what="backlog:x")], ids=["count", "monitor"]
)
def test_what_has_no_sequential_test_is_refused(series: Series) -> None:
    watching = Watching(after(1), anytime(series=series))
    with pytest.raises(InvalidArgument, match="anytime"):
        look_at(watching.fake.store, replace(watching.rule, draft=rule(series, anytime().condition)), now_ms=BEGIN)


def test_more_false_alarms_than_looks_cannot_be_declared() -> None:
    with pytest.raises(InvalidArgument, match="more than the looks"):
        looks_between(Condition(false_alarms_per_year=9000.0), HOUR, 1.0)
