"""From traces that somebody picked to records of a dataset, a few traces at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.records.dataset import Dataset, DatasetChange, RecordDraft
from steelyard.tracking.dataset_drafts import draft_of_trace
from steelyard.tracking.trace_reading import with_spans

_STEP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedRecords:
    """What traces are as records; ``without`` counts traces that are gone or have no inputs."""

    drafts: tuple[RecordDraft, ...]
    without: int


def records_of_traces(store: Store, trace_ids: Sequence[str]) -> PickedRecords:
    """Return traces as records, in the order in which they are named.

    Args:
        store: where they are.
        trace_ids: which; those that are gone or have no inputs are counted.
    """
    drafts: list[RecordDraft] = []
    for start in range(0, len(trace_ids), _STEP):
        part = trace_ids[start : start + _STEP]
        infos = store.traces.infos(part)
        traces = with_spans(store, [infos[one] for one in part if one in infos])
        drafts += [draft_of_trace(trace) for trace in traces if trace.inputs is not None and trace.inputs != {}]
    return PickedRecords(drafts=tuple(drafts), without=len(trace_ids) - len(drafts))


def merge_into_new(
    store: Store, name: str, drafts: Sequence[RecordDraft], *, experiment_ids: Sequence[str], by: str, message: str
) -> tuple[Dataset, DatasetChange]:
    """Create a dataset with records; if they cannot be kept there is no dataset either.

    Raises:
        AlreadyExists: there is a dataset of this name.
        InvalidArgument: there are no records, or one cannot be kept.
    """
    if not drafts:
        raise InvalidArgument("None of these traces has inputs, so there is nothing to put into a dataset.")
    made = store.datasets.create(name, experiment_ids=experiment_ids, by=by)
    try:
        change = store.datasets.merge(made.dataset_id, drafts, by=by, message=message)
    except BaseException:
        store.datasets.delete(made.dataset_id)
        raise
    return made, change
