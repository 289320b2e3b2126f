"""A judge held against people: where they agree, where not, and whether people agree any better with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from steelyard.errors import InvalidArgument
from steelyard.feedback.judging_bias import LengthEffect, SliceBias, length_effect, overall_bias, slice_biases
from steelyard.feedback.judging_data import DrawnStratum, Gathered, JudgedTrace, Matching, matching_of
from steelyard.feedback.judging_draws import with_chances
from steelyard.feedback.judging_notes import notes_of
from steelyard.feedback.judging_rates import Differences, Rates, confusion, differences, rates
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_repeats import (
    PositionEffect,
    Repeatability,
    consistency,
    position_effect,
    repeatability,
)
from steelyard.feedback.judging_traces import choose
from steelyard.feedback.judging_values import Kind, Reading, gap
from steelyard.feedback.judging_within import EPSILON, WithinPeople, within_people
from steelyard.feedback.levels import measure_of
from steelyard.feedback.planning_frame import frame_strata
from steelyard.metrics.agreement import Agreement, Level, Value, agreement, agreement_with
from steelyard.records import ConfusionCounts, Estimate, Store, Trace, TraceInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An item on which the judge and people differ.

    Args:
        trace: the item, with the verdict, the people, and their reasons.
        gap: how far apart they are, 0 to 1.
        people_sure: how sure people are: 1 for an adjudicator's word, else the share that said so, of one more than
            there were (a single label is not as sure as three).
        judge_sure: how sure the judge is: as it said, as its jury agreed, or as it repeated itself; None if unknown.
        weight: the product of the three (unknown counts 1): what is looked at first.
    """

    trace: JudgedTrace
    gap: float
    people_sure: float
    judge_sure: float | None
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReport:
    """A judge held against people.

    Args:
        name, human_name: of the judge's feedback and of people's labels.
        sources: the judges whose verdicts were taken.
        kind: of the values: ``boolean``, ``category`` or ``number``.
        matching: what became of every trace.
        confusion: people's labels by row, the judge's by column; None for numbers.
        agreement: between the judge and what people say together.
        people: agreement among people, on the same items where two or more have labelled them; None if there are none.
        judge_with_people: on those items, the share of people that say what the judge says.
        people_with_people: the same of each person with the others, taken together.
        within: whether the judge is within the disagreement of people.
        bias: judge − people; for words the share that they disagree on.
        rates: sensitivity and specificity, of yes and no.
        differences: of numbers.
        slices: where the judge leans, the most suspicious slice first.
        length: how it leans with the length of the answer; None where that is not known.
        position: what the place of an answer does, if it is a judge of pairs.
        repeatability: how far it agrees with itself; None if it was never asked twice.
        failures: the share of traces with a verdict on which the judge gave an error or no value.
        notes: what a reader must know of these numbers.
        pairs: the items that both have labelled.
        traces: all traces that were looked at.
        reading: how values were brought to one form.
        strata: the stratum of every judged trace, by id, where these traces are what labels were drawn from.
        draws: the strata of the draws that labels are of.
        confidence: nominal coverage of all intervals.
    """

    name: str
    human_name: str
    sources: tuple[str, ...]
    kind: Kind
    matching: Matching
    confusion: ConfusionCounts | None
    agreement: Agreement
    people: Agreement | None
    judge_with_people: Estimate | None
    people_with_people: Estimate | None
    within: WithinPeople
    bias: Estimate
    rates: Rates | None
    differences: Differences | None
    slices: tuple[SliceBias, ...]
    length: LengthEffect | None
    position: PositionEffect | None
    repeatability: Repeatability | None
    failures: Estimate
    notes: tuple[str, ...]
    pairs: tuple[JudgedTrace, ...] = field(repr=False)
    traces: tuple[JudgedTrace, ...] = field(repr=False)
    reading: Reading = field(repr=False)
    strata: Mapping[str, str] | None = field(default=None, repr=False)
    draws: tuple[DrawnStratum, ...] = field(default=(), repr=False)
    confidence: float = 0.95

    @property
    def n(self) -> int:
        """How many items both the judge and people have labelled."""
        return len(self.pairs)

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """The items on which they differ, the most confident conflict first."""
        return disagreements(self.pairs)

    def __str__(self) -> str:
        people = f"; people with each other {self.people.raw}" if self.people else ""
        return f"{self.name} against people: agreement {self.agreement.raw}{people}"


