"""The end of an aggregation: lines in order, then every metric on every slice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steelyard.evaluation.genai.aggregation import measures, spending
from steelyard.evaluation.genai.aggregation.feedback import Feedback
from steelyard.evaluation.genai.aggregation.found import Aggregated, ScorerFacts
from steelyard.evaluation.genai.aggregation.lines import Lines
from steelyard.evaluation.genai.aggregation.measures import Measure
from steelyard.evaluation.genai.aggregation.settling import settle
from steelyard.evaluation.genai.aggregation.slicing import CodedDimension
from steelyard.evaluation.genai.aggregation.tallies import ScorerLines
from steelyard.evaluation.genai.aggregation.units import Units
from steelyard.evaluation.genai.aggregation.values import Values
from steelyard.metrics.plan import Plan
from steelyard.metrics.weights import buckets_of
from steelyard.records import ALL_ROWS, MetricInfo, Replicates, SliceInfo, slice_name

FEW_CLUSTERS = 30


def finished(lines: Lines) -> Aggregated:
    """Return what an aggregator's lines come to."""
    order = np.lexsort((np.asarray(lines.repeat), np.asarray(lines.rows)))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    dimensions = lines.slices.coded(order)
    units = _units(lines, order, dimensions)
    row = np.asarray(lines.rows, dtype=np.int64)[order]
    names = _names(lines.verdicts)
    told = list(_feedback(lines, names, units, row, place))
    found = [measure for one in told for measure in one.measures()]
    found += [_scored(one, units, place) for one in lines.verdicts]
    found += spending.measured(lines, units, order, taken={one.name for one in told})
    slices = _slices(lines, dimensions, row, np.asarray(lines.predicted, dtype=bool)[order])
    estimates = tuple(e for measure in found for e in measure.estimates(slices, lines.confidence))
    return Aggregated(
        metrics=tuple(measure.info for measure in found),
        estimates=estimates,
        replicates=_replicates(found, slices, lines.seed),
        slices=slices[1:],
        slice_columns={f"slice:{dimension.name}": dimension.column() for dimension in dimensions},
        feedback=tuple(one.named() for one in told),
        scorers=tuple(one.summary() for one in lines.verdicts),
        values={
            e.metric: e.estimate.value for e in estimates if e.slice == ALL_ROWS and e.estimate.value is not None
        },
        names=names,
        passing=tuple(one.passing for one in told),
        predictions=dict(sorted(lines.predictions.items())),
        latencies=spending.latencies(lines),
        clusters=None if units.independent else "session" if lines.has_sessions else "row_id",
        warnings=tuple(_warnings(lines, units, told, names)),
    )  # fmt: skip


def _units(lines: Lines, order: np.ndarray, dimensions: list[CodedDimension]) -> Units:
    keys = np.asarray(lines.sessions if lines.clustered else lines.ids, dtype=np.uint64)[order]
    _, clusters = np.unique(keys, return_inverse=True)
    plan = Plan(confidence=lines.confidence, replicates=lines.replicates, seed=lines.seed)
    beyond = max(lines.n_rows * lines.repeats - len(order), 0)
    return Units(
        buckets=buckets_of(keys), clusters=clusters.astype(np.int64), codes=tuple(d.codes for d in dimensions),
        sizes=tuple(len(d.keys) for d in dimensions), beyond=beyond, plan=plan,
    )  # fmt: skip


def _names(scorers: tuple[ScorerLines, ...]) -> dict[tuple[int, str], str]:
    """Return a name for each scorer's feedback: its own, or with the scorer's before it where that is taken.

    A scorer that said nothing at all has one by its own name, so that it is seen to have failed.
    """
    own = {one.facts.name: place for place, one in enumerate(scorers)}
    names: dict[tuple[int, str], str] = {}
    taken: set[str] = set()
    for place, one in enumerate(scorers):
        for name in sorted(one.values, key=lambda n: (n != one.facts.name, n)) or [one.facts.name]:
            free = name not in taken and own.get(name, place) == place
            full = name if free else f"{one.facts.name}/{name}"
            names[place, name] = full
            taken.add(full)
    return names


