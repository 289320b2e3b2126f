"""What a monitor's judge may spend today: reserved before each call, so that the limit holds with many in flight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from steelyard.llm import Budget
from steelyard.monitor.clocks import DAY_MS
from steelyard.records import Usage
from steelyard.records.monitor import Monitor


@dataclass(slots=True)
class _Day:
    """A monitor's day: its budget, and which part of the store's sum this process has committed."""

    day: int
    limit: float
    budget: Budget
    restored: float = 0.0
    committed: float = 0.0
    over: bool = False


@dataclass(slots=True)
class DayBudgets:
    """The budgets of monitors that have a limit a day (UTC).

    What other workers spend is learnt from the store before work is begun; so a limit is passed by no more than what
    is in flight in them.

    Args:
        cost_today: returns what the store has counted for a monitor today, in US dollars.
    """

    cost_today: Callable[[str], float]
    _days: dict[str, _Day] = field(default_factory=dict)

    def budget_of(self, monitor: Monitor, now_ms: int) -> Budget | None:
        """Return the budget that calls for a monitor are reserved in; None without a limit."""
        limit = monitor.max_cost_per_day
        if limit is None:
            self._days.pop(monitor.monitor_id, None)
            return None
        day = self._days.get(monitor.monitor_id)
        if day is None or day.day != now_ms // DAY_MS or day.limit != limit:
            day = self._days[monitor.monitor_id] = _Day(now_ms // DAY_MS, limit, Budget(max_cost=limit))
        others = self.cost_today(monitor.monitor_id) - day.committed - day.restored
        if others > 0:
            day.budget.restore(Usage(cost=others))
            day.restored += others
        return day.budget

    def committed(self, monitor_id: str, cost: float) -> None:
        """Note that the store has counted what this process spent."""
        if monitor_id in self._days:
            self._days[monitor_id].committed += cost

    def over(self, monitor_id: str) -> None:
        """Note that what is left of the day does not suffice for a call."""
        if monitor_id in self._days:
            self._days[monitor_id].over = True

    def is_over(self, monitor: Monitor, now_ms: int) -> bool:
        """Whether a monitor's work waits for the next day, or for a higher limit."""
        day = self._days.get(monitor.monitor_id)
        return day is not None and day.over and day.day == now_ms // DAY_MS and day.limit == monitor.max_cost_per_day