def judge_against_people(
    name: str,
    *,
    traces: Sequence[Trace | TraceInfo | str] | None = None,
    run_id: str | None = None,
    experiment_ids: Sequence[str] = (),
    filter_string: str = "",
    store: Store | None = None,
    human_name: str | None = None,
    judge_source: str | None = None,
    threshold: float | None = None,
    by: Sequence[str] = (),
    epsilon: float = EPSILON,
    confidence: float = 0.95,
) -> JudgeReport:
    """Hold a judge against people, on traces that both have labelled.

    Yes, no, true, false, pass, fail, correct and incorrect, bools, and the labels that a schema showed are yes and no;
    what cannot be brought to the form of people's labels is counted in ``matching``. Of several verdicts on a trace the
    newest counts; a verdict that a person has corrected counts too, for the correction is what it is held against.

    Args:
        name: of the judge's feedback (an LLM judge's or a program's).
        traces: traces or their ids; or
        run_id: all traces of a run; or
        experiment_ids: all traces of experiments, those that ``filter_string`` keeps.
        store: where they are; the current tracking store unless given.
        human_name: of people's labels; the judge's unless given.
        judge_source: only verdicts of this source id or scorer version.
        threshold: numbers of the judge from this on are yes, where people say yes or no.
        by: what to slice by: tags by name, ``model``, ``run``, ``user``, ``inputs.<name>``; see ``slice_biases``.
        epsilon: how much worse than a person the judge may be; see ``WithinPeople``.
        confidence: nominal coverage of all intervals.

    Raises:
        InvalidArgument: no traces, or chosen in more than one way; a key to slice by that no trace has.
        NotFound: the run or an experiment does not exist.
    """
    if not name.strip():
        raise InvalidArgument("Name the judge's feedback, such as 'correctness'.")
    store = current_store(store)
    choice = choose(traces, run_id=run_id, experiment_ids=experiment_ids, filter_string=filter_string)
    found = gather(store, choice, name, human_name=human_name or name, judge_source=judge_source, threshold=threshold)
    found = with_draws(store, found)
    repeats = repeatability(
        found.traces, found.reading, store=store, run_id=choice.run_id, name=name, confidence=confidence
    )
    return report_of(
        found, name, human_name=human_name or name, repeats=repeats, by=by, epsilon=epsilon, confidence=confidence
    )


def report_of(
    found: Gathered,
    name: str,
    *,
    human_name: str,
    repeats: Repeatability | None = None,
    by: Sequence[str] = (),
    epsilon: float = EPSILON,
    confidence: float = 0.95,
) -> JudgeReport:
    """Return the report on what was gathered; arguments as for :func:`judge_against_people`."""
    pairs, kind = found.pairs, found.reading.kind
    level, categories = _measured(found)
    together = agreement(
        [[_value(pair.judge), _value(pair.gold)] for pair in pairs],
        level=level,
        categories=categories,
        confidence=confidence,
    )
    people = [pair for pair in pairs if len(_labels(pair)) >= 2]
    verdicts = [trace for trace in found.traces if trace.verdict is not None]
    return JudgeReport(
        name=name,
        human_name=human_name,
        sources=found.sources,
        kind=kind,
        matching=found.matching,
        confusion=None if kind == "number" else confusion(pairs),
        agreement=together,
        people=_among_people(people, level, categories, confidence),
        judge_with_people=_judge_with(people, confidence) if people else None,
        people_with_people=_people_with(people, confidence) if people else None,
        within=within_people(pairs, epsilon=epsilon, confidence=confidence),
        bias=overall_bias(pairs, kind, confidence=confidence),
        rates=rates(pairs, confidence=confidence) if kind == "boolean" else None,
        differences=differences(pairs, confidence=confidence) if kind == "number" else None,
        slices=slice_biases(pairs, kind, by=by, confidence=confidence),
        length=length_effect(pairs, confidence=confidence),
        position=position_effect(found.traces, confidence=confidence),
        repeatability=repeats,
        failures=_failures(verdicts, confidence),
        notes=tuple(notes_of(found)),
        pairs=pairs,
        traces=found.traces,
        reading=found.reading,
        strata=found.strata,
        draws=found.draws,
        confidence=confidence,
    )


def with_draws(store: Store, found: Gathered) -> Gathered:
    """Put to what was gathered how its labels were drawn: the chance of each, and the strata."""
    traces, draws = with_chances(store, found.traces)
    queues = {trace.item.queue_id for trace in traces if trace.chance is not None and trace.item is not None}
    strata = frame_strata(store, queues, traces) if queues else None
    return replace(found, traces=tuple(traces), strata=strata, draws=draws)


def judge_on(report: JudgeReport, trace_ids: Sequence[str]) -> JudgeReport:
    """Return the report on some of a report's traces, such as those of a held-out part."""
    wanted = set(trace_ids)
    traces = tuple(trace for trace in report.traces if trace.trace_id in wanted)
    found = Gathered(traces=traces, reading=report.reading, sources=report.sources, matching=matching_of(traces))
    return report_of(
        found,
        report.name,
        human_name=report.human_name,
        repeats=repeatability(traces, report.reading, confidence=report.confidence),
        epsilon=report.within.epsilon,
        confidence=report.confidence,
    )


