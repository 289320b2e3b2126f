"""What caused an alarm, as its page shows it: slices, rows, and what the method promises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.monitor.alarm_actions import rows_of
from steelyard.records import Estimate, Feedback, Store, TraceInfo
from steelyard.records.alarm import Alarm, Finding, RuleDraft, Series
from steelyard.web import links
from steelyard.web.alarmwords import Written, dollars, is_share, promise_of, signed_with, writer_of
from steelyard.web.contexts.alarms import CauseRow, Evidence, SliceRow
from steelyard.web.formats import duration, moment, signed, signed_interval
from steelyard.web.scales import difference_scale
from steelyard.web.tracewords import all_of

ROWS = 12


def finding_of(alarm: Alarm) -> Finding:
    """Return what is told of an alarm: the last that was found if that was bad, else what opened it."""
    return alarm.last if alarm.last.kind in ("bad", "no_data") and alarm.last.sentence else alarm.first


def _cause_of(alarm: Alarm, finding: Finding) -> Finding:
    """Return the finding whose slices tell the cause.

    What lasts is held against a stretch that is itself bad by and by, unless the baseline is fixed: then the slices of
    the beginning tell it.
    """
    told = (finding, alarm.first)
    return next((one for one in told if any(part.get("worse") for part in _kept(one))), finding)


def _kept(finding: Finding) -> list[Mapping[str, Any]]:
    kept = finding.evidence.get("slices")
    if not isinstance(kept, Sequence) or isinstance(kept, str):
        return []
    return [one for one in kept if isinstance(one, Mapping) and one.get("slice")]


def evidence_of(store: Store, alarm: Alarm, finding: Finding, draft: RuleDraft | None) -> Evidence:
    """Return what caused an alarm. Without its rule the numbers stand as they were kept."""
    told = finding.evidence
    filters = str(told.get("filter_string", ""))
    rows = rows_of(alarm)
    if draft is None:
        return Evidence(
            rows=_rows(store, rows, None),
            matching=_whole(told.get("matching")),
            all_rows=_all_rows(alarm, finding, filters),
        )
    shape = str(told.get("shape", ""))
    cause = _cause_of(alarm, finding)
    slices, shares = _slices(alarm, cause, draft), is_share(draft.series, shape)
    ends = [
        end
        for row in slices
        for end in (row.difference.low, row.difference.value, row.difference.high)
        if end is not None
    ]
    return Evidence(
        says=_says(slices),
        slices=slices,
        scale=difference_scale(ends) if ends else None,
        points=shares,
        slices_now=_stretch(cause.start_ms, cause.end_ms),
        slices_before=_before(cause.evidence.get("slices_before")),
        rows=_rows(store, rows, draft.series),
        measured=_MEASURED.get(draft.series.what, "Said of it") if draft.series.kind == "traces" else "Said of it",
        matching=_whole(told.get("matching")),
        all_rows=_all_rows(alarm, finding, filters),
        promise=promise_of(draft, finding),
        changes=_changes(alarm, cause, draft),
    )


def _changes(alarm: Alarm, cause: Finding, draft: RuleDraft) -> str:
    """Return where the two stretches are compared in full; an empty text if there is none before."""
    before = cause.evidence.get("slices_before")
    if not isinstance(before, Sequence) or len(before) != 2 or cause.end_ms <= cause.start_ms:
        return ""
    told = (("start", cause.start_ms), ("end", cause.end_ms), ("before_start", before[0]), ("before_end", before[1]))
    times = {name: str(_whole(moment)) for name, moment in told}
    return links.changes(alarm.experiment_id, filter=draft.series.filter_string, **times)


def _slices(alarm: Alarm, finding: Finding, draft: RuleDraft) -> tuple[SliceRow, ...]:
    shape = str(finding.evidence.get("shape", ""))
    write, shares = writer_of(draft.series, shape), is_share(draft.series, shape)
    whole = _change_of(finding) if draft.series.kind != "drift" else None
    return tuple(_slice(alarm, finding, one, write, whole=whole, shares=shares, shape=shape) for one in _kept(finding))


def _slice(
    alarm: Alarm,
    finding: Finding,
    one: Mapping[str, Any],
    write: Written,
    *,
    whole: float | None,
    shares: bool,
    shape: str,
) -> SliceRow:
    value, before, difference = (_real(one.get(key)) for key in ("value", "baseline", "difference"))
    part = _real(one.get("contribution"))
    # Parts of a mean, a share or a count add up to its change; those of a quantile do not.
    adds = whole is not None and part is not None and shape in ("rate", "mean", "count", "total")
    n = _whole(one.get("n"))
    # Of a distance the interval is its own, and not that of a difference.
    low, high = (None, None) if shape == "distance" else (_real(one.get("low")), _real(one.get("high")))
    shown = "" if difference is None else f"{signed(difference)} points" if shares else signed_with(difference, write)
    ends = ""
    if low is not None and high is not None:
        ends = signed_interval(low, high) if shares else f"[{signed_with(low, write)}, {signed_with(high, write)}]"
    filters = all_of(_window_of(finding), str(one.get("filter_string", "")))
    return SliceRow(
        name=str(one["slice"]),
        href=links.traces(alarm.experiment_id, filter=filters) if one.get("filter_string") else "",
        before="" if before is None else write(before),
        before_n=_whole(one.get("baseline_n")),
        now="" if value is None else write(value),
        now_n=n,
        difference=Estimate(difference, n, low=low, high=high),
        shown_difference=shown,
        shown_interval=ends,
        share=part / whole if adds and part is not None and whole else None,
        verdict="worse" if one.get("worse") else "unsure",
    )


def _change_of(finding: Finding) -> float | None:
    """Return by how much the whole has changed since what its slices are held against, if that is known."""
    told = finding.evidence.get("difference")
    if isinstance(told, Mapping):
        return _real(told.get("value")) or None
    base = finding.evidence.get("baseline")
    was = _real(base.get("value")) if isinstance(base, Mapping) else None
    if was is not None and finding.value is not None:
        return (finding.value - was) or None
    return _change_of_slices(finding)


def _change_of_slices(finding: Finding) -> float | None:
    """Return the change since the stretch before, from the means of a dimension whose slices are all there.

    Without a baseline of its own an alarm keeps no number of the stretch before; the slices of one dimension do, if
    they have all of its rows.
    """
    by_dimension: dict[str, list[Mapping[str, Any]]] = {}
    for one in _kept(finding):
        by_dimension.setdefault(str(one["slice"]).partition(" = ")[0], []).append(one)
    for parts in by_dimension.values():
        now, was = sum(_whole(one.get("n")) for one in parts), sum(_whole(one.get("baseline_n")) for one in parts)
        values = [_real(one.get("baseline")) for one in parts]
        if now != finding.n or not was or finding.value is None or any(value is None for value in values):
            continue
        before = sum((value or 0.0) * _whole(one.get("baseline_n")) for value, one in zip(values, parts, strict=True))
        return (finding.value - before / was) or None
    return None


def _says(slices: Sequence[SliceRow]) -> str:
    worse = next((row for row in slices if row.verdict == "worse"), None)
    if worse is None:
        if not slices:
            return ""
        return "No slice stands out: none of them changed for the worse beyond what chance makes of so many."
    change = f"{worse.shown_difference}, {worse.before or 'nothing'} to {worse.now or 'nothing'}, n {worse.now_n:,}"
    if worse.share is None or not worse.share >= 0.05:
        return f"What changed most is {worse.name} ({change})."
    if worse.share > 1.005:
        return f"More than all of the change comes from {worse.name} ({change}): the rest moved the other way."
    return f"{100 * worse.share:.0f}% of the change comes from {worse.name} ({change})."


def _rows(store: Store, ids: Sequence[str], series: Series | None) -> tuple[CauseRow, ...]:
    infos = store.traces.infos(ids[:ROWS]) if ids else {}
    return tuple(_row(trace_id, infos.get(trace_id), series) for trace_id in ids[:ROWS])


def _row(trace_id: str, info: TraceInfo | None, series: Series | None) -> CauseRow:
    if info is None:
        return CauseRow(trace_id=trace_id, time_ms=0, asked="", answered="", there=False)
    name = series.what if series is not None and series.kind == "score" else ""
    said = next(iter(_feedback(info, name)), None)
    return CauseRow(
        trace_id=trace_id,
        time_ms=info.request_time,
        asked=info.request_preview[:240],
        answered=info.response_preview[:240],
        value=_measured(info, series) if said is None else _said(said.value),
        rationale="" if said is None else (said.rationale or "")[:240],
    )


_MEASURED = {
    "error_rate": "Status",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "cost": "Cost",
    **{f"duration_p{part}": "Took" for part in (50, 90, 95, 99)},
}


def _measured(info: TraceInfo, series: Series | None) -> str:
    if series is None or series.kind != "traces":
        return ""
    if series.what == "error_rate":
        return info.state
    if series.what.startswith("duration"):
        return duration(info.execution_duration)
    number = getattr(info.usage, series.what, None)
    return "" if not isinstance(number, int | float) else dollars(number) if series.what == "cost" else f"{number:,}"


def _feedback(info: TraceInfo, name: str) -> list[Feedback]:
    found = [one for one in info.assessments if isinstance(one, Feedback) and one.valid and one.name == name]
    return [one for one in found if one.error is None]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:60]


def _all_rows(alarm: Alarm, finding: Finding, filters: str) -> str:
    if not filters:
        return ""
    times = {"start": str(finding.start_ms), "end": str(finding.end_ms)} if finding.end_ms > finding.start_ms else {}
    return links.traces(alarm.experiment_id, filter=filters, **times)


def _window_of(finding: Finding) -> str:
    return f"timestamp_ms >= {finding.start_ms} AND timestamp_ms < {finding.end_ms}"


def _before(told: object) -> str:
    if not isinstance(told, Sequence) or len(told) != 2:
        return ""
    return _stretch(_whole(told[0]), _whole(told[1]))


def _stretch(start_ms: int, end_ms: int) -> str:
    return f"{moment(start_ms).removesuffix(' UTC')} to {moment(end_ms)}" if end_ms else ""


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
