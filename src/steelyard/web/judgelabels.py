"""What a judge's mean is worth: raw and corrected, the queues that were drawn for it, and what to label next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from steelyard.errors import InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.feedback import JudgeReport, LabelPlan, corrected_mean, corrected_means, label_progress, plan_labels
from steelyard.feedback.planning_frame import TAG, FrameSpec
from steelyard.metrics.corrected import CorrectedMean
from steelyard.metrics.sampling import WidthPoint
from steelyard.records import Experiment, Store
from steelyard.web.contexts.judges import Drawn, Labelling, PlanView, Scope, Stratum, WidthCurve
from steelyard.web.contexts.runs import Problem
from steelyard.web.scales import Scale, estimate_scale

USUAL = 40
MOST_LABELS = 10_000
_QUEUES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a form asks to label: how many, and half the width to reach; as typed."""

    n: str = ""
    target: str = ""

    @property
    def labels(self) -> int:
        """Return how many.

        Raises:
            InvalidArgument: it is no number of labels.
        """
        text = self.n.strip() or str(USUAL)
        if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST_LABELS):
            raise InvalidArgument(f"{self.n!r} is no number of labels from 1 to {MOST_LABELS:,}. Write 40.")
        return int(text)

    @property
    def half_width(self) -> float | None:
        """Return the target.

        Raises:
            InvalidArgument: it is no width.
        """
        text = self.target.strip().removeprefix("±")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 < number < 1e9:
            raise InvalidArgument(f"{self.target!r} is no width above 0. Write 0.05, or leave it empty.")
        return number


def labelling(store: Store, experiment: Experiment, report: JudgeReport, scope: Scope, wanted: Wanted) -> Labelling:
    """Return what a page says of a judge's mean and of the labels that it takes.

    Args:
        store: where.
        experiment: the judge's.
        report: of the judge on what the page is about.
        scope: what the page is about.
        wanted: what is to be labelled.
    """
    mean, why = _mean(store, report, scope)
    plan, problem = None, None
    try:
        plan = plan_view(planned(store, report.name, scope, wanted))
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        problem = Problem(field="plan", message=str(error))
    return Labelling(
        mean=mean,
        scale=_scale(mean),
        why=why,
        queues=_queues(store, experiment, report.name),
        plan=plan,
        n=wanted.n or str(USUAL),
        target=wanted.target,
        queue_name=queue_name(store, experiment, report.name),
        problem=problem,
    )


def planned(store: Store, name: str, scope: Scope, wanted: Wanted) -> LabelPlan:
    """Return what to label next.

    Raises:
        InvalidArgument: the numbers are none, there are more traces than a page plans for, or none is judged.
    """
    check_read(scope)
    return plan_labels(
        wanted.labels,
        name=name,
        run_id=scope.run_id or None,
        experiment_ids=() if scope.run_id else (scope.experiment_id,),
        filter_string=scope.filter,
        target_width=wanted.half_width,
        store=store,
        human_name=scope.labels or None,
        judge_source=scope.source or None,
        threshold=threshold_of(scope.threshold),
    )


def check_read(scope: Scope) -> None:
    """Raise if a page does not look at all traces that are meant: their mean would be another.

    Raises:
        InvalidArgument: it does not.
    """
    if scope.read < scope.traces:
        raise InvalidArgument(
            f"{scope.traces:,} traces match, more than the {scope.read:,} that a page reads. Narrow them with a filter "
            "or to a run, or call steelyard.feedback.plan_labels."
        )


def threshold_of(text: str) -> float | None:
    """Return from which number on a judge says yes.

    Raises:
        InvalidArgument: it is no number.
    """
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidArgument(f"{text!r} is no number from which on the judge says yes. Write 0.5, or leave it empty.")
    return number


def _mean(store: Store, report: JudgeReport, scope: Scope) -> tuple[CorrectedMean | None, str]:
    if scope.read < scope.traces:
        return None, f"More traces match than a page reads ({scope.read:,} of {scope.traces:,}), so it tells no mean."
    if not any(trace.judge is not None for trace in report.traces):
        return None, "The judge has given no value on these traces."
    if report.kind == "category":
        return None, "This judge gives words: they have shares, and no mean."
    plain = not (scope.filter or scope.labels or scope.threshold)
    if scope.run_id and plain and not any(trace.chance is not None for trace in report.traces):
        found = corrected_means(store, scope.run_id, judge_source=scope.source or None).get(f"{report.name}/mean")
        if found is not None:
            return found, ""
    return corrected_mean(report), ""


