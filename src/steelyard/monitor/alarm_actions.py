"""What is done about an alarm: people are asked about its rows, or its rows become test data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import (
    Alarm,
    InputPassFail,
    ItemDraft,
    LabelSchema,
    ReviewQueue,
    Store,
)
from steelyard.tracking import get_store
from steelyard.tracking.dataset_traces import merge_into_new, records_of_traces
from steelyard.tracking.evaluation_dataset import EvaluationDataset
from steelyard.tracking.label_schemas import find_schema
from steelyard.tracking.origin import user_name


def review_alarm(
    alarm: str | Alarm,
    *,
    name: str = "",
    schemas: Sequence[str | LabelSchema] = (),
    users: Sequence[str] = (),
    trace_ids: Sequence[str] = (),
    store: Store | None = None,
    by: str = "",
) -> ReviewQueue:
    """Open a review queue with the rows that caused an alarm, and note it on the alarm.

    Args:
        alarm: the alarm or its id.
        name: of the queue; made from the rule's name and the day unless given. A queue of this name that is there gets
            the rows that it lacks.
        schemas: what is asked: label schemas, their names or ids. Unless given, whether it passes, under the
            score's own name, so that people's answers stand beside the judge's.
        users: who reviews; anybody unless given.
        trace_ids: which rows; those that the alarm names unless given.
        store: where; the current store unless given.
        by: who does it; whoever runs this unless told.

    Raises:
        NotFound: there is no such alarm, or its rows are gone.
        InvalidArgument: the alarm names no rows.
    """
    store, who = store or get_store(), by or user_name()
    found = _alarm(store, alarm)
    rows = _rows(store, found, trace_ids)
    wanted = name or _name_of(found, "review")
    queue = store.reviews.find(found.experiment_id, wanted)
    if queue is None:
        queue = store.reviews.create(
            found.experiment_id,
            wanted,
            users=tuple(users),
            schema_ids=_schemas(store, found, schemas, by=who),
            instruction=found.first.sentence,
            by=who,
        )
    added = store.reviews.add(queue.queue_id, [ItemDraft(trace_id=one) for one in rows])
    said = f"{len(added):,} of its rows are in the review queue {queue.name!r}."
    store.alarms.note(found.alarm_id, said, by=who, link=f"/review/{queue.queue_id}")
    return store.reviews.get(queue.queue_id)


def dataset_from_alarm(
    alarm: str | Alarm,
    *,
    name: str = "",
    trace_ids: Sequence[str] = (),
    store: Store | None = None,
    by: str = "",
) -> EvaluationDataset:
    """Put the rows that caused an alarm into a dataset, and note it on the alarm. Each record names its trace.

    Args:
        alarm: the alarm or its id.
        name: of the dataset; made from the rule's name and the day unless given. One that is there grows.
        trace_ids: which rows; those that the alarm names unless given.
        store: where; the current store unless given.
        by: who does it; whoever runs this unless told.

    Raises:
        NotFound: there is no such alarm, or its rows are gone.
        InvalidArgument: the alarm names no rows, or none of them has inputs.
    """
    store, who = store or get_store(), by or user_name()
    found = _alarm(store, alarm)
    picked = records_of_traces(store, _rows(store, found, trace_ids))
    if not picked.drafts:
        raise InvalidArgument("None of these traces has inputs, so there is nothing to put into a dataset.")
    wanted, message = name or _name_of(found, "rows"), f"from the alarm {found.alarm_id} of {found.rule_name!r}"
    there = store.datasets.find(wanted)
    if there is None:
        there, _ = merge_into_new(
            store, wanted, picked.drafts, experiment_ids=[found.experiment_id], by=who, message=message
        )
    else:
        store.datasets.merge(there.dataset_id, picked.drafts, by=who, message=message)
    said = f"{len(picked.drafts):,} of its rows are in the dataset {wanted!r}."
    store.alarms.note(found.alarm_id, said, by=who, link=f"/datasets/{there.dataset_id}")
    return EvaluationDataset(store.datasets.get(there.dataset_id), store)


def rows_of(alarm: Alarm) -> tuple[str, ...]:
    """Return the ids of the rows that an alarm names: those of what was found last, else of what opened it."""
    for finding in (alarm.last, alarm.first):
        named = finding.evidence.get("trace_ids")
        if named:
            return tuple(str(one) for one in named)
    return ()


def _alarm(store: Store, given: str | Alarm) -> Alarm:
    return store.alarms.alarm(given.alarm_id if isinstance(given, Alarm) else given)


def _rows(store: Store, alarm: Alarm, given: Sequence[str]) -> tuple[str, ...]:
    named = tuple(given) or rows_of(alarm)
    if not named:
        raise InvalidArgument(f"The alarm {alarm.alarm_id} names no rows: give trace_ids.")
    there = store.traces.infos(named)
    if not there:
        raise NotFound(f"All {len(named):,} traces of the alarm {alarm.alarm_id} have been deleted.")
    return tuple(one for one in named if one in there)


def _schemas(store: Store, alarm: Alarm, given: Sequence[str | LabelSchema], *, by: str) -> tuple[str, ...]:
    if given:
        asked = (given,) if isinstance(given, str) else given
        return tuple(dict.fromkeys(find_schema(store, one, alarm.experiment_id).schema_id for one in asked))
    name = _score_of(store, alarm)
    found = store.label_schemas.find(alarm.experiment_id, name)
    if found is None:
        found = store.label_schemas.create(alarm.experiment_id, name, input=InputPassFail(), enable_comment=True, by=by)
    return (found.schema_id,)


def _score_of(store: Store, alarm: Alarm) -> str:
    """Return what people are asked: the score that the rule watches, else whether the row is good."""
    try:
        series = store.alarms.rule(alarm.rule_id).draft.series
    except NotFound:  # the rule has gone, and its alarms stay
        return "good"
    return series.what if series.kind == "score" else "good"


def _name_of(alarm: Alarm, what: str) -> str:
    day = datetime.fromtimestamp(alarm.opened_ms / 1000, UTC).strftime("%Y-%m-%d")
    group = f" {alarm.group}" if alarm.group else ""
    return f"{alarm.rule_name}{group} {day} {what}"