def disagreements(pairs: Sequence[JudgedTrace]) -> tuple[Disagreement, ...]:
    """Return the items on which the judge and people differ, the most confident conflict first."""
    numbers = [float(value) for pair in pairs for value in (pair.judge, pair.gold) if isinstance(value, float)]
    widest = max(numbers) - min(numbers) if numbers else 1.0
    found = []
    for pair in pairs:
        if pair.judge is None or pair.gold is None:
            continue
        apart = gap(pair.judge, pair.gold, widest=widest)
        if apart > 0:
            people, judge = _people_sure(pair, widest), _judge_sure(pair)
            weight = apart * people * (1.0 if judge is None else judge)
            found.append(Disagreement(trace=pair, gap=apart, people_sure=people, judge_sure=judge, weight=weight))
    return tuple(sorted(found, key=lambda one: (-one.weight, one.trace.trace_id)))


def current_store(store: Store | None) -> Store:
    """Return the store that was given, or the current tracking store."""
    if store is not None:
        return store
    from steelyard.tracking.stores import get_store

    return get_store()


def _measured(found: Gathered) -> tuple[Level, tuple[Value, ...] | None]:
    if found.reading.kind == "number":
        numbers = [value for pair in found.pairs for value in (pair.judge, *_labels(pair).values())]
        if found.schema is None:
            return "interval", None
        measure = measure_of(found.schema.input, numbers)
        places = None if measure.categories is None else tuple(float(str(one)) for one in measure.categories)
        beyond = places is not None and any(number not in places for number in numbers)
        gold_between = places is not None and any(pair.gold not in places for pair in found.pairs)
        if measure.level == "ordinal" and not beyond and not gold_between:
            return "ordinal", places
        return "interval", None
    return "nominal", ((False, True) if found.reading.kind == "boolean" else None)


def _value(value: object) -> Value | None:
    return value if isinstance(value, (bool, str, float, frozenset)) else None


def _labels(pair: JudgedTrace) -> dict[str, Value]:
    """Return what each person said by themselves: an adjudicator has seen what the others said."""
    return {label.reviewer: label.value for label in pair.people if label.value is not None and not label.decides}


def _table(pairs: Sequence[JudgedTrace]) -> list[list[Value | None]]:
    people = sorted({person for pair in pairs for person in _labels(pair)})
    return [[_labels(pair).get(person) for person in people] for pair in pairs]


def _among_people(
    pairs: Sequence[JudgedTrace], level: Level, categories: tuple[Value, ...] | None, confidence: float
) -> Agreement | None:
    if not pairs:
        return None
    return agreement(_table(pairs), level=level, categories=categories, confidence=confidence)


def _judge_with(pairs: Sequence[JudgedTrace], confidence: float) -> Estimate:
    return agreement_with([_value(pair.judge) for pair in pairs], _table(pairs), confidence=confidence)


def _people_with(pairs: Sequence[JudgedTrace], confidence: float) -> Estimate:
    """Return the share of pairs of people on an item that say the same, the mean over items."""
    from steelyard.feedback.judging_estimates import mean, share

    shares = []
    for pair in pairs:
        said = list(_labels(pair).values())
        same = sum(one == other for place, one in enumerate(said) for other in said[:place])
        shares.append(same / (len(said) * (len(said) - 1) / 2))
    if all(one in (0.0, 1.0) for one in shares) or max(shares) == min(shares):
        return share(sum(shares), len(shares), confidence)
    return mean(shares, confidence)


def _failures(verdicts: Sequence[JudgedTrace], confidence: float) -> Estimate:
    from steelyard.feedback.judging_estimates import share

    failed = sum(trace.judge is None for trace in verdicts)
    return share(failed, len(verdicts), confidence, why="the judge gave no verdict")


def _people_sure(pair: JudgedTrace, widest: float) -> float:
    if any(label.decides for label in pair.people):
        return 1.0
    said = [label.value for label in pair.people if label.value is not None]
    agreeing = sum(1.0 - gap(value, pair.gold, widest=widest) for value in said if pair.gold is not None)
    return agreeing / (len(said) + 1)


def _judge_sure(pair: JudgedTrace) -> float | None:
    told = None if pair.verdict is None else pair.verdict.confidence
    if told is not None:
        return told
    said = [one.value for one in (*pair.earlier, pair.verdict) if one is not None and one.value is not None]
    return consistency(said)
