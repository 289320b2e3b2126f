"""The names of ``mlflow.genai.judges``, and ours beside them: judges that are made, and judges as functions."""

# ruff: noqa: F401 - what follows TYPE_CHECKING is found when it is asked for; editors and type checkers see it there
from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard import judges as _judges
from steelyard.judges import make_judge

if TYPE_CHECKING:
    from steelyard.judges import (
        Alignment,
        AlignmentOptimizer,
        BaseSimulatedUserAgent,
        CategoricalRating,
        Completeness,
        ConversationalGuidelines,
        ConversationalRoleAdherence,
        ConversationalSafety,
        ConversationalToolCallEfficiency,
        ConversationCompleteness,
        ConversationSimulator,
        Correctness,
        Equivalence,
        ExpectationsGuidelines,
        Fluency,
        GEPAAlignmentOptimizer,
        Guidelines,
        InstructionsJudge,
        Judge,
        Jury,
        KnowledgeRetention,
        PairOutcome,
        PairwiseJudge,
        PairwiseResult,
        RelevanceToQuery,
        RetrievalGroundedness,
        RetrievalRelevance,
        RetrievalSufficiency,
        Safety,
        SimulatedCase,
        SimulatedUserAgent,
        SimulatorContext,
        Summarization,
        ToolCallCorrectness,
        ToolCallEfficiency,
        UserFrustration,
        acompare_pairwise,
        compare_pairwise,
        custom_prompt_judge,
        define,
        fitting,
        is_context_relevant,
        is_context_sufficient,
        is_correct,
        is_grounded,
        is_safe,
        is_tool_call_correct,
        is_tool_call_efficient,
        labelled,
        make_pairwise_judge,
        meets_guidelines,
        message_parameter,
        repeat,
        scorer_from,
        scorer_of,
        settle,
        settle_now,
    )

__all__ = ["make_judge"]


def __getattr__(name: str) -> object:
    if name not in _judges.__all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = globals()[name] = getattr(_judges, name)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_judges.__all__})
