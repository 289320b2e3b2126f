"""Units as asynchronous tasks, for functions that are coroutine functions."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator
from functools import partial

from steelyard.engine.predicting import Predicted
from steelyard.engine.scoring import ascore, score, timed_out, unscored
from steelyard.engine.stages import Bench
from steelyard.engine.units import Unit
from steelyard.records import LedgerEntry, Verdict


async def drive(bench: Bench, units: Iterator[Unit], context: contextvars.Context) -> None:
    """Work through units, as many at a time as may be in flight."""
    async with asyncio.TaskGroup() as group:
        for _ in range(bench.work.rows_in_flight):
            group.create_task(_worker(bench, units, context))


async def _worker(bench: Bench, units: Iterator[Unit], context: contextvars.Context) -> None:
    for unit in units:
        # A task of its own in a context of its own: what one row sets, the next one does not see.
        await asyncio.get_running_loop().create_task(_unit(bench, unit), context=context.copy())


async def _unit(bench: Bench, unit: Unit) -> None:
    found = bench.predictor.given(unit) or await bench.predictor.acall(unit)
    failed = found.prediction.outcome != "predicted"
    verdicts = unscored(found.prediction, unit.scorers) if failed else ()
    if unit.stored is None:
        bench.commit(LedgerEntry(prediction=found.prediction, trace=found.trace, verdicts=verdicts))
    elif verdicts:
        bench.commit(LedgerEntry(verdicts=verdicts))
    if not failed and unit.scorers:
        await asyncio.gather(*(_verdict(bench, place, found) for place in unit.scorers))


async def _verdict(bench: Bench, place: int, found: Predicted) -> None:
    bench.commit(LedgerEntry(verdicts=(await _scored(bench, place, found),)))


async def _scored(bench: Bench, place: int, found: Predicted) -> Verdict:
    scorer = bench.work.scorers[place]
    if scorer.is_async:
        return await ascore(bench.work, place, found.case)
    limit = scorer.time_limit
    asked = asyncio.wrap_future(bench.pool.submit(partial(score, bench.work, place, found.case)))
    try:
        return await asyncio.wait_for(asked, limit)
    except TimeoutError:
        bench.pool.give_up()
        return timed_out(bench.work, place, found.case, limit or 0.0)
