"""From a ledger that is being filled to what the page says of it."""

from __future__ import annotations

import time

from steelyard.records import LedgerState, Run, ScorerTally, Store
from steelyard.web.contexts.application import Interim, ProgressView, ScorerProgress, Standing
from steelyard.web.interim import interim_values

SILENT_MS = 60_000
"""An owner that has not written for so long is taken to be gone."""
_SHORTEST_MS = 3_000


def standing_of(run: Run, state: LedgerState, now: int) -> Standing:
    """Return whether an evaluation runs, has stopped before its end, or is done."""
    if state.finished:
        return "finished"
    if run.info.status not in ("RUNNING", "SCHEDULED"):
        return "stopped"
    return "stopped" if now - (state.heartbeat or run.info.start_time) > SILENT_MS else "running"


def view_progress(
    store: Store, run: Run, state: LedgerState, *, since: int = 0, since_done: int = 0, now: int | None = None
) -> ProgressView:
    """Return how far an evaluation is.

    Args:
        store: where its ledger is.
        run: the run that it fills.
        state: of the ledger.
        since: when this page was first shown, in milliseconds since 1970; the rate is counted from there.
        since_done: how many lines were done then.
        now: the present moment in milliseconds since 1970, unless it is to be read from the clock.
    """
    now = now or int(time.time() * 1000)
    plan = state.plan
    planned = plan.rows * plan.repeats
    predicted = sum(state.predictions.values())
    done = predicted + sum(sum(tally.outcomes.values()) for tally in state.scorers)
    whole = planned + sum(tally.planned for tally in state.scorers)
    standing = standing_of(run, state, now)
    rate = _rate(run, done, now, since, since_done) if standing == "running" else None
    values = interim_values(store, state)
    return ProgressView(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        standing=standing,
        planned=planned,
        predicted=predicted,
        prediction_outcomes=dict(state.predictions),
        lines_planned=whole,
        lines_done=done,
        scorers=tuple(_scorer(t, values.by_scorer.get(i, ())) for i, t in enumerate(state.scorers)),
        usage=state.usage,
        started=run.info.start_time,
        heartbeat=state.heartbeat or run.info.start_time,
        rate=rate,
        left=(whole - done) / rate if rate else None,
        interim_of=values.verdicts,
        interim_complete=values.complete,
        since=since or now,
        since_done=since_done if since else done,
    )


def _rate(run: Run, done: int, now: int, since: int, since_done: int) -> float | None:
    """Return lines a second since the page was opened; since the run began while that is too short to tell."""
    if since and now - since >= _SHORTEST_MS and done > since_done:
        return (done - since_done) / ((now - since) / 1000)
    elapsed = (now - run.info.start_time) / 1000
    return done / elapsed if done and elapsed > 0 else None


def _scorer(tally: ScorerTally, interim: tuple[Interim, ...]) -> ScorerProgress:
    done = sum(tally.outcomes.values())
    scored = tally.outcomes.get("scored", 0)
    return ScorerProgress(
        name=tally.name,
        planned=tally.planned,
        done=done,
        scored=scored,
        failed=done - scored,
        outcomes={name: n for name, n in tally.outcomes.items() if n and name != "scored"},
        interim=interim,
    )