def _scale(mean: CorrectedMean | None) -> Scale | None:
    if mean is None:
        return None
    told = [e for e in (mean.raw, mean.humans, mean.corrected) if e is not None and e.value is not None]
    return estimate_scale(told) if told else None


def plan_view(plan: LabelPlan) -> PlanView:
    """Return what a page says of a plan."""
    expected = plan.expected if math.isfinite(plan.expected) else None
    return PlanView(
        n=plan.n,
        population=plan.population,
        missing=plan.missing,
        expected=expected,
        target=plan.target_width,
        needed=plan.needed,
        assumes=plan.assumes,
        strata=tuple(Stratum(name=one.name, size=one.size, labels=one.labels) for one in plan.strata),
        curve=curve_of(plan.curve, target=plan.target_width, at=plan.n, height=expected),
    )


def queue_name(store: Store, experiment: Experiment, name: str) -> str:
    """Return a name that no queue of the experiment has."""
    taken = {queue.name for queue in store.reviews.list([experiment.experiment_id])}
    base = f"{name[:120]}, {datetime.now(tz=UTC):%d %b %Y}"
    return next(one for n in range(1, len(taken) + 2) if (one := base if n == 1 else f"{base} ({n})") not in taken)


def specs_of(experiment: Experiment, name: str) -> dict[str, FrameSpec]:
    """Return how the queues that were drawn for a judge were drawn, by their ids."""
    found: dict[str, FrameSpec] = {}
    for key, text in experiment.tags.items():
        if not key.startswith(TAG):
            continue
        try:
            spec = FrameSpec.from_text(text)
        except msgspec.MsgspecError:  # a tag that somebody changed by hand
            continue
        if spec.name == name:
            found[key.removeprefix(TAG)] = spec
    return found


def _queues(store: Store, experiment: Experiment, name: str) -> tuple[Drawn, ...]:
    specs = specs_of(experiment, name)
    if not specs:
        return ()
    there = [queue for queue in store.reviews.list([experiment.experiment_id]) if queue.queue_id in specs]
    return tuple(_drawn(store, queue.queue_id, queue.name) for queue in there[:_QUEUES])


def _drawn(store: Store, queue_id: str, name: str) -> Drawn:
    try:
        found = label_progress(queue_id, store=store)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return Drawn(queue_id=queue_id, name=name, problem=str(error))
    left = max(0, (found.needed or 0) - found.drawn)
    more = 0 if found.stop.may else min(left or USUAL, found.population - found.drawn)
    return Drawn(
        queue_id=queue_id,
        name=name,
        labels=found.labels,
        drawn=found.drawn,
        population=found.population,
        half_width=found.half_width,
        target=found.target_width,
        needed=found.needed,
        stop=found.stop,
        curve=curve_of(found.curve, target=found.target_width, at=found.labels, height=found.half_width),
        more=max(0, more),
    )


def curve_of(
    points: Sequence[WidthPoint], *, target: float | None, at: int = 0, height: float | None = None
) -> WidthCurve | None:
    """Return a curve on a plane of 100 by 100: labels on a scale of logarithms, half the width from 0 up.

    Args:
        points: of the curve.
        target: half the width to reach.
        at: labels where one is.
        height: half the width there; the curve's own unless given.
    """
    told = [point for point in points if math.isfinite(point.half_width) and point.n > 0]
    if len(told) < 2:
        return None
    first, last = told[0].n, told[-1].n
    ends = [point.half_width for point in told] + [end for end in (target, height) if end is not None]
    top = _round_up(max(ends))

    def x(n: float) -> float:
        n = min(max(n, first), last)
        return 100 * (math.log(n) - math.log(first)) / (math.log(last) - math.log(first))

    def y(half: float) -> float:
        return 100 * (1 - half / top)

    here = next((point.half_width for point in told if point.n == at), None) if height is None else height
    return WidthCurve(
        line="M" + "L".join(f"{x(point.n):.2f} {y(point.half_width):.2f}" for point in told),
        points=tuple((point.n, point.half_width) for point in told),
        top=top,
        last=last,
        at=at,
        at_x=x(at) if here is not None and at else None,
        at_y=y(here) if here is not None and at else None,
        target=target,
        target_y=None if target is None else y(target),
    )


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.999)
