"""A look at a rule that watches every new row: tests are begun, fed, and say what they found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import Detector
from steelyard.monitor.conditions import Judged
from steelyard.monitor.conditions_anytime import (
    SHAPES,
    Block,
    detector_for,
    fed,
    looks_between,
    share_of_batch,
    way_back,
)
from steelyard.monitor.rules_baseline import stretch_of
from steelyard.monitor.rules_blocks import blocks_of, share_beyond
from steelyard.monitor.rules_memory import FORGOTTEN_MS, Memory, Watched
from steelyard.monitor.rules_watermark import rows_are_in
from steelyard.monitor.series import read
from steelyard.monitor.series_reading import Reading, finished
from steelyard.monitor.series_traces import QUANTILES
from steelyard.records import AlarmRule, Condition, FindingKind, Series, Store

MOST_BLOCKS = 2_000
"""After a long rest a look catches up with so many blocks, and the next looks with the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a test says of a group.

    Args:
        reading: of the stretch that the finding is about: of the window, or since the change began.
        judged: what is so.
        baseline: what it is held against, where there is something.
        more: what is to be added to the sentence.
    """

    reading: Reading
    judged: Judged
    baseline: Reading | None = None
    more: str = ""


def check_method(series: Series, condition: Condition) -> None:
    """Raise if a series is to be watched row by row and cannot be."""
    traffic = ("error_rate", *QUANTILES)
    if condition.method != "anytime":
        return
    if series.kind == "score" or (series.kind == "traces" and series.what in traffic):
        return
    raise InvalidArgument(
        f"method='anytime' is for scores and, of traces, for {', '.join(traffic)}: of {series.kind} {series.what!r} no "
        "sequential test holds, as its rows have no range or no law. Use method='threshold' or 'change'."
    )


def look_row_by_row(
    store: Store, rule: AlarmRule, memory: Memory, readings: Mapping[str, Reading], *, now_ms: int
) -> tuple[dict[str, Tested], Memory]:
    """Feed the tests of a rule with the rows that are new and in, and return what they say.

    Args:
        store: where the rows are.
        rule: as it was claimed.
        memory: what it remembers.
        readings: of its window, by group.
        now_ms: the caller's clock.
    """
    step = max(rule.draft.every_ms // 1000, 1) * 1000
    if memory.step_ms != step:  # as many false alarms a year as are declared now need another threshold
        memory = Memory(seen=memory.seen, step_ms=step)
    mark, waits = rows_are_in(store, rule, memory, now_ms=now_ms)
    mark = mark // step * step
    memory = replace(_after_the_clock(memory, mark, now_ms), waited_ms=waits)
    begin = memory.fed_until_ms or mark
    until = max(min(mark, begin + MOST_BLOCKS * step), begin)
    tests = _fed(store, rule, memory, begin, until, step)
    memory = replace(memory, tests=tests, fed_until_ms=until)
    memory, whyless = _joined(store, rule, memory, readings, until)
    end = max((reading.end_ms for reading in readings.values()), default=until)
    said = {
        group: _said(store, rule, memory, reading, end)
        if group in memory.tests
        else Tested(reading=reading, judged=_not_yet(reading), more=whyless)
        for group, reading in readings.items()
    }
    return said, memory


def _after_the_clock(memory: Memory, mark: int, now_ms: int) -> Memory:
    """Return a memory that goes on from the mark, with tests that begin anew, if the clock has gone back."""
    if memory.fed_until_ms <= now_ms + FORGIVEN_MS:
        return memory
    tests = {
        group: replace(one, detector=Detector.from_bytes(one.detector).restarted().to_bytes(), starts=())
        for group, one in memory.tests.items()
    }
    return replace(memory, tests=tests, fed_until_ms=mark)


FORGIVEN_MS = 600_000
"""A clock that goes back by less only makes a test wait."""


def _fed(store: Store, rule: AlarmRule, memory: Memory, begin: int, until: int, step: int) -> dict[str, Watched]:
    """Return the tests after the new blocks; those that have just found something know their way back."""
    by_group: dict[str, list[Block]] = defaultdict(list)
    for block in blocks_of(store, rule, memory.tests, start_ms=begin, end_ms=until, step_ms=step):
        by_group[block.group].append(block)
    tests = dict(memory.tests)
    for group, blocks in by_group.items():
        tests[group] = fed(tests[group], blocks)
    for group, one in tests.items():
        if one.alarmed and not one.back:
            tests[group] = _with_way_back(store, rule, group, one, until)
    return {group: one for group, one in tests.items() if one.alarmed or _still_there(memory, group, until)}


def _still_there(memory: Memory, group: str, until: int) -> bool:
    return group == "" or memory.seen.get(group, 0) > until - FORGOTTEN_MS


def _with_way_back(store: Store, rule: AlarmRule, group: str, watched: Watched, until: int) -> Watched:
    condition, series = rule.draft.condition, rule.draft.series
    fallen = _since(store, rule, group, watched, until)
    q = QUANTILES.get(series.what) if series.kind == "traces" else None
    if q is not None:
        rows = share_beyond(store, rule, group=group, limit=watched.limit, start_ms=watched.since_ms, end_ms=until)
        fallen = finished(Reading(shape="rate", value=rows.total / rows.n if rows.n else None, n=rows.n))
    looks = looks_between(condition, rule.draft.every_ms, watched.share)
    back = way_back(condition, watched.limit, fallen, looks=looks, q=q)
    if back is None:  # its rows were deleted meanwhile
        return replace(watched, alarmed=False, since_ms=0)
    return replace(watched, back=back.to_bytes())


def _since(store: Store, rule: AlarmRule, group: str, watched: Watched, end: int) -> Reading:
    """Return the series from the beginning of a change."""
    start = min(watched.since_ms, end - 1000)
    found = read(store, rule.experiment_id, rule.draft.series, start_ms=start, end_ms=end, groups=[group])
    return found[0] if found else Reading(group=group, start_ms=start, end_ms=end, shape="mean")


def _joined(
    store: Store, rule: AlarmRule, memory: Memory, readings: Mapping[str, Reading], until: int
) -> tuple[Memory, str]:
    """Begin the tests of groups that have none; return why those that cannot begin cannot."""
    new = {group: one for group, one in readings.items() if group not in memory.tests and one.shape in SHAPES}
    if not new:
        return memory, ""
    condition, series = rule.draft.condition, rule.draft.series
    before: dict[str, Reading] = {}
    if condition.baseline:
        start, end = stretch_of(condition.baseline, until, until + rule.draft.window_ms // 1000 * 1000)
        if end > until and condition.baseline.startswith("window:"):
            return memory, "its baseline is not over yet"
        found = read(store, rule.experiment_id, series, start_ms=start, end_ms=end, groups=list(new))
        before = {reading.group: reading for reading in found if not reading.empty}
    batch = memory.batches + 1
    share = share_of_batch(batch, len(new)) if series.by else 1.0
    begun, whyless = {}, ""
    for group, reading in new.items():
        try:
            begun[group] = _begun(rule, before.get(group), reading, share)
        except InvalidArgument as error:
            whyless = str(error)
    if not begun:
        return memory, whyless
    known = {group: before[group] for group in begun if group in before}
    tests = {**memory.tests, **begun}
    return replace(memory, tests=tests, baseline={**memory.baseline, **known}, batches=batch), whyless


def _begun(rule: AlarmRule, before: Reading | None, reading: Reading, share: float) -> Watched:
    condition, series = rule.draft.condition, rule.draft.series
    if condition.baseline and before is None:
        raise InvalidArgument("its baseline has no rows")
    q = QUANTILES.get(series.what) if series.kind == "traces" else None
    if condition.baseline and before is not None and before.n < condition.min_n:
        raise InvalidArgument(f"its baseline has {before.n:,} rows, and {condition.min_n:,} are needed")
    shape = reading.shape if before is None else before.shape
    if before is None and reading.empty:
        raise InvalidArgument("it has no rows yet")
    looks = looks_between(condition, rule.draft.every_ms, share)
    detector = detector_for(condition, before, shape=shape, looks=looks, q=q)
    return Watched(detector=detector.to_bytes(), share=share, limit=_limit(rule, before, q), shape=shape)


def _limit(rule: AlarmRule, before: Reading | None, q: float | None) -> float:
    """Return beyond what the mean is wrong; of a quantile the far end of the baseline's interval, and the margin."""
    condition = rule.draft.condition
    sign = 1.0 if condition.direction == "above" else -1.0
    if before is None:
        return (condition.value or 0.0) + sign * condition.margin
    if q is None:
        return (before.value or 0.0) + sign * condition.margin
    far = before.high if sign > 0 else before.low
    if far is None:
        raise InvalidArgument("its baseline has too few rows beyond the quantile for an interval")
    return far + sign * condition.margin


