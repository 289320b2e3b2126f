"""Is this row good: scorers that are code. What needs a language model is in the room of judges.

Names are imported on first use: a scorer that is a function does not pay for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.scorers.adapting import AdaptedScorer, as_scorer
    from steelyard.scorers.assessing import aassess, assess, check
    from steelyard.scorers.chat import chat_messages, conversation, request_text, response_text
    from steelyard.scorers.definition import Aggregation, CodeScorer, Scorer, scorer
    from steelyard.scorers.documents import Document, retrieved_documents, retriever_spans
    from steelyard.scorers.ensembles import (
        EnsembleScorer,
        agg_all,
        agg_any,
        majority_vote,
        make_scorer_ensemble,
        maximum,
        mean,
        minimum,
    )
    from steelyard.scorers.fingerprints import fingerprint
    from steelyard.scorers.matching import (
        Bleu,
        Contains,
        ExactMatch,
        JsonMatch,
        JsonValid,
        LevenshteinSimilarity,
        RougeL,
        TokenF1,
    )
    from steelyard.scorers.reading import read
    from steelyard.scorers.retrieval import DocumentMRR, DocumentNDCG, DocumentPrecision, DocumentRecall
    from steelyard.scorers.rules import PIIDetection, RegexMatch, ResponseLength
    from steelyard.scorers.span_trees import ToolCall, tool_calls, trajectory
    from steelyard.scorers.spending import Cost, LatencyScorer, TokenCount
    from steelyard.scorers.steps import StepCount, ToolCallMatch, ToolErrorRate, TrajectoryMatch, compare_tool_calls
    from steelyard.scorers.views import CaseView

_HOMES = {
    "adapting": (
        "AdaptedScorer",
        "as_scorer",
    ),
    "assessing": (
        "aassess",
        "assess",
        "check",
    ),
    "chat": (
        "chat_messages",
        "conversation",
        "request_text",
        "response_text",
    ),
    "definition": (
        "Aggregation",
        "CodeScorer",
        "Scorer",
        "scorer",
    ),
    "documents": (
        "Document",
        "retrieved_documents",
        "retriever_spans",
    ),
    "ensembles": (
        "EnsembleScorer",
        "agg_all",
        "agg_any",
        "majority_vote",
        "make_scorer_ensemble",
        "maximum",
        "mean",
        "minimum",
    ),
    "fingerprints": ("fingerprint",),
    "matching": (
        "Bleu",
        "Contains",
        "ExactMatch",
        "JsonMatch",
        "JsonValid",
        "LevenshteinSimilarity",
        "RougeL",
        "TokenF1",
    ),
    "reading": ("read",),
    "retrieval": (
        "DocumentMRR",
        "DocumentNDCG",
        "DocumentPrecision",
        "DocumentRecall",
    ),
    "rules": (
        "PIIDetection",
        "RegexMatch",
        "ResponseLength",
    ),
    "span_trees": (
        "ToolCall",
        "tool_calls",
        "trajectory",
    ),
    "spending": (
        "Cost",
        "LatencyScorer",
        "TokenCount",
    ),
    "steps": (
        "StepCount",
        "ToolCallMatch",
        "ToolErrorRate",
        "TrajectoryMatch",
        "compare_tool_calls",
    ),
    "views": ("CaseView",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AdaptedScorer",
    "Aggregation",
    "Bleu",
    "CaseView",
    "CodeScorer",
    "Contains",
    "Cost",
    "Document",
    "DocumentMRR",
    "DocumentNDCG",
    "DocumentPrecision",
    "DocumentRecall",
    "EnsembleScorer",
    "ExactMatch",
    "JsonMatch",
    "JsonValid",
    "LatencyScorer",
    "LevenshteinSimilarity",
    "PIIDetection",
    "RegexMatch",
    "ResponseLength",
    "RougeL",
    "Scorer",
    "StepCount",
    "TokenCount",
    "TokenF1",
    "ToolCall",
    "ToolCallMatch",
    "ToolErrorRate",
    "TrajectoryMatch",
    "aassess",
    "agg_all",
    "agg_any",
    "as_scorer",
    "assess",
    "chat_messages",
    "check",
    "compare_tool_calls",
    "conversation",
    "fingerprint",
    "majority_vote",
    "make_scorer_ensemble",
    "maximum",
    "mean",
    "minimum",
    "read",
    "request_text",
    "response_text",
    "retrieved_documents",
    "retriever_spans",
    "scorer",
    "tool_calls",
    "trajectory",
]

__getattr__ = lazy_names(__name__, _HOME_OF)
