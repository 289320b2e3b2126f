"""Is this row good, asked of a language model: judges made of instructions, the built-in ones, pairs and juries.

What is judged is delimited data and never becomes part of an instruction (see ``blocks``); answers are read strictly
(see ``values``). Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.judges.alignment import Alignment
    from steelyard.judges.asking import settle, settle_now
    from steelyard.judges.builtin.answers import (
        Completeness,
        Correctness,
        Equivalence,
        Fluency,
        RelevanceToQuery,
        Safety,
        Summarization,
    )
    from steelyard.judges.builtin.contexts import RetrievalGroundedness, RetrievalRelevance, RetrievalSufficiency
    from steelyard.judges.builtin.guidelines import ExpectationsGuidelines, Guidelines
    from steelyard.judges.builtin.sessions import (
        ConversationalGuidelines,
        ConversationalRoleAdherence,
        ConversationalSafety,
        ConversationalToolCallEfficiency,
        ConversationCompleteness,
        KnowledgeRetention,
        UserFrustration,
    )
    from steelyard.judges.builtin.tool_calls import ToolCallCorrectness, ToolCallEfficiency
    from steelyard.judges.contest import PairOutcome, PairwiseResult, acompare_pairwise, compare_pairwise
    from steelyard.judges.custom_prompt import custom_prompt_judge
    from steelyard.judges.functions import (
        is_context_relevant,
        is_context_sufficient,
        is_correct,
        is_grounded,
        is_safe,
        is_tool_call_correct,
        is_tool_call_efficient,
        meets_guidelines,
    )
    from steelyard.judges.judge import CategoricalRating, Judge
    from steelyard.judges.jury import Jury
    from steelyard.judges.making import InstructionsJudge, make_judge
    from steelyard.judges.optimizers import AlignmentOptimizer, GEPAAlignmentOptimizer
    from steelyard.judges.pairwise import PairwiseJudge, make_pairwise_judge
    from steelyard.judges.registering import define, scorer_from, scorer_of
    from steelyard.judges.repeating import repeat
    from steelyard.judges.simulation import (
        BaseSimulatedUserAgent,
        ConversationSimulator,
        SimulatedCase,
        SimulatedUserAgent,
        SimulatorContext,
        fitting,
        labelled,
        message_parameter,
    )

_HOMES = {
    "alignment": ("Alignment",),
    "asking": (
        "settle",
        "settle_now",
    ),
    "builtin.answers": (
        "Completeness",
        "Correctness",
        "Equivalence",
        "Fluency",
        "RelevanceToQuery",
        "Safety",
        "Summarization",
    ),
    "builtin.contexts": (
        "RetrievalGroundedness",
        "RetrievalRelevance",
        "RetrievalSufficiency",
    ),
    "builtin.guidelines": (
        "ExpectationsGuidelines",
        "Guidelines",
    ),
    "builtin.sessions": (
        "ConversationCompleteness",
        "ConversationalGuidelines",
        "ConversationalRoleAdherence",
        "ConversationalSafety",
        "ConversationalToolCallEfficiency",
        "KnowledgeRetention",
        "UserFrustration",
    ),
    "builtin.tool_calls": (
        "ToolCallCorrectness",
        "ToolCallEfficiency",
    ),
    "contest": (
        "PairOutcome",
        "PairwiseResult",
        "acompare_pairwise",
        "compare_pairwise",
    ),
    "custom_prompt": ("custom_prompt_judge",),
    "functions": (
        "is_context_relevant",
        "is_context_sufficient",
        "is_correct",
        "is_grounded",
        "is_safe",
        "is_tool_call_correct",
        "is_tool_call_efficient",
        "meets_guidelines",
    ),
    "judge": (
        "CategoricalRating",
        "Judge",
    ),
    "jury": ("Jury",),
    "making": (
        "InstructionsJudge",
        "make_judge",
    ),
    "optimizers": (
        "AlignmentOptimizer",
        "GEPAAlignmentOptimizer",
    ),
    "pairwise": (
        "PairwiseJudge",
        "make_pairwise_judge",
    ),
    "registering": (
        "define",
        "scorer_from",
        "scorer_of",
    ),
    "repeating": ("repeat",),
    "simulation": (
        "BaseSimulatedUserAgent",
        "ConversationSimulator",
        "SimulatedCase",
        "SimulatedUserAgent",
        "SimulatorContext",
        "fitting",
        "labelled",
        "message_parameter",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Alignment",
    "AlignmentOptimizer",
    "BaseSimulatedUserAgent",
    "CategoricalRating",
    "Completeness",
    "ConversationCompleteness",
    "ConversationSimulator",
    "ConversationalGuidelines",
    "ConversationalRoleAdherence",
    "ConversationalSafety",
    "ConversationalToolCallEfficiency",
    "Correctness",
    "Equivalence",
    "ExpectationsGuidelines",
    "Fluency",
    "GEPAAlignmentOptimizer",
    "Guidelines",
    "InstructionsJudge",
    "Judge",
    "Jury",
    "KnowledgeRetention",
    "PairOutcome",
    "PairwiseJudge",
    "PairwiseResult",
    "RelevanceToQuery",
    "RetrievalGroundedness",
    "RetrievalRelevance",
    "RetrievalSufficiency",
    "Safety",
    "SimulatedCase",
    "SimulatedUserAgent",
    "SimulatorContext",
    "Summarization",
    "ToolCallCorrectness",
    "ToolCallEfficiency",
    "UserFrustration",
    "acompare_pairwise",
    "compare_pairwise",
    "custom_prompt_judge",
    "define",
    "fitting",
    "is_context_relevant",
    "is_context_sufficient",
    "is_correct",
    "is_grounded",
    "is_safe",
    "is_tool_call_correct",
    "is_tool_call_efficient",
    "labelled",
    "make_judge",
    "make_pairwise_judge",
    "meets_guidelines",
    "message_parameter",
    "repeat",
    "scorer_from",
    "scorer_of",
    "settle",
    "settle_now",
]

__getattr__ = lazy_names(__name__, _HOME_OF)
