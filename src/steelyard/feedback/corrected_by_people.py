"""Means of a judge corrected by people's labels: those of the same population, or the judge's errors elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.feedback.judging import JudgeReport, report_of, with_draws
from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_draws import drawn_from, items_of, without_labels
from steelyard.feedback.judging_rates import kish, weights_of
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_traces import TraceChoice
from steelyard.feedback.planning_frame import spec_of
from steelyard.metrics.corrected import CorrectedMean, prediction_powered, rogan_gladen
from steelyard.records import Estimate, ReviewQueue, Store

NOT_DRAWN = "No label was drawn at random: labels of chosen items correct no mean. Draw some with plan_labels."
"""Why there is no correction, most often."""


def corrected_mean(
    report: JudgeReport,
    population: JudgeReport | Sequence[Any] | None = None,
    *,
    confidence: float | None = None,
) -> CorrectedMean:
    """Return a judge's mean, raw and corrected by the labels that were drawn at random.

    The report's own traces: prediction-powered inference (PPI++). Another population, such as a later run or a window
    of production: Rogan–Gladen, from how often the judge was right on the labelled items; only of yes and no. Labels of
    items that were not drawn at random are not used, and too few labels, a stratum of the draw without any, or too weak
    a judge, is said in ``refused`` instead of a correction.

    Items on which as many people say yes as no, and which nobody has decided, count ½, half a yes and half a no
    (``tied``). That is unbiased for the mean of what people say so; leaving them out would be a mean of easy items.

    Args:
        report: of the judge on the labelled traces.
        population: what the mean is of: another report, or the judge's values; the report's own traces unless given.
        confidence: nominal coverage; the report's unless given.

    Raises:
        InvalidArgument: words have no mean.
    """
    sure = report.confidence if confidence is None else confidence
    if report.kind == "category":
        message = f"{report.name!r} gives words: they have shares, and no mean. Read them as yes and no to correct one."
        raise InvalidArgument(message)
    if population is not None:
        return _elsewhere(report, _values(population, report), sure)
    out_of = drawn_from(report.draws)
    # Of a frame that is as it was, the strata are known; else the sizes of the draws tell what they were out of.
    if report.strata is None and 0 < out_of < sum(trace.judge is not None for trace in report.traces):
        # What was added since could not be drawn: the labels are of another population than the mean.
        return _elsewhere(report, _values(report, report), sure)
    return _here(report, sure)


def corrected_means(
    store: Store, run_id: str, *, judge_source: str | None = None, confidence: float = 0.95
) -> dict[str, CorrectedMean]:
    """Return the means of a run's judges, raw and corrected, by the names of their metrics (``correctness/mean``).

    Judges are corrected that a queue of the run's experiment asks people about: what a plan has drawn as that plan says
    (its judge, people's name for it, its threshold), other draws under the same name. By labels drawn out of this run,
    else by those drawn elsewhere in the experiment from the same judge; of several ways to ask about one judge, the one
    with the most answered items. A judge without drawn labels is not among them.

    Args:
        store: where.
        run_id: the run.
        judge_source: only verdicts of this source id or scorer version.
        confidence: nominal coverage.

    Raises:
        NotFound: there is no such run.
    """
    experiment_id = store.runs.get(run_id).info.experiment_id
    found: dict[str, CorrectedMean] = {}
    for name, asked in sorted(_asked(store, experiment_id).items()):
        source = judge_source or asked.judge_source
        report = _report(store, TraceChoice(run_id=run_id), asked, source, confidence)
        if report.kind == "category" or not any(trace.verdict is not None for trace in report.traces):
            continue
        if any(trace.chance is not None for trace in report.traces):
            found[f"{name}/mean"] = corrected_mean(report)
            continue
        source = source or (report.sources[0] if len(report.sources) == 1 else None)
        others = TraceChoice(trace_ids=tuple(dict.fromkeys(asked.trace_ids)))
        found[f"{name}/mean"] = corrected_mean(_report(store, others, asked, source, confidence), report)
    return found


def judged_values(traces: Sequence[JudgedTrace]) -> list[float]:
    """Return the judge's values as numbers, yes as 1; traces without one are left out."""
    return [float(trace.judge) for trace in traces if isinstance(trace.judge, (bool, float))]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What people were asked about a judge, and of which traces that were drawn at random."""

    name: str
    human_name: str
    threshold: float | None = None
    judge_source: str | None = None
    trace_ids: list[str] = field(default_factory=list, compare=False)

    @property
    def way(self) -> tuple[str, float | None, str | None]:
        return self.human_name, self.threshold, self.judge_source


def _report(
    store: Store, choice: TraceChoice, asked: _Asked, judge_source: str | None, confidence: float
) -> JudgeReport:
    found = gather(
        store, choice, asked.name, human_name=asked.human_name, judge_source=judge_source, threshold=asked.threshold,
        details=False,
    )  # fmt: skip
    return report_of(with_draws(store, found), asked.name, human_name=asked.human_name, confidence=confidence)


def _asked(store: Store, experiment_id: str) -> dict[str, _Asked]:
    """Return what was asked of items drawn at random, by the names of the judges."""
    ways: dict[str, dict[object, _Asked]] = {}
    for queue in store.reviews.list([experiment_id]):
        items = [item for item in items_of(store, [queue.queue_id]) if item.propensity is not None and item.answers]
        for one in _questions(store, queue) if items else ():
            known = ways.setdefault(one.name, {}).setdefault(one.way, one)
            known.trace_ids.extend(item.trace_id for item in items)
    return {name: max(some.values(), key=lambda one: len(one.trace_ids)) for name, some in ways.items()}


def _questions(store: Store, queue: ReviewQueue) -> list[_Asked]:
    spec = spec_of(store, queue.queue_id)
    names = [store.label_schemas.get(schema_id).name for schema_id in queue.schema_ids]
    planned = [] if spec is None else [_Asked(spec.name, spec.human_name, spec.threshold, spec.judge_source)]
    return planned + [_Asked(name, name) for name in names if spec is None or name != spec.name]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The judge's values of a population, and how many traces have none."""

    values: list[float]
    missing: int


def _values(population: JudgeReport | Sequence[Any], report: JudgeReport) -> _Judged:
    if isinstance(population, JudgeReport):
        # Read as the labelled ones are: without labels of its own, a population would read them by itself.
        read = [_read(trace, report) for trace in population.traces]
    else:
        read = [report.reading.read(value) for value in population]
    values = [float(value) for value in read if isinstance(value, (bool, float))]
    return _Judged(values, len(read) - len(values))


def _read(trace: JudgedTrace, report: JudgeReport) -> Any:
    verdict = trace.verdict
    return None if verdict is None or verdict.error else report.reading.read(verdict.given)


def _here(report: JudgeReport, confidence: float) -> CorrectedMean:
    drawn = _labelled(report)
    ids = {trace.trace_id for trace in drawn}
    rest = [trace for trace in report.traces if trace.trace_id not in ids and trace.judge is not None]
    missing = sum(trace.judge is None for trace in report.traces)
    labels = [trace.amount for trace in drawn if trace.amount is not None]
    judged, unlabelled = judged_values(drawn), judged_values(rest)
    strata = report.strata
    if strata is not None and all(trace.trace_id in strata for trace in (*drawn, *rest)):
        two = [strata[trace.trace_id] for trace in drawn], [strata[trace.trace_id] for trace in rest]
        found = prediction_powered(labels, judged, unlabelled, strata=two, confidence=confidence)
    else:
        chances = [trace.chance for trace in drawn if trace.chance is not None]
        uneven = len(set(chances)) > 1
        found = prediction_powered(
            labels, judged, unlabelled, propensities=chances if uneven else None, confidence=confidence
        )
    return _counted(_checked(found, report, drawn), missing)


def _elsewhere(report: JudgeReport, population: _Judged, confidence: float) -> CorrectedMean:
    if report.kind != "boolean":
        raw = prediction_powered([], [], population.values, confidence=confidence)
        why = "Labels of another population correct only judges of yes and no."
        return _counted(replace(raw, refused=why), population.missing)
    drawn = _labelled(report)
    weights = weights_of(drawn)
    found = rogan_gladen(
        sum(population.values),
        len(population.values),
        sensitivity=_right(drawn, weights, of=True),
        specificity=_right(drawn, weights, of=False),
        confidence=confidence,
    )
    return _counted(_checked(replace(found, n=len(drawn)), report, drawn), population.missing)


def _labelled(report: JudgeReport) -> list[JudgedTrace]:
    """Return the judged traces with a label that were drawn at random, those on which people are tied among them."""
    judged = [trace for trace in report.traces if trace.chance is not None and trace.judge is not None]
    return [trace for trace in judged if trace.amount is not None]


def _checked(found: CorrectedMean, report: JudgeReport, drawn: Sequence[JudgedTrace]) -> CorrectedMean:
    """Take a correction back that labels of a part of the draw would make, and say what became of labels."""
    unread = sum(
        trace.item is not None and trace.item.propensity is not None and bool(trace.people) and not trace.is_labelled
        for trace in report.traces
    )
    found = replace(found, tied=sum(trace.gold is None for trace in drawn), unread=unread)
    if not drawn:
        return replace(found, refused=NOT_DRAWN, corrected=None)
    stratum = without_labels(report.draws)
    if stratum and not found.refused:
        why = f"No drawn item of the stratum {stratum!r} is labelled: nothing is known of how the judge does there."
        return replace(found, refused=why, corrected=None)
    return found


def _right(drawn: Sequence[JudgedTrace], weights: Sequence[float], *, of: bool) -> tuple[float, float]:
    """Return how many the judge got right, of how many that people say this of: effective numbers under weights.

    A tie is half a yes and half a no.
    """
    said = [(w, trace.judge is of, trace.amount) for w, trace in zip(weights, drawn, strict=True)]
    of_those = [(w * share, right) for w, right, yes in said if yes is not None and (share := yes if of else 1.0 - yes)]
    total = sum(w for w, _ in of_those)
    n = kish([w for w, _ in of_those])
    return (sum(w for w, right in of_those if right) / total * n if total else 0.0), n


def _counted(found: CorrectedMean, missing: int) -> CorrectedMean:
    """Say on every number how many traces the judge has no value of."""
    if not missing:
        return found
    corrected = None if found.corrected is None else _missing(found.corrected, missing)
    return replace(found, raw=_missing(found.raw, missing), corrected=corrected)


def _missing(estimate: Estimate, missing: int) -> Estimate:
    return replace(estimate, missing=missing)
