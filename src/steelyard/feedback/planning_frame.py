"""What labels are drawn from: the judged traces, each in its stratum; and keeping with a queue how that was made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan, sqrt
from statistics import pstdev

import msgspec

from steelyard.errors import InvalidArgument, NotFound
from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_repeats import consistency
from steelyard.feedback.judging_traces import TraceChoice
from steelyard.feedback.judging_values import Kind, Reading, Said, gap
from steelyard.metrics.sampling import strata_of
from steelyard.records import ReviewQueue, Store

TAG = "steelyard.labelling."
"""Of the tag of an experiment that says how a queue's items were drawn; the queue's id follows."""

LABELS_A_STRATUM = 5
"""Strata are made coarser until there are so many labels for each on the average."""

SURE_ERRS = 0.2
"""Standard deviation of the error expected of a judge that is sure: it errs on one item in 25."""

_MOST_TAG = 7_500


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSpec:
    """How a frame is made again.

    Args:
        name, human_name, judge_source: as for ``judge_against_people``.
        kind, threshold: how the judge's values are read.
        choice: which traces.
        by: keys whose values are strata too.
        bins: strata by score.
        unsure, disputed: whether unsure items, and items on which judges differ, are strata of their own.
        key: of the draw.
        digest: of the traces and their strata: another one is another frame.
        target: half the width to reach; None without a target.
        schema_id: of the question that people are asked; ``human_name`` is its name now, as ``spec_of`` returns it.
    """

    name: str
    human_name: str
    judge_source: str | None = None
    kind: Kind = "boolean"
    threshold: float | None = None
    choice: TraceChoice = field(default_factory=TraceChoice)
    by: tuple[str, ...] = ()
    bins: int = 4
    unsure: bool = True
    disputed: bool = True
    key: str = ""
    digest: str = ""
    target: float | None = None
    schema_id: str = ""

    @property
    def reading(self) -> Reading:
        return Reading(kind=self.kind, threshold=self.threshold)

    def to_text(self) -> str:
        """Return it as JSON; ids of given traces are left out where they do not fit into a tag."""
        whole = msgspec.json.encode(self).decode()
        if len(whole) <= _MOST_TAG:
            return whole
        return msgspec.json.encode(replace(self, choice=TraceChoice())).decode()

    @classmethod
    def from_text(cls, text: str) -> FrameSpec:
        return msgspec.json.decode(text, type=cls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Judged traces in strata.

    Args:
        ids: of the traces.
        strata: of each.
        spreads: the standard deviation expected of the judge's error on each; NaN where nothing is known.
        scores: the judge's values as numbers.
        missing: traces that the judge has no value of: they cannot be drawn.
    """

    ids: tuple[str, ...]
    strata: tuple[str, ...]
    spreads: tuple[float, ...]
    scores: tuple[float, ...]
    missing: int = 0

    @property
    def digest(self) -> str:
        """Of the traces and their strata, in any order."""
        lines = sorted(f"{trace}\x1f{stratum}" for trace, stratum in zip(self.ids, self.strata, strict=True))
        return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()

    @property
    def sizes(self) -> dict[str, int]:
        """How many traces each stratum has, by name."""
        return {name: self.strata.count(name) for name in sorted(set(self.strata))}


def frame_of(traces: Iterable[JudgedTrace], spec: FrameSpec) -> Frame:
    """Return the frame that a spec makes of traces."""
    reading = spec.reading
    read = [(trace, _value(trace, reading)) for trace in traces]
    known = [(trace, value) for trace, value in read if value is not None]
    scores = _scores([value for _, value in known], spec.kind)
    spreads = [_spread(trace, reading, scores) for trace, _ in known]
    disputed = [float(_is_disputed(trace, value, reading)) for trace, value in known]
    names = strata_of(
        scores,
        uncertainty=spreads if spec.unsure and len(set(spreads)) > 1 else None,
        disagreement=disputed if spec.disputed else None,
        bins=spec.bins,
        least=1,
    )
    return Frame(
        ids=tuple(trace.trace_id for trace, _ in known),
        strata=tuple(_crossed(names, [trace for trace, _ in known], spec.by)),
        spreads=tuple(spreads),
        scores=tuple(scores),
        missing=len(read) - len(known),
    )


