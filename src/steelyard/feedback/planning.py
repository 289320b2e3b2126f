"""Which items people should label next, so that a judge's mean can be corrected with as few labels as can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isnan, sqrt
from statistics import fmean, pstdev

from steelyard.errors import Conflict, InvalidArgument
from steelyard.feedback.judging import current_store
from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_draws import items_of
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_traces import TraceChoice, choose
from steelyard.feedback.planning_frame import Frame, FrameSpec, coarsened, frame_of, keep_spec, queue_id_of, spec_of
from steelyard.metrics.sampling import WidthPoint, draw, labels_needed, width_curve
from steelyard.records import (
    InputCategorical,
    InputNumeric,
    InputPassFail,
    ItemDraft,
    LabelInput,
    ReviewItem,
    ReviewQueue,
    Store,
    Trace,
    TraceInfo,
)

ASSUMED_ERROR = 0.4
"""Standard deviation of the error of a judge of which nothing is known: it errs on one item in five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStratum:
    """Items of a kind.

    Args:
        name: what is in it.
        size: traces.
        labels: how many of them are drawn.
        spread: standard deviation expected of the judge's error.
    """

    name: str
    size: int
    labels: int
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPlan:
    """What to label, in which order, and how wide the interval will be.

    Args:
        n: labels in all, those of earlier draws of the queue too.
        drafts: the items for a review queue, in order, each with its probability. One may stop anywhere.
        strata: what is drawn from.
        population: judged traces that the draw is out of.
        missing: traces that the judge has no value of; they are not drawn.
        curve: half the width of the interval to expect with so many labels: the number after ±.
        expected: the same, with these.
        target_width: half the width to reach; None without a target.
        needed: how many labels reach it; None without a target, or if no number does.
        assumes: what the curve rests on.
    """

    n: int
    drafts: tuple[ItemDraft, ...]
    strata: tuple[PlannedStratum, ...]
    population: int
    missing: int
    curve: tuple[WidthPoint, ...]
    expected: float
    target_width: float | None
    needed: int | None
    assumes: str
    experiment_id: str = ""
    spec: FrameSpec = field(repr=False)
    store: Store = field(repr=False, compare=False)

    def add_to(self, queue: str | ReviewQueue) -> tuple[ReviewItem, ...]:
        """Put the items into a queue, behind what is there; return those that are new.

        Args:
            queue: a queue or its id; or a name: of a queue of the experiment, or of one that is made, which asks the
                schema of people's labels (which is made too, if there is none).

        Raises:
            InvalidArgument: the queue has items that were not drawn, or were drawn another way: the probabilities
                would not hold. Make a queue for these.
        """
        queue_id = _queue_id(self, queue)
        known = spec_of(self.store, queue_id)
        if known is not None and (known.digest, known.key) != (self.spec.digest, self.spec.key):
            raise InvalidArgument(
                "The queue holds items of another draw. Draw more of that with plan_more, or use another queue."
            )
        if any(item.propensity is None for item in items_of(self.store, [queue_id])):
            raise InvalidArgument(
                "The queue has items that were not drawn at random; a draw is labelled in a queue of its own."
            )
        keep_spec(self.store, queue_id, self.spec)
        return self.store.reviews.add(queue_id, self.drafts)

    def __str__(self) -> str:
        needed = "" if self.target_width is None else f"; ±{self.target_width:g} takes {self.needed or 'more than all'}"
        return f"{self.n} of {self.population} traces in {len(self.strata)} strata: ±{self.expected:.3g}{needed}"


