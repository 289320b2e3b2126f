"""All statistics of agreement at once, with what is needed to read them: how many, how often which value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement.alpha import alpha_of
from steelyard.metrics.agreement.closeness import MOST_CATEGORIES, weights_of
from steelyard.metrics.agreement.cohen import cohen_of
from steelyard.metrics.agreement.many_raters import corrected_of
from steelyard.metrics.agreement.rated import LEVELS, Floats, Level, Rated, Value, read_ratings
from steelyard.metrics.agreement.raw import raw_of
from steelyard.metrics.agreement.spread import TOO_MANY_VALUES, undefined
from steelyard.records import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far raters agree, by every statistic that suits their ratings.

    Read raw agreement and prevalence first: where nearly everybody says the same, kappa is near 0 however much they
    agree, and AC1 is the steadier one.

    Args:
        level: the level of measurement that was assumed.
        items: items given, rated or not.
        paired_items: those with at least two ratings, which alone tell of agreement.
        raters: raters who rated anything.
        ratings: ratings given.
        prevalence: each value's share of all ratings, most first; empty for interval and ratio.
        raw: share of pairs of ratings that are the same.
        cohen: Cohen's kappa, None unless there are exactly two raters. Unweighted for nominal, linear weights for
            ordinal, quadratic in the values for interval and ratio.
        cohen_linear: with linear weights, for two raters and any level but nominal; None else.
        cohen_quadratic: with quadratic weights, likewise.
        fleiss: Fleiss' kappa, which is nominal: near misses count as misses.
        krippendorff: Krippendorff's alpha for the level; for sets of texts with Jaccard's distance.
        gwet: Gwet's AC1 for nominal; AC2 with linear weights for ordinal, quadratic for interval and ratio.
    """

    level: Level
    items: int
    paired_items: int
    raters: int
    ratings: int
    prevalence: Mapping[Value, float]
    raw: Estimate
    cohen: Estimate | None
    cohen_linear: Estimate | None
    cohen_quadratic: Estimate | None
    fleiss: Estimate
    krippendorff: Estimate
    gwet: Estimate


def agreement(
    ratings: Sequence[Sequence[Value | None]],
    *,
    level: Level = "nominal",
    categories: Sequence[Value] | None = None,
    confidence: float = 0.95,
    replicates: int = 1000,
    key: int = 0,
) -> Agreement:
    """Return how far raters agree: raw, Cohen, Fleiss, Krippendorff and Gwet, each with its interval.

    What cannot be had (fewer than two items with two ratings, one value only) is an estimate without a value whose
    ``method`` says why. The order of items and of raters changes nothing. See each function for its sources.

    Args:
        ratings: items, each with one value per rater: a bool, a text, a number or a set (list) of texts; None is
            missing.
        level: ``nominal``; ``ordinal`` (numbers, or texts with ``categories``); ``interval`` or ``ratio`` (numbers).
        categories: all values that could be given, in their order. It matters to ordinal and to Gwet's, to whom a
            value that nobody chose counts too.
        confidence: nominal coverage of all intervals.
        replicates: bootstrap replicates, for raw agreement of three or more and for alpha.
        key: seed of the bootstrap.

    Raises:
        InvalidArgument: an unknown level, ragged items, or values that do not suit the level.

    Examples:
        >>> shown = agreement([[True, True], [True, False], [False, False], [True, True]])
        >>> round(shown.raw.value, 2), round(shown.cohen.value, 2), round(shown.gwet.value, 4), shown.prevalence
        (0.75, 0.5, 0.5294, {True: 0.625, False: 0.375})
    """
    if level not in LEVELS:
        message = f"level must be one of {', '.join(LEVELS)}; it is {level!r}."
        raise InvalidArgument(message)
    rated = read_ratings(ratings, categories=categories, ordered=level == "ordinal")
    places = _places(rated, level)
    main = {"nominal": None, "ordinal": "linear"}.get(level, "quadratic")
    linear = quadratic = None
    if level != "nominal":
        linear = _cohen(rated, "linear", places, confidence)
        quadratic = _cohen(rated, "quadratic", places, confidence)
    plain = _cohen(rated, None, places, confidence) if main is None else None
    return Agreement(
        level=level,
        items=len(rated.codes),
        paired_items=len(rated.paired),
        raters=int((rated.codes >= 0).any(axis=0).sum()),
        ratings=int((rated.codes >= 0).sum()),
        prevalence=_prevalence(rated) if level in ("nominal", "ordinal") else {},
        raw=raw_of(rated, confidence, replicates, key),
        cohen={None: plain, "linear": linear, "quadratic": quadratic}[main],
        cohen_linear=linear,
        cohen_quadratic=quadratic,
        fleiss=corrected_of(rated.packed, len(rated.categories), None, "fleiss", confidence),
        krippendorff=alpha_of(rated, _distance(rated, level), confidence, replicates, key),
        gwet=_gwet(rated, main, places, confidence),
    )


def _places(rated: Rated, level: str) -> Floats:
    if level in ("interval", "ratio"):
        return rated.numbers(level)
    return np.arange(len(rated.categories), dtype=np.float64)


def _cohen(rated: Rated, weights: str | None, places: Floats, confidence: float) -> Estimate | None:
    rated_any = (rated.codes >= 0).any(axis=0)
    if int(rated_any.sum()) != 2:
        return None
    two = Rated(rated.codes[:, rated_any], rated.packed, rated.categories)
    return cohen_of(two, weights, places, confidence)


def _gwet(rated: Rated, weights: str | None, places: Floats, confidence: float) -> Estimate:
    q = len(rated.categories)
    if weights is not None and q > MOST_CATEGORIES:
        return undefined(TOO_MANY_VALUES, len(rated.paired), confidence)
    return corrected_of(rated.packed, q, weights_of(weights, places), "gwet", confidence)


def _distance(rated: Rated, level: str) -> str:
    return "jaccard" if level == "nominal" and rated.has_sets else level


def _prevalence(rated: Rated) -> dict[Value, float]:
    counts = np.bincount(rated.codes[rated.codes >= 0], minlength=len(rated.categories))
    shares: dict[Value, float] = {}
    for code in np.argsort(-counts, kind="stable"):
        if counts[code]:
            value = rated.categories[code]
            shares[value] = shares.get(value, 0.0) + float(counts[code] / counts.sum())
    return shares
