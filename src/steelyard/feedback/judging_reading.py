"""Reading what a judge and people said out of a store, and bringing it to one form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from steelyard.feedback.judging_data import Gathered, HumanLabel, JudgedTrace, JudgeVerdict, gold_of, matching_of
from steelyard.feedback.judging_traces import TraceChoice, output_length, row_keys, spans_of
from steelyard.feedback.judging_values import Reading, reading_of
from steelyard.feedback.people import DECIDES_KEY, ITEM_KEY, QUEUE_KEY, SCHEMA_KEY, VERSION_KEY
from steelyard.records import (
    REQUEST_ID_TAG,
    Assessment,
    Feedback,
    InputPassFail,
    LabelSchema,
    ReviewItem,
    Store,
    TraceInfo,
)

_VERSION_KEYS = ("steelyard.scorer.version", "scorer_version")


def gather(
    store: Store,
    choice: TraceChoice,
    name: str,
    *,
    human_name: str,
    judge_source: str | None = None,
    threshold: float | None = None,
    details: bool = True,
) -> Gathered:
    """Read what the judge and people said.

    Args:
        store: where.
        choice: which traces.
        name: of the judge's feedback.
        human_name: of people's labels.
        judge_source: only verdicts of this source id, or of this version of the scorer; any unless given.
        threshold: numbers of the judge from this on are yes, where people say yes or no.
        details: whether answers, models and inputs of labelled traces are read too.
    """
    schemas = _Schemas(store, human_name)
    raw = [_said(info, name, judge_source, schemas) for info in choice.infos(store)]
    yes, no = schemas.words
    reading = reading_of(
        (label.value for one in raw for label in one.people),
        (verdict.value for one in raw for verdict in one.verdicts if verdict.error is None),
        threshold=threshold,
        yes=yes,
        no=no,
    )
    traces = [_trace(one, reading) for one in raw]
    traces = _with_items(store, traces)
    if details:
        traces = _with_details(store, traces, {one.info.trace_id: one.info for one in raw})
    sources = Counter(trace.verdict.source_id for trace in traces if trace.verdict is not None)
    return Gathered(
        traces=tuple(traces),
        reading=reading,
        sources=tuple(source for source, _ in sources.most_common()),
        matching=matching_of(traces, outdated=sum(one.outdated for one in raw)),
        schema=schemas.only,
    )


@dataclass(frozen=True, slots=True)
class _Raw:
    """What was said of one trace, unread."""

    info: TraceInfo
    verdicts: tuple[Feedback, ...]
    others: tuple[Feedback, ...]
    people: tuple[Assessment, ...]
    corrected: frozenset[str]
    outdated: int


class _Schemas:
    """The questions that people were asked under a name, by experiment, looked up once each."""

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self._store = store
        self._found: dict[str, LabelSchema | None] = {}

    def of(self, experiment_id: str) -> LabelSchema | None:
        if experiment_id not in self._found:
            self._found[experiment_id] = self._store.label_schemas.find(experiment_id, self.name)
        return self._found[experiment_id]

    @property
    def only(self) -> LabelSchema | None:
        """The question, if all experiments that were looked at ask the same."""
        found = [schema for schema in self._found.values() if schema is not None]
        return found[0] if len({schema.input for schema in found}) == 1 else None

    @property
    def words(self) -> tuple[list[str], list[str]]:
        """The labels of yes and no that people were shown."""
        asked = [one.input for one in self._found.values() if one is not None and isinstance(one.input, InputPassFail)]
        return [one.positive_label for one in asked], [one.negative_label for one in asked]

    def is_asked(self, label: Assessment, experiment_id: str) -> bool:
        """Whether a label is to this question: one that a queue took, under whatever name the question had then."""
        key = label.metadata.get(SCHEMA_KEY)
        if not key and label.name != self.name:
            return False
        schema = self.of(experiment_id)
        return label.name == self.name if schema is None or not key else key == schema.schema_id

    def is_outdated(self, label: Assessment, experiment_id: str) -> bool:
        version = str(label.metadata.get(VERSION_KEY, ""))
        schema = self.of(experiment_id) if version else None
        return schema is not None and version != str(schema.version)


def _said(info: TraceInfo, name: str, judge_source: str | None, schemas: _Schemas) -> _Raw:
    of_trace = [one for one in info.assessments if one.span_id is None]
    said = [one for one in of_trace if one.source.source_type == "HUMAN" and one.valid]
    told = [one for one in said if schemas.is_asked(one, info.experiment_id)]
    people = [one for one in told if not schemas.is_outdated(one, info.experiment_id)]
    # A correction makes the judge's verdict invalid, and is the very thing that it should be held against.
    corrected = frozenset(one.overrides for one in people if one.overrides)
    verdicts = [
        one
        for one in of_trace
        if isinstance(one, Feedback)
        and one.name == name
        and one.source.source_type != "HUMAN"
        and (one.valid or one.assessment_id in corrected)
    ]
    verdicts.sort(key=lambda one: one.create_time_ms)
    wanted = [one for one in verdicts if judge_source is None or _is_from(one, judge_source)]
    newest = wanted[-1].source.source_id if wanted else ""
    mine = tuple(one for one in wanted if one.source.source_id == newest)
    ours = {id(one) for one in mine}
    others = {one.source.source_id: one for one in verdicts if id(one) not in ours and one.source.source_id != newest}
    return _Raw(info, mine, tuple(others.values()), tuple(_one_each(people)), corrected, len(told) - len(people))


def _is_from(feedback: Feedback, source: str) -> bool:
    versions = (str(feedback.metadata.get(key, "")) for key in _VERSION_KEYS)
    return feedback.source.source_id == source or source in versions


def _one_each(people: Iterable[Assessment]) -> list[Assessment]:
    """Return the newest label of each person; an adjudicator's own label stands beside the decision."""
    newest: dict[tuple[str, bool], Assessment] = {}
    for one in sorted(people, key=_when):
        newest[one.source.source_id, _decides(one)] = one
    return list(newest.values())


