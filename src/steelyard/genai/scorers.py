"""The names of ``mlflow.genai.scorers``, and ours beside them: scorers that are code, and scorers that ask a model."""

# ruff: noqa: F401 - what follows TYPE_CHECKING is found when it is asked for; editors and type checkers see it there
from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard import judges as _judges
from steelyard import scorers as _scorers
from steelyard.records.monitor import ScorerSamplingConfig
from steelyard.scorers import Scorer, make_scorer_ensemble, scorer
from steelyard.scorers.watching import ScorerStatus

if TYPE_CHECKING:
    from steelyard.judges import (
        Completeness,
        ConversationalGuidelines,
        ConversationalRoleAdherence,
        ConversationalSafety,
        ConversationalToolCallEfficiency,
        ConversationCompleteness,
        Correctness,
        Equivalence,
        ExpectationsGuidelines,
        Fluency,
        Guidelines,
        Judge,
        Jury,
        KnowledgeRetention,
        RelevanceToQuery,
        RetrievalGroundedness,
        RetrievalRelevance,
        RetrievalSufficiency,
        Safety,
        Summarization,
        ToolCallCorrectness,
        ToolCallEfficiency,
        UserFrustration,
    )
    from steelyard.scorers import (
        Bleu,
        Contains,
        Cost,
        DocumentMRR,
        DocumentNDCG,
        DocumentPrecision,
        DocumentRecall,
        EnsembleScorer,
        ExactMatch,
        JsonMatch,
        JsonValid,
        LatencyScorer,
        LevenshteinSimilarity,
        PIIDetection,
        RegexMatch,
        ResponseLength,
        RougeL,
        StepCount,
        TokenCount,
        TokenF1,
        ToolCallMatch,
        ToolErrorRate,
        TrajectoryMatch,
    )
    from steelyard.tracking.scorers import delete_scorer, get_scorer, list_scorer_versions, list_scorers

__all__ = [
    "Scorer",
    "ScorerSamplingConfig",
    "ScorerStatus",
    "delete_scorer",
    "get_all_scorers",
    "get_scorer",
    "list_scorer_versions",
    "list_scorers",
    "make_scorer_ensemble",
    "scorer",
]

_REGISTERED = ("delete_scorer", "get_scorer", "list_scorer_versions", "list_scorers")

_WITHOUT_ARGUMENTS = (
    "RetrievalRelevance",
    "RetrievalSufficiency",
    "RetrievalGroundedness",
    "ToolCallCorrectness",
    "ToolCallEfficiency",
    "ExpectationsGuidelines",
    "RelevanceToQuery",
    "Safety",
    "Correctness",
    "Fluency",
    "Completeness",
    "Summarization",
    "Equivalence",
    "PIIDetection",
    "UserFrustration",
    "ConversationCompleteness",
    "ConversationalSafety",
    "ConversationalToolCallEfficiency",
    "ConversationalRoleAdherence",
    "KnowledgeRetention",
)


def __getattr__(name: str) -> object:
    if name in _REGISTERED:
        from steelyard.tracking import scorers as registered

        value = globals()[name] = getattr(registered, name)
        return value
    for room in (_scorers, _judges):
        if name in room.__all__:
            value = globals()[name] = getattr(room, name)
            return value
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*__all__, *_scorers.__all__, *_judges.__all__})


def get_all_scorers() -> list[Scorer]:
    """Return one of each of MLflow's built-in scorers that needs no arguments.

    Those of ours that look for labels or spans are not among them: ordinary rows have neither.

    Examples:
        >>> [scorer.name for scorer in get_all_scorers()][:3]
        ['retrieval_relevance', 'retrieval_sufficiency', 'retrieval_groundedness']
    """
    return [__getattr__(name)() for name in _WITHOUT_ARGUMENTS]  # type: ignore[operator]  # classes, found by name
