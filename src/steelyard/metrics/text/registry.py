"""Every text metric by name: what it is, what it needs, and the function that counts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from steelyard._lib.names import nearest
from steelyard.errors import InvalidArgument
from steelyard.metrics.text import (
    bleu_counts,
    chrf_counts,
    length,
    match,
    readability,
    rouge,
    syllables,
    token_count,
)
from steelyard.records import MetricInfo

DISTRIBUTION = ("mean", "variance", "p90")


@dataclass(frozen=True, slots=True)
class TextMetric:
    """A metric that scores one row at a time, and is told by the distribution of its scores.

    Args:
        info: name without version or aggregate, title, range.
        needs_reference: whether ``per_row`` takes references after the predictions.
        per_row: columns in, scores of shape (n,) out, NaN where missing or undefined.
        version: MLflow's, which stands in the logged name: ``<name>/<version>/<aggregation>``; None leaves it out.
        aggregations: what is logged of the scores; empty means their mean, under ``<name>/<version>`` alone.
        note: what a reader of the number must know.
    """

    info: MetricInfo
    needs_reference: bool
    per_row: Callable[..., np.ndarray]
    version: str | None = None
    aggregations: tuple[str, ...] = DISTRIBUTION
    note: str = ""


@dataclass(frozen=True, slots=True)
class CorpusMetric:
    """A metric of all rows together: a function of counts that add up over rows.

    Args:
        info: name, title, range.
        statistics: (predictions, references) to counts of shape (n, width), int64; zeros for missing rows.
        finalise: summed counts of shape (..., width) to values of shape (...).
        width: counts a row.
        note: what a reader of the number must know.
    """

    info: MetricInfo
    statistics: Callable[[object, object], np.ndarray]
    finalise: Callable[[np.ndarray], np.ndarray]
    width: int
    note: str = ""


def _share(name: str, title: str, *, family: str = "text", headline: bool = False) -> MetricInfo:
    return MetricInfo(name=name, title=title, family=family, headline=headline)


def _hundred(name: str, title: str, *, headline: bool = False) -> MetricInfo:
    return MetricInfo(name=name, title=title, unit="score", upper=100.0, family="text", headline=headline)


def _number(name: str, title: str, **ends: Any) -> MetricInfo:
    shape: dict[str, Any] = {"unit": "count", "upper": None, "greater_is_better": None, "family": "text shape"}
    return MetricInfo(name=name, title=title, **(shape | ends))


def _rouge(name: str, title: str, note: str = "") -> TextMetric:
    def per_row(predictions: object, references: object) -> np.ndarray:
        return rouge.rouge(predictions, references, [name])[name]

    note = note or "words of a-z and 0-9 without stemming, as Google's rouge_score"
    return TextMetric(_share(name, title, headline=name == "rougeL"), True, per_row, "v1", note=note)


_SYLLABLES = "made for English; textstat's value where NLTK's cmudict and pyphen are at hand, else syllables by rule"
_HUGGING_FACE = "unsmoothed, tokens 13a, as Hugging Face evaluate on each row; 0 under four words"
_TOKENS = "cl100k_base where tiktoken and its table are at hand, else an estimate"
_SACRE = "sacrebleu, 0 to 100; several references allowed"
_grade = partial(_number, unit="score", lower=None, family="readability")

_ROW_METRICS = (
    TextMetric(_share("exact_match", "Exact match", headline=True), True, match.exact_match, "v1", ()),
    TextMetric(
        _share("normalized_exact_match", "Exact match, normalised"),
        needs_reference=True,
        per_row=match.normalized_exact_match,
        aggregations=(),
        note="case, punctuation and English articles removed, as SQuAD",
    ),
    TextMetric(_share("token_f1", "Token F1", headline=True), True, match.token_f1, note="as SQuAD 2.0"),
    _rouge("rouge1", "ROUGE-1"),
    _rouge("rouge2", "ROUGE-2"),
    _rouge("rougeL", "ROUGE-L"),
    _rouge("rougeLsum", "ROUGE-Lsum", "each line is a sentence, as Google's rouge_score"),
    TextMetric(_share("bleu", "BLEU of rows"), True, bleu_counts.row_bleu, "v1", note=_HUGGING_FACE),
    TextMetric(_hundred("sentence_bleu", "Sentence BLEU"), True, bleu_counts.sentence_bleu, note=_SACRE),
    TextMetric(_hundred("chrf", "chrF of rows"), True, chrf_counts.row_chrf, note=_SACRE),
    TextMetric(_number("length_ratio", "Length ratio", unit="score"), True, length.length_ratio),
    TextMetric(_number("char_count", "Characters"), False, length.char_count),
    TextMetric(_number("word_count", "Words"), False, readability.word_count, note="as textstat; split at blanks"),
    TextMetric(_number("sentence_count", "Sentences"), False, readability.sentence_count, note="as textstat"),
    TextMetric(_number("token_count", "Tokens", unit="tokens"), False, token_count.token_count, note=_TOKENS),
    TextMetric(
        _grade("flesch_kincaid_grade_level", "Flesch–Kincaid grade"),
        needs_reference=False,
        per_row=readability.flesch_kincaid_grade_level,
        version="v1",
        note=_SYLLABLES,
    ),
    TextMetric(_grade("ari_grade_level", "ARI grade"), False, readability.ari_grade_level, "v1", note="as textstat"),
    TextMetric(
        _grade("flesch_reading_ease", "Flesch reading ease", upper=206.835),
        needs_reference=False,
        per_row=readability.flesch_reading_ease,
        note=_SYLLABLES,
    ),
    TextMetric(_share("distinct_1", "Distinct words", family="text shape"), False, length.distinct),
    TextMetric(_share("distinct_2", "Distinct bigrams", family="text shape"), False, partial(length.distinct, order=2)),
)

TEXT_METRICS: Mapping[str, TextMetric] = {metric.info.name: metric for metric in _ROW_METRICS}
"""The metrics that score single rows, by name."""

CORPUS_METRICS: Mapping[str, CorpusMetric] = {
    "corpus_bleu": CorpusMetric(
        _hundred("corpus_bleu", "BLEU", headline=True),
        statistics=bleu_counts.bleu_statistics,
        finalise=bleu_counts.bleu,
        width=bleu_counts.WIDTH,
        note="sacrebleu: tokens 13a, exponential smoothing, 0 to 100",
    ),
    "corpus_chrf": CorpusMetric(
        _hundred("corpus_chrf", "chrF", headline=True),
        statistics=chrf_counts.chrf_statistics,
        finalise=chrf_counts.chrf,
        width=chrf_counts.WIDTH,
        note="sacrebleu: chrF2, six orders, 0 to 100",
    ),
}
"""The metrics that are functions of summed counts, by name."""

_SHAPE = ("token_count", "flesch_kincaid_grade_level", "ari_grade_level", "flesch_reading_ease")
_LENGTHS = ("char_count", "word_count", "sentence_count", "distinct_1", "distinct_2")
_BY_MODEL_TYPE = {
    "text": (*_SHAPE, *_LENGTHS),
    "question-answering": ("exact_match", "normalized_exact_match", "token_f1", *_SHAPE, *_LENGTHS),
    "text-summarization": (*rouge.ROUGE, "corpus_bleu", "corpus_chrf", "length_ratio", *_SHAPE, *_LENGTHS),
}


def metrics_for(model_type: str) -> tuple[str, ...]:
    """Return the names that an evaluation of this type counts unasked, from ``TEXT_METRICS`` and ``CORPUS_METRICS``.

    MLflow's set is among them, but for ``toxicity``, which is a model's opinion and needs the model.

    Raises:
        InvalidArgument: the type is none of ``question-answering``, ``text-summarization``, ``text``.

    Examples:
        >>> metrics_for("question-answering")[:3]
        ('exact_match', 'normalized_exact_match', 'token_f1')
    """
    if model_type not in _BY_MODEL_TYPE:
        close = nearest(model_type, _BY_MODEL_TYPE)
        hint = f" Did you mean {close!r}?" if close else f" Choose one of {', '.join(map(repr, _BY_MODEL_TYPE))}."
        raise InvalidArgument(f"model_type={model_type!r} is no type of text evaluation.{hint}")
    return _BY_MODEL_TYPE[model_type]


def row_scores(name: str, predictions: object, references: object | None = None, **options: Any) -> np.ndarray:
    """Return a metric's score of each row.

    Args:
        name: a name in ``TEXT_METRICS``.
        predictions: n texts, None where missing.
        references: n texts or lists of texts, None where missing; not looked at by a metric that needs none.
        options: passed to the metric, such as ``syllables="rules"``.

    Returns:
        Shape (n,), float64; NaN where the row is missing or the score is undefined.

    Raises:
        InvalidArgument: an unknown name or option, or no references for a metric that needs them.
        DataError: a cell is not text; the message names its row.

    Examples:
        >>> row_scores("token_f1", ["the answer is 42", None], ["42", "43"]).tolist()
        [0.5, nan]
    """
    metric = _metric(name)
    if not metric.needs_reference:
        return metric.per_row(predictions, **options)
    if references is None:
        raise InvalidArgument(f"The metric {name!r} compares with references: give references (targets).")
    return metric.per_row(predictions, references, **options)


def score_rows(names: Sequence[str], predictions: object, references: object | None = None) -> dict[str, np.ndarray]:
    """Return the scores of several metrics at once; what they have in common is read once (all kinds of ROUGE).

    Examples:
        >>> sorted(score_rows(["rouge1", "rougeL", "char_count"], ["a b"], ["a b"]))
        ['char_count', 'rouge1', 'rougeL']
    """
    kinds = [name for name in names if name in rouge.ROUGE]
    together = rouge.rouge(predictions, references, kinds) if len(kinds) > 1 and references is not None else {}
    return {name: together[name] if name in together else row_scores(name, predictions, references) for name in names}


def how_counted(name: str) -> str:
    """Return what a reader of this metric must know, as it is on this machine.

    Examples:
        >>> how_counted("ari_grade_level")
        'as textstat'
    """
    if name in CORPUS_METRICS:
        return CORPUS_METRICS[name].note
    if name == "token_count":
        return "cl100k_base by tiktoken" if token_count.has_table() else "estimated, as tiktoken's table is not here"
    if name in ("flesch_kincaid_grade_level", "flesch_reading_ease"):
        dictionary = "syllables by NLTK's cmudict and pyphen, as textstat"
        return dictionary if syllables.has_dictionary() else "syllables by rule, as NLTK's cmudict is not here"
    return _metric(name).note


def _metric(name: str) -> TextMetric:
    if name in TEXT_METRICS:
        return TEXT_METRICS[name]
    if name in CORPUS_METRICS:
        raise InvalidArgument(f"{name!r} is a metric of all rows together: sum its statistics, then finalise them.")
    close = nearest(name, TEXT_METRICS)
    raise InvalidArgument(f"There is no text metric {name!r}.{f' Did you mean {close!r}?' if close else ''}")
