"""One call of the function, from slot to trace: called once, its outcome kept whatever it is."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from steelyard.engine.limited import Held, pause_after, retry_after
from steelyard.engine.telling import is_outcome, told
from steelyard.engine.units import Unit
from steelyard.engine.work import Work
from steelyard.errors import OverBudget
from steelyard.llm import Reservation
from steelyard.records import (
    REQUEST_ID_TAG,
    RUN_KEY,
    SESSION_KEY,
    Case,
    Expectation,
    Prediction,
    Row,
    Trace,
    Usage,
)
from steelyard.tracing import capture, json_value, static_trace

SLOT = "predict"


@dataclass(frozen=True, slots=True)
class Predicted:
    """A prediction, its trace if it was made now, and what scorers see."""

    prediction: Prediction
    trace: Trace | None
    case: Case


class Predictor:
    """Calls the function of one evaluation, or takes the outputs that are given."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._function: Callable[..., Any] = work.predict or dict
        self._seen = _Seen()

    def given(self, unit: Unit) -> Predicted | None:
        """Return what needs no call: a committed prediction, a given output or a given trace."""
        row = unit.row
        if unit.stored is not None:
            return self._again(unit, unit.stored)
        if self._work.predict is not None:
            return None
        trace, prediction = row.trace, _prediction(unit)
        if trace is None:
            trace = _marked(static_trace(row.inputs, row.outputs, name=self._work.predict_name), self._work, row)
            return _predicted(unit, replace(prediction, trace_id=trace.info.trace_id), trace)
        outputs = row.outputs if row.has_outputs else trace.outputs
        prediction = replace(prediction, trace_id=trace.info.trace_id, output=outputs, usage=trace.info.usage)
        if trace.info.state == "ERROR" and outputs is None:
            failed = next((span.status.description for span in trace.data.spans if span.parent_id is None), "")
            prediction = replace(prediction, outcome="predict_failed", error=failed or "the trace ended in an error")
        stored = self._work.find_traces([trace.info.trace_id])
        # A trace that the store has is linked to the run where it is; one from elsewhere is kept with the prediction.
        return Predicted(prediction, None if stored else _expecting(trace, row), _case(unit, prediction, trace))

    def _again(self, unit: Unit, stored: Prediction) -> Predicted:
        trace = None
        if stored.trace_id is not None and stored.outcome == "predicted" and unit.scorers:
            trace = self._work.find_traces([stored.trace_id]).get(stored.trace_id)
        return Predicted(stored, None, _case(unit, stored, trace))

    def call(self, unit: Unit, *, begun: Callable[[Held], None]) -> Predicted:
        """Call a function that is not a coroutine function, in this thread.

        Args:
            unit: the row and repeat.
            begun: called once the call may begin, with the slot that it holds.
        """
        held = Held(self._work.limits.of(SLOT))
        try:  # with the slot in hand: who waits for one would reserve by what was known long before
            reserved = self._seen.reserve(self._work)
            for attempt in range(self._work.predict_retries + 1):
                begun(held)
                done = self._once(unit)
                wait = pause_after(held.slot, done.error)
                if wait is None or attempt == self._work.predict_retries:
                    break
                time.sleep(wait)
            return self._settled(unit, done, reserved)
        except OverBudget as refusal:
            return _over_budget(unit, refusal)
        finally:
            held.release()

    async def acall(self, unit: Unit) -> Predicted:
        """Call a coroutine function in this loop."""
        async with self._work.limits.of(SLOT).aslot() as slot:
            try:
                reserved = self._seen.reserve(self._work)
            except OverBudget as refusal:
                return _over_budget(unit, refusal)
            for attempt in range(self._work.predict_retries + 1):
                done = await self._aonce(unit)
                wait = pause_after(slot, done.error)
                if wait is None or attempt == self._work.predict_retries:
                    break
                await asyncio.sleep(wait)
            return self._settled(unit, done, reserved)

    def _once(self, unit: Unit) -> _Call:
        predict, inputs = self._function, _own_copy(unit.row.inputs)
        begun = time.perf_counter()
        with self._capture() as captured:
            try:
                output, error = predict(**inputs), None
            except BaseException as problem:
                output, error = None, problem
        return _Call(captured, output, error, time.perf_counter() - begun)

    async def _aonce(self, unit: Unit) -> _Call:
        predict, inputs, task = self._function, _own_copy(unit.row.inputs), asyncio.current_task()
        begun = time.perf_counter()
        with self._capture() as captured:
            try:
                async with asyncio.timeout(self._work.predict_timeout):
                    output, error = await predict(**inputs), None
            except BaseException as problem:
                if not is_outcome(problem, task):
                    raise
                output, error = None, problem
        return _Call(captured, output, error, time.perf_counter() - begun)

    def _capture(self) -> capture:
        work = self._work
        return capture(name=work.predict_name, experiment_id=work.experiment_id, function=work.predict)

    def _settled(self, unit: Unit, done: _Call, reserved: Reservation) -> Predicted:
        try:
            return self._read(unit, done, reserved)
        except Exception as problem:  # what it returned cannot be looked at
            return self._read(unit, replace(done, output=None, error=done.error or problem), reserved)

    def _read(self, unit: Unit, done: _Call, reserved: Reservation) -> Predicted:
        trace = done.captured.finish(inputs=unit.row.inputs, outputs=done.output, error=done.error)
        usage = trace.info.usage
        reserved.settle(usage or Usage())
        self._seen.add(usage)
        trace = _marked(trace, self._work, unit.row)
        prediction = replace(
            _prediction(unit), trace_id=trace.info.trace_id, output=None, latency=done.latency, usage=usage
        )
        if done.error is not None:
            return _predicted(unit, replace(prediction, outcome="predict_failed", error=_told(done.error)), trace)
        return _predicted(unit, replace(prediction, output=json_value(done.output)), trace)

    def timed_out(self, unit: Unit, seconds: float) -> Predicted:
        """Return the outcome of a call that did not come back."""
        error = TimeoutError(f"no answer after {seconds:g} s (predict_timeout)")
        trace = _marked(self._capture().finish(inputs=unit.row.inputs, error=error), self._work, unit.row)
        prediction = replace(_prediction(unit), outcome="predict_failed", error=_told(error), output=None)
        prediction = replace(prediction, trace_id=trace.info.trace_id, latency=seconds)
        return _predicted(unit, prediction, trace)


