"""What a thing is taken to be, after all that people said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from steelyard.feedback.people import PersonLabel

How = Literal["adjudicated", "unanimous", "majority", "single", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The label that counts.

    Args:
        value: what it is; None if undecided.
        how: an adjudicator's word; else ``unanimous`` (two or more, all the same), ``majority`` (more than half) or
            ``single`` (one answer); else ``undecided``.
        votes: how many people answered, without adjudicators.
        agreeing: how many of them gave this value.
    """

    value: Any
    how: How
    votes: int = 0
    agreeing: int = 0

    @property
    def is_decided(self) -> bool:
        return self.how != "undecided"


def decide(labels: Iterable[PersonLabel]) -> Decision:
    """Return what the labels of one thing, to one question, come to.

    The last word of an adjudicator counts; else what more than half of the people say.

    Examples:
        >>> said = [PersonLabel(person=who, name="ok", value=value, trace_id="tr-1")
        ...         for who, value in (("ann", True), ("ben", True), ("cem", False))]
        >>> decided = decide(said)
        >>> decided.value, decided.how, decided.agreeing
        (True, 'majority', 2)
        >>> decide(said[1:]).how
        'undecided'
    """
    told = list(labels)
    votes = [label for label in told if not label.decides]
    words = [label for label in told if label.decides]
    if words:
        last = max(words, key=lambda label: label.time_ms)
        return Decision(value=last.value, how="adjudicated", votes=len(votes), agreeing=_same(votes, last.value))
    if not votes:
        return Decision(value=None, how="undecided")
    value, most = max(((label.value, _same(votes, label.value)) for label in votes), key=lambda pair: pair[1])
    if most == len(votes):
        return Decision(value=value, how="unanimous" if most > 1 else "single", votes=most, agreeing=most)
    if 2 * most > len(votes):
        return Decision(value=value, how="majority", votes=len(votes), agreeing=most)
    return Decision(value=None, how="undecided", votes=len(votes), agreeing=most)


def decide_each(labels: Iterable[PersonLabel]) -> dict[str, Decision]:
    """Return the decision on each thing, by its item in a queue (else by its trace), in the order of the labels.

    Args:
        labels: of one question.
    """
    grouped: dict[str, list[PersonLabel]] = {}
    for label in labels:
        grouped.setdefault(label.subject, []).append(label)
    return {subject: decide(told) for subject, told in grouped.items()}


def _same(votes: Iterable[PersonLabel], value: Any) -> int:
    return sum(_plain(vote.value) == _plain(value) for vote in votes)


def _plain(value: Any) -> Any:
    """Several options are the same in whatever order; yes is not the number 1."""
    if isinstance(value, (list, tuple)):
        return "set", frozenset(value)
    return isinstance(value, bool), value
