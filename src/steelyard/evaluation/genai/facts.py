"""What is known of a scorer before it has said anything: so that its numbers keep their kind when it fails."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from steelyard.evaluation.genai.aggregation import ScorerFacts
from steelyard.evaluation.genai.forecast import judged_by
from steelyard.records import ValueKind
from steelyard.scorers import Scorer

_KINDS: dict[Any, ValueKind] = {bool: "boolean", int: "number", float: "number"}


def facts_of(scorer: Scorer, *, planned: int) -> ScorerFacts:
    """Return what aggregating needs to know of a scorer.

    Args:
        scorer: what judges.
        planned: how many verdicts there should be.
    """
    kind, categories = _declared(getattr(scorer, "feedback_value_type", None))
    return ScorerFacts(
        name=scorer.name,
        planned=planned,
        aggregations=scorer.aggregations,
        pass_if=scorer.pass_if,
        session_level=scorer.is_session_level_scorer,
        judged_by=judged_by(scorer),
        kind=kind,
        categories=categories,
    )


def _declared(type_: Any) -> tuple[ValueKind | None, tuple[str, ...]]:
    """Return the kind of values that a judge's type declares, and the words that it may say."""
    if type_ in _KINDS:
        return _KINDS[type_], ()
    if get_origin(type_) is not Literal:
        return None, ()
    words = get_args(type_)
    if not all(isinstance(word, str) for word in words):
        return None, ()
    if {word.casefold() for word in words} == {"yes", "no"}:
        return "boolean", ()
    return "category", words
