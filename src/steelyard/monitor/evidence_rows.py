"""The rows behind a finding: a filter that finds all of them, and the worst of them by id."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.monitor.series_traces import QUANTILES, SUMS
from steelyard.records import AlarmRule, Finding, Series, Store
from steelyard.records.filters import condition

MOST_ROWS = 50
OTHERS = "…"
"""The group of the rarer values together: no filter names them."""

_ORDER = {"cost": "cost DESC", "input_tokens": "input_tokens DESC", "output_tokens": "output_tokens DESC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstRows:
    """Rows of a window.

    Args:
        filter_string: finds all that count as bad, within the window.
        trace_ids: the worst of them, at most 50.
        matching: how many the filter finds.
    """

    filter_string: str
    trace_ids: tuple[str, ...] = ()
    matching: int = 0

    def as_json(self) -> dict[str, object]:
        """Return what stands in ``Finding.evidence``."""
        return {"filter_string": self.filter_string, "trace_ids": list(self.trace_ids), "matching": self.matching}


def worst_rows(store: Store, rule: AlarmRule, finding: Finding) -> WorstRows:
    """Return the rows that made a finding bad: those that failed, are lowest, slowest or dearest in its window.

    Args:
        store: where they are.
        rule: whose series it is. Of drift the rows are those from where it moved to; what is not of traces has none.
        finding: with its window and group.
    """
    series = rule.draft.series
    inside = window_filter(series, finding)
    if series.kind == "drift":
        named = finding.evidence.get("trace_ids", ())
        return WorstRows(filter_string=inside, trace_ids=tuple(named), matching=len(named))
    if series.kind not in ("traces", "score"):
        return WorstRows(filter_string="")
    filter_string, order = _worst_filter(rule, finding, inside)
    page = store.traces.search(
        [rule.experiment_id], filter_string, order_by=[order] if order else [], max_results=MOST_ROWS
    )
    return WorstRows(
        filter_string=filter_string,
        trace_ids=tuple(info.trace_id for info in page.items),
        matching=len(page.items) if page.token is None else store.traces.count([rule.experiment_id], filter_string),
    )


def window_filter(series: Series, finding: Finding) -> str:
    """Return the filter of all rows that a finding is about: the series' own, its group, its window.

    Examples:
        >>> found = Finding(group="billing", start_ms=0, end_ms=60000)
        >>> print(window_filter(Series(kind="score", what="polite", by="tag.topic"), found))
        timestamp_ms >= 0 AND timestamp_ms < 60000 AND tag.topic = 'billing'
    """
    parts = [f"timestamp_ms >= {finding.start_ms}", f"timestamp_ms < {finding.end_ms}"]
    if series.by and series.by != "version" and finding.group != OTHERS:
        parts.append(condition("span.model" if series.by == "model" else series.by, "=", finding.group))
    if series.filter_string.strip():
        parts.append(f"({series.filter_string})")
    return " AND ".join(parts)


def _worst_filter(rule: AlarmRule, finding: Finding, inside: str) -> tuple[str, str]:
    """Return the filter and the order of the rows that are worst."""
    series, below = rule.draft.series, rule.draft.condition.direction == "below"
    if series.kind == "score":
        return _of_score(series.what, finding, inside, below=below)
    if series.what == "error_rate":
        return f"{inside} AND status {'!=' if below else '='} 'ERROR'", ""
    if series.what in QUANTILES:
        limit = finding.limit if finding.limit is not None else finding.value
        side = condition("execution_time_ms", "<" if below else ">", limit)
        return f"{inside} AND {side}", "execution_time_ms ASC" if below else "execution_time_ms DESC"
    if series.what in SUMS:
        return inside, _ORDER[series.what] if not below else ""
    return inside, ""


def _of_score(name: str, finding: Finding, inside: str, *, below: bool) -> tuple[str, str]:
    key, order = f"feedback.{name}", f"feedback.`{name}` {'ASC' if below else 'DESC'}"
    if finding.evidence.get("shape") == "rate":
        wrong = " OR ".join(condition(key, "=", value) for value in ((False, "no") if below else (True, "yes")))
        return f"{inside} AND ({wrong})", ""
    return f"{inside} AND {condition(key, '<' if below else '>', finding.limit)}", order
