"""A judge held to frozen rows: its anchor set, what it said of it each time, and how far it has moved."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import AnchorReading, AnchorSet, Estimate
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """A reading, and how far it lies from the base.

    Args:
        is_base: whether its scale is the one that counts.
        difference: after minus before; None where there is none, and ``why_not`` says why.
        changed: the share of anchors that got another value.
        p_value: of no difference.
        drifted: whether the difference's interval leaves out 0.
    """

    reading: AnchorReading
    is_base: bool = False
    difference: Estimate | None = None
    changed: Estimate | None = None
    p_value: float | None = None
    drifted: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedRow:
    """An anchor that got another value; ``removed`` if its record cannot be read any more."""

    record_id: str
    inputs: str
    outputs: str
    before: str
    after: str
    rationale: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftView:
    """The reading that was chosen, held against the base.

    Args:
        sentence: what is so.
        own_noise: what the judge changes by itself; None if no version was read twice.
        link_refused: why later scores cannot be brought onto the base's scale; empty if they can.
        moved: the first of the ``changed_rows``.
    """

    reading_id: str
    sentence: str
    drifted: bool
    changed: Estimate
    own_noise: Estimate | None
    link_refused: str
    moved: tuple[MovedRow, ...]
    changed_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChoice:
    """A dataset that an anchor set can be made of."""

    dataset_id: str
    name: str
    version: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorForm:
    """What is typed to make or change a set: hours between readings, US dollars of one."""

    dataset: str = ""
    every: str = "24"
    max_cost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorsView:
    """The anchors of a judge.

    Args:
        anchors: None if it has none, and it can be made of one of ``datasets``, unless ``why_not`` says why not.
        readings: the newest, of ``n_readings``; ``scale`` is that of all their differences.
        due_ms: when it is read next by schedule; 0 if it is not.
    """

    anchors: AnchorSet | None
    dataset_name: str = ""
    readings: tuple[ReadingRow, ...] = ()
    n_readings: int = 0
    scale: Scale | None = None
    drift: DriftView | None = None
    due_ms: int = 0
    datasets: tuple[DatasetChoice, ...] = ()
    why_not: str = ""
    form: AnchorForm = AnchorForm()
    saved: str = ""
    ask: str = ""
