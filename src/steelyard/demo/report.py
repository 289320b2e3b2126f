"""What the demo found, in records and in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.demo.study import Outcome

if TYPE_CHECKING:
    from steelyard.compare import Comparison, Difference
    from steelyard.records import Estimate

MINUS = "\u2212"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What a run of the demo left behind.

    Args:
        store_url: where the runs are.
        run_ids: by run name.
        comparison: the main study's candidate against its baseline.
        comparisons: of every study, by the experiment's name.
        sentences: what there is to print, a line each.
        page: the path of the page that shows the main comparison, to be put behind a server's address.
        offline: why scikit-learn's own data was used instead; empty if it was not.
    """

    store_url: str
    run_ids: Mapping[str, str]
    comparison: Comparison
    comparisons: Mapping[str, Comparison]
    sentences: tuple[str, ...]
    page: str
    offline: str = ""

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def tell(outcome: Outcome) -> list[str]:
    """Return a study's table and verdicts, a line each."""
    study, comparison = outcome.study, outcome.comparison
    shown = [comparison.differences[name] for name in study.shown]
    lines = [study.title, *_table(outcome, shown), ""]
    lines += [f"  {difference.sentence}" for difference in shown if difference.verdict is not None]
    lines += _slices(outcome)
    lines += [f"  Mind: {warning}" for warning in comparison.warnings]
    lines += [f"  Failed: {n}: {error}" for result in outcome.results for n, error in result.failures.items()]
    return [*lines, ""]


def _table(outcome: Outcome, shown: Sequence[Difference]) -> list[str]:
    """Return metrics and gaps by contender, each with its interval, in aligned columns."""
    study = outcome.study
    rows = [["", *(contender.name for contender in study.contenders)]]
    rows += [[d.title, *(_reading(result.estimates[d.metric]) for result in outcome.results)] for d in shown]
    for dimension, measure in study.gaps:
        found = [
            next(g for g in result.summary.gaps if (g.dimension, g.measure) == (dimension, measure))
            for result in outcome.results
        ]
        name = measure.removesuffix("_difference").replace("_", " ").capitalize()
        rows.append([f"{name} gap by {dimension}", *(_reading(gap.estimate) for gap in found)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _slices(outcome: Outcome) -> list[str]:
    """Return the slices in which accuracy became better or worse, the worst first; nothing for a regression."""
    found = [cells["accuracy_score"] for cells in outcome.comparison.slices.values() if "accuracy_score" in cells]
    if not found:
        return []
    worse = sorted((d for d in found if d.verdict == "worse"), key=lambda d: d.difference or 0.0)
    better = sorted((d for d in found if d.verdict == "better"), key=lambda d: -(d.difference or 0.0))
    lines = [f"  Accuracy in {len(found)} slices: {len(better)} better, {len(worse)} worse."]
    for difference in worse:
        lines += [f"    ▼ {_sentence(difference)}", *_check(outcome, difference.slice_name)]
    lines += [f"    ▲ {_sentence(d)}" for d in better[:3]]
    if len(better) > 3:
        lines.append(f"    ▲ and {len(better) - 3} more.")
    return lines


def _check(outcome: Outcome, name: str) -> list[str]:
    """Return how the check differs from the candidate in a slice: whether what was left out is the cause."""
    from steelyard.compare.words import change

    found = outcome.check.slices.get(name, {}).get("accuracy_score") if outcome.check else None
    if found is None:
        return []
    return [f"      Against that, {outcome.study.cause}: {found.verdict}, {change(found)}."]


def _sentence(difference: Difference) -> str:
    """Return a slice's verdict in words, the slice with its dimension."""
    from steelyard.compare.words import slice_label

    label = slice_label(difference.slice)
    return difference.sentence.replace(label, difference.slice_name, 1)


def _reading(estimate: Estimate) -> str:
    """Return a value with its interval.

    Examples:
        >>> from steelyard.records import Estimate
        >>> _reading(Estimate(0.91342, 500, low=0.88511, high=0.93689))
        '0.913 [0.885, 0.937]'
    """
    if estimate.value is None:
        return "undefined"
    if estimate.low is None or estimate.high is None:
        return _number(estimate.value)
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    return (f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}").replace("-", MINUS)
