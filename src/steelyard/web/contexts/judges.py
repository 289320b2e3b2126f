"""Judges: which there are, how far people agree with each, what its means are worth, and how it is tried."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.feedback import LengthEffect, Matching, PositionEffect, Rates, SliceBias, WithinPeople
from steelyard.feedback.judging_rates import Differences
from steelyard.metrics.corrected import CorrectedMean
from steelyard.metrics.sampling import Stop
from steelyard.records import ConfusionCounts, Estimate
from steelyard.web.contexts.judgeanchors import AnchorsView
from steelyard.web.contexts.runs import Problem
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRow:
    """A judge of an experiment.

    Args:
        name: of its feedback.
        kind: of the registered scorer; empty if it is not registered.
        version, model: of the newest version.
        sources: who gave verdicts under the name.
        verdicts: traces with one.
        labels: traces that people have labelled under the name.
        agreement: with people, on the traces that both have; None if there are none.
        measure: what ``agreement`` is.
    """

    name: str
    kind: str = ""
    version: int = 0
    model: str = ""
    created: int = 0
    sources: tuple[str, ...] = ()
    verdicts: int = 0
    labels: int = 0
    agreement: Estimate | None = None
    measure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgesPage:
    """The judges of an experiment, counted over the newest ``read`` of its ``traces``."""

    experiment_id: str
    experiment_name: str
    judges: tuple[JudgeRow, ...]
    scale: Scale
    read: int = 0
    traces: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which verdicts are meant.

    Args:
        run_id, run_name: only those of a run.
        filter: only traces that it keeps.
        source: only this judge's.
        labels: the name of people's labels; the judge's if empty.
        threshold: from which number on the judge says yes, as it was typed.
        traces: how many match.
        read: how many of these are looked at, the newest.
    """

    experiment_id: str
    experiment_name: str
    run_id: str = ""
    run_name: str = ""
    filter: str = ""
    source: str = ""
    labels: str = ""
    threshold: str = ""
    traces: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A statistic of the judge with people, beside that of people with each other."""

    name: str
    hint: str
    judge: Estimate | None
    people: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What somebody said of a trace; ``mark`` is ``good``, ``bad`` or empty."""

    who: str
    value: str
    mark: str = ""
    why: str = ""
    error: str = ""
    decides: bool = False
    corrects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """A trace on which the judge and people differ.

    Args:
        queue_id, item_id: where people were asked; empty outside of queues.
        sure: how sure the judge was, 0 to 1; None if that is not known.
    """

    trace_id: str
    request: str
    response: str
    judge: Voice
    people: tuple[Voice, ...]
    run_id: str = ""
    queue_id: str = ""
    item_id: str = ""
    sure: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How far a judge agrees with itself."""

    same: Estimate
    changed: Estimate
    items: int
    verdicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstPeople:
    """A judge held against people.

    Args:
        n: items that both have labelled.
        headline: the share of items on which it says what people say; of numbers the correlation.
        measure: which of the two.
        beside: statistics, those of people beside those of the judge, all on ``scale``.
        prevalence: each value's share of all that both said.
        bias_scale: which all biases share.
        disputed: the first of the ``disagreements``.
    """

    kind: str
    n: int
    headline: Estimate
    measure: str
    people_same: Estimate | None
    judge_same: Estimate | None
    within: WithinPeople
    beside: tuple[Beside, ...]
    scale: Scale
    prevalence: tuple[tuple[str, float], ...]
    confusion: ConfusionCounts | None
    bias: Estimate
    rates: Rates | None
    differences: Differences | None
    slices: tuple[SliceBias, ...]
    bias_scale: Scale
    length: LengthEffect | None
    position: PositionEffect | None
    repeats: Repeats | None
    failures: Estimate
    matching: Matching
    notes: tuple[str, ...]
    disagreements: int
    disputed: tuple[Disputed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthCurve:
    """Half the width of the interval by the number of labels, on a plane of 100 by 100.

    Args:
        line: an SVG path.
        points: labels, and half the width.
        top: half the width at the upper end; the lower end is 0.
        last: labels at the right end.
        at, at_x, at_y: where one is: labels, and the place.
        target, target_y: half the width to reach, and its place; None without a target.
    """

    line: str
    points: tuple[tuple[int, float], ...]
    top: float
    last: int
    at: int = 0
    at_x: float | None = None
    at_y: float | None = None
    target: float | None = None
    target_y: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Traces of a kind, and how many of them are drawn."""

    name: str
    size: int
    labels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What would be labelled: see ``LabelPlan``."""

    n: int
    population: int
    missing: int
    expected: float | None
    target: float | None
    needed: int | None
    assumes: str
    strata: tuple[Stratum, ...]
    curve: WidthCurve | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A queue that a plan has filled, and how far it is: see ``LabelProgress``.

    Args:
        more: how many labels to draw next; 0 if there is no need.
        problem: why nothing can be told.
    """

    queue_id: str
    name: str
    labels: int = 0
    drawn: int = 0
    population: int = 0
    half_width: float | None = None
    target: float | None = None
    needed: int | None = None
    stop: Stop | None = None
    curve: WidthCurve | None = None
    more: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """A judge's mean, raw and corrected, and the labels that it takes.

    Args:
        mean: None where there is none, and ``why`` says so.
        scale: of the mean.
        queues: drawn for this judge, the newest first.
        plan: what would be drawn; None if nothing can be, and ``problem`` says why.
        n, target: as typed.
        queue_name: of the queue that the plan would fill.
    """

    mean: CorrectedMean | None
    scale: Scale | None
    why: str
    queues: tuple[Drawn, ...]
    plan: PlanView | None
    n: str
    target: str
    queue_name: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """What came of aligning a version: agreement with people before and after, on labels that it did not learn from."""

    before: Estimate
    after: Estimate
    difference: Estimate | None
    verdict: str
    warning: str
    optimizer: str
    learnt_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A registered version of a judge, as text. Nothing of it is run to show it.

    Args:
        instructions: what the model is told; empty if it is no such judge.
        code: what the function says; empty if it is none.
        facts: what else decides its verdicts.
        notes: what was learnt of it.
        definition: all of it, as JSON.
    """

    version: int
    kind: str
    digest: str
    created_by: str
    created: int
    model: str
    instructions: str
    code: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]
    aligned: Aligned | None
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialVersion:
    """A version that may be tried; ``why_not`` says why not."""

    version: int
    model: str
    why_not: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialForm:
    """What is to be tried, as typed: ``traces`` is ``disagreements``, ``newest``, ``filter`` or ``ids``."""

    versions: tuple[TrialVersion, ...]
    traces: str = "disagreements"
    most: str = "10"
    filter: str = ""
    ids: str = ""
    keep: bool = False
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trace with what each version said of it now, what the judge said before, and what people say."""

    trace_id: str
    request: str
    response: str
    now: tuple[Voice, ...]
    before: Voice | None
    people: tuple[Voice, ...]
    gold: str = ""
    differs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of trying.

    Args:
        versions: that were tried, in the order of every ``now``.
        agreement: of each with people, on the traces that people have labelled.
        kept: how many verdicts were kept on the traces.
        calls, tokens, cost: of models; the cost is None where prices are not known.
    """

    versions: tuple[int, ...]
    rows: tuple[Tried, ...]
    agreement: tuple[Estimate, ...]
    kept: int
    calls: int
    tokens: int
    cost: float | None
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePage:
    """A judge, in one of five views: ``people``, ``labels``, ``versions``, ``anchors`` or ``try``.

    Args:
        sources: who gave verdicts under the name, and how many, where that was counted.
        questions: names of the labels that people can be asked for in this experiment.
        newest: the newest registered version; None if it is not registered.
    """

    name: str
    scope: Scope
    view: str
    newest: Version | None
    versions: tuple[Version, ...] = ()
    sources: tuple[tuple[str, int], ...] = ()
    questions: tuple[str, ...] = ()
    people: AgainstPeople | None = None
    labelling: Labelling | None = None
    form: TrialForm | None = None
    trial: Trial | None = None
    anchors: AnchorsView | None = None
    problem: Problem | None = None