def _when(one: Assessment) -> int:
    return one.last_update_time_ms or one.create_time_ms


def _decides(one: Assessment) -> bool:
    return str(one.metadata.get(DECIDES_KEY, "")).casefold() == "true"


def _trace(raw: _Raw, reading: Reading) -> JudgedTrace:
    people = tuple(_label(one, raw.corrected, raw, reading) for one in raw.people)
    verdicts = tuple(_verdict(one, reading) for one in raw.verdicts)
    return JudgedTrace(
        trace_id=raw.info.trace_id,
        row_id=raw.info.tags.get(REQUEST_ID_TAG, ""),
        run_id=raw.info.run_id or "",
        verdict=verdicts[-1] if verdicts else None,
        earlier=verdicts[:-1],
        others=tuple(_verdict(one, reading) for one in raw.others),
        people=people,
        gold=gold_of(people),
        keys=row_keys(raw.info, ()),
    )


def _label(one: Assessment, corrected: frozenset[str], raw: _Raw, reading: Reading) -> HumanLabel:
    judged = {verdict.assessment_id for verdict in (*raw.verdicts, *raw.others)}
    return HumanLabel(
        reviewer=one.source.source_id,
        value=reading.read(one.value),
        given=one.value,
        rationale=(one.rationale or "") if isinstance(one, Feedback) else "",
        decides=_decides(one),
        corrects=one.overrides in corrected and one.overrides in judged,
        item_id=str(one.metadata.get(ITEM_KEY, "")),
        queue_id=str(one.metadata.get(QUEUE_KEY, "")),
        time_ms=_when(one),
    )


def _verdict(one: Feedback, reading: Reading) -> JudgeVerdict:
    error = "" if one.error is None else (one.error.error_message or one.error.error_code)
    if one.error is None and one.value is None:
        error = "no value"
    return JudgeVerdict(
        value=None if error else reading.read(one.value),
        given=one.value,
        source_id=one.source.source_id,
        rationale=one.rationale or "",
        error=error,
        metadata=one.metadata,
        assessment_id=one.assessment_id or "",
    )


def _with_items(store: Store, traces: list[JudgedTrace]) -> list[JudgedTrace]:
    """Put to each trace the item of a queue under which it was labelled, drawn ones first."""
    queues = dict.fromkeys(label.queue_id for trace in traces for label in trace.people if label.queue_id)
    items: dict[str, ReviewItem] = {}
    for queue_id in queues:
        for reviewed in store.reviews.reviewed(queue_id):
            known = items.get(reviewed.item.trace_id)
            if known is None or known.propensity is None:
                items[reviewed.item.trace_id] = reviewed.item
    return [replace(trace, item=items.get(trace.trace_id)) if items else trace for trace in traces]


def _with_details(store: Store, traces: list[JudgedTrace], infos: Mapping[str, TraceInfo]) -> list[JudgedTrace]:
    wanted = [trace.trace_id for trace in traces if trace.is_pair]
    found = {
        trace_id: (output_length(spans), row_keys(infos[trace_id], spans))
        for trace_id, spans in spans_of(store, wanted)
    }
    return [
        replace(trace, length=found[trace.trace_id][0], keys=found[trace.trace_id][1])
        if trace.trace_id in found
        else trace
        for trace in traces
    ]