def coarsened(traces: Sequence[JudgedTrace], spec: FrameSpec, n: int) -> FrameSpec:
    """Return the spec of the finest frame that has no more strata than n labels can fill.

    First scores are binned less finely, then unsure items are not apart, then disputed ones, then what ``by`` names.
    """
    most = max(n // LABELS_A_STRATUM, 1)
    options = [
        replace(spec, bins=bins, unsure=unsure, disputed=disputed, by=by)
        for by in dict.fromkeys((spec.by, ()))
        for unsure, disputed in ((True, True), (False, True), (False, False))
        for bins in (4, 3, 2, 1)
        if bins > 1 or not (unsure or disputed)
    ]
    for option in options:
        sizes = frame_of(traces, option).sizes
        if len(sizes) <= most and min(sizes.values(), default=0) >= 2:
            return option
    return options[-1]


def frame_strata(store: Store, queue_ids: Iterable[str], traces: Sequence[JudgedTrace]) -> Mapping[str, str] | None:
    """Return the stratum of every judged trace, by id, if these traces are what one of the queues was drawn from."""
    for queue_id in sorted(queue_ids):
        spec = spec_of(store, queue_id)
        frame = None if spec is None else frame_of(traces, spec)
        if spec is not None and frame is not None and frame.digest == spec.digest:
            return dict(zip(frame.ids, frame.strata, strict=True))
    return None


def queue_id_of(store: Store, queue: str | ReviewQueue) -> str:
    """Return the id of a queue that is given, or named by its id or its name.

    Raises:
        NotFound: there is none of this name.
        InvalidArgument: several experiments have one of this name.
    """
    if isinstance(queue, ReviewQueue):
        return queue.queue_id
    if queue.startswith("rq-"):
        return queue
    found = [one.queue_id for one in store.reviews.list() if one.name == queue]
    if not found:
        raise NotFound(f"There is no review queue {queue!r}.")
    if len(found) > 1:
        raise InvalidArgument(f"{len(found)} experiments have a queue {queue!r}: give the queue itself, or its id.")
    return found[0]


def spec_of(store: Store, queue_id: str) -> FrameSpec | None:
    """Return how a queue's items were drawn; None if no plan did it."""
    experiment = store.experiments.get(store.reviews.get(queue_id).experiment_id)
    text = experiment.tags.get(TAG + queue_id)
    if not text:
        return None
    spec = FrameSpec.from_text(text)
    asked = {schema.schema_id: schema.name for schema in store.label_schemas.list(experiment.experiment_id)}
    return replace(spec, human_name=asked.get(spec.schema_id, spec.human_name))


def keep_spec(store: Store, queue_id: str, spec: FrameSpec) -> None:
    """Keep with a queue how its items were drawn, and which of its questions people are asked about the judge."""
    experiment_id = store.reviews.get(queue_id).experiment_id
    schema = store.label_schemas.find(experiment_id, spec.human_name)
    spec = replace(spec, schema_id="" if schema is None else schema.schema_id)
    store.experiments.set_tag(experiment_id, TAG + queue_id, spec.to_text())


def _value(trace: JudgedTrace, reading: Reading) -> Said | None:
    verdict = trace.verdict
    return None if verdict is None or verdict.error else reading.read(verdict.given)


def _scores(values: Sequence[Said], kind: Kind) -> list[float]:
    if kind != "category":
        return [float(value) if isinstance(value, (bool, float)) else nan for value in values]
    places = {value: place for place, value in enumerate(sorted(set(values), key=str))}
    return [float(places[value]) for value in values]


def _spread(trace: JudgedTrace, reading: Reading, scores: Sequence[float]) -> float:
    """Return the standard deviation expected of the judge's error: √(p(1 − p)) of what it is sure of."""
    said = [value for one in (*trace.earlier, trace.verdict) if one and (value := reading.read(one.given)) is not None]
    if reading.kind == "number":
        numbers = [value for value in said if isinstance(value, float)]
        least = SURE_ERRS * pstdev(scores) if len(scores) > 1 else 0.0
        return max(pstdev(numbers), least) if len(numbers) > 1 else nan
    told = trace.verdict.confidence if trace.verdict is not None else None
    sure = consistency(said) if told is None else told
    if _is_disputed(trace, said[-1] if said else None, reading):
        sure = 0.5
    return nan if sure is None else max(sqrt(sure * (1.0 - sure)), SURE_ERRS)


def _is_disputed(trace: JudgedTrace, value: Said | None, reading: Reading) -> bool:
    others = [said for other in trace.others if (said := reading.read(other.given)) is not None]
    return value is not None and any(gap(value, other) > 0 for other in others)


def _crossed(names: Sequence[str], traces: Sequence[JudgedTrace], by: Sequence[str]) -> list[str]:
    for key in by:
        if not any(key in trace.keys for trace in traces):
            message = f"No judged trace has {key!r} to draw by; it is a tag, such as 'topic', or 'run', 'name', 'user'."
            raise InvalidArgument(message)
    return [
        " · ".join([*(trace.keys.get(key, "none") for key in by), name])
        for name, trace in zip(names, traces, strict=True)
    ]
