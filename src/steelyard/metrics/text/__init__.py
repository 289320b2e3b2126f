"""Text metrics: pure functions from columns of texts to columns of scores or of counts that add up."""

from __future__ import annotations

from steelyard.metrics.text.bleu_counts import bleu, bleu_statistics
from steelyard.metrics.text.chrf_counts import chrf, chrf_statistics
from steelyard.metrics.text.columns import is_missing
from steelyard.metrics.text.registry import (
    CORPUS_METRICS,
    TEXT_METRICS,
    CorpusMetric,
    TextMetric,
    how_counted,
    metrics_for,
    row_scores,
    score_rows,
)

__all__ = [
    "CORPUS_METRICS",
    "TEXT_METRICS",
    "CorpusMetric",
    "TextMetric",
    "bleu",
    "bleu_statistics",
    "chrf",
    "chrf_statistics",
    "how_counted",
    "is_missing",
    "metrics_for",
    "row_scores",
    "score_rows",
]
