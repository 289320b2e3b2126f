"""Is a judge within the disagreement of people? One person after the other is left out, and the judge put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean

from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_estimates import mean
from steelyard.feedback.judging_values import Said
from steelyard.records import Estimate

MIN_PEOPLE = 3
MIN_ITEMS = 30
"""Calderon et al. 2025 ask for so many people, and so many items of each."""

EPSILON = 0.1
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstOne:
    """The judge in the place of one person.

    Args:
        person: who was left out.
        n: items that this person, the judge and at least one other person have labelled.
        judge: how well the judge agrees with the others: for numbers minus the root of the mean squared difference
            is taken item by item, else the share of the others who say the same.
        person_agrees: how well the person left out does.
        advantage: ρ, the share of items on which the judge does at least as well as the person.
        p, p_adjusted: of the judge being worse than the person by more than ε; adjusted over people (Benjamini &
            Yekutieli 2001). None with fewer than 30 items.
        wins: whether that is refuted, at 0.05.
    """

    person: str
    n: int
    judge: Estimate
    person_agrees: Estimate
    advantage: Estimate
    p: float | None = None
    p_adjusted: float | None = None
    wins: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinPeople:
    """Whether the judge could take the place of one of the people (the alternative annotator test).

    Source: Calderon, Reichart & Dror 2025. The judge passes if it wins against at least half of the people.

    Args:
        within: the answer; None where the test's conditions are not met, and ``why`` says which.
        why: the reason in words.
        people: the judge against each of them.
        winning_rate: the share of people against whom it wins; None without an answer.
        advantage: the mean of ρ over people; None if nobody could be left out.
        epsilon: how much worse the judge may be, for it costs less than people: 0.1 beside people picked from a
            crowd, 0.15 beside trained ones, 0.2 beside experts, as the paper advises.
    """

    within: bool | None
    why: str
    people: tuple[AgainstOne, ...] = ()
    winning_rate: float | None = None
    advantage: float | None = None
    epsilon: float = EPSILON


def within_people(pairs: Sequence[JudgedTrace], *, epsilon: float = EPSILON, confidence: float = 0.95) -> WithinPeople:
    """Return whether the judge is within the disagreement of people.

    Args:
        pairs: traces with a value of the judge; those with labels of two people or more are used.
        epsilon: see :class:`WithinPeople`.
        confidence: of the intervals.
    """
    rated = [(pair.judge, people) for pair in pairs if pair.judge is not None and len(people := _by_person(pair)) >= 2]
    names = sorted({person for _, people in rated for person in people})
    if not names:
        return WithinPeople(within=None, why="No item is labelled by two people.", epsilon=epsilon)
    found = _adjusted([_against(person, rated, epsilon, confidence) for person in names])
    advantages = [one.advantage.value for one in found if one.advantage.value is not None]
    tested = [one for one in found if one.wins is not None]
    within, why = _answer(found, tested)
    return WithinPeople(
        within=within,
        why=why,
        people=tuple(found),
        winning_rate=sum(bool(one.wins) for one in tested) / len(tested) if within is not None else None,
        advantage=fmean(advantages) if advantages else None,
        epsilon=epsilon,
    )


def _by_person(pair: JudgedTrace) -> dict[str, Said]:
    """Return each person's own label: an adjudicator has seen those of the others, and does not count."""
    return {label.reviewer: label.value for label in pair.people if label.value is not None and not label.decides}


_Rated = Sequence[tuple[Said, Mapping[str, Said]]]


def _against(person: str, rated: _Rated, epsilon: float, confidence: float) -> AgainstOne:
    judge: list[float] = []
    own: list[float] = []
    for value, people in rated:
        if person in people:
            others = [said for name, said in people.items() if name != person]
            judge.append(_alignment(value, others))
            own.append(_alignment(people[person], others))
    at_least = [float(one >= other) for one, other in zip(judge, own, strict=True)]
    at_most = [float(one <= other) for one, other in zip(judge, own, strict=True)]
    p = _p_value([low - high for low, high in zip(at_most, at_least, strict=True)], epsilon)
    return AgainstOne(
        person=person,
        n=len(judge),
        judge=mean(judge, confidence),
        person_agrees=mean(own, confidence),
        advantage=mean(at_least, confidence),
        p=p,
    )


def _alignment(value: Said, others: Sequence[Said]) -> float:
    numbers = [float(other) for other in others if isinstance(other, float)]
    if isinstance(value, float) and numbers:
        return -sqrt(fmean((value - other) ** 2 for other in numbers))
    return fmean(float(value == other) for other in others)


def _p_value(excess: Sequence[float], epsilon: float) -> float | None:
    """Return the one-sided p of the paired t test of: the mean of (person wins − judge wins) is at least ε."""
    from steelyard.metrics.intervals import two_sided_p

    n = len(excess)
    if n < MIN_ITEMS:
        return None
    centre = fmean(excess)
    se = sqrt(sum((x - centre) ** 2 for x in excess) / (n - 1) / n)
    if se == 0.0:
        return 0.0 if centre < epsilon else 1.0
    t = (centre - epsilon) / se
    two = float(two_sided_p(t, n - 1))
    return two / 2.0 if t < 0 else 1.0 - two / 2.0


def _adjusted(found: Sequence[AgainstOne]) -> list[AgainstOne]:
    from steelyard.metrics.intervals import benjamini_yekutieli

    tested = {one.person: one.p for one in found if one.p is not None}
    if not tested:
        return list(found)
    adjusted = dict(zip(tested, benjamini_yekutieli(list(tested.values())), strict=True))
    return [
        one
        if one.person not in adjusted
        else replace(one, p_adjusted=float(adjusted[one.person]), wins=bool(adjusted[one.person] < LEVEL))
        for one in found
    ]


def _answer(found: Sequence[AgainstOne], tested: Sequence[AgainstOne]) -> tuple[bool | None, str]:
    if len(found) < MIN_PEOPLE:
        return None, f"{len(found)} people have labelled the same items: the test needs {MIN_PEOPLE}."
    if len(tested) < MIN_PEOPLE:
        return None, (
            f"{len(tested)} of {len(found)} people share {MIN_ITEMS} items with somebody else: "
            f"the test needs {MIN_PEOPLE} such people."
        )
    wins = sum(bool(one.wins) for one in tested)
    return 2 * wins >= len(tested), f"The judge holds its own against {wins} of {len(tested)} people."