def _not_yet(reading: Reading) -> Judged:
    if reading.empty:
        return Judged(kind="no_data")
    return Judged(kind="unsure", low=reading.low, high=reading.high)


def _said(store: Store, rule: AlarmRule, memory: Memory, reading: Reading, end: int) -> Tested:
    watched, before = memory.tests[reading.group], memory.baseline.get(reading.group)
    detector, condition = Detector.from_bytes(watched.detector), rule.draft.condition
    if watched.alarmed:
        wrong = _since(store, rule, reading.group, watched, end)
        rate = f"{condition.false_alarms_per_year:g} false alarm{'s' if condition.false_alarms_per_year != 1 else ''}"
        more = f"found by a sequential test that allows {rate} a year"
        return Tested(reading=wrong, judged=_of(wrong, "bad", watched), baseline=before, more=more)
    if reading.empty:
        return Tested(reading=reading, judged=Judged(kind="no_data", limit=watched.limit), baseline=before)
    share = detector.evidence / detector.threshold
    more = f"a sequential test has seen {watched.fed:,} rows, and its evidence is {share:.1%} of an alarm's"
    return Tested(reading=reading, judged=_of(reading, "fine", watched), baseline=before, more=more)


def _of(reading: Reading, kind: FindingKind, watched: Watched) -> Judged:
    return Judged(kind=kind, limit=watched.limit, low=reading.low, high=reading.high)
