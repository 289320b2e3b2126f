"""Several judges on one row: their votes become one verdict, and how far they agreed is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from steelyard.errors import DataError, InvalidArgument, OverBudget
from steelyard.judges.asking import Asking, together
from steelyard.judges.judge import Judge, as_judge
from steelyard.judges.ruling import Bench, summed_price
from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.records.case import Case
from steelyard.scorers.binding import Find

Rule = Literal["majority", "unanimous", "mean", "median", "min", "max"]
RULES: tuple[Rule, ...] = ("majority", "unanimous", "mean", "median", "min", "max")
_NEGATIVE: dict[frozenset[Any], Any] = {frozenset({"yes", "no"}): "no", frozenset({True, False}): False}


class Jury(Judge):
    """Several judges whose votes become one verdict.

    The feedback's metadata has ``votes`` (each member's value), ``agreement`` (the share of pairs of members that gave
    the same value; Fleiss 1971) and ``failed`` (why a member has no vote); its rationale has every member's.

    Args:
        judges: the members. Their names must differ, and each must give one value.
        rule: ``majority``: the value of more than half of the votes. Without one, yes/no and bools come out negative,
            and other values give no value. ``unanimous``: the value that all votes have; without one, as before.
            ``mean``, ``median``, ``min``, ``max``: of numbers, where yes and True are 1, no and False 0.
        quorum: how many votes it takes. None: all. A member that fails (its answer cannot be read, its model is away)
            is never left out in silence: below the quorum, its failure is the jury's; from the quorum on, the verdict
            is that of the others, and ``failed`` names the member. A budget that ends always ends the jury's work.
    """

    judges: list[Any]
    rule: Rule = "majority"
    quorum: int | None = None
    reads: ClassVar[tuple[str, ...]] = ()

    @field_validator("judges")
    @classmethod
    def _are_judges(cls, judges: list[Any]) -> list[Any]:
        if len(judges) < 2:
            raise InvalidArgument("A jury has at least two judges.")
        names = [as_judge(judge, argument="judges").name for judge in judges]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidArgument(f"Two judges of the jury are called {twice!r}; give each a name of its own.")
        if len({judge.is_session_level_scorer for judge in judges}) > 1:
            raise InvalidArgument("A jury judges either rows or sessions; its members differ in that.")
        return judges

    @model_validator(mode="after")
    def _has_a_quorum(self) -> Jury:
        if self.quorum is not None and not 1 <= self.quorum <= len(self.judges):
            raise InvalidArgument(
                f"quorum={self.quorum} must lie between 1 and the number of judges, {len(self.judges)}."
            )
        if any((self.model, self.inference_params, self.base_url, self.extra_headers)):
            raise InvalidArgument("A jury asks nobody itself: give model and settings to its judges.")
        return self

    @property
    def bench(self) -> Bench:
        """That of its first member; a jury asks nobody itself."""
        return as_judge(self.judges[0], argument="judges").bench

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(model for judge in self.judges for model in judge.models))

    def words(self) -> tuple[str, ...]:
        return tuple(text for judge in self.judges for text in judge.words())

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for judge in self.judges for name in judge.needs))

    @property
    def is_session_level_scorer(self) -> bool:
        return bool(self.judges[0].is_session_level_scorer)

    @property
    def digest(self) -> str:
        from steelyard.scorers import fingerprint

        members = [(judge.name, judge.digest) for judge in self.judges]
        return fingerprint(type(self).__qualname__, self.name, self.rule, self.quorum, members)

    def demands(self) -> Mapping[str, Find]:
        return {name: find for judge in self.judges for name, find in judge.demands().items()}

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        results = yield from together([judge.judging(case) for judge in self.judges])
        votes: dict[str, Feedback] = {}
        failed: dict[str, Exception] = {}
        for judge, result in zip(self.judges, results, strict=True):
            if isinstance(result, OverBudget):
                raise result
            if isinstance(result, Exception):
                failed[judge.name] = result
            else:
                votes[judge.name] = _only(judge, result)
        if len(votes) < (len(self.judges) if self.quorum is None else self.quorum):
            raise next(iter(failed.values()))
        return (self._verdict(votes, failed),)

    def _verdict(self, votes: Mapping[str, Feedback], failed: Mapping[str, Exception]) -> Feedback:
        values = [vote.value for vote in votes.values()]
        reasons = [f"{name}: {vote.value} — {vote.rationale or ''}" for name, vote in votes.items()]
        reasons += [f"{name}: no vote — {error}" for name, error in failed.items()]
        errors = {name: f"{type(error).__name__}: {error}" for name, error in failed.items()}
        return Feedback(
            name=self.name,
            value=decide(values, self.rule),
            rationale="\n".join(reasons),
            source=AssessmentSource(
                "LLM_JUDGE", ", ".join(dict.fromkeys(vote.source.source_id for vote in votes.values()))
            ),
            metadata={
                **summed_price(list(votes.values())),
                "rule": self.rule,
                "votes": {name: vote.value for name, vote in votes.items()},
                "agreement": agreement(values),
                **({"failed": errors} if errors else {}),
            },
        )


def decide(values: Sequence[Any], rule: Rule) -> Any:
    """Return the verdict of some votes.

    Args:
        values: the votes, at least one.
        rule: as for :class:`Jury`.

    Raises:
        DataError: a vote is not a number and the rule needs one.

    Examples:
        >>> decide(["yes", "no", "yes"], "majority"), decide(["yes", "no"], "majority"), decide([4, 5], "mean")
        ('yes', 'no', 4.5)
        >>> decide(["good", "bad"], "majority") is None
        True
    """
    if rule in ("majority", "unanimous"):
        return _elected(values, needed=len(values) if rule == "unanimous" else len(values) // 2 + 1)
    numbers = [_number(value, rule) for value in values]
    return {"mean": fmean, "median": median, "min": min, "max": max}[rule](numbers)


def agreement(values: Sequence[Any]) -> float | None:
    """Return the share of pairs of votes that are the same (Fleiss 1971, one item's P_i); None below two votes.

    Examples:
        >>> agreement(["yes", "yes", "no"])
        0.3333333333333333
    """
    n = len(values)
    if n < 2:
        return None
    counts = Counter(_key(value) for value in values)
    return sum(count * (count - 1) for count in counts.values()) / (n * (n - 1))


def _elected(values: Sequence[Any], *, needed: int) -> Any:
    counts = Counter(_key(value) for value in values)
    winner, count = counts.most_common(1)[0]
    if count >= needed:
        return next(value for value in values if _key(value) == winner)
    kinds = {type(value) for value in values}
    for pair, negative in _NEGATIVE.items():
        if kinds == {type(negative)} and pair.issuperset(values):
            return negative
    return None


def _key(value: Any) -> tuple[str, str]:
    """Tell votes apart: True is not 1, and lists and mappings are compared by what they hold."""
    return ("bool" if isinstance(value, bool) else "", repr(value))


def _number(value: Any, rule: str) -> float:
    if value in ("yes", "no"):
        return float(value == "yes")
    if not isinstance(value, (bool, int, float)):
        raise DataError(f"The rule {rule!r} needs numbers, yes/no or bools; a member of the jury said {value!r}.")
    return float(value)


def _only(judge: Judge, feedbacks: tuple[Feedback, ...]) -> Feedback:
    if len(feedbacks) != 1:
        raise DataError(f"Judge {judge.name!r} gives {len(feedbacks)} values; a member of a jury gives one.")
    return feedbacks[0]
