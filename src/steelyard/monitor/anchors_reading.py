"""One reading of an anchor set: every row is asked anew, and kept as it is answered, so that a kill loses nothing."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from steelyard.errors import LLMUnavailable, OverBudget, SteelyardError
from steelyard.judges import Judge
from steelyard.judges.registering import scorer_of
from steelyard.judges.ruling import ANSWERED_KEY
from steelyard.llm import Budget, Calling, calling
from steelyard.records import AnchorReading, AnchorVerdict, Case, DatasetRecord, Feedback, Store
from steelyard.records.trace import Usage
from steelyard.scorers import Scorer, assess

_AT_ONCE = 8
_PAGE = 500
_LONGEST = 4_000


def read_rows(store: Store, reading: AnchorReading, *, clock_ms: Callable[[], int]) -> AnchorReading:
    """Judge the rows of a reading that have no verdict yet, and end it.

    A row on which the judge fails is a row with an error. What keeps all rows from being judged (its server cannot be
    reached, the budget, a judge that cannot be made) fails the reading; what was said stays, and the next one is tried
    later.

    Args:
        store: where the set is.
        reading: as it was handed out.
        clock_ms: milliseconds since 1970.
    """
    anchors = store.anchors.get(reading.anchor_id)
    around = Calling(cache=None, budget=Budget(max_cost=anchors.max_cost))
    if around.budget is not None and reading.cost:
        around.budget.restore(Usage(cost=reading.cost))
    before = reading
    models: set[str] = set(reading.models)
    try:
        registered = store.scorers.get(anchors.experiment_id, anchors.name, version=reading.scorer_version)
        scorer: Scorer = scorer_of(registered, allow_code=False)
        done = {each.record_id for each in store.anchors.verdicts(reading.reading_id)}
        rows = _records(store, anchors.dataset_id, anchors.dataset_version)
        left = (row for row in rows if row.dataset_record_id not in done)
        with calling(around), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="anchors") as pool:
            while batch := list(islice(left, _AT_ONCE)):
                said = _judged(pool, scorer, anchors.name, batch)
                models.update(model for model, _ in said if model)
                cost = before.cost + (around.usage.cost or 0.0)
                reading = replace(reading, calls=before.calls + around.calls, cost=cost, models=tuple(sorted(models)))
                if not store.anchors.put(reading, [verdict for _, verdict in said], now_ms=clock_ms()):
                    return reading
    except SteelyardError as error:
        told = f"{type(error).__name__}: {error}"[:_LONGEST]
        return store.anchors.finish(replace(reading, state="failed", error=told), now_ms=clock_ms())
    return store.anchors.finish(replace(reading, state="done"), now_ms=clock_ms())


def _judged(
    pool: ThreadPoolExecutor, scorer: Scorer, name: str, rows: Sequence[DatasetRecord]
) -> list[tuple[str, AnchorVerdict]]:
    asked = [pool.submit(contextvars.copy_context().run, _judge, scorer, name, row) for row in rows]
    return [each.result() for each in asked]


def _judge(scorer: Scorer, name: str, row: DatasetRecord) -> tuple[str, AnchorVerdict]:
    """Return who answered, and what.

    Raises:
        LLMUnavailable, OverBudget: nothing can be judged at all.
    """
    case = Case(inputs=row.inputs, outputs=row.outputs, expectations=row.expectations, tags=row.tags)
    try:
        said = scorer.settled(case) if isinstance(scorer, Judge) else assess(scorer, case)
    except (LLMUnavailable, OverBudget):
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:_LONGEST]
        return "", AnchorVerdict(record_id=row.dataset_record_id, error=told)
    found = next((each for each in said if each.name == name), said[0] if said else None)
    return ("", _nothing(row)) if found is None else (_model(found), _verdict(row, found))


def _nothing(row: DatasetRecord) -> AnchorVerdict:
    return AnchorVerdict(record_id=row.dataset_record_id, error="The judge said nothing of this row.")


def _verdict(row: DatasetRecord, said: Feedback) -> AnchorVerdict:
    if said.error is not None:
        told = f"{said.error.error_code}: {said.error.error_message or ''}".rstrip(": ")
        return AnchorVerdict(record_id=row.dataset_record_id, error=told[:_LONGEST])
    why = str(said.rationale or "")[:_LONGEST]
    return AnchorVerdict(record_id=row.dataset_record_id, value=said.value, rationale=why)


def _model(said: Feedback) -> str:
    """Return the model that answered, as it calls itself if it does."""
    asked = said.source.source_id if said.source.source_type == "LLM_JUDGE" else ""
    return str(said.metadata.get(ANSWERED_KEY, "") or asked)


def _records(store: Store, dataset_id: str, version: int) -> Iterator[DatasetRecord]:
    token = None
    while True:
        page = store.datasets.records(dataset_id, version=version, max_results=_PAGE, page_token=token)
        yield from page.items
        token = page.token
        if not token:
            return
