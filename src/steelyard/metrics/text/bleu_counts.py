"""BLEU: the share of a translation's word n-grams that its references have, less a penalty for brevity.

Source: Papineni et al. 2002, doi:10.3115/1073083.1073135.

Two definitions live here, because both are in use. ``bleu`` (0 to 1, a mean over rows) is MLflow's, which is Hugging
Face ``evaluate``'s on one row at a time: no smoothing. ``corpus_bleu`` and ``sentence_bleu`` (0 to 100) are
sacrebleu's, signature ``case:mixed|eff:no|tok:13a|smooth:exp`` (``eff:yes`` for sentences).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.text.columns import is_missing, references_of, texts

ORDER = 4
WIDTH = 2 + 2 * ORDER

Smoothing = Literal["exp", "none"]

_SYMBOL = re.compile(r"([{-~\[-` -&(-+:-@/])")
_MARK_AFTER_NON_DIGIT = re.compile(r"([^0-9])([.,])")
_MARK_BEFORE_NON_DIGIT = re.compile(r"([.,])([^0-9])")
_DASH_AFTER_DIGIT = re.compile(r"([0-9])(-)")
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def tokens_13a(text: str) -> list[str]:
    """Split a text as the NIST script mteval-v13a does, which is sacrebleu's default.

    Examples:
        >>> tokens_13a("It costs $3.50, nearly.")
        ['It', 'costs', '$', '3.50', ',', 'nearly', '.']
    """
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    text = _SYMBOL.sub(r" \1 ", f" {text} ")
    if "." in text or "," in text:
        text = _MARK_AFTER_NON_DIGIT.sub(r"\1 \2 ", text)
        text = _MARK_BEFORE_NON_DIGIT.sub(r" \1 \2", text)
    if "-" in text:
        text = _DASH_AFTER_DIGIT.sub(r"\1 \2 ", text)
    return text.split()


def bleu_statistics(predictions: object, references: object) -> np.ndarray:
    """Return the counts that BLEU is made of, one row each; BLEU of any set of rows is ``bleu`` of their sum.

    With several references, a row's reference length is the one closest to the prediction's (the shorter of equals),
    and an n-gram may match as often as it stands in the reference that has most of it, as in sacrebleu.

    Returns:
        Shape (n, 10), int64: predicted length, reference length, matches of orders 1 to 4, n-grams predicted of orders
        1 to 4. A row with a missing prediction or reference is zeros: see ``is_missing``.

    Examples:
        >>> bleu_statistics(["a b c"], ["a b d e"]).tolist()
        [[3, 4, 2, 1, 0, 0, 3, 2, 1, 0]]
    """
    return _statistics(predictions, references, read=lambda text: tokens_13a(text.rstrip()), reference_length=_closest)


def bleu(statistics: np.ndarray, *, smoothing: Smoothing = "exp", effective_order: bool = False) -> np.ndarray:
    """Return BLEU, 0 to 100, of summed statistics.

    Args:
        statistics: shape (..., 10), sums of rows of ``bleu_statistics``, perhaps weighted: one score for each leading
            index, so all replicates of a bootstrap are one call.
        smoothing: ``exp`` halves the credit of each further order without a match (NIST); ``none`` makes it 0.
        effective_order: use only the orders that the prediction is long enough for, as is right for single sentences.

    Returns:
        Shape (...), float64; NaN where there is no text at all, on either side (sacrebleu says 0).

    Examples:
        >>> stats = bleu_statistics(["the cat sat on the mat", "hello there"], ["the cat sat on a mat", "hello there"])
        >>> round(float(bleu(stats.sum(axis=0))), 4)
        55.8395
    """
    stats = np.asarray(statistics, dtype=np.float64)
    if stats.shape[-1:] != (WIDTH,):
        raise InvalidArgument(f"BLEU needs statistics of shape (..., {WIDTH}); these have shape {stats.shape}.")
    length, expected = stats[..., 0], stats[..., 1]
    matches, totals = stats[..., 2 : 2 + ORDER], stats[..., 2 + ORDER :]
    with np.errstate(divide="ignore", invalid="ignore"):
        credit = np.where(matches > 0, matches, 0.0)
        if smoothing == "exp":
            unmatched = (matches <= 0) & (totals > 0)
            credit = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), credit)
        logs = np.log(credit / totals)  # -inf without credit, NaN without n-grams
        used = totals > 0
        orders = used.sum(axis=-1) if effective_order else ORDER
        mean = np.where(used, logs, 0.0 if effective_order else -np.inf).sum(axis=-1) / orders
        brevity = np.where(length < expected, np.exp(1 - expected / length), 1.0)
        score = 100 * brevity * np.exp(mean)
    score = np.where((matches > 0).any(axis=-1), score, 0.0)
    return np.where((length > 0) | (expected > 0), score, np.nan)


def sentence_bleu(predictions: object, references: object) -> np.ndarray:
    """Return sacrebleu's sentence BLEU of each row, 0 to 100, smoothed and of effective order; NaN where missing."""
    statistics = bleu_statistics(predictions, references)
    return _by_row(predictions, references, bleu(statistics, effective_order=True))