def plan_labels(
    n: int,
    *,
    name: str,
    traces: Sequence[Trace | TraceInfo | str] | None = None,
    run_id: str | None = None,
    experiment_ids: Sequence[str] = (),
    filter_string: str = "",
    target_width: float | None = None,
    by: str | Sequence[str] | None = None,
    store: Store | None = None,
    human_name: str | None = None,
    judge_source: str | None = None,
    threshold: float | None = None,
    key: str = "",
) -> LabelPlan:
    """Choose n traces for people to label, at random, more of those on which the judge is likely to err.

    Strata are made by the judge's score, by how unsure it is (its confidence, its jury's agreement, its repeats), and
    by whether judges differ. Each trace's probability is kept with it, so that means corrected by the labels are
    unbiased, whatever the judge is worth: labelling what looks most interesting would bias them.

    Args:
        n: how many.
        name: of the judge's feedback.
        traces: traces or their ids; or
        run_id: all traces of a run; or
        experiment_ids: all traces of experiments, those that ``filter_string`` keeps.
        target_width: half the width that the corrected mean's interval should have, the number after ±.
        by: tags whose values are strata too, so that each is labelled in its share.
        store: where the traces are; the current tracking store unless given.
        human_name: of people's labels; the judge's unless given.
        judge_source: only verdicts of this source id or scorer version.
        threshold: numbers of the judge from this on are yes, where people will say yes or no.
        key: of the draw: another key is another draw, the same is the same.

    Raises:
        InvalidArgument: n is below 1, the judge has no verdict on any of the traces, or no trace has a tag of ``by``.
    """
    if n < 1:
        raise InvalidArgument(f"n is how many traces to label, 1 or more; it is {n}.")
    store = current_store(store)
    choice = choose(traces, run_id=run_id, experiment_ids=experiment_ids, filter_string=filter_string)
    keys = (by,) if isinstance(by, str) else tuple(by or ())
    found = gather(
        store, choice, name, human_name=human_name or name, judge_source=judge_source, threshold=threshold,
        details=False,
    )  # fmt: skip
    if not any(trace.judge is not None for trace in found.traces):
        raise InvalidArgument(
            f"None of the {len(found.traces)} traces has a value of {name!r}: there is nothing to correct."
        )
    spec = FrameSpec(
        name=name,
        human_name=human_name or name,
        judge_source=judge_source,
        kind=found.reading.kind,
        threshold=found.reading.threshold,
        choice=choice,
        by=keys,
        key=key,
        target=target_width,
    )
    spec = coarsened(found.traces, spec, n)
    frame = frame_of(found.traces, spec)
    return _plan(store, replace(spec, digest=frame.digest), frame, n, _experiment(store, found.traces))


def plan_more(
    queue: str | ReviewQueue,
    n: int = 40,
    *,
    traces: Sequence[Trace | TraceInfo | str] | None = None,
    target_width: float | None = None,
    store: Store | None = None,
) -> LabelPlan:
    """Choose n further traces of what a queue was drawn from; put them in with ``add_to(queue)``.

    Each stratum gives its items in an order that was fixed at the first draw, and how many it gives does not depend on
    the labels: all that are labelled in the end are as if drawn at once.

    Args:
        queue: the queue, its id or its name.
        n: how many more.
        traces: what the first draw was given, if that was traces, and too many to be kept with the queue.
        target_width: as for :func:`plan_labels`; that of the first draw unless given.
        store: where it is.

    Raises:
        InvalidArgument: nothing in the queue was drawn by a plan.
        Conflict: the traces, or what the judge says of them, have changed since the draw.
    """
    store = current_store(store)
    queue_id = queue_id_of(store, queue)
    spec, judged, frame = drawn_frame(store, queue_id, traces=traces)
    if target_width is not None:
        spec = replace(spec, target=target_width)
    drawn = [item.trace_id for item in items_of(store, [queue_id]) if item.propensity is not None]
    return _plan(store, spec, frame, len(drawn) + n, _experiment(store, judged), drawn=drawn)


def drawn_frame(
    store: Store, queue_id: str, *, traces: Sequence[Trace | TraceInfo | str] | None = None
) -> tuple[FrameSpec, tuple[JudgedTrace, ...], Frame]:
    """Return what a queue was drawn from, made again.

    Raises:
        InvalidArgument: no plan did the drawing.
        Conflict: it is not the same any more.
    """
    spec = spec_of(store, queue_id)
    if spec is None:
        raise InvalidArgument(f"Nothing in the queue {queue_id!r} was drawn by a plan: begin with plan_labels.")
    found = gather(
        store,
        choice_of(spec, traces),
        spec.name,
        human_name=spec.human_name,
        judge_source=spec.judge_source,
        threshold=spec.threshold,
        details=False,
    )
    frame = frame_of(found.traces, spec)
    if frame.digest != spec.digest:
        raise Conflict(
            "The traces, or what the judge says of them, are not what they were when the queue was drawn, so no more "
            "can be drawn with the same probabilities. The labels there stay good; draw into another queue."
        )
    return spec, found.traces, frame


def choice_of(spec: FrameSpec, traces: Sequence[Trace | TraceInfo | str] | None) -> TraceChoice:
    """Return which traces a queue was drawn from.

    Raises:
        InvalidArgument: they were given, were too many to be kept with the queue, and are not given again.
    """
    if traces is not None:
        return choose(traces, run_id=None, experiment_ids=(), filter_string="")
    if spec.choice == TraceChoice():
        raise InvalidArgument(
            "The draw was out of given traces, too many to be kept with the queue: give traces= again."
        )
    return spec.choice