@dataclass(frozen=True, slots=True)
class _Call:
    captured: capture
    output: Any
    error: BaseException | None
    latency: float


class _Seen:
    """What calls have used so far: the next one is expected to use as much as the dearest yet."""

    def __init__(self) -> None:
        self._tokens = 0
        self._cost = 0.0

    def reserve(self, work: Work) -> Reservation:
        return work.budget.reserve(tokens=self._tokens, cost=self._cost)

    def add(self, usage: Usage | None) -> None:
        if usage is not None:
            self._tokens = max(self._tokens, usage.total_tokens)
            self._cost = max(self._cost, usage.cost or 0.0)


def _prediction(unit: Unit) -> Prediction:
    row = unit.row
    return Prediction(row=row.index, repeat=unit.repeat, row_id=row.row_id, output=row.outputs)


def _over_budget(unit: Unit, refusal: OverBudget) -> Predicted:
    prediction = replace(_prediction(unit), outcome="over_budget", output=None, error=str(refusal))
    return _predicted(unit, prediction, None)


def _predicted(unit: Unit, prediction: Prediction, trace: Trace | None) -> Predicted:
    return Predicted(prediction, trace, _case(unit, prediction, trace))


def _case(unit: Unit, prediction: Prediction, trace: Trace | None) -> Case:
    row = unit.row
    return Case(
        inputs=row.inputs if row.inputs is not None or trace is None else trace.inputs,
        outputs=prediction.output,
        expectations=row.expectations or _expected(trace),
        tags=row.tags,
        metadata=row.metadata,
        trace=trace,
        row_id=row.row_id,
        row=row.index,
        repeat=unit.repeat,
    )


def _expected(trace: Trace | None) -> Mapping[str, Any]:
    if trace is None:
        return {}
    return {found.name: found.value for found in trace.info.assessments if found.kind == "expectation" and found.valid}


def _marked(trace: Trace, work: Work, row: Row) -> Trace:
    """Return a trace with what makes it findable: the run, the row, the session, and what was expected."""
    info = trace.info
    metadata = {**work.trace_metadata, **info.trace_metadata, RUN_KEY: work.run_id}
    if row.session is not None:
        metadata.setdefault(SESSION_KEY, row.session)
    tags = {**row.tags, **info.tags, REQUEST_ID_TAG: row.row_id}
    info = replace(info, experiment_id=work.experiment_id, trace_metadata=metadata, tags=tags)
    return _expecting(replace(trace, info=info), row)


def _expecting(trace: Trace, row: Row) -> Trace:
    known = {found.name for found in trace.info.assessments if found.kind == "expectation"}
    new = tuple(
        Expectation(name=name, value=value, trace_id=trace.info.trace_id)
        for name, value in row.expectations.items()
        if name not in known and value is not None
    )
    return trace if not new else replace(trace, info=replace(trace.info, assessments=(*trace.info.assessments, *new)))


def _own_copy(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments that the function may change without changing the row."""
    if all(isinstance(value, (str, int, float, bool, type(None))) for value in inputs.values()):
        return dict(inputs)
    return copy.deepcopy(dict(inputs))


def _told(error: BaseException) -> str:
    wait = retry_after(error)
    return told(error) + (f" (retry after {wait:g} s)" if wait else "")
