"""Evaluation datasets: the list, one of them at a version, and the question of where picked traces go."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.dataset import (
    Dataset,
    DatasetRecord,
    DatasetSchema,
    DatasetTable,
    DatasetUse,
    DatasetVersion,
)
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
    """What putting records into the dataset did.

    Args:
        without: traces that had no inputs or were gone.
        near: new records that nearly equal another.
    """

    inserted: int
    updated: int
    unchanged: int
    without: int
    near: int = 0


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
        table: what the version is, of a dataset of tables.
        rules: what records must look like, if that was ever said.
        runs: those that used it, the newest first; ``more_runs`` if there are others.
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
    table: DatasetTable | None = None
    rules: DatasetSchema | None = None
    runs: tuple[DatasetUse, ...] = ()
    more_runs: bool = False
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPair:
    """Two records with almost the same words: the later one, and the one that it is most like."""

    similarity: float
    record_id: str
    line: str
    near_id: str
    near_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPage:
    """The records of a dataset that nearly equal an earlier one; ``compared`` is False if there are too many."""

    dataset: Dataset
    threshold: float
    compared: bool
    n: int
    pairs: tuple[NearPair, ...]
