"""Ranking metrics, in two forms: lists of retrieved ids, and scored documents with relevance grades."""

from __future__ import annotations

from steelyard.metrics.ranking.measures import (
    average_precision,
    dcg,
    hit_rate,
    ndcg,
    precision,
    query_scores,
    recall,
    reciprocal_rank,
)
from steelyard.metrics.ranking.ranked import Ranked, rank
from steelyard.metrics.ranking.retrieval import metric_infos, row_scores

__all__ = [
    "Ranked",
    "average_precision",
    "dcg",
    "hit_rate",
    "metric_infos",
    "ndcg",
    "precision",
    "query_scores",
    "rank",
    "recall",
    "reciprocal_rank",
    "row_scores",
]
