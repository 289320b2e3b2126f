"""What changed between two stretches of time: measures, slices, drift.

The data faces are ``/experiments/{id}/changes.json`` (measures), ``…/changes/slices.json``, ``…/changes/drift.json``.
They take ``range`` (``24h``, ``7d``, ``hour`` or ``week``), or ``start`` and ``end`` with ``before_start`` and
``before_end`` (milliseconds since 1970, or ISO 8601), ``filter`` and ``where`` as ``/traces.json`` does, and ``lower``,
the name of a score of which less is better, as often as wanted. Slices take ``by`` (``name``, ``model``, ``tag.<key>``;
all that are found unless told) and ``measure``; drift takes ``dataset`` (what traffic is held against instead of the
window before) and ``method``.
"""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.metrics.drift import Drift
from steelyard.monitor.windows_compared_records import WindowChange
from steelyard.records import Estimate
from steelyard.web.contexts.runs import Chip, Problem
from steelyard.web.links import Query
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Which traffic is compared with which.

    Args:
        range: a preset; empty for windows of somebody's own.
        before, after: [start, end), milliseconds since 1970.
        filter, where, condition: what was typed, what was clicked, and both in the filter language.
        lower: scores of which less is better.
    """

    experiment_id: str
    experiment_name: str
    range: str
    before: tuple[int, int]
    after: tuple[int, int]
    filter: str = ""
    where: tuple[str, ...] = ()
    condition: str = ""
    lower: tuple[str, ...] = ()

    def traces(self, window: tuple[int, int], where: str = "") -> str:
        """Return the address of the traces of a window, or of a slice of them."""
        query = Query([("experiment", self.experiment_id), ("filter", self.filter)])
        for one in (*self.where, where):
            query = query.plus("where", one)
        return "/traces" + query.plus("start", str(window[0])).plus("end", str(window[1])).text


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One measure of the whole in both windows.

    Args:
        title: for people.
        before, after: with intervals; None where a window has none.
        state: ``better``, ``worse``, ``same`` or ``unsure``.
        score: the feedback's name; empty for a measure of traffic.
        lower: whether less of it is better.
    """

    change: WindowChange
    title: str
    before: Estimate | None
    after: Estimate | None
    state: str
    score: str = ""
    lower: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """What changed as a whole.

    Args:
        says: what the first line tells.
        told: measures that got worse or better for sure, the worse first.
        shares, others: measures that are shares, on one scale, and those with a unit of their own.
        n_before, n_after: traces.
        anything: whether the experiment has traces.
        preset: how the windows are called in words.
    """

    view: Compared
    says: str
    told: tuple[MeasureRow, ...] = ()
    shares: tuple[MeasureRow, ...] = ()
    others: tuple[MeasureRow, ...] = ()
    n_before: int = 0
    n_after: int = 0
    anything: bool = True
    preset: str = ""
    chips: tuple[Chip, ...] = ()
    problem: Problem | None = None

    @property
    def where(self) -> tuple[str, ...]:
        return self.view.where


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceChange:
    """How a measure changed in a slice; ``by`` is its dimension."""

    change: WindowChange
    by: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureChoice:
    """A measure that slices can be shown of; ``worse`` counts slices of it that got worse for sure."""

    key: str
    title: str
    worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionParts:
    """A measure's change, parted by a dimension: by change within its slices, and by a shift of their shares."""

    by: str
    within: float
    mix: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicesPage:
    """Where a measure changed.

    Args:
        by: the dimension that was chosen; empty for all that were found.
        dimensions: what there is to slice by.
        measure: whose change is told.
        whole: its change as a whole.
        rows: of its slices, those that explain most of what got worse first.
        n_slices: how many of them there are.
        parts: what each dimension says of the change.
        looked_at: differences that were tested, of all measures.
        worse: slices of any measure that got worse for sure, the most harmful first.
    """

    view: Compared
    by: str
    dimensions: tuple[str, ...] = ()
    measure: MeasureChoice | None = None
    choices: tuple[MeasureChoice, ...] = ()
    whole: WindowChange | None = None
    rows: tuple[SliceChange, ...] = ()
    n_slices: int = 0
    parts: tuple[DimensionParts, ...] = ()
    looked_at: int = 0
    worse: tuple[WindowChange, ...] = ()
    says: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPage:
    """What moved in inputs, outputs and scores.

    Args:
        reference: what the traffic was held against, in words.
        dataset: the name of the dataset that was chosen; empty for the window before.
        method: as asked for; empty leaves the choice.
        scale: of all distances of one method; None without any.
        datasets: what could be chosen.
    """

    view: Compared
    reference: str = ""
    dataset: str = ""
    method: str = ""
    says: str = ""
    drifts: tuple[Drift, ...] = ()
    scale: Scale | None = None
    n_reference: int = 0
    n: int = 0
    datasets: tuple[str, ...] = ()
    problem: Problem | None = None
