"""What the rest of the house may ask of a store: one small protocol a noun.

Every method raises ``NotFound`` for an unknown id, ``InvalidArgument`` or ``FilterError`` for arguments that cannot be
used and ``StoreUnavailable`` when the disk, the folder or the database refuses. A method that returns has committed,
except ``RunStore.log_batch(..., durable=False)``, which has survived the death of this process but perhaps not of the
machine; the next durable write of any kind makes it durable too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from steelyard.records.artifact import ArtifactInfo
from steelyard.records.dataset import (
    Dataset,
    DatasetChange,
    DatasetDiff,
    DatasetRecord,
    DatasetSchema,
    DatasetTable,
    DatasetUse,
    DatasetVersion,
    MergePreview,
    RecordDraft,
    RecordStep,
    Statement,
)
from steelyard.records.evaluation import ScoredMetric
from steelyard.records.ledger import LedgerEntry, LedgerPlan, LedgerState, Prediction, Verdict
from steelyard.records.model import LoggedModel
from steelyard.records.review_ports import LabelSchemaStore, ReviewStore, ScorerStore
from steelyard.records.run import DatasetInput, Experiment, Metric, Page, Run, RunStatus, ViewType
from steelyard.records.slices import SliceKey
from steelyard.records.trace_ports import AssessmentStore, TraceOverview, TraceStore, TraceUpkeep


class ExperimentStore(Protocol):
    """Experiments. The experiment named ``Default`` with id ``0`` always exists."""

    def create(self, name: str, *, tags: Mapping[str, str] | None = None) -> Experiment: ...
    def get(self, experiment_id: str) -> Experiment: ...
    def find(self, name: str) -> Experiment | None: ...
    def search(
        self,
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
        view: ViewType = "ACTIVE_ONLY",
    ) -> Page[Experiment]: ...
    def rename(self, experiment_id: str, name: str) -> None: ...
    def set_tag(self, experiment_id: str, key: str, value: str) -> None: ...
    def delete(self, experiment_id: str) -> None: ...
    def restore(self, experiment_id: str) -> None: ...


class RunStore(Protocol):
    """Runs and what is logged to them. Params are write-once: another value for a key raises ``AlreadyExists``."""

    def create(
        self,
        experiment_id: str,
        *,
        run_name: str = "",
        start_time: int | None = None,
        user_id: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> Run: ...
    def get(self, run_id: str) -> Run: ...
    def update(
        self, run_id: str, *, status: RunStatus | None = None, end_time: int | None = None, run_name: str | None = None
    ) -> None: ...
    def delete(self, run_id: str) -> None: ...
    def restore(self, run_id: str) -> None: ...
    def log_batch(
        self,
        run_id: str,
        *,
        metrics: Sequence[Metric] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        durable: bool = True,
    ) -> None: ...
    def delete_tag(self, run_id: str, key: str) -> None: ...
    def log_inputs(self, run_id: str, datasets: Sequence[DatasetInput]) -> None: ...
    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]: ...


class RunSearch(Protocol):
    """Finding runs in MLflow's filter language, plus OR, NOT and parentheses."""

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
        view: ViewType = "ACTIVE_ONLY",
    ) -> Page[Run]: ...
    def count(
        self, experiment_ids: Sequence[str], filter_string: str = "", *, view: ViewType = "ACTIVE_ONLY"
    ) -> int: ...
    def keys(self, experiment_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the names in use under ``metrics``, ``params`` and ``tags``, sorted."""
        ...


class EstimateStore(Protocol):
    """Estimates of runs, by metric and slice. Writing a metric and slice again replaces it."""

    def put(self, run_id: str, estimates: Sequence[ScoredMetric]) -> None: ...
    def list(
        self, run_ids: Sequence[str], *, metrics: Sequence[str] | None = None, slices: Sequence[SliceKey] | None = None
    ) -> Mapping[str, Sequence[ScoredMetric]]:
        """Return each run's estimates; all metrics and slices unless told."""
        ...


class ArtifactStore(Protocol):
    """Files of runs. Where they lie is the store's own affair: ids are ours, never a path from a caller."""

    def put(
        self, run_id: str, path: str, content: bytes | BinaryIO | Path, *, media_type: str | None = None
    ) -> ArtifactInfo:
        """Keep a file under this name, replacing one that was there. Blob first, then row."""
        ...

    def put_derived(self, run_id: str, path: str, *, derived_from: str, media_type: str) -> ArtifactInfo:
        """Announce a file that is rendered from another artifact of this run when it is first read."""
        ...

    def list(self, run_id: str, path: str = "") -> Sequence[ArtifactInfo]:
        """Return the files and folders directly under ``path``, sorted by name."""
        ...

    def walk(self, run_id: str, path: str = "") -> Iterable[ArtifactInfo]:
        """Yield every file under ``path``."""
        ...

    def stat(self, run_id: str, path: str) -> ArtifactInfo: ...
    def read(self, run_id: str, path: str) -> bytes: ...
    def local_path(self, run_id: str, path: str) -> Path:
        """Return a path on this machine whose content is the artifact's, for reading only (rendered if need be)."""
        ...

    def delete(self, run_id: str, path: str) -> None: ...


class ModelStore(Protocol):
    """Models that were logged."""

    def create(self, model: LoggedModel) -> LoggedModel: ...
    def get(self, model_id: str) -> LoggedModel: ...
    def list(self, *, run_id: str | None = None, experiment_ids: Sequence[str] = ()) -> Sequence[LoggedModel]: ...


class DatasetStore(Protocol):
    """Evaluation datasets. A version never changes: every change makes the next, and one without effect makes none."""

    def create(
        self,
        name: str,
        *,
        experiment_ids: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        by: str = "",
    ) -> Dataset:
        """Create an empty dataset.

        Raises:
            AlreadyExists: there is one of this name.
        """
        ...

    def get(self, dataset_id: str) -> Dataset: ...
    def find(self, name: str) -> Dataset | None: ...
    def search(
        self,
        experiment_ids: Sequence[str] = (),
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Dataset]:
        """Find datasets, those of some experiments if any are named, the newest first unless told."""
        ...

    def set_tags(self, dataset_id: str, tags: Mapping[str, str], *, by: str = "") -> None: ...
    def delete_tag(self, dataset_id: str, key: str, *, by: str = "") -> None: ...
    def add_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> Dataset: ...
    def remove_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> Dataset: ...
    def delete(self, dataset_id: str) -> None:
        """Delete a dataset with all its versions."""
        ...

    def merge(
        self, dataset_id: str, records: Sequence[RecordDraft], *, by: str = "", message: str = ""
    ) -> DatasetChange:
        """Merge records by their inputs, all of them or none: new ones are put behind those that are there."""
        ...

    def remove(self, dataset_id: str, record_ids: Sequence[str], *, by: str = "", message: str = "") -> DatasetChange:
        """Remove records; ids that are not there are ``unchanged``. Older versions keep them."""
        ...

    def revise(
        self, dataset_id: str, record_id: str, draft: RecordDraft, *, digest: str = "", by: str = "", message: str = ""
    ) -> DatasetChange:
        """Put a record in place of what it was, where it stood: what the draft does not hold is gone.

        Args:
            dataset_id: the dataset.
            record_id: the record of the newest version.
            draft: what it becomes; with other inputs it has another id from then on. Its source stays unless given.
            digest: what the record's must still be; anything unless given.
            by, message: who, and why.

        Raises:
            Conflict: the record has another digest by now.
            AlreadyExists: another record has these inputs.
        """
        ...

    def restore(self, dataset_id: str, version: int, *, by: str = "", message: str = "") -> DatasetChange:
        """Make a new version that holds what an older one held, in its order."""
        ...

    def versions(self, dataset_id: str) -> tuple[DatasetVersion, ...]:
        """Return the versions, the newest first."""
        ...

    def records(
        self,
        dataset_id: str,
        *,
        version: int | None = None,
        text: str = "",
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[DatasetRecord]:
        """Return records of a version (the newest unless told), in order; only those that hold a text, if one is given.

        A page token stays with the version that it was made for.
        """
        ...

    def record(self, dataset_id: str, record_id: str, *, version: int | None = None) -> DatasetRecord: ...
    def count(self, dataset_id: str, *, version: int | None = None, text: str = "") -> int: ...
    def diff(self, dataset_id: str, before: int, after: int, *, max_results: int = 1000) -> DatasetDiff: ...
    def preview(self, dataset_id: str, records: Sequence[RecordDraft]) -> MergePreview:
        """Return what ``merge`` would do with records, changing nothing."""
        ...

    def set_schema(self, dataset_id: str, schema: DatasetSchema, *, by: str = "") -> DatasetSchema:
        """Say what records must look like from now on; setting the same again changes nothing.

        Raises:
            InvalidArgument: it is no JSON schema, or records of the newest version do not conform: nothing is set.
        """
        ...

    def schema(self, dataset_id: str) -> DatasetSchema | None:
        """Return the schema that holds, or None if none was ever set."""
        ...

    def history(self, dataset_id: str, record_id: str) -> tuple[RecordStep, ...]:
        """Return each version in which a record came, changed or went, the first one first."""
        ...

    def statements(self, dataset_id: str, record_id: str) -> tuple[Statement, ...]:
        """Return who said which expectation of a record, in the order in which they came."""
        ...

    def runs(self, dataset_id: str, *, max_results: int = 1000) -> tuple[DatasetUse, ...]:
        """Return the runs that used a dataset, the newest first; deleted ones are left out."""
        ...

    def put_part(self, dataset_id: str, content: bytes) -> str:
        """Keep a part of a file and return its SHA-256; it stays if a table that names it is put within a day."""
        ...

    def part(self, dataset_id: str, sha256: str) -> bytes:
        """Return a part of a file."""
        ...

    def put_table(self, dataset_id: str, table: DatasetTable, *, by: str = "", message: str = "") -> DatasetChange:
        """Make a new version that is a table, whose parts are there already; an equal digest makes none.

        Raises:
            InvalidArgument: the dataset holds records, or a part is missing.
        """
        ...

    def table(self, dataset_id: str, *, version: int | None = None) -> DatasetTable | None:
        """Return the table that a version is (the newest unless told), or None if it holds records."""
        ...


class LedgerStore(Protocol):
    """Ledgers of evaluations; see ``records/ledger.py``."""

    def open(self, run_id: str, plan: LedgerPlan, *, owner_was: str | None = None) -> LedgerState:
        """Open a run's ledger, or go on with it.

        Args:
            run_id: the run.
            plan: what will be done.
            owner_was: whose the ledger must still be; anybody's unless given.

        Raises:
            AlreadyExists: it is no longer ``owner_was``'s.
            InvalidArgument: it was opened with another plan (the owner and the function's digest may differ).
        """
        ...

    def unfinished(self, experiment_id: str, plan: LedgerPlan) -> tuple[LedgerState, ...]:
        """Return the unfinished ledgers of an experiment with this plan and function digest, newest first."""
        ...

    def commit(self, run_id: str, entries: Sequence[LedgerEntry]) -> None:
        """Write lines, their traces and their feedback (as assessments of the trace) in one durable transaction.

        A line that is already there is left as it is, except that one of outcome ``over_budget`` gives way, and so do
        errors that ``reopen`` has released.
        """
        ...

    def reopen(self, run_id: str, outcomes: Sequence[str]) -> int:
        """Release lines that ended so (``over_budget``, ``scorer_error`` …) to be done again; return how many."""
        ...

    def state(self, run_id: str) -> LedgerState | None: ...
    def predictions(self, run_id: str) -> Iterable[Prediction]:
        """Yield predictions by row and repeat, never holding them all."""
        ...

    def verdicts(self, run_id: str) -> Iterable[Verdict]:
        """Yield verdicts by row, repeat and scorer, never holding them all."""
        ...

    def finish(self, run_id: str) -> None:
        """Close a ledger in which nothing is pending.

        Raises:
            InvalidArgument: something is pending.
        """
        ...


class AnswerCache(Protocol):
    """Answers of judges by what they were asked."""

    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, answer: bytes) -> None: ...


class Store(Protocol):
    """All that is kept, in one place: a bundle of ports."""

    @property
    def url(self) -> str: ...
    @property
    def experiments(self) -> ExperimentStore: ...
    @property
    def runs(self) -> RunStore: ...
    @property
    def search(self) -> RunSearch: ...
    @property
    def estimates(self) -> EstimateStore: ...
    @property
    def artifacts(self) -> ArtifactStore: ...
    @property
    def models(self) -> ModelStore: ...
    @property
    def traces(self) -> TraceStore: ...
    @property
    def overview(self) -> TraceOverview: ...
    @property
    def upkeep(self) -> TraceUpkeep: ...
    @property
    def assessments(self) -> AssessmentStore: ...
    @property
    def datasets(self) -> DatasetStore: ...
    @property
    def label_schemas(self) -> LabelSchemaStore: ...
    @property
    def reviews(self) -> ReviewStore: ...
    @property
    def scorers(self) -> ScorerStore: ...
    @property
    def ledgers(self) -> LedgerStore: ...
    @property
    def answers(self) -> AnswerCache: ...
    def close(self) -> None: ...