def _feedback(
    lines: Lines, names: dict[tuple[int, str], str], units: Units, row: np.ndarray, place: np.ndarray
) -> Iterator[Feedback]:  # fmt: skip
    for (scorer, own), name in names.items():
        one = lines.verdicts[scorer]
        values = one.values.get(own) or Values(one.facts.passes)
        settled = settle(name, values, one.facts, place)
        some, keep = _looked_at(one, units, place)
        if keep is not None:
            settled = settled.only(keep)
        yield Feedback(
            name=name, facts=one.facts, settled=settled, units=some, row=row if keep is None else row[keep],
            repeats=lines.repeats, warnings=list(settled.warnings),
        )  # fmt: skip


def _looked_at(one: ScorerLines, units: Units, place: np.ndarray) -> tuple[Units, np.ndarray | None]:
    """Return the lines that a scorer was to look at: every line, or for sessions those that hold its verdicts."""
    facts: ScorerFacts = one.facts
    if not facts.session_level:
        return units, None
    keep = np.zeros(len(units), dtype=bool)
    keep[place[np.asarray(one.lines, dtype=np.int64)]] = True
    return units.only(keep, facts.planned), keep


def _scored(one: ScorerLines, units: Units, place: np.ndarray) -> Measure:
    """The share of planned verdicts that a scorer gave: what is missing is in it, as not given."""
    x = np.zeros(len(units))
    x[place[np.asarray(one.lines, dtype=np.int64)]] = np.asarray(one.scored, dtype=np.float64)
    some, keep = _looked_at(one, units, place)
    name = one.facts.name
    info = MetricInfo(name=f"{name}/scored", title=f"{name}, scored", family="outcomes")
    return measures.mean_of_all(info, some, x if keep is None else x[keep])


def _slices(
    lines: Lines, dimensions: list[CodedDimension], row: np.ndarray, predicted: np.ndarray
) -> tuple[SliceInfo, ...]:  # fmt: skip
    """Describe all rows and each slice, by rows: those with a prediction, and those without any."""
    _, first, inverse = np.unique(row, return_index=True, return_inverse=True)
    good = np.bincount(inverse, weights=predicted, minlength=len(first)) > 0
    n = int(good.sum())
    found = [SliceInfo(ALL_ROWS, n, missing=max(lines.n_rows - n, 0))]
    for dimension in dimensions:
        code, size = dimension.codes[first], len(dimension.keys)
        rows, some = np.bincount(code, minlength=size), np.bincount(code, weights=good, minlength=size)
        found += [
            SliceInfo(key, int(some[i]), missing=int(rows[i] - some[i]), small=bool(some[i] < lines.min_slice_rows))
            for i, key in enumerate(dimension.keys)
        ]
    return tuple(found)


def _replicates(found: list[Measure], slices: tuple[SliceInfo, ...], seed: int) -> Replicates:
    values: dict[tuple[str, str], np.ndarray] = {}
    for measure in found:
        if measure.replicates is not None:
            for i, about in enumerate(slices):
                values[measure.info.name, slice_name(about.key)] = measure.replicates[i]
    return Replicates(seed, values)


def _warnings(
    lines: Lines, units: Units, told: list[Feedback], names: dict[tuple[int, str], str]
) -> Iterator[str]:  # fmt: skip
    for one in told:
        yield from one.warnings
    for (scorer, own), name in names.items():
        if own != name:
            given = lines.scorers[scorer].name
            yield f"Scorer {given!r} gives feedback named {own!r}, as another does: its own is called {name!r}."
    if units.beyond:
        yield (
            f"{units.beyond:,} of {lines.n_rows * lines.repeats:,} rows were never reached: they count as missing "
            "among all rows, and in no slice."
        )
    clusters = int(units.clusters.max(initial=-1)) + 1
    if lines.has_sessions and not units.independent and clusters < FEW_CLUSTERS:
        yield (
            f"There are only {clusters} sessions: intervals rest on few independent units and are wide for that reason."
        )
