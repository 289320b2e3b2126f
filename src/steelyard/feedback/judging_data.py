"""What a judge and what people said of the same traces, side by side, with all that could not be matched counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from steelyard.feedback.judging_values import Reading, Said, shown
from steelyard.records import (
    LabelSchema,
    ReviewItem,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLabel:
    """What one person said of a trace.

    Args:
        reviewer: who.
        value: in the form in which values are compared; None if it has none.
        given: as it was given.
        rationale: the reasons.
        decides: whether it is an adjudicator's last word.
        corrects: whether it takes the place of the judge's own verdict: somebody looked because of that verdict.
        item_id, queue_id: of the review queue it was given in; empty elsewhere.
        time_ms: when it was given, or last changed; milliseconds since 1970.
    """

    reviewer: str
    value: Said | None
    given: Any = None
    rationale: str = ""
    decides: bool = False
    corrects: bool = False
    item_id: str = ""
    queue_id: str = ""
    time_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeVerdict:
    """What the judge said of a trace.

    Args:
        value: in the form in which values are compared; None if it has none, or if the judge failed.
        given: as it was given.
        source_id: which judge.
        rationale: the reasons.
        error: why there is no value.
        metadata: what else the judge told, such as votes and cost.
        assessment_id: where it is kept.
    """

    value: Said | None
    given: Any = None
    source_id: str = ""
    rationale: str = ""
    error: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    assessment_id: str = ""

    @property
    def confidence(self) -> float | None:
        """How sure the judge was, 0 to 1: as it said, or as its jury agreed; None if neither is known."""
        for key in ("confidence", "agreement"):
            told = self.metadata.get(key)
            if isinstance(told, (int, float)) and not isinstance(told, bool) and 0.0 <= told <= 1.0:
                return float(told)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTrace:
    """A trace with what the judge and what people said of it.

    Args:
        trace_id: which.
        row_id: of the row of test data it is of; empty outside of evaluations.
        run_id: the run it was made in, if any.
        verdict: the judge's newest verdict; None if it gave none.
        earlier: what the same judge said of the same trace before, oldest first.
        others: the newest verdict of every other judge of the name.
        people: one label per person, the newest.
        gold: what people say together: the adjudicator's word; else what more than half of them said; of numbers the
            mean. None without labels, or where no value has more than half.
        item: of the review queue in which it was drawn or put; None outside of queues.
        chance: with what probability it came to be labelled; None if it was not drawn at random.
        length: characters of the answer; None if unknown.
        keys: what it can be sliced by.
    """

    trace_id: str
    row_id: str = ""
    run_id: str = ""
    verdict: JudgeVerdict | None = None
    earlier: tuple[JudgeVerdict, ...] = ()
    others: tuple[JudgeVerdict, ...] = ()
    people: tuple[HumanLabel, ...] = ()
    gold: Said | None = None
    item: ReviewItem | None = None
    chance: float | None = None
    length: int | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def judge(self) -> Said | None:
        """The judge's value."""
        return None if self.verdict is None else self.verdict.value

    @property
    def is_pair(self) -> bool:
        """Whether both the judge and people have a value."""
        return self.judge is not None and self.gold is not None

    @property
    def is_labelled(self) -> bool:
        """Whether somebody's label can be read, even if people are tied."""
        return any(label.value is not None for label in self.people)

    @property
    def amount(self) -> float | None:
        """What people say as a number, yes as 1 and a tie of yes and no as ½; None for words, and without labels.

        A tie is ½ because leaving it out would leave out what is hard: the mean would be that of what people find easy.
        """
        if isinstance(self.gold, (bool, float)):
            return float(self.gold)
        said = {label.value for label in self.people if label.value is not None}
        return 0.5 if self.gold is None and said == {True, False} else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnStratum:
    """A stratum of a queue's draw, and what of it is among the traces that are asked about.

    Args:
        name: of the stratum.
        population: how many it was drawn out of; 0 if that is not known.
        drawn: how many were drawn.
        here: how many of these are among the traces.
        labelled: how many of those have a label.
    """

    name: str
    population: int
    drawn: int
    here: int
    labelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What became of every trace: nothing is left out in silence.

    Args:
        traces: looked at.
        judged: of these, with a value of the judge.
        labelled: with a label of at least one person.
        pairs: with a value of both.
        failed: the judge gave an error instead of a value.
        unjudged: labelled, and the judge said nothing.
        disputed: people are tied, and nobody has decided.
        outdated: labels to a question that has been changed since; they count nowhere.
        corrections: pairs that are labelled only by those who corrected the judge.
        unread_judge, unread_people: values that could not be brought to the common form, with how often they came.
    """

    traces: int = 0
    judged: int = 0
    labelled: int = 0
    pairs: int = 0
    failed: int = 0
    unjudged: int = 0
    disputed: int = 0
    outdated: int = 0
    corrections: int = 0
    unread_judge: tuple[tuple[str, int], ...] = ()
    unread_people: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All traces of a choice, in order, and how their values were read.

    Args:
        traces: each with what was said.
        reading: the form that values were brought to.
        sources: the judges whose verdicts were taken, most frequent first.
        matching: what became of every trace.
        schema: the question that people were asked; None if that is not known.
        strata: the stratum of every judged trace, by id, where these traces are what labels were drawn from.
        draws: the strata of the draws that labels are of.
    """

    traces: tuple[JudgedTrace, ...]
    reading: Reading
    sources: tuple[str, ...]
    matching: Matching
    schema: LabelSchema | None = None
    strata: Mapping[str, str] | None = None
    draws: tuple[DrawnStratum, ...] = ()

    @property
    def pairs(self) -> tuple[JudgedTrace, ...]:
        return tuple(trace for trace in self.traces if trace.is_pair)


def matching_of(traces: Sequence[JudgedTrace], *, outdated: int = 0) -> Matching:
    """Count what became of traces."""
    judge: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for trace in traces:
        verdict = trace.verdict
        if verdict is not None and verdict.value is None and not verdict.error:
            judge[_brief(verdict.given)] += 1
        people.update(_brief(label.given) for label in trace.people if label.value is None)
    pairs = [trace for trace in traces if trace.is_pair]
    labelled = [trace for trace in traces if trace.people]
    return Matching(
        traces=len(traces),
        judged=sum(trace.judge is not None for trace in traces),
        labelled=len(labelled),
        pairs=len(pairs),
        failed=sum(bool(trace.verdict is not None and trace.verdict.error) for trace in traces),
        unjudged=sum(trace.verdict is None for trace in labelled),
        disputed=sum(trace.gold is None and trace.is_labelled for trace in labelled),
        outdated=outdated,
        corrections=sum(all(label.corrects for label in trace.people) for trace in pairs),
        unread_judge=tuple(judge.most_common(20)),
        unread_people=tuple(people.most_common(20)),
    )


def gold_of(labels: Sequence[HumanLabel]) -> Said | None:
    """Return what people say together; see :class:`JudgedTrace`.

    Examples:
        >>> said = [HumanLabel(reviewer=who, value=value) for who, value in (("a", True), ("b", False), ("c", True))]
        >>> gold_of(said), gold_of(said[:2]) is None
        (True, True)
    """
    decided = [label for label in labels if label.decides and label.value is not None]
    if decided:
        return max(decided, key=lambda label: label.time_ms).value
    values = [label.value for label in labels if label.value is not None]
    if not values:
        return None
    if all(isinstance(value, float) for value in values):
        return fmean(value for value in values if isinstance(value, float))
    value, count = Counter(values).most_common(1)[0]
    return value if 2 * count > len(values) else None


def _brief(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
