"""What a reading is held against: a fixed window, the window before, or the same window a week ago."""

from __future__ import annotations

import re
from dataclasses import replace

from steelyard.errors import InvalidArgument
from steelyard.monitor.rules_memory import Memory
from steelyard.monitor.series import read
from steelyard.monitor.series_reading import Reading
from steelyard.records import AlarmRule, Store

WEEK_MS = 7 * 86_400_000
_WINDOW = re.compile(r"window:(\d+):(\d+)")


def stretch_of(baseline: str, start_ms: int, end_ms: int) -> tuple[int, int]:
    """Return the stretch that is the baseline of [start, end).

    Raises:
        InvalidArgument: it is none of ``previous``, ``last_week`` and ``window:<start_ms>:<end_ms>``.

    Examples:
        >>> stretch_of("previous", 7_200_000, 10_800_000)
        (3600000, 7200000)
    """
    if baseline == "previous":
        return start_ms - (end_ms - start_ms), start_ms
    if baseline == "last_week":
        return start_ms - WEEK_MS, end_ms - WEEK_MS
    found = _WINDOW.fullmatch(baseline)
    if found is None or int(found[1]) >= int(found[2]):
        raise InvalidArgument(
            f"A baseline is 'previous', 'last_week' or 'window:<start_ms>:<end_ms>', not {baseline!r}."
        )
    return int(found[1]) // 1000 * 1000, int(found[2]) // 1000 * 1000


def baseline_of(
    store: Store, rule: AlarmRule, memory: Memory, *, start_ms: int, end_ms: int
) -> tuple[dict[str, Reading], Memory]:
    """Return the baseline of each group, and what is to be remembered of it.

    A fixed window is read once it is over and has rows, and never again: what is said of it later does not move what
    alarms were agreed on.
    """
    condition = rule.draft.condition
    if not condition.baseline:
        return {}, memory
    if memory.baseline_read:
        return dict(memory.baseline), memory
    start, end = stretch_of(condition.baseline, start_ms, end_ms)
    found = read(store, rule.experiment_id, rule.draft.series, start_ms=start, end_ms=end)
    baseline = {reading.group: reading for reading in found if not reading.empty}
    if baseline and end <= end_ms and condition.baseline.startswith("window:"):
        memory = replace(memory, baseline=baseline, baseline_read=True)
    return baseline, memory
