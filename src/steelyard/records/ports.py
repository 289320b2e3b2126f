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

from steelyard.records.anchor_ports import AnchorStore
from steelyard.records.artifact import ArtifactInfo
from steelyard.records.dataset_ports import DatasetStore
from steelyard.records.evaluation import ScoredMetric
from steelyard.records.ledger import LedgerEntry, LedgerPlan, LedgerState, Prediction, Verdict
from steelyard.records.model import LoggedModel
from steelyard.records.monitor_ports import AlarmStore, MonitorStore, ScoreStore
from steelyard.records.prediction_ports import PredictionStore
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
    def monitors(self) -> MonitorStore: ...
    @property
    def scores(self) -> ScoreStore: ...
    @property
    def alarms(self) -> AlarmStore: ...
    @property
    def predictions(self) -> PredictionStore: ...
    @property
    def anchors(self) -> AnchorStore: ...
    @property
    def ledgers(self) -> LedgerStore: ...
    @property
    def answers(self) -> AnswerCache: ...
    def close(self) -> None: ...
