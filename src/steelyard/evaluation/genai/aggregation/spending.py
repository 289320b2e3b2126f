"""How long predictions took, and what they cost in tokens and money."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from steelyard.evaluation.genai.aggregation import measures
from steelyard.evaluation.genai.aggregation.lines import Lines
from steelyard.evaluation.genai.aggregation.measures import Measure
from steelyard.evaluation.genai.aggregation.tallies import quantiles
from steelyard.evaluation.genai.aggregation.units import Units
from steelyard.records import MetricInfo
from steelyard.records.metric import Unit

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def measured(lines: Lines, units: Units, order: np.ndarray, *, taken: set[str]) -> Iterator[Measure]:
    """Yield the metrics of what is known of predictions: nothing where no prediction was timed or traced.

    A prediction that failed has no latency: it is missing, with no upper bound on what it would have taken.

    Args:
        lines: as they came.
        units: the lines in order.
        order: of the lines.
        taken: names of feedback; where it is one of ours, ours begins with ``prediction_``.
    """
    latency, tokens, cost = (
        np.asarray(column, dtype=np.float64)[order] for column in (lines.latency, lines.tokens, lines.cost)
    )
    if np.isfinite(latency).any():
        info = partial(_info, "latency", "seconds", taken=taken)
        yield measures.mean(info("mean"), units, latency)
        for name, q in _QUANTILES.items():
            yield measures.quantile(info(name), units, latency, q)
    if np.isfinite(tokens).any():
        info = partial(_info, "tokens", "tokens", taken=taken)
        yield measures.mean(info("mean"), units, tokens)
        yield measures.total(info("total"), units, tokens)
    if np.isfinite(cost).any():
        info = partial(_info, "cost", "score", taken=taken)
        yield measures.mean(info("mean"), units, cost)
        yield measures.total(info("total"), units, cost)


def latencies(lines: Lines) -> dict[str, float]:
    """Return the predictions' p50, p90 and p99 in seconds; nothing if none was timed."""
    found = quantiles(lines.latency, tuple(_QUANTILES.values()))
    return dict(zip(_QUANTILES, found, strict=False))


def _info(what: str, unit: Unit, name: str, *, taken: set[str]) -> MetricInfo:
    prefix = f"prediction_{what}" if what in taken else what
    title = {"mean": "mean", "total": "total"}.get(name, name)
    return MetricInfo(
        name=f"{prefix}/{name}", title=f"{what.capitalize()}, {title}", greater_is_better=False, unit=unit, lower=0.0,
        upper=None, family="latency" if what == "latency" else "tokens and cost",
    )  # fmt: skip
