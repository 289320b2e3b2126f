"""Classic models whose predictions are logged: all of an experiment, and one of them.

The data face of a model, ``/experiments/{id}/models/{name}.json``, takes ``view`` (``numbers``, ``rows`` or ``drift``),
``range`` (``7d``, ``30d``, ``90d``, ``all``; ``24h`` where numbers are kept by hour) or ``start`` and ``end``,
``metric``, ``by`` (a dimension of its slices) and ``as_of`` (ISO 8601 or milliseconds: the numbers as they were known
then). Rows take ``only`` (``wrong``, ``unlabelled``, ``labelled``), ``slice`` (such as ``country=DE``) and
``page_token``; drift takes ``reference`` (``before`` or ``first``).
"""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.metrics.drift import Drift
from steelyard.records import (
    Alarm,
    Estimate,
    LabelCoverage,
    MetricInfo,
    PredictedRow,
    PredictionNumbers,
    ProductionModel,
)
from steelyard.records.slices import slice_name
from steelyard.web.contexts.runs import PageLink, Problem
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model of the list.

    Args:
        href: its page.
        trend: a picture of its predictions by day: a path in a box as wide as there are days, 100 high.
        lately: its numbers of the last 7 days; None without any.
        info, estimate: its headline metric of these days; None before labels have come.
        alarms: open ones about it.
    """

    model: ProductionModel
    href: str
    trend: str
    days: int
    lately: PredictionNumbers | None
    info: MetricInfo | None
    estimate: Estimate | None
    alarms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsPage:
    """The models of an experiment that log predictions; ``says`` is the first line."""

    experiment_id: str
    experiment_name: str
    says: str
    models: tuple[ModelRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReading:
    """One metric of the whole period; ``then`` is what it was as of the moment that is asked for."""

    info: MetricInfo
    estimate: Estimate
    then: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSlice:
    """The chosen metric in one slice."""

    numbers: PredictionNumbers
    estimate: Estimate | None

    @property
    def name(self) -> str:
        return slice_name(self.numbers.slice)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNumbers:
    """A model's numbers over a period.

    Args:
        whole: of the whole period, as it is told: now, or as of ``as_of_ms``.
        now: of the whole period as it is known now, where ``whole`` is of another moment.
        readings: the headline metrics.
        choices: metrics that can be shown over time; ``metric`` is the one that is.
        windows: every window, the empty ones too.
        by: the dimension whose slices are told.
        scale: of the slices.
        coverage: how many predictions have their label, by age.
        history: every reading of the window that was chosen, the newest first.
    """

    whole: PredictionNumbers | None
    now: PredictionNumbers | None
    readings: tuple[ModelReading, ...]
    metric: MetricInfo | None
    choices: tuple[MetricInfo, ...]
    windows: tuple[PredictionNumbers, ...]
    by: str = ""
    slices: tuple[ModelSlice, ...] = ()
    scale: Scale | None = None
    coverage: tuple[LabelCoverage, ...] = ()
    history: tuple[PredictionNumbers, ...] = ()
    history_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRows:
    """Rows of a period: ``only`` is ``wrong``, ``unlabelled``, ``labelled`` or empty for all."""

    only: str
    slice: str
    slices: tuple[str, ...]
    rows: tuple[PredictedRow, ...]
    older: PageLink | None = None
    newer: PageLink | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDrift:
    """How far features, predictions and scores have moved from a reference: the period ``before``, or the ``first``."""

    reference: str
    reference_ms: tuple[int, int]
    says: str
    drifts: tuple[Drift, ...]
    scale: Scale | None
    n_reference: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """One model.

    Args:
        view: ``numbers``, ``rows`` or ``drift``; the part of that name is filled.
        range: empty for a period of somebody's own.
        start_ms, end_ms, step_ms: the period and its windows.
        as_of, as_of_ms: the moment as typed, and as read; empty and None for now.
        ranges: what can be chosen.
        alarms: open ones about it.
    """

    experiment_id: str
    experiment_name: str
    model: ProductionModel
    href: str
    view: str
    range: str
    ranges: tuple[str, ...]
    start_ms: int
    end_ms: int
    step_ms: int
    as_of: str = ""
    as_of_ms: int | None = None
    numbers: ModelNumbers | None = None
    rows: ModelRows | None = None
    drift: ModelDrift | None = None
    alarms: tuple[Alarm, ...] = ()
    problem: Problem | None = None
