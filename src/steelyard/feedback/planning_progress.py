"""How far a draw is labelled: the corrected mean now, how wide it is, and whether labelling may stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steelyard.errors import Conflict, InvalidArgument
from steelyard.feedback.corrected_by_people import corrected_mean
from steelyard.feedback.judging import current_store, report_of, with_draws
from steelyard.feedback.judging_data import Gathered
from steelyard.feedback.judging_draws import items_of
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_traces import TraceChoice
from steelyard.feedback.planning import choice_of, curve_of
from steelyard.feedback.planning_frame import FrameSpec, frame_of, queue_id_of, spec_of
from steelyard.metrics.corrected import CorrectedMean
from steelyard.metrics.sampling import Stop, WidthPoint, may_stop
from steelyard.records import ReviewQueue, Store, Trace, TraceInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelProgress:
    """How far a draw is.

    Args:
        name: of the judge's feedback.
        labels: drawn traces that are labelled.
        tied: of these, those on which as many people say yes as no, and nobody has decided: each counts ½.
        drawn: traces that were drawn.
        population: judged traces that they were drawn out of.
        corrected: the judge's mean, raw and corrected by the labels so far.
        half_width: of its interval now, the number after ±; None while there is none.
        curve: half the width to expect by the number of labels, from what the labels so far say of the judge.
        target_width: half the width to reach; None without a target.
        needed: labels that reach it; None without a target, if no number does, or while nothing is known.
        stop: whether labelling may end, and why.
    """

    name: str
    labels: int
    tied: int = 0
    drawn: int
    population: int
    corrected: CorrectedMean
    half_width: float | None
    curve: tuple[WidthPoint, ...]
    target_width: float | None
    needed: int | None
    stop: Stop

    def __str__(self) -> str:
        width = "no interval yet" if self.half_width is None else f"±{self.half_width:.3g}"
        tied = f", {self.tied} of them tied (each counts ½)" if self.tied else ""
        return f"{self.labels} of {self.drawn} drawn traces are labelled{tied}: {width}. {self.stop.why}"


def label_progress(
    queue: str | ReviewQueue,
    *,
    traces: Sequence[Trace | TraceInfo | str] | None = None,
    target_width: float | None = None,
    store: Store | None = None,
) -> LabelProgress:
    """Return how far the labelling of a queue that a plan has filled is.

    Args:
        queue: the queue, its id or its name.
        traces: what the draw was given, if that was traces, and too many to be kept with the queue.
        target_width: half the width to reach; that of the plan unless given.
        store: where it is; the current tracking store unless given.

    Raises:
        InvalidArgument: nothing in the queue was drawn by a plan.
        Conflict: none of what it was drawn from is left.
    """
    store = current_store(store)
    queue_id = queue_id_of(store, queue)
    spec = spec_of(store, queue_id)
    if spec is None:
        raise InvalidArgument(f"Nothing in the queue {queue_id!r} was drawn by a plan: begin with plan_labels.")
    items = [item for item in items_of(store, [queue_id]) if item.propensity is not None]
    found = _gathered(store, spec, choice_of(spec, traces))
    report = report_of(found, spec.name, human_name=spec.human_name)
    corrected = corrected_mean(report)
    target = spec.target if target_width is None else target_width
    frame = frame_of(report.traces, spec)
    curve: tuple[WidthPoint, ...] = ()
    needed: int | None = None
    if corrected.residual_sd is not None and frame.ids:
        same = [corrected.residual_sd] * len(frame.sizes)
        curve, needed = curve_of(
            frame, residual_sd=same, label_sd=corrected.label_sd or 0.0, target=target, at=(corrected.n,)
        )
    return LabelProgress(
        name=spec.name,
        labels=sum(trace.chance is not None and trace.judge is not None for trace in report.traces),
        tied=corrected.tied,
        drawn=len(items),
        population=len(frame.ids),
        corrected=corrected,
        half_width=_half(corrected),
        curve=curve,
        target_width=target,
        needed=needed,
        stop=_stop(corrected, target),
    )


def _gathered(store: Store, spec: FrameSpec, choice: TraceChoice) -> Gathered:
    found = gather(
        store, choice, spec.name, human_name=spec.human_name, judge_source=spec.judge_source,
        threshold=spec.threshold, details=False,
    )  # fmt: skip
    if not found.traces:
        raise Conflict("None of the traces that the queue was drawn from is left.")
    return with_draws(store, found)


def _half(corrected: CorrectedMean) -> float | None:
    found = corrected.corrected
    return None if found is None or found.low is None or found.high is None else (found.high - found.low) / 2.0


def _stop(corrected: CorrectedMean, target: float | None) -> Stop:
    if target is not None:
        return may_stop(corrected, target)
    return Stop(False, corrected.refused or "There is no target width to stop at.")
