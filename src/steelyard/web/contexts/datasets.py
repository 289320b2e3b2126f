"""Evaluation datasets: the list, one of them at a version, and the question of where picked traces go."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.dataset import Dataset, DatasetRecord, DatasetVersion
from steelyard.web.contexts.runs import PageLink, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetsPage:
    """The datasets, those of an experiment if one is named; ``find`` is what their names hold."""

    experiment_id: str
    experiment_name: str
    find: str
    datasets: tuple[Dataset, ...]
    next_page_token: str | None
    older: PageLink | None = None
    newer: PageLink | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record, with its inputs and what is expected as one line each and as JSON, cut at 20,000 characters."""

    record: DatasetRecord
    inputs_line: str
    inputs_json: str
    expected_line: str
    expected_json: str
    outputs_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What putting traces into the dataset did; ``without`` counts traces that had no inputs or were gone."""

    inserted: int
    updated: int
    unchanged: int
    without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPage:
    """A dataset at a version.

    Args:
        dataset: what it is, and its newest version.
        shown: the version whose records are shown.
        versions: all of them, the newest first; at most 50 unless all are asked for.
        n_versions: how many there are.
        find: what the records that are shown hold.
        n: how many records are found.
        records: a page of them.
        merged: what was done a moment ago, if the page follows that.
    """

    dataset: Dataset
    experiments: tuple[tuple[str, str], ...]
    shown: DatasetVersion
    versions: tuple[DatasetVersion, ...]
    n_versions: int
    find: str
    n: int
    records: tuple[RecordRow, ...]
    next_page_token: str | None
    merged: Merged | None = None
    older: PageLink | None = None
    newer: PageLink | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChoice:
    """Which dataset the traces that were picked go into.

    Args:
        more: whether more were picked than one action takes.
        datasets: those there are, the one that was changed last first; at most 200.
        chosen, name: what was chosen or typed before.
    """

    experiment_id: str
    experiment_name: str
    trace_ids: tuple[str, ...]
    more: bool
    view: str
    datasets: tuple[Dataset, ...]
    chosen: str = ""
    name: str = ""
    problem: Problem | None = None
