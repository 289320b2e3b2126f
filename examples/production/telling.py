"""What somebody on call would see, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from examples.production.playing import Played
from examples.production.traffic import HOUR_MS, Plan
from examples.production.watching import EVIDENCE, KEPT, MODEL, RULES, SURE, limit_of, mean_of
from steelyard.monitor import compare_windows, find_production_model
from steelyard.records import Alarm, Store
from steelyard.web import links

SLICES = 5
PLAIN_HOURS = 6


def tell(store: Store, plan: Plan, played: Played, *, team: str, url: str, say: Callable[[str], None]) -> bool:
    """Tell what came of it; return whether the slice that was broken is the first that the alarm names."""
    early = [one for one in played.alarms if one.opened_ms <= plan.planted_ms]
    say(f"\n{played.requests:,} requests; {played.affected:,} of them of the team {team!r} after release 2.")
    say(f"Before it: {played.clean_looks:,} looks of {len(RULES)} rules, {len(early)} alarms.")
    for alarm in early:
        say(f"  A false alarm of {alarm.rule_name!r}: {alarm.first.sentence}")
    for name in RULES:
        _tell_delay(name, plan, played, say)
    _tell_plain(store, plan, played, say)
    alarm = _first(EVIDENCE, plan, played)
    if alarm is None:
        say("\nThe alarm by evidence did not ring.")
        return False
    slices = alarm.first.evidence.get("slices", [])
    say(f"\nThe alarm by evidence said:\n  {alarm.first.sentence}\nThe slices that explain it:")
    for row in slices[:SLICES]:
        say("  " + _row(row))
    named = bool(slices) and slices[0]["slice"] == f"tag.team = {team}" and bool(slices[0]["worse"])
    say(f"The slice that was broken is {'named first' if named else 'NOT named first'}: tag.team = {team}.")
    _tell_truth(store, plan, played, say)
    say("\nTo look at:")
    for what, page in _pages(plan, played, alarm).items():
        say(f"  {what:<14}{url}{page}")
    return named


def _first(name: str, plan: Plan, played: Played) -> Alarm | None:
    return next((one for one in played.alarms if one.rule_name == name and one.opened_ms > plan.planted_ms), None)


def _tell_delay(name: str, plan: Plan, played: Played, say: Callable[[str], None]) -> None:
    alarm = _first(name, plan, played)
    if alarm is None:
        say(f"After it, {name!r} did not ring.")
        return
    hours = (alarm.opened_ms - plan.planted_ms) / HOUR_MS
    group = f" for {alarm.group}" if alarm.group else ""
    say(f"After it, {name!r} rang{group} {hours:.1f} hours and {played.rows_after[alarm.alarm_id]:,} requests later.")


def _tell_plain(store: Store, plan: Plan, played: Played, say: Callable[[str], None]) -> None:
    """Tell what a rule would have done that holds the mean itself against the same limit."""
    limit, step = limit_of(played.mean), PLAIN_HOURS * HOUR_MS
    clean = mean_of(store, played.experiment_id, plan.watched_ms, plan.planted_ms, step_ms=step)
    wrong = sum(mean < limit for mean in clean)
    say(
        f"A plain limit, the mean of {PLAIN_HOURS} hours below {limit:.2f}, would have rung {wrong} times in the "
        f"{len(clean)} clean stretches of {PLAIN_HOURS} hours."
    )


def _tell_truth(store: Store, plan: Plan, played: Played, say: Callable[[str], None]) -> None:
    """Tell what people clicked, and the labels that came days later: was the alarm right?"""
    said = compare_windows(
        played.experiment_id,
        before=(plan.watched_ms, plan.planted_ms),
        after=(plan.planted_ms, plan.end_ms),
        by=["tag.team"],
    )
    say("\nWhat people clicked, before and after release 2:")
    say(f"  {said[f'score:{KEPT}'].sentence}")
    model = find_production_model(MODEL)
    say("And of those whose labels have come, by team and release, accuracy:")
    for team in _accuracies(store, plan, model.key):
        say(f"  {team}")


def _accuracies(store: Store, plan: Plan, key: str) -> Sequence[str]:
    stretches = ((plan.start_ms, plan.planted_ms), (plan.planted_ms, plan.end_ms))
    found: dict[str, list[str]] = {}
    for start, end in stretches:
        numbers = store.predictions.numbers(
            key, start_ms=start, end_ms=end, step_ms=end - start, by="team", metric="accuracy_score", origin_ms=start
        )
        for one in numbers:
            team = "".join(str(value) for _, value in one.slice)
            known = one.estimates.get("accuracy_score")
            found.setdefault(team, []).append("no label yet" if known is None else str(known))
    return [f"{team:<8}{' -> '.join(told)}" for team, told in sorted(found.items())]


def _row(row: Mapping[str, Any]) -> str:
    before, after = (f"{row[key]:.3f}" if row[key] is not None else "nothing" for key in ("baseline", "value"))
    ends = f" [{row['low']:+.3f}, {row['high']:+.3f}]" if row["low"] is not None else ""
    return (
        f"{row['slice']:<22} {before} (n={row['baseline_n']:,}) -> {after} (n={row['n']:,}){ends}, "
        f"{row['contribution']:+.4f} of the whole's change{', worse' if row['worse'] else ''}"
    )


def _pages(plan: Plan, played: Played, alarm: Alarm) -> dict[str, str]:
    windows = {
        "start": plan.planted_ms,
        "end": plan.end_ms,
        "before_start": plan.watched_ms,
        "before_end": plan.planted_ms,
    }
    changes = links.changes(played.experiment_id, **{name: str(moment) for name, moment in windows.items()})
    return {
        "the alarm": links.alarm(alarm.alarm_id),
        "all alarms": links.alarms(played.experiment_id),
        "the monitor": links.monitor(played.experiment_id, SURE),
        "what changed": changes,
        "the model": links.model(played.experiment_id, MODEL),
        "the dashboard": links.dashboard(played.experiment_id),
    }
