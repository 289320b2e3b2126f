"""Traces with what people said of them: one label a trace, and a split that keeps the same inputs together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.records.case import Case
from steelyard.records.trace import Trace

DECIDES = "steelyard.review.decides"
_YES, _NO = frozenset({"yes", "true", "pass", "passed"}), frozenset({"no", "false", "fail", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A trace with what people said of it.

    Args:
        trace: with that label and what was expected as its only assessments.
        value: the label.
        rationale: why, if they said.
    """

    trace: Trace
    value: Any
    rationale: str = ""

    @property
    def trace_id(self) -> str:
        return self.trace.info.trace_id

    @property
    def case(self) -> Case:
        """What a judge is shown: all but the label."""
        expected = tuple(each for each in self.trace.info.assessments if each.kind == "expectation")
        return Case(trace=replace(self.trace, info=replace(self.trace.info, assessments=expected)))


def examples(traces: Iterable[Trace], label: str, *, name: str) -> tuple[list[Example], int]:
    """Return the labelled traces, by id, and how many were left out since people differ on them.

    An adjudicator's word counts alone; else that of more than half of the people.

    Args:
        traces: any traces; those without a person's feedback of that name are left out.
        label: the name of the feedback.
        name: the name that the label has in the examples: the judge's.
    """
    found: dict[str, Example] = {}
    disputed: set[str] = set()
    for trace in traces:
        said = [each for each in trace.info.assessments if isinstance(each, Feedback) and _is_label(each, label)]
        chosen = _decided(said)
        if chosen is not None:
            found[trace.info.trace_id] = _example(trace, chosen, name)
        elif said:
            disputed.add(trace.info.trace_id)
    return [found[trace_id] for trace_id in sorted(found)], len(disputed - found.keys())


def split(labelled: Sequence[Example], *, held_out: float, key: int) -> tuple[list[Example], list[Example]]:
    """Return the part to learn from, and the part that is held out.

    An example's side is a hash of its inputs: the same in every process, whatever other examples there are.
    """
    sides: tuple[list[Example], list[Example]] = ([], [])
    for example in labelled:
        sides[_share(example, key) < held_out].append(example)
    return sides


def plain(value: Any) -> Any:
    """Return a value in the form in which judges and people are compared: yes is True, capitals do not count.

    Examples:
        >>> plain("Yes") == plain(True), plain("Good ") == plain("good"), plain(1) == plain(True)
        (True, True, False)
    """
    if isinstance(value, str):
        word = value.strip().casefold()
        return ("bool", word in _YES) if word in _YES | _NO else ("text", word)
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, (int, float)):
        return ("number", float(value))
    return ("json", json.dumps(value, sort_keys=True, default=str))


def _is_label(assessment: Feedback, label: str) -> bool:
    return (
        assessment.name == label
        and assessment.source.source_type == "HUMAN"
        and assessment.valid
        and assessment.error is None
        and assessment.value is not None
    )


def _decided(said: Sequence[Feedback]) -> Feedback | None:
    final = [each for each in said if str(each.metadata.get(DECIDES, "")).lower() == "true"]
    if final:
        return max(final, key=lambda each: each.last_update_time_ms)
    for each in said:
        alike = [other for other in said if plain(other.value) == plain(each.value)]
        if 2 * len(alike) > len(said):
            return next((other for other in alike if other.rationale), each)
    return None


def _example(trace: Trace, label: Feedback, name: str) -> Example:
    expected = [each for each in trace.info.assessments if each.kind == "expectation"]
    kept = Feedback(
        name=name,
        value=label.value,
        rationale=label.rationale,
        source=AssessmentSource("HUMAN", label.source.source_id),
    )
    info = replace(trace.info, assessments=(*expected, kept))
    return Example(trace=replace(trace, info=info), value=label.value, rationale=label.rationale or "")


def _share(example: Example, key: int) -> float:
    """Return a number in 0 to 1 that the inputs decide; the trace's id where it has none."""
    root = example.trace.data.root
    if root is None or root.inputs is None:
        what = example.trace_id
    else:
        what = json.dumps(root.inputs, sort_keys=True, ensure_ascii=True, default=str)
    digest = hashlib.sha256(f"{key}:{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