def curve_of(
    frame: Frame, *, residual_sd: Sequence[float], label_sd: float, target: float | None, at: Sequence[int] = ()
) -> tuple[tuple[WidthPoint, ...], int | None]:
    """Return half the width by the number of labels, and how many labels reach a target (None if none do).

    Args:
        frame: what is drawn from.
        residual_sd: of the judge's error, of each stratum in the order of ``frame.sizes``.
        label_sd: of people's labels.
        target: half the width to reach.
        at: numbers of labels that must be on the curve.
    """
    population, sizes = len(frame.ids), list(frame.sizes.values())
    steps = {10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 1000, 2000, 4000, population, *at}
    ns = sorted(step for step in steps if len(sizes) < step <= population)
    curve = width_curve(ns, residual_sd=residual_sd, population=sizes, label_sd=label_sd)
    if target is None:
        return curve, None
    return curve, labels_needed(target, residual_sd=residual_sd, population=sizes, label_sd=label_sd)


def _plan(
    store: Store, spec: FrameSpec, frame: Frame, n: int, experiment_id: str, *, drawn: Sequence[str] = ()
) -> LabelPlan:
    spreads, assumes = _expected_spreads(frame, spec)
    chosen = draw(
        frame.ids, min(n, len(frame.ids)), strata=frame.strata, uncertainty=spreads, key=f"{spec.key}\x1f{spec.digest}",
        drawn=drawn,
    )  # fmt: skip
    by_stratum = {
        name: sqrt(fmean(spreads[at] ** 2 for at, one in enumerate(frame.strata) if one == name))
        for name in frame.sizes
    }
    total = len(chosen.items)
    curve, needed = curve_of(
        frame,
        residual_sd=list(by_stratum.values()),
        label_sd=_label_sd(frame, spec),
        target=spec.target,
        at=(total,),
    )
    return LabelPlan(
        n=total,
        drafts=tuple(
            ItemDraft(
                trace_id=item.key, propensity=item.probability, stratum=item.stratum, population=item.stratum_size
            )
            for item in chosen.new
        ),
        strata=tuple(
            PlannedStratum(name=name, size=size, labels=chosen.allocation[name], spread=by_stratum[name])
            for name, size in frame.sizes.items()
        ),
        population=len(frame.ids),
        missing=frame.missing,
        curve=curve,
        expected=next((point.half_width for point in curve if point.n == total), float("nan")),
        target_width=spec.target,
        needed=needed,
        assumes=assumes,
        experiment_id=experiment_id,
        spec=spec,
        store=store,
    )


def _expected_spreads(frame: Frame, spec: FrameSpec) -> tuple[list[float], str]:
    """Return what the judge's error is expected to be on each trace, and what that rests on."""
    if all(isnan(spread) for spread in frame.spreads):
        if spec.kind == "number":
            spread = pstdev(frame.scores) if len(frame.scores) > 1 else 0.0
            return [spread] * len(frame.ids), "that the judge's numbers tell nothing: labels will show what they tell"
        return [ASSUMED_ERROR] * len(frame.ids), "that the judge errs on one trace in five: labels will show how often"
    known = [spread for spread in frame.spreads if not isnan(spread)]
    usual = sqrt(fmean(spread**2 for spread in known))
    spreads = [usual if isnan(spread) else spread for spread in frame.spreads]
    return spreads, "that the judge errs as often as its own doubts say: labels will show how often"


def _label_sd(frame: Frame, spec: FrameSpec) -> float:
    if spec.kind == "category":
        return 0.5
    return pstdev(frame.scores) if len(frame.scores) > 1 else 0.0


def _queue_id(plan: LabelPlan, queue: str | ReviewQueue) -> str:
    if isinstance(queue, ReviewQueue):
        return queue.queue_id
    if queue.startswith("rq-"):
        return plan.store.reviews.get(queue).queue_id
    found = plan.store.reviews.find(plan.experiment_id, queue)
    if found is not None:
        return found.queue_id
    schemas, name = plan.store.label_schemas, plan.spec.human_name
    schema = schemas.find(plan.experiment_id, name)
    if schema is None:
        schema = schemas.create(plan.experiment_id, name, input=_input(plan), enable_comment=True)
    return plan.store.reviews.create(plan.experiment_id, queue, schema_ids=[schema.schema_id]).queue_id


def _input(plan: LabelPlan) -> LabelInput:
    if plan.spec.kind == "boolean":
        return InputPassFail()
    if plan.spec.kind == "number":
        return InputNumeric()
    found = gather(
        plan.store, plan.spec.choice, plan.spec.name, human_name=plan.spec.human_name, details=False,
        judge_source=plan.spec.judge_source,
    )  # fmt: skip
    return InputCategorical(
        options=tuple(sorted({str(trace.judge) for trace in found.traces if trace.judge is not None}))
    )


def _experiment(store: Store, traces: Sequence[JudgedTrace]) -> str:
    first = traces[0].trace_id
    return store.traces.infos([first])[first].experiment_id
