"""The metrics of one feedback: its aggregations, the shares of its categories, how often it passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from steelyard.evaluation.genai.aggregation import measures, repeated
from steelyard.evaluation.genai.aggregation.found import Aggregation, Passing, ScorerFacts
from steelyard.evaluation.genai.aggregation.measures import Measure
from steelyard.evaluation.genai.aggregation.settling import Settled
from steelyard.evaluation.genai.aggregation.units import Units, folded
from steelyard.records import MetricInfo, NamedFeedback

MOST_BINS = 20
LONGEST_NAME = 250
"""The longest name of a metric that a store takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What was said under one name, on the lines that its scorer looked at.

    Args:
        name: of the feedback.
        facts: of the scorer.
        settled: its values on those lines.
        units: those lines.
        row: the row number of each, ascending.
        repeats: how often each row was to be scored.
    """

    name: str
    facts: ScorerFacts
    settled: Settled
    units: Units
    row: np.ndarray
    repeats: int
    warnings: list[str] = field(default_factory=list)

    def measures(self) -> Iterator[Measure]:
        """Yield every metric, the one shown first first."""
        kind = self.settled.kind
        if kind in ("boolean", "number", "none"):
            for told in ("mean",) if self.facts.aggregations is None else self.facts.aggregations:
                measure = self._aggregated(told)
                if measure is not None:
                    yield measure
        if kind == "category":
            yield from self._shares()
        if self.facts.pass_if is not None:
            info = self._info("pass_rate", f"{self.name}, passing", unit=True)
            yield measures.mean(info, self.units, self.settled.passed, share=True)
        if self.repeats > 1:
            yield from self._over_repeats()

    @property
    def metric(self) -> str:
        """The name of the metric that is shown first; empty if there is none."""
        kind, told = self.settled.kind, self.facts.aggregations
        if kind in ("boolean", "number", "none") and (told is None or "mean" in told):
            return f"{self.name}/mean"
        if kind in ("boolean", "number", "none") and told:
            return f"{self.name}/{_name(told[0])}"
        return f"{self.name}/pass_rate" if self.facts.pass_if is not None else ""

    @property
    def passing(self) -> Passing:
        """How many of its values passed."""
        passed = self.settled.passed
        n, good, bad = (int(a.sum()) for a in (np.isfinite(self.settled.x), passed == 1, passed == 0))
        planned = int(self.units.planned()[0])
        return Passing(name=self.name, passed=good, failed=bad, unjudged=n - good - bad, missing=planned - n)

    def named(self) -> NamedFeedback:
        """Return what pages show of it: how many values, and how they are distributed."""
        x = self.settled.x[np.isfinite(self.settled.x)]
        common = NamedFeedback(
            name=self.name, scorer=self.facts.name, kind=self.settled.kind, metric=self.metric,
            planned=int(self.units.planned()[0]), n=len(x),
        )  # fmt: skip
        if self.settled.kind == "number" and len(x):
            counts, low, high = _histogram(x, whole=self.settled.whole)
            return replace(common, histogram=counts, low=low, high=high)
        words = ("no", "yes") if self.settled.kind == "boolean" else self.settled.words
        if not words:
            return common
        exact = x[x % 1 == 0].astype(np.int64)  # lines with several booleans may lie between
        counts = np.bincount(exact, minlength=len(words))
        ranked = sorted(zip(words, counts.tolist(), strict=True), key=lambda pair: -pair[1])
        return replace(common, distribution=tuple((word, int(n)) for word, n in ranked))

    def _aggregated(self, told: Aggregation) -> Measure | None:
        x, units = self.settled.x, self.units
        name = _name(told)
        info = self._info(name, self.name if name == "mean" else f"{self.name}, {name}", unit=False)
        if callable(told):
            try:
                return measures.told(replace(info, lower=None, upper=None), units, x, told)
            except Exception as problem:
                self.warnings.append(f"{info.name}: the aggregation raised {type(problem).__name__}: {problem}")
                return None
        if told == "variance":
            info = replace(info, greater_is_better=None, lower=0.0, upper=None, unit="score")
        makers: dict[str, Callable[[MetricInfo, Units, np.ndarray], Measure]] = {
            "mean": partial(measures.mean, share=_is_share(x, info)),
            "median": partial(measures.quantile, q=0.5),
            "p90": partial(measures.quantile, q=0.9),
            "variance": measures.variance,
            "min": partial(measures.extreme, of=np.min),
            "max": partial(measures.extreme, of=np.max),
        }
        return makers[told](info, units, x)

    def _shares(self) -> Iterator[Measure]:
        x = self.settled.x
        for place, word in enumerate(self.settled.words):
            name = f"share:{word}"[: LONGEST_NAME - len(self.name) - 1]
            info = replace(self._info(name, f"{self.name} = {word}", unit=True), greater_is_better=None)
            yield measures.mean(info, self.units, np.where(np.isnan(x), np.nan, x == place), share=True)

    def _over_repeats(self) -> Iterator[Measure]:
        rows, line = folded(self.units, self.row, _rows(self.units, self.repeats))
        if self.facts.pass_if is not None or self.settled.kind == "boolean":
            passed = self.settled.passed
            tries = np.bincount(line, weights=np.isfinite(passed), minlength=len(rows))
            good = np.bincount(line, weights=passed == 1, minlength=len(rows))
            yield from repeated.passing(self._of_tries, rows, good, tries, self.repeats)
        if self.settled.kind in ("boolean", "category"):
            info = self._info("consistency", f"{self.name}, repeats agree", unit=True)
            yield repeated.consistency(info, rows, line, self.settled.x, self.repeats)

    def _of_tries(self, name: str, title: str) -> MetricInfo:
        return self._info(name, f"{self.name}, {title}", unit=True)

    def _info(self, name: str, title: str, *, unit: bool) -> MetricInfo:
        """Describe a metric; ``unit`` for shares, whatever the scorer's own range is."""
        share = unit or self.settled.kind == "boolean"
        lower, upper = (0.0, 1.0) if share else (self.facts.lower, self.facts.upper)
        full = f"{self.name}/{name}"
        return MetricInfo(
            name=full, title=title, greater_is_better=True if unit else self.facts.greater_is_better,
            unit="share" if (lower, upper) == (0.0, 1.0) else "score", lower=lower, upper=upper,
            headline=full == self.metric, family=self.name,
        )  # fmt: skip


def _name(told: Aggregation) -> str:
    return told if isinstance(told, str) else getattr(told, "__name__", type(told).__name__)


def _is_share(x: np.ndarray, info: MetricInfo) -> bool:
    """Whether every value is 0 or 1 and could be nothing beyond them."""
    known = x[np.isfinite(x)]
    return (info.lower, info.upper) == (0.0, 1.0) and bool(np.isin(known, (0.0, 1.0)).all())


def _rows(units: Units, repeats: int) -> int:
    return round(float(units.planned()[0]) / repeats)


def _histogram(x: np.ndarray, *, whole: bool) -> tuple[tuple[int, ...], float, float]:
    low, high = float(x.min()), float(x.max())
    bins = MOST_BINS
    if whole and high - low < MOST_BINS:  # a bin for each whole number
        bins = int(high - low) + 1
        low, high = low - 0.5, high + 0.5
    elif low == high:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(x, bins=bins, range=(low, high))
    return tuple(int(c) for c in counts), low, high