def row_bleu(predictions: object, references: object) -> np.ndarray:
    """Return MLflow's BLEU of each row, 0 to 1: orders 1 to 4 without smoothing, so under four words it is 0.

    With several references the shortest one sets the length, as in Hugging Face ``evaluate``. An empty prediction or
    reference scores 0. NaN where missing.

    Examples:
        >>> row_bleu(["the cat sat on the mat", "hello there"], ["the cat sat on the mat", "hello there"]).tolist()
        [1.0, 0.0]
    """
    statistics = _statistics(predictions, references, read=tokens_13a, reference_length=_shortest)
    # one multiplication of rounding must not lift a perfect row above 1
    return np.minimum(_by_row(predictions, references, bleu(statistics, smoothing="none")) / 100, 1.0)


def _statistics(
    predictions: object,
    references: object,
    *,
    read: Callable[[str], list[str]],
    reference_length: Callable[[int, Iterable[int]], int],
) -> np.ndarray:
    hypotheses, sets = texts(predictions), references_of(references)
    if len(hypotheses) != len(sets):
        raise InvalidArgument(f"There are {len(hypotheses)} predictions and {len(sets)} references: give one a row.")
    out = np.zeros((len(hypotheses), WIDTH), dtype=np.int64)
    for row, (hypothesis, refs) in enumerate(zip(hypotheses, sets, strict=True)):
        if hypothesis is None or not refs:
            continue
        words, others = read(hypothesis), [read(ref) for ref in refs]
        out[row, 0] = len(words)
        out[row, 1] = reference_length(len(words), map(len, others))
        for order in range(1, ORDER + 1):
            total = max(len(words) - order + 1, 0)
            out[row, 1 + ORDER + order] = total
            if total:
                out[row, 1 + order] = _matches(words, others, order)
            if not out[row, 1 + order]:  # a longer n-gram cannot match where none of its parts does
                out[row, 2 + ORDER + order :] = np.maximum(total - np.arange(1, ORDER - order + 1), 0)
                break
    return out


def _matches(words: Sequence[str], references: Sequence[Sequence[str]], order: int) -> int:
    ours = _ngrams(words, order)
    theirs = _ngrams(references[0], order)
    for reference in references[1:]:
        theirs |= _ngrams(reference, order)
    return sum([min(ours[gram], theirs[gram]) for gram in ours.keys() & theirs.keys()])


def _ngrams(words: Sequence[str], order: int) -> Counter:
    if order == 1:
        return Counter(words)
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))


def _closest(length: int, lengths: Iterable[int]) -> int:
    return min(lengths, key=lambda other: (abs(other - length), other))


def _shortest(_: int, lengths: Iterable[int]) -> int:
    return min(lengths)


def _by_row(predictions: object, references: object, scores: np.ndarray) -> np.ndarray:
    """Tell a missing row (NaN) from one whose texts are empty (0)."""
    return np.where(is_missing(predictions, references), np.nan, np.nan_to_num(scores, nan=0.0))
