"""From a judge held against people to what its page says of that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from steelyard.feedback import Disagreement, JudgeReport
from steelyard.feedback.judging_data import HumanLabel, JudgedTrace, JudgeVerdict
from steelyard.feedback.judging_values import shown
from steelyard.metrics.agreement import Agreement
from steelyard.records import Estimate, Store
from steelyard.web.contexts.judges import AgainstPeople, Beside, Disputed, Repeats, Voice
from steelyard.web.judgelist import agreement_of
from steelyard.web.judging import mark_of, word_of
from steelyard.web.scales import Scale, difference_scale, estimate_scale

FIRST, MOST = 10, 100
"""How many disagreements a page shows, and how many when all are asked for."""

_SLICES = 12
_WORDS = 12
_LONGEST = 4_000


def against_people(store: Store, report: JudgeReport, *, most: int = FIRST) -> AgainstPeople:
    """Return what a page says of a report."""
    headline, measure = agreement_of(report.pairs, report.kind)
    beside = _beside(report)
    slices = report.slices[:_SLICES]
    biases = [report.bias, *(one.bias for one in slices)]
    differ = report.disagreements
    return AgainstPeople(
        kind=report.kind,
        n=report.n,
        headline=headline,
        measure=measure,
        people_same=report.people_with_people,
        judge_same=report.judge_with_people,
        within=report.within,
        beside=beside,
        scale=_agreement_scale([headline, *(e for one in beside for e in (one.judge, one.people) if e is not None)]),
        prevalence=tuple((shown(value), part) for value, part in list(report.agreement.prevalence.items())[:_WORDS]),
        confusion=report.confusion,
        bias=report.bias,
        rates=report.rates,
        differences=report.differences,
        slices=slices,
        bias_scale=_bias_scale(biases, report.kind),
        length=report.length,
        position=report.position,
        repeats=_repeats(report),
        failures=report.failures,
        matching=report.matching,
        notes=report.notes,
        disagreements=len(differ),
        disputed=_disputed(store, differ[:most]),
    )


def _beside(report: JudgeReport) -> tuple[Beside, ...]:
    judge, people = report.agreement, report.people
    found = [
        Beside(
            name="Same answer",
            hint="share of answers that are the same",
            judge=judge.raw,
            people=people.raw if people else None,
        )
    ]
    if report.judge_with_people is not None and people is not None and people.paired_items != report.n:
        found.append(
            Beside(
                name="Same answer, same items",
                hint="only on items that two or more people have labelled",
                judge=report.judge_with_people,
                people=report.people_with_people,
            )
        )
    found.append(
        Beside(
            name="Kappa",
            hint="beyond chance: Cohen’s; Fleiss’ of three or more people",
            judge=judge.cohen or judge.fleiss,
            people=_kappa(people),
        )
    )
    found.append(
        Beside(
            name="Krippendorff’s α",
            hint="1 is full agreement, 0 is chance",
            judge=judge.krippendorff,
            people=people.krippendorff if people else None,
        )
    )
    found.append(
        Beside(
            name="Gwet’s AC1" if judge.level == "nominal" else "Gwet’s AC2",
            hint="the steadier one where nearly all say the same",
            judge=judge.gwet,
            people=people.gwet if people else None,
        )
    )
    return tuple(found)


def _kappa(people: Agreement | None) -> Estimate | None:
    return None if people is None else people.cohen or people.fleiss


def _agreement_scale(told: Sequence[Estimate]) -> Scale:
    lows = [end for e in told if e.value is not None for end in (e.low, e.value) if end is not None]
    low = max(-1.0, min(0.0, math.floor(min(lows, default=0.0) * 5 + 1e-9) / 5))
    return Scale(low, 1.0, tuple(round(low + 0.2 * n, 1) for n in range(round((1.0 - low) / 0.2) + 1)))


def _bias_scale(biases: Sequence[Estimate], kind: str) -> Scale:
    if kind == "category":
        return estimate_scale([e for e in biases if e.value is not None])
    return difference_scale(end for e in biases for end in (e.low, e.value, e.high) if end is not None)


def _repeats(report: JudgeReport) -> Repeats | None:
    found = report.repeatability
    if found is None:
        return None
    return Repeats(same=found.agreement.raw, changed=found.changed, items=found.items, verdicts=found.verdicts)


def _disputed(store: Store, differ: Sequence[Disagreement]) -> tuple[Disputed, ...]:
    infos = store.traces.infos([one.trace.trace_id for one in differ]) if differ else {}
    found = []
    for one in differ:
        info, trace = infos.get(one.trace.trace_id), one.trace
        asked = next((label for label in trace.people if label.item_id), None)
        found.append(
            Disputed(
                trace_id=trace.trace_id,
                request=info.request_preview or "" if info else "",
                response=info.response_preview or "" if info else "",
                judge=voice_of_judge(trace.verdict),
                people=voices_of_people(trace),
                run_id=trace.run_id,
                queue_id=asked.queue_id if asked else "",
                item_id=asked.item_id if asked else "",
                sure=one.judge_sure,
            )
        )
    return tuple(found)


def voice_of_judge(verdict: JudgeVerdict | None) -> Voice:
    """Return a verdict as a page tells it."""
    if verdict is None:
        return Voice(who="the judge", value="", error="It said nothing.")
    return Voice(
        who=verdict.source_id,
        value=word_of(verdict.given)[:_LONGEST],
        mark=mark_of(verdict.given),
        why=verdict.rationale[:_LONGEST],
        error=verdict.error[:_LONGEST],
    )


def voices_of_people(trace: JudgedTrace) -> tuple[Voice, ...]:
    """Return what people said of a trace, an adjudicator's word last."""
    return tuple(_voice(label) for label in sorted(trace.people, key=lambda one: one.decides))


def _voice(label: HumanLabel) -> Voice:
    # A schema's own words for yes and no are read as such.
    told = label.value if isinstance(label.value, bool) else label.given
    return Voice(
        who="a person" if label.reviewer == "default" else label.reviewer,
        value=word_of(told)[:_LONGEST],
        mark=mark_of(told),
        why=label.rationale[:_LONGEST],
        decides=label.decides,
        corrects=label.corrects,
    )
